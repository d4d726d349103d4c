//! Any two lists of servers: lookups, replicas, shares and what moves, against the rule itself.
use arbitrary::{Arbitrary, Unstructured};
use ketama::shares::{ALL, diff, shares};
use ketama::{Continuum, Dialect, Server};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    old: Vec<(&'a [u8], i64)>,
    new: Vec<(&'a [u8], i64)>,
    dialect: u8,
    hashes: Vec<u32>,
    count: u8,
}

/// What a list makes, its wrong entries left out; at most so many that a run is fast.
fn continuum(list: &[(&[u8], i64)], dialect: Dialect) -> Option<Continuum> {
    let servers = list.iter().take(12).filter_map(|&(name, weight)| Server::new(name, weight).ok());
    Continuum::new(servers.collect(), dialect).ok()
}

fn check(continuum: &Continuum, hashes: &[u32], count: usize) {
    let points = continuum.points();
    assert!(points.is_sorted_by_key(|point| point.value()));
    for &hash in hashes {
        let found = points.iter().position(|point| point.value() >= hash).unwrap_or(0);
        assert_eq!(continuum.owner(hash), points[found].owner());
        let replicas = continuum.replicas(hash, count);
        assert!(replicas.len() <= count);
        assert!(replicas.iter().enumerate().all(|(i, server)| {
            replicas[..i].iter().all(|earlier| earlier.name() != server.name())
        }));
        if count > 0 {
            assert_eq!(replicas[0].name(), continuum.at(hash).name());
        }
    }
    let shares = shares(continuum);
    assert_eq!(shares.iter().map(|(_, count)| count).sum::<u64>(), ALL);
}

/// Panics where it finds a fault.
pub fn run(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let dialects =
        [Dialect::Libketama, Dialect::Libmemcached, Dialect::Twemproxy, Dialect::Spymemcached];
    let dialect = dialects[usize::from(input.dialect) % dialects.len()];
    let mut hashes = input.hashes;
    hashes.truncate(8);
    hashes.extend([0, u32::MAX]);
    let continua = [&input.old, &input.new].map(|list| continuum(list, dialect));
    for continuum in continua.iter().flatten() {
        let points = continuum.points().iter().step_by(61);
        let near = points.flat_map(|point| [point.value(), point.value().wrapping_add(1)]);
        let hashes: Vec<_> = hashes.iter().copied().chain(near).collect();
        check(continuum, &hashes, input.count.into());
    }
    if let [Some(old), Some(new)] = &continua {
        let moves = diff(old, new);
        assert!(moves.iter().all(|m| m.from.name() != m.to.name() && m.count > 0));
        assert!(moves.iter().map(|m| m.count).sum::<u64>() <= ALL);
        assert!(diff(old, old).is_empty());
    }
}
