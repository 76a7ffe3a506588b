//! The match index of this node: built from the store, advanced by commits, read without waiting.

use std::sync::Arc;

use arc_swap::ArcSwap;
use matching::{
    features::Features,
    index::{Index, Snapshot},
};
use rayon::prelude::*;
use registry::{
    extract::Extractor,
    ids::{RecordId, RecordNumber, Revision},
    state::RecordState,
};
use serde_json::Value;
use store::Reader;

use crate::StartError;

/// Records read from the store at once while building; a page is held in memory twice.
const PAGE_MAX: u32 = 4_096;

/// The writer's side of the index and the view that readers see.
pub(crate) struct Published {
    index: Index,
    view: Arc<ArcSwap<View>>,
}

/// A snapshot, and which state of the store it shows.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    /// Nothing up to this revision is missing.
    pub(crate) revision: Revision,
    /// Whether nothing of a later revision is in it either.
    pub(crate) is_exact: bool,
}

/// What a commit means for the index.
#[derive(Clone)]
pub(crate) struct IndexChange {
    pub(crate) number: RecordNumber,
    /// The record's features, or `None` if it left.
    pub(crate) features: Option<Features>,
}

impl Published {
    /// Reads every live record and indexes it.
    pub(crate) async fn build(
        store: &dyn Reader,
        extractor: &Extractor,
    ) -> Result<Self, StartError> {
        // Taken first: what is written while reading is then caught up with once more.
        let revision = store.head().await?.revision;
        let mut index = Index::new(extractor.ruleset().clone());
        let mut after = None;
        loop {
            let page = store.records_after(after, PAGE_MAX).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.number);
            for change in features_of(&page, extractor)? {
                apply(&mut index, change);
            }
        }
        let is_exact = store.head().await?.revision == revision;
        Ok(Self::of(index, revision, is_exact))
    }

    /// An index that shows a revision already.
    pub(crate) fn of(index: Index, revision: Revision, is_exact: bool) -> Self {
        let snapshot = Arc::new(index.snapshot());
        let view = View { snapshot, revision, is_exact };
        Self { index, view: Arc::new(ArcSwap::from_pointee(view)) }
    }

    /// Where readers find the newest view.
    pub(crate) fn view(&self) -> Arc<ArcSwap<View>> {
        self.view.clone()
    }

    /// The newest snapshot.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.view.load().snapshot.clone()
    }

    /// The revision up to which nothing is missing.
    pub(crate) fn revision(&self) -> Revision {
        self.view.load().revision
    }

    /// Applies all changes that lead from the revision shown to `revision`, and publishes them.
    pub(crate) fn publish(
        &mut self,
        changes: impl IntoIterator<Item = IndexChange>,
        revision: Revision,
    ) {
        let is_exact = self.view.load().is_exact;
        self.show(changes, revision, is_exact);
    }

    /// Applies some of the changes that lead to a later revision, and publishes them.
    pub(crate) fn publish_some(&mut self, changes: impl IntoIterator<Item = IndexChange>) {
        self.show(changes, self.revision(), false);
    }

    /// Tells that the last of the changes that lead to `revision` is published.
    pub(crate) fn arrive(&mut self, revision: Revision, is_exact: bool) {
        self.show([], revision, is_exact);
    }

    fn show(
        &mut self,
        changes: impl IntoIterator<Item = IndexChange>,
        revision: Revision,
        is_exact: bool,
    ) {
        for change in changes {
            apply(&mut self.index, change);
        }
        let snapshot = Arc::new(self.index.snapshot());
        self.view.store(Arc::new(View { snapshot, revision, is_exact }));
    }
}

fn apply(index: &mut Index, change: IndexChange) {
    match change.features {
        Some(features) => index.replace(change.number.0, features),
        None => index.remove(change.number.0),
    }
}

/// The index changes that make the index hold `records` as they are now.
pub(crate) fn features_of(
    records: &[(RecordState, String)],
    extractor: &Extractor,
) -> Result<Vec<IndexChange>, StartError> {
    records
        .par_iter()
        .map(|(state, content)| {
            let features = match state.is_withdrawn {
                true => None,
                false => extract(&state.id, content, extractor)?,
            };
            Ok(IndexChange { number: state.number, features })
        })
        .collect()
}

fn extract(
    id: &RecordId,
    content: &str,
    extractor: &Extractor,
) -> Result<Option<Features>, StartError> {
    let patient: Value =
        serde_json::from_str(content).map_err(|_| StartError::Damaged(id.clone()))?;
    // New rules may have a path that cannot be evaluated on an old record. With its values
    // taken as missing it could match whom it should not, so it matches nobody, and says so.
    Ok(extractor
        .extract(&patient)
        .inspect_err(|issue| {
            let reason = &issue.diagnostics;
            tracing::warn!(record = %id, reason, "record {id} cannot be matched by these rules");
        })
        .ok())
}
