//! Any two lists of servers through any client: lookups, replicas, shares and what moves, against the rule
//! itself.
use arbitrary::{Arbitrary, Unstructured};
use ketama::ownership::{diff, shares};
use ketama::{Continuum, DIALECTS, Hash, Options, Server};
use std::collections::HashSet;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    old: Vec<(&'a [u8], i64)>,
    new: Vec<(&'a [u8], i64)>,
    dialects: [u8; 2],
    hash: u8,
    tag: Option<[u8; 2]>,
    keys: Vec<&'a [u8]>,
    count: u8,
}

/// A client with one of its hashes, and a tag where it has tags.
fn options(dialect: u8, hash: u8, tag: Option<[u8; 2]>) -> Options {
    let dialect = &DIALECTS[usize::from(dialect) % DIALECTS.len()];
    let name = dialect.hashes()[usize::from(hash) % dialect.hashes().len()];
    let hash = Hash::named(name).expect("a hash of the table");
    let options = Options::new(dialect).with_hash(hash).expect("a hash of the dialect");
    tag.and_then(|tag| options.with_tag(tag)).unwrap_or(options)
}

/// What a list makes, its wrong entries left out; at most so many, and so light, that a run is fast.
fn continuum(list: &[(&[u8], i64)], options: Options) -> Option<Continuum> {
    let heaviest = if options.dialect().name() == "modula" { 100 } else { i64::MAX };
    let servers = list.iter().take(12);
    let servers =
        servers.filter_map(|&(name, weight)| Server::new(name, weight.min(heaviest)).ok());
    Continuum::new(servers.collect(), options).ok()
}

/// The indices of the servers from a key on, each once, by the points alone.
fn walk(continuum: &Continuum, key: &[u8]) -> Vec<usize> {
    let points: Vec<_> = continuum.points().collect();
    let place = match continuum.options().dialect().name() {
        "modula" => u64::from(continuum.hash(key)) % points.len() as u64,
        _ => continuum.hash(key).into(),
    };
    let start = points.iter().position(|&(value, _)| u64::from(value) >= place).unwrap_or(0);
    let mut found = Vec::new();
    for &(_, owner) in points[start..].iter().chain(&points[..start]) {
        let name = |index: usize| continuum.servers()[index].name();
        if found.iter().all(|&index| name(index) != name(owner)) {
            found.push(continuum.canonical(owner));
        }
    }
    found
}

fn check(continuum: &Continuum, keys: &[&[u8]], count: usize) {
    assert!(continuum.points().map(|(value, _)| value).is_sorted());
    let owners: Vec<_> = keys.chunks(16).flat_map(|keys| continuum.owners(keys)).collect();
    for (key, owner) in keys.iter().zip(owners) {
        let expected = walk(continuum, key);
        let name = |index: usize| continuum.servers()[index].name();
        assert_eq!(name(owner), name(expected[0]));
        assert_eq!(continuum.get(key).name(), name(expected[0]));
        let replicas = continuum.replicas(key, count, &mut usize::MAX.clone());
        assert_eq!(replicas.as_deref(), Some(&expected[..count.min(expected.len())]));
        for down in 0..expected.len() {
            let names = expected[..down].iter().map(|&index| name(index));
            let except = continuum.except(names).expect("a server that is not left out");
            let next = continuum.owner_except(key, &except, &mut usize::MAX.clone());
            assert_eq!(next, Some(expected[down]));
        }
        assert!(continuum.except(expected.iter().map(|&index| name(index))).is_none());
    }
    let range = continuum.options().hash().range();
    assert_eq!(shares(continuum).iter().map(|(_, count)| count).sum::<u64>(), range);
    let names: HashSet<_> = continuum.servers().iter().take(1).map(Server::name).collect();
    if let Ok(without) = continuum.without(&names) {
        let are_left = |s: &&Server| !names.contains(s.name()) || continuum.servers().len() > 1;
        assert!(without.servers().iter().all(|server| are_left(&server)));
        assert!(without.servers().len() <= continuum.servers().len());
    }
}

/// Panics where it finds a fault.
pub fn run(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let mut keys = input.keys;
    keys.truncate(20);
    keys.extend([&b""[..], b"key", b"{key}"]);
    let chosen = input.dialects.map(|dialect| options(dialect, input.hash, input.tag));
    let continua = [continuum(&input.old, chosen[0]), continuum(&input.new, chosen[1])];
    for continuum in continua.iter().flatten() {
        check(continuum, &keys, input.count.into());
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
