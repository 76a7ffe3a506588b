//! Rows turned into the registry's values. The codes in columns are those of SQLite's.

use std::{borrow::Cow, collections::BTreeSet};

use registry::{
    commit::RecordVersion,
    event::Event,
    ids::{
        ClientId, ContentHash, Cruid, GoldenNumber, RecordId, RecordNumber, Revision, SourceKey,
        Timestamp,
    },
    state::{GoldenState, GoldenStatus, RecordState},
    stored::StoredVersion,
};
use serde_json::from_str;
use tokio_postgres::Row;

use super::sql::unheld;
use crate::{
    StoreError,
    shape::{LIVE_GOLDEN, REPLACED_GOLDEN, RETIRED_GOLDEN, WITHDRAWN_SOURCE, damaged, method_of},
};

/// A number.
pub(super) fn int(row: &Row, column: usize) -> Result<i64, StoreError> {
    Ok(row.try_get(column)?)
}

/// A number that a `u32` was written to.
pub(super) fn small(row: &Row, column: usize) -> Result<u32, StoreError> {
    u32::try_from(int(row, column)?).map_err(|_| damaged("a number"))
}

/// A number that a `u64` was written to.
pub(super) fn large(row: &Row, column: usize) -> Result<u64, StoreError> {
    u64::try_from(int(row, column)?).map_err(|_| damaged("a number"))
}

/// A text.
pub(super) fn text(row: &Row, column: usize) -> Result<Cow<'_, str>, StoreError> {
    Ok(unheld(row.try_get(column)?))
}

/// A text that may be missing.
pub(super) fn maybe_text(row: &Row, column: usize) -> Result<Option<Cow<'_, str>>, StoreError> {
    Ok(row.try_get::<_, Option<&str>>(column)?.map(unheld))
}

/// A moment.
pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp(int(row, column)?))
}

/// Reads [`RECORD`](crate::shape::RECORD).
pub(super) fn record(row: &Row) -> Result<RecordState, StoreError> {
    Ok(RecordState {
        id: RecordId::new(text(row, 0)?),
        number: RecordNumber(small(row, 1)?),
        source: SourceKey { system: text(row, 2)?.into(), value: text(row, 3)?.into() },
        client: ClientId::new(text(row, 4)?),
        version: small(row, 5)?,
        updated_at: time(row, 6)?,
        content: ContentHash::new(text(row, 7)?),
        is_withdrawn: int(row, 8)? == WITHDRAWN_SOURCE,
        golden: Cruid::new(text(row, 9)?),
        basis: from_str(&text(row, 10)?).map_err(|_| damaged("the basis of a link"))?,
        is_adjudicated: row.try_get(11)?,
    })
}

/// Reads [`GOLDEN_COLUMNS`](crate::shape::GOLDEN_COLUMNS) and adds it to `goldens`; the rows of one golden record come in a row.
pub(super) fn add_golden(goldens: &mut Vec<GoldenState>, row: &Row) -> Result<(), StoreError> {
    let id = text(row, 0)?;
    if goldens.last().is_none_or(|last| last.id.as_str() != id) {
        goldens.push(GoldenState {
            id: Cruid::new(id),
            number: GoldenNumber(small(row, 1)?),
            version: small(row, 2)?,
            updated_at: time(row, 3)?,
            members: BTreeSet::new(),
            status: status(int(row, 4)?, maybe_text(row, 5)?)?,
        });
    }
    if let (Some(golden), Some(member)) = (goldens.last_mut(), maybe_text(row, 6)?) {
        golden.members.insert(RecordId::new(member));
    }
    Ok(())
}

fn status(state: i64, replaced_by: Option<Cow<'_, str>>) -> Result<GoldenStatus, StoreError> {
    match (state, replaced_by) {
        (LIVE_GOLDEN, _) => Ok(GoldenStatus::Live),
        (RETIRED_GOLDEN, _) => Ok(GoldenStatus::Retired),
        (REPLACED_GOLDEN, Some(other)) => Ok(GoldenStatus::Replaced(Cruid::new(other))),
        _ => Err(damaged("the status of a golden record")),
    }
}

/// Reads [`VERSION`](crate::shape::VERSION).
pub(super) fn version(row: &Row) -> Result<StoredVersion, StoreError> {
    Ok(StoredVersion {
        version: RecordVersion {
            record: RecordId::new(text(row, 0)?),
            version: small(row, 1)?,
            at: time(row, 2)?,
            method: method_of(int(row, 3)?)?,
            content: ContentHash::new(text(row, 4)?),
            golden: Cruid::new(text(row, 5)?),
        },
        content: text(row, 6)?.into_owned(),
    })
}

/// Reads revision, time, body and hash.
pub(super) fn event(row: &Row) -> Result<Event, StoreError> {
    Ok(Event {
        revision: Revision(large(row, 0)?),
        at: time(row, 1)?,
        body: text(row, 2)?.into_owned(),
        hash: ContentHash::new(text(row, 3)?),
    })
}
