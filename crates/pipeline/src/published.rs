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

/// The writer's side of the index and the snapshot that readers see.
pub(crate) struct Published {
    index: Index,
    view: Arc<ArcSwap<Snapshot>>,
}

/// What a commit means for the index.
#[derive(Clone)]
pub(crate) struct IndexChange {
    pub(crate) number: RecordNumber,
    /// The record's features, or `None` if it left.
    pub(crate) features: Option<Features>,
}

impl Published {
    /// Reads every live record and indexes it; gives the revision that the index shows at least.
    pub(crate) async fn build(
        store: &dyn Reader,
        extractor: &Extractor,
    ) -> Result<(Self, Revision), StartError> {
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
        let view = Arc::new(ArcSwap::from_pointee(index.snapshot()));
        Ok((Self { index, view }, revision))
    }

    /// Where readers find the newest snapshot.
    pub(crate) fn view(&self) -> Arc<ArcSwap<Snapshot>> {
        self.view.clone()
    }

    /// The newest snapshot.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.view.load_full()
    }

    /// Applies changes and publishes them together.
    pub(crate) fn publish(&mut self, changes: impl IntoIterator<Item = IndexChange>) {
        for change in changes {
            apply(&mut self.index, change);
        }
        self.view.store(Arc::new(self.index.snapshot()));
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
