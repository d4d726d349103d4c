//! MD5, a block at a time: of one message, or of sixteen side by side in the lanes of a vector.
//!
//! Source: RFC 1321. One implementation serves both. The crate `md-5` hashes long keys, and tests compare
//! with it.

// SIMD code must be inlined into the function that enables the instruction set
// (`simd.vectorize`); otherwise it is compiled for the baseline processor.
#![allow(clippy::inline_always)]

use super::LANES;
use crate::number::Number;
use fearless_simd::{Level, Simd, dispatch, prelude::*, u32x16};
use md5::{Digest, Md5};
use std::hint::black_box;
use std::ops::{BitAnd, BitOr, BitXor, Not};

const BLOCK_WORDS: usize = 16;
const BLOCK_BYTES: usize = 4 * BLOCK_WORDS;

/// The longest message that fits in one block with its padding: one byte, and eight of the length.
const MAX_IN_BLOCK: usize = BLOCK_BYTES - 9;

/// The longest single message that is hashed here and not by `md-5`, in bytes: memcached's longest key.
const MAX_SCALAR: usize = 250;

/// The longest message that is hashed in lanes, in bytes: all lanes take as long as the longest message.
const MAX_IN_LANES: usize = 512;

/// The maximum number of digits after a text: no server has 10<sup>8</sup> labels of four points.
const MAX_DIGITS: usize = 8;

/// Up to this many messages, hashing one after the other is faster than in lanes.
const LANES_BREAK_EVEN: usize = 2;

/// A, B, C and D before the first block.
const STATE_INIT: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// RFC 1321's T: the whole part of 2<sup>32</sup> * |sin(i + 1)|.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The first little-endian word of a key's MD5: libketama's `ketama_hashi`.
#[inline]
pub(super) fn hash(key: &[u8]) -> u32 {
    if key.len() > MAX_SCALAR {
        return digest_words(key)[0];
    }
    let last = padded_blocks(key.len()) - 1;
    let state = (0..last).fold(STATE_INIT, |state, n| compress_one(state, &block_words(key, n)));
    compress_one(state, &block_words(key, last))[0]
}

/// The [`hash`]es of up to [`LANES`] keys. Three or more cost about as much as hashing the longest key three
/// times.
pub(super) fn hashes(keys: &[&[u8]]) -> [u32; LANES] {
    if keys.len() <= LANES_BREAK_EVEN || keys.iter().any(|key| key.len() > MAX_IN_LANES) {
        return super::each(keys, hash);
    }
    let [hashes] = digests(Level::new(), keys);
    hashes
}

/// The four little-endian words of the MD5 of a message of any length.
fn digest_words(message: &[u8]) -> [u32; 4] {
    let digest = Md5::digest(message);
    let (words, _) = digest.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

// Inlined, so that the compiler drops the steps that do not change the first word if the caller takes only
// that.
#[inline(always)]
fn compress_one(state: [u32; 4], words: &[u32; BLOCK_WORDS]) -> [u32; 4] {
    compress(state, |i| words[i], |word| word)
}

/// A word of one message, or the same word of sixteen.
trait Word:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + BitXor<Output = Self> + Not<Output = Self>
{
    fn wrapping_add(self, other: Self) -> Self;
    fn rotate_left(self, bits: u32) -> Self;

    /// Runs `step`. A step on vectors runs in a function of its own, which only an optimising compiler
    /// inlines: otherwise the operations of a step take up to 26 KiB of stack, and those of all 64 steps
    /// would be in one frame.
    fn framed(self, step: impl FnOnce() -> Self) -> Self;
}

impl Word for u32 {
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        u32::wrapping_add(self, other)
    }

    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        u32::rotate_left(self, bits)
    }

    #[inline(always)]
    fn framed(self, step: impl FnOnce() -> Self) -> Self {
        step()
    }
}

impl<S: Simd> Word for u32x16<S> {
    #[inline(always)]
    fn wrapping_add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        self << bits | self >> (u32::BITS - bits)
    }

    #[inline(always)]
    fn framed(self, step: impl FnOnce() -> Self) -> Self {
        self.simd.vectorize(step)
    }
}

