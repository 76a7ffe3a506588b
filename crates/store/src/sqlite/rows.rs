//! Rows turned into the registry's values, and the small codes that columns hold.

use std::collections::BTreeSet;

use registry::{
    commit::{CloseReason, Method, RecordVersion},
    event::Event,
    ids::{
        ClientId, ContentHash, Cruid, GoldenNumber, RecordId, RecordNumber, Revision, SourceKey,
        Timestamp,
    },
    state::{GoldenState, GoldenStatus, IssueKind, RecordState},
    stored::StoredVersion,
};
use rusqlite::Row;
use serde_json::from_str;

use crate::StoreError;

/// `patient.kind` of source records.
pub(super) const SOURCE: i64 = 0;
/// `patient.kind` of golden records.
pub(super) const GOLDEN: i64 = 1;

/// `patient.state` of a live source record; the statements say 0.
pub(super) const LIVE_SOURCE: i64 = 0;
/// `patient.state` of a withdrawn source record.
pub(super) const WITHDRAWN_SOURCE: i64 = 1;
/// `patient.state` of a golden record that stands for a person.
pub(super) const LIVE_GOLDEN: i64 = 2;
/// `patient.state` of a golden record with a successor.
pub(super) const REPLACED_GOLDEN: i64 = 3;
/// `patient.state` of a golden record without one.
pub(super) const RETIRED_GOLDEN: i64 = 4;

/// The columns and tables that [`record`] reads.
pub(super) const RECORD: (&str, &str) = (
    "p.id, p.number, s.system, s.value, s.client, p.version, p.updated_at, s.content, p.state, \
     g.id, s.basis, s.adjudicated",
    "patient p JOIN source_record s ON s.key = p.key JOIN patient g ON g.key = p.link",
);

/// The columns that [`add_golden`] reads.
pub(super) const GOLDEN_COLUMNS: &str =
    "p.id, p.number, p.version, p.updated_at, p.state, r.id, m.id";

/// What joins a golden record `p` to its successor and, one a row, to its members.
pub(super) const GOLDEN_JOINS: &str = "LEFT JOIN patient r ON r.key = p.link \
     LEFT JOIN patient m ON m.link = p.key AND m.state = 0";

/// The columns and tables that [`version`] reads.
pub(super) const VERSION: (&str, &str) = (
    "p.id, v.version, v.at, v.method, v.content, g.id, c.text",
    "patient p JOIN record_version v ON v.key = p.key \
     JOIN content c ON c.number = v.content_number JOIN patient g ON g.key = v.golden",
);

/// The error for a column that no release writes like that.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read"))
}

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
            method: match row.get::<_, i64>(3)? {
                0 => Method::Post,
                1 => Method::Put,
                2 => Method::Delete,
                _ => return Err(damaged("the method of a version")),
            },
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

/// The code of a method; [`version`] reads it.
pub(super) fn method_code(method: Method) -> i64 {
    match method {
        Method::Post => 0,
        Method::Put => 1,
        Method::Delete => 2,
    }
}

/// The code of an issue's kind.
pub(super) fn kind_code(kind: IssueKind) -> i64 {
    match kind {
        IssueKind::Potential => 0,
        IssueKind::Conflict => 1,
        IssueKind::Auto => 2,
    }
}

/// The kind of an issue with that code.
pub(super) fn kind_of(code: i64) -> Result<IssueKind, StoreError> {
    let kind = IssueKind::ALL.into_iter().find(|kind| kind_code(*kind) == code);
    kind.ok_or_else(|| damaged("the kind of an issue"))
}

/// The code of a reason to close an issue.
pub(super) fn reason_code(reason: CloseReason) -> i64 {
    match reason {
        CloseReason::Superseded => 0,
        CloseReason::Withdrawn => 1,
        CloseReason::Decided => 2,
    }
}
