//! Cyclic redundancy checks.

/// CRC-32 (IEEE 802.3): twemproxy's `crc32a`, Dalli, nginx and others.
pub(crate) fn crc32(key: &[u8]) -> u32 {
    crc32fast::hash(key)
}

/// Continues a [`crc32`] with more bytes.
pub(crate) fn crc32_of_more(crc: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    hasher.update(bytes);
    hasher.finalize()
}

/// The upper half of [`crc32`] without its top bit: libmemcached's CRC, twemproxy's `crc32`.
#[inline]
pub(super) fn crc15(key: &[u8]) -> u32 {
    crc32(key) >> 16 & 0x7fff
}

/// CRC-16/XMODEM in a register of 32 bits, the upper half of which twemproxy never clears.
/// Source: `hash_crc16` in twemproxy's `nc_crc16.c`.
#[inline]
pub(super) fn crc16(key: &[u8]) -> u32 {
    key.iter().fold(0, |crc, &byte| {
        let [_, _, high, _] = u32::to_be_bytes(crc);
        crc << 8 ^ XMODEM[usize::from(high ^ byte)]
    })
}

/// The remainder of each byte modulo the polynomial 0x1021.
const XMODEM: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u32;
    while byte < 256 {
        let mut crc = byte << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 };
            bit += 1;
        }
        table[byte as usize] = crc & 0xffff;
        byte += 1;
    }
    table
};
