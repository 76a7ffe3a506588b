//! Blocks: features that two records must have in common for their pair to be looked at.

use std::hash::BuildHasher as _;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::count::Patterns;
use super::sample::equal_feature;
use super::{Table, Work};
use crate::features::Features;
use crate::rules::Ruleset;

/// Blocks that training chooses by itself.
const BLOCKS_MAX: usize = 8;
/// Chance pairs for each record that a block chosen by training may hold.
const CHANCE_PAIRS_MAX: f64 = 10.0;
/// Values of one feature that put a record into a block.
const VALUES_MAX: usize = 4;

/// A way to find pairs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// What must be in common.
    pub features: Vec<usize>,
    /// Per ladder, whether it looks at one of the features, so that nothing is learned of it.
    pub ladders: Vec<bool>,
    /// Pairs that agree.
    pub pairs: u64,
    /// Pairs that were compared.
    pub compared: u64,
}

/// The blocks of the rule file that the records have, or blocks of two features.
pub(super) fn choose(work: &Work<'_>) -> Vec<Block> {
    let named: Vec<Vec<usize>> = match &work.file.training {
        Some(training) => {
            let at = |name: &String| work.ruleset.features.iter().position(|f| f.name == *name);
            training.blocks.iter().map(|block| block.iter().filter_map(at).collect()).collect()
        }
        None => pairs_of_features(work),
    };
    let has = |feature: &usize| work.records.present(*feature) > 1;
    named
        .into_iter()
        .filter(|features: &Vec<usize>| !features.is_empty() && features.iter().all(has))
        .map(|features| Block::new(work, features))
        .filter(|block| block.pairs > 0)
        .collect()
}

/// Pairs of features that ladders compare, the ones with the most records first.
fn pairs_of_features(work: &Work<'_>) -> Vec<Vec<usize>> {
    let firsts =
        work.rule.ladders.iter().filter_map(|ladder| equal_feature(&ladder.levels[0].test));
    let records = work.records.len() as f64;
    let known: Vec<(usize, f64, f64)> = firsts
        .filter_map(|feature| {
            let present = work.records.present(feature) as f64 / records;
            Some((feature, present, work.records.equality(feature)?))
        })
        .collect();
    let mut pairs = Vec::new();
    for (at, (a, a_present, a_equal)) in known.iter().enumerate() {
        for (b, b_present, b_equal) in &known[..at] {
            let chance = records * a_equal * b_equal / 2.0;
            if chance <= CHANCE_PAIRS_MAX && a != b {
                pairs.push((a_present * b_present, vec![*b, *a]));
            }
        }
    }
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    pairs.into_iter().take(BLOCKS_MAX).map(|(_, features)| features).collect()
}

impl Block {
    pub(super) fn new(work: &Work<'_>, features: Vec<usize>) -> Block {
        let ladders = work.rule.ladders.iter();
        let ladders = ladders
            .map(|ladder| ladder.features().iter().any(|feature| features.contains(feature)))
            .collect();
        let mut block = Block { features, ladders, pairs: 0, compared: 0 };
        block.pairs = groups(&block.keys(work)).map(|(_, count)| pairs_of(count)).sum();
        block.compared = block.pairs.min(work.options.block_pairs_max as u64);
        block
    }

    /// The names of the features.
    pub(super) fn names(&self, ruleset: &Ruleset) -> Vec<String> {
        self.features.iter().map(|at| ruleset.features[*at].name.clone()).collect()
    }

    /// The share of matches that agree on the block, by what is known of its comparisons.
    pub(super) fn visible(&self, work: &Work<'_>, m: &Table) -> f64 {
        let records = work.records.len() as f64;
        let of_feature = |feature: &usize| {
            let present = work.records.present(*feature) as f64 / records;
            let ladder = work
                .rule
                .ladders
                .iter()
                .position(|ladder| equal_feature(&ladder.levels[0].test) == Some(*feature));
            present * present * ladder.map_or(1.0, |ladder| m[ladder][0])
        };
        self.features.iter().map(of_feature).product()
    }

    /// Compares the pairs of the block, or as many as may be.
    pub(super) fn patterns(&self, work: &Work<'_>) -> Patterns {
        let keys = self.keys(work);
        let mut chance = ChaCha8Rng::seed_from_u64(work.options.seed);
        let step = self.pairs as f64 / self.compared.max(1) as f64;
        let mut pairs = Vec::with_capacity(usize::try_from(self.compared).unwrap_or(0));
        // One pair from each stretch of the list of all, at random within it.
        let mut turn = 0_u64;
        let mut wanted = chance.random::<f64>() * step;
        let mut before = 0_u64;
        for (start, count) in groups(&keys) {
            let here = pairs_of(count);
            while turn < self.compared && (wanted as u64) < before + here {
                let (i, j) = pair_at(wanted as u64 - before);
                let (one, other) = (keys[start + i].1, keys[start + j].1);
                if one != other {
                    pairs.push((one.max(other), one.min(other)));
                }
                turn += 1;
                wanted = (turn as f64 + chance.random::<f64>()) * step;
            }
            before += here;
        }
        if work.verdicts.is_empty() {
            return Patterns::of_pairs(work.rule, work.records, &pairs);
        }
        let (mut same, mut different) = (Vec::new(), Vec::new());
        pairs.retain(|pair| match work.verdicts.get(pair) {
            Some(Some(true)) => {
                same.push(*pair);
                false
            }
            Some(Some(false)) => {
                different.push(*pair);
                false
            }
            Some(None) | None => true,
        });
        let of = |pairs: &[(u32, u32)]| Patterns::of_pairs(work.rule, work.records, pairs);
        of(&pairs).with_judged(&of(&same), &of(&different))
    }

    /// A key of what is to be in common for each record that has all of it, sorted.
    fn keys(&self, work: &Work<'_>) -> Vec<(u64, u32)> {
        let mut keys = Vec::new();
        for at in 0..work.records.len() {
            self.add_keys(work.records.get(at), at as u32, &mut keys);
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn add_keys(&self, record: &Features, at: u32, keys: &mut Vec<(u64, u32)>) {
        let mut hashes = vec![0_u64];
        for feature in &self.features {
            let mut next = Vec::new();
            for value in record.values_of(*feature).take(VALUES_MAX) {
                next.extend(hashes.iter().map(|before| {
                    // One fixed seed: the same records give the same order everywhere.
                    foldhash::fast::FixedState::with_seed(*before).hash_one(value)
                }));
            }
            hashes = next;
        }
        keys.extend(hashes.into_iter().map(|hash| (hash, at)));
    }
}

/// Start and length of each run of equal keys.
fn groups(keys: &[(u64, u32)]) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0;
    keys.chunk_by(|one, other| one.0 == other.0).map(move |group| {
        let at = start;
        start += group.len();
        (at, group.len())
    })
}

fn pairs_of(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

/// The pair of a number, of the list (1,0), (2,0), (2,1), (3,0) and so on.
fn pair_at(number: u64) -> (usize, usize) {
    let mut i = ((1.0 + (1.0 + 8.0 * number as f64).sqrt()) / 2.0) as u64;
    // The root may be off by one.
    while i * (i - 1) / 2 > number {
        i -= 1;
    }
    while i * (i + 1) / 2 <= number {
        i += 1;
    }
    (i as usize, (number - i * (i - 1) / 2) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_one_number() {
        let pairs: Vec<_> = (0..6).map(pair_at).collect();
        assert_eq!(pairs, [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]);
        assert_eq!(pair_at(pairs_of(100_000) - 1), (99_999, 99_998));
    }
}
