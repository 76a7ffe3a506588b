//! Bringing a schema to the shape that this release knows, while other nodes serve from it.
//!
//! The table `schema_version` holds the newest migration and the oldest release that still works
//! with it, told as the newest migration that such a release knows. Migrations only add (expand):
//! releases before them go on. Once no such release runs, a later migration takes away what
//! only they needed (contract), and names itself as the oldest. One node migrates, others wait.

use registry::event::Head;

use super::{
    location::Location,
    pool::Connections,
    rows::{int, text},
    sql::Db,
};
use crate::StoreError;

/// A step from one shape to the next.
struct Migration {
    sql: &'static str,
    /// Releases that know at least so many migrations work with the shape after it.
    oldest: i64,
}

/// The migrations from number 1 on. Never edited once released.
const MIGRATIONS: [Migration; 7] = [
    Migration { sql: include_str!("../../migrations/postgres/0001_init.sql"), oldest: 1 },
    Migration {
        sql: include_str!("../../migrations/postgres/0002_account_preferences.sql"),
        oldest: 1,
    },
    Migration { sql: include_str!("../../migrations/postgres/0003_archive.sql"), oldest: 1 },
    Migration { sql: include_str!("../../migrations/postgres/0004_answered.sql"), oldest: 1 },
    Migration { sql: include_str!("../../migrations/postgres/0005_tally.sql"), oldest: 1 },
    Migration { sql: include_str!("../../migrations/postgres/0006_aside.sql"), oldest: 1 },
    Migration { sql: include_str!("../../migrations/postgres/0007_queue.sql"), oldest: 1 },
];

const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Runs the migrations that the schema lacks.
///
/// # Errors
///
/// [`StoreError::Newer`] if the schema is of a release that this one cannot work beside,
/// [`StoreError::Location`] if it lacks migrations and the role may not run them,
/// [`StoreError::Database`] if one fails.
pub(super) async fn migrate(
    connections: &Connections,
    location: &Location,
) -> Result<(), StoreError> {
    let schema = &location.schema;
    check_database(connections, location).await?;
    let version = connections.look_up(async |db| version(db, schema).await).await?;
    if is_ready(version, location)? {
        return Ok(());
    }
    let migrated = connections.change(async |db| migrate_here(db, location).await).await;
    match migrated {
        Err(StoreError::Database(error)) if error.to_string().contains("error 42501") => {
            let done = version.map_or(0, |(done, _)| done);
            let reason = format!(
                "the schema {schema} is at migration {done} and this release needs {NEWEST}, \
                 which this role may not make: run `opencr store migrate` with the URL of the \
                 role that owns the schema ({error})"
            );
            Err(StoreError::Location { url: location.shown.clone(), reason })
        }
        migrated => migrated,
    }
}

/// Refuses a schema that lacks migrations.
///
/// # Errors
///
/// [`StoreError::Older`], and as [`migrate`]; nothing is changed.
pub(super) async fn check(
    connections: &Connections,
    location: &Location,
) -> Result<(), StoreError> {
    let schema = &location.schema;
    check_database(connections, location).await?;
    let version = connections.look_up(async |db| version(db, schema).await).await?;
    if is_ready(version, location)? {
        return Ok(());
    }
    let done = version.map_or(0, |(done, _)| done);
    Err(StoreError::Older(format!("the schema {schema} has migration {done} of {NEWEST}")))
}

/// Whether a migration ever ran in the schema.
pub(super) async fn is_there(
    connections: &Connections,
    location: &Location,
) -> Result<bool, StoreError> {
    let schema = &location.schema;
    Ok(connections.look_up(async |db| version(db, schema).await).await?.is_some())
}

/// What must be so of any database, or what was acknowledged could be lost or garbled.
async fn check_database(connections: &Connections, location: &Location) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_encoding'), current_setting('synchronous_commit'), \
               current_setting('fsync'), current_setting('server_version_num')::bigint";
    let settings = connections.look_up(async |db| {
        db.one(sql, &[], |row| {
            let owned = |at| text(row, at).map(|text| text.into_owned());
            Ok((owned(0)?, owned(1)?, owned(2)?, int(row, 3)?))
        })
        .await
    });
    let (encoding, synchronous, fsync, server) = settings.await?;
    let refuse = |reason: &str| {
        Err(StoreError::Location { url: location.shown.clone(), reason: reason.to_owned() })
    };
    if encoding != "UTF8" {
        return refuse("the database is not encoded in UTF8: create it with ENCODING 'UTF8'");
    }
    if synchronous == "off" {
        return refuse(
            "synchronous_commit is off, so that what was acknowledged could be lost: \
             ALTER ROLE … SET synchronous_commit = on",
        );
    }
    if server < 130_000 {
        return refuse("PostgreSQL 13 or newer is needed");
    }
    if fsync == "off" {
        tracing::warn!("PostgreSQL runs with fsync off: a power cut destroys the registry");
    }
    Ok(())
}

/// The newest migration and the oldest release; `None` of an empty schema.
async fn version(db: Db<'_>, schema: &str) -> Result<Option<(i64, i64)>, StoreError> {
    // Read from the catalogue itself: to_regclass may remember that there was none.
    let sql = "SELECT COUNT(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
               ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'schema_version'";
    if db.one(sql, &[&schema], |row| int(row, 0)).await? == 0 {
        return Ok(None);
    }
    let sql = "SELECT migration, oldest FROM schema_version";
    db.first(sql, &[], |row| Ok((int(row, 0)?, int(row, 1)?))).await
}

/// Whether there is nothing to do.
fn is_ready(version: Option<(i64, i64)>, location: &Location) -> Result<bool, StoreError> {
    match version {
        Some((done, oldest)) if oldest > NEWEST => Err(StoreError::Newer(format!(
            "{} has migration {done}, which needs a release that knows migration {oldest}; this \
             one knows {NEWEST}",
            location.shown
        ))),
        Some((done, _)) => Ok(done >= NEWEST),
        None => Ok(false),
    }
}

async fn migrate_here(db: Db<'_>, location: &Location) -> Result<(), StoreError> {
    let schema = &location.schema;
    db.client.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1 || '.migrate', 0))";
    db.all(lock, &[schema], |_| Ok(())).await?;
    // Another node may have been here meanwhile.
    let before = version(db, schema).await?;
    if is_ready(before, location)? {
        return Ok(());
    }
    let sql = "SELECT COUNT(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
    if db.one(sql, &[schema], |row| int(row, 0)).await? == 0 {
        db.client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    if before.is_none() {
        let table = "CREATE TABLE schema_version (one BIGINT PRIMARY KEY CHECK (one = 1), \
                     migration BIGINT NOT NULL, oldest BIGINT NOT NULL); \
                     INSERT INTO schema_version VALUES (1, 0, 0)";
        db.client.batch_execute(table).await?;
    }
    let done = before.map_or(0, |(done, _)| done);
    for (number, migration) in (1..).zip(&MIGRATIONS).filter(|(number, _)| *number > done) {
        db.client.batch_execute(migration.sql).await?;
        let oldest = migration.oldest;
        let note = format!("UPDATE schema_version SET migration = {number}, oldest = {oldest}");
        db.client.batch_execute(&note).await?;
        tracing::info!(number, "ran migration {number} of the store's schema");
    }
    // The head of an empty registry is this release's word, not the migration's.
    let sql = "INSERT INTO head (one, revision, hash, next_record, next_golden, next_key, \
               next_content) VALUES (1, 0, $1, 0, 0, 0, 0) ON CONFLICT (one) DO NOTHING";
    db.execute(sql, &[&Head::start().hash.as_str()]).await?;
    Ok(())
}
