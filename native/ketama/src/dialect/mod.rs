//! The table of clients: a row says how a client makes the points of its servers and places its keys.
//!
//! The formulas come from the clients' sources, and were checked against the clients themselves.

mod chain;
mod count;
mod label;

use crate::continuum::BuildError;
use crate::edge::{Edge, MAX_EXTRA_POINTS};
use crate::hash::md5::Numbered;
use crate::hash::{Hash, fnv, sha1};
use crate::points::Unsorted;
use crate::server::Server;
use fearless_simd::Level;
use label::{Labels, Spelling};
use std::borrow::Cow;

pub(crate) use count::Pool;

/// A memcached client, as far as its ring goes: a row of [`DIALECTS`].
#[derive(Debug)]
pub struct Dialect {
    /// The value of the option `dialect`.
    name: &'static str,
    /// The name of a server as it stands in its labels.
    name_in_label: fn(&[u8]) -> Cow<[u8]>,
    /// How a label combines the name with a number, which counts from 0.
    spelling: Spelling,
    /// The number of labels of a server, given the pool and the server's weight.
    label_count: fn(&Pool, u64) -> u64,
    points: PointsOf,
    tie: Tie,
    edge: fn(&Pool) -> Edge,
    /// The name of the client's default key hash.
    hash: &'static str,
    /// The names of all the client's key hashes.
    hashes: &'static [&'static str],
    /// Whether the client has an option to hash only a key's tag.
    has_tags: bool,
    /// If the client has an option for the number of points of a server of weight 1: its default.
    ketama_points: Option<u32>,
    limits: Limits,
}

/// The points of a label.
#[derive(Debug)]
enum PointsOf {
    /// One point. Labels have no text: each point follows from the one before, the first from the
    /// server's name.
    Chain(fn(&[u8]) -> Box<dyn Iterator<Item = u32>>),
    /// One point: the label's hash by this function.
    LabelHash(fn(&[u8]) -> u32),
    /// Four points: the little-endian words of the label's MD5.
    Md5Words,
    /// One point: the label's hash by the key hash.
    KeyHash,
    /// One point: the label's number among the labels of all servers. Labels have no text.
    Slot,
}

/// Which server owns a point that several share.
#[derive(Debug)]
enum Tie {
    /// The first one in the list.
    First,
    /// The last one in the list.
    Last,
    /// The first one in the order of their labels, shorter ones first, then by bytes.
    ByLabel,
    /// The one whose index in the order of their names is the point's value modulo their number.
    ByValue,
}

/// The limits of the client itself.
#[derive(Debug)]
struct Limits {
    servers: usize,
    /// The sum of the weights.
    total: u64,
    /// The length of a label with its number, in bytes.
    label: usize,
}

const NO_LIMITS: Limits = Limits { servers: usize::MAX, total: u64::MAX, label: usize::MAX };
/// libmemcached ends the process at the 101st server of a ring, and sums weights in 31 bits.
const LIBMEMCACHED_LIMITS: Limits = Limits { servers: 100, total: INT_MAX, label: usize::MAX };
const INT_MAX: u64 = (1 << 31) - 1;

#[rustfmt::skip]
const LIBMEMCACHED: &[&str] = &[
    "md5", "one_at_a_time", "crc15", "fnv1_32", "fnv1a_32", "fnv1_64", "fnv1a_64", "murmur", "jenkins",
];
#[rustfmt::skip]
const ANY: &[&str] = &[
    "md5", "one_at_a_time", "crc15", "crc16", "crc32", "fnv1_32", "fnv1a_32", "fnv1_64", "fnv1a_64",
    "hsieh", "murmur", "jenkins",
];

/// libketama: `ketama_create_continuum` in `ketama.c`.
const LIBKETAMA: Dialect = Dialect {
    name: "libketama",
    name_in_label: label::as_given,
    spelling: Spelling::NameFirst(b'-'),
    label_count: count::libketama,
    points: PointsOf::Md5Words,
    tie: Tie::First,
    edge: |_| Edge::Same,
    hash: "md5",
    hashes: &["md5"],
    has_tags: false,
    ketama_points: None,
    limits: NO_LIMITS,
};

