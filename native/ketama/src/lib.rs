//! Consistent hashing of memcached keys, bit for bit the same as libketama.
//!
//! ```
//! use ketama::{Continuum, Dialect, servers_file};
//!
//! let file = servers_file::parse(b"10.0.1.1:11211\t600\n10.0.1.2:11211\t300\n")?;
//! let continuum = Continuum::new(file.servers, Dialect::Libketama)?;
//! assert_eq!(continuum.get(b"user:123").name(), b"10.0.1.2:11211");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod continuum;
mod dialect;
mod hash;
mod md5;
mod server;
pub mod servers_file;
pub mod shares;

pub use continuum::{BuildError, Continuum, Point};
pub use dialect::Dialect;
pub use hash::{hash, hashes};
pub use md5::LANES;
/// For each instruction set, not only the best of the machine.
#[cfg(fuzzing)]
pub use md5::{digests, levels};
pub use server::{Fault, Server};
