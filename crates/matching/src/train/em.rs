//! Expectation-maximisation over counted combinations of levels, with u held fixed.
//!
//! Dempster, Laird & Rubin 1977; for record linkage Winkler 1988. Missing values say nothing in
//! either step (missing at random). The parameters before training enter as some matches that
//! were seen already (a Dirichlet prior), so that nothing ends at 0 or 1 by a small sample.

use super::block::Block;
use super::count::Patterns;
use super::{Options, Table, is_known};
use crate::train::report::Round;

/// What estimation begins with.
pub(super) struct Start<'a> {
    /// m before, per ladder and level.
    pub m: &'a Table,
    /// u, per ladder and level; not changed.
    pub u: &'a Table,
    /// Per ladder, whether it is left out.
    pub held: &'a [bool],
    /// Per ladder, whether m is used as it is and not estimated.
    pub still: &'a [bool],
}

/// What estimation came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    /// m, per ladder and level; as before where the ladder was left out.
    pub m: Table,
    /// Expected matches that reach each level.
    pub counts: Table,
    /// The share of matches among the pairs.
    pub lambda: f64,
    /// Expected matches.
    pub matches: f64,
    /// Each round.
    pub rounds: Vec<Round>,
    /// Whether it ended because nothing changed any more.
    pub has_converged: bool,
}

/// The share of matches among the pairs of a block that is supposed at first.
const LAMBDA_START: f64 = 0.5;

/// Estimates m and the share of matches.
pub(super) fn run(patterns: &Patterns, start: &Start<'_>, before: f64, options: &Options) -> Run {
    let mut m = start.m.clone();
    let mut lambda = LAMBDA_START;
    let mut rounds = Vec::new();
    let mut has_converged = false;
    let mut counts: Table = m.iter().map(|levels| vec![0.0; levels.len()]).collect();
    let mut matches = 0.0;
    let total = patterns.total() as f64;
    while rounds.len() < options.rounds_max && !has_converged {
        let mut log_likelihood = 0.0;
        matches = 0.0;
        counts.iter_mut().flatten().for_each(|count| *count = 0.0);
        for (levels, count, verdict) in patterns.rows() {
            let (mut one, mut two) = (lambda.ln(), (1.0 - lambda).ln());
            for (ladder, level) in levels.iter().enumerate() {
                if is_known(*level) && !start.held[ladder] {
                    one += m[ladder][usize::from(*level)].ln();
                    two += start.u[ladder][usize::from(*level)].ln();
                }
            }
            let most = one.max(two);
            let sum = most + ((one - most).exp() + (two - most).exp()).ln();
            let (sum, part) = match verdict {
                None => (sum, (one - sum).exp()),
                Some(true) => (one, 1.0),
                Some(false) => (two, 0.0),
            };
            let share = part * count as f64;
            log_likelihood += sum * count as f64;
            matches += share;
            for (ladder, level) in levels.iter().enumerate() {
                if is_known(*level) && !start.held[ladder] {
                    counts[ladder][usize::from(*level)] += share;
                }
            }
        }
        let change = maximise(&mut m, &counts, start, before);
        // Half a pair of either kind keeps both possible.
        let next = (matches + 0.5) / (total + 1.0);
        has_converged = change.max((next - lambda).abs()) <= options.change_max;
        lambda = next;
        rounds.push(Round { log_likelihood, change });
    }
    Run { m, counts, lambda, matches, rounds, has_converged }
}

/// Sets m to what was counted and gives the greatest change.
fn maximise(m: &mut Table, counts: &Table, start: &Start<'_>, before: f64) -> f64 {
    let mut change = 0.0_f64;
    let is_moved = |ladder: &usize| !start.held[*ladder] && !start.still[*ladder];
    for (ladder, levels) in m.iter_mut().enumerate().filter(|(ladder, _)| is_moved(ladder)) {
        let smoothed = smooth(&counts[ladder], &start.m[ladder], before);
        for (level, next) in levels.iter_mut().zip(smoothed) {
            change = change.max((*level - next).abs());
            *level = next;
        }
    }
    change
}

/// Shares of counts, to which the parameters before are added as `before` matches.
pub(super) fn smooth(counts: &[f64], m: &[f64], before: f64) -> Vec<f64> {
    let sum: f64 = m.iter().sum();
    let all = counts.iter().sum::<f64>() + before;
    counts.iter().zip(m).map(|(count, m)| (count + before * m / sum) / all).collect()
}

/// m of all blocks together: matches counted where a ladder is not left out.
pub(super) fn average(runs: &[Run], blocks: &[(Block, Patterns)], before: &Table) -> Table {
    let mut m = Vec::new();
    for (ladder, levels) in before.iter().enumerate() {
        let mut counts = vec![0.0; levels.len()];
        for (run, (block, _)) in runs.iter().zip(blocks) {
            // A large block was sampled; what it would have seen counts.
            let scale = block.pairs as f64 / block.compared.max(1) as f64;
            for (count, seen) in counts.iter_mut().zip(&run.counts[ladder]) {
                *count += seen * scale;
            }
        }
        m.push(smooth(&counts, levels, super::BEFORE_MATCHES));
    }
    m
}
