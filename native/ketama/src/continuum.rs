//! The continuum: every server's points in ascending order, and the lookup of a key's server.

use crate::hash::{hash, words};
use crate::server::{Fault, Server};
use std::fmt;
use std::io::Write;

/// A ring of servers. Immutable; a lookup is one MD5 and a search among one or two points.
#[derive(Debug)]
pub struct Continuum {
    servers: Box<[Server]>,
    /// Ascending; at equal points the earlier server comes first, and is the one found.
    points: Box<[Point]>,
    /// Entry `b` is the index of the first point whose upper bits are `b` or more.
    index: Box<[u32]>,
    /// How far a hash is shifted right to give its place in `index`.
    shift: u32,
}

/// A point of the continuum and the server that owns it, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point(u64);

impl Point {
    fn new(point: u32, owner: u32) -> Self {
        Self(u64::from(point) << 32 | u64::from(owner))
    }

    /// The place on the continuum.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)]
    pub fn value(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The index of the owner in [`Continuum::servers`].
    #[must_use]
    #[allow(clippy::cast_possible_truncation)]
    pub fn owner(self) -> usize {
        self.0 as u32 as usize
    }
}

/// Why a list of servers makes no continuum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The list is empty.
    NoServers,
    /// The sum of the weights passes 2<sup>64</sup> - 1 at the server of this index.
    TotalOutOfRange(usize),
    /// There are too many servers, or there is too little memory for their points.
    SystemLimit,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServers => f.write_str("there are no servers"),
            Self::TotalOutOfRange(index) => {
                write!(f, "server {}: {}", index + 1, Fault::TotalOutOfRange)
            }
            Self::SystemLimit => f.write_str("there are too many servers for the memory"),
        }
    }
}

impl std::error::Error for BuildError {}

impl Continuum {
    /// The continuum of `servers`: about 160 points a server, 8 to 12 bytes each, and as many
    /// quarters of an MD5.
    ///
    /// # Errors
    /// An empty list, a sum of weights over 64 bits, or more points than there is memory for.
    pub fn new(servers: Vec<Server>) -> Result<Self, BuildError> {
        let mut total = 0_u64;
        for (index, server) in servers.iter().enumerate() {
            total = total.checked_add(server.weight()).ok_or(BuildError::TotalOutOfRange(index))?;
        }
        let blocks = |server: &Server| blocks(server.weight(), total, servers.len());
        let count = 4 * servers.iter().map(|server| u64::from(blocks(server))).sum::<u64>();
        // The index counts points in 32 bits.
        let count = u32::try_from(count).map_err(|_| BuildError::SystemLimit)?;
        if count == 0 {
            return Err(BuildError::NoServers);
        }
        let mut points = reserve(count as usize)?;
        let mut label = Vec::new();
        for (owner, server) in (0..).zip(&servers) {
            label.clear();
            label.extend_from_slice(server.name());
            label.push(b'-');
            let prefix = label.len();
            for block in 0..blocks(server) {
                label.truncate(prefix);
                // Writing to a Vec does not fail.
                let _ = write!(label, "{block}");
                points.extend(words(&label).map(|point| Point::new(point, owner)));
            }
        }
        points.sort_unstable();

        let bits = count.ilog2();
        let shift = u32::BITS - bits;
        let mut index = reserve((1 << bits) + 1)?;
        let mut start = 0;
        for bucket in 0..=1_u64 << bits {
            let rest = points[start..].iter();
            start += rest.take_while(|point| u64::from(point.value()) >> shift < bucket).count();
            // At most `count`, which fits.
            index.push(u32::try_from(start).map_err(|_| BuildError::SystemLimit)?);
        }
        Ok(Self { servers: servers.into(), points: points.into(), index: index.into(), shift })
    }

    /// The server of `key`.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> &Server {
        self.at(hash(key))
    }

    /// The server of every key whose [`hash`](crate::hash) is `hash`: the owner of the first point
    /// that is not below it, or of the first of all when there is none.
    #[must_use]
    pub fn at(&self, hash: u32) -> &Server {
        let bucket = (hash >> self.shift) as usize;
        let (start, end) = (self.index[bucket] as usize, self.index[bucket + 1] as usize);
        let found = start + self.points[start..end].partition_point(|point| point.value() < hash);
        let point = self.points.get(found).unwrap_or(&self.points[0]);
        &self.servers[point.owner()]
    }

    /// The servers, in the order given.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The points, ascending.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}

