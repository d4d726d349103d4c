//! A key's place on the ring: the key, or its tag, is hashed, and the edge turns the hash into the place.

use crate::edge::Edge;
use crate::hash::{Hash, LANES};

/// How a continuum places its keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) hash: &'static Hash,
    pub(crate) tag: Option<[u8; 2]>,
    pub(crate) edge: Edge,
}

impl Place {
    /// The place of a key.
    #[inline]
    pub(crate) fn of(&self, key: &[u8]) -> u32 {
        self.edge.place(self.hash(key))
    }

    /// The hash of a key, in the client's own terms.
    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> u32 {
        self.hash.of(self.tag.map_or(key, |tag| tagged(key, tag)))
    }

    /// The places of up to [`LANES`] keys.
    #[inline]
    pub(crate) fn many(&self, keys: &[&[u8]]) -> [u32; LANES] {
        let hashes = match self.tag {
            None => self.hash.many(keys),
            Some(tag) => {
                let mut parts = [&[][..]; LANES];
                for (part, key) in parts.iter_mut().zip(keys) {
                    *part = tagged(key, tag);
                }
                self.hash.many(&parts[..keys.len()])
            }
        };
        // Checked once, not for each key.
        if self.edge == Edge::Same { hashes } else { hashes.map(|hash| self.edge.place(hash)) }
    }
}

/// The hash tag of a key: the bytes between its first `open` and the next `close`. The whole key if
/// there are none. Source: `hash_tag` in twemproxy's `msg_backend_idx`.
fn tagged(key: &[u8], [open, close]: [u8; 2]) -> &[u8] {
    let part = || {
        let (_, rest) = key.split_at_checked(key.iter().position(|&byte| byte == open)? + 1)?;
        let part = &rest[..rest.iter().position(|&byte| byte == close)?];
        (!part.is_empty()).then_some(part)
    };
    part().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_agrees_with_of() {
        let hash = Hash::named("crc32").expect("a hash");
        for (tag, edge) in
            [(None, Edge::Same), (Some(*b"{}"), Edge::Same), (Some(*b"{}"), Edge::Modulo(7))]
        {
            let place = Place { hash, tag, edge };
            let keys: [&[u8]; 3] = [b"user:{1}:a", b"user:{1}:b", b"{}"];
            let places = place.many(&keys);
            for (key, found) in keys.iter().zip(places) {
                assert_eq!(found, place.of(key));
            }
            assert_eq!(places[0] == places[1], tag.is_some());
        }
    }

    #[test]
    fn tags() {
        for (key, tag, part) in [
            ("user:{123}:name", b"{}", "123"),
            ("{123}", b"{}", "123"),
            ("a{b}{c}", b"{}", "b"),
            ("a}b{c}", b"{}", "c"),
            ("a{b{c}d", b"{}", "b{c"),
            ("a$b$c$d", b"$$", "b"),
            ("a{}b{c}", b"{}", "a{}b{c}"),
            ("a$$b$", b"$$", "a$$b$"),
            ("a{b", b"{}", "a{b"),
            ("a}b", b"{}", "a}b"),
            ("a{", b"{}", "a{"),
            ("", b"{}", ""),
        ] {
            assert_eq!(tagged(key.as_bytes(), *tag), part.as_bytes(), "{key}");
        }
    }
}
