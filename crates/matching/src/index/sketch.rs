//! A few bits of each record's values, side by side: what a native search looks at first.
//!
//! A row's sketch has one byte for each of some features, 0 where the value is missing and a hash
//! of it otherwise. A byte that no wanted value has proves that the row has none of them, so one
//! read rules most rows out that would take one for each feature. Bytes to spare are second ones
//! of features of which many values are wanted at once, so that many bytes are.

use std::sync::Arc;

use super::ROWS_CHUNK;
use super::chunked::Chunked;
use super::derived::rolling;
use crate::features::Features;
use crate::model::{Ladder, Likeness, Test};
use crate::rules::Ruleset;

/// Features of a sketch.
const FEATURES_MAX: usize = size_of::<Sketch>();

/// One byte for each feature.
pub(super) type Sketch = u128;

/// The sketches of all records.
#[derive(Debug, Clone)]
pub(super) struct Sketches {
    /// Features by position of their byte.
    features: Arc<Vec<usize>>,
    /// Features by position of their second byte, which is behind all first ones.
    again: Arc<Vec<usize>>,
    rows: Chunked<Sketch, ROWS_CHUNK>,
}

impl Sketches {
    /// Sketches of the features that native rules tell most by; empty without such rules.
    pub(super) fn new(ruleset: &Ruleset) -> Sketches {
        let most = |ladder: &Ladder| {
            ladder.levels.iter().map(|level| level.bits).fold(f64::NEG_INFINITY, f64::max)
        };
        let mut ladders: Vec<(f64, usize)> = Vec::new();
        for ladder in ruleset.rules.iter().flat_map(|rule| &rule.ladders) {
            ladders.extend(ladder.lead().map(|feature| (most(ladder), feature)));
        }
        ladders.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let mut features: Vec<usize> = Vec::new();
        for (_, feature) in ladders {
            if !features.contains(&feature) && features.len() < FEATURES_MAX {
                features.push(feature);
            }
        }
        let ladders = || ruleset.rules.iter().flat_map(|rule| &rule.ladders);
        let is_wide = |feature: &&usize| {
            ladders().filter(|ladder| ladder.lead() == Some(**feature)).any(finds_many)
        };
        let spare = FEATURES_MAX - features.len();
        let again = features.iter().filter(is_wide).take(spare).copied().collect();
        Sketches { features: Arc::new(features), again: Arc::new(again), rows: Chunked::new() }
    }

    pub(super) fn features(&self) -> &[usize] {
        &self.features
    }

    /// The position of a feature's second byte.
    pub(super) fn second(&self, feature: usize) -> Option<usize> {
        let at = self.again.iter().position(|known| *known == feature)?;
        Some(self.features.len() + at)
    }

    /// Notes a record's values.
    pub(super) fn put(&mut self, row: usize, features: &Features) {
        self.put_texts(row, |feature| features.text(feature).unwrap_or(""));
    }

    /// The same of values that are looked up; a missing one is empty.
    pub(super) fn put_texts<'t>(&mut self, row: usize, text: impl Fn(usize) -> &'t str) {
        if self.features.is_empty() {
            return;
        }
        let of = |feature: &usize, byte: fn(&str) -> u8| match text(*feature) {
            "" => 0,
            text => byte(text),
        };
        let bytes = self.features.iter().map(|feature| of(feature, byte));
        let bytes = bytes.chain(self.again.iter().map(|feature| of(feature, second_byte)));
        let sketch =
            bytes.enumerate().fold(0, |sketch, (at, byte)| sketch | Sketch::from(byte) << (8 * at));
        self.rows.set(row, sketch);
    }

    /// The sketch of a row.
    pub(super) fn get(&self, row: usize) -> Sketch {
        self.rows.get(row)
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes()
    }
}

/// Whether a ladder's better levels are reached by many values at once.
fn finds_many(ladder: &Ladder) -> bool {
    let wide = |likeness: &Likeness| match likeness {
        Likeness::Equal | Likeness::SameEnd { .. } => false,
        Likeness::Similar { algorithm, threshold } => !algorithm.is_one_edit(*threshold),
        _ => true,
    };
    let mut levels = ladder.levels.iter();
    levels.any(|level| matches!(&level.test, Test::On { likeness, .. } if wide(likeness)))
}

/// The second byte of a text.
pub(super) fn second_byte(text: &str) -> u8 {
    (rolling::of(text).wrapping_mul(0x9FB2_1C65_1E98_DF25) >> 56) as u8
}

/// The byte of a text: never that of a missing one.
pub(super) fn byte(text: &str) -> u8 {
    let mixed = rolling::of(text).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32;
    (mixed % 255) as u8 + 1
}
