//! All codes of which a test may hold, found without comparing all where that is possible.
//!
//! What is found may hold too much and never too little; whoever asks compares what was found.

use std::sync::Arc;

use super::Sides;
use super::kept::{Kept, Key};
use super::prepared::{Prepared, Scratch};
use super::within::Within;
use crate::index::calendar::Calendar;
use crate::index::column::Column;
use crate::index::derived::rolling;
use crate::index::digits::EDITS_MAX;
use crate::index::signature::Signature;
use crate::index::wards::Wards;
use crate::model::{DateLikeness, Likeness, PartialDate, Test, end, values};
use crate::similarity::{Algorithm, units};

/// Rough costs in nanoseconds, as in `search/route.rs`.
const LOOK_UP: usize = 60;
/// Guessing a value that mostly does not exist.
const GUESS: usize = 60;
/// Reading what has the year of a date, or each year's dates of one day.
const DATES: usize = 4_000;
/// Reading the dates of years that are nearly the same.
const NEAR_DATES: usize = 10_000;
/// Choosing wards, and what is read and compared there for each value of the column.
const WARDS: usize = 8_000;
const WARDED: usize = 4;
/// The same where letters rule few out.
const WARDED_EDITS: usize = 40;
/// One value in so many has nearly the same letters, and costs about a nanosecond to find.
const NEXT: usize = 8;
const SIFT: usize = 5;
/// Looking a sieve up.
const SIEVE: usize = 1_000;
/// Comparing the few values that a sieve lets pass, for each value sifted.
const SIFTED: usize = 4;
const COMPARE: usize = 250;

/// Codes of candidates' values of a feature.
pub(super) struct Listed {
    pub(super) feature: usize,
    pub(super) codes: Arc<[u32]>,
}

/// A likeness of one of the query's values to candidates' values of a feature.
#[derive(Clone, Copy)]
struct Part<'s> {
    likeness: &'s Likeness,
    /// `None` where the query has no value, so that nothing is like it.
    text: Option<&'s str>,
    feature: usize,
    column: &'s Column,
    /// What is remembered of the query's value, if others have it, too, and its code.
    shared: Option<(&'s Kept, u32)>,
    /// The same if the value is one of the column, whoever else has it.
    own: Option<(&'s Kept, u32)>,
}

impl<'s> Part<'s> {
    fn new(likeness: &'s Likeness, of_query: usize, feature: usize, sides: Sides<'s>) -> Part<'s> {
        let (text, column) = (sides.query.text(of_query), &sides.snapshot.columns[feature]);
        let own = sides.own(of_query).filter(|_| of_query == feature);
        Part { likeness, text, feature, column, shared: sides.shared(of_query), own }
    }

    fn price(self) -> usize {
        match self.known() {
            Some(_) => LOOK_UP,
            None => self.text.map_or(0, |text| price_of(self.likeness, self.column, text)),
        }
    }

    /// What is known of a value of the column without looking for it.
    fn known(self) -> Option<Known<'s>> {
        let (kept, code) = self.own?;
        match self.likeness {
            Likeness::Equal if !self.column.has_several() => Some(Known::Alone(code)),
            Likeness::Similar { algorithm, threshold } if algorithm.is_one_edit(*threshold) => {
                Some(Known::Near(kept, code))
            }
            _ => None,
        }
    }

    /// The cheaper of the two sides of an exchange; of equal ones the second.
    fn of_exchange((a, b): (usize, usize), likeness: &'s Likeness, sides: Sides<'s>) -> Part<'s> {
        let parts = [Part::new(likeness, a, b, sides), Part::new(likeness, b, a, sides)];
        if parts[0].price() < parts[1].price() / 2 { parts[0] } else { parts[1] }
    }

    /// The codes, ascending; those alone that are like the query if `exactly`.
    fn codes(self, exactly: bool) -> Listed {
        let codes = match self.shared.filter(|_| exactly) {
            None => self.find(exactly).into(),
            Some((kept, code)) => {
                let asked = std::ptr::from_ref(self.likeness).addr();
                let key = Key { asked, part: self.feature as u32, code };
                kept.codes(key, || self.find(true))
            }
        };
        Listed { feature: self.feature, codes }
    }

    fn find(self, exactly: bool) -> Vec<u32> {
        let Part { likeness, column, .. } = self;
        let Some(text) = self.text else { return Vec::new() };
        match self.known() {
            Some(Known::Alone(code)) => return vec![code],
            Some(Known::Near(kept, code)) if !exactly => {
                let near = kept.near(self.feature, column).get(code);
                return near.iter().copied().chain([code]).collect();
            }
            _ => {}
        }
        let mut codes: Vec<u32> =
            values(text).flat_map(|value| codes_of(likeness, column, value)).collect();
        codes.sort_unstable();
        codes.dedup();
        if exactly {
            let mut query = Prepared::new(text, column);
            codes.retain(|code| query.meets(likeness, *code, &mut Scratch::default()));
        }
        codes
    }
}

