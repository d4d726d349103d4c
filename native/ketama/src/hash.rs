//! The hash of a key: the first little-endian word of its MD5.

use crate::md5::{LANES, START, WORDS, blocks, compress, digests, words};
use fearless_simd::Level;
use md5::{Digest, Md5};

/// The longest key of memcached, in bytes. Longer ones are left to `md-5`.
const LONGEST: usize = 250;

/// As many keys one after the other are faster than side by side.
const FEW: usize = 2;

/// The place of `key` on the continuum: the first little-endian word of its MD5
/// (libketama's `ketama_hashi`).
#[must_use]
#[inline]
pub fn hash(key: &[u8]) -> u32 {
    if key.len() > LONGEST {
        return words_of(key)[0];
    }
    let last = blocks(key.len()) - 1;
    let state = (0..last).fold(START, |state, n| next(state, &words(key, n)));
    next(state, &words(key, last))[0]
}

#[inline]
fn next(state: [u32; 4], words: &[u32; WORDS]) -> [u32; 4] {
    compress(state, |i| words[i], |word| word)
}

/// The hashes of up to [`LANES`] keys: entry i is [`hash`] of key i. All of them take about as long
/// as the longest of them three times.
///
/// # Panics
/// With more keys than that.
#[must_use]
pub fn hashes(keys: &[&[u8]]) -> [u32; LANES] {
    if keys.len() > FEW {
        return digests(Level::new(), keys)[0];
    }
    let mut hashes = [0; LANES];
    for (entry, key) in hashes.iter_mut().zip(keys) {
        *entry = hash(key);
    }
    hashes
}

/// The four little-endian words of the MD5 of `bytes`.
pub(crate) fn words_of(bytes: &[u8]) -> [u32; 4] {
    let digest = Md5::digest(bytes);
    let (words, _) = digest.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_key() {
        // RFC 1321, A.5: MD5("") = d41d8cd98f00b204e9800998ecf8427e
        assert_eq!(hash(b""), 0xd98c_1dd4);
        assert_eq!(words_of(b""), [0xd98c_1dd4, 0x04b2_008f, 0x9809_80e9, 0x7e42_f8ec]);
    }

    #[test]
    fn every_length() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(300 + 256).collect();
        for key in (0..=300).flat_map(|length| [0, 131, 255].map(|i| &bytes[i..i + length])) {
            assert_eq!(hash(key), words_of(key)[0], "{key:?}");
        }
    }

    #[test]
    fn every_number_of_keys() {
        let keys: [&[u8]; LANES] = std::array::from_fn(|i| &b"sixteen keys here"[..i]);
        for count in 0..=LANES {
            let hashes = hashes(&keys[..count]);
            for (key, found) in keys[..count].iter().zip(hashes) {
                assert_eq!(found, hash(key));
            }
        }
    }
}
