//! One memcached server of the pool, and what can be wrong with its definition.

use std::fmt;

/// The longest server name, in bytes.
const MAX_NAME: usize = 255;

/// A memcached server: its name as the clients write it (`10.0.1.1:11211`) and its weight
/// (libketama calls it memory).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    name: Box<[u8]>,
    weight: u64,
}

impl Server {
    /// A server with a `name` of 1 to 255 bytes, without white space and NUL, and a `weight` from 1 to
    /// 2<sup>63</sup> - 1, the range of libketama's `strtol`.
    ///
    /// # Errors
    /// The first [`Fault`] of the name or the weight.
    pub fn new(name: &[u8], weight: i64) -> Result<Self, Fault> {
        if name.is_empty() {
            return Err(Fault::EmptyName);
        }
        if name.len() > MAX_NAME {
            return Err(Fault::LongName);
        }
        if name.iter().copied().any(is_space) {
            return Err(Fault::SpaceInName);
        }
        if name.contains(&0) {
            return Err(Fault::NulByte);
        }
        match weight {
            0 => Err(Fault::ZeroWeight),
            1.. => Ok(Self { name: name.into(), weight: weight.unsigned_abs() }),
            _ => Err(Fault::NegativeWeight),
        }
    }

    /// The name, as given.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The weight, as given.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }
}

/// C's `isspace` in the C locale.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// What is wrong with a definition of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The name has no bytes.
    EmptyName,
    /// The name has over 255 bytes.
    LongName,
    /// The name has white space in it.
    SpaceInName,
    /// There is a NUL byte, where C would end the line.
    NulByte,
    /// The line holds white space alone.
    BlankLine,
    /// The file starts with the mark that some editors put before text, which would be a part of the name.
    ByteOrderMark,
    /// The line is longer than any definition.
    LongLine,
    /// The line ends behind the name.
    MissingWeight,
    /// What libketama reads as the weight starts with no digit.
    NoDigits,
    /// The weight is 0.
    ZeroWeight,
    /// The weight is below 0.
    NegativeWeight,
    /// The weight is above 2<sup>63</sup> - 1.
    WeightOutOfRange,
    /// The sum of the weights is above 2<sup>64</sup> - 1.
    TotalOutOfRange,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyName => "the name is empty",
            Self::LongName => "the name is longer than 255 bytes",
            Self::SpaceInName => "the name has white space in it",
            Self::NulByte => "there is a NUL byte",
            Self::BlankLine => "the line holds white space alone",
            Self::ByteOrderMark => "the file starts with a byte order mark",
            Self::LongLine => "the line is too long",
            Self::MissingWeight => "the weight is missing",
            Self::NoDigits => "the weight has no digits",
            Self::ZeroWeight => "the weight is zero",
            Self::NegativeWeight => "the weight is negative",
            Self::WeightOutOfRange => "the weight is out of range",
            Self::TotalOutOfRange => "the sum of the weights is out of range",
        })
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        for (name, weight, fault) in [
            (&b""[..], 1, Fault::EmptyName),
            (&[b'a'; 256], 1, Fault::LongName),
            (b"a b", 1, Fault::SpaceInName),
            (b"a\x0b", 1, Fault::SpaceInName),
            (b"a\0b", 1, Fault::NulByte),
            (b"a", 0, Fault::ZeroWeight),
            (b"a", -1, Fault::NegativeWeight),
        ] {
            assert_eq!(Server::new(name, weight), Err(fault));
        }
        let server = Server::new(&[b'a'; 255], i64::MAX).expect("within the limits");
        assert_eq!((server.name().len(), server.weight()), (255, (1 << 63) - 1));
    }
}
