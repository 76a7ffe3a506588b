//! Failures of the writing connection, which only this module can bring about.

use registry::{commit::Commit, event::Head, ids::ContentHash};

use super::SqliteStore;
use crate::{Reader, Store, StoreError};

fn explanations(count: u32, text: &str) -> Commit {
    let explanations = (0..count).map(|n| (ContentHash::of(&n.to_string()), text.to_owned()));
    Commit { explanations: explanations.collect(), ..Commit::default() }
}

async fn small_store(folder: &tempfile::TempDir) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("r.db")).await.unwrap();
    let mut writer = store.writer.lock().await;
    // A disk without room, as SQLite sees it: the file may not grow.
    sqlx::query("PRAGMA max_page_count = 80").execute(writer.as_mut().unwrap()).await.unwrap();
    drop(writer);
    store
}

/// When the disk is full SQLite may have ended the transaction on its own, after which sqlx
/// could never begin another one in that connection.
#[tokio::test]
async fn full_disk_refuses_the_commit_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = small_store(&folder).await;
    for _ in 0..2 {
        let error = store.commit(&explanations(300, &"x".repeat(4000))).await.unwrap_err();
        assert!(matches!(error, StoreError::Database(sqlx::Error::Database(_))), "{error}");
        assert_eq!(store.explanation(&ContentHash::of("0")).await.unwrap(), None);
        if store.writer.lock().await.is_none() {
            break;
        }
    }
    store.commit(&explanations(1, "small")).await.unwrap();
    assert_eq!(store.explanation(&ContentHash::of("0")).await.unwrap().as_deref(), Some("small"));
    assert_eq!(store.head().await.unwrap(), Head::start());
    assert!(store.check_structure().await.unwrap().is_empty());
}

/// A caller that goes away mid-commit leaves nothing behind, and the next commit works.
#[tokio::test]
async fn abandoned_commit_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("r.db")).await.unwrap();
    let large = explanations(5000, "large");
    let commit = store.commit(&large);
    let gone = tokio::time::timeout(std::time::Duration::from_millis(3), commit).await;
    assert!(gone.is_err(), "the commit was too quick to be abandoned");
    store.commit(&explanations(1, "small")).await.unwrap();
    assert_eq!(store.explanation(&ContentHash::of("0")).await.unwrap().as_deref(), Some("small"));
    assert_eq!(store.explanation(&ContentHash::of("1")).await.unwrap(), None);
}
