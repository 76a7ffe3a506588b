//! The table of answers to requests that may be sent again.

use registry::once::{Answered, KEPT_MICROS, OnceKey};
use rusqlite::Connection;

use super::rows::text;
use crate::{StoreError, plan::refused, shape::damaged};

/// Adds what was answered, and forgets what is too old.
pub(super) fn write(connection: &Connection, answered: &[Answered]) -> Result<(), StoreError> {
    let Some(newest) = answered.iter().map(|one| one.at.0).max() else { return Ok(()) };
    let mut forget = connection.prepare_cached("DELETE FROM answered WHERE at < ?")?;
    forget.execute((newest - KEPT_MICROS,))?;
    let sql = "INSERT INTO answered (key, at, body) VALUES (?, ?, ?)";
    let mut insert = connection.prepare_cached(sql)?;
    for one in answered {
        let body = serde_json::to_string(one).map_err(|_| refused("an answer has no JSON form"))?;
        insert.execute((&one.key.0, one.at.0, body))?;
    }
    Ok(())
}

/// Those of these acts that were answered.
pub(super) fn of(connection: &Connection, keys: &[OnceKey]) -> Result<Vec<Answered>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT body FROM answered WHERE key = ?")?;
    let mut found = Vec::new();
    for key in keys {
        let mut rows = statement.query((&key.0,))?;
        if let Some(row) = rows.next()? {
            let body = text(row, 0)?;
            found.push(serde_json::from_str(body).map_err(|_| damaged("an answer"))?);
        }
    }
    Ok(found)
}
