//! What a user chooses of a continuum: the client, its key hash and its hash tag.

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
    /// The client as it is by default.
    #[must_use]
    pub fn new(dialect: &'static Dialect) -> Self {
        let hash = Hash::named(dialect.default_hash()).unwrap_or(&HASHES[0]);
        Self { dialect, hash, tag: None, ketama_points: None }
    }

    /// The client with another key hash, where it has that one.
    #[must_use]
    pub fn with_hash(self, hash: &'static Hash) -> Option<Self> {
        self.dialect.hashes().contains(&hash.name()).then_some(Self { hash, ..self })
    }

    /// The client told to hash what stands between these two bytes alone, where it can be told.
    #[must_use]
    pub fn with_tag(self, tag: [u8; 2]) -> Option<Self> {
        self.dialect.has_tags().then_some(Self { tag: Some(tag), ..self })
    }

    /// The client told to give so many points to a server of weight 1, where it can be told.
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

    /// The opening and the closing byte of a tag.
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