/// RFC 1321's F, G, H and I, added to `sum`. `sum` does not depend on `b`, the result of the step before:
/// the shorter the chain of operations from `b` on, the faster. In `g`, `+` replaces the RFC's "or": the
/// two terms share no bit.
mod mix {
    use super::Word;

    #[inline(always)]
    pub(super) fn f<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.wrapping_add(d ^ (b & (c ^ d)))
    }

    #[inline(always)]
    pub(super) fn g<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.wrapping_add(!d & c).wrapping_add(d & b)
    }

    #[inline(always)]
    pub(super) fn h<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.wrapping_add(b ^ c ^ d)
    }

    #[inline(always)]
    pub(super) fn i<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.wrapping_add(c ^ (b | !d))
    }
}

/// The state after one more block. `word` returns the words of the block, `constant` makes a `W` of a number.
///
/// If the caller uses only the first word, the compiler removes the last three steps: they do not change
/// it.
#[inline(always)]
fn compress<W: Word>(
    state: [W; 4],
    word: impl Fn(usize) -> W,
    constant: impl Fn(u32) -> W,
) -> [W; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    // `black_box` hides the constants. If the compiler sees them, it reorders the sum and adds the constant
    // last, which makes the chain one operation longer at each step: a quarter of the time. Loops have the
    // same effect, hence the macros.
    let sines = black_box(&SINES);
    macro_rules! step {
        ($mix:ident, $step:expr, $word:expr, $bits:literal, $a:ident $b:ident $c:ident $d:ident) => {
            $a = $b.framed(
                #[inline(always)]
                || {
                    let sum = $a.wrapping_add(word($word % BLOCK_WORDS));
                    let sum = sum.wrapping_add(constant(sines[$step]));
                    $b.wrapping_add(mix::$mix(sum, $b, $c, $d).rotate_left($bits))
                },
            );
        };
    }
    // Four steps, from step `$i`; step i takes word `$stride * i + $offset` of the block.
    macro_rules! steps {
        ($mix:ident, $i:expr, $stride:literal, $offset:literal, $p:literal $q:literal $r:literal $s:literal) => {
            step!($mix, $i, $stride * $i + $offset, $p, a b c d);
            step!($mix, $i + 1, $stride * ($i + 1) + $offset, $q, d a b c);
            step!($mix, $i + 2, $stride * ($i + 2) + $offset, $r, c d a b);
            step!($mix, $i + 3, $stride * ($i + 3) + $offset, $s, b c d a);
        };
    }
    macro_rules! round {
        ($mix:ident, $i:literal, $stride:literal, $offset:literal, $($bits:literal)*) => {
            steps!($mix, $i, $stride, $offset, $($bits)*);
            steps!($mix, $i + 4, $stride, $offset, $($bits)*);
            steps!($mix, $i + 8, $stride, $offset, $($bits)*);
            steps!($mix, $i + 12, $stride, $offset, $($bits)*);
        };
    }
    round!(f, 0, 1, 0, 7 12 17 22);
    round!(g, 16, 5, 1, 5 9 14 20);
    round!(h, 32, 3, 5, 4 11 16 23);
    round!(i, 48, 7, 0, 6 10 15 21);
    [
        state[0].wrapping_add(a),
        state[1].wrapping_add(b),
        state[2].wrapping_add(c),
        state[3].wrapping_add(d),
    ]
}

/// The number of blocks of a message of `length` bytes, padding included.
fn padded_blocks(length: usize) -> usize {
    // After the message come one byte, and eight of the length.
    (length + 8) / BLOCK_BYTES + 1
}

