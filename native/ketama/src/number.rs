//! A number in decimal digits that counts up, which takes less than to divide each number by ten.

/// A number of up to 16 digits.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    /// Its digits, the first one in the lowest byte.
    digits: u128,
    length: usize,
}

impl Number {
    pub(crate) const ZERO: Self = Self { digits: b'0' as u128, length: 1 };

    /// Its digits, the first one in the lowest byte.
    #[inline]
    pub(crate) fn digits(self) -> u128 {
        self.digits
    }

    /// How many digits it has.
    #[inline]
    pub(crate) fn length(self) -> usize {
        self.length
    }

    /// Adds 1.
    #[inline]
    pub(crate) fn increment(&mut self) {
        for digit in (0..self.length).rev() {
            let shift = 8 * digit;
            self.digits += 1 << shift;
            if self.digits >> shift & 0xff <= b'9'.into() {
                return;
            }
            self.digits -= 10 << shift;
        }
        // All were nines.
        self.digits = self.digits << 8 | u128::from(b'1');
        self.length += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_format_writes() {
        let mut number = Number::ZERO;
        for expected in 0..100_200 {
            let digits = number.digits().to_le_bytes();
            assert_eq!(digits[..number.length()], *format!("{expected}").as_bytes());
            assert!(digits[number.length()..].iter().all(|&byte| byte == 0));
            number.increment();
        }
    }
}
