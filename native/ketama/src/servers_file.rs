//! The servers file, read as libketama reads it.
//!
//! A line is `name<tab or spaces>weight<newline>`. Lines that start with `#` and lines shorter
//! than two bytes, newline counted, are skipped. libketama cuts the last byte off the weight,
//! taking it for the newline; a line for which that changes the weight is read the same way here,
//! and reported as a [`Trap`].
//! Source: `read_server_line` and `read_server_definitions` in libketama's `ketama.c`.

use crate::server::{Fault, Server, is_space};
use std::fmt;

/// The longest definition, in bytes, newline counted. Real ones are far shorter: a longer line is not from a
/// servers file.
pub const MAX_LINE: usize = 4096;

/// The most bytes of a line that libketama reads at once, newline counted.
const LIBKETAMA_LINE: usize = 126;

/// U+FEFF in UTF-8. For libketama it is a part of the first name.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a servers file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServersFile {
    /// The servers, in file order.
    pub servers: Vec<Server>,
    /// The lines that say one thing and mean another, with their numbers, from 1.
    pub traps: Vec<(usize, Trap)>,
}

/// A line that does not mean what it seems to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trap {
    /// The weight is followed by something other than a newline and loses its last byte.
    CutWeight {
        /// The weight as it stands in the file.
        written: Box<[u8]>,
        /// The weight that libketama reads, and this crate with it.
        read: u64,
    },
    /// The line is read whole here; libketama reads what follows its first `limit` bytes as another line.
    LongLine {
        /// The most bytes that libketama reads at once, newline counted.
        limit: usize,
    },
}

/// A line that makes the whole file invalid, as it does for libketama.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLine {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

impl std::error::Error for InvalidLine {}

/// Reads the contents of a servers file. Linear in its size.
///
/// # Errors
/// The first line that is neither a comment, nor empty, nor the definition of a server.
pub fn parse(contents: &[u8]) -> Result<ServersFile, InvalidLine> {
    if contents.starts_with(BYTE_ORDER_MARK) {
        return Err(InvalidLine { line: 1, fault: Fault::ByteOrderMark });
    }
    let mut file = ServersFile { servers: Vec::new(), traps: Vec::new() };
    let mut total = 0_u64;
    for (line, text) in (1..).zip(contents.split_inclusive(|&byte| byte == b'\n')) {
        if text.len() > LIBKETAMA_LINE {
            file.traps.push((line, Trap::LongLine { limit: LIBKETAMA_LINE }));
        }
        if text.len() < 2 || text[0] == b'#' {
            continue;
        }
        let invalid = |fault| InvalidLine { line, fault };
        let (server, trap) = definition(text).map_err(invalid)?;
        total = total.checked_add(server.weight()).ok_or(invalid(Fault::TotalOutOfRange))?;
        file.servers.push(server);
        file.traps.extend(trap.map(|trap| (line, trap)));
    }
    Ok(file)
}

fn definition(text: &[u8]) -> Result<(Server, Option<Trap>), Fault> {
    if text.len() > MAX_LINE {
        return Err(Fault::LongLine);
    }
    if text.contains(&0) {
        return Err(Fault::NulByte);
    }
    if text.iter().copied().all(is_space) {
        return Err(Fault::BlankLine);
    }
    // As strtok does: leading delimiters are skipped, and several in a row count as one.
    let mut tokens =
        text.split(|byte| matches!(byte, b'\t' | b' ')).filter(|token| !token.is_empty());
    let name = tokens.next().unwrap_or_default();
    let weight = tokens.next().unwrap_or_default();
    let Some((_, cut)) = weight.split_last() else {
        return Err(Fault::MissingWeight);
    };
    if weight.iter().copied().all(is_space) {
        return Err(Fault::MissingWeight);
    }
    let read = strtol(cut)?;
    let server = Server::new(name, read)?;
    let trap = (strtol(weight) != Ok(read)).then(|| Trap::CutWeight {
        written: weight.trim_ascii_end().into(),
        read: server.weight(),
    });
    Ok((server, trap))
}

