//! Reading what was: versions, events, explanations.

use registry::{
    event::Event,
    ids::{ContentHash, Cruid, RecordId, Revision},
    state::GoldenState,
    stored::StoredVersion,
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{
    rows::{self, VERSION, damaged, large, text},
    sql::{self, limit_offset},
};
use crate::{StoreError, Window};

/// One version of a source record.
pub(super) async fn record_version(
    connection: &mut SqliteConnection,
    id: &RecordId,
    version: u32,
) -> Result<Option<StoredVersion>, StoreError> {
    let (columns, tables) = VERSION;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.id = ? AND v.version = ?");
    let query = sql::query(sql, &[id.as_str().into(), version.into()]);
    query.fetch_optional(connection).await?.as_ref().map(rows::version).transpose()
}

/// Versions of a source record, newest first.
pub(super) async fn record_history(
    connection: &mut SqliteConnection,
    id: &RecordId,
    window: Window,
) -> Result<(Vec<StoredVersion>, u64), StoreError> {
    let total = count(connection, "record_version", id.as_str()).await?;
    let (columns, tables) = VERSION;
    let sql = format!(
        "SELECT {columns} FROM {tables} WHERE p.id = ? ORDER BY v.version DESC LIMIT ? OFFSET ?"
    );
    let [limit, offset] = limit_offset(window);
    let query = sql::query(sql, &[id.as_str().into(), limit, offset]);
    let rows = query.fetch_all(connection).await?;
    Ok((rows.iter().map(rows::version).collect::<Result<_, _>>()?, total))
}

/// One version of a golden record.
pub(super) async fn golden_version(
    connection: &mut SqliteConnection,
    id: &Cruid,
    version: u32,
) -> Result<Option<GoldenState>, StoreError> {
    let sql = "SELECT v.body FROM patient p JOIN golden_version v ON v.key = p.key \
               WHERE p.id = ? AND v.version = ?";
    let query = sql::query(sql.to_owned(), &[id.as_str().into(), version.into()]);
    query.fetch_optional(connection).await?.as_ref().map(golden).transpose()
}

/// Versions of a golden record, newest first.
pub(super) async fn golden_history(
    connection: &mut SqliteConnection,
    id: &Cruid,
    window: Window,
) -> Result<(Vec<GoldenState>, u64), StoreError> {
    let total = count(connection, "golden_version", id.as_str()).await?;
    let sql = "SELECT v.body FROM patient p JOIN golden_version v ON v.key = p.key \
               WHERE p.id = ? ORDER BY v.version DESC LIMIT ? OFFSET ?";
    let [limit, offset] = limit_offset(window);
    let query = sql::query(sql.to_owned(), &[id.as_str().into(), limit, offset]);
    let rows = query.fetch_all(connection).await?;
    Ok((rows.iter().map(golden).collect::<Result<_, _>>()?, total))
}

fn golden(row: &SqliteRow) -> Result<GoldenState, StoreError> {
    serde_json::from_str(text(row, 0)?).map_err(|_| damaged("a version of a golden record"))
}

async fn count(
    connection: &mut SqliteConnection,
    table: &'static str,
    id: &str,
) -> Result<u64, StoreError> {
    let sql =
        format!("SELECT COUNT(*) FROM patient p JOIN {table} v ON v.key = p.key WHERE p.id = ?");
    large(&sql::query(sql, &[id.into()]).fetch_one(connection).await?, 0)
}

/// Events after a revision, in order.
pub(super) async fn events_after(
    connection: &mut SqliteConnection,
    after: Revision,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT revision, at, body, hash FROM event WHERE revision > ? \
               ORDER BY revision LIMIT ?";
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    let query = sql::query(sql.to_owned(), &[after.into(), limit.into()]);
    query.fetch_all(connection).await?.iter().map(rows::event).collect()
}

/// A stored explanation.
pub(super) async fn explanation(
    connection: &mut SqliteConnection,
    hash: &ContentHash,
) -> Result<Option<String>, StoreError> {
    let query = sqlx::query_scalar("SELECT body FROM explanation WHERE hash = $1");
    Ok(query.bind(hash.as_str()).fetch_optional(connection).await?)
}
