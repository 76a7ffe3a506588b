//! Dates, date-times and times of FHIRPath, partial ones included (FHIRPath 4.1.5 to 4.1.7).
//! No clock and no date arithmetic; FHIR's own date type is in [`crate::date`].

use std::cmp::Ordering;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

/// Which of FHIRPath's three types a [`Temporal`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalKind {
    /// `@1990-01`.
    Date,
    /// `@1990-01-02T10:30Z`.
    DateTime,
    /// `@T10:30`.
    Time,
}

/// The smallest unit that a value states. Fractions belong to the second (FHIRPath 6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// A date, date-time or time with the precision it was written in.
#[derive(Clone, Copy, Debug)]
pub struct Temporal {
    kind: TemporalKind,
    precision: Precision,
    /// Digits of the fraction as written, to print it back.
    fraction_digits: u8,
    offset_minutes: Option<i16>,
    /// Unstated parts are the smallest possible; a time lies on day one of year one.
    start: Start,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
}

/// What is known about the order of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Known(Ordering),
    /// Precisions differ, or one states an offset and the other does not.
    Unknown,
    /// A date against a time: never equal, and in no order.
    Unrelated,
}

impl Temporal {
    /// Which type the value has.
    pub fn kind(self) -> TemporalKind {
        self.kind
    }

    /// Reads a whole text as a date or date-time, or as a time.
    pub(super) fn parse(text: &str) -> Option<Temporal> {
        let (value, length) = Temporal::scan_date(text).or_else(|| Temporal::scan_time(text))?;
        (length == text.len()).then_some(value)
    }

    /// Reads a date or date-time at the start of `text`; gives it with its length in bytes.
    pub(super) fn scan_date(text: &str) -> Option<(Temporal, usize)> {
        let mut scan = Scan { text, at: 0 };
        let mut value = Temporal::unstated(TemporalKind::Date, Precision::Year);
        value.start.year = scan.digits(4)?;
        if let Some(month) = scan.part('-') {
            (value.start.month, value.precision) = (month, Precision::Month);
            if let Some(day) = scan.part('-') {
                (value.start.day, value.precision) = (day, Precision::Day);
            }
        }
        if scan.take('T') {
            value.kind = TemporalKind::DateTime;
            if value.precision == Precision::Day && value.scan_clock(&mut scan)?.is_some() {
                value.offset_minutes = scan.offset()?;
            }
        }
        value.civil().map(|_| (value, scan.at))
    }

    /// Reads a time at the start of `text` (without the `T`); gives it with its length.
    pub(super) fn scan_time(text: &str) -> Option<(Temporal, usize)> {
        let mut scan = Scan { text, at: 0 };
        let mut value = Temporal::unstated(TemporalKind::Time, Precision::Hour);
        value.scan_clock(&mut scan)??;
        value.civil().map(|_| (value, scan.at))
    }

    fn unstated(kind: TemporalKind, precision: Precision) -> Temporal {
        let start =
            Start { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0 };
        Temporal { kind, precision, fraction_digits: 0, offset_minutes: None, start }
    }

    /// Reads `hh[:mm[:ss[.fraction]]]`: `Some(None)` if there is no hour, `None` if malformed.
    fn scan_clock(&mut self, scan: &mut Scan<'_>) -> Option<Option<()>> {
        let Some(hour) = scan.digits(2) else { return Some(None) };
        (self.start.hour, self.precision) = (hour, Precision::Hour);
        if let Some(minute) = scan.part(':') {
            (self.start.minute, self.precision) = (minute, Precision::Minute);
            if let Some(second) = scan.part(':') {
                (self.start.second, self.precision) = (second, Precision::Second);
                (self.start.nanosecond, self.fraction_digits) = scan.fraction()?;
            }
        }
        Some(Some(()))
    }

    fn civil(self) -> Option<DateTime> {
        let at = self.start;
        let date = Date::new(at.year, at.month, at.day).ok()?;
        Some(date.to_datetime(Time::new(at.hour, at.minute, at.second, at.nanosecond).ok()?))
    }

    fn utc(self) -> Option<DateTime> {
        let civil = self.civil()?;
        match self.offset_minutes {
            Some(minutes) => civil.checked_sub(SignedDuration::from_mins(i64::from(minutes))).ok(),
            None => Some(civil),
        }
    }

    /// Compares part by part, from the year down, as far as both state one
    /// (FHIRPath 6.1.1 and 6.2).
    pub(super) fn compare(self, other: Temporal) -> Order {
        if (self.kind == TemporalKind::Time) != (other.kind == TemporalKind::Time) {
            return Order::Unrelated;
        }
        // A bare date has no offset and needs none against another bare date; against a
        // stated offset it may be the day before or after.
        if self.offset_minutes.is_some() != other.offset_minutes.is_some() {
            return Order::Unknown;
        }
        let (Some(left), Some(right)) = (self.utc(), other.utc()) else { return Order::Unknown };
        let shared = self.precision.min(other.precision);
        match parts(left, shared).cmp(&parts(right, shared)) {
            Ordering::Equal if self.precision != other.precision => Order::Unknown,
            ordering => Order::Known(ordering),
        }
    }
}