/// Every client, the default first. What a row leaves out is as in libketama.
pub static DIALECTS: [Dialect; 18] = [
    LIBKETAMA,
    // libmemcached's weighted ring: `update_continuum` in `libmemcached/hosts.cc`.
    Dialect {
        name: "libmemcached",
        name_in_label: label::without_default_port,
        label_count: count::libmemcached,
        hashes: LIBMEMCACHED,
        limits: LIBMEMCACHED_LIMITS,
        ..LIBKETAMA
    },
    // libmemcached's ring without weights, from the same function.
    Dialect {
        name: "libmemcached_consistent",
        name_in_label: label::without_default_port,
        label_count: |_, _| 100,
        points: PointsOf::KeyHash,
        hash: "one_at_a_time",
        hashes: LIBMEMCACHED,
        limits: Limits { total: u64::MAX, ..LIBMEMCACHED_LIMITS },
        ..LIBKETAMA
    },
    // twemproxy: `ketama_update` in `src/hashkit/nc_ketama.c`.
    Dialect {
        name: "twemproxy",
        name_in_label: label::without_default_port,
        label_count: count::twemproxy,
        tie: Tie::ByLabel,
        hash: "fnv1a_64",
        hashes: ANY,
        has_tags: true,
        // Its buffer for a label has 86 bytes, one of them for the NUL at the end.
        limits: Limits { total: INT_MAX, label: 85, ..NO_LIMITS },
        ..LIBKETAMA
    },
    // spymemcached: `setKetamaNodes` in `KetamaNodeLocator.java`.
    Dialect {
        name: "spymemcached",
        name_in_label: label::without_slash,
        label_count: count::spymemcached,
        tie: Tie::Last,
        limits: Limits { total: INT_MAX, ..NO_LIMITS },
        ..LIBKETAMA
    },
    // Ruby's Dalli: `entries_for` in `lib/dalli/ring.rb`.
    Dialect {
        name: "dalli",
        spelling: Spelling::NameFirst(b':'),
        label_count: count::dalli,
        points: PointsOf::LabelHash(sha1::first_word),
        tie: Tie::Last,
        edge: |_| Edge::Complement,
        hash: "crc32",
        hashes: &["crc32"],
        ..LIBKETAMA
    },
    // npm's hashring: `continuum` in `index.js`; and npm's memcached, which uses it and drops the default port.
    Dialect { name: "hashring", label_count: count::hashring, ..LIBKETAMA },
    Dialect {
        name: "node_memcached",
        name_in_label: label::without_default_port,
        label_count: count::hashring,
        ..LIBKETAMA
    },
    // PHP's older extension: `mmc_consistent_add_server` in `memcache_consistent_hash.c`.
    Dialect {
        name: "pecl_memcache",
        label_count: |_, weight| weight.saturating_mul(160),
        points: PointsOf::KeyHash,
        edge: |_| Edge::Buckets,
        hash: "crc32",
        hashes: &["crc32", "fnv1a_32"],
        ..LIBKETAMA
    },
    // nginx: `ngx_http_upstream_init_chash`; and Perl's Cache::Memcached::Fast: `dispatch_key.c`.
    Dialect {
        name: "nginx",
        label_count: |_, weight| weight.saturating_mul(160),
        points: PointsOf::Chain(chain::crc32_of_address),
        hash: "crc32",
        hashes: &["crc32"],
        ..LIBKETAMA
    },
    Dialect {
        name: "cache_memcached_fast",
        label_count: |pool, weight| weight.saturating_mul(pool.ketama_points),
        points: PointsOf::Chain(chain::crc32_of_address),
        hash: "crc32",
        hashes: &["crc32"],
        ketama_points: Some(150),
        ..LIBKETAMA
    },
    // Java's xmemcached: `buildMap` in `KetamaMemcachedSessionLocator.java`.
    Dialect {
        name: "xmemcached",
        name_in_label: label::with_slash,
        label_count: |_, weight| weight.saturating_mul(40),
        tie: Tie::ByValue,
        ..LIBKETAMA
    },
    // Python's uhashring: `uhashring/ring_ketama.py`.
    Dialect {
        name: "uhashring",
        label_count: count::uhashring,
        tie: Tie::Last,
        edge: |_| Edge::Above,
        ..LIBKETAMA
    },
    // .NET's Enyim: `KetamaNodeLocator.cs`, and `DefaultNodeLocator.cs` of EnyimMemcached and of
    // EnyimMemcachedCore.
    Dialect {
        name: "enyim",
        label_count: |_, _| 40,
        tie: Tie::Last,
        edge: |_| Edge::LowToHighest,
        ..LIBKETAMA
    },
    Dialect {
        name: "enyim_default",
        label_count: |_, _| 100,
        // A hash object starts from 0 at its first use, and from the usual value later. Each server has one
        // for all its labels, each key one of its own.
        points: PointsOf::LabelHash(|label| match label {
            [.., b'-', b'0'] => fnv::fnv0a_32_unsigned(label),
            _ => fnv::fnv1a_32_unsigned(label),
        }),
        tie: Tie::Last,
        edge: |_| Edge::LowToHighest,
        hash: "fnv0a_32_unsigned",
        hashes: &["fnv0a_32_unsigned"],
        ..LIBKETAMA
    },
    Dialect {
        name: "enyim_core",
        spelling: Spelling::NumberFirst,
        label_count: |_, _| 100,
        points: PointsOf::KeyHash,
        tie: Tie::Last,
        edge: |_| Edge::LowToHighest,
        hash: "fnv1a_32_unsigned",
        hashes: &["fnv1a_32_unsigned"],
        ..LIBKETAMA
    },
    // Java's folsom: `Continuum.java`.
    Dialect {
        name: "folsom",
        label_count: |_, _| 100,
        points: PointsOf::Chain(chain::murmur3_of_name),
        tie: Tie::Last,
        edge: |_| Edge::Signed,
        hash: "murmur3",
        hashes: &["murmur3"],
        ..LIBKETAMA
    },
    // The default of many clients: the hash modulo the number of servers.
    Dialect {
        name: "modula",
        label_count: |_, weight| weight,
        points: PointsOf::Slot,
        edge: |pool| Edge::Modulo(u32::try_from(pool.total).unwrap_or(u32::MAX)),
        hash: "one_at_a_time",
        hashes: ANY,
        ..LIBKETAMA
    },
];

