//! Consistent hashing of memcached keys. A key lands on the same server as with the pool's other
//! clients, bit for bit.
//!
//! The lookup is the same for every client: a key belongs to the server of the first point at or above
//! the key's place; above the last point the ring starts again. How a client turns servers into points
//! and keys into places is a row of [`DIALECTS`].
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

// Servers and their points, and the lookup of a key.
mod continuum;
// The table of clients: how each makes points and places.
mod dialect;
// Turns a client's lookup rule into the ring's.
mod edge;
// Identifies a mapping of keys to servers.
mod fingerprint;
// The table of key hashes, one file per family.
mod hash;
// Finds servers by name.
mod names;
// The number of a label, in decimal digits.
mod number;
// A client and how it is configured.
mod options;
// How many hashes each server owns, and how many move.
pub mod ownership;
// A key's place on the ring.
mod place;
// The sorted points, and the index that finds one.
mod points;
// A server's name and weight.
mod server;
// libketama's servers file.
pub mod servers_file;

pub use continuum::{BuildError, Continuum, Except};
pub use dialect::{DIALECTS, Dialect, Excess};
pub use fingerprint::fingerprint;
/// For fuzzing: MD5 on every instruction set, not only on the machine's best.
#[cfg(fuzzing)]
pub use hash::md5::{digests, simd_levels};
pub use hash::{HASHES, Hash, LANES};
pub use options::Options;
pub use server::{Fault, Server};
