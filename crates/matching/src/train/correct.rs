//! What people of one household share, counted once.
//!
//! Ladders are added as if what they compare had nothing to do with each other. People of one
//! household share family name, town and telephone together, and twins the birth date, too. A
//! comparison that **corrects** has levels that are several equalities at once, and takes away
//! what was counted too much: with `p` the chance that another person has the values of one by
//! accident, and `h` that it has them as a member of the household, it adds log2(p / (p + h)).
//! Whatever a household shares says then hardly more than that somebody is of the household. It
//! never adds, and is 0 where values agree as often as by chance.
//!
//! `h` is counted: pairs that agree on all, those that are one person taken out by
//! expectation-maximisation over the other ladders, and those by accident subtracted. See
//! Thibaudeau 1993 and Larsen & Rubin 2001 on such dependence.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::block::Block;
use super::count::Patterns;
use super::sample::equal_feature;
use super::{Learned, OTHERS_PART_MIN, PROBABILITY_MIN, Table, Work, em, frequency};
use crate::model::{LevelVec, Likeness, Test};
use crate::native::entries::FrequencyEntry;

/// Pairs of one level that are compared.
const PAIRS_MAX: u64 = 20_000;
/// Records whose values are looked at.
const RECORDS_MAX: usize = 20_000;
/// Pairs of a household as before training that count beside those seen.
const BEFORE_PAIRS: f64 = 1.0;

/// One level of a ladder that corrects, with the pairs that reach it.
pub(super) struct Correction {
    ladder: usize,
    level: usize,
    block: Block,
    patterns: Patterns,
    values: Vec<Shares>,
}

/// How common the values of a feature are.
struct Shares {
    feature: usize,
    /// The ladder whose first level asks for equality.
    ladder: Option<usize>,
    table: Option<Arc<FrequencyEntry>>,
}

/// The tables of frequencies that were made, by feature.
type Tables = BTreeMap<usize, Option<Arc<FrequencyEntry>>>;

/// All levels that can be counted, in the order of ladders and levels.
pub(super) fn find(work: &Work<'_>) -> Vec<Correction> {
    let mut tables = Tables::new();
    let ladders = work.rule.ladders.iter().enumerate().filter(|(at, _)| work.corrects(*at));
    let levels = ladders.flat_map(|(at, ladder)| {
        ladder.levels.iter().enumerate().map(move |(number, level)| (at, number, &level.test))
    });
    levels
        .filter(|(ladder, level, _)| !work.is_fixed(*ladder, *level))
        .filter_map(|(ladder, level, test)| {
            let features = equal_features(test)?;
            if features.iter().any(|feature| work.records.present(*feature) < 2) {
                return None;
            }
            let mut block = Block::new(work, features);
            block.compared = block.compared.min(PAIRS_MAX);
            for (at, held) in block.ladders.iter_mut().enumerate() {
                *held |= work.corrects(at);
            }
            let all = block.patterns(work);
            let is_here = |levels: &[u8]| usize::from(levels[ladder]) == level;
            let mut here: HashMap<LevelVec, u64> = HashMap::new();
            for (levels, count, _) in all.rows().filter(|(levels, ..)| is_here(levels)) {
                *here.entry(levels.clone()).or_default() += count;
            }
            let patterns = Patterns::new(here);
            let values = block.features.iter().map(|at| Shares::new(work, *at, &mut tables));
            let values = values.collect();
            Some(Correction { ladder, level, block, patterns, values })
        })
        .collect()
}

/// Sets the numbers of the levels by what was learned of the others.
pub(super) fn apply(work: &Work<'_>, corrections: &[Correction], learned: &mut Learned) {
    for correction in corrections {
        let before = &work.rule.ladders[correction.ladder].levels[correction.level];
        let (by_chance, in_fact) = correction.estimate(work, learned, before.u);
        learned.m[correction.ladder][correction.level] = by_chance;
        learned.u[correction.ladder][correction.level] = in_fact;
    }
}

/// Leaves the numbers of ladders that correct as another table has them.
pub(super) fn keep(work: &Work<'_>, table: &mut Table, numbers: &Table) {
    for (at, (levels, numbers)) in table.iter_mut().zip(numbers).enumerate() {
        if work.corrects(at) {
            levels.clone_from(numbers);
        }
    }
}

impl Correction {
    /// How often all agree by chance, and how often in fact, so that their ratio corrects.
    fn estimate(&self, work: &Work<'_>, learned: &Learned, before: f64) -> (f64, f64) {
        let start = em::Start {
            m: &learned.m,
            u: &learned.u,
            held: &self.block.ladders,
            still: &self.block.ladders,
        };
        let run = em::run(&self.patterns, &start, super::BEFORE_MATCHES, work.options);
        let scale = self.block.pairs as f64 / self.block.compared.max(1) as f64;
        let others = (self.patterns.total() as f64 - run.matches).max(0.0) * scale;
        let records = work.records.len() as f64;
        let known: f64 =
            self.values.iter().map(|v| work.records.present(v.feature) as f64 / records).product();
        let pairs = work.records.pair_count() * known * known;
        // What ladders before this one have corrected is no chance any more.
        let earlier = self.earlier(work, learned).exp2().recip();
        let equal = self.equal_by_chance(work, learned);
        let by_chance = pairs * equal;
        let shared =
            ((others - by_chance).max(0.0) + BEFORE_PAIRS) / (pairs + BEFORE_PAIRS / before);
        let bits = self.mean_bits(work, learned, (shared, earlier));
        let in_fact = (shared + equal).clamp(PROBABILITY_MIN, 0.5);
        (in_fact * bits.exp2(), in_fact)
    }

