//! A few bytes of a text that tell most unlike texts apart without reading them.
//!
//! Length, first unit and how often each of 32 classes of units occurs. What two texts have in
//! common is at most what their classes have in common, which bounds similarities and edit
//! distances (`similarity/bound.rs`). Counts are unary, so that what two bags have in common is
//! the number of bits that both have.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::wards::GROUPS;
use crate::model;
use crate::similarity::bound::Overlap;
use crate::similarity::{Algorithm, Units, units};

/// Classes of units; all Latin letters have their own, and so have all digits.
const CLASSES: usize = 32;
/// Bits of a class, one for each occurrence; further ones are counted together.
const CLASS_BITS: usize = 4;
/// Classes of a word.
const WORD_CLASSES: usize = u64::BITS as usize / CLASS_BITS;
/// The length of texts that are too long for a signature.
const UNBOUNDED: u8 = u8::MAX;
/// More common units than any text with a signature has.
const NEVER: u8 = u8::MAX;

/// What is kept of a text. The default is that of no text, which no query meets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Signature {
    bag: [u64; CLASSES / WORD_CLASSES],
    /// Occurrences that have no bit.
    beyond: u8,
    len: u8,
    first: u8,
}

impl Signature {
    /// Of what cannot be ruled out.
    pub(super) const UNKNOWN: Signature =
        Signature { bag: [0; CLASSES / WORD_CLASSES], beyond: 0, len: UNBOUNDED, first: 0 };

    /// Of what a value is stored as. No query meets that of an empty text, which is no value.
    pub(super) fn of_value(text: &str) -> Signature {
        match text {
            "" => Signature::default(),
            // Of several values any may be alike, whatever the others have.
            text if model::is_several(text) => Signature::UNKNOWN,
            text => Signature::of(&units(text)),
        }
    }

    pub(super) fn of(text: &Units) -> Signature {
        // The lower half of a unit: equal units have equal halves.
        let first = text.first().map_or(0, |unit| *unit as u8);
        if text.len() >= usize::from(UNBOUNDED) {
            return Signature { len: UNBOUNDED, first, ..Signature::default() };
        }
        let mut signature = Signature { len: text.len() as u8, first, ..Signature::default() };
        let mut counts = [0; CLASSES];
        for unit in text {
            let class = usize::from(*unit) % CLASSES;
            if counts[class] == CLASS_BITS {
                signature.beyond += 1;
                continue;
            }
            let bit = class % WORD_CLASSES * CLASS_BITS + counts[class];
            signature.bag[class / WORD_CLASSES] |= 1 << bit;
            counts[class] += 1;
        }
        signature
    }

    /// Whether nothing can be ruled out.
    pub(super) fn is_unknown(&self) -> bool {
        self.len == UNBOUNDED
    }

    pub(super) fn len(&self) -> u8 {
        self.len
    }

    /// Occurrences of a class, those without a bit left out.
    pub(super) fn count(&self, class: usize) -> u8 {
        let bits = self.bag[class / WORD_CLASSES] >> (class % WORD_CLASSES * CLASS_BITS);
        (bits & ((1 << CLASS_BITS) - 1)).count_ones() as u8
    }

    /// Whether it may have several words.
    pub(super) fn may_have_words(&self) -> bool {
        // The blank's is the first class.
        self.is_unknown() || self.bag[0] & 1 == 1
    }

    /// Whether it may have all units of another text; true if either is unknown.
    pub(super) fn has_all(&self, other: &Signature) -> bool {
        let has_bits = |at: usize| other.bag[at] & !self.bag[at] == 0;
        self.is_unknown() || other.is_unknown() || has_bits(0) && has_bits(1)
    }

    /// Whether it may have, at least once, each unit of another text but for blanks.
    pub(super) fn has_kinds(&self, other: &Signature) -> bool {
        const ONCE: u64 = 0x1111_1111_1111_1111;
        // The blank's is the first class.
        let has_bits = |at: usize, once: u64| other.bag[at] & once & !self.bag[at] == 0;
        let has_all = || has_bits(0, ONCE & !1) && has_bits(1, ONCE);
        self.is_unknown() || other.is_unknown() || has_all()
    }

    /// At most so many units are in both texts.
    fn common(&self, other: &Signature) -> u8 {
        let bags = ones(self.bag[0] & other.bag[0], self.bag[1] & other.bag[1]);
        bags.saturating_add(self.beyond.min(other.beyond))
    }
}

