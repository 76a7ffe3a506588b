//! Reading about the whole: counts, and whether the file is sound.

use registry::{state::IssueKind, stored::Counts};
use sqlx::{Row, SqliteConnection};

use super::rows::{
    LIVE_GOLDEN, LIVE_SOURCE, REPLACED_GOLDEN, RETIRED_GOLDEN, WITHDRAWN_SOURCE, kind_of, large,
    text,
};
use crate::StoreError;

/// How many things there are.
pub(super) async fn counts(connection: &mut SqliteConnection) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let sql = "SELECT state, COUNT(*) FROM patient GROUP BY state";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        *match row.try_get(0)? {
            LIVE_SOURCE => &mut counts.records,
            WITHDRAWN_SOURCE => &mut counts.withdrawn,
            LIVE_GOLDEN => &mut counts.persons,
            REPLACED_GOLDEN | RETIRED_GOLDEN => &mut counts.retired,
            _ => return Err(StoreError::Damaged("a patient has an unknown state".to_owned())),
        } += large(&row, 1)?;
    }
    let sql = "SELECT kind, COUNT(*) FROM issue WHERE closed IS NULL GROUP BY kind";
    for row in sqlx::query(sql).fetch_all(connection).await? {
        *match kind_of(row.try_get(0)?)? {
            IssueKind::Potential => &mut counts.potential,
            IssueKind::Conflict => &mut counts.conflicts,
            IssueKind::Auto => &mut counts.auto,
        } += large(&row, 1)?;
    }
    Ok(counts)
}

/// What is wrong with pages, indexes and references; nothing if all is well.
///
/// SQLite names tables, indexes and row numbers, never values.
pub(super) async fn check(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    for row in sqlx::query("PRAGMA integrity_check").fetch_all(&mut *connection).await? {
        let said = text(&row, 0)?;
        if said != "ok" {
            faults.push(said.to_owned());
        }
    }
    for row in sqlx::query("PRAGMA foreign_key_check").fetch_all(connection).await? {
        let (table, parent) = (text(&row, 0)?, text(&row, 2)?);
        faults.push(format!("a row of {table} names a row of {parent} that is not there"));
    }
    Ok(faults)
}
