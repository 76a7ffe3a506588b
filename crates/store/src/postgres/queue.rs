//! The work queue, and the table of what is put aside from it.

use async_trait::async_trait;
use registry::{
    aside::{Aside, AsideKind},
    ids::{RecordId, Revision, Timestamp},
    state::{IssueKind, MatchIssue},
};
use tokio_postgres::{Row, types::ToSql};

use super::{
    PostgresStore,
    judgements::issue,
    rows::{int, large, text},
    sql::{Db, count, held, limit_offset, unheld},
};
use crate::{
    Queue, StoreError, Window,
    queue::unknown,
    shape::{damaged, kind_code},
};

#[async_trait]
impl Queue for PostgresStore {
    async fn queued(
        &self,
        kinds: &[IssueKind],
        aside: Option<AsideKind>,
        now: Timestamp,
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        self.read(async |db| queued(db, kinds, (aside, now), window).await).await
    }

    async fn aside_of(
        &self,
        record: &RecordId,
        now: Timestamp,
    ) -> Result<Option<Aside>, StoreError> {
        let sql = "SELECT a.kind, a.since, a.at, a.until, a.by, a.note FROM patient p \
                   JOIN aside a ON a.record = p.key AND a.version = p.version \
                   WHERE p.id = $1 AND (a.until IS NULL OR a.until > $2) AND EXISTS \
                   (SELECT 1 FROM issue i WHERE i.subject = p.key AND i.closed IS NULL \
                    AND i.revision <= a.since)";
        self.look_up(async |db| {
            let id = held(record.as_str());
            db.first(sql, &[&id, &now.0], |row| read(row, record.clone())).await
        })
        .await
    }

    async fn put_aside(&self, aside: Aside) -> Result<(), StoreError> {
        self.change(async |db| put(db, &aside).await).await
    }

    async fn take_back(&self, record: &RecordId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM aside WHERE record = (SELECT key FROM patient WHERE id = $1)";
        self.change(async |db| Ok(db.execute(sql, &[&held(record.as_str())]).await? > 0)).await
    }
}

/// Whether an issue `i` is put aside: parameter 2 is now; of the kind of parameter 3, if that is one.
const IS_ASIDE: &str = "EXISTS (SELECT 1 FROM aside a JOIN patient p ON p.key = a.record \
    WHERE a.record = i.subject AND a.version = p.version AND i.revision <= a.since AND (a.until IS NULL OR a.until > $2) \
    AND ($3::text IS NULL OR a.kind = $3))";

async fn queued(
    db: Db<'_>,
    kinds: &[IssueKind],
    (aside, now): (Option<AsideKind>, Timestamp),
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), StoreError> {
    let kinds: Vec<i64> = kinds.iter().map(|kind| kind_code(*kind)).collect();
    let not = if aside.is_some() { "" } else { "NOT " };
    let kind = aside.map(AsideKind::as_str);
    let wanted =
        format!("FROM issue i WHERE i.closed IS NULL AND i.kind = ANY($1) AND {not}{IS_ASIDE}");
    let (limit, offset) = limit_offset(window);
    let page = format!("SELECT i.body {wanted} ORDER BY i.revision, i.number LIMIT $4 OFFSET $5");
    let total = format!("SELECT COUNT(*) {wanted}");
    let values = [&kinds as &(dyn ToSql + Sync), &now.0, &kind, &limit, &offset];
    let (page, total) = tokio::try_join!(
        db.all(&page, &values, issue),
        db.one(&total, &values[..3], |row| large(row, 0)),
    )?;
    Ok((page, total))
}

async fn put(db: Db<'_>, aside: &Aside) -> Result<(), StoreError> {
    let sql = "INSERT INTO aside (record, version, kind, since, at, until, by, note) \
               SELECT key, version, $2, $3, $4, $5, $6, $7 FROM patient WHERE id = $1 \
               ON CONFLICT (record) DO UPDATE SET version = excluded.version, \
               kind = excluded.kind, since = excluded.since, at = excluded.at, until = excluded.until, by = excluded.by, note = excluded.note";
    let values: [&(dyn ToSql + Sync); 7] = [
        &held(aside.record.as_str()),
        &aside.kind.as_str(),
        &count(aside.since.0)?,
        &aside.at.0,
        &aside.until.map(|until| until.0),
        &held(&aside.by),
        &held(&aside.note),
    ];
    if db.execute(sql, &values).await? == 0 { Err(unknown()) } else { Ok(()) }
}

fn read(row: &Row, record: RecordId) -> Result<Aside, StoreError> {
    let until: Option<i64> = row.try_get(3)?;
    Ok(Aside {
        record,
        kind: AsideKind::parse(&text(row, 0)?).ok_or_else(|| damaged("what is put aside"))?,
        since: Revision(large(row, 1)?),
        at: Timestamp(int(row, 2)?),
        until: until.map(Timestamp),
        by: unheld(&text(row, 4)?).into_owned(),
        note: unheld(&text(row, 5)?).into_owned(),
    })
}
