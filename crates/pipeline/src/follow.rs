//! Brings the index to the state of the store by the events in between.
//!
//! The linker does so where another writer came first, a start where the index is of an image.
//! Each changed record is read as it is in the end, so it does no harm to follow twice.

use std::collections::BTreeSet;

use registry::{
    commit::Change,
    event::{Event, EventBody, Head},
    extract::Extractor,
    ids::{RecordId, Revision},
    stored::StoredPatient,
};
use store::{Reader, StoreError};
use thiserror::Error;

use crate::{
    StartError,
    clock::Clock,
    published::{Published, features_of},
};

/// Events read at once.
const EVENTS_PAGE_MAX: u32 = 1_000;

/// Records read at once.
const RECORDS_PAGE_MAX: usize = 1_000;

/// Why the index could not be brought to the store's state; it lacks something from then on.
#[derive(Debug, Error)]
pub(crate) enum FollowError {
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    #[error("event {0} cannot be read")]
    Event(Revision),
    #[error("stored record {0} cannot be read")]
    Record(RecordId),
}

/// Applies what happened since the revision that is published, and gives the store's head; `clock`
/// does not fall behind what happened.
pub(crate) async fn follow(
    store: &dyn Reader,
    extractor: &Extractor,
    published: &mut Published,
    clock: Option<&Clock>,
) -> Result<Head, FollowError> {
    let head = store.head().await?;
    let mut changed = BTreeSet::new();
    let mut after = published.revision();
    while after < head.revision {
        let events = store.events_after(after, EVENTS_PAGE_MAX).await?;
        let Some(last) = events.last() else { break };
        after = last.revision;
        // The other node's clock may be ahead; the chain does not go back.
        if let Some(clock) = clock {
            clock.not_before(last.at);
        }
        for event in &events {
            changed.extend(changed_records(event)?);
        }
    }
    if after != published.revision() {
        reindex(store, extractor, published, changed).await?;
        // Records were read after the events, and may be newer than these.
        let is_exact = store.head().await?.revision == after;
        published.arrive(after, is_exact);
    }
    Ok(head)
}

async fn reindex(
    store: &dyn Reader,
    extractor: &Extractor,
    published: &mut Published,
    changed: BTreeSet<String>,
) -> Result<(), FollowError> {
    let ids: Vec<String> = changed.into_iter().collect();
    for page in ids.chunks(RECORDS_PAGE_MAX) {
        let records: Vec<_> = store
            .patients(page)
            .await?
            .into_iter()
            .filter_map(|patient| match patient {
                StoredPatient::Source(source) => Some((source.state, source.content)),
                StoredPatient::Golden(_) => None,
            })
            .collect();
        let changes = features_of(&records, extractor).map_err(|error| match error {
            StartError::Store(error) => FollowError::Store(error),
            StartError::Damaged(record) => FollowError::Record(record),
        })?;
        published.publish_some(changes);
    }
    Ok(())
}

/// The ids of the records whose content or presence an event changed.
fn changed_records(event: &Event) -> Result<Vec<String>, FollowError> {
    let body: EventBody =
        serde_json::from_str(&event.body).map_err(|_| FollowError::Event(event.revision))?;
    let ids = body.changes.iter().filter_map(|change| match change {
        Change::CreateRecord { record, .. }
        | Change::UpdateRecord { record, .. }
        | Change::WithdrawRecord { record } => Some(record.to_string()),
        // Who belongs to whom is not in the index.
        Change::Link { .. }
        | Change::Adjudicate { .. }
        | Change::Release { .. }
        | Change::CreateGolden { .. }
        | Change::RetireGolden { .. }
        | Change::BreakPair { .. }
        | Change::UnbreakPair { .. }
        | Change::OpenIssue { .. }
        | Change::CloseIssue { .. } => None,
    });
    Ok(ids.collect())
}
