//! Codes of dates by year, month and day, so that dates like a query's are found by their parts.
//!
//! A year's dates lie side by side, and there are few years: what has the year, or nearly has it,
//! is read in sequence, and what has another year is found by month and day.

use std::sync::Arc;

use super::digits;
use crate::model::{DateLikeness, PartialDate};

/// A date of a year; month and day are 0 if not known, which no date has that knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    month: Option<u8>,
    day: Option<u8>,
    code: u32,
}

/// A year and its dates, ascending.
type Year = (u32, Arc<Vec<Entry>>);

/// The dates of a column.
#[derive(Clone, Default)]
pub(super) struct Calendar {
    years: Arc<Vec<Year>>,
    /// Values that are no dates.
    others: usize,
}

impl Entry {
    fn of(date: PartialDate, code: u32) -> Entry {
        // Two digits each.
        let short = |part: Option<u32>| part.map(|part| part as u8);
        Entry { month: short(date.month), day: short(date.day), code }
    }

    fn date(self, year: u32) -> PartialDate {
        PartialDate { year, month: self.month.map(u32::from), day: self.day.map(u32::from) }
    }
}

impl Calendar {
    /// Lists a value of a code, or takes it from the list.
    pub(super) fn put(&mut self, code: u32, text: &str, is_there: bool) {
        let Some(date) = PartialDate::read(text) else {
            self.others = if is_there { self.others + 1 } else { self.others.saturating_sub(1) };
            return;
        };
        let years = Arc::make_mut(&mut self.years);
        let entry = Entry::of(date, code);
        match (years.binary_search_by_key(&date.year, |(year, _)| *year), is_there) {
            (Ok(at), _) => {
                let entries = Arc::make_mut(&mut years[at].1);
                match (entries.binary_search(&entry), is_there) {
                    (Err(at), true) => entries.insert(at, entry),
                    (Ok(at), false) => drop(entries.remove(at)),
                    // A code may have one date twice.
                    _ => {}
                }
                if entries.is_empty() {
                    years.remove(at);
                }
            }
            (Err(at), true) => years.insert(at, (date.year, Arc::new(vec![entry]))),
            (Err(_), false) => {}
        }
    }

    /// Whether all values are dates.
    pub(super) fn has_all(&self) -> bool {
        self.others == 0
    }

    /// Calls `see` with every code that has a date like a query's.
    pub(super) fn alike(
        &self,
        likeness: DateLikeness,
        query: (PartialDate, &str),
        mut see: impl FnMut(u32),
    ) {
        let (date, text) = query;
        let years = match likeness {
            DateLikeness::SameMonthDay => {
                let (Some(_), Some(_)) = (date.month, date.day) else { return };
                let wanted = Entry::of(date, 0);
                for (_, entries) in self.years.iter() {
                    on_day(entries, wanted).iter().for_each(|entry| see(entry.code));
                }
                return;
            }
            DateLikeness::OneDigit => return self.near(1, date, see),
            DateLikeness::WithinDays(days) => {
                // A year has more than 365 days, and the days left over may begin the next.
                let years = days / 365 + 1;
                self.between(date.year.saturating_sub(years), date.year + years)
            }
            _ => self.between(date.year, date.year),
        };
        for (year, entries) in years {
            let alike = entries.iter().filter(|entry| {
                // Only a digit's place asks for the texts.
                likeness.holds_of((date, entry.date(*year)), (text, text))
            });
            alike.for_each(|entry| see(entry.code));
        }
    }

    fn between(&self, first: u32, last: u32) -> &[Year] {
        let from = self.years.partition_point(|(year, _)| *year < first);
        let to = self.years.partition_point(|(year, _)| *year <= last);
        &self.years[from..to]
    }

