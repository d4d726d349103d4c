//! The options of a continuum: the client and how it is configured.

use crate::dialect::{DIALECTS, Dialect, Pool};
use crate::hash::{HASHES, Hash};
use crate::server::Server;
use std::num::NonZeroU32;

/// A client and how it is configured. By default it is libketama.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    dialect: &'static Dialect,
    hash: &'static Hash,
    tag: Option<[u8; 2]>,
    ketama_points: Option<NonZeroU32>,
}

impl Options {
    /// The client with its defaults.
    #[must_use]
    pub fn new(dialect: &'static Dialect) -> Self {
        let hash = Hash::named(dialect.default_hash()).unwrap_or(&HASHES[0]);
        Self { dialect, hash, tag: None, ketama_points: None }
    }

    /// The client with another key hash. `None` if it does not have that one.
    #[must_use]
    pub fn with_hash(self, hash: &'static Hash) -> Option<Self> {
        self.dialect.hashes().contains(&hash.name()).then_some(Self { hash, ..self })
    }

    /// The client, configured to hash only what stands between these two bytes of a key. `None` if it has no
    /// such option.
    #[must_use]
    pub fn with_tag(self, tag: [u8; 2]) -> Option<Self> {
        self.dialect.has_tags().then_some(Self { tag: Some(tag), ..self })
    }

    /// The client, configured to give a server of weight 1 this many points. `None` if it has no such option.
    #[must_use]
    pub fn with_ketama_points(self, points: NonZeroU32) -> Option<Self> {
        self.dialect.ketama_points().map(|_| Self { ketama_points: Some(points), ..self })
    }

    pub(crate) fn pool(&self, servers: &[Server]) -> Pool {
        let points = self.ketama_points.map(NonZeroU32::get).or(self.dialect.ketama_points());
        Pool::of(servers, points.unwrap_or_default())
    }

    /// The client.
    #[must_use]
    pub fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    /// The key hash.
    #[must_use]
    pub fn hash(&self) -> &'static Hash {
        self.hash
    }

    /// The opening and the closing byte of a hash tag.
    #[must_use]
    pub fn tag(&self) -> Option<[u8; 2]> {
        self.tag
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new(&DIALECTS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continuum::Continuum;

    #[test]
    fn only_what_the_client_has() {
        let crc32 = Hash::named("crc32").expect("a hash");
        for (dialect, hash, tag, ketama_points) in [
            ("libketama", false, false, false),
            ("twemproxy", true, true, false),
            ("cache_memcached_fast", true, false, true),
        ] {
            let options = Options::new(Dialect::named(dialect).expect("a dialect"));
            assert_eq!(options.with_hash(crc32).is_some(), hash, "{dialect}");
            assert_eq!(options.with_tag(*b"{}").is_some(), tag, "{dialect}");
            let points = options.with_ketama_points(NonZeroU32::MIN);
            assert_eq!(points.is_some(), ketama_points, "{dialect}");
        }
    }

    #[test]
    fn points_of_weight_1() {
        let count = |options| {
            let server = Server::new(b"a", 1).expect("a server");
            Continuum::new(vec![server], options).expect("a continuum").counts()[0]
        };
        let options = Options::new(Dialect::named("cache_memcached_fast").expect("a dialect"));
        assert_eq!(count(options), 150);
        let seven = NonZeroU32::new(7).and_then(|seven| options.with_ketama_points(seven));
        assert_eq!(count(seven.expect("a dialect with points")), 7);
    }
}
