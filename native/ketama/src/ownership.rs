//! How many hashes each server owns, and how many move when one continuum replaces another.
//!
//! All figures are exact numbers of hashes. They are sums over arcs of hashes (`Arcs`), not of the ring:
//! some clients give many hashes the same place.

use crate::continuum::Continuum;
use crate::edge::Arcs;
use crate::server::Server;
use std::collections::HashMap;
use std::fmt;

/// The number of hashes that each server owns, in the order of [`Continuum::servers`]. Entries that repeat
/// a name are counted at the first of them. The numbers add up to the range of the key hash. Linear in the
/// points.
#[must_use]
pub fn shares(continuum: &Continuum) -> Vec<(&Server, u64)> {
    let arcs = continuum.hash_arcs();
    let (periods, rest) = (arcs.range / arcs.period, arcs.range % arcs.period);
    let mut counts = vec![0; continuum.servers().len()];
    let mut start = 0;
    for (end, owner) in arcs.ends() {
        counts[owner] += periods * (end - start) + end.min(rest).saturating_sub(start);
        start = end;
    }
    let servers = continuum.servers().iter().zip(counts).enumerate();
    let distinct = servers.filter(|&(index, _)| continuum.canonical(index) == index);
    distinct.map(|(_, share)| share).collect()
}

/// Hashes that move from one server to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move<'a> {
    /// The server that owns them in the old continuum.
    pub from: &'a Server,
    /// The server that owns them in the new one. Its name differs.
    pub to: &'a Server,
    /// The number of hashes.
    pub count: u64,
}

/// Why two continua cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffError {
    /// They do not hash keys alike.
    HashesDiffer,
    /// There are too many servers: nearly every pair of them has hashes that move.
    SystemLimit,
}

impl fmt::Display for DiffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HashesDiffer => "the continua do not hash keys alike",
            Self::SystemLimit => "there are too many pairs of servers",
        })
    }
}

impl std::error::Error for DiffError {}

/// What moves when `new` replaces `old`, the largest move first; moves of the same size are in the order of
/// their names.
///
/// Linear in the points of both. If one of the clients takes hashes modulo a number, the cost is the points
/// of the one times the servers of the other.
///
/// # Errors
/// If the continua do not hash keys alike, or if one of the clients takes hashes modulo a number
/// and there are more than 2<sup>22</sup> pairs of servers.
pub fn diff<'a>(old: &'a Continuum, new: &'a Continuum) -> Result<Vec<Move<'a>>, DiffError> {
    let mut pairs = Pairs::new(old.servers().len(), new.servers().len());
    count_pairs(old, new, |from, to, count| pairs.add(from, to, count))?;
    let move_of =
        |(from, to, count)| Move { from: &old.servers()[from], to: &new.servers()[to], count };
    let moves = pairs.counted().map(move_of);
    let mut moves: Vec<_> = moves.filter(|m| m.from.name() != m.to.name()).collect();
    moves.sort_unstable_by(|a, b| {
        let names = |m: &Move<'a>| (m.from.name(), m.to.name());
        b.count.cmp(&a.count).then_with(|| names(a).cmp(&names(b)))
    });
    Ok(moves)
}

/// The number of hashes that move when `new` replaces `old`: the sum of [`diff`], without the memory for the
/// moves.
///
/// # Errors
/// As for [`diff`].
pub fn moved(old: &Continuum, new: &Continuum) -> Result<u64, DiffError> {
    let same: Vec<_> = old.servers().iter().map(|server| new.find(server.name())).collect();
    let mut moved = 0;
    count_pairs(old, new, |from, to, count| {
        if same[from] != Some(to) {
            moved += count;
        }
    })?;
    Ok(moved)
}