/// What is known of a value of the column itself.
enum Known<'s> {
    /// It is equal to no other.
    Alone(u32),
    /// Those that are one edit apart.
    Near(&'s Kept, u32),
}

/// What finding the codes of a test will take; `None` if they cannot be found.
pub(super) fn price(test: &Test, sides: Sides<'_>) -> Option<usize> {
    match test {
        Test::On { feature, likeness } => {
            Some(Part::new(likeness, *feature, *feature, sides).price())
        }
        Test::Swapped { a, b, likeness } => {
            Some(Part::of_exchange((*a, *b), likeness, sides).price())
        }
        Test::All(tests) => tests.iter().filter_map(|test| price(test, sides)).min(),
        Test::Any(tests) => tests.iter().try_fold(0, |sum, test| Some(sum + price(test, sides)?)),
        Test::Else => None,
    }
}

/// Lists of which a row that meets the test has a code; only where [`price`] gives one.
pub(super) fn codes(test: &Test, sides: Sides<'_>, exactly: bool) -> Vec<Listed> {
    match test {
        Test::On { feature, likeness } => {
            vec![Part::new(likeness, *feature, *feature, sides).codes(exactly)]
        }
        Test::Swapped { a, b, likeness } => {
            vec![Part::of_exchange((*a, *b), likeness, sides).codes(exactly)]
        }
        Test::All(tests) => {
            let priced = tests.iter().filter_map(|test| Some((price(test, sides)?, test)));
            let cheapest = priced.min_by_key(|(price, _)| *price);
            cheapest.map_or(Vec::new(), |(_, test)| codes(test, sides, exactly))
        }
        Test::Any(tests) => tests.iter().flat_map(|test| codes(test, sides, exactly)).collect(),
        Test::Else => Vec::new(),
    }
}

fn price_of(likeness: &Likeness, column: &Column, query: &str) -> usize {
    let codes = column.codes();
    let warded = match column.wards() {
        Some(_) => WARDS + codes * WARDED,
        None => codes * COMPARE,
    };
    match likeness {
        Likeness::Equal => LOOK_UP,
        Likeness::SameEnd { .. } | Likeness::SoundsAlike(_) => LOOK_UP,
        Likeness::Date(DateLikeness::OneDigit) => NEAR_DATES,
        Likeness::Date(_) => DATES,
        Likeness::Similar { algorithm, threshold } => {
            Way::to(*algorithm, *threshold, column, query).price(column)
        }
        Likeness::Initial => warded,
        Likeness::Alias(_) | Likeness::Contains | Likeness::Overlap { .. } => {
            Within::new(likeness, column, query).map_or(codes * COMPARE, |within| within.price())
        }
    }
}

fn codes_of(likeness: &Likeness, column: &Column, query: &str) -> Vec<u32> {
    match likeness {
        Likeness::Equal => column.codes_with(query).collect(),
        Likeness::SameEnd { characters } => match end(query, *characters) {
            Some(end) => column.codes_ending(end, *characters),
            None => Vec::new(),
        },
        Likeness::Date(likeness) => match (PartialDate::read(query), column.dates()) {
            (Some(date), Some(dates)) => {
                let mut codes = Vec::new();
                dates.alike(*likeness, (date, query), |code| codes.push(code));
                codes
            }
            (None, _) => Vec::new(),
            (_, None) => every(column),
        },
        Likeness::SoundsAlike(encoder) => {
            // What has no sound sounds like nothing, but one of several values may have one.
            let sound = encoder.code(query).unwrap_or(0);
            column.codes_sounding(*encoder, sound).unwrap_or_else(|| every(column))
        }
        Likeness::Similar { algorithm, threshold } => {
            similar(*algorithm, *threshold, column, query)
        }
        Likeness::Initial => initials(column, query).unwrap_or_else(|| every(column)),
        Likeness::Alias(_) | Likeness::Contains | Likeness::Overlap { .. } => {
            let within = Within::new(likeness, column, query);
            within.map_or_else(|| every(column), |within| within.codes())
        }
    }
}

