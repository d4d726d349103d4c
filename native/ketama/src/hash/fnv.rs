//! Fowler, Noll and Vo's hashes.
//!
//! The hashes of 64 bits are cut to their low 32. These depend only on the low 32 bits of all operands, so
//! they are computed in 32 bits. Source: `fnv_64.cc` and `fnv_32.cc` in libmemcached's `libhashkit`.

use super::signed;

const START_32: u32 = 0x811c_9dc5;
const PRIME_32: u32 = 0x0100_0193;
/// The low 32 bits of 0xcbf29ce484222325.
const START_64: u32 = 0x8422_2325;
/// The low 32 bits of 0x100000001b3.
const PRIME_64: u32 = 0x0000_01b3;

#[inline]
pub(super) fn fnv1_32(key: &[u8]) -> u32 {
    fnv1(key, START_32, PRIME_32)
}

#[inline]
pub(super) fn fnv1a_32(key: &[u8]) -> u32 {
    fnv1a(key, START_32, PRIME_32)
}

#[inline]
pub(super) fn fnv1_64(key: &[u8]) -> u32 {
    fnv1(key, START_64, PRIME_64)
}

#[inline]
pub(super) fn fnv1a_64(key: &[u8]) -> u32 {
    fnv1a(key, START_64, PRIME_64)
}

/// FNV-1a as .NET computes it, with unsigned bytes.
#[inline]
pub(crate) fn fnv1a_32_unsigned(key: &[u8]) -> u32 {
    fnv1a_from(START_32, key)
}

/// The same, started from 0.
#[inline]
pub(crate) fn fnv0a_32_unsigned(key: &[u8]) -> u32 {
    fnv1a_from(0, key)
}

fn fnv1a_from(start: u32, key: &[u8]) -> u32 {
    key.iter().fold(start, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME_32))
}

#[inline]
fn fnv1(key: &[u8], start: u32, prime: u32) -> u32 {
    key.iter().fold(start, |hash, &byte| hash.wrapping_mul(prime) ^ signed(byte))
}

#[inline]
fn fnv1a(key: &[u8], start: u32, prime: u32) -> u32 {
    key.iter().fold(start, |hash, &byte| (hash ^ signed(byte)).wrapping_mul(prime))
}
