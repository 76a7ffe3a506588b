//! FHIR's dates and times: partial dates, dateTimes, and the stretch of time each covers.
//!
//! R4 datatypes.html#date, #dateTime, #instant, #time. All arithmetic is on the proleptic
//! Gregorian calendar; a date without a zone is taken in UTC, which R4 search.html#date
//! leaves to the server.

use std::fmt;

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY_US: i64 = 86_400 * SECOND_US;

/// Says why text is not a date or time; never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// The text has another shape.
    #[error("not a date; allowed are YYYY, YYYY-MM and YYYY-MM-DD")]
    Shape,
    /// The shape is right but the calendar has no such day or month.
    #[error("no such day in the calendar")]
    NoSuchDay,
    /// The part after `T` is not a time of day.
    #[error("not a time of day; allowed are hh:mm:ss and hh:mm:ss.fff")]
    Time,
    /// The time zone is absent where it is needed, or is not one.
    #[error("not a time zone; allowed are Z and +hh:mm or -hh:mm up to 14:00")]
    Zone,
}

/// Holds a date whose day, or month and day, may be unknown.
///
/// `Debug` shows the precision only: a birth date is patient data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartialDate {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// [`DateError::Shape`] or [`DateError::NoSuchDay`].
    pub fn parse(text: &str) -> Result<PartialDate, DateError> {
        let bytes = text.as_bytes();
        let dashed = |at: usize| bytes.get(at) == Some(&b'-');
        let year = digits(bytes, 0, 4).and_then(|year| u16::try_from(year).ok());
        let year = year.filter(|&year| year > 0).ok_or(DateError::Shape)?;
        let part = |at: usize| {
            let number = digits(bytes, at, 2).filter(|_| dashed(at - 1)).ok_or(DateError::Shape)?;
            u8::try_from(number).map_err(|_| DateError::Shape)
        };
        match bytes.len() {
            4 => Ok(PartialDate { year, month: None, day: None }),
            7 => PartialDate::of(year, Some(part(5)?), None),
            10 => PartialDate::of(year, Some(part(5)?), Some(part(8)?)),
            _ => Err(DateError::Shape),
        }
    }

    fn of(year: u16, month: Option<u8>, day: Option<u8>) -> Result<PartialDate, DateError> {
        let days = match month {
            Some(month @ 1..=12) => days_in_month(year, month),
            Some(_) => return Err(DateError::NoSuchDay),
            None => 31,
        };
        match day {
            Some(day) if day == 0 || day > days => Err(DateError::NoSuchDay),
            _ => Ok(PartialDate { year, month, day }),
        }
    }

    /// Gives the year, 1 to 9999.
    pub fn year(self) -> u16 {
        self.year
    }

    /// Gives the month, 1 to 12, if known.
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// Gives the day of the month if known; then the month is known too.
    pub fn day(self) -> Option<u8> {
        self.day
    }

    /// Gives the days it may be: from the first to the one after the last, counted from
    /// 1970-01-01.
    pub fn range_days(self) -> (i64, i64) {
        let (year, month, day) = (i64::from(self.year), self.month, self.day);
        let first = days_from_civil(year, month.unwrap_or(1), day.unwrap_or(1));
        let end = match (month, day) {
            (None, _) => days_from_civil(year + 1, 1, 1),
            (Some(12), None) => days_from_civil(year + 1, 1, 1),
            (Some(month), None) => days_from_civil(year, month + 1, 1),
            (Some(_), Some(_)) => first + 1,
        };
        (first, end)
    }

    /// Gives [`PartialDate::range_days`] in microseconds since 1970-01-01T00:00:00Z.
    pub fn range_us(self) -> (i64, i64) {
        let (first, end) = self.range_days();
        (first * DAY_US, end * DAY_US)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().flatten() {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = match (self.month, self.day) {
            (_, Some(_)) => "day",
            (Some(_), None) => "month",
            (None, None) => "year",
        };
        write!(f, "PartialDate({precision})")
    }
}

/// Says how exact a date or time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `YYYY`
    Year,
    /// `YYYY-MM`
    Month,
    /// `YYYY-MM-DD`
    Day,
    /// `YYYY-MM-DDThh:mm`, in searches only
    Minute,
    /// `YYYY-MM-DDThh:mm:ss` with or without a fraction
    Second,
}

/// Holds what a date or dateTime covers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Microseconds since 1970-01-01T00:00:00Z, half open.
    pub range_us: (i64, i64),
    /// How much of it was written.
    pub precision: Precision,
    /// Whether a time zone was written.
    pub has_zone: bool,
}

