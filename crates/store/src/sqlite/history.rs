//! Reading what was: versions, events, explanations.

use registry::{
    event::Event,
    ids::{ContentHash, Cruid, RecordId, Revision},
    state::GoldenState,
    stored::StoredVersion,
};
use rusqlite::{Connection, Row};

use super::{
    rows::{self, VERSION, damaged, large, text},
    sql::{self, limit_offset},
};
use crate::{StoreError, Window};

/// One version of a source record.
pub(super) fn record_version(
    connection: &Connection,
    id: &RecordId,
    version: u32,
) -> Result<Option<StoredVersion>, StoreError> {
    let (columns, tables) = VERSION;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.id = ? AND v.version = ?");
    sql::first(connection, &sql, (id.as_str(), version), rows::version)
}

/// Versions of a source record, newest first.
pub(super) fn record_history(
    connection: &Connection,
    id: &RecordId,
    window: Window,
) -> Result<(Vec<StoredVersion>, u64), StoreError> {
    let total = count(connection, "record_version", id.as_str())?;
    let (columns, tables) = VERSION;
    let sql = format!(
        "SELECT {columns} FROM {tables} WHERE p.id = ? ORDER BY v.version DESC LIMIT ? OFFSET ?"
    );
    let (limit, offset) = limit_offset(window);
    Ok((sql::all(connection, &sql, (id.as_str(), limit, offset), rows::version)?, total))
}

/// One version of a golden record.
pub(super) fn golden_version(
    connection: &Connection,
    id: &Cruid,
    version: u32,
) -> Result<Option<GoldenState>, StoreError> {
    let sql = "SELECT v.body FROM patient p JOIN golden_version v ON v.key = p.key \
               WHERE p.id = ? AND v.version = ?";
    sql::first(connection, sql, (id.as_str(), version), golden)
}

/// Versions of a golden record, newest first.
pub(super) fn golden_history(
    connection: &Connection,
    id: &Cruid,
    window: Window,
) -> Result<(Vec<GoldenState>, u64), StoreError> {
    let total = count(connection, "golden_version", id.as_str())?;
    let sql = "SELECT v.body FROM patient p JOIN golden_version v ON v.key = p.key \
               WHERE p.id = ? ORDER BY v.version DESC LIMIT ? OFFSET ?";
    let (limit, offset) = limit_offset(window);
    Ok((sql::all(connection, sql, (id.as_str(), limit, offset), golden)?, total))
}

fn golden(row: &Row<'_>) -> Result<GoldenState, StoreError> {
    serde_json::from_str(text(row, 0)?).map_err(|_| damaged("a version of a golden record"))
}

fn count(connection: &Connection, table: &'static str, id: &str) -> Result<u64, StoreError> {
    let sql =
        format!("SELECT COUNT(*) FROM patient p JOIN {table} v ON v.key = p.key WHERE p.id = ?");
    sql::one(connection, &sql, (id,), |row| large(row, 0))
}

/// The contents of versions, found by record and hash.
pub(super) fn contents_of(
    connection: &Connection,
    wanted: &[(RecordId, ContentHash)],
) -> Result<Vec<Option<String>>, StoreError> {
    let sql = "SELECT c.text FROM patient p JOIN record_version v ON v.key = p.key \
               JOIN content c ON c.number = v.content_number \
               WHERE p.id = ? AND v.content = ? LIMIT 1";
    let one = |(record, hash): &(RecordId, ContentHash)| {
        let key = (record.as_str(), hash.as_str());
        sql::first(connection, sql, key, |row| Ok(text(row, 0)?.to_owned()))
    };
    wanted.iter().map(one).collect()
}

/// Events after a revision, in order.
pub(super) fn events_after(
    connection: &Connection,
    after: Revision,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT revision, at, body, hash FROM event WHERE revision > ? \
               ORDER BY revision LIMIT ?";
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    sql::all(connection, sql, (after, limit), rows::event)
}

/// A stored explanation.
pub(super) fn explanation(
    connection: &Connection,
    hash: &ContentHash,
) -> Result<Option<String>, StoreError> {
    // The index holds the beginning of each hash.
    let sql = "SELECT body FROM explanation \
               WHERE substr(hash, 1, 16) = substr(?1, 1, 16) AND hash = ?1";
    sql::first(connection, sql, (hash.as_str(),), |row| Ok(text(row, 0)?.to_owned()))
}
