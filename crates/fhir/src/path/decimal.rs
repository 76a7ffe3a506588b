//! Exact decimal numbers (FHIRPath 4.1.4) and the text JavaScript gives a number. Operators
//! that choose between integers and decimals live in `operators`.

use std::cmp::Ordering;
use std::fmt;

/// Digits after the point that a quotient is computed to; FHIRPath asks for at least 8, and
/// 16 is what a JavaScript number shows.
const QUOTIENT_SCALE: u8 = 16;

/// Most digits after the point; ten to this power still fits the coefficient.
const SCALE_MAX: u8 = 38;

/// Longest text read as a number. One that fits a decimal is shorter unless padded with
/// zeros, and reading a number must not take long.
const LITERAL_BYTES_MAX: usize = 64;

/// A decimal number: `coefficient / 10^scale`.
///
/// The scale is kept as written, so `1.0` prints as `1.0`; comparison ignores it.
// The coefficient is stored in two halves to keep the alignment of an item at 8 bytes.
#[derive(Clone, Copy)]
pub struct Decimal {
    high: i64,
    low: u64,
    scale: u8,
}

impl Decimal {
    fn new(coefficient: i128, scale: u8) -> Decimal {
        Decimal { high: (coefficient >> 64) as i64, low: coefficient as u64, scale }
    }

    fn coefficient(self) -> i128 {
        (i128::from(self.high) << 64) | i128::from(self.low)
    }

    /// Reads a decimal in JSON's notation; `None` if it is none or has more digits than fit.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        if text.len() > LITERAL_BYTES_MAX {
            return None;
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        if unsigned.is_empty() || mantissa.ends_with('.') {
            return None;
        }
        let mut coefficient = 0_i128;
        for byte in unsigned.bytes().chain(fraction.bytes()) {
            let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
            coefficient = coefficient.checked_mul(10)?.checked_add(digit)?;
        }
        let coefficient = if whole.starts_with('-') { -coefficient } else { coefficient };
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        if scale < 0 {
            let shift = u8::try_from(scale.checked_neg()?).ok()?;
            return Some(Decimal::new(coefficient.checked_mul(power_of_ten(shift)?)?, 0));
        }
        let scale = u8::try_from(scale).ok().filter(|scale| *scale <= SCALE_MAX)?;
        Some(Decimal::new(coefficient, scale))
    }

    /// The same number without zeros at the end.
    pub(super) fn normalized(self) -> Decimal {
        let (mut coefficient, mut scale) = (self.coefficient(), self.scale);
        while scale > 0 && coefficient % 10 == 0 {
            coefficient /= 10;
            scale -= 1;
        }
        Decimal::new(coefficient, scale)
    }

    /// The number with the other sign, or `None` on overflow, like each operation below.
    pub(super) fn negated(self) -> Option<Decimal> {
        Some(Decimal::new(self.coefficient().checked_neg()?, self.scale))
    }

    pub(super) fn plus(self, other: Decimal) -> Option<Decimal> {
        let (left, right, scale) = align(self, other)?;
        Some(Decimal::new(left.checked_add(right)?, scale))
    }

    pub(super) fn minus(self, other: Decimal) -> Option<Decimal> {
        self.plus(other.negated()?)
    }

    pub(super) fn times(self, other: Decimal) -> Option<Decimal> {
        let (left, right) = (self.normalized(), other.normalized());
        let scale = left.scale.checked_add(right.scale).filter(|scale| *scale <= SCALE_MAX)?;
        Some(Decimal::new(left.coefficient().checked_mul(right.coefficient())?, scale))
    }

    /// Quotient rounded half away from zero; `None` also for a division by zero.
    pub(super) fn over(self, other: Decimal) -> Option<Decimal> {
        let (left, right, _) = align(self.normalized(), other.normalized())?;
        if right == 0 {
            return None;
        }
        // Large numbers leave less room for digits behind the point.
        for scale in [QUOTIENT_SCALE, QUOTIENT_SCALE / 2, 0] {
            if let Some(shifted) = power_of_ten(scale).and_then(|power| left.checked_mul(power)) {
                return Some(Decimal::new(divide_rounded(shifted, right)?, scale).normalized());
            }
        }
        None
    }

    /// Quotient cut to a whole number (FHIRPath 6.6.5, `div`).
    pub(super) fn whole_quotient(self, other: Decimal) -> Option<i64> {
        let (left, right, _) = align(self, other)?;
        i64::try_from(left.checked_div(right)?).ok()
    }

    /// What `div` leaves over (FHIRPath 6.6.6, `mod`).
    pub(super) fn remainder(self, other: Decimal) -> Option<Decimal> {
        let (left, right, scale) = align(self, other)?;
        Some(Decimal::new(left.checked_rem(right)?, scale).normalized())
    }

    /// Compares by value: `1.10` equals `1.1`.
    pub(super) fn compare(self, other: Decimal) -> Ordering {
        match align(self.normalized(), other.normalized()) {
            Some((left, right, _)) => left.cmp(&right),
            // Thirty digits apart: a double tells them apart by far.
            None => self.approximate().total_cmp(&other.approximate()),
        }
    }

    /// Whether both round to one number at the precision of the less precise one
    /// (FHIRPath 6.1.2, equivalence of decimals).
    pub(super) fn equivalent(self, other: Decimal) -> bool {
        let (left, right) = (self.normalized(), other.normalized());
        let scale = left.scale.min(right.scale);
        left.rounded(scale) == right.rounded(scale)
    }

    fn rounded(self, scale: u8) -> Option<i128> {
        divide_rounded(self.coefficient(), power_of_ten(self.scale.saturating_sub(scale))?)
    }

    fn approximate(self) -> f64 {
        self.coefficient() as f64 / 10_f64.powi(i32::from(self.scale))
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal::new(i128::from(value), 0)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coefficient = self.coefficient();
        let digits = coefficient.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if coefficient < 0 { "-" } else { "" };
        let point = if scale == 0 { "" } else { "." };
        write!(formatter, "{sign}{whole}{point}{fraction}")
    }
}

