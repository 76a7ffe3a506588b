//! Reading what was: versions, events, explanations.

use registry::{
    event::Event,
    ids::{ContentHash, Cruid, RecordId, Revision},
    state::GoldenState,
    stored::StoredVersion,
};
use tokio_postgres::Row;

use super::{
    rows::{self, large, text},
    sql::{Db, held, limit_offset},
};
use crate::{
    StoreError, Window,
    shape::{VERSION, damaged},
};

/// One version of a source record.
pub(super) async fn record_version(
    db: Db<'_>,
    id: &RecordId,
    version: u32,
) -> Result<Option<StoredVersion>, StoreError> {
    let (columns, tables) = VERSION;
    let sql = format!("SELECT {columns} FROM {tables} WHERE p.id = $1 AND v.version = $2");
    db.first(&sql, &[&held(id.as_str()), &i64::from(version)], rows::version).await
}

/// Versions of a source record, newest first. Needs a transaction.
pub(super) async fn record_history(
    db: Db<'_>,
    id: &RecordId,
    window: Window,
) -> Result<(Vec<StoredVersion>, u64), StoreError> {
    let (columns, tables) = VERSION;
    let sql = format!(
        "SELECT {columns} FROM {tables} WHERE p.id = $1 ORDER BY v.version DESC LIMIT $2 OFFSET $3"
    );
    let (limit, offset) = limit_offset(window);
    let id = held(id.as_str());
    let values = [&id as &(dyn tokio_postgres::types::ToSql + Sync), &limit, &offset];
    tokio::try_join!(db.all(&sql, &values, rows::version), count(db, "record_version", &id))
}

/// One version of a golden record.
pub(super) async fn golden_version(
    db: Db<'_>,
    id: &Cruid,
    version: u32,
) -> Result<Option<GoldenState>, StoreError> {
    let sql = "SELECT v.body FROM patient p JOIN golden_version v ON v.key = p.key \
               WHERE p.id = $1 AND v.version = $2";
    db.first(sql, &[&held(id.as_str()), &i64::from(version)], golden).await
}

/// Versions of a golden record, newest first. Needs a transaction.
pub(super) async fn golden_history(
    db: Db<'_>,
    id: &Cruid,
    window: Window,
) -> Result<(Vec<GoldenState>, u64), StoreError> {
    let sql = "SELECT v.body FROM patient p JOIN golden_version v ON v.key = p.key \
               WHERE p.id = $1 ORDER BY v.version DESC LIMIT $2 OFFSET $3";
    let (limit, offset) = limit_offset(window);
    let id = held(id.as_str());
    let values = [&id as &(dyn tokio_postgres::types::ToSql + Sync), &limit, &offset];
    tokio::try_join!(db.all(sql, &values, golden), count(db, "golden_version", &id))
}

fn golden(row: &Row) -> Result<GoldenState, StoreError> {
    serde_json::from_str(&text(row, 0)?).map_err(|_| damaged("a version of a golden record"))
}

async fn count(db: Db<'_>, table: &'static str, id: &str) -> Result<u64, StoreError> {
    let sql =
        format!("SELECT COUNT(*) FROM patient p JOIN {table} v ON v.key = p.key WHERE p.id = $1");
    db.one(&sql, &[&id], |row| large(row, 0)).await
}

/// Events after a revision, in order.
pub(super) async fn events_after(
    db: Db<'_>,
    after: Revision,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT revision, at, body, hash FROM event WHERE revision > $1 \
               ORDER BY revision LIMIT $2";
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    db.all(sql, &[&after, &i64::from(limit)], rows::event).await
}

/// A stored explanation.
pub(super) async fn explanation(
    db: Db<'_>,
    hash: &ContentHash,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT body FROM explanation WHERE hash = $1";
    db.first(sql, &[&held(hash.as_str())], |row| Ok(text(row, 0)?.into_owned())).await
}
