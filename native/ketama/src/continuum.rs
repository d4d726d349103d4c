//! The continuum: servers, their points, and the lookup of a key.

use crate::dialect::{Excess, Pool};
use crate::edge::Arcs;
use crate::names::Names;
use crate::options::Options;
use crate::place::Place;
use crate::points::Points;
use crate::server::{Fault, Server};
use std::collections::{HashSet, TryReserveError};
use std::fmt;
use std::ops::Range;

/// A ring of servers. It never changes. A lookup hashes the key and compares a few points.
#[derive(Debug)]
pub struct Continuum {
    servers: Box<[Server]>,
    names: Names,
    points: Points,
    /// The client's own points, without those that the edge has added.
    client_points: Range<usize>,
    /// The number of points of each server.
    counts: Box<[u32]>,
    place: Place,
    options: Options,
}

/// Why a list of servers makes no continuum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// There are no servers, or none of them has a point.
    NoServers,
    /// The sum of the weights passes 2<sup>64</sup> - 1 at the server with this index.
    TotalOutOfRange(usize),
    /// There are too many points, or too little memory for them.
    SystemLimit,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServers => f.write_str("there are no servers"),
            Self::TotalOutOfRange(index) => {
                write!(f, "server {}: {}", index + 1, Fault::TotalOutOfRange)
            }
            Self::SystemLimit => f.write_str("there are too many points, or too little memory"),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<TryReserveError> for BuildError {
    fn from(_: TryReserveError) -> Self {
        Self::SystemLimit
    }
}

impl Continuum {
    /// Makes the client's continuum of these servers. Most clients have about 160 points a server. A point
    /// takes 12 bytes; one MD5 makes four.
    ///
    /// # Errors
    /// If no server has a point, the sum of the weights passes 64 bits, or there are too many points or too
    /// little memory for them.
    pub fn new(servers: Vec<Server>, options: Options) -> Result<Self, BuildError> {
        let (dialect, hash) = (options.dialect(), options.hash());
        let (pool, count) = Self::pool(&servers, options)?;
        if count == 0 {
            return Err(BuildError::NoServers);
        }
        let order = dialect.order(&servers);
        let mut unsorted = dialect.points(&pool, &servers, &order, hash, count)?;
        let mut counts = vec![0; servers.len()];
        for &(owner, count) in &unsorted.owners {
            counts[owner as usize] = count;
        }
        let place = Place { hash, tag: options.tag(), edge: dialect.edge(&pool) };
        let extra = place.edge.extra_points(unsorted.iter());
        let extra_below = extra.iter().filter(|point| point.value() < u32::MAX).count();
        unsorted.extend(&extra);
        let points = Points::new(unsorted, dialect.winner())?;
        let client_points = extra_below..extra_below + count;
        let (names, servers) = (Names::of(&servers), servers.into());
        Ok(Self { servers, names, points, client_points, counts: counts.into(), place, options })
    }