/// The stated parts, the others zero.
fn parts(at: DateTime, precision: Precision) -> [i32; 7] {
    let all = [
        (Precision::Year, i32::from(at.year())),
        (Precision::Month, i32::from(at.month())),
        (Precision::Day, i32::from(at.day())),
        (Precision::Hour, i32::from(at.hour())),
        (Precision::Minute, i32::from(at.minute())),
        (Precision::Second, i32::from(at.second())),
        (Precision::Second, at.subsec_nanosecond()),
    ];
    all.map(|(part, value)| if part <= precision { value } else { 0 })
}

impl fmt::Display for Temporal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.start;
        if self.kind != TemporalKind::Time {
            write!(formatter, "{:04}", at.year)?;
            if self.precision >= Precision::Month {
                write!(formatter, "-{:02}", at.month)?;
            }
            if self.precision >= Precision::Day {
                write!(formatter, "-{:02}", at.day)?;
            }
        }
        if self.kind == TemporalKind::DateTime && self.precision >= Precision::Hour {
            formatter.write_str("T")?;
        }
        if self.precision >= Precision::Hour {
            write!(formatter, "{:02}", at.hour)?;
        }
        if self.precision >= Precision::Minute {
            write!(formatter, ":{:02}", at.minute)?;
        }
        if self.precision >= Precision::Second {
            write!(formatter, ":{:02}", at.second)?;
        }
        if self.fraction_digits > 0 {
            let digits = format!("{:09}", at.nanosecond);
            write!(formatter, ".{}", &digits[..usize::from(self.fraction_digits)])?;
        }
        match self.offset_minutes {
            None => Ok(()),
            Some(0) => formatter.write_str("Z"),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(formatter, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// A place in a text that is being read.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl Scan<'_> {
    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.text[self.at..].starts_with(expected);
        self.at += usize::from(found);
        found
    }

    /// Reads exactly `count` digits, or nothing.
    fn digits<N: TryFrom<u16>>(&mut self, count: usize) -> Option<N> {
        let digits = self.rest().get(..count)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let value = digits.iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        self.at += count;
        N::try_from(value).ok()
    }

    /// Reads a separator and two digits, or nothing.
    fn part(&mut self, separator: char) -> Option<i8> {
        let before = self.at;
        let value = self.take(separator).then(|| self.digits(2)).flatten();
        if value.is_none() {
            self.at = before;
        }
        value
    }

    /// Reads `.123` as nanoseconds and a count of digits; a point without a digit stays.
    fn fraction(&mut self) -> Option<(i32, u8)> {
        let digits: Vec<u8> = match self.rest().split_first() {
            Some((b'.', rest)) => rest.iter().copied().take_while(u8::is_ascii_digit).collect(),
            _ => return Some((0, 0)),
        };
        if digits.is_empty() {
            return Some((0, 0));
        }
        self.at += 1 + digits.len();
        let count = u8::try_from(digits.len()).ok().filter(|count| *count <= 9)?;
        let value = digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        Some((value * 10_i32.pow(u32::from(9 - count)), count))
    }

    /// Reads `Z` or `±hh:mm`: `Some(None)` if there is none, `None` if out of range.
    fn offset(&mut self) -> Option<Option<i16>> {
        if self.take('Z') {
            return Some(Some(0));
        }
        let before = self.at;
        let sign = if self.take('-') { -1 } else { 1 };
        if sign == 1 && !self.take('+') {
            return Some(None);
        }
        let hours: Option<i16> = self.digits(2);
        let (Some(hours), Some(minutes)) = (hours, self.part(':')) else {
            self.at = before;
            return Some(None);
        };
        (hours <= 14 && minutes < 60).then(|| Some(sign * (hours * 60 + i16::from(minutes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_and_full_values_print_as_written() {
        for text in [
            "1990",
            "1990-01",
            "1990-01-31",
            "1990-01-31T14",
            "1990-01-31T14:05Z",
            "1990-01-31T14:05:06.120+05:30",
            "1990-01-31T14:05:06-05:00",
            "14:05",
            "14:05:06.5",
        ] {
            assert_eq!(Temporal::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn impossible_or_unfinished_values_are_none() {
        for text in [
            "",
            "199",
            "1990-13",
            "1990-02-30",
            "1990-1-1",
            "1990-01-01T25",
            "1990-01-01T10:61",
            "1990-01-01T10:00+15:00",
            "1990-01-01T10:00:00.1234567890",
            "1990é",
            "x",
        ] {
            assert!(Temporal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn order_is_known_only_as_far_as_both_say() {
        let compare =
            |left, right| Temporal::parse(left).unwrap().compare(Temporal::parse(right).unwrap());
        assert_eq!(compare("1990", "1991-05"), Order::Known(Ordering::Less));
        assert_eq!(compare("1990", "1990-05"), Order::Unknown);
        assert_eq!(
            compare("2020-01-01T01:00+02:00", "2019-12-31T23:00Z"),
            Order::Known(Ordering::Equal)
        );
        assert_eq!(compare("2020-01-01T01:00", "2020-01-01T01:00Z"), Order::Unknown);
        assert_eq!(compare("2020", "10:00"), Order::Unrelated);
        assert_eq!(
            compare("2020-01-01T01:00:00", "2020-01-01T01:00:00.0"),
            Order::Known(Ordering::Equal)
        );
    }
}
