//! Reading what needs or had a person's eyes: match issues and pairs declared different.

use std::collections::{BTreeMap, BTreeSet};

use registry::{
    ids::RecordId,
    state::{BrokenPair, IssueKind, MatchIssue},
};
use rusqlite::{Connection, Row};

use super::{
    rows::{damaged, kind_code, text},
    sql::{self, limit_offset, once},
};
use crate::{StoreError, Window};

/// The column of the record that raised an issue.
pub(super) const SUBJECT: &str = "subject";
/// The column of the record on the other side.
pub(super) const CANDIDATE: &str = "candidate";

/// Open issues in which one of the records is on one of the sides, in order of opening.
pub(super) fn open_issues_of(
    connection: &Connection,
    records: &[RecordId],
    sides: &[&str],
) -> Result<Vec<MatchIssue>, StoreError> {
    let ids = once(records.iter().map(RecordId::as_str));
    let mut issues: BTreeMap<(i64, i64), MatchIssue> = BTreeMap::new();
    for side in sides {
        let sql = format!(
            "SELECT i.body, i.revision, i.number FROM patient p JOIN issue i ON i.{side} = p.key \
             WHERE i.closed IS NULL AND p.id = ?"
        );
        sql::each(connection, &sql, ids.clone(), |row| {
            issues.insert((row.get(1)?, row.get(2)?), issue(row)?);
            Ok(())
        })?;
    }
    Ok(issues.into_values().collect())
}

/// All open issues, in order of opening.
pub(super) fn open_issues(
    connection: &Connection,
    window: Window,
) -> Result<Vec<MatchIssue>, StoreError> {
    let sql = "SELECT body FROM issue WHERE closed IS NULL ORDER BY revision, number \
               LIMIT ? OFFSET ?";
    sql::all(connection, sql, limit_offset(window), issue)
}

/// Open issues of some kinds, in order of opening, and how many there are.
pub(super) fn open_issues_of_kinds(
    connection: &Connection,
    kinds: &[IssueKind],
    window: Window,
) -> Result<(Vec<MatchIssue>, u64), StoreError> {
    // A kind that is not asked for repeats nothing: no code is negative.
    let code = |kind| if kinds.contains(&kind) { kind_code(kind) } else { -1 };
    let [a, b, c] = IssueKind::ALL.map(code);
    let (limit, offset) = limit_offset(window);
    let sql = "SELECT body FROM issue WHERE closed IS NULL AND kind IN (?, ?, ?) \
               ORDER BY revision, number LIMIT ? OFFSET ?";
    let issues = sql::all(connection, sql, (a, b, c, limit, offset), issue)?;
    let sql = "SELECT count(*) FROM issue WHERE closed IS NULL AND kind IN (?, ?, ?)";
    let total: i64 = connection.prepare_cached(sql)?.query_row((a, b, c), |row| row.get(0))?;
    Ok((issues, u64::try_from(total).unwrap_or_default()))
}

pub(super) fn issue(row: &Row<'_>) -> Result<MatchIssue, StoreError> {
    serde_json::from_str(text(row, 0)?).map_err(|_| damaged("a match issue"))
}

const PAIRS: &str = "SELECT l.id, h.id FROM broken_pair b \
     JOIN patient l ON l.key = b.low JOIN patient h ON h.key = b.high";

/// Pairs in which one of the records takes part.
pub(super) fn broken_pairs_of(
    connection: &Connection,
    records: &[RecordId],
) -> Result<Vec<BrokenPair>, StoreError> {
    let ids = once(records.iter().map(RecordId::as_str));
    let mut pairs = BTreeSet::new();
    for side in ["l", "h"] {
        let sql = format!("{PAIRS} WHERE {side}.id = ?");
        pairs.extend(sql::each(connection, &sql, ids.clone(), pair)?);
    }
    Ok(pairs.into_iter().collect())
}

/// All pairs.
pub(super) fn broken_pairs(connection: &Connection) -> Result<Vec<BrokenPair>, StoreError> {
    sql::all(connection, PAIRS, (), pair)
}

fn pair(row: &Row<'_>) -> Result<BrokenPair, StoreError> {
    Ok(BrokenPair::new(RecordId::new(text(row, 0)?), RecordId::new(text(row, 1)?)))
}
