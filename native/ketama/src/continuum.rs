//! The continuum: every server's points in ascending order, and the lookup of a key's server.

use crate::dialect::Dialect;
use crate::hash::hash;
use crate::md5::{LANES, digests};
use crate::server::{Fault, Server};
use fearless_simd::Level;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::io::Write;

/// A ring of servers. Immutable; a lookup is one MD5 and a look at the next few points.
#[derive(Debug)]
pub struct Continuum {
    servers: Box<[Server]>,
    /// For each server, the index of the first of its name.
    namesakes: Box<[usize]>,
    /// Ascending; of equal points the first is the one found. Behind them stand a few of the first
    /// point's owner, at the end of the continuum.
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

/// How many points are compared with a hash at once.
const NEAR: usize = 4;

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
    /// The continuum that the client `dialect` makes of `servers`: about 160 points a server, 10 to
    /// 12 bytes each, and as many quarters of an MD5.
    ///
    /// # Errors
    /// An empty list, a sum of weights over 64 bits, or more points than there is memory for.
    pub fn new(servers: Vec<Server>, dialect: Dialect) -> Result<Self, BuildError> {
        let mut total = 0_u64;
        for (index, server) in servers.iter().enumerate() {
            total = total.checked_add(server.weight()).ok_or(BuildError::TotalOutOfRange(index))?;
        }
        let blocks = dialect.blocks(&servers, total);
        let count = 4 * servers.iter().map(|server| u64::from(blocks(server))).sum::<u64>();
        // The index counts points in 32 bits.
        let count = u32::try_from(count).map_err(|_| BuildError::SystemLimit)?;
        if count == 0 {
            return Err(BuildError::NoServers);
        }
        let mut unsorted = reserve(count as usize)?;
        let mut labels = Default::default();
        for (owner, server) in (0..).zip(&servers) {
            let label = dialect.label(server.name());
            extend(&mut unsorted, owner, label, blocks(server), &mut labels);
        }
        let bits = count.ilog2();
        let shift = u32::BITS - bits;
        let (points, index) = sort(&unsorted, shift, dialect.later_wins())?;
        let mut first = HashMap::new();
        let namesakes = servers.iter().enumerate();
        let namesakes = namesakes.map(|(i, server)| *first.entry(server.name()).or_insert(i));
        let namesakes = namesakes.collect();
        Ok(Self { servers: servers.into(), namesakes, points, index, shift })
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
        &self.servers[self.owner(hash)]
    }

    /// The index in [`servers`](Self::servers) of the server [`at`](Self::at) `hash`.
    #[must_use]
    pub fn owner(&self, hash: u32) -> usize {
        self.points[self.found(hash)].owner()
    }

    /// The index of the first point that is not below `hash`, or of the first behind the points.
    fn found(&self, hash: u32) -> usize {
        let bucket = (hash >> self.shift) as usize;
        let start = self.index[bucket] as usize;
        // Nearly always the point is among the next few. Counted without a branch, which the
        // processor would take wrong for every other key.
        let near = &self.points[start..start + NEAR];
        let mut found = start + near.iter().filter(|point| point.value() < hash).count();
        if found == start + NEAR {
            let rest = &self.points[found..self.index[bucket + 1] as usize];
            found += rest.partition_point(|point| point.value() < hash);
        }
        found
    }

    /// The index of the first server that has the name of server `index`: two lines of one name
    /// are one server with the points of both.
    #[must_use]
    pub fn namesake(&self, index: usize) -> usize {
        self.namesakes[index]
    }

    /// The first `count` servers of different names from `hash` on, its owner first; fewer when the
    /// continuum has fewer. Walks as far as it takes, at most around the whole continuum.
    #[must_use]
    pub fn replicas(&self, hash: u32, count: usize) -> Vec<&Server> {
        let (before, from) = self.points().split_at(self.found(hash).min(self.points().len()));
        let mut seen = vec![false; self.servers.len()];
        let owners = from.iter().chain(before).map(|point| self.namesakes[point.owner()]);
        let others = owners.filter(|&owner| !std::mem::replace(&mut seen[owner], true));
        others.take(count).map(|owner| &self.servers[owner]).collect()
    }

    /// The arcs of the continuum in ascending order: the hash behind its last, and the index of the
    /// first server of its owner's name.
    pub(crate) fn arcs(&self) -> impl Iterator<Item = (u64, usize)> {
        // The first point behind the points ends the last arc.
        let ends = &self.points[..=self.points().len()];
        let first = ends
            .iter()
            .enumerate()
            .filter(|&(i, end)| i == 0 || ends[i - 1].value() != end.value());
        first.map(|(_, end)| (u64::from(end.value()) + 1, self.namesakes[end.owner()]))
    }

    /// The servers, in the order given.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The points, ascending.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points[..self.points.len() - NEAR]
    }
}

/// Adds the points of a server: the words of the MD5s of `name-0`, `name-1` and so on. The `labels`
/// are memory to write in.
fn extend(
    points: &mut Vec<Point>,
    owner: u32,
    name: &[u8],
    blocks: u32,
    labels: &mut [Vec<u8>; LANES],
) {
    for start in (0..blocks).step_by(LANES) {
        let mut count = 0;
        for (block, label) in (start..blocks).zip(&mut *labels) {
            label.clear();
            label.extend_from_slice(name);
            // Writing to a Vec does not fail.
            let _ = write!(label, "-{block}");
            count += 1;
        }
        let words = digests(Level::new(), &labels[..count]);
        for lane in 0..count {
            points.extend(words.map(|word| Point::new(word[lane], owner)));
        }
    }
}

