//! Consistent hashing of memcached keys: a key lands on the server where the pool's other clients put
//! it, bit for bit.
//!
//! A key belongs to the server of the first point that is not below its place, around the ring:
//! one lookup for every client. The points are what a client makes of its servers, a row of
//! [`DIALECTS`]; the place is what it makes of a key.
//!
//! ```
//! use ketama::{Continuum, Options, servers_file};
//!
//! let file = servers_file::parse(b"10.0.1.1:11211\t600\n10.0.1.2:11211\t300\n")?;
//! let continuum = Continuum::new(file.servers, Options::default())?;
//! assert_eq!(continuum.get(b"user:123").name(), b"10.0.1.2:11211");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

// Servers, their points, and the place of a key among them.
mod continuum;
// The table of clients: how each makes points.
mod dialect;
// Between a client's terms and the ring's.
mod edge;
// Which mapping a continuum is.
mod fingerprint;
// The table of key hashes, a family a file.
mod hash;
// The servers by name.
mod names;
// The number of a label, as text.
mod number;
// What a user chooses of a continuum.
mod options;
// Who owns how many hashes, and how many move.
pub mod ownership;
// A key's place on the ring.
mod place;
// The points in order, and the index that finds one.
mod points;
// A server's name and weight.
mod server;
// libketama's file of servers.
pub mod servers_file;

pub use continuum::{BuildError, Continuum, Except};
pub use dialect::{DIALECTS, Dialect, Excess};
pub use fingerprint::fingerprint;
/// For each instruction set, not only the best of the machine.
#[cfg(fuzzing)]
pub use hash::md5::{digests, simd_levels};
pub use hash::{HASHES, Hash, LANES};
pub use options::Options;
pub use server::{Fault, Server};