    /// The number of points of the continuum of these servers: a measure of the time that making it takes.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn point_count(servers: &[Server], options: Options) -> Result<usize, BuildError> {
        Self::pool(servers, options).map(|(_, count)| count)
    }

    fn pool(servers: &[Server], options: Options) -> Result<(Pool, usize), BuildError> {
        servers.iter().enumerate().try_fold(0_u64, |total, (index, server)| {
            total.checked_add(server.weight()).ok_or(BuildError::TotalOutOfRange(index))
        })?;
        let pool = options.pool(servers);
        let count = options.dialect().point_count(&pool, servers)?;
        Ok((pool, count))
    }

    /// The client and how it is configured.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    /// The server of a key.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &[u8]) -> &Server {
        &self.servers[self.owner_at(self.place.of(key))]
    }

    /// For each of up to [`LANES`](crate::LANES) keys, the index of its server in
    /// [`servers`](Self::servers).
    ///
    /// # Panics
    /// If there are more keys.
    #[inline]
    pub fn owners(&self, keys: &[&[u8]]) -> impl Iterator<Item = usize> {
        self.place.many(keys).into_iter().take(keys.len()).map(|place| self.owner_at(place))
    }

    #[inline]
    fn owner_at(&self, place: u32) -> usize {
        self.points.owner(self.points.successor(place))
    }

    /// The hash of a key, in the client's own terms.
    #[must_use]
    pub fn hash(&self, key: &[u8]) -> u32 {
        self.place.hash(key)
    }

    /// The canonical index of a server: the first index with its name. Entries that repeat a name are one
    /// server, which has the points of them all.
    #[must_use]
    #[inline]
    pub fn canonical(&self, index: usize) -> usize {
        self.names.canonical(index)
    }

    /// The canonical index of the server with this name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.names.find(&self.servers, name)
    }

    /// The canonical indices of the owners of the points clockwise from a key, once around the ring.
    /// Servers repeat.
    fn clockwise(&self, key: &[u8]) -> impl Iterator<Item = usize> {
        let start = self.points.successor(self.place.of(key));
        self.points
            .clockwise(&self.client_points, start)
            .map(|point| self.names.canonical(point.owner()))
    }

    /// The canonical indices of the first `count` servers clockwise from a key, its own first; fewer if
    /// fewer have points. Counts `steps` down for each point that is looked at; `None` if they run out.
    #[must_use]
    pub fn replicas(&self, key: &[u8], count: usize, steps: &mut usize) -> Option<Vec<usize>> {
        let mut seen = vec![false; self.servers.len()];
        let mut replicas = Vec::new();
        let mut owners = self.clockwise(key);
        while replicas.len() < count
            && let Some(owner) = owners.next()
        {
            *steps = steps.checked_sub(1)?;
            if !std::mem::replace(&mut seen[owner], true) {
                replicas.push(owner);
            }
        }
        Some(replicas)
    }

    /// The set of servers that [`owner_except`](Self::owner_except) passes over. Unknown names are ignored.
    /// `None` if no server with a point would remain.
    #[must_use]
    pub fn except<'a>(&self, names: impl IntoIterator<Item = &'a [u8]>) -> Option<Except> {
        let mut down = vec![false; self.servers.len()];
        for name in names {
            if let Some(index) = self.find(name) {
                down[index] = true;
            }
        }
        let mut counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.any(|(index, _)| !down[self.names.canonical(index)]).then_some(Except(down))
    }

    /// The canonical index of the first server clockwise from a key that is not in `except`. Counts `steps`
    /// down for each point that is looked at; `None` if they run out.
    #[must_use]
    pub fn owner_except(&self, key: &[u8], except: &Except, steps: &mut usize) -> Option<usize> {
        self.clockwise(key)
            .map_while(|owner| {
                *steps = steps.checked_sub(1)?;
                Some(owner)
            })
            .find(|&owner| !except.0[owner])
    }

    /// The continuum of a client that has ejected the servers with these names, because they are down. A
    /// server without points stays in: the client never asks it, and does not notice that it is down.
    ///
    /// # Errors
    /// If no server with a point is left, or there is too little memory.
    pub fn without(&self, names: &HashSet<&[u8]>) -> Result<Self, BuildError> {
        let is_noticed = |server: &Server, count| count > 0 && names.contains(server.name());
        let all = self.servers.iter().zip(&self.counts);
        let left = all.filter(|&(server, &count)| !is_noticed(server, count));
        let rest = Self::new(left.map(|(server, _)| server.clone()).collect(), self.options)?;
        // A server without points may get some among fewer servers.
        let mut all = rest.servers.iter().zip(&rest.counts);
        if all.any(|(server, &count)| is_noticed(server, count)) {
            rest.without(names)
        } else {
            Ok(rest)
        }
    }

    /// The arcs of hashes, with the canonical indices of their owners.
    pub(crate) fn hash_arcs(&self) -> Arcs<'_> {
        let arcs = || self.points.arcs().map(|(end, owner)| (end, self.names.canonical(owner)));
        self.place.edge.hash_arcs(arcs, self.place.hash.range())
    }

    /// The memory of the continuum, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let names: usize = self.servers.iter().map(Server::allocated_bytes).sum();
        let counts = size_of_val(&*self.counts);
        size_of::<Self>()
            + size_of_val(&*self.servers)
            + names
            + self.names.bytes()
            + self.points.bytes()
            + counts
    }

    /// Whether both hash keys alike.
    #[must_use]
    pub fn hashes_as(&self, other: &Self) -> bool {
        self.place.hash == other.place.hash && self.place.tag == other.place.tag
    }

    /// The servers, in the order given.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The number of points of each server.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The value of each point and the index of its server, in the client's own terms and order. A lookup
    /// finds the first of equal points.
    #[must_use]
    pub fn points(&self) -> Vec<(u32, usize)> {
        let edge = self.place.edge;
        let client_points = &self.points.sorted()[self.client_points.clone()];
        let mut points: Vec<_> = client_points
            .iter()
            .map(|point| (edge.to_client(point.value()), point.owner()))
            .collect();
        points.sort_by_key(|&(value, _)| edge.order(value));
        points
    }

    /// The limits of the client itself that this continuum exceeds.
    #[must_use]
    pub fn excesses(&self) -> Vec<Excess> {
        self.options.dialect().excesses(&self.options.pool(&self.servers), &self.servers)
    }
}

