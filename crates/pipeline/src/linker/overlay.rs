//! What the batch at hand has changed already, matched beside the published index.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use matching::{
    features::Features,
    index::{Found, Index, Limits, Snapshot},
    rules::Ruleset,
    score::Band,
};
use registry::ids::RecordNumber;

use crate::published::IndexChange;

/// A small index of the records that the batch changed; it hides their older selves.
///
/// An index has an entry for every number up to its highest, so records are numbered anew here,
/// from 0 as they come: a batch costs the same in a registry of a million as in an empty one.
pub(super) struct Overlay {
    ruleset: Arc<Ruleset>,
    index: Index,
    /// By row of `index`, the record's number.
    numbers: Vec<RecordNumber>,
    changes: Vec<IndexChange>,
    newest: HashMap<RecordNumber, Place>,
}

/// Where a changed record is.
struct Place {
    row: u32,
    /// The newest of its changes.
    change: usize,
}

impl Overlay {
    pub(super) fn new(ruleset: Arc<Ruleset>) -> Self {
        let index = Index::new(ruleset.clone());
        Self { ruleset, index, numbers: Vec::new(), changes: Vec::new(), newest: HashMap::new() }
    }

    /// Remembers a change, which later searches see.
    pub(super) fn push(&mut self, change: IndexChange) {
        let at = self.changes.len();
        let row = self.newest.get(&change.number).map(|place| place.row).unwrap_or_else(|| {
            self.numbers.push(change.number);
            // Each has a number of its own of 32 bits.
            self.numbers.len() as u32 - 1
        });
        self.newest.insert(change.number, Place { row, change: at });
        match &change.features {
            Some(features) => self.index.replace(row, features.clone()),
            None => self.index.remove(row),
        }
        self.changes.push(change);
    }

    /// How many changes there are: a place to go back to.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Forgets all changes after the first `len`.
    pub(super) fn rewind(&mut self, len: usize) {
        let kept = std::mem::take(&mut self.changes);
        self.index = Index::new(self.ruleset.clone());
        self.numbers.clear();
        self.newest.clear();
        for change in kept.into_iter().take(len) {
            self.push(change);
        }
    }

    /// Whether the batch changed this record, so that older findings about it do not count.
    pub(super) fn hides(&self, number: RecordNumber) -> bool {
        self.newest.contains_key(&number)
    }

    /// The records whose older selves are hidden.
    pub(super) fn hidden(&self) -> impl Iterator<Item = RecordNumber> {
        self.newest.keys().copied()
    }

    /// The features that the batch gave a record; `None` if it gave it none.
    pub(super) fn own(&self, number: RecordNumber) -> Option<&Features> {
        self.changes[self.newest.get(&number)?.change].features.as_ref()
    }

    /// Searches what the batch changed.
    pub(super) fn search(&self, query: &Features, limits: &Limits) -> Option<Found> {
        if self.changes.is_empty() {
            return None;
        }
        // Which of equal scores are the best depends on the real numbers, so the cut comes after.
        let mut found = self.index.snapshot().search(query, &Limits { potential_max: usize::MAX });
        for hit in &mut found.hits {
            hit.number = self.numbers[hit.number as usize].0;
        }
        found.hits.sort_unstable_by_key(|hit| (hit.rule, Reverse(hit.score), hit.number));
        let mut kept = vec![0; self.ruleset.rules.len()];
        let all = found.hits.len();
        found.hits.retain(|hit| match hit.band {
            Band::Auto => true,
            Band::Potential | Band::Below => {
                kept[hit.rule] += 1;
                kept[hit.rule] <= limits.potential_max
            }
        });
        found.is_cut = found.hits.len() < all;
        Some(found)
    }

    /// The features of a record as the batch left them, or as published.
    pub(super) fn features(&self, number: RecordNumber, published: &Snapshot) -> Option<Features> {
        match self.newest.get(&number) {
            Some(place) => self.changes[place.change].features.clone(),
            None => published.features(number.0),
        }
    }

    /// The changes in their order, for publishing.
    pub(super) fn into_changes(self) -> Vec<IndexChange> {
        self.changes
    }
}
