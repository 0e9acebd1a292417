//! Numbers as people type them.

use core::fmt;

/// Text that is no number of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadNumber<'a> {
    /// The text.
    pub text: &'a str,
    /// What was wanted.
    pub wanted: &'static str,
}

impl fmt::Display for BadNumber<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no {}", self.text, self.wanted)
    }
}

/// An address: always hexadecimal, `0x` and `_` as you like.
pub fn address(text: &str) -> Result<u64, BadNumber<'_>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let wanted = "address (hexadecimal, up to 64 bits)";
    digits_of(digits, 16).ok_or(BadNumber { text, wanted })
}

/// A number: decimal, or hexadecimal behind `0x`; `K` or `M` at its end multiplies.
pub fn number(text: &str) -> Result<u64, BadNumber<'_>> {
    let wanted = "number (decimal or 0x..., K or M behind it)";
    parse(text).ok_or(BadNumber { text, wanted })
}

fn parse(text: &str) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return digits_of(digits, 16);
    }
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1 << 10),
        None => match text.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 1 << 20),
            None => (text, 1),
        },
    };
    digits_of(digits, 10)?.checked_mul(unit)
}

fn digits_of(text: &str, radix: u32) -> Option<u64> {
    let digits = || text.chars().filter(|c| *c != '_');
    digits().next()?;
    digits().try_fold(0_u64, |number, digit| {
        let digit = u64::from(digit.to_digit(radix)?);
        number.checked_mul(u64::from(radix))?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hexadecimal_with_or_without_prefix() {
        assert_eq!(address("fe201018"), Ok(0xFE20_1018));
        assert_eq!(address("0xFFFF_ff80_0000_0000"), Ok(0xFFFF_FF80_0000_0000));
        assert!(address("10000000000000000").is_err());
        assert!(address("0x").is_err() && address("").is_err() && address("0xg").is_err());
    }

    #[test]
    fn numbers_are_decimal_and_have_units() {
        assert_eq!(number("16"), Ok(16));
        assert_eq!(number("0x10"), Ok(16));
        assert_eq!(number("4K"), Ok(4096));
        assert_eq!(number("2m"), Ok(2 << 20));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for bad in [
            "",
            "K",
            "-1",
            "18446744073709551616",
            "18446744073709551615K",
            "1x",
        ] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }
}
