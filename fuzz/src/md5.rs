//! MD5 of any messages side by side, on every instruction set of the machine, against RustCrypto's.
use arbitrary::{Arbitrary, Unstructured};
use ketama::{LANES, digests, simd_levels};
use md5::{Digest, Md5};

/// Panics where it finds a fault.
pub fn run(data: &[u8]) {
    let Ok(messages) = <Vec<&[u8]>>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let messages = &messages[..messages.len().min(LANES)];
    let expected: Vec<[u8; 16]> = messages.iter().map(|m| Md5::digest(m).into()).collect();
    for level in simd_levels() {
        let words = digests(level, messages);
        for (lane, expected) in expected.iter().enumerate() {
            let found = words.map(|word| word[lane].to_le_bytes()).concat();
            assert_eq!(found, expected, "{level:?}, lane {lane}");
        }
    }
}
