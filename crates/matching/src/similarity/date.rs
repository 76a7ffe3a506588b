//! `dateDamerau`: how alike two full dates are when typing errors are likely.
//!
//! Source: the `DateDamerau` matcher of OpenCR's similarity-scoring plugin (2bb5210).

/// A year, month or day with its digits transposed.
const TRANSPOSED: f64 = 0.6;
/// Day and month exchanged in the same year.
const EXCHANGED: f64 = 0.9;

/// 0 to 1, 1 for equal texts; `None` unless both are `dddd-dd-dd`.
///
/// Whether the date exists is not tested: `1988-14-03` compares.
pub(super) fn similarity(a: &[u16], b: &[u16]) -> Option<f64> {
    if a == b {
        return Some(1.0);
    }
    let ([year_a, month_a, day_a], [year_b, month_b, day_b]) = (parse(a)?, parse(b)?);
    let weighted =
        part(year_a, year_b)? * 5.0 + part(month_a, month_b)? * 4.0 + part(day_a, day_b)? * 3.0;
    let exchanged = year_a == year_b && month_a == day_b && day_a == month_b;
    Some((weighted / 12.0).max(if exchanged { EXCHANGED } else { 0.0 }))
}

/// Year, month and day of ten units `dddd-dd-dd`, ASCII digits only.
fn parse(text: &[u16]) -> Option<[u32; 3]> {
    let dash = u16::from(b'-');
    if text.len() != 10 || text[4] != dash || text[7] != dash {
        return None;
    }
    Some([number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?])
}

fn number(digits: &[u16]) -> Option<u32> {
    digits.iter().try_fold(0, |number, unit| {
        let digit = char::from_u32(u32::from(*unit))?.to_digit(10)?;
        Some(number * 10 + digit)
    })
}

/// What one part of the date contributes; `None` where the original failed.
fn part(a: u32, b: u32) -> Option<f64> {
    if a == b {
        return Some(1.0);
    }
    Some(if transposed(a, b)? { TRANSPOSED } else { 0.0 })
}

/// Whether the last two digits are swapped, the first two of a year being equal.
fn transposed(a: u32, b: u32) -> Option<bool> {
    let (mut a, mut b) = (a, b);
    if a > 31 && b > 31 {
        let (text_a, text_b) = (a.to_string(), b.to_string());
        if text_a[..2] != text_b[..2] {
            return Some(false);
        }
        // Nothing follows in a year of two digits (`0045`), and the original failed to read it.
        a = text_a[2..].parse().ok()?;
        b = text_b[2..].parse().ok()?;
    }
    Some(a % 10 == b / 10 && a / 10 == b % 10)
}
