//! Bob Jenkins's hashes: `one_at_a_time`, and lookup3, which libmemcached and twemproxy call `jenkins`.

use super::signed;

/// libmemcached's default hash.
/// Source: `hashkit_one_at_a_time` in libmemcached's `libhashkit/one_at_a_time.cc`.
#[inline]
pub(super) fn one_at_a_time(key: &[u8]) -> u32 {
    let mut hash = key.iter().fold(0_u32, |hash, &byte| {
        let hash = hash.wrapping_add(signed(byte));
        let hash = hash.wrapping_add(hash << 10);
        hash ^ hash >> 6
    });
    hash = hash.wrapping_add(hash << 3);
    hash ^= hash >> 11;
    hash.wrapping_add(hash << 15)
}

/// The start value of libmemcached and twemproxy.
const INITVAL: u32 = 13;

/// `hashlittle` of `lookup3.c`: three words at a time.
/// Source: <http://burtleburtle.net/bob/c/lookup3.c>.
#[allow(clippy::cast_possible_truncation, clippy::many_single_char_names)]
pub(super) fn jenkins(key: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(key.len() as u32).wrapping_add(INITVAL);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = key;
    // The last 1 to 12 bytes are mixed differently.
    while rest.len() > 12 {
        let (words, tail) = rest.split_at(12);
        (a, b, c) = mix(add_words(words, a, b, c));
        rest = tail;
    }
    if rest.is_empty() {
        return c;
    }
    last_mix(add_words(rest, a, b, c))
}

/// Adds up to twelve bytes as little-endian words, filled up with zeros.
#[inline]
fn add_words(bytes: &[u8], a: u32, b: u32, c: u32) -> (u32, u32, u32) {
    let mut words = [0; 12];
    words[..bytes.len()].copy_from_slice(bytes);
    let word = |i: usize| u32::from_le_bytes([words[i], words[i + 1], words[i + 2], words[i + 3]]);
    (a.wrapping_add(word(0)), b.wrapping_add(word(4)), c.wrapping_add(word(8)))
}

#[inline]
#[allow(clippy::many_single_char_names)]
fn mix((mut a, mut b, mut c): (u32, u32, u32)) -> (u32, u32, u32) {
    macro_rules! step {
        ($a:ident $b:ident $c:ident $bits:literal) => {
            $a = $a.wrapping_sub($c) ^ $c.rotate_left($bits);
            $c = $c.wrapping_add($b);
        };
    }
    step!(a b c 4);
    step!(b c a 6);
    step!(c a b 8);
    step!(a b c 16);
    step!(b c a 19);
    step!(c a b 4);
    (a, b, c)
}

#[inline]
fn last_mix((mut a, mut b, mut c): (u32, u32, u32)) -> u32 {
    macro_rules! step {
        ($a:ident $b:ident $bits:literal) => {
            $a = ($a ^ $b).wrapping_sub($b.rotate_left($bits));
        };
    }
    step!(c b 14);
    step!(a c 11);
    step!(b a 25);
    step!(c b 16);
    step!(a c 4);
    step!(b a 14);
    step!(c b 24);
    c
}
