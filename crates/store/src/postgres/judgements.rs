//! Reading what needs or had a person's eyes: match issues and pairs declared different.

use registry::{
    ids::RecordId,
    state::{BrokenPair, IssueKind, MatchIssue},
};
use tokio_postgres::Row;

use super::{
    rows::{large, text},
    sql::{Db, all_held, limit_offset},
};
use crate::{
    StoreError, Window,
    shape::{damaged, kind_code},
};

/// Open issues which one of the records raised, in order of opening.
pub(super) async fn open_issues_raised_by(
    db: Db<'_>,
    records: &[RecordId],
) -> Result<Vec<MatchIssue>, StoreError> {
    let sql = "SELECT i.body FROM patient p JOIN issue i ON i.subject = p.key \
               WHERE i.closed IS NULL AND p.id = ANY($1) ORDER BY i.revision, i.number";
    db.all(sql, &[&all_held(records.iter().map(RecordId::as_str))], issue).await
}

/// Open issues in which one of the records takes part, in order of opening.
pub(super) async fn open_issues_of(
    db: Db<'_>,
    records: &[RecordId],
) -> Result<Vec<MatchIssue>, StoreError> {
    let sql = "SELECT i.body, i.revision, i.number FROM patient p JOIN issue i \
                   ON i.subject = p.key WHERE i.closed IS NULL AND p.id = ANY($1) \
               UNION SELECT i.body, i.revision, i.number FROM patient p JOIN issue i \
                   ON i.candidate = p.key WHERE i.closed IS NULL AND p.id = ANY($1) \
               ORDER BY 2, 3";
    db.all(sql, &[&all_held(records.iter().map(RecordId::as_str))], issue).await
}

/// All open issues, in order of opening.
pub(super) async fn open_issues(db: Db<'_>, window: Window) -> Result<Vec<MatchIssue>, StoreError> {
    let sql = "SELECT body FROM issue WHERE closed IS NULL ORDER BY revision, number \
               LIMIT $1 OFFSET $2";
    let (limit, offset) = limit_offset(window);
    db.all(sql, &[&limit, &offset], issue).await
}

/// Open issues of some kinds, in order of opening, and how many there are. Needs a transaction.
pub(super) async fn open_issues_of_kinds(
    db: Db<'_>,
    kinds: &[IssueKind],
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), StoreError> {
    let kinds: Vec<i64> = kinds.iter().map(|kind| kind_code(*kind)).collect();
    let (limit, offset) = limit_offset(window);
    let page = "SELECT body FROM issue WHERE closed IS NULL AND kind = ANY($1) \
                ORDER BY revision, number LIMIT $2 OFFSET $3";
    let total = "SELECT COUNT(*) FROM issue WHERE closed IS NULL AND kind = ANY($1)";
    let values = [&kinds as &(dyn tokio_postgres::types::ToSql + Sync), &limit, &offset];
    tokio::try_join!(db.all(page, &values, issue), db.one(total, &values[..1], |row| large(row, 0)),)
}

pub(super) fn issue(row: &Row) -> Result<MatchIssue, StoreError> {
    serde_json::from_str(&text(row, 0)?).map_err(|_| damaged("a match issue"))
}

/// Pairs in which one of the records takes part.
pub(super) async fn broken_pairs_of(
    db: Db<'_>,
    records: &[RecordId],
) -> Result<Vec<BrokenPair>, StoreError> {
    let sql = "SELECT l.id, h.id FROM patient l JOIN broken_pair b ON b.low = l.key \
                   JOIN patient h ON h.key = b.high WHERE l.id = ANY($1) \
               UNION SELECT l.id, h.id FROM patient h JOIN broken_pair b ON b.high = h.key \
                   JOIN patient l ON l.key = b.low WHERE h.id = ANY($1)";
    db.all(sql, &[&all_held(records.iter().map(RecordId::as_str))], pair).await
}

/// All pairs.
pub(super) async fn broken_pairs(db: Db<'_>) -> Result<Vec<BrokenPair>, StoreError> {
    let sql = "SELECT l.id, h.id FROM broken_pair b \
               JOIN patient l ON l.key = b.low JOIN patient h ON h.key = b.high";
    db.all(sql, &[], pair).await
}

fn pair(row: &Row) -> Result<BrokenPair, StoreError> {
    Ok(BrokenPair::new(RecordId::new(text(row, 0)?), RecordId::new(text(row, 1)?)))
}
