//! Dates as eight digits of four bits each, which are compared without reading texts.

use crate::model::{DateLikeness, PartialDate};
use crate::similarity::Algorithm;

/// More edits than these are not told apart.
pub(super) const EDITS_MAX: u32 = 2;

/// A full date; 0 stands for what is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digits(u32);

/// The digits of a number of at most four.
pub(super) fn of(number: u32) -> u32 {
    let digit = |at: u32| number / 10_u32.pow(at) % 10;
    digit(0) | digit(1) << 4 | digit(2) << 8 | digit(3) << 12
}

/// Places at which digits differ, as the lowest bit of each.
fn differing(one: u32, other: u32) -> u32 {
    let differs = one ^ other;
    (differs | differs >> 1 | differs >> 2 | differs >> 3) & 0x1111_1111
}

/// At least so few edits make one number of another of as many digits.
pub(super) fn edits_of(one: u32, other: u32) -> u32 {
    let places = differing(one, other);
    match places.count_ones() {
        0 => 0,
        1 => 1,
        2 => 2 - u32::from(is_swapped(one, other, places)),
        _ => match have_one_apart(one, other) {
            // Two swaps, or what is deleted here and inserted there.
            true => 2,
            false => EDITS_MAX + 1,
        },
    }
}

/// Whether digits differ because two neighbours changed places.
fn is_swapped(one: u32, other: u32, places: u32) -> bool {
    let low = places.trailing_zeros();
    let digit = |number: u32, at: u32| number >> at & 15;
    places == 0x11 << low
        && digit(one, low) == digit(other, low + 4)
        && digit(one, low + 4) == digit(other, low)
}

/// Whether all digits but one at the most are the same in some order.
fn have_one_apart(one: u32, other: u32) -> bool {
    // Per digit, how often it occurs.
    let count =
        |number: u32| (0..4).fold(0_u64, |sum, at| sum + (1 << (4 * (number >> (4 * at) & 15))));
    let (one, other) = (count(one), count(other));
    let beside: u64 = (0..10)
        .map(|digit| (one >> (4 * digit) & 15).saturating_sub(other >> (4 * digit) & 15))
        .sum();
    beside <= 1
}

impl Digits {
    /// Of a text that is one full date.
    pub(super) fn read(text: &str) -> Option<Digits> {
        PartialDate::read(text).and_then(Digits::of_date)
    }

    fn of_date(date: PartialDate) -> Option<Digits> {
        let (month, day) = (date.month?, date.day?);
        let digits = of(date.year) << 16 | of(month) << 8 | of(day);
        // The only date without a digit above 0 is left out.
        (digits != 0).then_some(Digits(digits))
    }

    fn year(self) -> u32 {
        self.0 >> 16
    }

    fn month(self) -> u32 {
        self.0 >> 8 & 0xFF
    }

    fn day(self) -> u32 {
        self.0 & 0xFF
    }

    fn date(self) -> PartialDate {
        let number = |digits: u32| {
            (digits >> 12 & 15) * 1000
                + (digits >> 8 & 15) * 100
                + (digits >> 4 & 15) * 10
                + (digits & 15)
        };
        PartialDate {
            year: number(self.year()),
            month: Some(number(self.month())),
            day: Some(number(self.day())),
        }
    }

    /// The same as [`DateLikeness::holds`].
    pub(super) fn are_alike(self, other: Digits, likeness: DateLikeness) -> bool {
        let (year, month, day) =
            (self.year() == other.year(), self.month() == other.month(), self.day() == other.day());
        match likeness {
            DateLikeness::SameYearMonth => year && month,
            DateLikeness::SameYearDay => year && day,
            DateLikeness::SameMonthDay => month && day,
            DateLikeness::SameYear => year,
            DateLikeness::DayMonthSwapped => {
                year && self.month() == other.day() && self.day() == other.month()
            }
            // Both are full.
            DateLikeness::SameAsFarAsKnown => false,
            DateLikeness::OneDigit => differing(self.0, other.0).count_ones() == 1,
            DateLikeness::WithinDays(_) => likeness.holds_of((self.date(), other.date()), ("", "")),
        }
    }

    /// Whether both are at most so many edits apart, by an algorithm that counts them; `None` if
    /// the digits do not tell.
    pub(super) fn are_near(
        self,
        other: Digits,
        algorithm: Algorithm,
        threshold: f64,
    ) -> Option<bool> {
        let edits = algorithm.edits_max(threshold)?;
        // A digit in place of another is one edit, whatever else is.
        if differing(self.0, other.0).count_ones() <= edits {
            return Some(true);
        }
        // Dashes stand at the same places, so edits of the parts add up.
        let least = edits_of(self.year(), other.year())
            + edits_of(self.month(), other.month())
            + edits_of(self.day(), other.day());
        (edits <= EDITS_MAX && least > edits).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::similarity::units;

    fn date() -> impl Strategy<Value = String> {
        let number = || prop_oneof![0..13_u32, 0..100_u32];
        let year = prop_oneof![1980..2001_u32, 0..9999_u32];
        (year, number(), number())
            .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"))
    }

    /// A date, and another that has most of its digits.
    fn pair() -> impl Strategy<Value = (String, String)> {
        let edits = prop::collection::vec((0..8usize, 0..8usize, 0..3u8), 0..4);
        (date(), edits).prop_map(|(one, edits)| {
            let mut digits: Vec<char> = one.chars().filter(char::is_ascii_digit).collect();
            for (from, to, kind) in edits {
                match kind {
                    0 => digits.swap(from, to),
                    1 => digits[from] = digits[to],
                    _ => {
                        let digit = digits.remove(from);
                        digits.insert(to, digit);
                    }
                }
            }
            let text: String = digits.into_iter().collect();
            (one, format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            cases: 4_000,
            ..Default::default()
        })]

        #[test]
        fn digits_tell_what_texts_tell(
            (one, other) in prop_oneof![pair(), (date(), date())],
            days in 0..400_u32,
        ) {
            let (Some(a), Some(b)) = (Digits::read(&one), Digits::read(&other)) else { return Ok(()) };
            prop_assert_eq!(a.date(), PartialDate::read(&one).unwrap());
            for likeness in [
                DateLikeness::SameYearMonth,
                DateLikeness::SameYearDay,
                DateLikeness::SameMonthDay,
                DateLikeness::SameYear,
                DateLikeness::DayMonthSwapped,
                DateLikeness::SameAsFarAsKnown,
                DateLikeness::WithinDays(days),
                DateLikeness::OneDigit,
            ] {
                prop_assert_eq!(a.are_alike(b, likeness), likeness.holds(&one, &other));
            }
            let algorithms = [
                Algorithm::Levenshtein,
                Algorithm::DamerauLevenshtein,
                Algorithm::OptimalStringAlignment,
            ];
            for (algorithm, most) in algorithms.into_iter().flat_map(|a| (0..5).map(move |most| (a, most))) {
                let distance = algorithm.compare_units(&units(&one), &units(&other)).unwrap();
                let near = a.are_near(b, algorithm, f64::from(most));
                prop_assert!(near.is_none_or(|near| near == (distance <= f64::from(most))));
                prop_assert!(most > 1 || near.is_some() || distance <= 3.0);
            }
        }
    }
}
