//! MD5, a block at a time: of one message, or of sixteen side by side in the lanes of a vector.
//!
//! Source: RFC 1321. One implementation serves both; what it is held against is `md-5`.

// What runs in the lanes must be compiled for their instruction set, that is into its caller.
#![allow(clippy::inline_always)]

use fearless_simd::{Level, Simd, dispatch, prelude::*, u32x16};
use std::hint::black_box;
use std::ops::{BitAnd, BitOr, BitXor, Not};

/// How many messages are hashed side by side.
pub const LANES: usize = 16;

/// The words of a block.
pub(crate) const WORDS: usize = 16;

/// The bytes of a block.
const BLOCK: usize = 4 * WORDS;

/// A, B, C and D before the first block.
pub(crate) const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// T: the whole part of 2<sup>32</sup> * |sin(i + 1)|.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// A word of one message, or the same word of sixteen.
pub(crate) trait Word:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + BitXor<Output = Self> + Not<Output = Self>
{
    fn plus(self, other: Self) -> Self;
    fn rotate(self, bits: u32) -> Self;
}

impl Word for u32 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline(always)]
    fn rotate(self, bits: u32) -> Self {
        self.rotate_left(bits)
    }
}

impl<S: Simd> Word for u32x16<S> {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn rotate(self, bits: u32) -> Self {
        self << bits | self >> (u32::BITS - bits)
    }
}

/// F, G, H and I, added to what does not wait for `b`: the shorter the chain of operations from
/// `b` on, the faster.
mod mix {
    use super::Word;

    #[inline(always)]
    pub(super) fn f<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.plus(d ^ (b & (c ^ d)))
    }

    #[inline(always)]
    pub(super) fn g<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.plus(!d & c).plus(d & b)
    }

    #[inline(always)]
    pub(super) fn h<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.plus(b ^ c ^ d)
    }

    #[inline(always)]
    pub(super) fn i<W: Word>(sum: W, b: W, c: W, d: W) -> W {
        sum.plus(c ^ (b | !d))
    }
}

/// The state after one more block. `word` gives the block's words, `constant` makes a `W` of one.
///
/// A caller that drops all but the first word of it does not pay for the last three steps, which
/// do not change it.
#[inline(always)]
pub(crate) fn compress<W: Word>(
    state: [W; 4],
    word: impl Fn(usize) -> W,
    constant: impl Fn(u32) -> W,
) -> [W; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    // A constant that the compiler knows it adds last, one operation later than need be at each
    // step: a quarter of the time. Loops have the same effect, hence the macros.
    let sines = black_box(&SINES);
    macro_rules! step {
        ($mix:ident, $step:expr, $word:expr, $bits:literal, $a:ident $b:ident $c:ident $d:ident) => {
            let sum = $a.plus(word($word % WORDS)).plus(constant(sines[$step]));
            $a = $b.plus(mix::$mix(sum, $b, $c, $d).rotate($bits));
        };
    }
    // Four steps, from step `$i`; step i takes word `$by * i + $from` of the block.
    macro_rules! steps {
        ($mix:ident, $i:expr, $by:literal, $from:literal, $p:literal $q:literal $r:literal $s:literal) => {
            step!($mix, $i, $by * $i + $from, $p, a b c d);
            step!($mix, $i + 1, $by * ($i + 1) + $from, $q, d a b c);
            step!($mix, $i + 2, $by * ($i + 2) + $from, $r, c d a b);
            step!($mix, $i + 3, $by * ($i + 3) + $from, $s, b c d a);
        };
    }
    macro_rules! round {
        ($mix:ident, $i:literal, $by:literal, $from:literal, $($bits:literal)*) => {
            steps!($mix, $i, $by, $from, $($bits)*);
            steps!($mix, $i + 4, $by, $from, $($bits)*);
            steps!($mix, $i + 8, $by, $from, $($bits)*);
            steps!($mix, $i + 12, $by, $from, $($bits)*);
        };
    }
    round!(f, 0, 1, 0, 7 12 17 22);
    round!(g, 16, 5, 1, 5 9 14 20);
    round!(h, 32, 3, 5, 4 11 16 23);
    round!(i, 48, 7, 0, 6 10 15 21);
    [state[0].plus(a), state[1].plus(b), state[2].plus(c), state[3].plus(d)]
}

