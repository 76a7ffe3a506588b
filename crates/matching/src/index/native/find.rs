//! All codes of a column of which a test may hold, found without comparing them all where that
//! is possible.
//!
//! What is found may hold too much and never too little; whoever asks compares what was found.

use crate::index::column::Column;
use crate::index::derived::SEVERAL;
use crate::index::signature::Sieve;
use crate::model::{DateLikeness, Likeness, Test, alike_dates, end, values};
use crate::similarity::{Algorithm, units};

/// Values longer than this have too many neighbours to look each up.
const NEIGHBOURS_CHARS_MAX: usize = 24;

/// Rough costs in nanoseconds, as in `search/route.rs`.
const LOOK_UP: usize = 60;
const SIFT: usize = 5;
const READ_SOUND: usize = 2;
/// Comparing the few values that a sieve lets pass, for each value sifted.
const SIFTED: usize = 3;
const COMPARE: usize = 150;

/// What finding the codes of a test will take; `None` if they cannot be found.
pub(super) fn price(test: &Test, column: &Column, query: &str) -> Option<usize> {
    match test {
        Test::On { likeness, .. } | Test::Swapped { likeness, .. } => {
            Some(price_of(likeness, column, query))
        }
        Test::All(tests) => tests.iter().filter_map(|test| price(test, column, query)).min(),
        Test::Any(tests) => {
            tests.iter().try_fold(0, |sum, test| Some(sum + price(test, column, query)?))
        }
        Test::Else => None,
    }
}

fn price_of(likeness: &Likeness, column: &Column, query: &str) -> usize {
    let codes = column.codes();
    match likeness {
        Likeness::Equal => LOOK_UP,
        Likeness::SameEnd { .. } => LOOK_UP,
        Likeness::Date(
            DateLikeness::SameMonthDay | DateLikeness::WithinDays(_) | DateLikeness::SameYear,
        ) => 300 * LOOK_UP,
        Likeness::Date(DateLikeness::DayMonthSwapped) => LOOK_UP,
        Likeness::Date(_) => 100 * LOOK_UP,
        Likeness::SoundsAlike(_) => codes * READ_SOUND,
        Likeness::Similar { algorithm, threshold } => {
            if is_one_edit(*algorithm, *threshold)
                && let Some(alphabet) = column.alphabet()
                && query.len() <= NEIGHBOURS_CHARS_MAX
            {
                return (query.len() + 1) * (2 * alphabet.len() + 2) * LOOK_UP;
            }
            match algorithm.is_bounded() && column.has_signatures() {
                true => codes * (SIFT + SIFTED),
                false => codes * COMPARE,
            }
        }
        Likeness::Alias(_) | Likeness::Initial | Likeness::Contains | Likeness::Overlap { .. } => {
            codes * COMPARE / 2
        }
    }
}

fn is_one_edit(algorithm: Algorithm, threshold: f64) -> bool {
    let is_edits = matches!(
        algorithm,
        Algorithm::Levenshtein | Algorithm::DamerauLevenshtein | Algorithm::OptimalStringAlignment
    );
    is_edits && (0.0..2.0).contains(&threshold)
}

/// The codes, some perhaps twice; only where [`price`] gives one.
pub(super) fn codes(test: &Test, column: &Column, query: &str) -> Vec<u32> {
    match test {
        Test::On { likeness, .. } | Test::Swapped { likeness, .. } => {
            values(query).flat_map(|value| codes_of(likeness, column, value)).collect()
        }
        Test::All(tests) => {
            let priced = tests.iter().filter_map(|test| Some((price(test, column, query)?, test)));
            let cheapest = priced.min_by_key(|(price, _)| *price);
            cheapest.map_or(Vec::new(), |(_, test)| codes(test, column, query))
        }
        Test::Any(tests) => tests.iter().flat_map(|test| codes(test, column, query)).collect(),
        Test::Else => Vec::new(),
    }
}

fn codes_of(likeness: &Likeness, column: &Column, query: &str) -> Vec<u32> {
    match likeness {
        Likeness::Equal => column.codes_with(query).collect(),
        Likeness::SameEnd { characters } => match end(query, *characters) {
            Some(end) => column.codes_ending(end, *characters),
            None => Vec::new(),
        },
        Likeness::Date(likeness) => match alike_dates(*likeness, query) {
            Some(dates) => dates.iter().flat_map(|date| column.codes_with(date)).collect(),
            None => every(column),
        },
        Likeness::SoundsAlike(encoder) => {
            let Some(sounds) = column.sounds(*encoder) else { return every(column) };
            let wanted = encoder.code(query);
            let is_like = |sound: u32| sound == SEVERAL || sound != 0 && Some(sound) == wanted;
            let codes = 1..column.codes() as u32;
            codes.filter(|code| is_like(sounds.get(*code as usize))).collect()
        }
        Likeness::Similar { algorithm, threshold } => {
            similar(*algorithm, *threshold, column, query)
        }
        Likeness::Alias(_) | Likeness::Initial | Likeness::Contains | Likeness::Overlap { .. } => {
            every(column)
        }
    }
}

/// Every code in use.
fn every(column: &Column) -> Vec<u32> {
    (1..column.codes() as u32).filter(|code| column.is_used(*code)).collect()
}

fn similar(algorithm: Algorithm, threshold: f64, column: &Column, query: &str) -> Vec<u32> {
    if is_one_edit(algorithm, threshold)
        && let Some(alphabet) = column.alphabet()
        && query.len() <= NEIGHBOURS_CHARS_MAX
    {
        let mut codes: Vec<u32> = column.codes_with(query).collect();
        neighbours(query, &alphabet, |value| codes.extend(column.codes_with(value)));
        return codes;
    }
    let sieve = Sieve::new(algorithm, threshold, &units(query));
    let mut codes = Vec::new();
    column.sift(
        |text| sieve.as_ref().is_none_or(|sieve| sieve.passes(text)),
        |code| {
            if column.is_used(code) {
                codes.push(code);
            }
        },
    );
    codes
}

/// Every text that one insertion, deletion, replacement or swap of neighbours makes.
fn neighbours(text: &str, alphabet: &[char], mut see: impl FnMut(&str)) {
    let chars: Vec<char> = text.chars().collect();
    let mut changed = String::with_capacity(text.len() + 4);
    let mut make = |parts: [&[char]; 3]| {
        changed.clear();
        changed.extend(parts.into_iter().flatten());
        see(&changed);
    };
    for at in 0..=chars.len() {
        let (before, after) = chars.split_at(at);
        alphabet.iter().for_each(|c| make([before, &[*c], after]));
        if let [first, rest @ ..] = after {
            make([before, &[], rest]);
            alphabet.iter().filter(|c| *c != first).for_each(|c| make([before, &[*c], rest]));
        }
        if let [first, second, rest @ ..] = after {
            make([before, &[*second, *first], rest]);
        }
    }
}
