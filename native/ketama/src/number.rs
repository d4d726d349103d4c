//! A counter in decimal digits: cheaper than dividing each number by ten.

/// A number of up to 16 digits.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    /// The digits in ASCII, the first one in the lowest byte.
    digits: u128,
    length: usize,
    /// The value of the last digit.
    last: u32,
    /// 1 in the byte of the last digit.
    one: u128,
}

impl Number {
    pub(crate) const ZERO: Self = Self { digits: b'0' as u128, length: 1, last: 0, one: 1 };

    /// The digits in ASCII, the first one in the lowest byte.
    #[inline]
    pub(crate) fn digits(self) -> u128 {
        self.digits
    }

    /// The number of digits.
    #[inline]
    pub(crate) fn length(self) -> usize {
        self.length
    }

    /// 1 in the byte of the last digit. Added to the digits, it counts up, unless the last one is a 9.
    #[inline]
    pub(crate) fn one(self) -> u128 {
        self.one
    }

    #[inline]
    pub(crate) fn is_multiple_of_ten(self) -> bool {
        self.last == 0
    }

    /// Adds 1.
    #[inline]
    pub(crate) fn increment(&mut self) {
        if self.last < 9 {
            self.last += 1;
            self.digits += self.one;
        } else {
            self.carry();
        }
    }

    #[inline(never)]
    fn carry(&mut self) {
        self.last = 0;
        let nine = u128::from(b'9');
        let mut one = self.one;
        while self.digits >> one.trailing_zeros() & 0xff == nine {
            self.digits -= 9 * one;
            one >>= 8;
            if one == 0 {
                // All were nines.
                self.digits = self.digits << 8 | u128::from(b'1');
                self.length += 1;
                self.one <<= 8;
                return;
            }
        }
        self.digits += one;
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
            assert_eq!(number.is_multiple_of_ten(), expected % 10 == 0);
            number.increment();
        }
    }
}
