//! Failures of connections, which only this module can bring about.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use registry::{commit::Commit, event::Head, ids::ContentHash};

use super::SqliteStore;
use crate::{Reader, Store, StoreError};

fn explanations(count: u32, text: &str) -> Commit {
    let explanations = (0..count).map(|n| (ContentHash::of(&n.to_string()), text.to_owned()));
    Commit { explanations: explanations.collect(), ..Commit::default() }
}

async fn explanation(store: &SqliteStore, number: u32) -> Option<String> {
    let explanation = store.explanation(&ContentHash::of(&number.to_string())).await;
    explanation.expect("the store can be read")
}

async fn fresh_store() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = SqliteStore::open(&folder.path().join("r.db")).await;
    (folder, store.expect("a store can be made"))
}

/// Lets `commit` begin or queue up, then goes away.
fn abandon(commit: impl Future<Output = Result<(), StoreError>>) {
    let mut commit = pin!(commit);
    let polled = commit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "the commit was too quick to be abandoned");
}

/// When the disk is full SQLite may have ended the transaction on its own.
#[tokio::test]
async fn full_disk_refuses_the_commit_and_nothing_else() {
    let (_folder, store) = fresh_store().await;
    // A disk without room, as SQLite sees it: the file may not grow.
    let idle = store.writer.idle();
    idle.connections.lock().as_ref().unwrap().execute_batch("PRAGMA max_page_count = 80").unwrap();
    for _ in 0..2 {
        let error = store.commit(explanations(300, &"x".repeat(4000))).await.unwrap_err();
        assert!(matches!(error, StoreError::Database(_)), "{error}");
        assert_eq!(explanation(&store, 0).await, None);
        if idle.connections.lock().is_none() {
            break;
        }
    }
    store.commit(explanations(1, "small")).await.unwrap();
    assert_eq!(explanation(&store, 0).await.as_deref(), Some("small"));
    assert_eq!(store.head().await.unwrap(), Head::start());
    assert!(store.check_structure().await.unwrap().is_empty());
}

/// A commit whose caller goes away after it began is written whole.
#[tokio::test]
async fn commit_abandoned_at_work_is_written_whole() {
    let (_folder, store) = fresh_store().await;
    abandon(store.commit(explanations(5000, "large")));
    store.commit(explanations(1, "small")).await.unwrap();
    for number in [0, 4999] {
        assert_eq!(explanation(&store, number).await.as_deref(), Some("large"));
    }
}

/// A commit whose caller goes away before it began writes nothing.
#[tokio::test]
async fn commit_abandoned_in_the_queue_writes_nothing() {
    let (_folder, store) = fresh_store().await;
    let turn = store.writer.turns().acquire_owned().await.unwrap();
    abandon(store.commit(explanations(2, "large")));
    drop(turn);
    store.commit(explanations(1, "small")).await.unwrap();
    assert_eq!(explanation(&store, 0).await.as_deref(), Some("small"));
    assert_eq!(explanation(&store, 1).await, None);
}

/// A panic takes its transaction with it, and not the store.
#[tokio::test]
async fn panics_leave_the_store_working() {
    let (_folder, store) = fresh_store().await;
    let head = Head::start().hash;
    for _ in 0..6 {
        let write = store.writer.write(|connection| -> Result<(), StoreError> {
            connection.execute_batch("UPDATE head SET hash = 'half'")?;
            panic!("on purpose")
        });
        let error = write.await.unwrap_err();
        assert!(matches!(error, StoreError::Database(_)), "{error}");
        let error = store.read::<()>(|_| panic!("on purpose")).await.unwrap_err();
        assert!(matches!(error, StoreError::Database(_)), "{error}");
    }
    store.commit(explanations(1, "small")).await.unwrap();
    assert_eq!(explanation(&store, 0).await.as_deref(), Some("small"));
    assert_eq!(store.head().await.unwrap().hash, head);
}