/// Servers of a continuum that a lookup passes over.
#[derive(Debug)]
pub struct Except(Vec<bool>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{DIALECTS, Dialect};

    fn servers(servers: &[(&str, i64)]) -> Vec<Server> {
        let server = |&(name, weight): &(&str, _)| Server::new(name.as_bytes(), weight);
        servers.iter().map(|entry| server(entry).expect("a server")).collect()
    }

    fn continuum(list: &[(&str, i64)], dialect: &str) -> Continuum {
        let options = Options::new(Dialect::named(dialect).expect("a dialect"));
        Continuum::new(servers(list), options).expect("a continuum")
    }

    fn keys() -> impl Iterator<Item = String> {
        (0..500).map(|i| format!("key:{i}"))
    }

    /// The rule itself, for clients whose edge transforms nothing: the names clockwise from a key.
    fn naive_walk<'a>(continuum: &'a Continuum, key: &str) -> Vec<&'a [u8]> {
        let points = continuum.points();
        let hash = continuum.hash(key.as_bytes());
        let start = points.iter().position(|&(value, _)| value >= hash).unwrap_or(0);
        let mut names: Vec<&[u8]> = Vec::new();
        for (_, owner) in points[start..].iter().chain(&points[..start]) {
            let name = continuum.servers()[*owner].name();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    const REPEATED: [(&str, i64); 5] =
        [("a", 3_000_000), ("b", 2_000_000), ("a", 1_000_000), ("c", 4_000_000), ("starved", 1)];

    #[test]
    fn lists_that_make_no_continuum() {
        let make = |list| Continuum::new(list, Options::default()).err();
        assert_eq!(make(Vec::new()), Some(BuildError::NoServers));
        let max = ("a", i64::MAX);
        assert_eq!(make(servers(&[max; 2])), None);
        let error = BuildError::TotalOutOfRange(2);
        assert_eq!(make(servers(&[max; 3])), Some(error));
        assert_eq!(error.to_string(), "server 3: total out of range");
        let modula = Options::new(Dialect::named("modula").expect("a dialect"));
        let error = Continuum::new(servers(&[max; 2]), modula).err();
        assert_eq!(error, Some(BuildError::SystemLimit));
    }

    #[test]
    fn starved_server_has_no_points() {
        let continuum = continuum(&[("a", 100_000), ("b", 1)], "libketama");
        assert_eq!(continuum.counts(), [316, 0]);
        assert!(continuum.points().iter().all(|&(_, owner)| owner == 0));
    }

    #[test]
    fn keys_go_where_the_rule_says() {
        let same = ["libketama", "libmemcached", "twemproxy", "spymemcached", "hashring"];
        for dialect in DIALECTS.iter().map(Dialect::name).filter(|name| same.contains(name)) {
            let continuum = continuum(&REPEATED, dialect);
            for key in keys() {
                let names = naive_walk(&continuum, &key);
                assert_eq!(continuum.get(key.as_bytes()).name(), names[0]);
                let owner = continuum.owners(&[b"", key.as_bytes()]).nth(1).expect("an owner");
                assert_eq!(continuum.servers()[owner].name(), names[0]);
            }
        }
    }

    #[test]
    fn replicas_are_the_next_servers_of_other_names() {
        let continuum = continuum(&REPEATED, "libketama");
        for key in keys() {
            let names = naive_walk(&continuum, &key);
            assert_eq!(names.len(), 3);
            for count in 0..6 {
                let replicas = continuum.replicas(key.as_bytes(), count, &mut usize::MAX.clone());
                let replicas = replicas.expect("within any number of steps");
                let found: Vec<_> =
                    replicas.iter().map(|&i| continuum.servers()[i].name()).collect();
                assert_eq!(found, names[..count.min(3)], "{key}");
                assert!(replicas.iter().all(|&index| continuum.canonical(index) == index));
            }
        }
    }

    #[test]
    fn steps_are_counted() {
        let continuum = continuum(&REPEATED, "libketama");
        let points = continuum.points().len();
        let mut steps = points;
        assert_eq!(continuum.replicas(b"k", 4, &mut steps).map(|found| found.len()), Some(3));
        assert_eq!(steps, 0);
        assert_eq!(continuum.replicas(b"k", 4, &mut (points - 1)), None);
        assert_eq!(continuum.replicas(b"k", 1, &mut 0), None);
        assert!(continuum.replicas(b"k", 1, &mut 1).is_some());
        let except = continuum.except([&b"a"[..], b"b"]).expect("another server");
        let mut steps = points;
        assert_eq!(continuum.owner_except(b"k", &except, &mut steps), Some(3));
        let taken = points - steps;
        assert_eq!(continuum.owner_except(b"k", &except, &mut (taken - 1)), None);
        assert_eq!(continuum.owner_except(b"k", &except, &mut { taken }), Some(3));
    }

    #[test]
    fn lookups_pass_over_servers() {
        let continuum = continuum(&REPEATED, "libketama");
        for down in [&["a"][..], &["c"], &["a", "b"], &["b", "nobody", "starved"], &[]] {
            let except = continuum.except(down.iter().map(|name| name.as_bytes()));
            let except = except.expect("another server");
            for key in keys() {
                let owner =
                    continuum.owner_except(key.as_bytes(), &except, &mut usize::MAX.clone());
                let names = naive_walk(&continuum, &key);
                let expected =
                    names.iter().find(|name| down.iter().all(|d| d.as_bytes() != **name));
                let owner = owner.map(|index| continuum.servers()[index].name());
                assert_eq!(owner, expected.copied(), "{key} {down:?}");
            }
        }
        // A server without a point takes no keys.
        assert!(continuum.except([&b"a"[..], b"b", b"c"]).is_none());
    }

    #[test]
    fn the_others_are_a_ring_of_their_own() {
        let without = |list: &[(&str, i64)], names: &[&str]| {
            let names = names.iter().map(|name| name.as_bytes()).collect();
            let continuum = continuum(list, "twemproxy").without(&names)?;
            Ok(continuum.servers().iter().map(Server::weight).collect::<Vec<_>>())
        };
        let list = [("a", 100), ("b", 200), ("a", 300), ("c", 400)];
        assert_eq!(without(&list, &["a", "nobody"]), Ok(vec![200, 400]));
        assert_eq!(without(&list, &[]), Ok(vec![100, 200, 300, 400]));
        assert_eq!(without(&list, &["a", "b", "c"]), Err(BuildError::NoServers));
        // Nobody asks `starved` while it has no points; once it has some, it is noticed to be down.
        let list = [("a", 1_000_000), ("b", 100), ("starved", 1)];
        assert_eq!(without(&list, &["starved"]), Ok(vec![1_000_000, 100, 1]));
        assert_eq!(without(&list, &["a", "starved"]), Ok(vec![100, 1]));
        let list = [("a", 1_000_000), ("b", 100), ("starved", 10)];
        assert_eq!(without(&list, &["a", "starved"]), Ok(vec![100]));
    }

    #[test]
    fn shared_points() {
        let winners = |names: [&'static str; 2], dialect| {
            let continuum = continuum(&names.map(|name| (name, 1)), dialect);
            let mut points = continuum.points();
            points.dedup_by_key(|&mut (value, _)| value);
            let mut owners: Vec<_> = points.iter().map(|&(_, owner)| names[owner]).collect();
            owners.dedup();
            owners
        };
        let same = ["10.0.0.1:11211", "10.0.0.1"];
        assert_eq!(winners(same, "libmemcached"), [same[0]]);
        assert_eq!(winners(same, "libmemcached_consistent"), [same[0]]);
        assert_eq!(winners(same, "twemproxy"), [same[0]]);
        assert_eq!(winners(["/a:1", "a:1"], "spymemcached"), ["a:1"]);
    }

    #[test]
    fn points_are_the_clients_own() {
        for dialect in &DIALECTS {
            let servers = servers(&[("a", 1), ("b", 2), ("c", 3)]);
            let options = Options::new(dialect);
            let (pool, count) = Continuum::pool(&servers, options).expect("a pool");
            let order = dialect.order(&servers);
            let points = dialect.points(&pool, &servers, &order, options.hash(), count);
            let points = points.expect("memory");
            let to_client = |value| dialect.edge(&pool).to_client(value);
            let points = points.iter().map(|point| (to_client(point.value()), point.owner()));
            let mut expected: Vec<_> = points.collect();
            expected.sort_by_key(|&(value, _)| match dialect.name() {
                "folsom" => i64::from(value.cast_signed()),
                _ => value.into(),
            });
            assert_eq!(Continuum::point_count(&servers, options), Ok(expected.len()));
            let continuum = Continuum::new(servers, options).expect("a continuum");
            assert_eq!(continuum.points(), expected, "{}", dialect.name());
        }
    }

    #[test]
    fn limits_of_the_client() {
        let excesses = |weight| continuum(&[("a", weight)], "twemproxy").excesses();
        assert_eq!(excesses((1 << 31) - 1), []);
        assert_eq!(excesses(1 << 31), [Excess::Total { limit: (1 << 31) - 1 }]);
    }

    #[test]
    fn bytes_of_all_parts() {
        let long_name = "cache-a.example.com:11211";
        let continuum = continuum(&[("a:1", 1), (long_name, 1)], "libketama");
        // Two indices of names, and the number of points.
        let server = size_of::<Server>() + 3 * 4;
        // 320 points and four sentinels, and the index, which has room for the 322 points that an edge may make.
        let points = 8 * (320 + 4) + 4 * (320 + 2);
        let expected = size_of::<Continuum>() + 2 * server + long_name.len() + points;
        assert_eq!(continuum.bytes(), expected);
    }

    #[test]
    fn weights_of_modula_are_slots() {
        let continuum = continuum(&[("a", 2), ("b", 1), ("c", 3)], "modula");
        let points = continuum.points();
        assert_eq!(points, [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 2)]);
        for key in keys() {
            let slot = continuum.hash(key.as_bytes()) as usize % 6;
            assert_eq!(
                continuum.get(key.as_bytes()).name(),
                [&b"a"[..], b"a", b"b", b"c", b"c", b"c"][slot]
            );
        }
    }
}
