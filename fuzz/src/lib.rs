//! What the fuzzer runs, each a function of the bytes that it makes up.

pub mod continuum;
pub mod hash;
pub mod md5;
pub mod model;
pub mod servers_file;
