//! The audit log's tables.

use async_trait::async_trait;
use registry::{
    audit::{AuditHead, AuditRecord},
    ids::{ContentHash, Timestamp},
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    rows::{large, text, time},
    sql::{self, Db, all_held},
};
use crate::{
    AuditLog, StoreError,
    audit::{AUDIT_CUT_MAX, begun, continued},
};

#[async_trait]
impl AuditLog for PostgresStore {
    async fn audit_ends(&self) -> Result<(AuditHead, AuditHead), StoreError> {
        self.read(async |db| ends(db).await).await
    }

    async fn begin_audit_at(&self, anchor: AuditHead) -> Result<(), StoreError> {
        self.change(async |db| begin_at(db, &anchor).await).await
    }

    async fn append_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        self.change(async |db| append(db, &records).await).await
    }

    async fn audit_after(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        let sql = "SELECT number, at, body, hash FROM audit WHERE number > $1 \
                   ORDER BY number LIMIT $2";
        let (after, limit) = (sql::count(after)?, i64::from(limit));
        self.read(async |db| db.all(sql, &[&after, &limit], record).await).await
    }

    async fn cut_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.change(async |db| cut(db, before).await).await
    }
}

/// One node appends or cuts at a time. A lock of its own: the registry's commits do not wait.
async fn lock(db: Db<'_>) -> Result<(), StoreError> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.audit', 0))";
    db.all(sql, &[], |_| Ok(())).await?;
    Ok(())
}

async fn ends(db: Db<'_>) -> Result<(AuditHead, AuditHead), StoreError> {
    let anchor = db.first("SELECT number, hash FROM audit_anchor", &[], head).await?;
    let anchor = anchor.unwrap_or_else(AuditHead::start);
    let newest = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    let newest = db.first(newest, &[], head).await?;
    let newest = newest.unwrap_or_else(|| anchor.clone());
    Ok((anchor, newest))
}

async fn begin_at(db: Db<'_>, anchor: &AuditHead) -> Result<(), StoreError> {
    lock(db).await?;
    let (_, newest) = ends(db).await?;
    if newest != AuditHead::start() {
        return Err(begun());
    }
    let sql = "INSERT INTO audit_anchor (one, number, hash) VALUES (1, $1, $2)";
    db.execute(sql, &[&sql::count(anchor.number)?, &anchor.hash.as_str()]).await?;
    Ok(())
}

async fn append(db: Db<'_>, records: &[AuditRecord]) -> Result<(), StoreError> {
    lock(db).await?;
    let (_, newest) = ends(db).await?;
    continued(newest, records)?;
    let numbers: Result<Vec<i64>, StoreError> =
        records.iter().map(|record| sql::count(record.number)).collect();
    let times: Vec<i64> = records.iter().map(|record| record.at.0).collect();
    let bodies = all_held(records.iter().map(|record| record.body.as_str()));
    let hashes: Vec<&str> = records.iter().map(|record| record.hash.as_str()).collect();
    let sql = "INSERT INTO audit (number, at, body, hash) \
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])";
    db.execute(sql, &[&numbers?, &times, &bodies, &hashes]).await?;
    Ok(())
}

async fn cut(db: Db<'_>, before: Timestamp) -> Result<u64, StoreError> {
    lock(db).await?;
    let (anchor, newest) = ends(db).await?;
    let sql = "SELECT number FROM audit WHERE at >= $1 ORDER BY number LIMIT 1";
    let first_kept = db.first(sql, &[&before.0], |row| large(row, 0)).await?;
    let last_old = first_kept.unwrap_or(newest.number).saturating_sub(1);
    let last_cut = last_old.min(anchor.number + u64::from(AUDIT_CUT_MAX));
    if last_cut <= anchor.number {
        return Ok(0);
    }
    let last = sql::count(last_cut)?;
    let sql = "INSERT INTO audit_anchor (one, number, hash) \
               SELECT 1, number, hash FROM audit WHERE number = $1 \
               ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash";
    db.execute(sql, &[&last]).await?;
    db.execute("DELETE FROM audit WHERE number <= $1", &[&last]).await?;
    Ok(last_cut - anchor.number)
}

fn head(row: &Row) -> Result<AuditHead, StoreError> {
    Ok(AuditHead { number: large(row, 0)?, hash: ContentHash::new(text(row, 1)?) })
}

fn record(row: &Row) -> Result<AuditRecord, StoreError> {
    Ok(AuditRecord {
        number: large(row, 0)?,
        at: time(row, 1)?,
        body: text(row, 2)?.into_owned(),
        hash: ContentHash::new(text(row, 3)?),
    })
}
