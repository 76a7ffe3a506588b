//! How a training went, for people and machines; no values of records.

use std::fmt;

use serde::Serialize;

use super::block::Block;
use super::count::Patterns;
use super::em::Run;
use super::labels::{Judged, Labels};
use super::{Learned, Records, Work};
use crate::model::{bits_of, probability_of};
use crate::rules::Ruleset;
use crate::score::{Band, score};

/// Fewer expected matches than this are hardly more than chance.
const MATCHES_FEW: f64 = 20.0;
/// A level with less than this expected is not seen.
const SEEN_MIN: f64 = 0.5;

/// What training did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Records.
    pub records: usize,
    /// The seed.
    pub seed: u64,
    /// Random pairs compared for u.
    pub random_pairs: u64,
    /// P(same person), before and after, per pass.
    pub priors: Vec<[f64; 2]>,
    /// Blocks in which m was estimated.
    pub blocks: Vec<BlockReport>,
    /// The sample of judged pairs among which m was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<JudgedReport>,
    /// The decisions of stewards that settled pairs of the blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<JudgedReport>,
    /// Every comparison.
    pub comparisons: Vec<ComparisonReport>,
    /// What is to be known before the result is used.
    pub warnings: Vec<String>,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockReport {
    /// Names of the features in common.
    pub features: Vec<String>,
    /// Pairs that agree.
    pub pairs: u64,
    /// Pairs that were compared.
    pub compared: u64,
    /// Those compared of which it was known whether they are one person.
    pub judged: u64,
    /// Expected matches among those compared.
    pub matches: f64,
    /// Whether nothing changed any more at the end.
    pub has_converged: bool,
    /// Each round.
    pub rounds: Vec<Round>,
}

/// One round of estimation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Round {
    /// Natural logarithm of the likelihood of all pairs before the round.
    pub log_likelihood: f64,
    /// The greatest change of an m.
    pub change: f64,
}

/// A comparison before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonReport {
    /// The pass.
    pub pass: String,
    /// Its name.
    pub name: String,
    /// Its levels.
    pub levels: Vec<LevelReport>,
}

/// A level before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelReport {
    /// In words.
    pub label: String,
    /// m before and after.
    pub m: [f64; 2],
    /// u before and after.
    pub u: [f64; 2],
}

/// Pairs that somebody has judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedReport {
    /// Pairs of one person.
    pub same: usize,
    /// Pairs of different people.
    pub different: usize,
    /// Pairs that were judged both ways, and are not used.
    pub contradictory: usize,
    /// Judgements about records that were not read, and are not used.
    pub unknown: usize,
    /// Pairs of one person that the new rules would not even show to a person.
    pub same_below: usize,
    /// Pairs of different people that the new rules would link without a person.
    pub different_auto: usize,
}

impl JudgedReport {
    fn new(labels: &Labels, after: &Ruleset, records: &Records) -> JudgedReport {
        let count = |pairs: &[(u32, u32)], band: Band| {
            let reaches = |pair: &&(u32, u32)| best_band(after, records, **pair) == Some(band);
            pairs.iter().filter(reaches).count()
        };
        JudgedReport {
            same: labels.same().len(),
            different: labels.different().len(),
            contradictory: labels.contradictory(),
            unknown: labels.unknown(),
            same_below: count(labels.same(), Band::Below),
            different_auto: count(labels.different(), Band::Auto),
        }
    }

    fn line(&self, what: &str) -> String {
        let mut line = format!("{what}: {} the same, {} different", self.same, self.different);
        if self.contradictory > 0 {
            line.push_str(&format!(", {} judged both ways and not used", self.contradictory));
        }
        if self.unknown > 0 {
            line.push_str(&format!(", {} of records that were not read", self.unknown));
        }
        line
    }
}

