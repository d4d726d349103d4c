//! The answers of real clients, every set in `test/data/rings`: `NAME.servers` with `NAME.options` gives
//! `NAME.expected`. If there is a `NAME.down`, the servers in it are left out.

#![allow(clippy::expect_used)]

use ketama::{Continuum, Dialect, Hash, Options, servers_file};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The atom after `name => ` in the text of an Erlang map.
fn atom<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("{name} => "))?;
    rest.find([',', '}']).map(|end| &rest[..end])
}

fn options(text: &str) -> Options {
    let dialect = atom(text, "dialect").and_then(Dialect::named).expect("a dialect");
    let mut options = Options::new(dialect);
    if let Some(hash) = atom(text, "hash") {
        let hash = Hash::named(hash).expect("a hash");
        options = options.with_hash(hash).expect("a hash of the dialect");
    }
    if let Some(points) = atom(text, "ketama_points") {
        let points = points.parse().expect("a number");
        options = options.with_ketama_points(points).expect("a dialect with points");
    }
    if let Some((_, tag)) = text.split_once("hash_tag => <<\"") {
        let tag = tag.as_bytes()[..2].try_into().expect("two bytes");
        options = options.with_tag(tag).expect("a dialect with tags");
    }
    options
}

fn agrees(set: &Path) -> usize {
    let read = |suffix| fs::read(set.with_extension(suffix));
    let text = String::from_utf8(read("options").expect("options")).expect("text");
    let file = servers_file::parse(&read("servers").expect("servers")).expect("servers");
    let mut continuum = Continuum::new(file.servers, options(&text)).expect("a continuum");
    if let Ok(down) = read("down") {
        let names: HashSet<_> = down.split(|&byte| byte == b'\n').collect();
        continuum = continuum.without(&names).expect("servers that are up");
    }
    let expected = read("expected").expect("answers");
    let lines = expected.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let mut count = 0;
    for line in lines {
        let tab = line.iter().rposition(|&byte| byte == b'\t').expect("a tab");
        let (key, server) = (&line[..tab], &line[tab + 1..]);
        assert_eq!(
            String::from_utf8_lossy(continuum.get(key).name()),
            String::from_utf8_lossy(server),
            "{}: {}",
            set.display(),
            String::from_utf8_lossy(key)
        );
        count += 1;
    }
    count
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn every_set() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/data/rings");
    let folders = entries(&root).into_iter().filter(|path| path.is_dir());
    for folder in folders {
        let files = entries(&folder).into_iter();
        let sets: Vec<_> =
            files.filter(|file| file.extension() == Some("options".as_ref())).collect();
        assert!(!sets.is_empty(), "{}", folder.display());
        for set in sets {
            assert!(agrees(&set) > 400, "{}", set.display());
        }
    }
}
