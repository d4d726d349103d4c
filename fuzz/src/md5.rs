//! Checks MD5 in lanes against RustCrypto's, on every instruction set of the machine.
use ketama::{digests, simd_levels};
use md5::{Digest, Md5};

/// Panics if a digest of one of up to sixteen messages is wrong.
pub fn check(messages: &[&[u8]]) {
    let expected: Vec<[u8; 16]> = messages.iter().map(|m| Md5::digest(m).into()).collect();
    for level in simd_levels() {
        let words: [_; 4] = digests(level, messages);
        for (lane, expected) in expected.iter().enumerate() {
            let found = words.map(|word| word[lane].to_le_bytes()).concat();
            assert_eq!(found, expected, "{level:?}, lane {lane}");
        }
    }
}
