//! Learning m, u, the prior and how common values are, with or without labels.
//!
//! - **u** is counted among random pairs of records, as two random records are hardly ever one
//!   person. Of levels that mean equality it follows exactly from how often each value occurs
//!   (Newcombe et al. 1959): sampling would miss such rare events.
//! - **m** is found by expectation-maximisation with u held fixed (Winkler 1988; Splink's
//!   "estimate parameters using expectation maximisation"), among pairs that agree on a **block**
//!   of features. Comparisons that look at a feature of the block are left out there, so that
//!   nothing is estimated where it was chosen; what several blocks say is averaged by the
//!   matches that each has seen.
//! - **The prior** is the number of matches that the blocks have seen over the share of all
//!   matches that they can see, out of all pairs.
//! - With the prior known, the share of random pairs that are matches after all is taken out of
//!   u, and the blocks are gone through once more: among few records with many duplicates it
//!   decides.
//!
//! Everything follows from the records, the rules and one seed. The report tells each number
//! before and after. What is absent: reading files, and putting the result into use.

mod block;
mod correct;
mod count;
mod em;
mod frequency;
mod labels;
mod records;
mod report;
mod sample;

pub use labels::{Judged, Labels};
pub use records::Records;
pub use report::{BlockReport, ComparisonReport, JudgedReport, LevelReport, Report, Round};

use crate::model::{NULL_LEVEL, probability_of};
use crate::native::RuleFile;
use crate::opencr::RulesError;
use crate::rules::{Rule, Ruleset};

use count::Patterns;

/// Probabilities are kept this far from 0 and 1.
pub const PROBABILITY_MIN: f64 = 1e-9;
/// Matches that the parameters of the rules before training count as.
const BEFORE_MATCHES: f64 = 10.0;
/// No more of an observed u than this part is taken for matches among random pairs.
const OTHERS_PART_MIN: f64 = 0.05;
/// Fewer expected matches than this tell nothing of a level.
const HARDLY_MATCHES: f64 = 3.0;
/// Fewer random pairs than this tell nothing of a level.
const HARDLY_OTHERS: u64 = 10;
/// Times that blocks are gone through: once with u as observed, then with matches taken out.
const TURNS: usize = 3;

/// What training may use and must reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Decides every choice by chance.
    pub seed: u64,
    /// Random pairs that are compared for u.
    pub random_pairs_max: usize,
    /// Pairs of one block that are compared.
    pub block_pairs_max: usize,
    /// Rounds of expectation-maximisation.
    pub rounds_max: usize,
    /// It has converged when no m has changed by more than this.
    pub change_max: f64,
    /// Occurrences from which on a value is listed by name.
    pub listed_min: u64,
    /// Values of a feature that are listed.
    pub listed_max: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            random_pairs_max: 1_000_000,
            block_pairs_max: 200_000,
            rounds_max: 200,
            change_max: 1e-5,
            listed_min: 10,
            listed_max: 2_000,
        }
    }
}

/// Where training is; for showing progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Counting how common values are.
    Frequencies,
    /// Comparing random pairs.
    RandomPairs,
    /// Comparing the pairs of a block, by the names of its features.
    Block(Vec<String>),
    /// Estimating.
    Estimation,
}

/// Why nothing can be learned.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// One record or none.
    #[error("pairs are compared, so training needs at least 2 records; the file has {0}")]
    TooFew(usize),
    /// The rules have no native pass.
    #[error("the rules have no native passes: only those have levels to train")]
    NotNative,
    /// The result would not be a rule set, which is a fault of the program.
    #[error("what was learned makes no rule set")]
    Rules(#[from] RulesError),
}

/// What was learned.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The rules with their new numbers.
    pub file: RuleFile,
    /// How it came about.
    pub report: Report,
}

