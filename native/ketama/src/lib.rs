//! Consistent hashing of memcached keys, bit for bit the same as libketama.
//!
//! ```
//! use ketama::{Continuum, servers_file};
//!
//! let file = servers_file::parse(b"10.0.1.1:11211\t600\n10.0.1.2:11211\t300\n")?;
//! let continuum = Continuum::new(file.servers)?;
//! assert_eq!(continuum.get(b"user:123").name(), b"10.0.1.2:11211");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod continuum;
mod hash;
mod server;
pub mod servers_file;

pub use continuum::{BuildError, Continuum, Point};
pub use hash::hash;
pub use server::{Fault, Server};
