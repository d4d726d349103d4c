//! One memcached server of the pool, and what can be wrong with its definition.

use smallvec::SmallVec;
use std::fmt;

/// A memcached server: its name as the clients write it (`10.0.1.1:11211`) and its weight
/// (libketama calls it memory).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    // An IPv4 address with its port has up to 21 bytes; room for 23 takes no more.
    name: SmallVec<[u8; 23]>,
    weight: u64,
}

impl Server {
    /// The most bytes of a name.
    pub const MAX_NAME: usize = 255;

    /// The largest weight: that of libketama's `strtol`.
    pub const MAX_WEIGHT: i64 = i64::MAX;

    /// A server with a name and a weight. The name has 1 to [`MAX_NAME`](Self::MAX_NAME) bytes, without
    /// white space and NUL; the weight is 1 to [`MAX_WEIGHT`](Self::MAX_WEIGHT).
    ///
    /// # Errors
    /// The first [`Fault`] of the name or the weight.
    pub fn new(name: &[u8], weight: i64) -> Result<Self, Fault> {
        if name.is_empty() {
            return Err(Fault::EmptyName);
        }
        if name.len() > Self::MAX_NAME {
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
            1.. => Ok(Self { name: SmallVec::from_slice(name), weight: weight.unsigned_abs() }),
            _ => Err(Fault::NegativeWeight),
        }
    }

    /// The name, as given.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The memory of the name outside of the struct, in bytes.
    pub(crate) fn allocated_bytes(&self) -> usize {
        if self.name.spilled() { self.name.capacity() } else { 0 }
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

/// Declares each fault and its name together.
macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident = $name:literal,)*) => {
        /// What is wrong with a definition of a server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// The name of the fault: `"zero_weight"`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $name,)*
                }
            }
        }
    };
}

faults! {
    /// The name has no bytes.
    EmptyName = "empty_name",
    /// The name has over [`Server::MAX_NAME`] bytes.
    LongName = "long_name",
    /// The name has white space in it.
    SpaceInName = "space_in_name",
    /// There is a NUL byte, where C would end the line.
    NulByte = "nul_byte",
    /// The line holds white space alone.
    BlankLine = "blank_line",
    /// The file starts with a byte order mark, which would be a part of the first name.
    ByteOrderMark = "byte_order_mark",
    /// The line has over [`MAX_LINE`](crate::servers_file::MAX_LINE) bytes.
    LongLine = "long_line",
    /// The line ends after the name.
    MissingWeight = "missing_weight",
    /// What libketama reads as the weight starts with no digit.
    NoDigits = "no_digits",
    /// The weight is 0.
    ZeroWeight = "zero_weight",
    /// The weight is below 0.
    NegativeWeight = "negative_weight",
    /// The weight is above [`Server::MAX_WEIGHT`].
    WeightOutOfRange = "weight_out_of_range",
    /// The sum of the weights does not fit in a `u64`.
    TotalOutOfRange = "total_out_of_range",
}

/// The name in words: "zero weight".
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().replace('_', " "))
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
            (&[b'a'; Server::MAX_NAME + 1], 1, Fault::LongName),
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

    #[test]
    fn faults_in_words() {
        assert_eq!(Fault::WeightOutOfRange.to_string(), "weight out of range");
    }
}