/// The maximum number of points, so that a large weight cannot take all memory. They and their index take
/// 1.5 GiB. Sorting them takes up to 1 GiB more if they fall together, and hardly any if not.
const MAX_POINTS: u64 = 1 << 27;

impl Dialect {
    /// The client with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        DIALECTS.iter().find(|dialect| dialect.name == name)
    }

    /// The value of the option `dialect`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The names of all the client's key hashes.
    #[must_use]
    pub fn hashes(&self) -> &'static [&'static str] {
        self.hashes
    }

    /// Whether the client has an option to hash only a key's tag.
    #[must_use]
    pub fn has_tags(&self) -> bool {
        self.has_tags
    }

    pub(crate) fn default_hash(&self) -> &'static str {
        self.hash
    }

    pub(crate) fn ketama_points(&self) -> Option<u32> {
        self.ketama_points
    }

    pub(crate) fn edge(&self, pool: &Pool) -> Edge {
        (self.edge)(pool)
    }

    /// The indices of the servers in an order such that the first one wins a point that several share.
    pub(crate) fn order(&self, servers: &[Server]) -> Vec<u32> {
        let mut order: Vec<_> = (0..).zip(servers).map(|(index, _)| index).collect();
        match self.tie {
            Tie::First => {}
            Tie::Last => order.reverse(),
            Tie::ByLabel => order.sort_by_key(|&index| {
                let name = (self.name_in_label)(servers[index as usize].name());
                (name.len(), name)
            }),
            Tie::ByValue => {
                order.sort_by_key(|&index| (self.name_in_label)(servers[index as usize].name()));
            }
        }
        order
    }

    /// Picks the winner of a shared point, if that is not always the first one in [`order`](Self::order):
    /// takes the point's value and the number of servers that share it, and returns an index among these.
    pub(crate) fn winner(&self) -> Option<fn(u32, usize) -> usize> {
        matches!(self.tie, Tie::ByValue).then_some(|value, count| value as usize % count)
    }

    /// The number of points of all servers.
    pub(crate) fn point_count(&self, pool: &Pool, servers: &[Server]) -> Result<usize, BuildError> {
        let count = servers.iter().try_fold(0_u64, |sum, server| {
            let labels = (self.label_count)(pool, server.weight());
            let points = labels.checked_mul(self.points_per_label())?;
            sum.checked_add(points).filter(|&sum| sum <= MAX_POINTS)
        });
        count.and_then(|count| usize::try_from(count).ok()).ok_or(BuildError::SystemLimit)
    }

    fn points_per_label(&self) -> u64 {
        if matches!(self.points, PointsOf::Md5Words) { 4 } else { 1 }
    }

    /// The `count` points of the servers, server by server in `order`.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn points(
        &self,
        pool: &Pool,
        servers: &[Server],
        order: &[u32],
        hash: &Hash,
        count: usize,
    ) -> Result<Unsorted, BuildError> {
        let (max_points, max_owners) = (count + MAX_EXTRA_POINTS, order.len() + MAX_EXTRA_POINTS);
        let Unsorted { mut values, mut owners } = Unsorted::with_capacity(max_points, max_owners)?;
        let (mut buffers, mut numbered) = (Labels::default(), Numbered::new(Level::new()));
        let mut around = Default::default();
        for &owner in order {
            let server = &servers[owner as usize];
            let count = (self.label_count)(pool, server.weight());
            owners.push((owner, (count * self.points_per_label()) as u32));
            let name = &(self.name_in_label)(server.name());
            self.spelling.write_around_number(name, &mut around);
            let mut labels = |body: &mut dyn FnMut(&[&[u8]])| buffers.each(&around, count, body);
            match self.points {
                PointsOf::Md5Words => {
                    let (text, after) = &around;
                    if after.is_empty() && text.len() <= Numbered::MAX_TEXT {
                        numbered.each(text, count, &mut values);
                    } else {
                        labels(&mut |labels| numbered.others(labels, &mut values));
                    }
                }
                PointsOf::KeyHash => labels(&mut |labels| {
                    values.extend_from_slice(&hash.many(labels)[..labels.len()]);
                }),
                PointsOf::LabelHash(hash) => labels(&mut |labels| {
                    values.extend(labels.iter().map(|label| hash(label)));
                }),
                PointsOf::Chain(chain) => {
                    values.extend((0..count).zip(chain(name)).map(|(_, value)| value));
                }
                PointsOf::Slot => {
                    let first = values.len() as u32;
                    values.extend(first..first + count as u32);
                }
            }
        }
        numbered.flush(&mut values);
        let edge = self.edge(pool);
        for value in &mut values {
            *value = edge.to_ring(*value);
        }
        Ok(Unsorted { values, owners })
    }

    /// How long it takes to make a point of a server whose name has so many bytes: 1 for a short name, or more
    /// by the blocks that are hashed, and by a hash that is slower than the others.
    #[must_use]
    pub fn work_of_point(&self, name_bytes: usize) -> usize {
        let of_label = 1 + name_bytes / 32;
        match self.points {
            PointsOf::LabelHash(_) => 16 * of_label,
            _ => of_label,
        }
    }

    /// The limits of the client itself that these servers exceed.
    pub(crate) fn excesses(&self, pool: &Pool, servers: &[Server]) -> Vec<Excess> {
        let Limits { servers: max_servers, total, label } = self.limits;
        let has_long_label = |server: &Server| {
            let last = (self.label_count)(pool, server.weight()).checked_sub(1);
            last.is_some_and(|last| {
                label::length(&(self.name_in_label)(server.name()), last) > label
            })
        };
        let long = (label < usize::MAX).then(|| servers.iter().position(has_long_label)).flatten();
        [
            (servers.len() > max_servers).then_some(Excess::Servers { limit: max_servers }),
            (pool.total > total).then_some(Excess::Total { limit: total }),
            long.map(|server| Excess::Label { server, limit: label }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A limit of the client itself that a continuum exceeds. The continuum is made all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// There are too many servers.
    Servers {
        /// The maximum number of servers.
        limit: usize,
    },
    /// The sum of the weights is too large.
    Total {
        /// The largest sum.
        limit: u64,
    },
    /// A server has a label that is too long.
    Label {
        /// The index of the first such server.
        server: usize,
        /// The maximum length of a label, in bytes.
        limit: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::md5::{Digest, Md5};
    use proptest::prelude::*;

    fn servers(count: usize, weight: i64) -> Vec<Server> {
        let server = |i| Server::new(format!("s{i}").as_bytes(), weight).expect("a server");
        (0..count).map(server).collect()
    }

    #[test]
    fn slow_points() {
        let work = |name, bytes| Dialect::named(name).expect("a dialect").work_of_point(bytes);
        assert_eq!([0, 31, 32, 64, 255].map(|bytes| work("libketama", bytes)), [1, 1, 2, 3, 8]);
        assert_eq!([10, 250].map(|bytes| work("dalli", bytes)), [16, 128]);
    }

    #[test]
    fn rows_name_existing_hashes() {
        for dialect in &DIALECTS {
            assert!(dialect.hashes.iter().all(|name| Hash::named(name).is_some()));
            assert!(dialect.hashes.contains(&dialect.hash));
            assert!(std::ptr::eq(Dialect::named(dialect.name).expect("a dialect"), dialect));
        }
    }

    /// Of the clients that have md5 but do not start with it.
    #[test]
    fn default_hashes() {
        for (dialect, hash) in [
            ("libmemcached", "md5"),
            ("libmemcached_consistent", "one_at_a_time"),
            ("twemproxy", "fnv1a_64"),
            ("modula", "one_at_a_time"),
        ] {
            assert_eq!(Dialect::named(dialect).expect("a dialect").default_hash(), hash);
        }
    }

    fn named(names: &[&str]) -> Vec<Server> {
        let server = |name: &&str| Server::new(name.as_bytes(), 1).expect("a server");
        names.iter().map(server).collect()
    }

    /// The points of a server, label by label as the row says. `first` is the number of points before them.
    #[allow(clippy::cast_possible_truncation)]
    fn naive(
        dialect: &Dialect,
        pool: &Pool,
        server: &Server,
        hash: &Hash,
        first: usize,
    ) -> Vec<u32> {
        let count = (dialect.label_count)(pool, server.weight());
        let name = &*(dialect.name_in_label)(server.name());
        let label = |number: u64| match dialect.spelling {
            Spelling::NameFirst(separator) => {
                [name, &[separator], number.to_string().as_bytes()].concat()
            }
            Spelling::NumberFirst => [number.to_string().as_bytes(), b"-", name].concat(),
        };
        let labels = (0..count).map(label);
        let values: Vec<_> = match dialect.points {
            PointsOf::Md5Words => labels
                .flat_map(|label| {
                    let digest: [u8; 16] = Md5::digest(label).into();
                    let (words, _) = digest.as_chunks();
                    words.iter().map(|&word| u32::from_le_bytes(word)).collect::<Vec<_>>()
                })
                .collect(),
            PointsOf::KeyHash => labels.map(|label| hash.of(&label)).collect(),
            PointsOf::LabelHash(hash) => labels.map(|label| hash(&label)).collect(),
            PointsOf::Chain(chain) => chain(name).zip(0..count).map(|(value, _)| value).collect(),
            PointsOf::Slot => (first..).zip(0..count).map(|(slot, _)| slot as u32).collect(),
        };
        values.into_iter().map(|value| dialect.edge(pool).to_ring(value)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        #[allow(clippy::cast_possible_truncation)]
        fn points_are_those_of_each_label(
            servers in prop::collection::vec(("[!-~]{1,60}(:11211)?", 1_i64..30), 1..9),
            number in 0..DIALECTS.len(),
        ) {
            let server = |(name, weight): &(String, _)| Server::new(name.as_bytes(), *weight).expect("a server");
            let servers: Vec<_> = servers.iter().map(server).collect();
            let dialect = &DIALECTS[number];
            let pool = Pool::of(&servers, 150);
            let order = dialect.order(&servers);
            let count = dialect.point_count(&pool, &servers).expect("few");
            for hash in dialect.hashes.iter().filter_map(|name| Hash::named(name)) {
                let points = dialect.points(&pool, &servers, &order, hash, count).expect("memory");
                let (mut values, mut owners) = (Vec::new(), Vec::new());
                for &owner in &order {
                    let more = naive(dialect, &pool, &servers[owner as usize], hash, values.len());
                    owners.push((owner, more.len() as u32));
                    values.extend(more);
                }
                prop_assert_eq!(&points.values, &values);
                prop_assert_eq!(values.len(), count);
                prop_assert_eq!(&points.owners, &owners);
                // They leave room for the edge's points, and no more.
                prop_assert_eq!(points.values.capacity(), values.len() + MAX_EXTRA_POINTS);
                prop_assert_eq!(points.owners.capacity(), owners.len() + MAX_EXTRA_POINTS);
            }
        }
    }

    /// Numbers of equal servers for which libketama's arithmetic gives other numbers.
    #[test]
    fn points_of_equal_servers() {
        for (dialect, count, points) in [
            ("libmemcached", 25, 156),
            ("twemproxy", 25, 156),
            ("spymemcached", 61, 160),
            ("hashring", 7, 156),
            ("node_memcached", 7, 156),
            ("uhashring", 61, 160),
            ("enyim", 61, 160),
        ] {
            let dialect = Dialect::named(dialect).expect("a dialect");
            let servers = servers(count, 1);
            let made = dialect.point_count(&Pool::of(&servers, 0), &servers[..1]);
            assert_eq!(made, Ok(points), "{}", dialect.name);
        }
    }

    #[test]
    fn orders_of_servers() {
        let order = |name, servers: &[&str]| {
            Dialect::named(name).expect("a dialect").order(&named(servers))
        };
        let servers = ["b", "aa", "a:11211", "/a"];
        assert_eq!(order("libketama", &servers), [0, 1, 2, 3]);
        assert_eq!(order("spymemcached", &servers), [3, 2, 1, 0]);
        assert_eq!(order("dalli", &servers), [3, 2, 1, 0]);
        assert_eq!(order("twemproxy", &servers), [2, 0, 3, 1]);
        assert_eq!(order("xmemcached", &["/b", "a", "c"]), [1, 0, 2]);
    }

    #[test]
    fn limits() {
        let excesses = |name, servers: &[Server]| {
            Dialect::named(name).expect("a dialect").excesses(&Pool::of(servers, 0), servers)
        };
        assert_eq!(excesses("libmemcached", &servers(100, 21_474_836)), []);
        assert_eq!(excesses("libmemcached", &servers(101, 1)), [Excess::Servers { limit: 100 }]);
        assert_eq!(
            excesses("libmemcached", &servers(1, 1 << 31)),
            [Excess::Total { limit: INT_MAX }]
        );
        assert_eq!(excesses("libmemcached", &servers(1, (1 << 31) - 1)), []);
        let consistent = servers(101, 1 << 32);
        assert_eq!(excesses("libmemcached_consistent", &consistent[..100]), []);
        assert_eq!(
            excesses("libmemcached_consistent", &consistent),
            [Excess::Servers { limit: 100 }]
        );
        assert_eq!(excesses("libketama", &servers(200, 1 << 32)), []);
        for name in ["twemproxy", "spymemcached"] {
            let error = [Excess::Total { limit: INT_MAX }];
            assert_eq!(excesses(name, &servers(1, 1 << 31)), error);
            assert_eq!(excesses(name, &servers(200, 1)), []);
        }
        // Ten labels, the last of which is NAME-9.
        let ten = [Server::new(&[b'n'; 83], 1), Server::new(b"a", 7)];
        let ten = ten.map(|server| server.expect("a server"));
        assert_eq!(excesses("twemproxy", &ten), []);
        // The last label of each is NAME-39.
        let named = |length| [Server::new(b"a", 1), Server::new(&vec![b'n'; length], 1)];
        let named = |length| named(length).map(|server| server.expect("a server"));
        assert_eq!(excesses("twemproxy", &named(82)), []);
        assert_eq!(excesses("twemproxy", &named(83)), [Excess::Label { server: 1, limit: 85 }]);
        let named = |length| named(length).map(|s| [s.name(), b":11211"].concat());
        let named = |length| named(length).map(|name| Server::new(&name, 1).expect("a server"));
        assert_eq!(excesses("twemproxy", &named(82)), []);
    }
}
