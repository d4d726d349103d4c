//! The fuzz targets, each a function of the fuzzer's bytes.

pub mod continuum;
pub mod hash;
pub mod md5;
pub mod model;
pub mod servers_file;
