//! All codes of a column of which a test may hold, found without comparing them all where that
//! is possible.
//!
//! What is found may hold too much and never too little; whoever asks compares what was found.

use crate::index::column::Column;
use crate::index::derived::{SEVERAL, is_one_edit, rolling};
use crate::index::signature::Sieve;
use crate::model::{DateLikeness, Likeness, Test, alike_dates, end, values};
use crate::similarity::{Algorithm, units};

/// Values longer than this have too many neighbours to look each up.
const NEIGHBOURS_CHARS_MAX: usize = 24;

/// Rough costs in nanoseconds, as in `search/route.rs`.
const LOOK_UP: usize = 60;
/// Guessing a value that mostly does not exist.
const GUESS: usize = 6;
const SIFT: usize = 5;
/// Making a sieve.
const SIEVE: usize = 25_000;
const READ_SOUND: usize = 2;
/// Comparing the few values that a sieve lets pass, for each value sifted.
const SIFTED: usize = 4;
const COMPARE: usize = 250;

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
        Likeness::Date(DateLikeness::SameYear) => 10_000 * 4 * GUESS,
        Likeness::Date(DateLikeness::SameMonthDay | DateLikeness::WithinDays(_)) => 300 * 4 * GUESS,
        Likeness::Date(DateLikeness::DayMonthSwapped) => LOOK_UP,
        Likeness::Date(_) => 100 * 4 * GUESS,
        Likeness::SoundsAlike(_) => codes * READ_SOUND,
        Likeness::Similar { algorithm, threshold } => {
            if is_one_edit(*algorithm, *threshold)
                && let Some(alphabet) = column.alphabet_len()
                && query.len() <= NEIGHBOURS_CHARS_MAX
            {
                return (query.len() + 1) * (2 * alphabet + 2) * GUESS;
            }
            match algorithm.is_bounded() && column.has_signatures() {
                true => SIEVE + codes * (SIFT + SIFTED),
                false => codes * COMPARE,
            }
        }
        Likeness::Alias(_) | Likeness::Initial | Likeness::Contains | Likeness::Overlap { .. } => {
            codes * COMPARE
        }
    }
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
        Likeness::Date(likeness) => {
            let mut codes = Vec::new();
            let is_listed = alike_dates(*likeness, query, |date| {
                if column.may_have(rolling::of(date)) {
                    codes.extend(column.codes_with(date));
                }
            });
            if is_listed { codes } else { every(column) }
        }
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
        let mut near = Neighbours::new(query, alphabet);
        near.each(column, |value| codes.extend(column.codes_with(value)));
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

/// The texts that one insertion, deletion, replacement or swap of neighbours makes.
struct Neighbours {
    chars: Vec<char>,
    alphabet: Vec<char>,
    /// Per position, the rolling hash of what is before it.
    before: Vec<u64>,
    /// Per position, the rolling hash of what begins there.
    after: Vec<u64>,
    /// Per number of characters, what a hash is multiplied by to stand before so many.
    shifts: Vec<u64>,
}

impl Neighbours {
    fn new(text: &str, alphabet: Vec<char>) -> Neighbours {
        let chars: Vec<char> = text.chars().collect();
        let all = 0..=chars.len();
        let hash = |chars: &[char]| chars.iter().fold(0, |hash, c| rolling::push(hash, *c));
        Neighbours {
            before: all.clone().map(|at| hash(&chars[..at])).collect(),
            after: all.clone().map(|at| hash(&chars[at..])).collect(),
            shifts: all.map(rolling::shift).collect(),
            chars,
            alphabet,
        }
    }

    /// Calls `see` with those that the column may have.
    fn each(&mut self, column: &Column, mut see: impl FnMut(&str)) {
        let mut text = String::with_capacity(self.chars.len() + 4);
        for at in 0..=self.chars.len() {
            let rest = self.chars.len() - at;
            let swapped = self.chars.get(at + 1).map(|second| [*second, self.chars[at]]);
            // What takes the place of so many characters.
            let inserted = self.alphabet.iter().map(|c| (0, Middle::One(*c)));
            let replaced = self.alphabet.iter().map(|c| (1, Middle::One(*c)));
            let deleted = [(1, Middle::None)];
            let swapped = swapped.map(|pair| (2, Middle::Two(pair)));
            let changes = inserted.chain(replaced).chain(deleted).chain(swapped);
            for (taken, middle) in changes.filter(|(taken, _)| *taken <= rest) {
                let hash = middle.chars().fold(self.before[at], |hash, c| rolling::push(hash, *c));
                let left = rest - taken;
                let hash = hash.wrapping_mul(self.shifts[left]);
                if column.may_have(hash.wrapping_add(self.after[at + taken])) {
                    text.clear();
                    let chars = self.chars[..at].iter().chain(middle.chars());
                    text.extend(chars.chain(&self.chars[at + taken..]));
                    see(&text);
                }
            }
        }
    }
}

/// What stands in place of characters.
#[derive(Clone, Copy)]
enum Middle {
    None,
    One(char),
    Two([char; 2]),
}

impl Middle {
    fn chars(&self) -> std::slice::Iter<'_, char> {
        match self {
            Middle::None => [].iter(),
            Middle::One(c) => std::slice::from_ref(c).iter(),
            Middle::Two(pair) => pair.iter(),
        }
    }
}
