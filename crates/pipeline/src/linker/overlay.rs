//! What the batch at hand has changed already, matched beside the published index.

use std::{collections::HashMap, sync::Arc};

use matching::{
    features::Features,
    index::{Found, Index, Limits, Snapshot},
    rules::Ruleset,
};
use registry::ids::RecordNumber;

use crate::published::IndexChange;

/// A small index of the records that the batch changed; it hides their older selves.
pub(super) struct Overlay {
    ruleset: Arc<Ruleset>,
    index: Index,
    changes: Vec<IndexChange>,
    newest: HashMap<RecordNumber, usize>,
}

impl Overlay {
    pub(super) fn new(ruleset: Arc<Ruleset>) -> Self {
        let index = Index::new(ruleset.clone());
        Self { ruleset, index, changes: Vec::new(), newest: HashMap::new() }
    }

    /// Remembers a change, which later searches see.
    pub(super) fn push(&mut self, change: IndexChange) {
        self.newest.insert(change.number, self.changes.len());
        match &change.features {
            Some(features) => self.index.replace(change.number.0, features.clone()),
            None => self.index.remove(change.number.0),
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
        self.changes[*self.newest.get(&number)?].features.as_ref()
    }

    /// Searches what the batch changed.
    pub(super) fn search(&self, query: &Features, limits: &Limits) -> Option<Found> {
        (!self.changes.is_empty()).then(|| self.index.snapshot().search(query, limits))
    }

    /// The features of a record as the batch left them, or as published.
    pub(super) fn features(&self, number: RecordNumber, published: &Snapshot) -> Option<Features> {
        match self.newest.get(&number) {
            Some(place) => self.changes[*place].features.clone(),
            None => published.features(number.0),
        }
    }

    /// The changes in their order, for publishing.
    pub(super) fn into_changes(self) -> Vec<IndexChange> {
        self.changes
    }
}
