//! Birth dates: always dates that exist, to the day, the month or the year.

use std::fmt;

use crate::dice::Dice;

/// The first year anybody here is born in.
const YEAR_MIN: u32 = 1930;
/// The last one. A constant and not the clock, so that a seed means the same people for ever.
const YEAR_MAX: u32 = 2024;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

impl Date {
    /// The date, if it exists and somebody here may be born on it.
    pub(crate) fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let exists = (YEAR_MIN..=YEAR_MAX).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }
}

/// What a record says about a birth date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    Day(Date),
    Month { year: u32, month: u32 },
    Year(u32),
}

impl fmt::Display for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Day(Date { year, month, day }) => write!(f, "{year:04}-{month:02}-{day:02}"),
            Self::Month { year, month } => write!(f, "{year:04}-{month:02}"),
            Self::Year(year) => write!(f, "{year:04}"),
        }
    }
}

/// A birth date of a young population, 15 in 100 of them on 1 January.
///
/// Registers fill with 1 January wherever people know the year they were born in and a form
/// insists on a day.
pub(crate) fn birth_date(dice: &mut Dice) -> Date {
    let span = YEAR_MAX - YEAR_MIN + 1;
    let year = YEAR_MAX - dice.below(span).min(dice.below(span));
    let (month, day) = if dice.chance(0.15) {
        (1, 1)
    } else {
        let month = dice.between(1, 12);
        (month, dice.between(1, days_of(year, month)))
    };
    Date { year, month, day }
}

fn days_of(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for (year, month, day) in [(2023, 2, 29), (1990, 4, 31), (1990, 13, 1), (1990, 0, 1)] {
            assert_eq!(Date::new(year, month, day), None);
        }
        assert!(Date::new(2024, 2, 29).is_some());
    }

    #[test]
    fn partial_dates_print_as_fhir_writes_them() {
        assert_eq!(Birth::Year(1990).to_string(), "1990");
        assert_eq!(Birth::Month { year: 1990, month: 2 }.to_string(), "1990-02");
    }
}
