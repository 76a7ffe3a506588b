//! Every record of a snapshot against those before it, as if each had come when they were there.
//!
//! Equal values are looked up once for all records that have them (`index/native/kept.rs`), which
//! makes it several times as fast as a search for each by itself.

use super::column::Column;
use super::native::kept::{Kept, Member};
use super::search;
use super::{Found, Limits, ROWS_CHUNK, Snapshot};
use crate::features::Features;

/// Searches for the records of one snapshot, one by one and on as many cores as ask.
pub struct Join {
    snapshot: Snapshot,
    limits: Limits,
    kept: Kept,
}

impl Join {
    /// Nothing is searched yet, and nothing remembered.
    pub fn new(mut snapshot: Snapshot, limits: Limits) -> Join {
        let rows = snapshot.present.chunks() * ROWS_CHUNK;
        Column::put_beside(&mut snapshot.columns, rows);
        let kept = Kept::new(snapshot.columns.len());
        Join { snapshot, limits, kept }
    }

    /// The record at `number`, and what [`Snapshot::search`] would find for it in an index of the
    /// records of lower numbers alone; nothing if there is no such record.
    pub fn before(&self, number: u32) -> (Features, Found) {
        self.before_along(number, None)
    }

    /// The same along one of the ways that a search can take.
    pub(super) fn before_along(&self, number: u32, forced: Option<usize>) -> (Features, Found) {
        let Some(query) = self.snapshot.features(number) else {
            return (Features::empty(&self.snapshot.ruleset.features), Found::default());
        };
        let member = Member { number, kept: &self.kept };
        let found = search::search_before(&self.snapshot, &query, &self.limits, member, forced);
        (query, found)
    }

    /// The records.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}
