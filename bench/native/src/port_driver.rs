//! The port driver's program. It reads a length byte and a key, and writes a length byte and the key's
//! server.

use ketama::{Continuum, Options, servers_file};
use std::error::Error;
use std::io::{Read, Write, stdin, stdout};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: port_driver SERVERS_FILE")?;
    let servers = servers_file::parse(&std::fs::read(path)?)?.servers;
    let continuum = Continuum::new(servers, Options::default())?;
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    let mut length = [0];
    let mut key = [0; 255];
    while input.read_exact(&mut length).is_ok() {
        let key = &mut key[..length[0].into()];
        input.read_exact(key)?;
        let server = continuum.get(key).name();
        let mut answer = vec![u8::try_from(server.len())?];
        answer.extend_from_slice(server);
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}
