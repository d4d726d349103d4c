//! A second implementation of the clients, written to be read: the points of each, and the server of a hash. It
//! shares no code with the crate.
use crate::hash::naive;
use ketama::Continuum;
use md5::Md5;
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;

/// A client's points and their winners, by value.
pub struct Model {
    dialect: &'static str,
    owners: BTreeMap<u32, usize>,
    count: usize,
}

struct Pool {
    servers: usize,
    total: u64,
    equal: bool,
}

/// The model of a continuum, made from its servers. `ketama_points` is the option, if it was given.
pub fn model(continuum: &Continuum, ketama_points: Option<u64>) -> Model {
    let dialect = continuum.options().dialect().name();
    let hash = continuum.options().hash().name();
    let servers: Vec<_> = continuum.servers().iter().map(|s| (s.name(), s.weight())).collect();
    let total = servers.iter().map(|(_, weight)| weight).sum();
    let equal = servers.iter().all(|(_, weight)| *weight == servers[0].1);
    let pool = Pool { servers: servers.len(), total, equal };
    let mut claims: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut count = 0;
    for (index, &(name, weight)) in servers.iter().enumerate() {
        let labels = label_count(dialect, &pool, weight, ketama_points.unwrap_or(150));
        for value in points(dialect, hash, name, labels, count) {
            claims.entry(value).or_default().push(index);
            count += 1;
        }
    }
    let winner = |(&value, owners): (&u32, &Vec<usize>)| {
        let by_label = |&index: &usize| {
            let label = label_name(dialect, servers[index].0);
            (label.len(), label, index)
        };
        let winner = match dialect {
            "spymemcached" | "dalli" | "uhashring" | "enyim" | "enyim_default" | "enyim_core"
            | "folsom" => *owners.iter().max().expect("an owner"),
            "twemproxy" => *owners.iter().min_by_key(|index| by_label(index)).expect("an owner"),
            "xmemcached" => {
                let mut sorted = owners.clone();
                sorted.sort_by_key(|&index| (label_name(dialect, servers[index].0), index));
                sorted[value as usize % sorted.len()]
            }
            _ => *owners.iter().min().expect("an owner"),
        };
        (value, winner)
    };
    Model { dialect, owners: claims.iter().map(winner).collect(), count }
}

impl Model {
    /// The number of the client's points.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The index of the server that wins the point of this value.
    pub fn winner(&self, value: u32) -> Option<usize> {
        self.owners.get(&value).copied()
    }

    /// The index of the server of a hash, by the client's own rule.
    pub fn owner(&self, hash: u32) -> usize {
        let signed = |value: u32| i64::from(value.cast_signed());
        let from = |value: u32| self.owners.range(value..).next();
        let lowest = self.owners.first_key_value().expect("a point");
        let highest = self.owners.last_key_value().expect("a point");
        let found = match self.dialect {
            "dalli" => self.owners.range(..=hash).next_back().unwrap_or(highest),
            "uhashring" => hash.checked_add(1).and_then(from).unwrap_or(lowest),
            "folsom" => {
                let values = self.owners.iter();
                let above = values.clone().filter(|(value, _)| signed(**value) >= signed(hash));
                let least = |points: &mut dyn Iterator<Item = (&'_ u32, &'_ usize)>| {
                    points.map(|(v, i)| (signed(*v), *i)).min()
                };
                let mut above = above;
                let mut all = values;
                return least(&mut above).or(least(&mut all)).expect("a point").1;
            }
            "enyim" | "enyim_default" | "enyim_core" if hash < *lowest.0 => highest,
            "pecl_memcache" => from(hash % 1024 * 4_194_303).unwrap_or(lowest),
            "modula" => {
                let count = u32::try_from(self.count).expect("few points");
                from(hash % count).unwrap_or(lowest)
            }
            _ => from(hash).unwrap_or(lowest),
        };
        *found.1
    }
}