/// Splits all hashes by their owners in both continua: calls `add` with the old owner, the new owner and a
/// number of hashes, often several times for a pair.
fn count_pairs(
    old: &Continuum,
    new: &Continuum,
    mut add: impl FnMut(usize, usize, u64),
) -> Result<(), DiffError> {
    if !old.hashes_as(new) {
        return Err(DiffError::HashesDiffer);
    }
    let (old_arcs, new_arcs) = (old.hash_arcs(), new.hash_arcs());
    let range = old_arcs.range;
    let is_periodic = old_arcs.period < range || new_arcs.period < range;
    if is_periodic && !Pairs::are_few(old.servers().len(), new.servers().len()) {
        return Err(DiffError::SystemLimit);
    }
    // The pairs of owners repeat after the least common multiple of the periods.
    let joint = least_common_multiple(old_arcs.period, new_arcs.period).min(range);
    for (limit, times) in [(joint, range / joint), (range % joint, 1)] {
        if old_arcs.period >= new_arcs.period {
            overlay(&old_arcs, &new_arcs, limit, |from, to, count| add(from, to, times * count));
        } else {
            overlay(&new_arcs, &old_arcs, limit, |to, from, count| add(from, to, times * count));
        }
    }
    Ok(())
}

/// Splits the hashes below `limit`, as [`count_pairs`] does: lays each arc of `outer` on the arcs of `inner`,
/// whose period is not longer.
fn overlay(outer: &Arcs, inner: &Arcs, limit: u64, mut add: impl FnMut(usize, usize, u64)) {
    // By owner in `outer`, the whole periods of `inner` within its arcs.
    let mut periods: HashMap<usize, u64> = HashMap::new();
    let mut inner_arcs = inner.endless();
    // The rest of the current arc of `inner`.
    let (mut inner_left, mut inner_owner) = (0, 0);
    let mut all_left = limit;
    for (length, outer_owner) in outer.endless() {
        let length = length.min(all_left);
        all_left -= length;
        if length >= inner.period {
            *periods.entry(outer_owner).or_default() += length / inner.period;
        }
        let mut left = length % inner.period;
        while left > 0 {
            if inner_left == 0
                && let Some(next) = inner_arcs.next()
            {
                (inner_left, inner_owner) = next;
            }
            let count = left.min(inner_left);
            add(outer_owner, inner_owner, count);
            left -= count;
            inner_left -= count;
        }
        if all_left == 0 {
            break;
        }
    }
    for (outer_owner, periods) in periods {
        for (length, inner_owner) in inner.lengths() {
            add(outer_owner, inner_owner, periods * length);
        }
    }
}

/// The number of hashes of each pair of servers.
enum Pairs {
    /// A row of counts for each old server, and the length of a row: the number of new servers.
    Dense(Vec<u64>, usize),
    /// Only the pairs that have a count.
    Sparse(HashMap<(usize, usize), u64>),
}

impl Pairs {
    /// The maximum number of counts in [`Dense`](Self::Dense): 32 MiB.
    const MAX_DENSE: usize = 1 << 22;

    fn are_few(old: usize, new: usize) -> bool {
        old.checked_mul(new).is_some_and(|all| all <= Self::MAX_DENSE)
    }

    fn new(old: usize, new: usize) -> Self {
        if Self::are_few(old, new) {
            Self::Dense(vec![0; old * new], new)
        } else {
            Self::Sparse(HashMap::new())
        }
    }

    fn add(&mut self, from: usize, to: usize, count: u64) {
        match self {
            Self::Dense(counts, row) => counts[from * *row + to] += count,
            Self::Sparse(counts) => *counts.entry((from, to)).or_default() += count,
        }
    }

    /// The pairs that have a count, in any order.
    fn counted(self) -> Box<dyn Iterator<Item = (usize, usize, u64)>> {
        match self {
            Self::Dense(counts, row) => Box::new(
                counts
                    .into_iter()
                    .enumerate()
                    .filter(|&(_, count)| count > 0)
                    .map(move |(i, count)| (i / row, i % row, count)),
            ),
            Self::Sparse(counts) => {
                Box::new(counts.into_iter().map(|((from, to), count)| (from, to, count)))
            }
        }
    }
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::hash::Hash;
    use crate::options::Options;
    use proptest::prelude::*;
    use std::collections::HashMap;

    type Counts = HashMap<(Vec<u8>, Vec<u8>), u64>;

    fn continuum(servers: &[(String, i64)], dialect: &str, hash: &str) -> Continuum {
        let servers = servers
            .iter()
            .map(|(name, weight)| Server::new(name.as_bytes(), *weight).expect("a server"));
        let options = Options::new(Dialect::named(dialect).expect("a dialect"));
        let options = options.with_hash(Hash::named(hash).expect("a hash")).expect("its hash");
        Continuum::new(servers.collect(), options).expect("a continuum")
    }