/// The codes that may be a query's initial, or begin with the one that it is; `None` if letters
/// are not kept.
fn initials(column: &Column, query: &str) -> Option<Vec<u32>> {
    let wards = column.wards()?;
    let initial = query.chars().next()?;
    let mut codes: Vec<u32> = column.codes_with(initial.encode_utf8(&mut [0; 4])).collect();
    if query.chars().nth(1).is_none() {
        wards.with_all(&Signature::of(&units(query)), |code| codes.push(code));
    }
    Some(codes)
}

/// Every code in use.
fn every(column: &Column) -> Vec<u32> {
    (1..column.codes() as u32).filter(|code| column.is_used(*code)).collect()
}

/// How codes of similar values are found.
enum Way<'s> {
    /// By their parts, the query being this date.
    Dates { dates: &'s Calendar, date: PartialDate, edits: u32 },
    /// By trying each text that is one edit away, so many.
    Guess { texts: usize },
    /// By their letters.
    Wards { wards: &'s Wards, is_next: bool, is_similarity: bool },
    /// By the letters of each.
    Sift,
    /// Not at all.
    All,
}

impl<'s> Way<'s> {
    fn to(algorithm: Algorithm, threshold: f64, column: &'s Column, query: &str) -> Way<'s> {
        let edits = algorithm.edits_max(threshold).unwrap_or(u32::MAX);
        if edits <= EDITS_MAX
            && let Some(dates) = column.dates().filter(|dates| dates.has_all())
            && let Some(date) = PartialDate::read(query).filter(|date| date.day.is_some())
        {
            return Way::Dates { dates, date, edits };
        }
        let wards = column.wards().filter(|_| algorithm.is_bounded());
        let (is_next, is_similarity) = (edits <= 1, algorithm.is_similarity());
        let wards = wards.map(|wards| Way::Wards { wards, is_next, is_similarity });
        let alphabet = column.alphabet_len().filter(|_| is_next);
        let guess =
            alphabet.map(|alphabet| Way::Guess { texts: (query.len() + 1) * (2 * alphabet + 2) });
        let sift = match column.has_signatures() && algorithm.is_bounded() {
            true => Way::Sift,
            false => Way::All,
        };
        let ways = [wards, guess, Some(sift)].into_iter().flatten();
        ways.min_by_key(|way| way.price(column)).unwrap_or(Way::All)
    }

    fn price(&self, column: &Column) -> usize {
        let codes = column.codes();
        match self {
            Way::Dates { edits: 0 | 1, .. } => NEAR_DATES,
            Way::Dates { .. } => 2 * NEAR_DATES,
            Way::Guess { texts } => texts * GUESS,
            Way::Wards { is_next: true, .. } => WARDS + codes / NEXT,
            Way::Wards { is_similarity: true, .. } => WARDS + codes * WARDED,
            Way::Wards { .. } => WARDS + codes * WARDED_EDITS,
            Way::Sift => SIEVE + codes * (SIFT + SIFTED),
            Way::All => codes * COMPARE,
        }
    }
}

fn similar(algorithm: Algorithm, threshold: f64, column: &Column, query: &str) -> Vec<u32> {
    let mut codes = Vec::new();
    let way = Way::to(algorithm, threshold, column, query);
    let sieve = || column.sieve(algorithm, threshold, &units(query));
    match way {
        Way::Dates { dates, date, edits } => dates.near(edits, date, |code| codes.push(code)),
        Way::Guess { .. } => {
            codes.extend(column.codes_with(query));
            let mut near = Neighbours::new(query, column.alphabet().unwrap_or_default());
            near.each(column, |value| codes.extend(column.codes_with(value)));
        }
        Way::Wards { wards, .. } => match sieve() {
            Some(sieve) => wards.sift(&sieve, |code| codes.push(code)),
            None => return every(column),
        },
        Way::Sift | Way::All => {
            let sieve = sieve();
            let passes = |text: &Signature| sieve.as_ref().is_none_or(|sieve| sieve.passes(text));
            column.sift(passes, |code| {
                if column.is_used(code) {
                    codes.push(code);
                }
            });
        }
    }
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
