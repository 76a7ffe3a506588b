//! Reading about the whole: counts, and whether the file is sound.

use registry::{state::IssueKind, stored::Counts};
use rusqlite::Connection;

use super::{
    rows::{
        LIVE_GOLDEN, LIVE_SOURCE, REPLACED_GOLDEN, RETIRED_GOLDEN, WITHDRAWN_SOURCE, kind_of,
        large, text,
    },
    sql,
};
use crate::StoreError;

/// How many things there are.
pub(super) fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let sql = "SELECT state, COUNT(*) FROM patient GROUP BY state";
    sql::all(connection, sql, (), |row| {
        *match row.get(0)? {
            LIVE_SOURCE => &mut counts.records,
            WITHDRAWN_SOURCE => &mut counts.withdrawn,
            LIVE_GOLDEN => &mut counts.persons,
            REPLACED_GOLDEN | RETIRED_GOLDEN => &mut counts.retired,
            _ => return Err(StoreError::Damaged("a patient has an unknown state".to_owned())),
        } += large(row, 1)?;
        Ok(())
    })?;
    let sql = "SELECT kind, COUNT(*) FROM issue WHERE closed IS NULL GROUP BY kind";
    sql::all(connection, sql, (), |row| {
        *match kind_of(row.get(0)?)? {
            IssueKind::Potential => &mut counts.potential,
            IssueKind::Conflict => &mut counts.conflicts,
            IssueKind::Auto => &mut counts.auto,
        } += large(row, 1)?;
        Ok(())
    })?;
    Ok(counts)
}

/// What is wrong with pages, indexes and references; nothing if all is well.
///
/// SQLite names tables, indexes and row numbers, never values.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    sql::all(connection, "PRAGMA integrity_check", (), |row| {
        let said = text(row, 0)?;
        if said != "ok" {
            faults.push(said.to_owned());
        }
        Ok(())
    })?;
    sql::all(connection, "PRAGMA foreign_key_check", (), |row| {
        let (table, parent) = (text(row, 0)?, text(row, 2)?);
        faults.push(format!("a row of {table} names a row of {parent} that is not there"));
        Ok(())
    })?;
    Ok(faults)
}