/// The little-endian words of block `n` of `message` and its padding.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
fn block_words(message: &[u8], n: usize) -> [u32; BLOCK_WORDS] {
    // Words are written whole: reading a word just after writing its bytes stalls the processor.
    let mut words = [0; BLOCK_WORDS];
    let start = n * BLOCK_BYTES;
    if let Some(rest) = message.get(start..) {
        let (whole, tail) = rest[..rest.len().min(BLOCK_BYTES)].as_chunks();
        for (word, bytes) in words.iter_mut().zip(whole) {
            *word = u32::from_le_bytes(*bytes);
        }
        if let Some(word) = words.get_mut(whole.len()) {
            *word = u32::from_le_bytes(match *tail {
                [] => [0x80, 0, 0, 0],
                [a] => [a, 0x80, 0, 0],
                [a, b] => [a, b, 0x80, 0],
                [a, b, c, ..] => [a, b, c, 0x80],
            });
        }
    }
    if n + 1 == padded_blocks(message.len()) {
        let bits = 8 * message.len() as u64;
        words[14] = bits as u32;
        words[15] = (bits >> 32) as u32;
    }
    words
}

/// The first `WORDS` words of the MD5s of up to [`LANES`] messages of any lengths; lane i is message i's.
/// Costs about three scalar MD5s of the longest message, however many there are.
#[cfg_attr(not(fuzzing), allow(unreachable_pub))]
pub fn digests<M: AsRef<[u8]>, const WORDS: usize>(
    level: Level,
    messages: &[M],
) -> [[u32; LANES]; WORDS] {
    let mut state = STATE_INIT.map(|word| [word; LANES]);
    let mut block = [[0; LANES]; BLOCK_WORDS];
    if messages.iter().all(|message| message.as_ref().len() <= MAX_IN_BLOCK) {
        for (lane, message) in messages.iter().enumerate() {
            write_lane(message.as_ref(), &mut block, lane);
        }
        return dispatch!(level, simd => compress_lanes(simd, &state, &block));
    }
    let counts = messages.iter().map(|message| padded_blocks(message.as_ref().len()));
    for n in 0..counts.clone().max().unwrap_or(0) {
        for (lane, message) in messages.iter().enumerate() {
            for (lanes, word) in block.iter_mut().zip(block_words(message.as_ref(), n)) {
                lanes[lane] = word;
            }
        }
        let next: [_; 4] = dispatch!(level, simd => compress_lanes(simd, &state, &block));
        for (lane, _) in counts.clone().enumerate().filter(|&(_, count)| n < count) {
            for (word, next) in state.iter_mut().zip(&next) {
                word[lane] = next[lane];
            }
        }
    }
    std::array::from_fn(|word| state[word])
}

/// Writes a message of one block, with its padding, into a lane of a block of zeros.
#[allow(clippy::cast_possible_truncation)]
fn write_lane(message: &[u8], block: &mut [[u32; LANES]; BLOCK_WORDS], lane: usize) {
    // Words are written two at a time, and the last bytes are taken from the message's last eight.
    let (whole, rest) = message.as_chunks::<8>();
    let (pairs, _) = block.as_chunks_mut::<2>();
    let mut write_pair = |pair: usize, words: u64| {
        pairs[pair][0][lane] = words as u32;
        pairs[pair][1][lane] = (words >> 32) as u32;
    };
    for (pair, words) in whole.iter().enumerate() {
        write_pair(pair, u64::from_le_bytes(*words));
    }
    let bits = 8 * rest.len() as u32;
    let bytes = match message.last_chunk() {
        Some(last) => u64::from_le_bytes(*last).checked_shr(64 - bits).unwrap_or(0),
        None => rest.iter().rev().fold(0, |bytes, &byte| bytes << 8 | u64::from(byte)),
    };
    write_pair(whole.len(), bytes | 0x80 << bits);
    block[14][lane] = 8 * message.len() as u32;
}

/// Hashes messages that are a text and a number each, as labels are, in lanes. This takes fewer steps than
/// [`digests`]: only the words that change from message to message are written.
pub(crate) struct Numbered {
    level: Level,
    block: [[u32; LANES]; BLOCK_WORDS],
    /// The number of messages in the block.
    lanes: usize,
    /// The number of words that the longest message so far may have.
    words: usize,
}

