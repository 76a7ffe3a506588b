//! Ways in which two prepared values of a feature can be alike: pure functions of two texts.
//!
//! A text may hold several values; then any two of them count.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AliasTable, DateLikeness};
use crate::features::BETWEEN;
use crate::phonetic;
use crate::similarity::Algorithm;

/// How alike two values are to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// The same.
    Equal,
    /// A similarity of at least, or a distance of at most, the threshold.
    Similar {
        /// What is computed; [`Algorithm::JaroWinkler`] is the standard one.
        algorithm: Algorithm,
        /// What it is held against, inclusive.
        threshold: f64,
    },
    /// The same phonetic code; a value without one sounds like nothing.
    SoundsAlike(Encoder),
    /// Two names for the same: the values as they are, or the first words of both.
    Alias(Arc<AliasTable>),
    /// One is a single letter, and the other begins with it.
    Initial,
    /// All words of one are among the other's (`mary` and `jane mary`), in any order.
    Contains,
    /// At least so many words in common.
    Overlap {
        /// Least number of words, at least 1.
        at_least: usize,
    },
    /// The same last characters, in values that have so many.
    SameEnd {
        /// Number of characters, at least 1.
        characters: usize,
    },
    /// Dates of which parts agree.
    Date(DateLikeness),
}

/// A phonetic code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoder {
    /// Classic Metaphone, four letters.
    Metaphone,
    /// American Soundex.
    Soundex,
    /// Double Metaphone's primary code.
    DoubleMetaphone,
}

impl Encoder {
    /// The code of a value, up to four ASCII letters in one number; `None` if it has no sound.
    pub(crate) fn code(self, value: &str) -> Option<u32> {
        let code = match self {
            Encoder::Metaphone => phonetic::metaphone(value),
            Encoder::Soundex => phonetic::soundex(value)?,
            Encoder::DoubleMetaphone => phonetic::double_metaphone(value)?.0,
        };
        // A single letter of another script is its own code in Metaphone, and no sound here.
        let is_code = !code.is_empty() && code.is_ascii() && code.len() <= size_of::<u32>();
        is_code.then(|| code.bytes().fold(0, |number, byte| number << 8 | u32::from(byte)))
    }
}

/// The values that a text holds.
pub(crate) fn values(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(BETWEEN)
}

/// Whether a text holds several values.
pub(crate) fn is_several(text: &str) -> bool {
    text.contains(BETWEEN)
}

/// The values that both texts hold.
pub(crate) fn common<'q>(query: &'q str, candidate: &str) -> impl Iterator<Item = &'q str> {
    values(query).filter(move |value| values(candidate).any(|other| other == *value))
}

impl Likeness {
    /// Whether two texts hold values that are alike.
    pub(crate) fn holds(&self, query: &str, candidate: &str) -> bool {
        if !is_several(query) && !is_several(candidate) {
            return self.holds_of(query, candidate);
        }
        values(query).any(|one| values(candidate).any(|other| self.holds_of(one, other)))
    }

    fn holds_of(&self, one: &str, other: &str) -> bool {
        match self {
            Likeness::Equal => one == other,
            Likeness::Similar { algorithm, threshold } => {
                let value = algorithm.compare(one, other);
                value.is_some_and(|value| reaches(*algorithm, value, *threshold))
            }
            Likeness::SoundsAlike(encoder) => {
                let code = encoder.code(one);
                code.is_some() && code == encoder.code(other)
            }
            Likeness::Alias(table) => {
                let [one_first, other_first] = [one, other].map(first_word);
                table.has(one, other) || table.has(one_first, other_first)
            }
            Likeness::Initial => is_initial(one, other) || is_initial(other, one),
            Likeness::Contains => is_within(one, other) || is_within(other, one),
            Likeness::Overlap { at_least } => {
                let is_shared = |word: &&str| other.split(' ').any(|known| known == *word);
                one.split(' ').filter(is_shared).count() >= *at_least
            }
            Likeness::SameEnd { characters } => {
                end(one, *characters).is_some_and(|one| end(other, *characters) == Some(one))
            }
            Likeness::Date(likeness) => likeness.holds(one, other),
        }
    }
}

/// Whether a computed value meets a threshold.
pub(crate) fn reaches(algorithm: Algorithm, value: f64, threshold: f64) -> bool {
    if algorithm.is_similarity() { value >= threshold } else { value <= threshold }
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

fn is_initial(one: &str, other: &str) -> bool {
    one.chars().count() == 1 && other.starts_with(one)
}

fn is_within(one: &str, other: &str) -> bool {
    one.split(' ').all(|word| other.split(' ').any(|known| known == word))
}

/// The last characters of a value that has so many.
pub(crate) fn end(text: &str, characters: usize) -> Option<&str> {
    let at = text.char_indices().rev().nth(characters.checked_sub(1)?)?.0;
    Some(&text[at..])
}
