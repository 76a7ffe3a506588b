//! The work queue: windows of the open issues that a filter leaves, and the table of what is put aside.
//!
//! Each kind is one walk along the index `issue_queue`, which has in it what filters ask of an issue.

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
    sql::{Db, Value, count, held, limit_offset, unheld},
};
use crate::{
    Queue, QueueFilter, StoreError, Window,
    queue::unknown,
    shape::{damaged, kind_code},
};

#[async_trait]
impl Queue for PostgresStore {
    async fn queued(
        &self,
        filter: &QueueFilter,
        now: Timestamp,
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        self.read(async |db| page(db, (filter, now), window).await).await
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

/// Whether an issue `i` is put aside at a moment; without the closing parenthesis.
const IS_ASIDE: &str = "EXISTS (SELECT 1 FROM aside a JOIN patient p ON p.key = a.record \
    WHERE a.record = i.subject AND a.version = p.version AND i.revision <= a.since \
    AND (a.until IS NULL OR a.until > $?)";

/// A condition on `issue i`.
struct Condition {
    text: String,
    values: Vec<Value>,
}

impl Condition {
    /// The number of another value.
    fn value(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    /// Adds what `sql` says, whose `$?` is the value.
    fn and(&mut self, sql: &str, value: Value) {
        let number = self.value(value);
        self.text.push_str(" AND ");
        self.text.push_str(&sql.replace("$?", &format!("${number}")));
    }
}

/// The part of the list that a window shows, and the length of the list. Needs a transaction.
async fn page(
    db: Db<'_>,
    (filter, now): (&QueueFilter, Timestamp),
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), StoreError> {
    let order = if filter.is_by_score { "i.score DESC," } else { "" };
    let (mut found, mut offset, mut total) = (Vec::new(), window.offset, 0);
    for kind in &filter.kinds {
        let mut all = condition((filter, now), *kind);
        let sql = format!("SELECT COUNT(*) FROM issue i WHERE {}", all.text);
        let fitting = db.ask(&sql, &all.values, |row| large(row, 0)).await?;
        let fitting = fitting.into_iter().next().unwrap_or_default();
        total += fitting;
        let limit = window.limit - found.len() as u64;
        if limit > 0 && offset < fitting {
            let (most, begin) = limit_offset(Window { offset, limit });
            let [most, begin] = [most, begin].map(|number| all.value(Value::Int(number)));
            let sql = format!(
                "SELECT i.body FROM issue i WHERE {} \
                 ORDER BY {order} i.revision, i.number LIMIT ${most} OFFSET ${begin}",
                all.text
            );
            found.extend(db.ask(&sql, &all.values, issue).await?);
        }
        offset = offset.saturating_sub(fitting);
    }
    Ok((found, total))
}

fn condition((filter, now): (&QueueFilter, Timestamp), kind: IssueKind) -> Condition {
    let text = "i.closed IS NULL AND i.kind = $1".to_owned();
    let mut all = Condition { text, values: vec![Value::Int(kind_code(kind))] };
    match filter.aside {
        None => all.and(&format!("NOT {IS_ASIDE})"), Value::Int(now.0)),
        Some(kind) => {
            all.and(IS_ASIDE, Value::Int(now.0));
            all.and("a.kind = $?)", Value::Text(kind.as_str().to_owned()));
        }
    }
    if let Some(client) = &filter.client {
        let sql =
            "EXISTS (SELECT 1 FROM source_record s WHERE s.key = i.subject AND s.client = $?)";
        all.and(sql, Value::Text(held(client.as_str()).into_owned()));
    }
    if let Some(tenths) = filter.score_from {
        all.and("i.score >= $? / 10::double precision", Value::Int(tenths));
    }
    if let Some(tenths) = filter.score_to {
        all.and("i.score <= $? / 10::double precision", Value::Int(tenths));
    }
    if let Some(by) = filter.opened_by {
        all.and("i.opened_at <= $?", Value::Int(by.0));
    }
    let keys = "SELECT p.key FROM patient p WHERE p.id = ANY($?)";
    let list = |ids: &[RecordId]| {
        Value::Texts(ids.iter().map(|id| held(id.as_str()).into_owned()).collect())
    };
    if let Some(these) = &filter.among {
        all.and(&format!("i.subject IN ({keys})"), list(these));
    }
    if !filter.but.is_empty() {
        all.and(&format!("i.subject NOT IN ({keys})"), list(&filter.but));
    }
    all
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
