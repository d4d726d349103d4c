//! Any bytes as a servers file. The servers read from it must be the same when they are written and read again.
use ketama::servers_file::parse;

/// Panics if it finds a fault.
pub fn run(contents: &[u8]) {
    let lines = contents.split_inclusive(|&byte| byte == b'\n').count();
    match parse(contents) {
        Ok(file) => {
            assert!(file.servers.len() <= lines);
            assert!(file.traps.iter().all(|&(line, _)| (1..=lines).contains(&line)));
            let mut written = Vec::new();
            // A name may start with #. After a space it starts no comment.
            for server in &file.servers {
                written.extend_from_slice(b" ");
                written.extend_from_slice(server.name());
                written.extend_from_slice(format!("\t{}\n", server.weight()).as_bytes());
            }
            let again = parse(&written).expect("what was read is right");
            assert_eq!(again.servers, file.servers);
        }
        Err(invalid) => {
            assert!((1..=lines).contains(&invalid.line));
            assert!(!invalid.to_string().is_empty());
        }
    }
}
