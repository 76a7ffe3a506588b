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