/// Once a reader stops reading, the log can be taken into the main file.
#[tokio::test]
async fn reads_leave_no_transaction_open() {
    let (_folder, store) = fresh_store().await;
    store.commit(explanations(10, "x")).await.unwrap();
    for number in 0..10 {
        explanation(&store, number).await;
    }
    store.read::<()>(|_| Err(crate::plan::refused("on purpose"))).await.unwrap_err();
    let idle = store.writer.idle();
    let writer = idle.connections.lock().take().unwrap();
    let (is_busy, left): (bool, i64) = writer
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!((is_busy, left), (false, 0));
}

/// Nobody else may open the file before the last work on it has ended.
#[tokio::test]
async fn store_dropped_at_work_stays_locked_until_the_commit_ends() {
    let (folder, store) = fresh_store().await;
    let path = folder.path().join("r.db");
    abandon(store.commit(explanations(5000, "large")));
    drop(store);
    let store = loop {
        match SqliteStore::open(&path).await {
            Ok(store) => break store,
            Err(error) => assert!(matches!(error, StoreError::InUse(_)), "{error}"),
        }
    };
    assert_eq!(explanation(&store, 4999).await.as_deref(), Some("large"));
}

/// Everything lies in the main file afterwards, and nobody changes it any more.
#[tokio::test]
async fn closed_store_is_one_file_and_refuses_work() {
    let (folder, store) = fresh_store().await;
    store.commit(explanations(10, "x")).await.unwrap();
    assert_eq!(explanation(&store, 9).await.as_deref(), Some("x"));
    store.close().await;
    store.close().await;
    let mut names: Vec<_> =
        folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["r.db", "r.db.lock"]);
    assert!(matches!(store.head().await, Err(StoreError::Database(_))));
    let error = store.commit(explanations(1, "late")).await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
}

/// A search that nobody waits for any more keeps no connection busy.
#[tokio::test]
async fn abandoned_reads_are_interrupted() {
    let (_folder, store) = fresh_store().await;
    let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
                   SELECT COUNT(*) FROM n";
    for _ in 0..6 {
        let read = store.read(|connection| {
            connection.query_row(endless, [], |_| Ok(()))?;
            Ok(())
        });
        let waited = tokio::time::timeout(Duration::from_millis(20), read).await;
        assert!(waited.is_err(), "the search ended by itself");
    }
    // Decisions read by connections of their own; searches get theirs back.
    assert_eq!(store.head().await.unwrap(), Head::start());
    let searched = tokio::time::timeout(Duration::from_secs(10), explanation(&store, 0)).await;
    assert_eq!(searched.unwrap(), None);
}

/// The log is moved beside the commits and is gone when the store is closed.
#[tokio::test]
async fn checkpoints_run_beside_commits() {
    let (folder, store) = fresh_store().await;
    let main = folder.path().join("r.db");
    let empty = std::fs::metadata(&main).unwrap().len();
    for round in 0..40 {
        store.commit(explanations(200, &format!("{round} {}", "x".repeat(500)))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        if std::fs::metadata(&main).unwrap().len() > empty {
            break;
        }
    }
    assert!(std::fs::metadata(&main).unwrap().len() > empty, "nothing was moved");
    store.close().await;
    assert!(!folder.path().join("r.db-wal").exists());
}

/// Explanations that an older release wrote are there after the migration.
#[tokio::test]
async fn explanations_survive_their_migration() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("r.db");
    let before = rusqlite::Connection::open(&path).unwrap();
    before.execute_batch(include_str!("../../migrations/sqlite/0001_init.sql")).unwrap();
    before.pragma_update(None, "user_version", 1).unwrap();
    let hash = ContentHash::of("0");
    let sql = "INSERT INTO explanation (hash, body) VALUES (?, 'as it was')";
    before.execute(sql, [hash.as_str()]).unwrap();
    drop(before);
    let store = SqliteStore::open(&path).await.unwrap();
    store.commit(explanations(2, "new")).await.unwrap();
    assert_eq!(explanation(&store, 0).await.as_deref(), Some("as it was"));
    assert_eq!(explanation(&store, 1).await.as_deref(), Some("new"));
}