/// How many blocks a message of `length` bytes has, the padding among them.
pub(crate) fn blocks(length: usize) -> usize {
    // Behind the message come a byte and the eight of the length.
    (length + 8) / BLOCK + 1
}

/// The little-endian words of block `n` of `message` and its padding.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn words(message: &[u8], n: usize) -> [u32; WORDS] {
    // Written and read by the word: a word put together in memory from bytes is slow to read.
    let mut words = [0; WORDS];
    let start = n * BLOCK;
    if let Some(rest) = message.get(start..) {
        let (whole, tail) = rest[..rest.len().min(BLOCK)].as_chunks();
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
    if n + 1 == blocks(message.len()) {
        let bits = 8 * message.len() as u64;
        words[14] = bits as u32;
        words[15] = (bits >> 32) as u32;
    }
    words
}

/// The MD5s of up to [`LANES`] messages, of any mix of lengths: lane i of the four words is that of
/// message i. Takes as long as the longest of them alone, about three times as long as one
/// message alone on the scalar path.
#[cfg_attr(not(fuzzing), allow(unreachable_pub))]
pub fn digests<M: AsRef<[u8]>>(level: Level, messages: &[M]) -> [[u32; LANES]; 4] {
    let counts = messages.iter().map(|message| blocks(message.as_ref().len()));
    let mut state = START.map(|word| [word; LANES]);
    for n in 0..counts.clone().max().unwrap_or(0) {
        let mut block_words = [[0; LANES]; WORDS];
        for (lane, message) in messages.iter().enumerate() {
            for (lanes, word) in block_words.iter_mut().zip(words(message.as_ref(), n)) {
                lanes[lane] = word;
            }
        }
        let next = dispatch!(level, simd => compress_lanes(simd, &state, &block_words));
        for (lane, _) in counts.clone().enumerate().filter(|&(_, count)| n < count) {
            for (word, next) in state.iter_mut().zip(&next) {
                word[lane] = next[lane];
            }
        }
    }
    state
}

/// [`compress`] in the lanes of `simd`'s vectors.
#[inline(always)]
fn compress_lanes<S: Simd>(
    simd: S,
    state: &[[u32; LANES]; 4],
    block: &[[u32; LANES]; WORDS],
) -> [[u32; LANES]; 4] {
    simd.vectorize(
        #[inline(always)]
        || {
            let state = state.map(|word| u32x16::from_slice(simd, &word));
            let word = |i: usize| u32x16::from_slice(simd, &block[i]);
            let constant = |word| u32x16::splat(simd, word);
            let mut next = [[0; LANES]; 4];
            for (lanes, word) in next.iter_mut().zip(compress(state, word, constant)) {
                word.store_slice(lanes);
            }
            next
        },
    )
}

/// Every instruction set of this machine, to try each.
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(fuzzing), allow(unreachable_pub))]
pub fn levels() -> Vec<Level> {
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
    use crate::hash::words_of;

    fn message(length: usize, salt: usize) -> Vec<u8> {
        (0..length).map(|i| (31 * i + 7 * length + 101 * salt).to_le_bytes()[0]).collect()
    }

    #[track_caller]
    fn agree(messages: &[Vec<u8>]) {
        for level in levels() {
            let digests = digests(level, messages);
            for (lane, message) in messages.iter().enumerate() {
                let digest = digests.map(|word| word[lane]);
                assert_eq!(digest, words_of(message), "{level:?}, lane {lane}, {message:?}");
            }
        }
    }

    #[test]
    fn every_length_in_every_lane() {
        for length in 0..=300 {
            agree(&std::array::from_fn::<_, LANES, _>(|lane| message(length, lane)));
        }
    }

    #[test]
    fn every_number_of_lanes_with_a_mix_of_lengths() {
        for count in 0..=LANES {
            for first in 0..=300 {
                let lengths = (0..count).map(|lane| (first + 37 * lane) % 301);
                agree(&lengths.map(|length| message(length, first)).collect::<Vec<_>>());
            }
        }
    }
}
