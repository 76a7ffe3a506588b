//! The tables of AuditEvents that another registry wrote.

use registry::audit::ArchivedEvent;

use super::{rows::text, sql::Db};
use crate::StoreError;

/// Adds those that are not there; gives how many.
pub(super) async fn add(db: Db<'_>, events: &[ArchivedEvent]) -> Result<u64, StoreError> {
    let mut added = 0;
    for event in events {
        let sql = "INSERT INTO archived_event (id, at, body) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";
        if db.execute(sql, &[&event.id, &event.at.0, &event.body]).await? == 0 {
            continue;
        }
        added += 1;
        let sql = "INSERT INTO archived_patient (patient, at, event) \
                   SELECT patient, $2, $3 FROM unnest($1::text[]) AS patient";
        db.execute(sql, &[&event.patients, &event.at.0, &event.id]).await?;
    }
    Ok(added)
}

/// Those that name a Patient, newest first.
pub(super) async fn of(db: Db<'_>, patient: &str, limit: u32) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT event.body FROM archived_patient AS one \
               JOIN archived_event AS event ON event.id = one.event \
               WHERE one.patient = $1 ORDER BY one.at DESC, one.event DESC LIMIT $2";
    db.all(sql, &[&patient, &i64::from(limit)], |row| Ok(text(row, 0)?.into_owned())).await
}

/// Those after an id, in order of ids.
pub(super) async fn after(db: Db<'_>, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT body FROM archived_event WHERE id > $1 ORDER BY id LIMIT $2";
    db.all(sql, &[&after, &i64::from(limit)], |row| Ok(text(row, 0)?.into_owned())).await
}