/// Bits that are set in two words, at most 128.
///
/// Counting both at once, in ever wider groups of bits, takes half as long as twice
/// `count_ones` on processors that are not asked for an instruction of their own.
fn ones(a: u64, b: u64) -> u8 {
    const PAIRS: u64 = 0x5555_5555_5555_5555;
    const FOURS: u64 = 0x3333_3333_3333_3333;
    const EIGHTS: u64 = 0x0F0F_0F0F_0F0F_0F0F;
    let fours = |word: u64| {
        let pairs = word - (word >> 1 & PAIRS);
        (pairs & FOURS) + (pairs >> 2 & FOURS)
    };
    let both = fours(a) + fours(b);
    let eights = (both & EIGHTS) + (both >> 4 & EIGHTS);
    (eights.wrapping_mul(0x0101_0101_0101_0101) >> 56) as u8
}

/// A query against signatures.
pub(super) struct Sieve {
    query: Signature,
    needs: Arc<Needs>,
}

/// What candidates of queries of one length need.
#[derive(Debug)]
struct Needs {
    /// Common units that a text needs, by its length and by whether it starts alike.
    common: [[u8; 256]; 2],
    /// By the units that a text surely has beside the query's, the fewest that any of its length
    /// needs in common.
    least: [u8; EXTRA_MAX + 1],
}

/// Units beside the query's that are told apart.
const EXTRA_MAX: usize = GROUPS;

/// Pairs of algorithm and threshold that are remembered for all indexes.
const KNOWN_MAX: usize = 256;

/// What an algorithm and a threshold need, by length of the query: worked out once.
#[derive(Debug)]
pub(super) struct Sieves {
    algorithm: Algorithm,
    threshold: f64,
    by_length: Vec<OnceLock<Arc<Needs>>>,
}

/// All that were asked for: rule files have few thresholds, and small indexes come and go.
static KNOWN: Mutex<Vec<Arc<Sieves>>> = Mutex::new(Vec::new());

impl Sieves {
    /// What an algorithm and a threshold need.
    pub(super) fn of(algorithm: Algorithm, threshold: f64) -> Arc<Sieves> {
        // What was pushed is whole, whoever panicked afterwards.
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sieves) = known.iter().find(|sieves| sieves.is_of(algorithm, threshold)) {
            return Arc::clone(sieves);
        }
        let by_length = (0..UNBOUNDED).map(|_| OnceLock::new()).collect();
        let sieves = Arc::new(Sieves { algorithm, threshold, by_length });
        if known.len() < KNOWN_MAX {
            known.push(Arc::clone(&sieves));
        }
        sieves
    }

    pub(super) fn is_of(&self, algorithm: Algorithm, threshold: f64) -> bool {
        self.algorithm == algorithm && self.threshold == threshold
    }

    /// `None` if nothing can be ruled out.
    pub(super) fn sieve(&self, query: &Units) -> Option<Sieve> {
        if query.is_empty() || !self.algorithm.is_bounded() {
            return None;
        }
        let make = || Arc::new(Needs::new(self.algorithm, self.threshold, query.len()));
        let needs = Arc::clone(self.by_length.get(query.len())?.get_or_init(make));
        Some(Sieve { query: Signature::of(query), needs })
    }
}

