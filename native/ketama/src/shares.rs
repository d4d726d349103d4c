//! The arithmetic of continua: what part of the 2<sup>32</sup> hash values each server owns, and
//! what part moves from one continuum to another. Exact: all figures count hash values.

use crate::continuum::Continuum;
use crate::server::Server;
use std::collections::HashMap;

/// How many hash values there are.
pub const ALL: u64 = 1 << 32;

/// How many hash values each server owns, in the order of [`Continuum::servers`], those of one name
/// together at the first of them. Linear in the points.
#[must_use]
pub fn shares(continuum: &Continuum) -> Vec<(&Server, u64)> {
    let mut counts = vec![0; continuum.servers().len()];
    let mut start = 0;
    for (end, owner) in continuum.arcs() {
        counts[owner] += end - start;
        start = end;
    }
    let servers = continuum.servers().iter().zip(counts).enumerate();
    let distinct = servers.filter(|&(index, _)| continuum.namesake(index) == index);
    distinct.map(|(_, share)| share).collect()
}

/// Hash values that go from one server to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move<'a> {
    /// The server that owns them in the old continuum.
    pub from: &'a Server,
    /// The server that owns them in the new one; its name is another.
    pub to: &'a Server,
    /// How many they are.
    pub count: u64,
}

/// What moves when `new` takes the place of `old`, the most first. One merge: linear in the points
/// of both.
#[must_use]
pub fn diff<'a>(old: &'a Continuum, new: &'a Continuum) -> Vec<Move<'a>> {
    let mut counts = HashMap::new();
    let (mut old_arcs, mut new_arcs) = (old.arcs().peekable(), new.arcs().peekable());
    let mut start = 0;
    while let (Some(&(old_end, from)), Some(&(new_end, to))) = (old_arcs.peek(), new_arcs.peek()) {
        let end = old_end.min(new_end);
        *counts.entry((from, to)).or_insert(0) += end - start;
        start = end;
        old_arcs.next_if(|&(old_end, _)| old_end == end);
        new_arcs.next_if(|&(new_end, _)| new_end == end);
    }
    let all = counts.into_iter().map(|((from, to), count)| Move {
        from: &old.servers()[from],
        to: &new.servers()[to],
        count,
    });
    let mut moves: Vec<_> = all.filter(|m| m.from.name() != m.to.name()).collect();
    moves.sort_unstable_by(|a, b| {
        let names = |m: &Move<'a>| (m.from.name(), m.to.name());
        b.count.cmp(&a.count).then_with(|| names(a).cmp(&names(b)))
    });
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use proptest::prelude::*;

    fn continuum(servers: &[(String, i64)]) -> Continuum {
        let servers = servers
            .iter()
            .map(|(name, weight)| Server::new(name.as_bytes(), *weight).expect("a server"));
        Continuum::new(servers.collect(), Dialect::default()).expect("a continuum")
    }

    /// Every hash at which the owner can change: the points and their neighbours.
    fn ends(continua: &[&Continuum]) -> Vec<u64> {
        let points = continua.iter().flat_map(|continuum| continuum.points());
        let ends = points.map(|point| u64::from(point.value()) + 1);
        let mut ends: Vec<_> = ends.chain([ALL]).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    fn last(end: u64) -> u32 {
        u32::try_from(end - 1).expect("a hash")
    }

    /// By lookups alone: between two ends that follow one another all hashes have one owner.
    fn plain_diff(old: &Continuum, new: &Continuum) -> HashMap<(Vec<u8>, Vec<u8>), u64> {
        let mut moved = HashMap::new();
        let mut start = 0;
        for end in ends(&[old, new]) {
            let (from, to) = (old.at(last(end)).name(), new.at(last(end)).name());
            if from != to {
                *moved.entry((from.to_vec(), to.to_vec())).or_insert(0) += end - start;
            }
            start = end;
        }
        moved
    }

    fn plain_shares(continuum: &Continuum) -> HashMap<Vec<u8>, u64> {
        let mut shares = HashMap::new();
        let mut start = 0;
        for end in ends(&[continuum]) {
            *shares.entry(continuum.at(last(end)).name().to_vec()).or_insert(0) += end - start;
            start = end;
        }
        shares
    }

    fn servers() -> impl Strategy<Value = Vec<(String, i64)>> {
        prop::collection::vec(("[a-f]", 1_i64..100), 1..8)
    }

    #[test]
    fn one_server_owns_all() {
        let one = continuum(&[("a".into(), 1)]);
        assert_eq!(shares(&one), [(&one.servers()[0], ALL)]);
        let other = continuum(&[("b".into(), 7)]);
        let all = Move { from: &one.servers()[0], to: &other.servers()[0], count: ALL };
        assert_eq!(diff(&one, &other), [all]);
        assert_eq!(diff(&one, &one), []);
    }

    proptest! {
        #[test]
        fn shares_count_lookups(servers in servers()) {
            let continuum = continuum(&servers);
            let shares = shares(&continuum);
            prop_assert_eq!(shares.iter().map(|(_, count)| count).sum::<u64>(), ALL);
            let owned = shares.iter().filter(|(_, count)| *count > 0);
            let owned: HashMap<_, _> = owned.map(|(s, count)| (s.name().to_vec(), *count)).collect();
            prop_assert_eq!(owned, plain_shares(&continuum));
        }

        #[test]
        fn diff_counts_lookups(old in servers(), new in servers()) {
            let (old, new) = (continuum(&old), continuum(&new));
            let moves = diff(&old, &new);
            prop_assert!(moves.is_sorted_by(|a, b| a.count >= b.count));
            let moved = moves.iter().map(|m| ((m.from.name().to_vec(), m.to.name().to_vec()), m.count));
            prop_assert_eq!(moved.collect::<HashMap<_, _>>(), plain_diff(&old, &new));
        }
    }
}
