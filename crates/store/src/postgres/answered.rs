//! The table of answers to requests that may be sent again.

use registry::once::{Answered, KEPT_MICROS, OnceKey};

use super::{rows::text, sql::Db};
use crate::{StoreError, plan::refused, shape::damaged};

/// Adds what was answered, and forgets what is too old.
pub(super) async fn write(db: Db<'_>, answered: &[Answered]) -> Result<(), StoreError> {
    let Some(newest) = answered.iter().map(|one| one.at.0).max() else { return Ok(()) };
    db.execute("DELETE FROM answered WHERE at < $1", &[&(newest - KEPT_MICROS)]).await?;
    let keys: Vec<&str> = answered.iter().map(|one| one.key.0.as_str()).collect();
    let times: Vec<i64> = answered.iter().map(|one| one.at.0).collect();
    let bodies: Result<Vec<String>, _> = answered.iter().map(serde_json::to_string).collect();
    let bodies = bodies.map_err(|_| refused("an answer has no JSON form"))?;
    let sql = "INSERT INTO answered (key, at, body) \
               SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])";
    db.execute(sql, &[&keys, &times, &bodies]).await?;
    Ok(())
}

/// Those of these acts that were answered.
pub(super) async fn of(db: Db<'_>, keys: &[OnceKey]) -> Result<Vec<Answered>, StoreError> {
    let keys: Vec<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    let sql = "SELECT body FROM answered WHERE key = ANY($1)";
    db.all(sql, &[&keys], |row| {
        serde_json::from_str(&text(row, 0)?).map_err(|_| damaged("an answer"))
    })
    .await
}
