//! The hash of a key and the points of a label: little-endian words of an MD5.

use md5::{Digest, Md5};

/// The place of `key` on the continuum: the first little-endian word of its MD5
/// (libketama's `ketama_hashi`).
#[must_use]
pub fn hash(key: &[u8]) -> u32 {
    words(key)[0]
}

/// The four little-endian words of the MD5 of `bytes`.
pub(crate) fn words(bytes: &[u8]) -> [u32; 4] {
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
        assert_eq!(words(b""), [0xd98c_1dd4, 0x04b2_008f, 0x9809_80e9, 0x7e42_f8ec]);
    }
}
