//! What random pairs say: u.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::count::Patterns;
use super::{Learned, OTHERS_PART_MIN, PROBABILITY_MIN, Table, Work};
use crate::model::{Likeness, Test};

/// Compares random pairs, or all of them if they are few.
pub(super) fn random(work: &Work<'_>) -> Patterns {
    let records = work.records.len();
    let pairs: Vec<(u32, u32)> =
        if work.records.pair_count() <= work.options.random_pairs_max as f64 {
            let all = (0..records as u32).flat_map(|one| (0..one).map(move |other| (one, other)));
            all.collect()
        } else {
            let mut chance = ChaCha8Rng::seed_from_u64(work.options.seed);
            (0..work.options.random_pairs_max)
                .map(|_| {
                    let one = chance.random_range(0..records as u32);
                    // One less to choose from, and all above the first moved up.
                    let other = chance.random_range(0..records as u32 - 1);
                    (one, other + u32::from(other >= one))
                })
                .collect()
        };
    Patterns::of_pairs(work.rule, work.records, &pairs)
}

/// u as seen among random pairs, matches among them included.
pub(super) fn observed_u(work: &Work<'_>, random: &Patterns, before: &Table) -> Table {
    let ladders = work.rule.ladders.iter().enumerate();
    ladders
        .map(|(at, ladder)| {
            let counts = random.of_ladder(at, ladder.levels.len());
            let total: u64 = counts.iter().sum();
            if total == 0 {
                return before[at].clone();
            }
            // Half a pair for each level: what was not seen is rare and not impossible.
            let all = total as f64 + 0.5 * counts.len() as f64;
            let mut u: Vec<f64> = counts.iter().map(|n| (*n as f64 + 0.5) / all).collect();
            if let Some(feature) = equal_feature(&ladder.levels[0].test)
                && ladder.needs == [feature]
                && let Some(exact) = work.records.equality(feature)
            {
                let exact = exact.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
                let scale = (1.0 - exact) / (1.0 - u[0]).max(PROBABILITY_MIN);
                u.iter_mut().skip(1).for_each(|u| *u *= scale);
                u[0] = exact;
            }
            u
        })
        .collect()
}

/// The feature of which a test asks a value in common, and nothing else.
pub(super) fn equal_feature(test: &Test) -> Option<usize> {
    match test {
        Test::On { feature, likeness: Likeness::Equal } => Some(*feature),
        Test::On { .. } | Test::Swapped { .. } | Test::All(_) | Test::Any(_) | Test::Else => None,
    }
}

/// u with the matches among random pairs taken out.
pub(super) fn without_matches(observed: &Table, learned: &Learned, random: &Patterns) -> Table {
    let prior = learned.prior;
    let ladders = observed.iter().zip(&learned.m).enumerate();
    ladders
        .map(|(at, (observed, m))| {
            let total: u64 = random.of_ladder(at, observed.len()).iter().sum();
            if total == 0 {
                return observed.clone();
            }
            let others = observed.iter().zip(m).map(|(u, m)| {
                let others = (u - prior * m) / (1.0 - prior);
                others.max(u * OTHERS_PART_MIN)
            });
            let others: Vec<f64> = others.collect();
            let sum: f64 = others.iter().sum();
            others.iter().map(|u| u / sum).collect()
        })
        .collect()
}
