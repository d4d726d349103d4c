//! Identifies a mapping of keys to servers in sixteen bytes.

use crate::continuum::Continuum;
use crate::edge::{Arc, Arcs, merge};
use md5::{Digest, Md5};
use std::iter::once;

/// An MD5 of the key hash, the hash tag, and the names of the owners of all hashes. Two continua have the
/// same fingerprint exactly if they hash keys alike and every hash has the same server. Linear in the
/// points.
#[must_use]
pub fn fingerprint(continuum: &Continuum) -> [u8; 16] {
    let options = continuum.options();
    let mut md5 = Md5::new();
    md5.update(options.hash().name());
    md5.update(options.tag().map_or(vec![0], |tag| [&[1], &tag[..]].concat()));
    let arcs = continuum.hash_arcs();
    each_canonical_arc(&arcs, &mut |(end, owner)| {
        let name = continuum.servers()[owner].name();
        md5.update(end.to_le_bytes());
        md5.update([0]);
        md5.update(name);
        md5.update([0]);
    });
    md5.finalize().into()
}

/// Up to this many hashes, the arcs of all are visited, even if they repeat.
const MAX_EXPANDED: u64 = 1 << 16;

/// Visits the arcs of hashes in a canonical form, the same for every client with this mapping: if they
/// repeat, only those of the shortest period.
fn each_canonical_arc(arcs: &Arcs, visit: &mut dyn FnMut(Arc)) {
    let range = arcs.range;
    if range <= MAX_EXPANDED {
        let mut end = 0;
        let ends = arcs.endless().map_while(|(length, owner)| {
            (end < range).then(|| {
                end += length;
                (end.min(range), owner)
            })
        });
        merge(ends).for_each(visit);
    } else if arcs.period == range {
        arcs.ends().for_each(visit);
    } else {
        match shortest_period(arcs.ends().collect(), arcs.period)[..] {
            [(_, owner)] => visit((range, owner)),
            ref arcs => arcs.iter().copied().for_each(visit),
        }
    }
}

/// The arcs of the shortest period. It divides `period`, since there are many periods of hashes.
fn shortest_period(mut ends: Vec<Arc>, mut period: u64) -> Vec<Arc> {
    let (mut rest, mut factor) = (period, 2);
    while rest > 1 {
        if factor * factor > rest {
            factor = rest;
        }
        while rest % factor == 0 {
            rest /= factor;
            let shorter = period / factor;
            if repeats(&ends, period, shorter) {
                let cut = |&(end, owner): &Arc| (end.min(shorter), owner);
                (ends, period) = (merge(ends.iter().map(cut)).collect(), shorter);
            }
        }
        factor += 1;
    }
    ends
}

/// Whether each hash below `period` has the same owner as the hash `shorter` below it.
fn repeats(ends: &[Arc], period: u64, shorter: u64) -> bool {
    let owner = |hash| ends[ends.partition_point(|&(end, _)| end <= hash)].1;
    // Neither owner changes anywhere else.
    let starts = once(0).chain(ends.iter().map(|&(end, _)| end));
    let mut starts = starts.flat_map(|start| [Some(start), start.checked_sub(shorter)]).flatten();
    starts.all(|start| start + shorter >= period || owner(start) == owner(start + shorter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::hash::Hash;
    use crate::options::Options;
    use crate::ownership::moved;
    use crate::server::Server;
    use proptest::prelude::*;

    fn continuum(servers: &[(&str, i64)], dialect: &str, hash: &str) -> Continuum {
        let servers = servers
            .iter()
            .map(|&(name, weight)| Server::new(name.as_bytes(), weight).expect("one"));
        let options = Options::new(Dialect::named(dialect).expect("a dialect"));
        let options = options.with_hash(Hash::named(hash).expect("a hash")).expect("its hash");
        Continuum::new(servers.collect(), options).expect("a continuum")
    }

    #[test]
    fn of_hash_and_tag() {
        let ring = |hash| continuum(&[("a", 1)], "twemproxy", hash);
        let tagged = |tag| {
            let options = ring("md5").options().with_tag(tag).expect("a tag");
            let server = Server::new(b"a", 1).expect("a server");
            fingerprint(&Continuum::new(vec![server], options).expect("a continuum"))
        };
        let all = [
            fingerprint(&ring("md5")),
            fingerprint(&ring("crc32")),
            tagged(*b"{}"),
            tagged(*b"$$"),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other != one));
        }
    }

    /// The same mapping, made by several clients.
    #[test]
    fn of_the_mapping_alone() {
        let same = |one: &Continuum, other: &Continuum| {
            assert_eq!(moved(one, other), Ok(0));
            assert_eq!(fingerprint(one), fingerprint(other));
        };
        for hash in ["md5", "crc15"] {
            let modula = |servers: &[_]| continuum(servers, "modula", hash);
            same(&modula(&[("a", 7)]), &continuum(&[("a", 3)], "twemproxy", hash));
            same(
                &modula(&[("a", 1), ("b", 1)]),
                &modula(&[("a", 1), ("b", 1), ("a", 1), ("b", 1)]),
            );
            let three: Vec<_> = [("a", 1), ("b", 2), ("b", 1)].repeat(6);
            same(&modula(&[("a", 1), ("b", 3)]), &modula(&three));
        }
        let all = continuum(&[("a", 20_000), ("b", 20_000)], "modula", "crc15");
        same(&all, &continuum(&[("a", 20_000), ("b", 13_000)], "modula", "crc15"));
        // One has more slots than there are hashes, of which 3 is no divisor.
        let thirds = [("a", 1), ("b", 1), ("c", 1)];
        let many = continuum(&thirds.repeat(11_000), "modula", "crc15");
        same(&continuum(&thirds, "modula", "crc15"), &many);
        let weighted = continuum(&[("b", 1), ("a", 1)], "libketama", "md5");
        same(&weighted, &continuum(&[("a", 5), ("b", 5)], "libketama", "md5"));
    }

    fn servers() -> impl Strategy<Value = Vec<(&'static str, i64)>> {
        let name = prop::sample::select(vec!["a", "b"]);
        prop::collection::vec((name, 1_i64..3), 1..7)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn equal_where_nothing_moves(one in servers(), other in servers(), clients in 0_usize..9, crc: bool) {
            let names = ["modula", "modula", "twemproxy"];
            let hash = if crc { "crc15" } else { "md5" };
            let one = continuum(&one, names[clients % 3], hash);
            let other = continuum(&other, names[clients / 3], hash);
            prop_assert_eq!(fingerprint(&one) == fingerprint(&other), moved(&one, &other) == Ok(0));
        }
    }
}
