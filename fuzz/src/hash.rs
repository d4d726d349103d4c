//! Any keys. Checks every key hash, of one key and of many, against a second implementation that is written to be
//! read.
use crate::md5;
use ::md5::{Digest, Md5};
use arbitrary::{Arbitrary, Unstructured};
use ketama::{HASHES, LANES};

/// Panics if it finds a fault.
pub fn run(data: &[u8]) {
    let Ok(keys) = <Vec<&[u8]>>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let keys = &keys[..keys.len().min(LANES)];
    check(keys);
    md5::check(keys);
}

/// Panics if a hash of one of up to sixteen keys is wrong.
pub fn check(keys: &[&[u8]]) {
    for hash in &HASHES {
        let hashes = hash.many(keys);
        for (key, found) in keys.iter().zip(hashes) {
            let expected = naive(hash.name(), key);
            assert_eq!(found, expected, "{} of {key:?}", hash.name());
            assert_eq!(hash.of(key), expected, "{} of {key:?}", hash.name());
        }
    }
}

/// The hash with this name, computed in 64 bits and cut to 32 at the end of each step.
pub(crate) fn naive(name: &str, key: &[u8]) -> u32 {
    let bytes = || key.iter().map(|&byte| u64::from(byte));
    // C's char is signed, and is widened with its sign.
    let chars = || key.iter().map(|&byte| i64::from(byte.cast_signed()).cast_unsigned());
    let (prime_32, prime_64) = (0x0100_0193, 0x0100_0000_01b3_u64);
    let hash = match name {
        "md5" => {
            let digest: [u8; 16] = Md5::digest(key).into();
            (0..4).map(|i| u64::from(digest[i]) << (8 * i)).sum()
        }
        "crc32" => crc32(key),
        "crc15" => crc32(key) / 65536 % 32768,
        "crc16" => bytes().fold(0, |crc, byte| {
            let mut remainder = (crc / 256 % 256 ^ byte) * 256;
            for _ in 0..8 {
                remainder =
                    if remainder & 0x8000 == 0 { 2 * remainder } else { 2 * remainder ^ 0x1021 };
            }
            cut(crc * 256) ^ remainder % 65536
        }),
        "fnv1_32" => chars().fold(2_166_136_261, |h, c| cut(cut(h * prime_32) ^ c)),
        "fnv1a_32" => chars().fold(2_166_136_261, |h, c| cut(cut(h ^ c) * prime_32)),
        "fnv1_64" => chars().fold(0xcbf2_9ce4_8422_2325_u64, |h, c| h.wrapping_mul(prime_64) ^ c),
        "fnv1a_64" => chars().fold(0x8422_2325, |h, c| cut(cut(h ^ c) * 0x1b3)),
        "one_at_a_time" => {
            let mixed = chars().fold(0_u64, |h, c| {
                let h = cut(h.wrapping_add(c));
                let h = cut(h + (h << 10));
                h ^ h >> 6
            });
            let h = cut(mixed + (mixed << 3));
            let h = h ^ h >> 11;
            h + (h << 15)
        }
        "hsieh" => hsieh(key),
        "murmur" => murmur(key),
        "jenkins" => jenkins(key),
        "murmur3" => murmur3(key),
        "fnv1a_32_unsigned" => bytes().fold(2_166_136_261, |h, byte| cut((h ^ byte) * prime_32)),
        "fnv0a_32_unsigned" => bytes().fold(0, |h, byte| cut((h ^ byte) * prime_32)),
        _ => unreachable!("{name}"),
    };
    u32::try_from(cut(hash)).expect("32 bits")
}

fn cut(number: u64) -> u64 {
    number & 0xffff_ffff
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| 256 * number + u64::from(byte))
}

/// One bit at a time.
fn crc32(key: &[u8]) -> u64 {
    let crc = key.iter().fold(0xffff_ffff_u64, |crc, &byte| {
        (0..8).fold(crc ^ u64::from(byte), |crc, _| {
            crc / 2 ^ if crc % 2 == 1 { 0xedb8_8320 } else { 0 }
        })
    });
    crc ^ 0xffff_ffff
}

fn murmur(key: &[u8]) -> u64 {
    let m = 0x5bd1_e995;
    let length = cut(key.len() as u64);
    let mut h = cut(0xdead_beef * length) ^ length;
    for part in key.chunks(4) {
        let word = little_endian(part);
        if part.len() == 4 {
            let word = cut(word * m);
            h = cut(h * m) ^ cut((word ^ word >> 24) * m);
        } else {
            h = cut((h ^ word) * m);
        }
    }
    let h = cut((h ^ h >> 13) * m);
    h ^ h >> 15
}

fn murmur3(key: &[u8]) -> u64 {
    let rotate = |h: u64, bits: u32| cut(h << bits) | h >> (32 - bits);
    let mut h = 0;
    for part in key.chunks(4) {
        let word = cut(rotate(cut(little_endian(part) * 0xcc9e_2d51), 15) * 0x1b87_3593);
        h ^= word;
        if part.len() == 4 {
            h = cut(rotate(h, 13) * 5 + 0xe654_6b64);
        }
    }
    h ^= cut(key.len() as u64);
    let h = cut((h ^ h >> 16) * 0x85eb_ca6b);
    let h = cut((h ^ h >> 13) * 0xc2b2_ae35);
    h ^ h >> 16
}

fn hsieh(key: &[u8]) -> u64 {
    let add = |h: u64, shift: u32| cut(h + (h >> shift));
    let xor = |h: u64, shift: u32| cut(h ^ h << shift);
    let mut h = 0;
    for part in key.chunks(4) {
        let low = little_endian(&part[..part.len().min(2)]);
        h = cut(h + low);
        h = match part.len() {
            4 => add(cut(h << 16) ^ little_endian(&part[2..]) << 11 ^ h, 11),
            3 => {
                let third = i64::from(part[2].cast_signed()).cast_unsigned();
                add(cut(xor(h, 16) ^ third << 18), 11)
            }
            2 => add(xor(h, 11), 17),
            _ => add(xor(h, 10), 1),
        };
        h = cut(h);
    }
    add(xor(add(xor(add(xor(h, 3), 5), 4), 17), 25), 6)
}

fn jenkins(key: &[u8]) -> u64 {
    let start = cut(0xdead_beef + key.len() as u64 + 13);
    let mut s = [start; 3];
    let rotate = |h: u64, bits: u32| cut(h << bits) | h >> (32 - bits);
    let parts = key.chunks(12).count();
    for (n, part) in key.chunks(12).enumerate() {
        for (word, bytes) in s.iter_mut().zip(part.chunks(4)) {
            *word = cut(*word + little_endian(bytes));
        }
        if n + 1 < parts {
            for (i, bits) in [4, 6, 8, 16, 19, 4].into_iter().enumerate() {
                let (a, b, c) = (i % 3, (i + 1) % 3, (i + 2) % 3);
                s[a] = cut(s[a].wrapping_sub(s[c])) ^ rotate(s[c], bits);
                s[c] = cut(s[c] + s[b]);
            }
        } else {
            let steps =
                [(2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24)];
            for (a, b, bits) in steps {
                s[a] = cut((s[a] ^ s[b]).wrapping_sub(rotate(s[b], bits)));
            }
        }
    }
    s[2]
}
