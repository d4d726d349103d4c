//! Chains of points: each point is hashed from the one before.

use crate::hash::crc::{crc32, crc32_of_more};
use crate::hash::murmur::murmur3;
use std::iter::successors;

/// Each point is the CRC-32 of host, NUL, port and the previous point in little-endian bytes; before the
/// first point that is 0.
/// Source: `ngx_http_upstream_init_chash` in nginx's `ngx_http_upstream_hash_module.c`.
pub(super) fn crc32_of_address(name: &[u8]) -> Box<dyn Iterator<Item = u32>> {
    let (host, port) = split(name.strip_prefix(b"unix:").unwrap_or(name));
    let base = crc32(&[host, port].join(&0));
    let next = move |last: &u32| Some(crc32_of_more(base, &last.to_le_bytes()));
    Box::new(successors(Some(0), next).skip(1))
}

/// The host and the port. The port is empty if the name does not end with one.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (host, port) = name.split_at(name.len() - digits);
    match host {
        [host @ .., b':'] => (host, port),
        _ => (name, b""),
    }
}

/// The first point is the `MurmurHash3` of the name, each further one that of the previous point in
/// little-endian bytes.
/// Source: `Continuum` in folsom's `com.spotify.folsom.ketama`.
pub(super) fn murmur3_of_name(name: &[u8]) -> Box<dyn Iterator<Item = u32>> {
    Box::new(successors(Some(murmur3(name)), |last| Some(murmur3(&last.to_le_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (name, host, port) in [
            ("10.0.0.1:11211", "10.0.0.1", "11211"),
            ("10.0.0.1", "10.0.0.1", ""),
            ("[::1]:11211", "[::1]", "11211"),
            ("cache", "cache", ""),
            ("cache:", "cache", ""),
            ("/tmp/a:b", "/tmp/a:b", ""),
            ("11211", "11211", ""),
        ] {
            assert_eq!(split(name.as_bytes()), (host.as_bytes(), port.as_bytes()), "{name}");
        }
    }

    #[test]
    fn each_point_follows_from_the_last() {
        let points: Vec<_> = crc32_of_address(b"a:1").take(3).collect();
        assert_eq!(points[0], crc32(b"a\x001\0\0\0\0"));
        for pair in points.windows(2) {
            assert_eq!(pair[1], crc32(&[&b"a\x001"[..], &pair[0].to_le_bytes()].concat()));
        }
        let socket = crc32_of_address(b"unix:/tmp/a").next();
        assert_eq!(socket, Some(crc32(b"/tmp/a\0\0\0\0\0")));
        let points: Vec<_> = murmur3_of_name(b"a:1").take(2).collect();
        assert_eq!(points, [murmur3(b"a:1"), murmur3(&murmur3(b"a:1").to_le_bytes())]);
    }
}
