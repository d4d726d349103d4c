//! Any two lists of servers, with any client. Checks lookups, replicas, shares and moves against a model of the
//! client.
use crate::model::{Model, model};
use arbitrary::{Arbitrary, Unstructured};
use ketama::ownership::{diff, shares};
use ketama::{Continuum, DIALECTS, Hash, Options, Server};
use std::collections::HashSet;
use std::num::NonZeroU32;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    old: Vec<(&'a [u8], i64)>,
    new: Vec<(&'a [u8], i64)>,
    dialects: [u8; 2],
    hash: u8,
    tag: Option<[u8; 2]>,
    ketama_points: Option<u8>,
    keys: Vec<&'a [u8]>,
    count: u8,
}

/// A client with one of its hashes, and with those of the input's options that it has.
fn options(dialect: u8, input: &Input) -> Options {
    let dialect = &DIALECTS[usize::from(dialect) % DIALECTS.len()];
    let name = dialect.hashes()[usize::from(input.hash) % dialect.hashes().len()];
    let hash = Hash::named(name).expect("a hash of the table");
    let options = Options::new(dialect).with_hash(hash).expect("a hash of the dialect");
    let options = input.tag.and_then(|tag| options.with_tag(tag)).unwrap_or(options);
    let points = input.ketama_points.and_then(|points| NonZeroU32::new(points.into()));
    points.and_then(|points| options.with_ketama_points(points)).unwrap_or(options)
}

/// The continuum of a list without its wrong entries. Entries and weights are limited, so that a run is fast.
fn continuum(list: &[(&[u8], i64)], options: Options) -> Option<Continuum> {
    let by_weight = ["modula", "nginx", "cache_memcached_fast", "pecl_memcache", "xmemcached"];
    let heaviest = if by_weight.contains(&options.dialect().name()) { 9 } else { i64::MAX };
    let servers = list.iter().take(12);
    let servers =
        servers.filter_map(|&(name, weight)| Server::new(name, weight.min(heaviest)).ok());
    Continuum::new(servers.collect(), options).ok()
}

fn check(continuum: &Continuum, model: &Model, keys: &[&[u8]], count: usize) {
    let points = continuum.points();
    assert_eq!(points.len(), model.count());
    assert_eq!(points.len(), continuum.counts().iter().map(|&count| count as usize).sum::<usize>());
    for same in points.chunk_by(|one, other| one.0 == other.0) {
        assert_eq!(Some(same[0].1), model.winner(same[0].0));
    }
    let owners: Vec<_> = keys.chunks(16).flat_map(|keys| continuum.owners(keys)).collect();
    for (key, owner) in keys.iter().zip(owners) {
        let name = |index: usize| continuum.servers()[index].name();
        assert_eq!(owner, model.owner(continuum.hash(key)));
        assert_eq!(continuum.get(key).name(), name(owner));
        let all = continuum.replicas(key, usize::MAX, &mut usize::MAX.clone()).expect("all");
        assert_eq!(name(all[0]), name(owner));
        assert!((1..all.len()).all(|i| all[..i].iter().all(|&index| name(index) != name(all[i]))));
        let replicas = continuum.replicas(key, count, &mut usize::MAX.clone());
        assert_eq!(replicas.as_deref(), Some(&all[..count.min(all.len())]));
        for down in 0..all.len() {
            let names = all[..down].iter().map(|&index| name(index));
            let except = continuum.except(names).expect("a server that is not left out");
            let next = continuum.owner_except(key, &except, &mut usize::MAX.clone());
            assert_eq!(next, Some(all[down]));
        }
        assert!(continuum.except(all.iter().map(|&index| name(index))).is_none());
    }
    let range = continuum.options().hash().range();
    assert_eq!(shares(continuum).iter().map(|(_, count)| count).sum::<u64>(), range);
    let names: HashSet<_> = continuum.servers().iter().take(1).map(Server::name).collect();
    if let Ok(without) = continuum.without(&names) {
        let left = without.servers().iter().zip(without.counts());
        assert!(
            left.filter(|(server, _)| names.contains(server.name())).all(|(_, &count)| count == 0)
        );
    }
}

/// Panics if it finds a fault.
pub fn run(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let chosen = input.dialects.map(|dialect| options(dialect, &input));
    let ketama_points = input.ketama_points.filter(|&points| points > 0).map(u64::from);
    let mut keys = input.keys;
    keys.truncate(20);
    keys.extend([&b""[..], b"key", b"{key}"]);
    let continua = [continuum(&input.old, chosen[0]), continuum(&input.new, chosen[1])];
    for continuum in continua.iter().flatten() {
        let model = model(continuum, ketama_points);
        check(continuum, &model, &keys, input.count.into());
    }
    if let [Some(old), Some(new)] = &continua {
        let moves = diff(old, new);
        assert_eq!(moves.is_ok(), old.hashes_as(new));
        for m in moves.iter().flatten() {
            assert!(m.from.name() != m.to.name() && m.count > 0);
        }
        let moved: u64 = moves.iter().flatten().map(|m| m.count).sum();
        assert!(moved <= old.options().hash().range());
        assert_eq!(diff(old, old), Ok(vec![]));
    }
}
