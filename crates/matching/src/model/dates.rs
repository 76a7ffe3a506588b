//! Dates that may be partial or mistyped, and how two of them can be alike.

use serde::{Deserialize, Serialize};

/// A date as prepared by [`crate::normalize::native::date`]; month and day may not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    /// The year.
    pub year: u32,
    /// The month, if known.
    pub month: Option<u32>,
    /// The day, if known.
    pub day: Option<u32>,
}

/// How two dates are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateLikeness {
    /// Year and month.
    SameYearMonth,
    /// Year and day of the month.
    SameYearDay,
    /// Month and day.
    SameMonthDay,
    /// Year.
    SameYear,
    /// The same year, and the day of each is the month of the other.
    DayMonthSwapped,
    /// One lacks the day, or day and month, and they agree in what both know.
    SameAsFarAsKnown,
    /// At most so many days apart; full dates that exist.
    WithinDays(u32),
    /// Full dates that differ in one digit.
    OneDigit,
}

impl PartialDate {
    /// Reads `yyyy`, `yyyy-mm` or `yyyy-mm-dd`.
    pub fn read(text: &str) -> Option<PartialDate> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| {
            let digits = bytes.get(from..to)?;
            digits.iter().try_fold(0, |number, byte| {
                byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
            })
        };
        let year = number(0, 4)?;
        let dash = |at: usize| bytes.get(at) == Some(&b'-');
        match bytes.len() {
            4 => Some(PartialDate { year, month: None, day: None }),
            7 if dash(4) => Some(PartialDate { year, month: Some(number(5, 7)?), day: None }),
            10 if dash(4) && dash(7) => {
                Some(PartialDate { year, month: Some(number(5, 7)?), day: Some(number(8, 10)?) })
            }
            _ => None,
        }
    }

    /// Days since the start of an era; `None` if the date is partial or does not exist.
    fn days(self) -> Option<i64> {
        let (month, day) = (self.month?, self.day?);
        if !(1..=12).contains(&month) || day == 0 || day > days_of_month(self.year, month) {
            return None;
        }
        // Years that begin in March (Hinnant, chrono-compatible low-level date algorithms).
        let year = i64::from(self.year) - i64::from(month <= 2);
        let month = (i64::from(month) + 9) % 12;
        let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
        Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year)
    }
}

fn days_of_month(year: u32, month: u32) -> u32 {
    let is_century = year.is_multiple_of(100);
    let is_leap = year.is_multiple_of(if is_century { 400 } else { 4 });
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl DateLikeness {
    /// Whether two prepared dates are alike; never where one is no date.
    pub(crate) fn holds(self, one: &str, other: &str) -> bool {
        let dates = PartialDate::read(one).zip(PartialDate::read(other));
        dates.is_some_and(|dates| self.holds_of(dates, (one, other)))
    }

    /// The same for texts that are read already.
    pub(crate) fn holds_of(
        self,
        (a, b): (PartialDate, PartialDate),
        (one, other): (&str, &str),
    ) -> bool {
        let same = |one: Option<u32>, other: Option<u32>| one.is_some() && one == other;
        match self {
            DateLikeness::SameYearMonth => a.year == b.year && same(a.month, b.month),
            DateLikeness::SameYearDay => a.year == b.year && same(a.day, b.day),
            DateLikeness::SameMonthDay => same(a.month, b.month) && same(a.day, b.day),
            DateLikeness::SameYear => a.year == b.year,
            DateLikeness::DayMonthSwapped => {
                a.year == b.year && same(a.month, b.day) && same(a.day, b.month)
            }
            DateLikeness::SameAsFarAsKnown => {
                let agree = |a: Option<u32>, b: Option<u32>| a.is_none() || b.is_none() || a == b;
                let is_partial = a.day.is_none() || b.day.is_none();
                is_partial && a.year == b.year && agree(a.month, b.month) && agree(a.day, b.day)
            }
            DateLikeness::WithinDays(most) => {
                let apart = a.days().zip(b.days()).map(|(a, b)| a.abs_diff(b));
                apart.is_some_and(|days| days <= u64::from(most))
            }
            DateLikeness::OneDigit => {
                let differs = one.bytes().zip(other.bytes()).filter(|(one, other)| one != other);
                a.day.is_some() && b.day.is_some() && differs.count() == 1
            }
        }
    }
}
