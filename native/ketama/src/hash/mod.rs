//! The key hashes of memcached's clients: one file per family, one row per hash.
//!
//! Nearly all are those of libmemcached and twemproxy, bit for bit. In their C code the bytes of a key are
//! signed: a hash that widens a byte to a word extends its sign.

pub(crate) mod crc;
pub(crate) mod fnv;
mod hsieh;
mod jenkins;
pub(crate) mod md5;
pub(crate) mod murmur;
pub(crate) mod sha1;

/// The number of keys that [`Hash::many`] takes at once.
pub const LANES: usize = 16;

/// A key hash: a row of [`HASHES`].
#[derive(Debug)]
pub struct Hash {
    /// The value of the option `hash`.
    name: &'static str,
    /// The width of the hash: it is below 2<sup>bits</sup>.
    bits: u32,
    of: fn(&[u8]) -> u32,
    many: fn(&[&[u8]]) -> [u32; LANES],
}

/// Every key hash.
#[rustfmt::skip]
pub static HASHES: [Hash; 15] = [
    Hash { name: "md5",           bits: 32, of: md5::hash,              many: md5::hashes },
    Hash { name: "one_at_a_time", bits: 32, of: jenkins::one_at_a_time, many: |keys| each(keys, jenkins::one_at_a_time) },
    Hash { name: "crc15",         bits: 15, of: crc::crc15,             many: |keys| each(keys, crc::crc15) },
    Hash { name: "crc16",         bits: 32, of: crc::crc16,             many: |keys| each(keys, crc::crc16) },
    Hash { name: "crc32",         bits: 32, of: crc::crc32,             many: |keys| each(keys, crc::crc32) },
    Hash { name: "fnv1_32",       bits: 32, of: fnv::fnv1_32,           many: |keys| each(keys, fnv::fnv1_32) },
    Hash { name: "fnv1a_32",      bits: 32, of: fnv::fnv1a_32,          many: |keys| each(keys, fnv::fnv1a_32) },
    Hash { name: "fnv1_64",       bits: 32, of: fnv::fnv1_64,           many: |keys| each(keys, fnv::fnv1_64) },
    Hash { name: "fnv1a_64",      bits: 32, of: fnv::fnv1a_64,          many: |keys| each(keys, fnv::fnv1a_64) },
    Hash { name: "hsieh",         bits: 32, of: hsieh::hsieh,           many: |keys| each(keys, hsieh::hsieh) },
    Hash { name: "murmur",        bits: 32, of: murmur::murmur,         many: |keys| each(keys, murmur::murmur) },
    Hash { name: "jenkins",       bits: 32, of: jenkins::jenkins,       many: |keys| each(keys, jenkins::jenkins) },
    // Of clients in Java and .NET, with unsigned bytes.
    Hash { name: "murmur3",           bits: 32, of: murmur::murmur3,         many: |keys| each(keys, murmur::murmur3) },
    Hash { name: "fnv1a_32_unsigned", bits: 32, of: fnv::fnv1a_32_unsigned, many: |keys| each(keys, fnv::fnv1a_32_unsigned) },
    Hash { name: "fnv0a_32_unsigned", bits: 32, of: fnv::fnv0a_32_unsigned, many: |keys| each(keys, fnv::fnv0a_32_unsigned) },
];

impl Hash {
    /// The hash with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        HASHES.iter().find(|hash| hash.name == name)
    }

    /// The value of the option `hash`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of values that the hash can have: 2<sup>32</sup>, or 2<sup>15</sup> for `crc15`.
    #[must_use]
    pub fn range(&self) -> u64 {
        1 << self.bits
    }

    /// The hash of a key. Linear in its length.
    #[must_use]
    #[inline]
    pub fn of(&self, key: &[u8]) -> u32 {
        (self.of)(key)
    }

    /// The hashes of up to [`LANES`] keys, in their order. The other entries have no meaning.
    ///
    /// # Panics
    /// If there are more keys.
    #[must_use]
    pub fn many(&self, keys: &[&[u8]]) -> [u32; LANES] {
        (self.many)(keys)
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Hashes keys one after the other. The processor overlaps them, since they are independent.
#[inline]
fn each(keys: &[&[u8]], hash: impl Fn(&[u8]) -> u32) -> [u32; LANES] {
    let mut hashes = [0; LANES];
    for (entry, key) in hashes[..keys.len()].iter_mut().zip(keys) {
        *entry = hash(key);
    }
    hashes
}

/// A byte widened to 32 bits as C's signed `char`.
fn signed(byte: u8) -> u32 {
    i32::from(byte.cast_signed()).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("a byte in hex"))
            .collect()
    }

    /// The answers of libmemcached, of twemproxy's C files and of zlib.
    #[test]
    fn vectors() {
        let table = include_str!("../../../../test/data/rings/hashes.tsv");
        let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let names = lines.next().expect("a head line");
        let mut count = 0;
        for line in lines {
            let key = bytes(line[0]);
            for (name, expected) in names.iter().zip(&line).skip(1) {
                if let Some(hash) = Hash::named(name) {
                    assert_eq!(hash.of(&key).to_string(), *expected, "{name} of {}", line[0]);
                    count += 1;
                }
            }
        }
        let known = HASHES.iter().filter(|hash| names.contains(&hash.name)).count();
        assert_eq!(known, 13);
        assert_eq!(count, known * (table.lines().count() - 1));
    }

    #[test]
    fn unsigned_bytes() {
        for (key, fnv1a, fnv0a) in [
            (&b""[..], 0x811c_9dc5, 0),
            (b"a", 0xe40c_292c, 0x6100_98b3),
            (b"foobar", 0xbf9c_f968, 0),
        ] {
            assert_eq!(fnv::fnv1a_32_unsigned(key), fnv1a);
            assert!(key.len() > 1 || fnv::fnv0a_32_unsigned(key) == fnv0a);
        }
        assert_ne!(fnv::fnv1a_32_unsigned(b"\xff"), fnv::fnv1a_32(b"\xff"));
        assert_eq!(fnv::fnv1a_32_unsigned(b"\x7f"), fnv::fnv1a_32(b"\x7f"));
    }

    #[test]
    fn below_the_range() {
        for hash in &HASHES {
            let most = (0..10_000_u32).map(|i| hash.of(&i.to_le_bytes())).max();
            let most = u64::from(most.expect("a hash"));
            assert!(most < hash.range() && most >= hash.range() / 2, "{} {most}", hash.name);
        }
    }

    #[test]
    fn every_number_of_keys() {
        let keys: [&[u8]; LANES] = std::array::from_fn(|i| &b"sixteen keys \xff\x80\x7f"[..i]);
        for hash in &HASHES {
            for count in 0..=LANES {
                let hashes = hash.many(&keys[..count]);
                for (key, found) in keys[..count].iter().zip(hashes) {
                    assert_eq!(found, hash.of(key), "{}", hash.name);
                }
            }
        }
    }
}