fn power_of_ten(exponent: u8) -> Option<i128> {
    10_i128.checked_pow(u32::from(exponent))
}

fn align(left: Decimal, right: Decimal) -> Option<(i128, i128, u8)> {
    let scale = left.scale.max(right.scale);
    let raise = |side: Decimal| side.coefficient().checked_mul(power_of_ten(scale - side.scale)?);
    Some((raise(left)?, raise(right)?, scale))
}

fn divide_rounded(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = (dividend % divisor).unsigned_abs();
    if rest < divisor.unsigned_abs().div_ceil(2) {
        return Some(quotient);
    }
    quotient.checked_add(if (dividend < 0) == (divisor < 0) { 1 } else { -1 })
}

/// The text that JavaScript gives a number written as `literal` in JSON: `1.50` is `1.5`,
/// `1e3` is `1000` (ECMA-262, Number::toString).
///
/// Whole numbers keep all their digits, where JavaScript would round from 2^53 on and make
/// two long numbers equal; so does a number beyond the range of a double.
pub(super) fn javascript_text(literal: &str) -> String {
    if literal.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return if literal == "-0" { "0".to_owned() } else { literal.to_owned() };
    }
    let Some(number) = literal.parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return literal.to_owned();
    };
    if number == 0.0 {
        return "0".to_owned();
    }
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, point))
}

/// Writes `0.digits × 10^point` the way ECMA-262 does.
fn place_point(digits: &str, point: i32) -> String {
    let length = digits.len();
    match usize::try_from(point) {
        Ok(point @ 1..=21) if point >= length => format!("{digits:0<point$}"),
        Ok(point @ 1..=21) => format!("{}.{}", &digits[..point], &digits[point..]),
        _ if (-5..=0).contains(&point) => {
            format!("0.{:0>width$}", digits, width = length + point.unsigned_abs() as usize)
        }
        _ => {
            let dot = if length > 1 { "." } else { "" };
            format!("{}{dot}{}e{:+}", &digits[..1], &digits[1..], point - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_render_as_in_javascript() {
        for (literal, expected) in [
            ("2", "2"),
            ("-0", "0"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            ("1e3", "1000"),
            ("1e+21", "1e+21"),
            ("123e-9", "1.23e-7"),
            ("0.000001", "0.000001"),
            ("-12.25", "-12.25"),
            ("12345678901234567890", "12345678901234567890"),
            ("1e400", "1e400"),
        ] {
            assert_eq!(javascript_text(literal), expected, "{literal}");
        }
    }

    #[test]
    fn decimals_read_and_print_what_was_written() {
        for (literal, expected) in
            [("1.0", "1.0"), ("-0.05", "-0.05"), ("1e2", "100"), ("12e-1", "1.2")]
        {
            assert_eq!(Decimal::parse(literal).unwrap().to_string(), expected);
        }
        for malformed in ["", "-", ".5", "1.", "1e", "1e999", "1e-999", "x", "1e-2147483648"] {
            assert!(Decimal::parse(malformed).is_none(), "{malformed}");
        }
        assert!(Decimal::parse(&"9".repeat(60)).is_none());
    }

    #[test]
    fn arithmetic_is_exact_and_never_overflows_silently() {
        let of = |text: &str| Decimal::parse(text).unwrap();
        assert_eq!(of("1.8").minus(of("1.2")).unwrap().to_string(), "0.6");
        assert_eq!(of("2.2").remainder(of("1.8")).unwrap().to_string(), "0.4");
        assert_eq!(of("2").over(of("3")).unwrap().to_string(), "0.6666666666666667");
        assert_eq!(of("-1").over(of("8")).unwrap().to_string(), "-0.125");
        assert!(of("1").over(of("0")).is_none());
        assert!(of("1").remainder(of("0.0")).is_none());
        let huge = of(&"9".repeat(38));
        assert!(huge.times(huge).is_none());
        assert_eq!(huge.compare(of("0.00000001")), Ordering::Greater);
    }
}