impl Numbered {
    /// The longest text, in bytes. It leaves room in a block for [`MAX_DIGITS`] digits and the padding.
    pub(crate) const MAX_TEXT: usize = MAX_IN_BLOCK - MAX_DIGITS;

    pub(crate) fn new(level: Level) -> Self {
        Self { level, block: [[0; LANES]; BLOCK_WORDS], lanes: 0, words: 0 }
    }

    /// Hashes the text with each number below `count`, which is up to 10<sup>8</sup>, and appends the words
    /// to `digests`. Those of the last messages may be missing until [`flush`](Self::flush) appends them.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn each(&mut self, text: &[u8], count: u64, digests: &mut Vec<u32>) {
        let words = block_words(text, 0);
        let (whole, rest) = (text.len() / 4, 8 * (text.len() % 4));
        let start = u128::from(words[whole]) & ((1 << rest) - 1);
        self.words = self.words.max(whole + 3);
        let mut number = Number::ZERO;
        let (mut end, mut one) = (0, 0);
        let mut left = count;
        while left > 0 {
            // After this many messages all lanes have the text.
            if count - left < LANES as u64 {
                for (lanes, word) in self.block[..self.words].iter_mut().zip(words) {
                    lanes[self.lanes..].fill(word);
                }
            }
            let lanes = self.lanes..LANES.min(self.lanes + left as usize);
            for lane in lanes.clone() {
                if number.is_multiple_of_ten() {
                    let digits = number.digits() | 0x80 << (8 * number.length());
                    (end, one) = (start | digits << rest, number.one() << rest);
                } else {
                    end += one;
                }
                self.block[whole][lane] = end as u32;
                self.block[whole + 1][lane] = (end >> 32) as u32;
                self.block[whole + 2][lane] = (end >> 64) as u32;
                self.block[14][lane] = 8 * (text.len() + number.length()) as u32;
                number.increment();
            }
            left -= lanes.len() as u64;
            self.lanes = lanes.end;
            if self.lanes == LANES {
                self.flush(digests);
            }
        }
    }

    /// Hashes up to [`LANES`] other messages, of any length, and appends the words.
    pub(crate) fn others(&mut self, messages: &[&[u8]], digests: &mut Vec<u32>) {
        self.flush(digests);
        append(self::digests(self.level, messages), messages.len(), digests);
    }

    /// Hashes the messages in the block, and appends the words.
    pub(crate) fn flush(&mut self, digests: &mut Vec<u32>) {
        if self.lanes > 0 {
            let state = STATE_INIT.map(|word| [word; LANES]);
            let words = dispatch!(self.level, simd => compress_lanes(simd, &state, &self.block));
            append(words, self.lanes, digests);
            self.lanes = 0;
        }
    }
}

/// Appends the words of the first `count` lanes, message after message.
fn append([a, b, c, d]: [[u32; LANES]; 4], count: usize, digests: &mut Vec<u32>) {
    let mut words = [0; 4 * LANES];
    for (lane, words) in words.as_chunks_mut().0.iter_mut().enumerate() {
        *words = [a[lane], b[lane], c[lane], d[lane]];
    }
    digests.extend_from_slice(&words[..4 * count]);
}

/// Runs [`compress`] in the lanes of `simd`'s vectors, and returns the first words of the next state.
#[inline(always)]
fn compress_lanes<S: Simd, const WORDS: usize>(
    simd: S,
    state: &[[u32; LANES]; 4],
    block: &[[u32; LANES]; BLOCK_WORDS],
) -> [[u32; LANES]; WORDS] {
    simd.vectorize(
        #[inline(always)]
        || {
            let state = state.map(|word| u32x16::from_slice(simd, &word));
            let word = |i: usize| u32x16::from_slice(simd, &block[i]);
            let constant = |word| u32x16::splat(simd, word);
            let mut next = [[0; LANES]; WORDS];
            for (lanes, word) in next.iter_mut().zip(compress(state, word, constant)) {
                word.store_slice(lanes);
            }
            next
        },
    )
}