/// The points ascending, and the index to them, by a counting sort on the upper bits.
#[allow(clippy::type_complexity)]
fn sort(
    unsorted: &[Point],
    shift: u32,
    later_wins: bool,
) -> Result<(Box<[Point]>, Box<[u32]>), BuildError> {
    let bucket = |point: &Point| (point.value() >> shift) as usize;
    let mut index = filled(0, (1 << (u32::BITS - shift)) + 1)?;
    for point in unsorted {
        index[bucket(point) + 1] += 1;
    }
    let mut end = 0;
    for entry in &mut index {
        end += *entry;
        *entry = end;
    }
    // Each entry moves from the start of its bucket to the end, which is the start of the next.
    let mut points = filled(Point::new(0, 0), unsorted.len() + NEAR)?;
    for point in unsorted {
        let next = &mut index[bucket(point)];
        points[*next as usize] = *point;
        *next += 1;
    }
    let mut start = 0;
    for entry in &mut index {
        let bucket = &mut points[start..*entry as usize];
        if later_wins {
            bucket.sort_unstable_by_key(|point| (point.value(), Reverse(point.owner())));
        } else {
            bucket.sort_unstable();
        }
        start = *entry as usize;
    }
    let end = Point(points[0].0 | u64::from(u32::MAX) << 32);
    points[unsorted.len()..].fill(end);
    index.rotate_right(1);
    index[0] = 0;
    Ok((points.into(), index.into()))
}

/// A `Vec` of `count` copies of `value`.
fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>, BuildError> {
    let mut vec = reserve(count)?;
    vec.resize(count, value);
    Ok(vec)
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
        Continuum::new(servers.collect(), Dialect::default()).expect("a continuum")
    }

    /// The rule itself: the first point that is not below the hash, else the first of all.
    fn plain(continuum: &Continuum, hash: u32) -> usize {
        let points = continuum.points();
        let found = points.iter().find(|point| point.value() >= hash);
        found.unwrap_or(&points[0]).owner()
    }

    #[test]
    fn no_servers() {
        assert_eq!(
            Continuum::new(Vec::new(), Dialect::default()).err(),
            Some(BuildError::NoServers)
        );
    }

    #[test]
    fn total_over_64_bits() {
        let server = Server::new(b"a", i64::MAX).expect("a server");
        assert!(Continuum::new(vec![server.clone(); 2], Dialect::default()).is_ok());
        let error = Continuum::new(vec![server; 3], Dialect::default()).err();
        assert_eq!(error, Some(BuildError::TotalOutOfRange(2)));
    }

    #[test]
    fn starved_server_has_no_points() {
        let continuum = continuum(&[100_000, 1]);
        assert!(continuum.points().iter().all(|point| point.owner() == 0));
    }

    #[test]
    fn replicas_are_the_next_servers_of_other_names() {
        let names = [&b"a"[..], b"b", b"a", b"c", b"starved"];
        let weights = [3, 2, 1, 4, 1];
        let servers = names.iter().zip(weights).map(|(name, weight)| {
            let weight = if *name == b"starved" { 1 } else { 1_000_000 * weight };
            Server::new(name, weight).expect("a server")
        });
        let continuum = Continuum::new(servers.collect(), Dialect::default()).expect("a continuum");
        let points = continuum.points();
        for hash in (0..=u32::MAX).step_by(50_000_017).chain([0, u32::MAX]) {
            let start = points.iter().position(|point| point.value() >= hash).unwrap_or(0);
            let mut names = Vec::new();
            for point in points[start..].iter().chain(&points[..start]) {
                let name = continuum.servers()[point.owner()].name();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            assert_eq!(names.len(), 3);
            for count in 0..6 {
                let replicas = continuum.replicas(hash, count);
                let found: Vec<_> = replicas.iter().map(|server| server.name()).collect();
                assert_eq!(found, names[..count.min(3)], "{hash}");
            }
        }
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
        let continuum = Continuum::new(servers.to_vec(), Dialect::default()).expect("a continuum");
        let shared =
            continuum.points().windows(2).filter(|pair| pair[0].value() == pair[1].value());
        for pair in shared.clone() {
            assert_eq!((pair[0].owner(), pair[1].owner()), (0, 1));
            assert_eq!(continuum.at(pair[0].value()).weight(), 1);
        }
        assert_eq!(shared.count(), 4 * 26);
    }

    #[test]
    fn equal_points_of_other_names_belong_to_the_earlier_server() {
        // 320,000 points among 2^32 places: about a dozen places are taken twice.
        let continuum = continuum(&[1; 2000]);
        let pairs = continuum.points().windows(2);
        let shared: Vec<_> = pairs.filter(|pair| pair[0].value() == pair[1].value()).collect();
        assert!(shared.len() > 3);
        for pair in shared {
            assert!(pair[0].owner() < pair[1].owner());
            assert_eq!(continuum.owner(pair[0].value()), pair[0].owner());
        }
    }

    #[test]
    fn many_equal_points() {
        let servers = vec![Server::new(b"a", 1).expect("a server"); 50];
        let continuum = Continuum::new(servers, Dialect::default()).expect("a continuum");
        for point in continuum.points() {
            assert_eq!(continuum.owner(point.value()), 0);
            assert_eq!(continuum.owner(point.value() + 1), plain(&continuum, point.value() + 1));
            assert_eq!(continuum.namesake(point.owner()), 0);
        }
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
