//! How good rules are, by pairs that somebody knows the truth of.
//!
//! All figures are over pairs of records. Recall is over **all** pairs that are one person, also
//! those that no search has found. The curve in `evaluate/curve.rs` says what every threshold
//! would give; `evaluate/cluster.rs` what the persons made of the links are worth;
//! `evaluate/group.rs` the same for parts of the records.
//!
//! Sources: Christen, Data Matching (2012), chapter 7; Wilson 1927 for the intervals; Bagga &
//! Baldwin 1998 for B-cubed. F1 is 2PR/(P+R): the original's own report left out the 2.

mod cluster;
mod curve;
mod group;

pub use cluster::{BCubed, ClusterFigures, clusters, compare_clusters, joined};
pub use curve::{Curve, Point};
pub use group::{Group, between, by_group, by_group_judged};

use serde::Serialize;

/// A pair of records that was scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The one record.
    pub one: u32,
    /// The other.
    pub other: u32,
    /// Match weight in bits, or the score of OpenCR's rules; the best of all passes.
    pub weight: f64,
    /// Position of the pass that gave it.
    pub rule: usize,
    /// Whether the two are one person.
    pub is_match: bool,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    /// The share.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Standard deviations of a normal distribution within which 95 % lie.
const Z95: f64 = 1.959_963_984_540_054;

impl Ratio {
    /// `part` of `all`, with Wilson's interval; `None` of nothing.
    pub fn of(part: u64, all: u64) -> Option<Ratio> {
        if all == 0 {
            return None;
        }
        let (count, value) = (all as f64, part as f64 / all as f64);
        let z2 = Z95 * Z95;
        let middle = (value + z2 / (2.0 * count)) / (1.0 + z2 / count);
        let half = Z95 / (1.0 + z2 / count)
            * (value * (1.0 - value) / count + z2 / (4.0 * count * count)).sqrt();
        // The ends meet 0 and 1 exactly where rounding would miss them.
        let low = if part == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if part == all { 1.0 } else { (middle + half).min(1.0) };
        Some(Ratio { value, low, high })
    }
}

/// What a choice of pairs is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Chosen and one person.
    pub true_positives: u64,
    /// Chosen and not one person.
    pub false_positives: u64,
    /// One person and not chosen.
    pub false_negatives: u64,
    /// Neither.
    pub true_negatives: u64,
    /// Of those chosen, how many are right; `None` if none was chosen.
    pub precision: Option<Ratio>,
    /// Of those that are one person, how many were chosen; `None` if none is.
    pub recall: Option<Ratio>,
    /// Of those that are not one person, how many were not chosen; `None` if none is not.
    pub specificity: Option<Ratio>,
    /// Harmonic mean of precision and recall; `None` unless both are there, 0 if both are 0. Its
    /// interval is that of F*, the share of right ones among all chosen or true, of which F1 is
    /// a function (Hand, Christen & Kirielle 2021).
    pub f1: Option<Ratio>,
}

impl Figures {
    /// From pairs chosen and right, chosen and wrong, true in all, and all there are.
    pub fn of(right: u64, wrong: u64, matches: u64, pairs: u64) -> Figures {
        let others = pairs.saturating_sub(matches);
        let spared = others.saturating_sub(wrong);
        let precision = Ratio::of(right, right + wrong);
        let recall = Ratio::of(right, matches);
        let missed = matches.saturating_sub(right);
        let f1 = precision.zip(recall).and_then(|_| {
            let star = Ratio::of(right, right + wrong + missed)?;
            let of = |star: f64| 2.0 * star / (1.0 + star);
            let value = 2.0 * right as f64 / (2 * right + wrong + missed) as f64;
            Some(Ratio { value, low: of(star.low), high: of(star.high) })
        });
        Figures {
            true_positives: right,
            false_positives: wrong,
            false_negatives: missed,
            true_negatives: spared,
            precision,
            recall,
            specificity: Ratio::of(spared, others),
            f1,
        }
    }

    /// Of the pairs that are chosen.
    pub fn of_pairs<'p>(
        chosen: impl Iterator<Item = &'p ScoredPair>,
        matches: u64,
        pairs: u64,
    ) -> Figures {
        let (mut right, mut wrong) = (0, 0);
        for pair in chosen {
            *(if pair.is_match { &mut right } else { &mut wrong }) += 1;
        }
        Figures::of(right, wrong, matches, pairs)
    }
}

/// Records that would not be linked with themselves: too little is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Unlinkable {
    /// Records.
    pub records: u64,
    /// Those whose comparison with themselves stays below the potential threshold.
    pub below_potential: u64,
    /// Those whose comparison with themselves stays below the auto threshold.
    pub below_auto: u64,
}

impl Unlinkable {
    /// Counts, by the best weight of each record with itself and whether it is potential, auto.
    pub fn of(reached: impl Iterator<Item = (bool, bool)>) -> Unlinkable {
        let mut found = Unlinkable { records: 0, below_potential: 0, below_auto: 0 };
        for (is_potential, is_auto) in reached {
            found.records += 1;
            found.below_potential += u64::from(!is_potential);
            found.below_auto += u64::from(!is_auto);
        }
        found
    }
}

/// Pairs among so many.
pub fn pairs_among(records: u64) -> u64 {
    records * records.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests;