fn label_name(dialect: &str, name: &[u8]) -> Vec<u8> {
    let text = name.to_vec();
    match dialect {
        "libmemcached" | "libmemcached_consistent" | "twemproxy" | "node_memcached"
            if text.ends_with(b":11211") =>
        {
            text[..text.len() - 6].to_vec()
        }
        "spymemcached" if text[0] == b'/' => text[1..].to_vec(),
        "xmemcached" if !text.contains(&b'/') => [b"/", &text[..]].concat(),
        _ => text,
    }
}

fn label_count(dialect: &str, pool: &Pool, weight: u64, ketama_points: u64) -> u64 {
    let (servers, single) = (pool.servers as f32, weight as f32 / pool.total as f32);
    let wide = |each: u128| pool.servers as u128 * each * u128::from(weight);
    match dialect {
        "libketama" => (f64::from(single) * 40.0 * f64::from(servers)) as f32 as u64,
        "spymemcached" if pool.equal => 40,
        "libmemcached" => (single * 160.0 / 4.0 * servers + 1e-10) as u64,
        "twemproxy" | "spymemcached" => {
            (f64::from(single * 160.0 / 4.0 * servers) + 1e-10) as f32 as u64
        }
        "hashring" | "node_memcached" => {
            (weight as f64 / pool.total as f64 * 40.0 * pool.servers as f64) as u64
        }
        "dalli" => (wide(160) as f64 / pool.total as f64) as u64,
        "uhashring" => (wide(40) / u128::from(pool.total)) as u64,
        "pecl_memcache" | "nginx" => 160 * weight,
        "cache_memcached_fast" => ketama_points * weight,
        "xmemcached" => 40 * weight,
        "enyim" => 40,
        "modula" => weight,
        _ => 100,
    }
}

/// The points of a server. The servers before it have `before` points.
fn points(dialect: &str, hash: &str, name: &[u8], labels: u64, before: usize) -> Vec<u32> {
    let name = label_name(dialect, name);
    let mut last: Vec<u8> = match dialect {
        "folsom" => name.clone(),
        _ => vec![0; 4],
    };
    let mut all = Vec::new();
    for i in 0..labels {
        let label = match dialect {
            "dalli" => [&name[..], format!(":{i}").as_bytes()].concat(),
            "enyim_core" => [format!("{i}-").as_bytes(), &name].concat(),
            _ => [&name[..], format!("-{i}").as_bytes()].concat(),
        };
        match dialect {
            "modula" => all.push(u32::try_from(before).expect("few points") + i as u32),
            "libmemcached_consistent" | "pecl_memcache" | "enyim_core" => {
                all.push(naive(hash, &label))
            }
            "enyim_default" if i == 0 => all.push(naive("fnv0a_32_unsigned", &label)),
            "enyim_default" => all.push(naive("fnv1a_32_unsigned", &label)),
            "dalli" => {
                let digest: [u8; 20] = Sha1::digest(&label).into();
                all.push(digest[..4].iter().fold(0, |word, &byte| word << 8 | u32::from(byte)));
            }
            "folsom" | "nginx" | "cache_memcached_fast" => {
                let point = match dialect {
                    "folsom" => naive("murmur3", &last),
                    _ => naive("crc32", &[&address(&name)[..], &last].concat()),
                };
                all.push(point);
                last = (0..4).map(|n| (point >> (8 * n)) as u8).collect();
            }
            _ => {
                let digest: [u8; 16] = Md5::digest(&label).into();
                let word = |n: usize| (0..4).map(|b| u32::from(digest[4 * n + b]) << (8 * b)).sum();
                all.extend((0..4).map(word).collect::<Vec<u32>>());
            }
        }
    }
    all
}

/// Host, NUL, port.
fn address(name: &[u8]) -> Vec<u8> {
    let name = name.strip_prefix(b"unix:").unwrap_or(name);
    let colon = name.iter().rposition(|&byte| byte == b':');
    match colon {
        Some(at) if name[at + 1..].iter().all(u8::is_ascii_digit) => {
            [&name[..at], b"\0", &name[at + 1..]].concat()
        }
        _ => [name, b"\0"].concat(),
    }
}
