//! What the fuzzer has found worth keeping, without the fuzzer; and parts of it, as new inputs.

use ketama_fuzz::{continuum, md5, servers_file};
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
fn replay_md5() {
    replay("md5", md5::run);
}

#[test]
fn replay_servers_file() {
    replay("servers_file", servers_file::run);
}