/// How many MD5s of four points a server gets. libketama computes it in this mix of `float` and
/// `double`, and every step of it shows in the mapping.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn blocks(weight: u64, total: u64, servers: usize) -> u32 {
    let part = weight as f32 / total as f32;
    (f64::from(part) * 40.0 * f64::from(servers as f32)) as f32 as u32
}

/// An empty `Vec` with room for `capacity`.
fn reserve<T>(capacity: usize) -> Result<Vec<T>, BuildError> {
    let mut vec = Vec::new();
    match vec.try_reserve_exact(capacity) {
        Ok(()) => Ok(vec),
        Err(_) => Err(BuildError::SystemLimit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn continuum(weights: &[i64]) -> Continuum {
        let servers = weights.iter().zip(0..).map(|(&weight, i)| {
            Server::new(format!("10.0.0.{i}:11211").as_bytes(), weight).expect("a server")
        });
        Continuum::new(servers.collect()).expect("a continuum")
    }

    /// The rule itself: the first point that is not below the hash, else the first of all.
    fn plain(continuum: &Continuum, hash: u32) -> usize {
        let points = continuum.points();
        let found = points.iter().find(|point| point.value() >= hash);
        found.unwrap_or(&points[0]).owner()
    }

    #[test]
    fn no_servers() {
        assert_eq!(Continuum::new(Vec::new()).err(), Some(BuildError::NoServers));
    }

    #[test]
    fn total_over_64_bits() {
        let server = Server::new(b"a", i64::MAX).expect("a server");
        assert!(Continuum::new(vec![server.clone(); 2]).is_ok());
        let error = Continuum::new(vec![server; 3]).err();
        assert_eq!(error, Some(BuildError::TotalOutOfRange(2)));
    }

    #[test]
    fn float_steps_show() {
        // By exact arithmetic, and nearly always by that of doubles, these are 40 each.
        let short = (1..200_u16).filter(|&n| blocks(1, n.into(), n.into()) == 39);
        assert_eq!(short.collect::<Vec<_>>(), [61, 122]);
        assert_eq!((blocks(1, 7, 7), blocks(1, 100, 100)), (40, 40));
    }

    #[test]
    fn starved_server_has_no_points() {
        let continuum = continuum(&[100_000, 1]);
        assert!(continuum.points().iter().all(|point| point.owner() == 0));
    }

    #[test]
    fn wraps_around() {
        let continuum = continuum(&[1, 2, 3]);
        let (first, last) =
            (continuum.points()[0], continuum.points()[continuum.points().len() - 1]);
        let first_owner = &continuum.servers()[first.owner()];
        for hash in [0, first.value(), last.value() + 1, u32::MAX] {
            assert_eq!(continuum.at(hash), first_owner);
        }
    }

    #[test]
    fn equal_points_belong_to_the_earlier_server() {
        let servers = [(&b"a"[..], 1), (b"a", 2)];
        let servers = servers.map(|(name, weight)| Server::new(name, weight).expect("a server"));
        let continuum = Continuum::new(servers.to_vec()).expect("a continuum");
        let shared =
            continuum.points().windows(2).filter(|pair| pair[0].value() == pair[1].value());
        for pair in shared.clone() {
            assert_eq!((pair[0].owner(), pair[1].owner()), (0, 1));
            assert_eq!(continuum.at(pair[0].value()).weight(), 1);
        }
        assert_eq!(shared.count(), 4 * 26);
    }

    proptest! {
        #[test]
        fn lookup_follows_the_rule(
            weights in prop::collection::vec(1_i64..10_000, 1..60),
            hashes: Vec<u32>,
        ) {
            let continuum = continuum(&weights);
            prop_assert!(continuum.points().is_sorted());
            let near = continuum.points().iter().flat_map(|point| {
                let value = point.value();
                [value.wrapping_sub(1), value, value.wrapping_add(1)]
            });
            for hash in hashes.into_iter().chain(near.step_by(97)).chain([0, u32::MAX]) {
                let expected = &continuum.servers()[plain(&continuum, hash)];
                prop_assert_eq!(continuum.at(hash), expected);
            }
        }
    }
}
