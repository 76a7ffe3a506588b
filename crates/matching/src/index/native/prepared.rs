//! A query's value, made ready to be compared with many others.

use smallvec::SmallVec;

use crate::index::column::Column;
use crate::index::derived::{SEVERAL, Sounds};
use crate::index::digits::Digits;
use crate::index::signature::{Sieve, Signature};
use crate::model::{Encoder, Likeness, PartialDate, is_several, reaches};
use crate::similarity::{Algorithm, Units, units};

/// One text of a query, to be compared with a column.
pub(super) struct Prepared<'q> {
    pub(super) text: &'q str,
    column: &'q Column,
    is_several: bool,
    has_words: bool,
    units: Units,
    signature: Signature,
    /// The text if it is one full date.
    digits: Option<Digits>,
    /// The text as a date, once one was asked for.
    date: Option<Option<PartialDate>>,
    sounds: SmallVec<[Heard<'q>; 1]>,
    /// By algorithm and threshold.
    sieves: SmallVec<[(Algorithm, f64, Option<Sieve>); 2]>,
}

/// How the query sounds by an encoder.
#[derive(Clone, Copy)]
struct Heard<'q> {
    encoder: Encoder,
    /// 0 if it has no sound; none if it has several values.
    own: Option<u32>,
    column: Option<&'q Sounds>,
}

/// What was computed for one pair of texts, so that levels share it.
#[derive(Default)]
pub(super) struct Scratch {
    units: Option<Units>,
    date: Option<Option<PartialDate>>,
    values: SmallVec<[(Algorithm, Option<f64>); 2]>,
}

/// Bytes of a character at the most: one edit makes no more difference.
const CHARACTER_BYTES_MAX: usize = 4;

impl<'q> Prepared<'q> {
    pub(super) fn new(text: &'q str, column: &'q Column) -> Prepared<'q> {
        let units = units(text);
        Prepared {
            text,
            column,
            is_several: is_several(text),
            has_words: text.contains(' '),
            signature: Signature::of(&units),
            units,
            digits: Digits::read(text),
            date: None,
            sounds: SmallVec::new(),
            sieves: SmallVec::new(),
        }
    }

    /// The same as [`Likeness::holds`], of the text of a code.
    pub(super) fn meets(&mut self, likeness: &Likeness, code: u32, scratch: &mut Scratch) -> bool {
        if let Likeness::SoundsAlike(encoder) = likeness {
            return self.sounds_like(*encoder, code);
        }
        if let Some(told) = self.told_by_digits(likeness, code) {
            return told;
        }
        if self.is_unlike(likeness, code) {
            return false;
        }
        let candidate = self.column.text(code);
        match likeness {
            _ if self.is_several || is_several(candidate) => likeness.holds(self.text, candidate),
            Likeness::Similar { algorithm, threshold } if algorithm.is_one_edit(*threshold) => {
                // Most are told apart by their lengths.
                if self.text.len().abs_diff(candidate.len()) > CHARACTER_BYTES_MAX {
                    return false;
                }
                let other = scratch.units.get_or_insert_with(|| units(candidate));
                match *threshold < 1.0 {
                    true => self.units == *other,
                    false => algorithm.is_within_one(&self.units, other),
                }
            }
            Likeness::Similar { algorithm, threshold } => {
                let known = scratch.values.iter().find(|(known, _)| known == algorithm);
                let value = known.map(|(_, value)| *value).unwrap_or_else(|| {
                    let other = scratch.units.get_or_insert_with(|| units(candidate));
                    let value = algorithm.compare_units(&self.units, other);
                    scratch.values.push((*algorithm, value));
                    value
                });
                value.is_some_and(|value| reaches(*algorithm, value, *threshold))
            }
            Likeness::Date(likeness) => {
                let own = *self.date.get_or_insert_with(|| PartialDate::read(self.text));
                let other = *scratch.date.get_or_insert_with(|| PartialDate::read(candidate));
                let dates = own.zip(other);
                dates.is_some_and(|dates| likeness.holds_of(dates, (self.text, candidate)))
            }
            _ => likeness.holds(self.text, candidate),
        }
    }

    /// What two full dates tell without a look at the texts.
    fn told_by_digits(&self, likeness: &Likeness, code: u32) -> Option<bool> {
        let (own, other) = (self.digits?, self.column.digits(code)?);
        match likeness {
            Likeness::Equal => Some(own == other),
            Likeness::Date(likeness) => Some(own.are_alike(other, *likeness)),
            Likeness::Similar { algorithm, threshold } => {
                own.are_near(other, *algorithm, *threshold)
            }
            _ => None,
        }
    }

    /// Whether the letters alone tell that a likeness does not hold; most are told apart so.
    fn is_unlike(&mut self, likeness: &Likeness, code: u32) -> bool {
        let Some(signature) = self.column.signature(code) else { return false };
        if self.is_several || signature.is_unknown() || self.signature.is_unknown() {
            return false;
        }
        match likeness {
            Likeness::Equal => *signature != self.signature,
            Likeness::Similar { algorithm, threshold } => {
                !self.may_reach(*algorithm, *threshold, code)
            }
            // Single words have no word in common unless they are one.
            Likeness::Contains | Likeness::Overlap { .. }
                if !self.has_words && !signature.may_have_words() =>
            {
                *signature != self.signature
            }
            // All words of one are the other's.
            Likeness::Contains => {
                !self.signature.has_kinds(signature) && !signature.has_kinds(&self.signature)
            }
            Likeness::Overlap { .. } => !self.has_words && !signature.has_all(&self.signature),
            Likeness::Initial => self.signature.len() > 2 && signature.len() > 2,
            _ => false,
        }
    }

    /// Whether signatures leave it open that the threshold is met.
    fn may_reach(&mut self, algorithm: Algorithm, threshold: f64, code: u32) -> bool {
        let is_it = |(known, at, _): &(Algorithm, f64, _)| *known == algorithm && *at == threshold;
        let at = self.sieves.iter().position(is_it).unwrap_or_else(|| {
            let sieve = self.column.sieve(algorithm, threshold, &self.units);
            self.sieves.push((algorithm, threshold, sieve));
            self.sieves.len() - 1
        });
        match (&self.sieves[at].2, self.column.signature(code)) {
            (Some(sieve), Some(signature)) => sieve.passes(signature),
            _ => true,
        }
    }

    fn sounds_like(&mut self, encoder: Encoder, code: u32) -> bool {
        let known = self.sounds.iter().find(|known| known.encoder == encoder).copied();
        let heard = known.unwrap_or_else(|| {
            let own = Some(self.text).filter(|_| !self.is_several);
            let own = own.map(|text| encoder.code(text).unwrap_or(0));
            let heard = Heard { encoder, own, column: self.column.sounds(encoder) };
            self.sounds.push(heard);
            heard
        });
        match (heard.own, heard.column.map(|sounds| sounds.get(code as usize))) {
            (Some(own), Some(sound)) if sound != SEVERAL => own != 0 && own == sound,
            _ => Likeness::SoundsAlike(encoder).holds(self.text, self.column.text(code)),
        }
    }
}
