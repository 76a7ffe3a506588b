//! Rows turned into the registry's values.

use std::collections::BTreeSet;

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
use rusqlite::Row;
use serde_json::from_str;

use crate::StoreError;
pub(super) use crate::shape::{
    GOLDEN, GOLDEN_COLUMNS, GOLDEN_JOINS, LIVE_GOLDEN, LIVE_SOURCE, RECORD, REPLACED_GOLDEN,
    RETIRED_GOLDEN, SOURCE, VERSION, WITHDRAWN_SOURCE, damaged, kind_code, kind_of, method_code,
    method_of, reason_code,
};

/// A number that a `u32` was written to.
pub(super) fn small(row: &Row<'_>, column: usize) -> Result<u32, StoreError> {
    u32::try_from(row.get::<_, i64>(column)?).map_err(|_| damaged("a number"))
}

/// A number that a `u64` was written to.
pub(super) fn large(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| damaged("a number"))
}

/// A text, borrowed from the row.
pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, StoreError> {
    row.get_ref(column)?.as_str().map_err(|_| damaged("a text"))
}

/// A text that may be missing.
pub(super) fn maybe_text<'r>(
    row: &'r Row<'_>,
    column: usize,
) -> Result<Option<&'r str>, StoreError> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| damaged("a text"))
}

fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp(row.get(column)?))
}

/// Reads [`RECORD`].
pub(super) fn record(row: &Row<'_>) -> Result<RecordState, StoreError> {
    Ok(RecordState {
        id: RecordId::new(text(row, 0)?),
        number: RecordNumber(small(row, 1)?),
        source: SourceKey { system: text(row, 2)?.into(), value: text(row, 3)?.into() },
        client: ClientId::new(text(row, 4)?),
        version: small(row, 5)?,
        updated_at: time(row, 6)?,
        content: ContentHash::new(text(row, 7)?),
        is_withdrawn: row.get::<_, i64>(8)? == WITHDRAWN_SOURCE,
        golden: Cruid::new(text(row, 9)?),
        basis: from_str(text(row, 10)?).map_err(|_| damaged("the basis of a link"))?,
        is_adjudicated: row.get::<_, i64>(11)? != 0,
    })
}

/// Reads [`GOLDEN_COLUMNS`] and adds it to `goldens`; the rows of one golden record come in a row.
pub(super) fn add_golden(goldens: &mut Vec<GoldenState>, row: &Row<'_>) -> Result<(), StoreError> {
    let id = text(row, 0)?;
    if goldens.last().is_none_or(|last| last.id.as_str() != id) {
        goldens.push(GoldenState {
            id: Cruid::new(id),
            number: GoldenNumber(small(row, 1)?),
            version: small(row, 2)?,
            updated_at: time(row, 3)?,
            members: BTreeSet::new(),
            status: status(row.get(4)?, maybe_text(row, 5)?)?,
        });
    }
    if let (Some(golden), Some(member)) = (goldens.last_mut(), maybe_text(row, 6)?) {
        golden.members.insert(RecordId::new(member));
    }
    Ok(())
}

fn status(state: i64, replaced_by: Option<&str>) -> Result<GoldenStatus, StoreError> {
    match (state, replaced_by) {
        (LIVE_GOLDEN, _) => Ok(GoldenStatus::Live),
        (RETIRED_GOLDEN, _) => Ok(GoldenStatus::Retired),
        (REPLACED_GOLDEN, Some(other)) => Ok(GoldenStatus::Replaced(Cruid::new(other))),
        _ => Err(damaged("the status of a golden record")),
    }
}

/// Reads [`VERSION`].
pub(super) fn version(row: &Row<'_>) -> Result<StoredVersion, StoreError> {
    Ok(StoredVersion {
        version: RecordVersion {
            record: RecordId::new(text(row, 0)?),
            version: small(row, 1)?,
            at: time(row, 2)?,
            method: method_of(row.get(3)?)?,
            content: ContentHash::new(text(row, 4)?),
            golden: Cruid::new(text(row, 5)?),
        },
        content: text(row, 6)?.to_owned(),
    })
}

/// Reads revision, time, body and hash.
pub(super) fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        revision: Revision(large(row, 0)?),
        at: time(row, 1)?,
        body: text(row, 2)?.to_owned(),
        hash: ContentHash::new(text(row, 3)?),
    })
}