    /// The name of a hash's owner, by the dialect's rule on the points alone.
    fn owner<'a>(continuum: &'a Continuum, points: &[(u32, usize)], hash: u64) -> &'a [u8] {
        let place = match continuum.options().dialect().name() {
            "modula" => hash % points.len() as u64,
            _ => hash,
        };
        let found =
            points.iter().find(|&&(value, _)| u64::from(value) >= place).unwrap_or(&points[0]);
        continuum.servers()[found.1].name()
    }

    fn naive_diff(old: &Continuum, new: &Continuum) -> Counts {
        let [old_points, new_points] = [old, new].map(Continuum::points);
        let mut moved = HashMap::new();
        for (hash, count) in runs(&[old, new]) {
            let from = owner(old, &old_points, hash);
            let to = owner(new, &new_points, hash);
            if from != to {
                *moved.entry((from.to_vec(), to.to_vec())).or_insert(0) += count;
            }
        }
        moved
    }

    /// The runs of hashes that have one owner in each ring, as their last hash and their length: owners
    /// change at points only.
    fn runs(continua: &[&Continuum]) -> impl Iterator<Item = (u64, u64)> {
        let ends = continua.iter().flat_map(|continuum| continuum.points());
        let mut ends: Vec<_> = ends.map(|(value, _)| u64::from(value)).collect();
        ends.push((1 << 32) - 1);
        ends.sort_unstable();
        ends.dedup();
        let mut start = 0;
        ends.into_iter().map(move |end| {
            let count = end + 1 - start;
            start = end + 1;
            (end, count)
        })
    }

    fn counted(moves: &[Move]) -> Counts {
        let names = |m: &Move| (m.from.name().to_vec(), m.to.name().to_vec());
        moves.iter().map(|m| (names(m), m.count)).collect()
    }

    fn servers() -> impl Strategy<Value = Vec<(String, i64)>> {
        prop::collection::vec(("[a-f]", 1_i64..100), 1..8)
    }

    #[test]
    fn one_server_owns_all() {
        for (dialect, hash, range) in [
            ("libketama", "md5", 1 << 32),
            ("modula", "md5", 1 << 32),
            ("modula", "crc15", 1 << 15),
        ] {
            let one = continuum(&[("a".into(), 1)], dialect, hash);
            assert_eq!(shares(&one), [(&one.servers()[0], range)]);
            let other = continuum(&[("b".into(), 7)], dialect, hash);
            let all = Move { from: &one.servers()[0], to: &other.servers()[0], count: range };
            assert_eq!(diff(&one, &other), Ok(vec![all]));
            assert_eq!(diff(&one, &one), Ok(vec![]));
        }
    }

    #[test]
    fn more_slots_than_hashes() {
        let ring = continuum(&[("a".into(), 30_000), ("b".into(), 10_000)], "modula", "crc15");
        let counts: Vec<_> = shares(&ring).iter().map(|&(_, count)| count).collect();
        assert_eq!(counts, [30_000, 2_768]);
    }

    #[test]
    fn equal_moves_are_in_the_order_of_names() {
        let ring = |names: [&str; 4]| {
            let servers = names.map(|name| (name.to_string(), 1));
            continuum(&servers, "modula", "md5")
        };
        let (old, new) = (ring(["d", "a", "c", "b"]), ring(["w", "z", "y", "x"]));
        let moves = diff(&old, &new).expect("moves");
        let names: Vec<_> = moves.iter().map(|m| (m.from.name(), m.to.name())).collect();
        let expected = [("a", "z"), ("b", "x"), ("c", "y"), ("d", "w")];
        assert_eq!(names, expected.map(|(from, to)| (from.as_bytes(), to.as_bytes())));
    }

    #[test]
    fn rings_that_cannot_be_compared() {
        let list = [("a".to_string(), 1)];
        let ring = |dialect, hash| continuum(&list, dialect, hash);
        let md5 = ring("twemproxy", "md5");
        assert_eq!(diff(&md5, &ring("twemproxy", "crc32")).err(), Some(DiffError::HashesDiffer));
        assert_eq!(diff(&md5, &ring("libketama", "md5")).map(|moves| moves.len()), Ok(0));
        let many: Vec<_> = (0..4000).map(|i| (format!("s{i}"), 1)).collect();
        let modula = continuum(&many, "modula", "md5");
        let ring = continuum(&many, "libketama", "md5");
        assert_eq!(diff(&modula, &ring).err(), Some(DiffError::SystemLimit));
        assert_eq!(diff(&ring, &modula).err(), Some(DiffError::SystemLimit));
        assert_eq!(DiffError::SystemLimit.to_string(), "there are too many pairs of servers");
    }

    #[test]
    fn many_pairs() {
        let many = |prefix| (0..2100).map(|i| (format!("{prefix}{i}"), 1)).collect::<Vec<_>>();
        let [old, new] = ["s", "t"].map(|prefix| continuum(&many(prefix), "libketama", "md5"));
        let moves = diff(&old, &new).expect("moves");
        assert_eq!(moves.iter().map(|m| m.count).sum::<u64>(), 1 << 32);
        assert_eq!(moved(&old, &new), Ok(1 << 32));
        assert_eq!(counted(&moves).len(), moves.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn diff_counts_hashes(old in servers(), new in servers()) {
            let ring = |list: &[_]| continuum(list, "libketama", "md5");
            let (old, new) = (ring(&old), ring(&new));
            let moves = diff(&old, &new).expect("moves");
            prop_assert!(moves.is_sorted_by(|a, b| a.count >= b.count));
            prop_assert_eq!(counted(&moves), naive_diff(&old, &new));
            prop_assert_eq!(moved(&old, &new), Ok(moves.iter().map(|m| m.count).sum()));
        }

        #[test]
        fn shares_count_hashes(list in servers()) {
            let ring = continuum(&list, "libketama", "md5");
            let points = ring.points();
            let mut owned = HashMap::new();
            for (hash, count) in runs(&[&ring]) {
                *owned.entry(owner(&ring, &points, hash)).or_insert(0) += count;
            }
            for (server, count) in shares(&ring) {
                prop_assert_eq!(owned.get(server.name()).copied().unwrap_or(0), count);
            }
        }

        /// 2^32 hashes are too many to try each, but moves must add up to the difference of the shares.
        #[test]
        fn sums_of_moves_are_shares(old in servers(), new in servers(), both: bool) {
            let new_dialect = if both { "modula" } else { "twemproxy" };
            let (old, new) = (continuum(&old, "modula", "md5"), continuum(&new, new_dialect, "md5"));
            let pairs = diff(&old, &new).expect("moves");
            for (server, count) in shares(&old) {
                let gone: u64 = pairs.iter().filter(|m| m.from == server).map(|m| m.count).sum();
                prop_assert!(gone <= count);
                let come = pairs.iter().filter(|m| m.to.name() == server.name()).map(|m| m.count);
                let after = shares(&new).into_iter().find(|(s, _)| s.name() == server.name());
                prop_assert_eq!(count - gone + come.sum::<u64>(), after.map_or(0, |(_, count)| count));
            }
        }

    }

    proptest! {
        // A case counts 2^15 hashes on each ring.
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Every hash of crc15, on any two rings.
        #[test]
        fn diff_counts_all_hashes(old in servers(), new in servers(), dialects in 0_usize..9) {
            let names = ["modula", "twemproxy", "libmemcached_consistent"];
            let old = continuum(&old, names[dialects % 3], "crc15");
            let new = continuum(&new, names[dialects / 3], "crc15");
            let owners = [&old, &new].map(|ring| {
                let points = ring.points();
                (0..1 << 15).map(|hash| owner(ring, &points, hash)).collect::<Vec<_>>()
            });
            let mut moved = HashMap::new();
            for (from, to) in owners[0].iter().zip(&owners[1]).filter(|(from, to)| from != to) {
                *moved.entry((from.to_vec(), to.to_vec())).or_insert(0) += 1;
            }
            prop_assert_eq!(counted(&diff(&old, &new).expect("moves")), moved);
            for (ring, owners) in [&old, &new].into_iter().zip(&owners) {
                for (server, count) in shares(ring) {
                    let owned = owners.iter().filter(|&&name| name == server.name());
                    prop_assert_eq!(owned.count() as u64, count);
                }
            }
        }
    }
}
