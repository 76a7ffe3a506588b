//! What native rules look values up by, beside equality: each of several values, last characters,
//! phonetic codes, letters, words, dates, and which characters occur at all.
//!
//! Everything here follows from the texts of a column and is kept beside them.

use std::sync::Arc;

use super::calendar::Calendar;
use super::chunked::Chunked;
use super::digits::Digits;
use super::finder::Finder;
use super::signature::{Sieve, Sieves, Signature};
use super::wards::Wards;
use super::words::Words;
use crate::features::BETWEEN;
use crate::model::{Encoder, Likeness, Test, end, is_several, values};
use crate::rules::{MatchingType, Ruleset};
use crate::similarity::{Algorithm, Units};

/// Phonetic codes of a chunk.
const SOUNDS_CHUNK: usize = 1024;
/// Characters that are tried one by one in place of each other.
const ALPHABET_MAX: u32 = 64;

/// Dates of a chunk.
const DIGITS_CHUNK: usize = 1024;

/// Words of a chunk of the filter.
const FILTER_CHUNK: usize = 512;
/// Bits of the filter, as a power of two: at a million values one in eight is set.
const FILTER_BITS: u32 = 24;
/// Bits of a word, as a power of two.
const WORD_BITS: u32 = 6;

/// Phonetic codes by code: 0 for a text without a sound, [`SEVERAL`] for several values.
pub(super) type Sounds = Chunked<u32, SOUNDS_CHUNK>;

/// Stands for the sounds of several values.
pub(super) const SEVERAL: u32 = u32::MAX;

/// What a rule set's native rules ask of one feature.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    is_native: bool,
    /// Whether values are compared by an algorithm.
    pub(super) is_sifted: bool,
    /// Whether values are found by their letters.
    is_by_letters: bool,
    /// Whether values are found by their words.
    is_by_words: bool,
    similar: Vec<(Algorithm, f64)>,
    /// Whether many values are looked up that mostly do not exist.
    is_guessed: bool,
    /// Whether dates are compared by their parts.
    is_dated: bool,
    ends: Vec<usize>,
    sounds: Vec<Encoder>,
}

impl Wanted {
    /// What is asked of each feature.
    pub(super) fn of(ruleset: &Ruleset) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = ruleset.features.iter().map(|_| Wanted::default()).collect();
        let native = ruleset.rules.iter().filter(|rule| rule.kind == MatchingType::Native);
        for level in native.flat_map(|rule| &rule.ladders).flat_map(|ladder| &ladder.levels) {
            level.test.features(&mut |feature| wanted[feature].is_native = true);
            add(&mut wanted, &level.test);
        }
        wanted
    }
}

fn add(wanted: &mut [Wanted], test: &Test) {
    match test {
        Test::All(tests) | Test::Any(tests) => tests.iter().for_each(|test| add(wanted, test)),
        Test::On { feature, likeness } => wanted[*feature].add(likeness),
        Test::Swapped { a, b, likeness } => {
            wanted[*a].add(likeness);
            wanted[*b].add(likeness);
        }
        Test::Else => {}
    }
}

impl Wanted {
    fn add(&mut self, likeness: &Likeness) {
        match likeness {
            Likeness::Similar { algorithm, threshold } => {
                self.is_sifted |= algorithm.is_bounded();
                self.is_guessed |= algorithm.is_one_edit(*threshold);
                self.is_by_letters |= algorithm.is_bounded() && !algorithm.is_one_edit(*threshold);
                if !self.similar.contains(&(*algorithm, *threshold)) {
                    self.similar.push((*algorithm, *threshold));
                }
            }
            Likeness::Date(_) => self.is_dated = true,
            Likeness::SameEnd { characters } if !self.ends.contains(characters) => {
                self.ends.push(*characters);
            }
            Likeness::SoundsAlike(encoder) if !self.sounds.contains(encoder) => {
                self.sounds.push(*encoder);
            }
            Likeness::Contains | Likeness::Overlap { .. } | Likeness::Alias(_) => {
                self.is_by_words = true;
            }
            Likeness::Initial => self.is_by_letters = true,
            _ => {}
        }
    }
}

/// A hash of characters of which a change is worked out without hashing the rest again: the
/// value of a polynomial whose coefficients are the characters.
pub(super) mod rolling {
    const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The hash of `before` with one more character behind.
    pub(in crate::index) fn push(before: u64, c: char) -> u64 {
        before.wrapping_mul(BASE).wrapping_add(u64::from(c) + 1)
    }

