//! Reading what needs or had a person's eyes: match issues and pairs declared different.

use std::collections::{BTreeMap, BTreeSet};

use registry::{
    ids::RecordId,
    state::{BrokenPair, MatchIssue},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    rows::{damaged, text},
    sql::{self, fetch_in, id_list, limit_offset},
};
use crate::{StoreError, Window};

/// The column of the record that raised an issue.
pub(super) const SUBJECT: &str = "subject";
/// The column of the record on the other side.
pub(super) const CANDIDATE: &str = "candidate";

/// Open issues in which one of the records is on one of the sides, in order of opening.
pub(super) async fn open_issues_of(
    connection: &mut SqliteConnection,
    records: &[RecordId],
    sides: &[&str],
) -> Result<Vec<MatchIssue>, StoreError> {
    let ids = id_list(records.iter().map(RecordId::as_str));
    let mut issues: BTreeMap<(i64, i64), MatchIssue> = BTreeMap::new();
    for side in sides {
        let sql = format!(
            "SELECT i.body, i.revision, i.number FROM patient p JOIN issue i ON i.{side} = p.key \
             WHERE i.closed IS NULL AND p.id IN"
        );
        for row in fetch_in(connection, &sql, &ids, "").await? {
            issues.insert((row.try_get(1)?, row.try_get(2)?), issue(&row)?);
        }
    }
    Ok(issues.into_values().collect())
}

/// All open issues, in order of opening.
pub(super) async fn open_issues(
    connection: &mut SqliteConnection,
    window: Window,
) -> Result<Vec<MatchIssue>, StoreError> {
    let sql = "SELECT body FROM issue WHERE closed IS NULL ORDER BY revision, number \
               LIMIT ? OFFSET ?";
    let rows = sql::query(sql.to_owned(), &limit_offset(window)).fetch_all(connection).await?;
    rows.iter().map(issue).collect()
}

fn issue(row: &SqliteRow) -> Result<MatchIssue, StoreError> {
    serde_json::from_str(text(row, 0)?).map_err(|_| damaged("a match issue"))
}

const PAIRS: &str = "SELECT l.id, h.id FROM broken_pair b \
     JOIN patient l ON l.key = b.low JOIN patient h ON h.key = b.high";

/// Pairs in which one of the records takes part.
pub(super) async fn broken_pairs_of(
    connection: &mut SqliteConnection,
    records: &[RecordId],
) -> Result<Vec<BrokenPair>, StoreError> {
    let ids = id_list(records.iter().map(RecordId::as_str));
    let mut pairs = BTreeSet::new();
    for side in ["l", "h"] {
        let rows = fetch_in(connection, &format!("{PAIRS} WHERE {side}.id IN"), &ids, "").await?;
        for row in &rows {
            pairs.insert(pair(row)?);
        }
    }
    Ok(pairs.into_iter().collect())
}

/// All pairs.
pub(super) async fn broken_pairs(
    connection: &mut SqliteConnection,
) -> Result<Vec<BrokenPair>, StoreError> {
    sqlx::query(PAIRS).fetch_all(connection).await?.iter().map(pair).collect()
}

fn pair(row: &SqliteRow) -> Result<BrokenPair, StoreError> {
    Ok(BrokenPair::new(RecordId::new(text(row, 0)?), RecordId::new(text(row, 1)?)))
}
