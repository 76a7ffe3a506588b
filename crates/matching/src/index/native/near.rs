//! Which values of a column are one edit apart, found for all of them at once.
//!
//! Two texts that differ by one insertion, deletion, replacement or swap of neighbours have a text in
//! common that each of them becomes by taking out one unit at the most (Mor & Fraenkel 1982). So
//! all these texts are listed by their hashes, and only values that share one are compared.

use crate::index::column::Column;
use crate::model::{Likeness, values};
use crate::similarity::{Algorithm, units};

/// Hashes that are listed at a time: a bound on memory, because a column is listed in passes.
const LISTED_MAX: usize = 1 << 21;

/// Per code, the codes of values that are one edit apart, ascending.
pub(super) struct Near {
    /// Where the codes of each begin, and behind the last where they end.
    starts: Vec<u32>,
    codes: Vec<u32>,
}

impl Near {
    /// Compares all values of a column.
    pub(super) fn of(column: &Column) -> Near {
        // Whatever counts as one edit is one here.
        let likeness =
            Likeness::Similar { algorithm: Algorithm::DamerauLevenshtein, threshold: 1.0 };
        let all = || (1..column.codes() as u32).filter(|code| column.is_used(*code));
        let length = |code: u32| column.text(code).len() + 1;
        let passes = all().map(length).sum::<usize>().div_ceil(LISTED_MAX).max(1);
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut listed: Vec<(u64, u32)> = Vec::new();
        for pass in 0..passes {
            listed.clear();
            for code in all() {
                for value in values(column.text(code)) {
                    without_one(&units(value), |hash| {
                        if (hash >> 32) as usize % passes == pass {
                            listed.push((hash, code));
                        }
                    });
                }
            }
            listed.sort_unstable();
            listed.dedup();
            for group in listed.chunk_by(|one, other| one.0 == other.0) {
                for (at, (_, one)) in group.iter().enumerate() {
                    let later = group[at + 1..].iter().map(|(_, other)| *other);
                    pairs.extend(later.map(|other| (*one, other)));
                }
            }
            // Most pairs share several texts.
            pairs.sort_unstable();
            pairs.dedup();
        }
        pairs.retain(|(one, other)| likeness.holds(column.text(*one), column.text(*other)));
        Near::of_pairs(column.codes(), &pairs)
    }

    fn of_pairs(codes: usize, pairs: &[(u32, u32)]) -> Near {
        let mut both: Vec<(u32, u32)> =
            pairs.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]).collect();
        both.sort_unstable();
        let mut starts = vec![0; codes + 1];
        both.iter().for_each(|(code, _)| starts[*code as usize + 1] += 1);
        (0..codes).for_each(|code| starts[code + 1] += starts[code]);
        Near { starts, codes: both.into_iter().map(|(_, other)| other).collect() }
    }

    /// The codes of values that are one edit from that of a code, ascending.
    pub(super) fn get(&self, code: u32) -> &[u32] {
        let code = code as usize;
        &self.codes[self.starts[code] as usize..self.starts[code + 1] as usize]
    }
}

/// Calls `see` with the hash of a text and of each that lacks one of its units.
fn without_one(text: &[u16], mut see: impl FnMut(u64)) {
    const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
    let push = |hash: u64, unit: u16| hash.wrapping_mul(BASE).wrapping_add(u64::from(unit) + 1);
    // What a hash is multiplied by to stand before what comes behind.
    let all = text.iter().fold(0, |hash, unit| push(hash, *unit));
    see(all ^ all >> 29);
    let (mut after, mut shift) = (0_u64, 1_u64);
    let mut before = all;
    let inverse = inverse(BASE);
    for unit in text.iter().rev() {
        // `before` is of what stands before the unit, `after` of what comes behind.
        before = before.wrapping_sub(u64::from(*unit) + 1).wrapping_mul(inverse);
        let hash = before.wrapping_mul(shift).wrapping_add(after);
        see(hash ^ hash >> 29);
        after = after.wrapping_add((u64::from(*unit) + 1).wrapping_mul(shift));
        shift = shift.wrapping_mul(BASE);
    }
}

/// What undoes a multiplication by an odd number.
const fn inverse(odd: u64) -> u64 {
    // Newton: each step doubles the bits that are right, of which three are at first.
    let mut inverse = odd;
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::features::Features;
    use crate::index::Index;
    use crate::rules::{FeatureKind, FeatureSpec, Rule, Ruleset, Several};
    use crate::{Normaliser, model};

    /// Indexes values as they are, of the first feature.
    fn index(texts: &[Vec<String>]) -> Index {
        let spec = FeatureSpec {
            normaliser: Normaliser::Text,
            several: Several::Each,
            ..FeatureSpec::new("one", "one", FeatureKind::Text)
        };
        let near = model::Test::similar(0, Algorithm::DamerauLevenshtein, 1.0);
        let levels = vec![
            model::Level::new("near", near, 0.9, 0.1),
            model::Level::new("else", model::Test::Else, 0.1, 0.9),
        ];
        let ladder = model::Ladder::new("one", levels);
        let rule = Rule::native("pass", 0.5, vec![ladder], (0.0, 1.0));
        let ruleset = Arc::new(Ruleset::native(vec![spec], vec![rule], "").unwrap());
        let mut index = Index::new(Arc::clone(&ruleset));
        for (number, values) in (0..).zip(texts) {
            index.insert(number, Features::from_values(&ruleset.features, |_| values.clone()));
        }
        index
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn those_are_near_that_one_edit_separates(
            texts in prop::collection::vec(
                prop::collection::vec("[ab1\u{e9}\u{1F600}]{1,5}", 1..3), 1..40
            ),
        ) {
            let index = index(&texts);
            let column = &index.table.columns[0];
            let near = Near::of(column);
            let likeness =
                Likeness::Similar { algorithm: Algorithm::DamerauLevenshtein, threshold: 1.0 };
            for code in 1..column.codes() as u32 {
                let is_near = |other: &u32| {
                    *other != code && likeness.holds(column.text(code), column.text(*other))
                };
                let expected: Vec<u32> = (1..column.codes() as u32).filter(is_near).collect();
                prop_assert_eq!(near.get(code), &expected[..]);
            }
        }
    }
}