    pub(in crate::index) fn of(text: &str) -> u64 {
        text.chars().fold(0, push)
    }

    /// What a hash is multiplied by for so many characters behind it.
    pub(in crate::index) fn shift(characters: usize) -> u64 {
        (0..characters).fold(1, |shift: u64, _| shift.wrapping_mul(BASE))
    }
}

/// The lists of one column.
#[derive(Clone)]
pub(super) struct Derived {
    is_wanted: bool,
    /// Codes of several values, by each.
    parts: Finder,
    /// Codes by last characters, for each number of them that is asked for.
    ends: Vec<(usize, Finder)>,
    sounds: Vec<(Encoder, Sounds, Finder)>,
    wards: Option<Wards>,
    words: Option<Words>,
    dates: Option<Calendar>,
    /// By code, what is one full date.
    digits: Chunked<Digits, DIGITS_CHUNK>,
    sieves: Vec<Arc<Sieves>>,
    /// Which hashes values have or once had; only where values are guessed.
    filter: Option<Chunked<u64, FILTER_CHUNK>>,
    /// ASCII characters that occur or once did, as bits.
    ascii: u128,
    /// Whether others do.
    has_others: bool,
}

impl Derived {
    pub(super) fn new(wanted: &Wanted) -> Derived {
        Derived {
            is_wanted: wanted.is_native,
            parts: Finder::new(),
            ends: wanted.ends.iter().map(|end| (*end, Finder::new())).collect(),
            sounds: wanted
                .sounds
                .iter()
                .map(|encoder| (*encoder, Chunked::new(), Finder::new()))
                .collect(),
            wards: wanted.is_by_letters.then(Wards::new),
            words: wanted.is_by_words.then(Words::new),
            dates: wanted.is_dated.then(Calendar::default),
            digits: Chunked::new(),
            sieves: wanted.similar.iter().map(|(how, at)| Sieves::of(*how, *at)).collect(),
            filter: wanted.is_guessed.then(Chunked::new),
            ascii: 0,
            has_others: false,
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Lists a code, or takes it from the lists.
    pub(super) fn put(
        &mut self,
        code: u32,
        text: &str,
        is_there: bool,
        hash: impl Fn(&str) -> u64,
    ) {
        let change = |finder: &mut Finder, part: &str| match is_there {
            true => finder.insert(hash(part), code),
            false => finder.remove(hash(part), code),
        };
        if is_several(text) {
            values(text).for_each(|value| change(&mut self.parts, value));
        }
        for (characters, finder) in &mut self.ends {
            let ends = values(text).filter_map(|value| end(value, *characters));
            ends.for_each(|end| change(finder, end));
        }
        for (encoder, sounds, finder) in &mut self.sounds {
            let sound = match is_several(text) {
                true => SEVERAL,
                false => encoder.code(text).unwrap_or(0),
            };
            sounds.set(code as usize, if is_there { sound } else { 0 });
            match (sound, is_there) {
                (0, _) => {}
                (sound, true) => finder.insert(spread(sound), code),
                (sound, false) => finder.remove(spread(sound), code),
            }
        }
        if let Some(wards) = &mut self.wards {
            let signature = Signature::of_value(text);
            match is_there {
                true => wards.insert(code, signature),
                false => wards.remove(code, &signature),
            }
        }
        if let Some(words) = &mut self.words {
            words.put(code, text, is_there, &hash);
        }
        if let Some(dates) = &mut self.dates {
            values(text).for_each(|value| dates.put(code, value, is_there));
            let digits = Digits::read(text).filter(|_| is_there);
            self.digits.set(code as usize, digits.unwrap_or_default());
        }
        if let Some(filter) = self.filter.as_mut().filter(|_| is_there) {
            for value in values(text) {
                let (word, bits) = place(rolling::of(value));
                *filter.edit(word) |= bits;
            }
        }
        for c in text.chars().filter(|_| is_there) {
            match c.is_ascii() {
                true => self.ascii |= 1 << u32::from(c),
                false => self.has_others = true,
            }
        }
    }

    /// Whether a value of this rolling hash may exist.
    pub(super) fn may_have(&self, rolling: u64) -> bool {
        let (word, bits) = place(rolling);
        let word = self.filter.as_ref().map(|filter| filter.get(word));
        word.is_none_or(|word| word & bits == bits)
    }

    /// The codes that may have the value of this hash among several.
    pub(super) fn with(&self, hash: u64) -> impl Iterator<Item = u32> {
        self.parts.all(hash)
    }

    /// Whether some values hold several.
    pub(super) fn has_several(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The codes that may have a value whose end has this hash.
    pub(super) fn ending(&self, hash: u64, characters: usize) -> Vec<u32> {
        let finder = self.ends.iter().find(|(known, _)| *known == characters);
        finder.map_or(Vec::new(), |(_, finder)| finder.all(hash).collect())
    }

    pub(super) fn sounds(&self, encoder: Encoder) -> Option<&Sounds> {
        self.sounds.iter().find(|(known, ..)| *known == encoder).map(|(_, sounds, _)| sounds)
    }

    /// The codes that may have a sound, those of several values among them.
    pub(super) fn sounding(
        &self,
        encoder: Encoder,
        sound: u32,
    ) -> Option<impl Iterator<Item = u32>> {
        let (.., finder) = self.sounds.iter().find(|(known, ..)| *known == encoder)?;
        Some(finder.all(spread(sound)).chain(finder.all(spread(SEVERAL))))
    }

    /// The date of a code, if it is one full date and dates are kept.
    pub(super) fn digits(&self, code: u32) -> Option<Digits> {
        self.digits.get_ref(code as usize).copied().filter(|digits| *digits != Digits::default())
    }

    pub(super) fn words(&self) -> Option<&Words> {
        self.words.as_ref()
    }

    pub(super) fn dates(&self) -> Option<&Calendar> {
        self.dates.as_ref()
    }

    pub(super) fn wards(&self) -> Option<&Wards> {
        self.wards.as_ref()
    }

    /// What a text asks of signatures; `None` if nothing can be ruled out.
    pub(super) fn sieve(
        &self,
        algorithm: Algorithm,
        threshold: f64,
        text: &Units,
    ) -> Option<Sieve> {
        let sieves = self.sieves.iter().find(|sieves| sieves.is_of(algorithm, threshold))?;
        sieves.sieve(text)
    }

    /// Number of characters that occur, if there are few enough to try each.
    pub(super) fn alphabet_len(&self) -> Option<usize> {
        let len = self.ascii.count_ones();
        (!self.has_others && len <= ALPHABET_MAX).then_some(len as usize)
    }

    pub(super) fn alphabet(&self) -> Option<Vec<char>> {
        self.alphabet_len()?;
        // What stands between several values is in none.
        let ascii = self.ascii & !(1 << u32::from(BETWEEN));
        Some((0..128_u8).filter(|c| ascii >> c & 1 == 1).map(char::from).collect())
    }

    pub(super) fn shorten(&mut self, codes: usize) {
        self.sounds.iter_mut().for_each(|(_, sounds, _)| sounds.shorten(codes));
        self.digits.shorten(codes);
    }

    pub(super) fn bytes(&self) -> usize {
        let sounds = self.sounds.iter().map(|(_, sounds, finder)| sounds.bytes() + finder.bytes());
        let wards = self.wards.as_ref().map_or(0, Wards::bytes);
        let wards = wards + self.words.as_ref().map_or(0, Words::bytes);
        let ends: usize = self.ends.iter().map(|(_, finder)| finder.bytes()).sum();
        let filter = self.filter.as_ref().map_or(0, Chunked::bytes);
        let dates = self.dates.as_ref().map_or(0, Calendar::bytes) + self.digits.bytes();
        self.parts.bytes() + ends + sounds.sum::<usize>() + wards + filter + dates
    }
}

/// A hash of a phonetic code.
fn spread(sound: u32) -> u64 {
    // The finder takes the upper half.
    u64::from(sound).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The word and bits of a hash in the filter: two of one word, which one read tells.
fn place(rolling: u64) -> (usize, u64) {
    // The lower bits of a polynomial depend on the lower bits of characters alone.
    let mixed = (rolling ^ rolling >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let word = mixed >> (u64::BITS - FILTER_BITS + WORD_BITS);
    let (one, other) = (mixed >> 20 & 63, mixed >> 26 & 63);
    (word as usize, 1 << one | 1 << other)
}