/// The best band of any pass; `None` for a record that was not read.
fn best_band(rules: &Ruleset, records: &Records, pair: (u32, u32)) -> Option<Band> {
    let last = records.len() as u32;
    if pair.0.max(pair.1) >= last {
        return None;
    }
    let (one, other) = (records.get(pair.0 as usize), records.get(pair.1 as usize));
    let bands = rules.rules.iter().map(|rule| score(rule, one, other).map(|s| s.band(rule)));
    let mut best = Band::Below;
    for band in bands.flatten() {
        best = match (best, band) {
            (Band::Auto, _) | (_, Band::Auto) => Band::Auto,
            (Band::Potential, _) | (_, Band::Potential) => Band::Potential,
            (Band::Below, Band::Below) => Band::Below,
        };
    }
    Some(best)
}

/// What a pass was learned from.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) learned: &'a Learned,
    pub(super) random: &'a Patterns,
    pub(super) blocks: &'a [(Block, Patterns)],
    pub(super) runs: &'a [Run],
    pub(super) is_labelled: bool,
}

impl Report {
    pub(super) fn new(records: usize, seed: u64) -> Report {
        Report {
            records,
            seed,
            random_pairs: 0,
            priors: Vec::new(),
            blocks: Vec::new(),
            labels: None,
            decisions: None,
            comparisons: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// One sentence for the rule file.
    pub fn summary(&self) -> String {
        let matches: f64 = self.blocks.iter().map(|block| block.matches).fold(0.0, f64::max);
        format!(
            "on {} records with seed {}: {} random pairs, {} blocks, about {matches:.0} matches in \
             the best one",
            self.records,
            self.seed,
            self.random_pairs,
            self.blocks.len()
        )
    }

    /// Tells of the judged pairs, and what the new rules make of them.
    pub(super) fn add_judged(&mut self, judged: &Judged, after: &Ruleset, records: &Records) {
        let of = |labels: &Option<Labels>| {
            labels.as_ref().map(|labels| JudgedReport::new(labels, after, records))
        };
        (self.labels, self.decisions) = (of(&judged.sample), of(&judged.decisions));
        let kinds = [("labelled", &self.labels), ("decided", &self.decisions)];
        for (word, known) in kinds {
            let Some(known) = known else { continue };
            if known.different_auto > 0 {
                self.warnings.push(format!(
                    "{} of {} pairs {word} different would be linked without a person: look at \
                     them with opencr evaluate --labels, and add a guard or a comparison",
                    known.different_auto, known.different
                ));
            }
            if known.same_below > 0 {
                self.warnings.push(format!(
                    "{} of {} pairs {word} the same would not even be shown to a person",
                    known.same_below, known.same
                ));
            }
            if known.contradictory > 0 {
                self.warnings.push(format!(
                    "{} {word} pairs were judged both ways and are not used: ask who judged them",
                    known.contradictory
                ));
            }
        }
    }

    pub(super) fn add(&mut self, work: &Work<'_>, seen: &Seen<'_>) {
        let Seen { learned, random, blocks, runs, is_labelled } = *seen;
        self.random_pairs = random.total();
        self.priors.push([probability_of(work.rule.prior_bits), learned.prior]);
        for ((block, patterns), run) in blocks.iter().zip(runs) {
            self.blocks.push(BlockReport {
                features: block.names(work.ruleset),
                pairs: block.pairs,
                compared: block.compared,
                judged: patterns.judged_total(),
                matches: run.matches,
                has_converged: run.has_converged,
                rounds: run.rounds.clone(),
            });
            if !run.has_converged {
                let names = block.names(work.ruleset).join(" and ");
                self.warnings.push(format!("block {names}: has not converged"));
            }
        }
        let most = runs.iter().map(|run| run.matches).fold(0.0, f64::max);
        if blocks.is_empty() {
            self.warnings.push(
                "no two records agree on any block: m and the prior are as they were; is nobody \
                 among the records twice?"
                    .to_owned(),
            );
        } else if most < MATCHES_FEW && !is_labelled {
            self.warnings.push(format!(
                "only about {most:.0} matches were seen, so m is mostly as it was: train again \
                 with more records"
            ));
        }
        for at in 0..work.rule.ladders.len() {
            self.add_ladder(work, seen, at);
        }
    }

    fn add_ladder(&mut self, work: &Work<'_>, seen: &Seen<'_>, at: usize) {
        let Seen { learned, random, runs, .. } = *seen;
        let ladder = &work.rule.ladders[at];
        let among_random = random.of_ladder(at, ladder.levels.len());
        let mut among_matches = vec![0.0; ladder.levels.len()];
        for run in runs {
            for (sum, count) in among_matches.iter_mut().zip(&run.counts[at]) {
                *sum += count;
            }
        }
        let name = &ladder.name;
        let matches: f64 = among_matches.iter().sum();
        if among_random.iter().sum::<u64>() == 0 {
            self.warnings
                .push(format!("{name}: no two records have what it compares, so it is as it was"));
        } else if matches < SEEN_MIN {
            self.warnings.push(format!("m could not be estimated for {name}: no match has it"));
        } else {
            let seen = among_matches.iter().filter(|count| **count >= SEEN_MIN).count();
            let is_first_alone = seen == 1 && among_matches[0] >= SEEN_MIN;
            if is_first_alone {
                self.warnings.push(format!("m could not be estimated for {name}: never disagrees"));
            } else {
                for (level, count) in ladder.levels.iter().zip(&among_matches) {
                    if *count < SEEN_MIN {
                        self.warnings.push(format!(
                            "{name}: the level {:?} was never seen among matches",
                            level.label
                        ));
                    }
                }
            }
        }
        let levels = ladder.levels.iter().enumerate();
        self.comparisons.push(ComparisonReport {
            pass: work.rule.name.clone(),
            name: name.clone(),
            levels: levels
                .map(|(level, before)| LevelReport {
                    label: before.label.clone(),
                    m: [before.m, learned.m[at][level]],
                    u: [before.u, learned.u[at][level]],
                })
                .collect(),
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "records {}, random pairs {}", self.records, self.random_pairs)?;
        let kinds = [("labels, m is counted among the same", &self.labels)];
        let kinds = kinds.into_iter().chain([("decisions", &self.decisions)]);
        for (what, judged) in kinds {
            if let Some(judged) = judged {
                writeln!(f, "{}", judged.line(what))?;
            }
        }
        for [before, after] in &self.priors {
            writeln!(
                f,
                "prior {before:.3e} ({:+.1} bits) -> {after:.3e} ({:+.1} bits)",
                bits_of(*before),
                bits_of(*after)
            )?;
        }
        for block in &self.blocks {
            let (first, last) = (block.rounds.first(), block.rounds.last());
            let judged = match block.judged {
                0 => String::new(),
                judged => format!("{judged} of them judged, "),
            };
            writeln!(
                f,
                "block {}: {} of {} pairs, {judged}about {:.0} matches, {} rounds, log likelihood {:.1} -> {:.1}",
                block.features.join(" and "),
                block.compared,
                block.pairs,
                block.matches,
                block.rounds.len(),
                first.map_or(0.0, |round| round.log_likelihood),
                last.map_or(0.0, |round| round.log_likelihood),
            )?;
        }
        for comparison in &self.comparisons {
            writeln!(f, "\n{:<40} {:>21} {:>23} {:>15}", comparison.name, "m", "u", "bits")?;
            for level in &comparison.levels {
                let bits = |at: usize| (level.m[at] / level.u[at]).log2();
                writeln!(
                    f,
                    "  {:<38} {:>9.5} -> {:>8.5} {:>9.2e} -> {:>9.2e} {:>+6.1} -> {:>+5.1}",
                    level.label,
                    level.m[0],
                    level.m[1],
                    level.u[0],
                    level.u[1],
                    bits(0),
                    bits(1)
                )?;
            }
        }
        if !self.warnings.is_empty() {
            writeln!(f, "\nWarnings:")?;
        }
        for warning in &self.warnings {
            writeln!(f, "- {warning}")?;
        }
        Ok(())
    }
}