/// The first number below `end` for which `is` is false, being true up to some number; else `end`.
fn first_that_is_not(end: usize, is: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low.midpoint(high);
        if is(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl Needs {
    fn new(algorithm: Algorithm, threshold: f64, query: usize) -> Needs {
        let mut needs = Needs { common: [[NEVER; 256]; 2], least: [NEVER; EXTRA_MAX + 1] };
        for (may_start_alike, needs) in [false, true].into_iter().zip(needs.common.iter_mut()) {
            let lengths = needs.iter_mut().enumerate().take(usize::from(UNBOUNDED));
            for (candidate, needed) in lengths.skip(1) {
                let falls_short = |common: usize| {
                    let overlap = Overlap { query, candidate, common, may_start_alike };
                    !algorithm.may_reach(threshold, overlap)
                };
                // Both are at most 254, as signatures are.
                let most = query.min(candidate);
                let least = first_that_is_not(most + 1, falls_short);
                *needed = if least > most { NEVER } else { least as u8 };
            }
            needs[usize::from(UNBOUNDED)] = 0;
        }
        let known = needs.common.iter();
        let known = known.flat_map(|needs| needs.iter().enumerate().take(usize::from(UNBOUNDED)));
        for (candidate, needed) in known.filter(|(_, needed)| **needed != NEVER) {
            // So many of its units may be without a partner.
            let Some(spare) = candidate.checked_sub(usize::from(*needed)) else { continue };
            for least in &mut needs.least[..=spare.min(EXTRA_MAX)] {
                *least = (*least).min(*needed);
            }
        }
        needs
    }
}

impl Sieve {
    /// `None` if nothing can be ruled out.
    pub(super) fn new(algorithm: Algorithm, threshold: f64, query: &Units) -> Option<Sieve> {
        let is_long = query.len() >= usize::from(UNBOUNDED);
        if query.is_empty() || is_long || !algorithm.is_bounded() {
            return None;
        }
        let needs = Arc::new(Needs::new(algorithm, threshold, query.len()));
        Some(Sieve { query: Signature::of(query), needs })
    }

    /// Whether the text may agree with the query; never `false` for one that does.
    pub(super) fn passes(&self, text: &Signature) -> bool {
        let needs = &self.needs.common[usize::from(text.first == self.query.first)];
        self.query.common(text) >= needs[usize::from(text.len)]
    }

    pub(super) fn query(&self) -> &Signature {
        &self.query
    }

    /// The fewest common units of any text that agrees and has so many beside the query's.
    pub(super) fn least(&self, extra: usize) -> u8 {
        self.needs.least[extra.min(EXTRA_MAX)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ab]{1,8}",
            "[a-e]{1,12}",
            "[0-9]{8,11}",
            "[a-z\u{e9}\u{1F600} ]{1,20}",
            "a{10,30}",
            "[a-z]{250,260}",
        ]
    }

    /// A text, and another that is made of it by a few edits or has nothing to do with it.
    fn pair() -> impl Strategy<Value = (String, String)> {
        let edits = prop::collection::vec((0..300usize, 0..4u8), 0..4);
        (text(), edits, prop::option::weighted(0.3, text())).prop_map(|(text, edits, other)| {
            let mut chars: Vec<char> = other.as_ref().unwrap_or(&text).chars().collect();
            for (at, kind) in edits {
                let at = at % chars.len();
                match kind {
                    0 => chars.insert(at, 'b'),
                    1 => chars[at] = 'c',
                    2 if at > 0 => chars.swap(at, at - 1),
                    _ if chars.len() > 1 => drop(chars.remove(at)),
                    _ => {}
                }
            }
            (text, chars.into_iter().collect())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            cases: 2_000,
            ..Default::default()
        })]

        #[test]
        fn no_text_that_agrees_is_ruled_out(
            algorithm in prop::sample::select(
                [&Algorithm::ALL[..], &[Algorithm::JaroWinkler]].concat()
            ),
            threshold in prop::sample::select(
                vec![-0.5, 0.0, 0.1, 0.3, 0.5, 0.8, 0.9, 0.95, 1.0, 2.0, 3.0, 5.0]
            ),
            (query, candidate) in pair(),
        ) {
            let (query, candidate) = (units(&query), units(&candidate));
            let Some(value) = algorithm.compare_units(&query, &candidate) else { return Ok(()) };
            let Some(sieve) = Sieve::new(algorithm, threshold, &query) else { return Ok(()) };
            // At the threshold, and at the value itself, where the bound is tightest.
            let tightest = Sieve::new(algorithm, value, &query).unwrap();
            let is_similarity = algorithm.is_similarity();
            let agrees = if is_similarity { value >= threshold } else { value <= threshold };
            let signature = Signature::of(&candidate);
            prop_assert!(!agrees || sieve.passes(&signature));
            prop_assert!(tightest.passes(&signature));
        }
    }

    #[test]
    fn bits_of_two_words_are_counted() {
        let words = [0, 1, u64::MAX, 0xF0F0_1234_0000_8001, u64::MAX - 7];
        for (a, b) in words.into_iter().flat_map(|a| words.map(|b| (a, b))) {
            assert_eq!(u32::from(ones(a, b)), a.count_ones() + b.count_ones());
        }
    }

    #[test]
    fn unlike_names_are_ruled_out() {
        let query = units("otieno");
        let sieve = Sieve::new(Algorithm::JaroWinklerSimilarity, 0.9, &query).unwrap();
        let passes = |text| sieve.passes(&Signature::of(&units(text)));
        let names = ["mukasa", "achieng", "oteino", "otieno", "okello", "o"];
        assert_eq!(names.map(passes), [false, false, true, true, false, false]);
        assert!(!sieve.passes(&Signature::default()));
    }
}
