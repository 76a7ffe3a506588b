//! What native rules look values up by, beside equality: each of several values, last characters,
//! phonetic codes, and which characters occur at all.
//!
//! Everything here follows from the texts of a column and is kept beside them.

use super::chunked::Chunked;
use super::finder::Finder;
use crate::model::{Encoder, Likeness, Test, end, is_several, values};
use crate::rules::{MatchingType, Ruleset};

/// Phonetic codes of a chunk.
const SOUNDS_CHUNK: usize = 1024;
/// Characters that are tried one by one in place of each other.
const ALPHABET_MAX: u32 = 64;

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
            Likeness::Similar { algorithm, .. } => self.is_sifted |= algorithm.is_bounded(),
            Likeness::SameEnd { characters } if !self.ends.contains(characters) => {
                self.ends.push(*characters);
            }
            Likeness::SoundsAlike(encoder) if !self.sounds.contains(encoder) => {
                self.sounds.push(*encoder);
            }
            _ => {}
        }
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
    sounds: Vec<(Encoder, Sounds)>,
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
            sounds: wanted.sounds.iter().map(|encoder| (*encoder, Chunked::new())).collect(),
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
        for (encoder, sounds) in &mut self.sounds {
            let sound = match is_there {
                false => 0,
                true if is_several(text) => SEVERAL,
                true => encoder.code(text).unwrap_or(0),
            };
            sounds.set(code as usize, sound);
        }
        for c in text.chars().filter(|_| is_there) {
            match c.is_ascii() {
                true => self.ascii |= 1 << u32::from(c),
                false => self.has_others = true,
            }
        }
    }

    /// The codes that may have the value of this hash among several.
    pub(super) fn with(&self, hash: u64) -> impl Iterator<Item = u32> {
        self.parts.all(hash)
    }

    /// The codes that may have a value whose end has this hash.
    pub(super) fn ending(&self, hash: u64, characters: usize) -> Vec<u32> {
        let finder = self.ends.iter().find(|(known, _)| *known == characters);
        finder.map_or(Vec::new(), |(_, finder)| finder.all(hash).collect())
    }

    pub(super) fn sounds(&self, encoder: Encoder) -> Option<&Sounds> {
        self.sounds.iter().find(|(known, _)| *known == encoder).map(|(_, sounds)| sounds)
    }

    pub(super) fn alphabet(&self) -> Option<Vec<char>> {
        // What stands between several values is in none.
        let ascii = self.ascii & !(1 << u32::from(crate::features::BETWEEN));
        if self.has_others || ascii.count_ones() > ALPHABET_MAX {
            return None;
        }
        Some((0..128_u8).filter(|c| ascii >> c & 1 == 1).map(char::from).collect())
    }

    pub(super) fn shorten(&mut self, codes: usize) {
        self.sounds.iter_mut().for_each(|(_, sounds)| sounds.shorten(codes));
    }

    pub(super) fn bytes(&self) -> usize {
        let sounds: usize = self.sounds.iter().map(|(_, sounds)| sounds.bytes()).sum();
        let ends: usize = self.ends.iter().map(|(_, finder)| finder.bytes()).sum();
        self.parts.bytes() + ends + sounds
    }
}
