//! Pairs of which somebody has said whether they are one person.

use super::count::Patterns;
use super::em::smooth;
use super::{Table, Work};

/// Labelled pairs, by positions of [`super::Records`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Pairs of one person.
    pub same: Vec<(u32, u32)>,
    /// Pairs of different people. Reviewers see pairs that are hard to tell apart, so u is not
    /// counted among them but among random pairs.
    pub different: Vec<(u32, u32)>,
}

impl Labels {
    /// m by counting; the parameters before count as `weight` more pairs.
    pub(super) fn m(&self, work: &Work<'_>, before: &Table, weight: f64) -> Table {
        let last = work.records.len() as u32;
        let known = self.same.iter().copied().filter(|(a, b)| a != b && *a < last && *b < last);
        let pairs: Vec<(u32, u32)> = known.collect();
        let patterns = Patterns::of_pairs(work.rule, work.records, &pairs);
        let ladders = before.iter().enumerate();
        ladders
            .map(|(ladder, m)| {
                let counts = patterns.of_ladder(ladder, m.len());
                let counts: Vec<f64> = counts.into_iter().map(|count| count as f64).collect();
                smooth(&counts, m, weight)
            })
            .collect()
    }
}
