//! Paul Hsieh's `SuperFastHash`.

use super::signed;

/// `SuperFastHash` with the start value 0. The third byte of a tail of three is signed; a tail of one byte is
/// unsigned.
/// Source: `hash_hsieh` in twemproxy's `nc_hsieh.c`.
pub(super) fn hsieh(key: &[u8]) -> u32 {
    let (words, tail) = key.as_chunks();
    let mut hash = words.iter().fold(0_u32, |hash, &[a, b, c, d]| {
        let hash = hash.wrapping_add(half(a, b));
        let hash = hash << 16 ^ half(c, d) << 11 ^ hash;
        hash.wrapping_add(hash >> 11)
    });
    match *tail {
        [a, b, c] => {
            hash = hash.wrapping_add(half(a, b));
            hash ^= hash << 16 ^ signed(c) << 18;
            hash = hash.wrapping_add(hash >> 11);
        }
        [a, b] => {
            hash = hash.wrapping_add(half(a, b));
            hash ^= hash << 11;
            hash = hash.wrapping_add(hash >> 17);
        }
        [a] => {
            hash = hash.wrapping_add(a.into());
            hash ^= hash << 10;
            hash = hash.wrapping_add(hash >> 1);
        }
        _ => {}
    }
    hash ^= hash << 3;
    hash = hash.wrapping_add(hash >> 5);
    hash ^= hash << 4;
    hash = hash.wrapping_add(hash >> 17);
    hash ^= hash << 25;
    hash.wrapping_add(hash >> 6)
}

fn half(low: u8, high: u8) -> u32 {
    u16::from_le_bytes([low, high]).into()
}
