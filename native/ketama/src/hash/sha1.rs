//! SHA-1, for dalli's labels. No client hashes keys with it.

use sha1::{Digest, Sha1};

/// The first big-endian word of the SHA-1.
pub(crate) fn first_word(bytes: &[u8]) -> u32 {
    let [a, b, c, d, ..]: [u8; 20] = Sha1::digest(bytes).into();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digest() {
        // RFC 3174, 7.3: SHA1("abc") = a9993e36...
        assert_eq!(first_word(b"abc"), 0xa999_3e36);
    }
}
