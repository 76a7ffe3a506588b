//! Bringing a database to the shape that this release knows.
//!
//! `PRAGMA user_version` holds the number of the newest migration. Each runs in a transaction of
//! its own together with its number, so a process that is killed leaves a whole one or none.

use std::path::Path;

use rusqlite::Connection;

use crate::StoreError;

/// The migrations from number 1 on. Never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_init.sql"),
    include_str!("../../migrations/sqlite/0002_append_explanations.sql"),
    include_str!("../../migrations/sqlite/0003_accounts.sql"),
    include_str!("../../migrations/sqlite/0004_audit.sql"),
    include_str!("../../migrations/sqlite/0005_account_preferences.sql"),
    include_str!("../../migrations/sqlite/0006_archive.sql"),
    include_str!("../../migrations/sqlite/0007_answered.sql"),
    include_str!("../../migrations/sqlite/0008_tally.sql"),
    include_str!("../../migrations/sqlite/0009_aside.sql"),
    include_str!("../../migrations/sqlite/0010_queue.sql"),
];

/// Runs the migrations that the database at `path` lacks.
///
/// # Errors
///
/// [`StoreError::Newer`] if it has one that this release does not know, [`StoreError::Damaged`]
/// if one broke off half-way, [`StoreError::Database`] if one fails.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let done = version(connection)?;
    let Some(missing) = usize::try_from(done).ok().and_then(|done| MIGRATIONS.get(done..)) else {
        return Err(StoreError::Newer(format!("{} has migration {done}", path.display())));
    };
    for (number, migration) in (done + 1..).zip(missing) {
        let tx = connection.unchecked_transaction()?;
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

/// Checks, without changing anything, that the database at `path` has just this release's shape.
///
/// # Errors
///
/// [`StoreError::Newer`] and [`StoreError::Older`] if it has another.
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let done: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if done > known {
        return Err(StoreError::Newer(format!("{} has migration {done}", path.display())));
    }
    if done < known {
        let place = path.display();
        return Err(StoreError::Older(format!("{place} has migration {done} of {known}")));
    }
    Ok(())
}

/// The number of the newest migration that the database has.
fn version(connection: &Connection) -> Result<i64, StoreError> {
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version != 0 || !connection.table_exists(None, ADOPTED)? {
        return Ok(version);
    }
    adopt(connection)
}

/// The table in which sqlx kept the migrations of builds before the first release.
const ADOPTED: &str = "_sqlx_migrations";

/// Takes over what sqlx wrote down, and leaves its table alone.
fn adopt(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT COALESCE(MAX(version), 0), COALESCE(MIN(success), 1) FROM _sqlx_migrations";
    let (version, is_whole): (i64, bool) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if !is_whole {
        return Err(StoreError::Damaged(format!("migration {version} broke off")));
    }
    if usize::try_from(version).is_ok_and(|version| version <= MIGRATIONS.len()) {
        connection.pragma_update(None, "user_version", version)?;
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a store of a build with sqlx looks like: its table beside migration 1.
    fn sqlx_store(version: i64, success: bool) -> Connection {
        let connection = Connection::open_in_memory().expect("memory is there");
        connection.execute_batch(MIGRATIONS[0]).expect("migration 1 runs");
        let table = "CREATE TABLE _sqlx_migrations (
                         version        BIGINT PRIMARY KEY,
                         description    TEXT NOT NULL,
                         installed_on   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                         success        BOOLEAN NOT NULL,
                         checksum       BLOB NOT NULL,
                         execution_time BIGINT NOT NULL
                     )";
        connection.execute(table, []).expect("sqlx makes this table");
        let row = "INSERT INTO _sqlx_migrations \
                   (version, description, success, checksum, execution_time) \
                   VALUES (?, 'init', ?, x'00', 1)";
        connection.execute(row, (version, success)).expect("sqlx writes this row");
        connection
    }

    fn user_version(connection: &Connection) -> i64 {
        connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .expect("SQLite has a user_version")
    }

    #[test]
    fn empty_database_gets_all_migrations_once() {
        let connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            migrate(&connection, Path::new("r.db")).unwrap();
            assert_eq!(usize::try_from(user_version(&connection)).unwrap(), MIGRATIONS.len());
        }
        assert!(connection.table_exists(None, "patient").unwrap());
    }

    #[test]
    fn store_of_a_build_with_sqlx_is_taken_over() {
        let connection = sqlx_store(1, true);
        connection.execute_batch("INSERT INTO content (number, text) VALUES (0, '{}')").unwrap();
        migrate(&connection, Path::new("r.db")).unwrap();
        assert_eq!(usize::try_from(user_version(&connection)).unwrap(), MIGRATIONS.len());
        let kept: i64 =
            connection.query_row("SELECT COUNT(*) FROM content", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 1);
    }

    #[test]
    fn unknown_and_broken_migrations_are_left_alone() {
        let newer = sqlx_store(9999, true);
        let error = migrate(&newer, Path::new("r.db")).unwrap_err();
        assert!(matches!(error, StoreError::Newer(_)), "{error}");
        assert_eq!(user_version(&newer), 0);

        let broken = sqlx_store(1, false);
        let error = migrate(&broken, Path::new("r.db")).unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");

        for version in [-1, 9999] {
            let newer = Connection::open_in_memory().unwrap();
            newer.pragma_update(None, "user_version", version).unwrap();
            let error = migrate(&newer, Path::new("r.db")).unwrap_err();
            assert!(matches!(error, StoreError::Newer(_)), "{error}");
            assert_eq!(user_version(&newer), version);
        }
    }
}
