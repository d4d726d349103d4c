//! Austin Appleby's `MurmurHash2` and `MurmurHash3`.

const M: u32 = 0x5bd1_e995;

/// `MurmurHash2` with a seed that depends on the length.
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

/// `MurmurHash3_x86_32` with the seed 0. Source: <https://github.com/aappleby/smhasher>.
#[inline]
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn murmur3(key: &[u8]) -> u32 {
    let scramble =
        |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (words, tail) = key.as_chunks();
    let mut hash = words.iter().fold(0_u32, |hash, word| {
        let hash = (hash ^ scramble(u32::from_le_bytes(*word))).rotate_left(13);
        hash.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    // An empty tail scrambles to 0, which changes nothing.
    let mut word = [0; 4];
    word[..tail.len()].copy_from_slice(tail);
    hash ^= scramble(u32::from_le_bytes(word)) ^ key.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
