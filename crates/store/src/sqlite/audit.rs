//! The audit log's tables.

use async_trait::async_trait;
use registry::{
    audit::{AuditHead, AuditRecord},
    ids::{ContentHash, Timestamp},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStore,
    rows::{large, text},
    sql,
};
use crate::{
    AuditLog, StoreError,
    audit::{AUDIT_CUT_MAX, begun, continued},
};

#[async_trait]
impl AuditLog for SqliteStore {
    async fn audit_ends(&self) -> Result<(AuditHead, AuditHead), StoreError> {
        self.read(ends).await
    }

    async fn begin_audit_at(&self, anchor: AuditHead) -> Result<(), StoreError> {
        self.writer.write(move |connection| begin_at(connection, &anchor)).await
    }

    async fn append_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        self.writer.write(move |connection| append(connection, &records)).await
    }

    async fn audit_after(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT number, at, body, hash FROM audit WHERE number > ? \
                       ORDER BY number LIMIT ?";
            sql::all(connection, sql, (sql::count(after)?, limit), record)
        })
        .await
    }

    async fn cut_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        let (anchor, newest) = self.audit_ends().await?;
        let first_kept = self.read(move |connection| first_kept(connection, before)).await?;
        let last_old = first_kept.unwrap_or(newest.number).saturating_sub(1);
        let last_cut = last_old.min(anchor.number + u64::from(AUDIT_CUT_MAX));
        if last_cut <= anchor.number {
            return Ok(0);
        }
        self.writer.write(move |connection| cut(connection, sql::count(last_cut)?)).await?;
        Ok(last_cut - anchor.number)
    }
}

fn ends(connection: &Connection) -> Result<(AuditHead, AuditHead), StoreError> {
    let anchor = sql::first(connection, "SELECT number, hash FROM audit_anchor", [], head)?;
    let anchor = anchor.unwrap_or_else(AuditHead::start);
    let newest = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    let newest = sql::first(connection, newest, [], head)?;
    let newest = newest.unwrap_or_else(|| anchor.clone());
    Ok((anchor, newest))
}

fn begin_at(connection: &Connection, anchor: &AuditHead) -> Result<(), StoreError> {
    if ends(connection)?.1 != AuditHead::start() {
        return Err(begun());
    }
    let sql = "INSERT INTO audit_anchor (one, number, hash) VALUES (1, ?, ?)";
    let row = (sql::count(anchor.number)?, anchor.hash.as_str());
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

fn append(connection: &Connection, records: &[AuditRecord]) -> Result<(), StoreError> {
    let (_, newest) = ends(connection)?;
    continued(newest, records)?;
    let rows = records.iter().map(|record| {
        let AuditRecord { number, at, body, hash } = record;
        Ok((sql::count(*number)?, at.0, body.as_str(), hash.as_str()))
    });
    let sql = "INSERT INTO audit (number, at, body, hash) VALUES (?, ?, ?, ?)";
    sql::execute_each(connection, sql, rows)
}

/// The first entry that is not older than `before`.
fn first_kept(connection: &Connection, before: Timestamp) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT number FROM audit WHERE at >= ? ORDER BY number LIMIT 1";
    sql::first(connection, sql, [before.0], |row| large(row, 0))
}

fn cut(connection: &Connection, last: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit_anchor (one, number, hash) \
               SELECT 1, number, hash FROM audit WHERE number = ? \
               ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash";
    connection.prepare_cached(sql)?.execute([last])?;
    connection.prepare_cached("DELETE FROM audit WHERE number <= ?")?.execute([last])?;
    Ok(())
}

fn head(row: &Row<'_>) -> Result<AuditHead, StoreError> {
    Ok(AuditHead { number: large(row, 0)?, hash: ContentHash::new(text(row, 1)?) })
}

fn record(row: &Row<'_>) -> Result<AuditRecord, StoreError> {
    Ok(AuditRecord {
        number: large(row, 0)?,
        at: Timestamp(row.get(1)?),
        body: text(row, 2)?.to_owned(),
        hash: ContentHash::new(text(row, 3)?),
    })
}