/// Learns from records, and from what was judged of some pairs, if anything was.
///
/// # Errors
///
/// [`TrainError`]; few duplicates or empty columns are no error but a warning of the report.
pub fn train(
    file: &RuleFile,
    records: &Records,
    judged: &Judged,
    options: &Options,
    on_step: &mut dyn FnMut(Step),
) -> Result<Trained, TrainError> {
    let ruleset = file.build("")?;
    if ruleset.rules.is_empty() {
        return Err(TrainError::NotNative);
    }
    if records.len() < 2 {
        return Err(TrainError::TooFew(records.len()));
    }
    let mut trained = file.clone();
    let mut report = Report::new(records.len(), options.seed);
    let verdicts = judged.verdicts();
    let mut lambda = None;
    for (at, rule) in ruleset.rules.iter().enumerate() {
        let work =
            Work { file, ruleset: &ruleset, rule, at, records, options, verdicts: &verdicts };
        if work.is_all_fixed() {
            continue;
        }
        let learned = work.learn(judged.sample.as_ref(), &mut report, on_step);
        learned.write(&work, &mut trained);
        lambda.get_or_insert(learned.prior);
    }
    on_step(Step::Frequencies);
    frequency::write(&mut trained, &ruleset, records, options, lambda.unwrap_or(0.0));
    trained.trained = report.summary();
    // What is written must be readable.
    let after = trained.build("")?;
    report.add_judged(judged, &after, records);
    Ok(Trained { file: trained, report })
}

/// One pass in training.
struct Work<'a> {
    file: &'a RuleFile,
    ruleset: &'a Ruleset,
    rule: &'a Rule,
    at: usize,
    records: &'a Records,
    options: &'a Options,
    verdicts: &'a labels::Verdicts,
}

/// Per ladder and level.
pub(crate) type Table = Vec<Vec<f64>>;

/// The numbers of a pass.
#[derive(Clone)]
struct Learned {
    m: Table,
    u: Table,
    prior: f64,
}

