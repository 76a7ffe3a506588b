//! The tables of AuditEvents that another registry wrote.

use registry::audit::ArchivedEvent;
use rusqlite::Connection;

use super::{rows::text, sql};
use crate::StoreError;

/// Adds those that are not there; gives how many.
pub(super) fn add(connection: &Connection, events: &[ArchivedEvent]) -> Result<u64, StoreError> {
    let sql = "INSERT INTO archived_event (id, at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    let mut event_of = connection.prepare_cached(sql)?;
    let sql = "INSERT INTO archived_patient (patient, at, event) VALUES (?, ?, ?)";
    let mut patient_of = connection.prepare_cached(sql)?;
    let mut added = 0;
    for event in events {
        if event_of.execute((&event.id, event.at.0, &event.body))? == 0 {
            continue;
        }
        added += 1;
        for patient in &event.patients {
            patient_of.execute((patient, event.at.0, &event.id))?;
        }
    }
    Ok(added)
}

/// Those that name a Patient, newest first.
pub(super) fn of(
    connection: &Connection,
    patient: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT event.body FROM archived_patient AS one \
               JOIN archived_event AS event ON event.id = one.event \
               WHERE one.patient = ? ORDER BY one.at DESC, one.event DESC LIMIT ?";
    sql::all(connection, sql, (patient, limit), |row| Ok(text(row, 0)?.to_owned()))
}

/// Those after an id, in order of ids.
pub(super) fn after(
    connection: &Connection,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT body FROM archived_event WHERE id > ? ORDER BY id LIMIT ?";
    sql::all(connection, sql, (after, limit), |row| Ok(text(row, 0)?.to_owned()))
}
