//! Pairs of which somebody has said whether they are one person.
//!
//! Two kinds, because they were chosen in two ways. A **sample** of all matches (`--labels`) shows
//! how often matches agree, so m is counted among it. **Decisions** of stewards are about the pairs
//! that the rules could not decide: counted, they would say that matches hardly ever agree. They
//! count where they lie instead, among all other pairs of a block, as pairs of which it is known
//! whether they match (semi-supervised estimation: Nigam et al. 2000, "Text classification from
//! labeled and unlabeled documents using EM"; for linkage Larsen & Rubin 2001).
//!
//! u is never counted among pairs that were judged different. They were judged because they look
//! alike, so they agree far more often than two people do. Had they been drawn by chance they
//! would say what the random pairs say, of which there are a million.

use std::collections::{BTreeMap, HashMap};

use super::count::Patterns;
use super::em::smooth;
use super::{Table, Work};
use crate::evaluate::clusters;

/// Judged pairs, by positions of [`super::Records`], each once, the higher position first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    same: Vec<(u32, u32)>,
    different: Vec<(u32, u32)>,
    contradictory: usize,
    unknown: usize,
}

impl Labels {
    /// Takes judgements as they come: the two records, if both are among those that were read,
    /// and whether they are one person.
    ///
    /// A pair that was judged both ways is left out. So is one that was judged different while
    /// other judgements together make it one person.
    pub fn of(judgements: impl IntoIterator<Item = (Option<(u32, u32)>, bool)>) -> Labels {
        let mut judged: BTreeMap<(u32, u32), [bool; 2]> = BTreeMap::new();
        let mut labels = Labels::default();
        for (pair, is_same) in judgements {
            match pair {
                Some((one, other)) if one != other => {
                    let verdicts = judged.entry((one.max(other), one.min(other))).or_default();
                    verdicts[usize::from(is_same)] = true;
                }
                Some(_) | None => labels.unknown += 1,
            }
        }
        let links = judged.iter().filter(|(_, [different, same])| *same && !different);
        let records = judged.keys().map(|pair| pair.0 as usize + 1).max().unwrap_or(0);
        let persons = clusters(records, links.map(|(pair, _)| *pair));
        for (pair, [different, same]) in judged {
            let is_one = persons[pair.0 as usize] == persons[pair.1 as usize];
            match (same, different) {
                (true, false) => labels.same.push(pair),
                (false, true) if !is_one => labels.different.push(pair),
                _ => labels.contradictory += 1,
            }
        }
        labels
    }

    /// Pairs of one person.
    pub fn same(&self) -> &[(u32, u32)] {
        &self.same
    }

    /// Pairs of different people.
    pub fn different(&self) -> &[(u32, u32)] {
        &self.different
    }

    /// Pairs that are not used because judgements contradict each other.
    pub fn contradictory(&self) -> usize {
        self.contradictory
    }

    /// Judgements that are not used because a record of theirs was not read.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// m by counting; the parameters before count as `weight` more pairs.
    pub(super) fn m(&self, work: &Work<'_>, before: &Table, weight: f64) -> Table {
        let last = work.records.len() as u32;
        let pairs: Vec<(u32, u32)> =
            self.same.iter().copied().filter(|pair| pair.0 < last).collect();
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

/// What is known of some pairs beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// A sample of matches, and of pairs that are none; m is counted among it.
    pub sample: Option<Labels>,
    /// What stewards decided; it settles pairs, and is no sample.
    pub decisions: Option<Labels>,
}

impl Judged {
    /// Whether a pair is one person, for each that somebody has judged; where the two kinds
    /// contradict each other, nobody has.
    pub(super) fn verdicts(&self) -> Verdicts {
        let mut verdicts: HashMap<(u32, u32), Option<bool>, foldhash::fast::FixedState> =
            HashMap::default();
        for labels in [&self.sample, &self.decisions].into_iter().flatten() {
            let same = labels.same.iter().map(|pair| (*pair, true));
            for (pair, is_same) in same.chain(labels.different.iter().map(|pair| (*pair, false))) {
                let known = verdicts.entry(pair).or_insert(Some(is_same));
                if *known != Some(is_same) {
                    *known = None;
                }
            }
        }
        verdicts
    }
}

/// Per pair, the higher position first, whether it is one person; `None` is not known after all.
pub(super) type Verdicts = HashMap<(u32, u32), Option<bool>, foldhash::fast::FixedState>;

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(judgements: &[(u32, u32, bool)]) -> Labels {
        Labels::of(judgements.iter().map(|(one, other, is_same)| (Some((*one, *other)), *is_same)))
    }

    #[test]
    fn a_pair_counts_once_however_often_it_was_judged() {
        let labels = labels(&[(1, 2, true), (2, 1, true), (3, 4, false), (3, 4, false)]);
        assert_eq!((labels.same(), labels.different()), (&[(2, 1)][..], &[(4, 3)][..]));
        assert_eq!(labels.contradictory(), 0);
    }

    #[test]
    fn contradictions_are_left_out_and_counted() {
        let direct = labels(&[(1, 2, true), (2, 1, false)]);
        assert_eq!(
            (direct.same().len(), direct.different().len(), direct.contradictory()),
            (0, 0, 1)
        );
        let closed = labels(&[(0, 1, true), (1, 2, true), (0, 2, false)]);
        assert_eq!((closed.same().len(), closed.different().len()), (2, 0));
        assert_eq!(closed.contradictory(), 1);
    }

    #[test]
    fn what_was_not_read_and_a_record_with_itself_are_counted() {
        let labels = Labels::of([(None, true), (Some((1, 1)), false), (Some((1, 2)), true)]);
        assert_eq!((labels.same().len(), labels.unknown()), (1, 2));
    }

    #[test]
    fn a_file_against_a_steward_is_no_verdict() {
        let judged = Judged {
            sample: Some(labels(&[(1, 2, true), (3, 4, true)])),
            decisions: Some(labels(&[(1, 2, false)])),
        };
        assert_eq!(judged.verdicts()[&(2, 1)], None);
        assert_eq!(judged.verdicts()[&(4, 3)], Some(true));
    }
}
