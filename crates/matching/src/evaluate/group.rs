//! The same figures for parts of the records, so that it shows whom rules serve badly.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{Figures, ScoredPair, pairs_among};

/// A part of the records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What its records have in common; empty where it is not known.
    pub label: String,
    /// Its records.
    pub records: u64,
    /// Over pairs of two records of the group.
    pub figures: Figures,
}

/// Figures of each group, over pairs that lie within it.
///
/// `labels` and `truth` are per record; `chosen` are the pairs that were linked.
pub fn by_group<'p>(
    labels: &[String],
    truth: &[Option<u32>],
    chosen: impl Iterator<Item = &'p ScoredPair>,
) -> Vec<Group> {
    let mut records: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sizes: HashMap<(&str, u32), u64> = HashMap::new();
    for (label, truth) in labels.iter().zip(truth) {
        *records.entry(label).or_default() += 1;
        if let Some(truth) = truth {
            *sizes.entry((label, *truth)).or_default() += 1;
        }
    }
    let mut matches: HashMap<&str, u64> = HashMap::new();
    for ((label, _), count) in sizes {
        *matches.entry(label).or_default() += pairs_among(count);
    }
    let mut found: HashMap<&str, (u64, u64)> = HashMap::new();
    for pair in chosen {
        let (one, other) = (&labels[pair.one as usize], &labels[pair.other as usize]);
        if one == other {
            let (right, wrong) = found.entry(one).or_default();
            *(if pair.is_match { right } else { wrong }) += 1;
        }
    }
    let groups = records.into_iter().map(|(label, records)| {
        let (right, wrong) = found.get(label).copied().unwrap_or_default();
        let matches = matches.get(label).copied().unwrap_or(0);
        let figures = Figures::of(right, wrong, matches, pairs_among(records));
        Group { label: label.to_owned(), records, figures }
    });
    groups.collect()
}

/// The same over pairs that were judged one by one, each with whether it was linked.
///
/// Records without a judged pair are counted, too.
pub fn by_group_judged<'p>(
    labels: &[String],
    judged: impl Iterator<Item = (&'p ScoredPair, bool)>,
) -> Vec<Group> {
    let mut records: BTreeMap<&str, u64> = BTreeMap::new();
    for label in labels {
        *records.entry(label).or_default() += 1;
    }
    // Right, wrong, matches and all.
    let mut counts: HashMap<&str, [u64; 4]> = HashMap::new();
    for (pair, is_chosen) in judged {
        let (one, other) = (&labels[pair.one as usize], &labels[pair.other as usize]);
        if one == other {
            let count = counts.entry(one).or_default();
            count[0] += u64::from(is_chosen && pair.is_match);
            count[1] += u64::from(is_chosen && !pair.is_match);
            count[2] += u64::from(pair.is_match);
            count[3] += 1;
        }
    }
    let groups = records.into_iter().map(|(label, records)| {
        let [right, wrong, matches, pairs] = counts.get(label).copied().unwrap_or_default();
        let figures = Figures::of(right, wrong, matches, pairs);
        Group { label: label.to_owned(), records, figures }
    });
    groups.collect()
}

/// Figures of the pairs whose records are of two groups: all that is not within one.
pub fn between(groups: &[Group], all: &Figures) -> Figures {
    let rest = |of: fn(&Figures) -> u64| {
        of(all).saturating_sub(groups.iter().map(|group| of(&group.figures)).sum())
    };
    let matches = |f: &Figures| f.true_positives + f.false_negatives;
    let right = rest(|f| f.true_positives);
    let wrong = rest(|f| f.false_positives);
    let matches = rest(matches);
    let others = rest(|f| f.false_positives + f.true_negatives);
    Figures::of(right, wrong, matches, matches + others)
}
