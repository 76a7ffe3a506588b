//! How many pairs reach which levels.

use std::collections::HashMap;

use rayon::prelude::*;

use super::Records;
use crate::model::{self, LevelVec};
use crate::rules::Rule;

/// Pairs that are compared by one task.
const CHUNK_PAIRS: usize = 4096;

/// Distinct combinations of levels, ascending, each with its pairs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Patterns {
    rows: Vec<(LevelVec, u64)>,
    /// Of pairs that were judged: the same, and whether they are one person. Not in `rows`.
    judged: Vec<(LevelVec, u64, bool)>,
}

impl Patterns {
    /// Counts combinations.
    pub(super) fn new(counts: HashMap<LevelVec, u64>) -> Patterns {
        let mut rows: Vec<(LevelVec, u64)> = counts.into_iter().collect();
        // Sums of fractions depend on their order, so it must not be the table's.
        rows.sort_unstable();
        Patterns { rows, judged: Vec::new() }
    }

    /// Adds pairs of which it is known whether they are one person.
    pub(super) fn with_judged(mut self, same: &Patterns, different: &Patterns) -> Patterns {
        for (patterns, is_same) in [(same, true), (different, false)] {
            let rows = patterns.rows.iter();
            self.judged.extend(rows.map(|(levels, count)| (levels.clone(), *count, is_same)));
        }
        self
    }

    /// Compares pairs of records by a rule.
    pub(super) fn of_pairs(rule: &Rule, records: &Records, pairs: &[(u32, u32)]) -> Patterns {
        let counts = pairs
            .par_chunks(CHUNK_PAIRS)
            .map(|chunk| {
                let mut counts: HashMap<LevelVec, u64> = HashMap::new();
                for (one, other) in chunk {
                    let (one, other) = (records.get(*one as usize), records.get(*other as usize));
                    *counts.entry(model::levels(rule, one, other)).or_default() += 1;
                }
                counts
            })
            .reduce(HashMap::new, |mut all, counts| {
                for (levels, count) in counts {
                    *all.entry(levels).or_default() += count;
                }
                all
            });
        Patterns::new(counts)
    }

    /// The combinations and their pairs, and whether they are one person where that is known.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&LevelVec, u64, Option<bool>)> {
        let rows = self.rows.iter().map(|(levels, count)| (levels, *count, None));
        let judged = self.judged.iter();
        rows.chain(judged.map(|(levels, count, is_same)| (levels, *count, Some(*is_same))))
    }

    /// Pairs in all.
    pub(super) fn total(&self) -> u64 {
        self.rows().map(|(_, count, _)| count).sum()
    }

    /// Pairs of which it is known whether they are one person.
    pub(super) fn judged_total(&self) -> u64 {
        self.judged.iter().map(|(_, count, _)| count).sum()
    }

    /// Pairs of each level of a ladder; pairs without a value are left out, as are judged ones.
    pub(super) fn of_ladder(&self, ladder: usize, levels: usize) -> Vec<u64> {
        let mut counts = vec![0; levels];
        for (reached, count) in &self.rows {
            if let Some(slot) = counts.get_mut(usize::from(reached[ladder])) {
                *slot += count;
            }
        }
        counts
    }
}
