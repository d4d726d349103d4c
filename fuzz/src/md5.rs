//! MD5 of any messages side by side, on every instruction set of the machine, and of each alone,
//! against RustCrypto's.
use arbitrary::{Arbitrary, Unstructured};
use ketama::{LANES, digests, hash, hashes, levels};
use md5::{Digest, Md5};

/// Panics where it finds a fault.
pub fn run(data: &[u8]) {
    let Ok(messages) = <Vec<&[u8]>>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let messages = &messages[..messages.len().min(LANES)];
    let expected: Vec<[u8; 16]> = messages.iter().map(|m| Md5::digest(m).into()).collect();
    for level in levels() {
        let words = digests(level, messages);
        for (lane, expected) in expected.iter().enumerate() {
            let found = words.map(|word| word[lane].to_le_bytes()).concat();
            assert_eq!(found, expected, "{level:?}, lane {lane}");
        }
    }
    let hashes = hashes(messages);
    for ((message, expected), found) in messages.iter().zip(&expected).zip(hashes) {
        let expected = u32::from_le_bytes([expected[0], expected[1], expected[2], expected[3]]);
        assert_eq!(found, expected);
        assert_eq!(hash(message), expected);
    }
}