impl Work<'_> {
    fn m(&self) -> Table {
        self.rule.ladders.iter().map(|l| l.levels.iter().map(|level| level.m).collect()).collect()
    }

    fn u(&self) -> Table {
        self.rule.ladders.iter().map(|l| l.levels.iter().map(|level| level.u).collect()).collect()
    }

    fn is_fixed(&self, ladder: usize, level: usize) -> bool {
        let entry = self.file.pass.get(self.at).and_then(|pass| pass.comparison.get(ladder));
        entry.and_then(|entry| entry.levels.get(level)).is_some_and(|level| level.fixed)
    }

    /// Whether there is nothing to learn, so that the prior stays, too: such a pass says what is
    /// to be found, and not how likely it is.
    fn is_all_fixed(&self) -> bool {
        let mut ladders = self.rule.ladders.iter().enumerate();
        ladders.all(|(at, ladder)| (0..ladder.levels.len()).all(|level| self.is_fixed(at, level)))
    }

    /// Whether a ladder takes away what others count too much.
    fn corrects(&self, ladder: usize) -> bool {
        let entry = self.file.pass.get(self.at).and_then(|pass| pass.comparison.get(ladder));
        entry.is_some_and(|entry| entry.corrects)
    }

    /// Puts the numbers of fixed levels back, and shares the rest among the others.
    fn respect_fixed(&self, table: &mut Table, before: &Table) {
        for (ladder, (levels, before)) in table.iter_mut().zip(before).enumerate() {
            let is_fixed: Vec<bool> =
                (0..levels.len()).map(|level| self.is_fixed(ladder, level)).collect();
            for (level, value) in levels.iter_mut().enumerate() {
                if is_fixed[level] {
                    *value = before[level];
                }
                *value = value.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
            }
        }
    }

    fn learn(
        &self,
        labels: Option<&Labels>,
        report: &mut Report,
        on_step: &mut dyn FnMut(Step),
    ) -> Learned {
        let (m_before, u_before) = (self.m(), self.u());
        on_step(Step::RandomPairs);
        let random = sample::random(self);
        let observed = sample::observed_u(self, &random, &u_before);
        let blocks: Vec<(block::Block, Patterns)> = block::choose(self)
            .into_iter()
            .map(|block| {
                on_step(Step::Block(block.names(self.ruleset)));
                let patterns = block.patterns(self);
                (block, patterns)
            })
            .filter(|(_, patterns)| patterns.total() > 0)
            .collect();
        let corrections = correct::find(self);
        let still: Vec<bool> = (0..self.rule.ladders.len()).map(|at| self.corrects(at)).collect();
        on_step(Step::Estimation);
        let mut learned = Learned {
            m: m_before.clone(),
            u: observed.clone(),
            prior: probability_of(self.rule.prior_bits),
        };
        self.respect_fixed(&mut learned.u, &u_before);
        correct::keep(self, &mut learned.u, &u_before);
        let by_labels = labels.map(|labels| labels.m(self, &m_before, BEFORE_MATCHES));
        let mut runs = Vec::new();
        for _ in 0..TURNS {
            let corrected = learned.clone();
            let mut m_start = m_before.clone();
            correct::keep(self, &mut m_start, &corrected.m);
            runs = blocks
                .iter()
                .map(|(block, patterns)| {
                    let held = &block.ladders;
                    let start = em::Start { m: &m_start, u: &learned.u, held, still: &still };
                    em::run(patterns, &start, BEFORE_MATCHES, self.options)
                })
                .collect();
            learned.m = by_labels.clone().unwrap_or_else(|| em::average(&runs, &blocks, &m_before));
            self.respect_fixed(&mut learned.m, &m_before);
            if let Some(prior) = self.prior(&blocks, &runs, &learned.m) {
                learned.prior = prior;
            }
            learned.u = sample::without_matches(&observed, &learned, &random);
            self.respect_fixed(&mut learned.u, &u_before);
            correct::keep(self, &mut learned.m, &corrected.m);
            correct::keep(self, &mut learned.u, &corrected.u);
            correct::apply(self, &corrections, &mut learned);
        }
        self.keep_hardly_seen(&mut learned, &random, &runs);
        let is_labelled = labels.is_some();
        let (learned_now, blocks, runs) = (&learned, &blocks[..], &runs[..]);
        report.add(
            self,
            &report::Seen { learned: learned_now, random: &random, blocks, runs, is_labelled },
        );
        learned
    }

    /// Lets levels that hardly any pair has reached keep the bits that they had.
    ///
    /// Where neither matches nor others were seen, m/u would be one guess by another.
    fn keep_hardly_seen(&self, learned: &mut Learned, random: &Patterns, runs: &[em::Run]) {
        for (at, ladder) in self.rule.ladders.iter().enumerate() {
            if self.corrects(at) {
                continue;
            }
            let others = random.of_ladder(at, ladder.levels.len());
            for (number, level) in ladder.levels.iter().enumerate() {
                let matches: f64 = runs.iter().map(|run| run.counts[at][number]).sum();
                if matches < HARDLY_MATCHES && others[number] < HARDLY_OTHERS {
                    let u = learned.m[at][number] * level.u / level.m;
                    learned.u[at][number] = u.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
                }
            }
        }
    }

    /// P(same person) of two records; `None` where no block has seen a match.
    fn prior(
        &self,
        blocks: &[(block::Block, Patterns)],
        runs: &[em::Run],
        m: &Table,
    ) -> Option<f64> {
        let seen: f64 = runs
            .iter()
            .zip(blocks)
            .map(|(run, (block, _))| {
                // A large block was sampled, and its matches with it.
                run.matches * block.pairs as f64 / block.compared.max(1) as f64
            })
            .sum();
        let visible: f64 = blocks.iter().map(|(block, _)| block.visible(self, m)).sum();
        let pairs = self.records.pair_count();
        if visible <= 0.0 || seen < 0.5 {
            return None;
        }
        let mut prior = seen / visible / pairs;
        for filter in &self.rule.filters {
            prior /= self.records.equality(filter.feature).unwrap_or(1.0);
        }
        Some(prior.clamp(PROBABILITY_MIN, 0.5))
    }
}

impl Learned {
    fn write(&self, work: &Work<'_>, file: &mut RuleFile) {
        let Some(pass) = file.pass.get_mut(work.at) else { return };
        pass.prior = rounded(self.prior);
        for (ladder, entry) in pass.comparison.iter_mut().enumerate() {
            for (level, entry) in entry.levels.iter_mut().enumerate() {
                if !work.is_fixed(ladder, level) {
                    entry.m = rounded(self.m[ladder][level]);
                    entry.u = rounded(self.u[ladder][level]);
                }
            }
        }
    }
}

/// Six digits are more than any estimate is worth, and can be read.
pub(crate) fn rounded(value: f64) -> f64 {
    let rounded = format!("{value:.5e}").parse().unwrap_or(value);
    // Rounding must not leave what is strictly between 0 and 1.
    if rounded > 0.0 && rounded < 1.0 { rounded } else { value }
}

/// Whether a level counts: its value is known of both records.
fn is_known(level: u8) -> bool {
    level != NULL_LEVEL
}

#[cfg(test)]
mod tests;
