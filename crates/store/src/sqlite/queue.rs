//! The work queue: windows of the open issues that a filter leaves, and the table of what is put aside.
//!
//! Each kind is one walk along the index `issue_queue`, which has in it what filters ask of an issue.

use async_trait::async_trait;
use registry::{
    aside::{Aside, AsideKind},
    ids::{RecordId, Revision, Timestamp},
    state::{IssueKind, MatchIssue},
};
use rusqlite::{Connection, Row, params_from_iter};

use super::{
    SqliteStore,
    judgements::issue,
    rows::{damaged, large, text},
    sql::{self, Value, limit_offset},
};
use crate::{
    Queue, QueueFilter, StoreError, Window, plan::refused, queue::unknown, shape::kind_code,
};

#[async_trait]
impl Queue for SqliteStore {
    async fn queued(
        &self,
        filter: &QueueFilter,
        now: Timestamp,
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        let filter = filter.clone();
        self.read(move |connection| page(connection, (&filter, now), window)).await
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

/// Whether an issue `i` is put aside at a moment; without the closing parenthesis.
const IS_ASIDE: &str = "EXISTS (SELECT 1 FROM aside a JOIN patient p ON p.key = a.record \
    WHERE a.record = i.subject AND a.version = p.version AND i.revision <= a.since \
    AND (a.until IS NULL OR a.until > ?)";

/// A condition on `issue i`.
struct Condition<'f> {
    text: String,
    values: Vec<Value<'f>>,
}

impl<'f> Condition<'f> {
    fn and(&mut self, text: &str, value: impl Into<Value<'f>>) {
        self.text.push_str(" AND ");
        self.text.push_str(text);
        self.values.push(value.into());
    }
}

/// The part of the list that a window shows, and the length of the list.
fn page(
    connection: &Connection,
    (filter, now): (&QueueFilter, Timestamp),
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), StoreError> {
    let order = if filter.is_by_score { "i.score DESC," } else { "" };
    let (mut found, mut offset, mut total) = (Vec::new(), window.offset, 0);
    for kind in &filter.kinds {
        let Condition { text, values } = condition((filter, now), *kind)?;
        let sql = format!("SELECT COUNT(*) FROM issue i WHERE {text}");
        let fitting = sql::one(connection, &sql, params_from_iter(&values), |row| large(row, 0))?;
        total += fitting;
        let limit = window.limit - found.len() as u64;
        if limit > 0 && offset < fitting {
            let sql = format!(
                "SELECT i.body FROM issue i WHERE {text} \
                 ORDER BY {order} i.revision, i.number LIMIT ? OFFSET ?"
            );
            let (limit, offset) = limit_offset(Window { offset, limit });
            let part = [Value::Int(limit), Value::Int(offset)];
            let values = params_from_iter(values.iter().chain(&part));
            found.extend(sql::all(connection, &sql, values, issue)?);
        }
        offset = offset.saturating_sub(fitting);
    }
    Ok((found, total))
}

fn condition(
    (filter, now): (&QueueFilter, Timestamp),
    kind: IssueKind,
) -> Result<Condition<'_>, StoreError> {
    let text = "i.closed IS NULL AND i.kind = ?".to_owned();
    let mut all = Condition { text, values: vec![Value::Int(kind_code(kind))] };
    match filter.aside {
        None => all.and(&format!("NOT {IS_ASIDE})"), Value::Int(now.0)),
        Some(kind) => {
            all.and(IS_ASIDE, Value::Int(now.0));
            all.and("a.kind = ?)", kind.as_str());
        }
    }
    if let Some(client) = &filter.client {
        let sql = "EXISTS (SELECT 1 FROM source_record s WHERE s.key = i.subject AND s.client = ?)";
        all.and(sql, client.as_str());
    }
    if let Some(tenths) = filter.score_from {
        all.and("i.score >= ? / 10.0", Value::Int(tenths));
    }
    if let Some(tenths) = filter.score_to {
        all.and("i.score <= ? / 10.0", Value::Int(tenths));
    }
    if let Some(by) = filter.opened_by {
        all.and("i.opened_at <= ?", Value::Int(by.0));
    }
    let keys = "SELECT p.key FROM json_each(?) j JOIN patient p ON p.id = j.value";
    let list = |ids| serde_json::to_string(ids).map_err(|_| refused("an id has no JSON form"));
    if let Some(these) = &filter.among {
        all.and(&format!("i.subject IN ({keys})"), list(these)?);
    }
    if !filter.but.is_empty() {
        all.and(&format!("i.subject NOT IN ({keys})"), list(&filter.but)?);
    }
    Ok(all)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use registry::ids::ClientId;

    use super::*;
    use crate::sqlite::migrate::migrate;

    #[test]
    fn filters_are_answered_by_walking_the_index_of_the_queue() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection, Path::new("r.db")).unwrap();
        let filter = QueueFilter {
            client: Some(ClientId::new("clinic")),
            score_from: Some(5),
            score_to: Some(90),
            opened_by: Some(Timestamp(1)),
            among: Some(vec![RecordId::new("r1")]),
            but: vec![RecordId::new("r2")],
            ..QueueFilter::of(&[IssueKind::Potential])
        };
        let few = QueueFilter { among: None, ..filter.clone() };
        for (filter, index) in [(&few, "issue_queue"), (&filter, "issue_")] {
            let Condition { text, values } =
                condition((filter, Timestamp(1)), IssueKind::Potential).unwrap();
            let sql = format!("EXPLAIN QUERY PLAN SELECT COUNT(*) FROM issue i WHERE {text}");
            let plan = sql::all(&connection, &sql, params_from_iter(&values), |row| {
                Ok(row.get::<_, String>(3)?)
            });
            let plan = plan.unwrap().join("\n");
            assert!(
                plan.contains(&format!("SEARCH i USING COVERING INDEX {index}"))
                    || plan.contains(&format!("SEARCH i USING INDEX {index}")),
                "{plan}"
            );
            assert!(!plan.contains("SCAN i"), "{plan}");
        }
    }
}