impl Moment {
    /// Reads a date or dateTime as searches may write it: seconds and zone are optional.
    ///
    /// A space in place of the `+` of the zone is read as `+`, since that is what an
    /// unescaped plus becomes in a query string.
    ///
    /// # Errors
    ///
    /// [`DateError`] of the part that is wrong.
    pub fn parse(text: &str) -> Result<Moment, DateError> {
        let Some((date, rest)) = text.split_once('T') else {
            let date = PartialDate::parse(text)?;
            let precision = match (date.month, date.day) {
                (None, _) => Precision::Year,
                (Some(_), None) => Precision::Month,
                (Some(_), Some(_)) => Precision::Day,
            };
            return Ok(Moment { range_us: date.range_us(), precision, has_zone: false });
        };
        let date = PartialDate::parse(date)?;
        if date.day.is_none() {
            return Err(DateError::Shape);
        }
        let (time, zone) = match rest.find(['Z', '+', '-', ' ']) {
            Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at..)),
            None => (rest, None),
        };
        let time = TimeOfDay::parse(time)?;
        let offset_us = zone.map_or(Ok(0), zone_offset_us)?;
        let lo = date.range_us().0 + time.since_midnight_us - offset_us;
        Ok(Moment {
            range_us: (lo, lo + time.width_us),
            precision: if time.has_seconds { Precision::Second } else { Precision::Minute },
            has_zone: zone.is_some(),
        })
    }

    /// Reads a dateTime element: a date, or date and time to the second with a zone.
    ///
    /// # Errors
    ///
    /// [`DateError`] of the part that is wrong.
    pub fn parse_date_time(text: &str) -> Result<Moment, DateError> {
        let moment = Moment::parse(text)?;
        match (moment.precision, moment.has_zone) {
            (Precision::Minute, _) => Err(DateError::Time),
            (Precision::Second, false) => Err(DateError::Zone),
            // The space is a courtesy to query strings only.
            (Precision::Second, true) if text.contains(' ') => Err(DateError::Zone),
            _ => Ok(moment),
        }
    }

    /// Reads an instant element: date and time to the second with a zone.
    ///
    /// # Errors
    ///
    /// [`DateError`] of the part that is wrong.
    pub fn parse_instant(text: &str) -> Result<Moment, DateError> {
        let moment = Moment::parse_date_time(text)?;
        if moment.precision < Precision::Second {
            return Err(DateError::Time);
        }
        Ok(moment)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moment({:?})", self.precision)
    }
}

/// Tells whether `text` is a time element: `hh:mm:ss` with an optional fraction.
pub fn is_time(text: &str) -> bool {
    TimeOfDay::parse(text).is_ok_and(|time| time.has_seconds)
}

/// Writes an instant in UTC with milliseconds, for example `2026-11-22T19:52:00.000Z`.
///
/// `us` counts from 1970-01-01T00:00:00Z and is cut to the millisecond; years outside
/// 1 to 9999 are written as the nearest of these, because FHIR has no other.
pub fn instant_text(us: i64) -> String {
    let first = days_from_civil(1, 1, 1) * DAY_US;
    let last = days_from_civil(10_000, 1, 1) * DAY_US - 1;
    let us = us.clamp(first, last);
    let (year, month, day) = civil_from_days(us.div_euclid(DAY_US));
    let ms = us.rem_euclid(DAY_US) / 1000;
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, fraction) = (ms / 1000 % 60, ms % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

struct TimeOfDay {
    since_midnight_us: i64,
    width_us: i64,
    has_seconds: bool,
}

impl TimeOfDay {
    fn parse(text: &str) -> Result<TimeOfDay, DateError> {
        let bytes = text.as_bytes();
        let part = |at: usize, limit: i64| {
            let colon = at == 0 || bytes.get(at - 1) == Some(&b':');
            digits(bytes, at, 2).filter(|&part| colon && part < limit).ok_or(DateError::Time)
        };
        let minutes = part(0, 24)? * 60 + part(3, 60)?;
        let since_midnight_us = minutes * 60 * SECOND_US;
        if bytes.len() == 5 {
            let width_us = 60 * SECOND_US;
            return Ok(TimeOfDay { since_midnight_us, width_us, has_seconds: false });
        }
        // 60 is a leap second (R4 datatypes.html#dateTime).
        let since_midnight_us = since_midnight_us + part(6, 61)? * SECOND_US;
        let (fraction_us, width_us) = match bytes.get(8) {
            None => (0, SECOND_US),
            Some(b'.') => fraction(&bytes[9..])?,
            Some(_) => return Err(DateError::Time),
        };
        let since_midnight_us = since_midnight_us + fraction_us;
        Ok(TimeOfDay { since_midnight_us, width_us, has_seconds: true })
    }
}

/// Reads the digits after the point: microseconds and how many of them one step covers.
fn fraction(bytes: &[u8]) -> Result<(i64, i64), DateError> {
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(DateError::Time);
    }
    let mut step_us = SECOND_US;
    let mut us = 0;
    for digit in bytes.iter().take(6) {
        step_us /= 10;
        us += i64::from(digit - b'0') * step_us;
    }
    Ok((us, step_us))
}

/// Reads `Z`, `+hh:mm` or `-hh:mm` up to 14:00.
fn zone_offset_us(zone: &str) -> Result<i64, DateError> {
    if zone == "Z" {
        return Ok(0);
    }
    let bytes = zone.as_bytes();
    let sign = match bytes.first() {
        Some(b'+' | b' ') => 1,
        Some(b'-') => -1,
        _ => return Err(DateError::Zone),
    };
    let hours = digits(bytes, 1, 2).ok_or(DateError::Zone)?;
    let minutes = digits(bytes, 4, 2).filter(|&minutes| minutes < 60).ok_or(DateError::Zone)?;
    let total = hours * 60 + minutes;
    if bytes.len() != 6 || bytes.get(3) != Some(&b':') || total > 14 * 60 {
        return Err(DateError::Zone);
    }
    Ok(sign * total * 60 * SECOND_US)
}

/// Reads exactly `count` digits at `at`.
fn digits(bytes: &[u8], at: usize, count: usize) -> Option<i64> {
    let digits = bytes.get(at..at + count)?;
    let step = |number: i64, digit: &u8| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    };
    digits.iter().try_fold(0, step)
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Counts days from 1970-01-01; Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Turns days from 1970-01-01 into year, month, day; the same source, `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
