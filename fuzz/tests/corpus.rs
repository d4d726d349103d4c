//! Replays the fuzzer's corpus without the fuzzer, and parts of each entry as further inputs.

use ketama_fuzz::{continuum, hash, servers_file};
use std::fs;

fn replay(name: &str, run: fn(&[u8])) {
    let folder = format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(folder).expect("a corpus");
    let mut count = 0;
    for entry in entries {
        let data = fs::read(entry.expect("an entry").path()).expect("a file");
        let step = data.len() / 8 + 1;
        for start in (0..=data.len()).step_by(step) {
            run(&data[start..]);
            run(&data[..start]);
        }
        count += 1;
    }
    assert!(count > 10, "{count}");
}

#[test]
fn replay_continuum() {
    replay("continuum", continuum::run);
}

#[test]
fn replay_hash() {
    replay("hash", hash::run);
}

/// Keys of every length and in every number, and every byte value at each offset in a word and in a tail.
#[test]
fn every_length_and_every_byte() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(600).collect();
    for length in 0..=300 {
        let keys: [&[u8]; 16] = std::array::from_fn(|i| &bytes[17 * i..][..length]);
        hash::check(&keys[..1 + length % 16]);
    }
    for byte in 0..=u8::MAX {
        let keys: Vec<_> = (1..=14).map(|length| vec![byte; length]).collect();
        hash::check(&keys.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

#[test]
fn replay_servers_file() {
    replay("servers_file", servers_file::run);
}