    /// How often two people agree on all, if only what earlier ladders correct goes together.
    fn equal_by_chance(&self, work: &Work<'_>, learned: &Learned) -> f64 {
        let mut known: Vec<usize> = Vec::new();
        let mut equal = 1.0;
        for at in (0..self.ladder).filter(|at| work.corrects(*at)) {
            let levels: Vec<Vec<usize>> = work.rule.ladders[at]
                .levels
                .iter()
                .map(|level| equal_features(&level.test).unwrap_or_default())
                .collect();
            let is_there = |feature: &&usize| levels.iter().any(|level| level.contains(feature));
            let common: Vec<usize> = self.block.features.iter().filter(is_there).copied().collect();
            if common.len() < 2 || common.iter().any(|feature| known.contains(feature)) {
                continue;
            }
            let has_all = |level: &&Vec<usize>| common.iter().all(|one| level.contains(one));
            if !levels.iter().any(|level| has_all(&level)) {
                continue;
            }
            let both = levels.iter().zip(&learned.u[at]).filter(|(level, _)| has_all(level));
            equal *= both.map(|(_, u)| u).sum::<f64>();
            known.extend(common);
        }
        let rest = self.values.iter().filter(|values| !known.contains(&values.feature));
        rest.fold(equal, |equal, values| equal * values.u(learned))
    }

    /// What earlier ladders that correct give pairs that reach this level, on the average.
    fn earlier(&self, work: &Work<'_>, learned: &Learned) -> f64 {
        let bits = |levels: &[u8]| -> f64 {
            let ladders = (0..self.ladder).filter(|at| work.corrects(*at));
            ladders
                .filter_map(|at| {
                    let level = usize::from(levels[at]);
                    Some((learned.m[at].get(level)? / learned.u[at].get(level)?).log2())
                })
                .sum()
        };
        let sum: f64 = self.patterns.rows().map(|(levels, n, _)| bits(levels) * n as f64).sum();
        sum / self.patterns.total().max(1) as f64
    }

    /// log2(p / (p + h)) on the average of the records.
    fn mean_bits(&self, work: &Work<'_>, learned: &Learned, (shared, earlier): (f64, f64)) -> f64 {
        let step = work.records.len().div_ceil(RECORDS_MAX).max(1);
        let (mut sum, mut count) = (0.0, 0.0_f64);
        for at in (0..work.records.len()).step_by(step) {
            let record = work.records.get(at);
            let shares = self.values.iter().map(|values| {
                let value = record.values_of(values.feature).next()?;
                Some(values.share(value, learned))
            });
            let Some(shares) = shares.collect::<Option<Vec<f64>>>() else { continue };
            let chance = (shares.into_iter().product::<f64>() * earlier).min(1.0);
            sum += (chance / (chance + shared)).log2();
            count += 1.0;
        }
        sum / count.max(1.0)
    }
}

impl Shares {
    fn new(work: &Work<'_>, feature: usize, tables: &mut Tables) -> Shares {
        let is_it = |test: &Test| equal_feature(test) == Some(feature);
        let ladder = work.rule.ladders.iter().position(|ladder| is_it(&ladder.levels[0].test));
        let entry = ladder.and_then(|at| work.file.pass.get(work.at)?.comparison.get(at));
        let is_listed = entry.is_some_and(|entry| entry.levels[0].frequencies.is_some());
        let make = || frequency::table(work.records, feature, work.options, 0.0).map(Arc::new);
        let table = match is_listed {
            true => tables.entry(feature).or_insert_with(make).clone(),
            false => None,
        };
        Shares { feature, ladder, table }
    }

    fn u(&self, learned: &Learned) -> f64 {
        self.ladder.map_or(1.0, |ladder| learned.u[ladder][0])
    }

    fn share(&self, value: &str, learned: &Learned) -> f64 {
        match &self.table {
            Some(table) => table.shares.get(value).copied().unwrap_or_else(|| {
                // As in the tables that are written, those that are one person are taken out.
                (table.rest - learned.prior).max(table.rest * OTHERS_PART_MIN)
            }),
            None => self.u(learned),
        }
    }
}

/// The features of a test that asks several values in common, and nothing else.
fn equal_features(test: &Test) -> Option<Vec<usize>> {
    match test {
        Test::On { feature, likeness: Likeness::Equal } => Some(vec![*feature]),
        Test::All(tests) => {
            let features: Option<Vec<Vec<usize>>> = tests.iter().map(equal_features).collect();
            features.map(|features| features.concat())
        }
        Test::On { .. } | Test::Swapped { .. } | Test::Any(_) | Test::Else => None,
    }
}