/// C's `strtol` in base 10. Fails if that finds no digits or sets `errno`.
fn strtol(text: &[u8]) -> Result<i64, Fault> {
    let space = text.iter().take_while(|&&byte| is_space(byte)).count();
    let (negative, digits) = match &text[space..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let end = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let (count, magnitude) = end.fold((0, Some(0_i64)), |(count, magnitude), digit| {
        let digit = i64::from(digit - b'0');
        let next = magnitude.and_then(|m| m.checked_mul(10)?.checked_add(digit));
        (count + 1, next)
    });
    match (count, magnitude) {
        (0, _) => Err(Fault::NoDigits),
        (_, None) => Err(Fault::WeightOutOfRange),
        (_, Some(magnitude)) => Ok(if negative { -magnitude } else { magnitude }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(contents: &[u8]) -> Vec<(Vec<u8>, u64)> {
        let file = parse(contents).expect("a valid file");
        let servers = file.servers.iter();
        servers.map(|s| (s.name().to_vec(), s.weight())).collect()
    }

    fn fault(contents: &[u8]) -> (usize, Fault) {
        let invalid = parse(contents).expect_err("an invalid file");
        (invalid.line, invalid.fault)
    }

    #[test]
    fn definitions() {
        for contents in [
            &b"a\t600\nb\t300\n"[..],
            b"a 600\nb \t \t300\n",
            b"  a\t600\n\n#\tx\n\n\nb\t+300\n",
            b"a\t600\r\nb\t0300\r\n",
            b"a\t600abc\nb\t\r300\n",
        ] {
            assert_eq!(read(contents), [(b"a".to_vec(), 600), (b"b".to_vec(), 300)]);
            assert_eq!(parse(contents).map(|file| file.traps), Ok(Vec::new()));
        }
    }

    /// Blanks at the start are skipped in a definition only.
    #[test]
    fn comments_start_at_the_first_byte() {
        assert_eq!(read(b" #a\t5\n"), [(b"#a".to_vec(), 5)]);
        assert_eq!(fault(b" # a\n"), (1, Fault::NoDigits));
        assert_eq!(read(b"# a\t5\n"), []);
    }

    #[test]
    fn no_definitions() {
        for contents in [&b""[..], b"\n", b"# a 1\n#\n", b"x", b"\n\n\n"] {
            assert_eq!(read(contents), []);
        }
    }

    #[test]
    fn cut_weights() {
        for (contents, written) in [
            (&b"a\t25"[..], &b"25"[..]),
            (b"a\t25 \n", b"25"),
            (b"a\t25\t# x\n", b"25"),
            (b"a 29 3\n", b"29"),
        ] {
            let file = parse(contents).expect("a valid file");
            assert_eq!(file.servers[0].weight(), 2);
            let written = written.into();
            assert_eq!(file.traps, [(1, Trap::CutWeight { written, read: 2 })]);
        }
        // What is cut off is no part of the number.
        assert_eq!(parse(b"a\t2x \n").map(|file| file.traps), Ok(Vec::new()));
    }

    #[test]
    fn long_lines() {
        let comment = |length: usize| [&b"#"[..], &vec![b' '; length - 2], b"\n"].concat();
        let traps = |length| parse(&comment(length)).map(|file| file.traps);
        assert_eq!(traps(126), Ok(vec![]));
        assert_eq!(traps(127), Ok(vec![(1, Trap::LongLine { limit: 126 })]));
        assert_eq!(fault(&comment(127)[1..]), (1, Fault::BlankLine));
        let name = [b'n'; 255];
        let line = [&name[..], b"\t7\n"].concat();
        assert_eq!(read(&line), [(name.to_vec(), 7)]);
        let definition = |length: usize| [&b"a"[..], &vec![b' '; length - 3], b"7\n"].concat();
        assert_eq!(read(&definition(MAX_LINE)), [(b"a".to_vec(), 7)]);
        assert_eq!(fault(&definition(MAX_LINE + 1)), (1, Fault::LongLine));
        let endless = [&b"a\t7\n"[..], b"a\t", &b"7".repeat(10 << 20)].concat();
        assert_eq!(fault(&endless), (2, Fault::LongLine));
    }

    #[test]
    fn total_over_64_bits() {
        let line = format!("a\t{}\n", i64::MAX);
        assert_eq!(read(line.repeat(2).as_bytes()).len(), 2);
        assert_eq!(fault(line.repeat(3).as_bytes()), (3, Fault::TotalOutOfRange));
    }

    #[test]
    fn faults() {
        for (line, expected) in [
            (&b"a\n"[..], Fault::MissingWeight),
            (b"ab", Fault::MissingWeight),
            (b"a\t", Fault::MissingWeight),
            (b"a \n", Fault::MissingWeight),
            (b"a \r\n", Fault::MissingWeight),
            (b"ab\tx\n", Fault::NoDigits),
            (b"ab\t-\n", Fault::NoDigits),
            (b"ab\t5", Fault::NoDigits),
            (b"ab\t5 \n", Fault::NoDigits),
            (b"ab\t0\n", Fault::ZeroWeight),
            (b"ab\t0x10\n", Fault::ZeroWeight),
            (b"ab\t-0\n", Fault::ZeroWeight),
            (b"ab\t-5\n", Fault::NegativeWeight),
            (b"ab\t9223372036854775808\n", Fault::WeightOutOfRange),
            (b"ab\t-99999999999999999999\n", Fault::WeightOutOfRange),
            (b"a\x0bb\t5\n", Fault::SpaceInName),
            (b"ab\0\t5\n", Fault::NulByte),
            (b"  \n", Fault::BlankLine),
            (b"\r\n", Fault::BlankLine),
            (b"  ", Fault::BlankLine),
            (b"\xef\xbb\xbfa\t", Fault::MissingWeight),
        ] {
            let contents = [&b"# comment\nok\t1\n"[..], line].concat();
            assert_eq!(fault(&contents), (3, expected), "{line:?}");
        }
    }

    #[test]
    fn faults_in_words() {
        let invalid = parse(b"a\t5\nb\n").expect_err("an invalid file");
        assert_eq!(invalid.to_string(), "line 2: missing weight");
    }

    #[test]
    fn byte_order_mark() {
        for contents in [&b"\xef\xbb\xbfa\t5\n"[..], b"\xef\xbb\xbf# comment\n", b"\xef\xbb\xbf"] {
            assert_eq!(fault(contents), (1, Fault::ByteOrderMark));
        }
    }

    proptest! {
        #[test]
        fn any_bytes(contents: Vec<u8>) {
            let _ = parse(&contents);
        }

        #[test]
        fn lines_with_line_like_bytes(contents in r"([a-c#0-9+\- \t\r]{0,12}\n?){0,8}") {
            let _ = parse(contents.as_bytes());
        }

        #[test]
        fn what_is_written_is_read(
            servers in prop::collection::vec((r"[!-~&&[^#]][!-~]{0,254}", 1..=i64::MAX / 32), 0..40)
        ) {
            let lines = servers.iter().map(|(name, weight)| format!("{name}\t{weight}\n"));
            let read = read(lines.collect::<String>().as_bytes());
            let servers = servers.iter().map(|(n, w)| (n.as_bytes().to_vec(), w.unsigned_abs()));
            prop_assert_eq!(read, servers.collect::<Vec<_>>());
        }

        #[test]
        fn strtol_reads_every_integer(number: i64, tail in "[^0-9]{0,3}") {
            // C can read i64::MIN; a weight is never negative.
            prop_assume!(number != i64::MIN);
            prop_assert_eq!(strtol(format!(" {number}{tail}").as_bytes()), Ok(number));
        }
    }
}
