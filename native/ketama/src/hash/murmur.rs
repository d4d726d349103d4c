//! Austin Appleby's `MurmurHash2`.

const M: u32 = 0x5bd1_e995;

/// `MurmurHash2` with a seed made of the length.
/// Source: `hashkit_murmur` in libmemcached's `libhashkit/murmur.cc`.
#[inline]
#[allow(clippy::cast_possible_truncation)]
pub(super) fn murmur(key: &[u8]) -> u32 {
    let length = key.len() as u32;
    let (words, tail) = key.as_chunks();
    let mut hash =
        words.iter().fold(0xdead_beef_u32.wrapping_mul(length) ^ length, |hash, word| {
            let word = u32::from_le_bytes(*word).wrapping_mul(M);
            hash.wrapping_mul(M) ^ (word ^ word >> 24).wrapping_mul(M)
        });
    if !tail.is_empty() {
        let mut word = [0; 4];
        word[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(word)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}