    /// Calls `see` with every code that has a full date so few edits from a full one, and with some
    /// that are further off; at most [`digits::EDITS_MAX`].
    ///
    /// Year, month and day lie between dashes, so what an edit adds to one of them another must
    /// take from the same: the edits of the parts add up.
    pub(super) fn near(&self, edits: u32, date: PartialDate, mut see: impl FnMut(u32)) {
        let (Some(month), Some(day)) = (date.month, date.day) else { return };
        let wanted = Entry::of(date, 0);
        let of_part = |part: u32| -> [u32; 100] {
            std::array::from_fn(|other| {
                digits::edits_of(digits::of(part), digits::of(other as u32))
            })
        };
        let (month_edits, day_edits, own_year) =
            (of_part(month), of_part(day), digits::of(date.year));
        for (year, entries) in self.years.iter() {
            let year_edits = digits::edits_of(own_year, digits::of(*year));
            let Some(left) = edits.checked_sub(year_edits) else { continue };
            if left == 0 {
                on_day(entries, wanted).iter().for_each(|entry| see(entry.code));
                continue;
            }
            for entry in entries.iter() {
                let (Some(month), Some(day)) = (entry.month, entry.day) else { continue };
                if month_edits[usize::from(month)] + day_edits[usize::from(day)] <= left {
                    see(entry.code);
                }
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let years = self.years.iter();
        years.map(|(_, entries)| size_of::<Year>() + entries.capacity() * size_of::<Entry>()).sum()
    }
}

/// The entries of a month and day.
fn on_day(entries: &[Entry], wanted: Entry) -> &[Entry] {
    let day = (wanted.month, wanted.day);
    let from = entries.partition_point(|entry| (entry.month, entry.day) < day);
    let to = from + entries[from..].partition_point(|entry| (entry.month, entry.day) == day);
    &entries[from..to]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::similarity::{Algorithm, units};

    fn date() -> impl Strategy<Value = String> {
        let digits = prop_oneof![0..13_u32, 0..100_u32];
        let year = prop_oneof![1985..1999_u32, 0..9999_u32];
        (year, digits.clone(), digits, 0..8).prop_map(|(year, month, day, kind)| match kind {
            0 => format!("{year:04}"),
            1 => format!("{year:04}-{month:02}"),
            _ => format!("{year:04}-{month:02}-{day:02}"),
        })
    }

    /// A date, and others that are it but for some digits, or have nothing to do with it.
    fn dates() -> impl Strategy<Value = (String, Vec<String>)> {
        let edits = prop::collection::vec((0..10usize, 0..10usize, any::<bool>()), 0..4);
        let other = (edits, prop::option::weighted(0.3, date()));
        (date(), prop::collection::vec(other, 1..20)).prop_map(|(query, others)| {
            let others = others.into_iter().map(|(edits, other)| {
                let mut text: Vec<u8> = other.unwrap_or_else(|| query.clone()).into_bytes();
                let is_digit =
                    |text: &[u8], at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
                for (one, other, swaps) in edits {
                    if !is_digit(&text, one) || !is_digit(&text, other) {
                        continue;
                    }
                    match swaps {
                        true => text.swap(one, other),
                        // Moves a digit, and what is between by one place.
                        false => {
                            let dashes: Vec<bool> = text.iter().map(|c| *c == b'-').collect();
                            let mut digits: Vec<u8> =
                                text.iter().copied().filter(|c| *c != b'-').collect();
                            let digit = digits.remove(one % digits.len());
                            digits.insert(other % (digits.len() + 1), digit);
                            let mut digits = digits.into_iter();
                            let written = dashes.iter().map(|dash| match dash {
                                true => b'-',
                                false => digits.next().unwrap_or(b'0'),
                            });
                            text = written.collect();
                        }
                    }
                }
                String::from_utf8(text).unwrap()
            });
            (query.clone(), others.collect())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            cases: 2_000,
            ..Default::default()
        })]

        #[test]
        fn nothing_alike_is_passed_over((query, texts) in dates(), days in 0..800_u32) {
            let mut calendar = Calendar::default();
            for (code, text) in (0..).zip(&texts) {
                calendar.put(code, text, true);
            }
            let before = calendar.clone();
            let Some(date) = PartialDate::read(&query) else { return Ok(()) };
            let likenesses = [
                DateLikeness::SameYearMonth,
                DateLikeness::SameYearDay,
                DateLikeness::SameMonthDay,
                DateLikeness::SameYear,
                DateLikeness::DayMonthSwapped,
                DateLikeness::SameAsFarAsKnown,
                DateLikeness::WithinDays(days),
                DateLikeness::OneDigit,
            ];
            for likeness in likenesses {
                let mut found = Vec::new();
                calendar.alike(likeness, (date, &query), |code| found.push(code));
                for (code, text) in (0..).zip(&texts) {
                    let is_found = found.contains(&code);
                    prop_assert!(is_found || !likeness.holds(&query, text), "{:?} {}", likeness, text);
                }
            }
            for edits in 1..=digits::EDITS_MAX {
                let mut found = Vec::new();
                calendar.near(edits, date, |code| found.push(code));
                for (code, text) in (0..).zip(&texts).filter(|(_, text)| text.len() == 10) {
                    let distance = Algorithm::DamerauLevenshtein
                        .compare_units(&units(&query), &units(text))
                        .unwrap();
                    let is_near = query.len() == 10 && distance <= f64::from(edits);
                    prop_assert!(found.contains(&code) || !is_near, "{} {}", query, text);
                }
            }
            for (code, text) in (0..).zip(&texts) {
                calendar.put(code, text, false);
            }
            prop_assert!(calendar.years.is_empty() && calendar.has_all());
            prop_assert!(!before.years.is_empty());
        }
    }
}
