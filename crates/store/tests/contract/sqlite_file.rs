//! What only a file can do: be opened again, be in use, be newer, be damaged. (A full disk is
//! tested in `sqlite/tests.rs`, which can reach the writing connection.)

use std::path::{Path, PathBuf};

use store::{Reader, SqliteStore, Store, StoreError, open};
use tempfile::TempDir;

use crate::{
    commits::life,
    scribe::{Scribe, content, record, source_of},
    view::{assert_shows, view},
};

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("registry.db");
    (folder, path)
}

fn database(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

#[tokio::test]
async fn reopened_store_shows_the_same() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut commits = Vec::new();
    let mut scribe = life(|scribe| commits.push(scribe.commit()));
    for commit in commits {
        store.commit(commit).await.unwrap();
    }
    let before = view(&store, &scribe).await;
    drop(store);

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(view(&store, &scribe).await, before);
    scribe.submit("r9", "g9", content("nine", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&store, &scribe).await;
}

#[tokio::test]
async fn second_opening_is_refused_while_the_first_lives() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let error = SqliteStore::open(&path).await.err().unwrap();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    drop(store);
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test]
async fn newer_database_is_left_alone() {
    let (_folder, path) = place();
    drop(SqliteStore::open(&path).await.unwrap());
    database(&path).pragma_update(None, "user_version", 9999).unwrap();
    let error = SqliteStore::open(&path).await.err().unwrap();
    assert!(matches!(error, StoreError::Newer(_)), "{error}");
}

/// Builds before the first release let sqlx keep the migrations, in a table of its own.
#[tokio::test]
async fn store_of_a_build_with_sqlx_is_taken_over() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    drop(store);
    // Tables that later migrations add are taken away again.
    let as_sqlx_had_it = "PRAGMA user_version = 0;
        DROP TABLE session; DROP TABLE account; DROP TABLE token_key;
        DROP TABLE audit;
        DROP TABLE audit_anchor;
        DROP TABLE archived_patient; DROP TABLE archived_event; DROP TABLE answered;
        DROP TABLE tally; DROP TABLE tally_head; DROP TABLE aside;
        DROP INDEX issue_queue;
        ALTER TABLE issue DROP COLUMN score; ALTER TABLE issue DROP COLUMN opened_at;
        CREATE TABLE _sqlx_migrations (
            version BIGINT PRIMARY KEY, description TEXT NOT NULL,
            installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
            success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL
        );
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (1, 'init', 1, x'00', 1);";
    database(&path).execute_batch(as_sqlx_had_it).unwrap();
    for _ in 0..2 {
        let store = SqliteStore::open(&path).await.unwrap();
        assert_shows(&store, &scribe).await;
    }
}

#[tokio::test]
async fn file_that_is_no_database_is_refused() {
    let (folder, _) = place();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "These are notes, not a database. ".repeat(100)).unwrap();
    let error = SqliteStore::open(&path).await.err().unwrap();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
}

#[tokio::test]
async fn url_tells_the_kind_of_store() {
    let (folder, path) = place();
    let url = format!("sqlite:{}", path.display());
    assert_eq!(open(&url).await.unwrap().location(), path.display().to_string());
    assert_eq!(open("memory:").await.unwrap().location(), "memory");
    let in_folder = format!("sqlite:{}", folder.path().display());
    for url in
        ["", "sqlite:", "sqlite::memory:", "mysql://x", "postgres://x", "/a/path", &in_folder]
    {
        let error = open(url).await.err().unwrap();
        assert!(matches!(error, StoreError::Location { .. }), "{url}: {error}");
    }
}

/// Errors are logged; a log is no place for a person's name or number.
#[tokio::test]
async fn errors_hold_no_values() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    scribe.submit("r2", "g2", content("two", vec![]));
    let mut commit = scribe.commit();
    commit.records[0].source = source_of("r1");
    let error = store.commit(commit).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains("source_record.value"), "{told}");
    assert!(!told.contains(&*source_of("r1").value), "{told}");

    let damage = "UPDATE source_record SET basis = x'ff00', system = 'Amina', client = x'ff'";
    database(&path).execute_batch(damage).unwrap();
    let error = store.records(&[record("r1")]).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(!told.contains("Amina"), "{told}");
}

#[cfg(unix)]
#[tokio::test]
async fn new_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = entry.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn damage_is_told() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    assert!(store.check_structure().await.unwrap().is_empty());
    let faults = "PRAGMA foreign_keys = OFF;
                  DELETE FROM content WHERE number = 0;
                  UPDATE source_record SET basis = 'x' WHERE key = 0;";
    database(&path).execute_batch(faults).unwrap();
    assert!(!store.check_structure().await.unwrap().is_empty());
    let error = store.records(&[record("r1")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}
