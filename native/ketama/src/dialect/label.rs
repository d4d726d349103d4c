//! How labels are spelled: the texts that are hashed for a server's points.

use crate::hash::LANES;
use crate::number::Number;
use std::borrow::Cow;

/// The name as it is.
pub(super) fn as_given(name: &[u8]) -> Cow<'_, [u8]> {
    name.into()
}

/// The name without memcached's default port at its end.
pub(super) fn without_default_port(name: &[u8]) -> Cow<'_, [u8]> {
    name.strip_suffix(b":11211").unwrap_or(name).into()
}

/// The name without the slash that Java puts in front of an address.
pub(super) fn without_slash(name: &[u8]) -> Cow<'_, [u8]> {
    name.strip_prefix(b"/").unwrap_or(name).into()
}

/// The name as Java prints a socket's address, with a slash in front if there is no host name.
pub(super) fn with_slash(name: &[u8]) -> Cow<'_, [u8]> {
    if name.contains(&b'/') { name.into() } else { [b"/", name].concat().into() }
}

/// The order of name and number in a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spelling {
    /// The name, this byte, the number.
    NameFirst(u8),
    /// The number, a hyphen, the name.
    NumberFirst,
}

impl Spelling {
    /// Writes the parts of a server's labels before and after their numbers.
    pub(super) fn write_around_number(self, name: &[u8], around: &mut (Vec<u8>, Vec<u8>)) {
        let (before, after) = around;
        before.clear();
        after.clear();
        match self {
            Self::NameFirst(separator) => {
                before.extend_from_slice(name);
                before.push(separator);
            }
            Self::NumberFirst => {
                after.push(b'-');
                after.extend_from_slice(name);
            }
        }
    }
}

/// The length of a label, in bytes.
pub(super) fn length(name: &[u8], number: u64) -> usize {
    name.len() + 1 + number.to_string().len()
}

/// Buffers for labels, reused from server to server.
#[derive(Default)]
pub(super) struct Labels([Vec<u8>; LANES]);

impl Labels {
    /// Calls `body` with the labels of all numbers below `count`, up to [`LANES`] at a time.
    pub(super) fn each(
        &mut self,
        (before, after): &(Vec<u8>, Vec<u8>),
        count: u64,
        mut body: impl FnMut(&[&[u8]]),
    ) {
        for buffer in &mut self.0 {
            buffer.clear();
            buffer.extend_from_slice(before);
        }
        let mut number = Number::ZERO;
        for start in (0..count).step_by(LANES) {
            let mut labels = [&[][..]; LANES];
            let mut written = 0;
            for ((label, _), buffer) in labels.iter_mut().zip(start..count).zip(&mut self.0) {
                buffer.truncate(before.len());
                buffer.extend_from_slice(&number.digits().to_le_bytes());
                buffer.truncate(before.len() + number.length());
                buffer.extend_from_slice(after);
                *label = buffer;
                number.increment();
                written += 1;
            }
            body(&labels[..written]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (spell, name, expected) in [
            (as_given as fn(&[u8]) -> Cow<[u8]>, "/10.0.0.1:11211", "/10.0.0.1:11211"),
            (without_default_port, "10.0.0.1:11211", "10.0.0.1"),
            (without_default_port, "10.0.0.1:11212", "10.0.0.1:11212"),
            (without_default_port, "11211", "11211"),
            (without_default_port, "cache-a", "cache-a"),
            (without_slash, "/10.0.0.1:11211", "10.0.0.1:11211"),
            (without_slash, "cache-a/10.0.0.1:11211", "cache-a/10.0.0.1:11211"),
            (with_slash, "10.0.0.1:11211", "/10.0.0.1:11211"),
            (with_slash, "/10.0.0.1:11211", "/10.0.0.1:11211"),
            (with_slash, "cache-a/10.0.0.1:11211", "cache-a/10.0.0.1:11211"),
        ] {
            assert_eq!(&*spell(name.as_bytes()), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn numbers_from_0() {
        for (spelling, label) in [
            (Spelling::NameFirst(b'-'), (|i| format!("n-{i}")) as fn(u64) -> String),
            (Spelling::NameFirst(b':'), |i| format!("n:{i}")),
            (Spelling::NumberFirst, |i| format!("{i}-n")),
        ] {
            for count in [0, 1, 15, 16, 17, 100] {
                let mut found = Vec::new();
                let mut around = (b"former".to_vec(), b"former".to_vec());
                spelling.write_around_number(b"n", &mut around);
                Labels::default().each(&around, count, |labels| {
                    assert!(labels.len() <= LANES);
                    found.extend(labels.iter().map(|label| label.to_vec()));
                });
                let expected: Vec<_> = (0..count).map(|i| label(i).into_bytes()).collect();
                assert_eq!(found, expected);
                assert!((0..count).zip(&found).all(|(i, label)| label.len() == length(b"n", i)));
            }
        }
    }
}