/// The instruction sets of this machine, for tests that try each.
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(fuzzing), allow(unreachable_pub))]
pub fn simd_levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let levels = [
        best.as_sse2().map(Level::Sse2),
        best.as_sse4_2().map(Level::Sse4_2),
        best.as_avx2().map(Level::Avx2),
        best.as_avx512().map(Level::Avx512),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let levels = [Some(best)];
    levels.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize, salt: usize) -> Vec<u8> {
        (0..length).map(|i| (31 * i + 7 * length + 101 * salt).to_le_bytes()[0]).collect()
    }

    #[test]
    fn known_digests() {
        // RFC 1321, A.5: MD5("") = d41d8cd98f00b204e9800998ecf8427e
        assert_eq!(hash(b""), 0xd98c_1dd4);
        assert_eq!(digest_words(b""), [0xd98c_1dd4, 0x04b2_008f, 0x9809_80e9, 0x7e42_f8ec]);
    }

    #[test]
    fn one_message_of_every_length() {
        for message in (0..=300).flat_map(|length| [0, 131, 255].map(|salt| message(length, salt)))
        {
            assert_eq!(hash(&message), digest_words(&message)[0], "{message:?}");
        }
    }

    #[test]
    fn long_messages_beside_short_ones() {
        let messages = [510, 3, 511, 512, 513, 0, 5000].map(|length| message(length, 1));
        let keys = messages.each_ref().map(Vec::as_slice);
        let expected = keys.map(|key| digest_words(key)[0]);
        assert_eq!(hashes(&keys)[..keys.len()], expected);
        assert_eq!(hashes(&keys[..4])[..4], expected[..4]);
    }

    #[test]
    fn there_are_levels_to_try() {
        assert!(!simd_levels().is_empty());
    }

    #[track_caller]
    fn agree(messages: &[Vec<u8>]) {
        for level in simd_levels() {
            let digests: [_; 4] = digests(level, messages);
            for (lane, message) in messages.iter().enumerate() {
                let digest = digests.map(|word| word[lane]);
                assert_eq!(digest, digest_words(message), "{level:?}, lane {lane}, {message:?}");
            }
            let first: [_; 1] = super::digests(level, messages);
            assert_eq!(first[0], digests[0], "{level:?}, {messages:?}");
        }
    }

    #[test]
    fn texts_with_numbers() {
        for level in simd_levels() {
            let mut numbered = Numbered::new(level);
            let (mut digests, mut expected) = (Vec::new(), Vec::new());
            // Lengths and counts have no common period, so that texts mix in a block.
            for i in 0..200 {
                let text = message(29 * i % (Numbered::MAX_TEXT + 1), i);
                let count = [1, 12, 5, 0, 40, 101][i % 6];
                numbered.each(&text, count, &mut digests);
                for number in 0..count {
                    let label = [&text[..], number.to_string().as_bytes()].concat();
                    expected.extend(digest_words(&label));
                }
            }
            // Three bytes of text and five digits end in the second word, their padding in the third.
            numbered.each(b"abc", 10_001, &mut digests);
            let labels = (0..10_001).map(|number| format!("abc{number}"));
            expected.extend(labels.flat_map(|label| digest_words(label.as_bytes())));
            numbered.others(&[b"", &[7; 99]], &mut digests);
            expected.extend([&b""[..], &[7; 99]].map(digest_words).as_flattened());
            numbered.flush(&mut digests);
            assert!(digests == expected, "{level:?}");
        }
    }

    #[test]
    fn every_length_in_every_lane() {
        for length in 0..=300 {
            agree(&std::array::from_fn::<_, LANES, _>(|lane| message(length, lane)));
        }
    }

    /// Each length stands in two or three lanes: 301 is 7 * 43.
    #[test]
    fn every_number_of_lanes_with_a_mix_of_lengths() {
        for count in 0..=LANES {
            for first in (0..=300).step_by(7) {
                let lengths = (0..count).map(|lane| (first + 37 * lane) % 301);
                agree(&lengths.map(|length| message(length, first)).collect::<Vec<_>>());
            }
        }
    }
}
