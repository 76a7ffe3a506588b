//! The work queue, and the table of what is put aside from it.

use async_trait::async_trait;
use registry::{
    aside::{Aside, AsideKind},
    ids::{RecordId, Revision, Timestamp},
    state::{IssueKind, MatchIssue},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStore,
    judgements::issue,
    rows::{damaged, kind_code, large, text},
    sql::{self, limit_offset},
};
use crate::{Queue, StoreError, Window, queue::unknown};

#[async_trait]
impl Queue for SqliteStore {
    async fn queued(
        &self,
        kinds: &[IssueKind],
        aside: Option<AsideKind>,
        now: Timestamp,
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        let kinds = kinds.to_vec();
        self.read(move |connection| queued(connection, &kinds, (aside, now), window)).await
    }

    async fn aside_of(
        &self,
        record: &RecordId,
        now: Timestamp,
    ) -> Result<Option<Aside>, StoreError> {
        let record = record.clone();
        self.look_up(move |connection| {
            let sql = "SELECT a.kind, a.since, a.at, a.until, a.by, a.note FROM patient p \
                       JOIN aside a ON a.record = p.key AND a.version = p.version \
                       WHERE p.id = ? AND (a.until IS NULL OR a.until > ?) AND EXISTS \
                       (SELECT 1 FROM issue i WHERE i.subject = p.key AND i.closed IS NULL \
                        AND i.revision <= a.since)";
            let values = (record.as_str(), now.0);
            sql::first(connection, sql, values, |row| read(row, record.clone()))
        })
        .await
    }

    async fn put_aside(&self, aside: Aside) -> Result<(), StoreError> {
        self.writer.write(move |connection| put(connection, &aside)).await
    }

    async fn take_back(&self, record: &RecordId) -> Result<bool, StoreError> {
        let record = record.clone();
        self.writer
            .write(move |connection| {
                let sql = "DELETE FROM aside WHERE record = (SELECT key FROM patient WHERE id = ?)";
                Ok(connection.prepare_cached(sql)?.execute([record.as_str()])? > 0)
            })
            .await
    }
}

/// Whether an issue `i` is put aside: parameter 4 is now; of the kind of parameter 5, if that is one.
const IS_ASIDE: &str = "EXISTS (SELECT 1 FROM aside a JOIN patient p ON p.key = a.record \
    WHERE a.record = i.subject AND a.version = p.version AND i.revision <= a.since AND (a.until IS NULL OR a.until > ?4) \
    AND (?5 IS NULL OR a.kind = ?5))";

fn queued(
    connection: &Connection,
    kinds: &[IssueKind],
    (aside, now): (Option<AsideKind>, Timestamp),
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), StoreError> {
    // A kind that is not asked for repeats nothing: no code is negative.
    let code = |kind| if kinds.contains(&kind) { kind_code(kind) } else { -1 };
    let [a, b, c] = IssueKind::ALL.map(code);
    let not = if aside.is_some() { "" } else { "NOT " };
    let kind = aside.map(AsideKind::as_str);
    let wanted = format!(
        "FROM issue i WHERE i.closed IS NULL AND i.kind IN (?1, ?2, ?3) AND {not}{IS_ASIDE}"
    );
    let (limit, offset) = limit_offset(window);
    let sql = format!("SELECT i.body {wanted} ORDER BY i.revision, i.number LIMIT ?6 OFFSET ?7");
    let issues = sql::all(connection, &sql, (a, b, c, now.0, kind, limit, offset), issue)?;
    let sql = format!("SELECT count(*) {wanted}");
    let total = sql::one(connection, &sql, (a, b, c, now.0, kind), |row| large(row, 0))?;
    Ok((issues, total))
}

fn put(connection: &Connection, aside: &Aside) -> Result<(), StoreError> {
    let sql = "INSERT INTO aside (record, version, kind, since, at, until, by, note) \
               SELECT key, version, ?2, ?3, ?4, ?5, ?6, ?7 FROM patient WHERE id = ?1 \
               ON CONFLICT (record) DO UPDATE SET version = excluded.version, \
               kind = excluded.kind, since = excluded.since, at = excluded.at, until = excluded.until, by = excluded.by, note = excluded.note";
    let done = connection.prepare_cached(sql)?.execute((
        aside.record.as_str(),
        aside.kind.as_str(),
        sql::count(aside.since.0)?,
        aside.at.0,
        aside.until.map(|until| until.0),
        &aside.by,
        &aside.note,
    ))?;
    if done == 0 { Err(unknown()) } else { Ok(()) }
}

fn read(row: &Row<'_>, record: RecordId) -> Result<Aside, StoreError> {
    let until: Option<i64> = row.get(3)?;
    Ok(Aside {
        record,
        kind: AsideKind::parse(text(row, 0)?).ok_or_else(|| damaged("what is put aside"))?,
        since: Revision(large(row, 1)?),
        at: Timestamp(row.get(2)?),
        until: until.map(Timestamp),
        by: text(row, 4)?.to_owned(),
        note: text(row, 5)?.to_owned(),
    })
}
