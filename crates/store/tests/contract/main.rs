//! Every clause of the store's contract, on every store; and what only one of them can break.
//!
//! A clause is a function over a fresh store. Commits come from [`scribe::Scribe`], which keeps
//! the state that the store should have.

#![expect(clippy::unwrap_used, reason = "clippy's exception for tests misses their helpers")]

mod accounts;
mod answering;
mod archiving;
mod auditing;
mod commits;
mod concurrent;
mod differential;
mod draft;
mod judging;
mod postgres;
mod queue_filters;
mod queueing;
mod reading;
mod scribe;
mod searching;
mod sqlite_file;
mod tallying;
mod view;

/// Runs each clause on each kind of store. None is skipped.
macro_rules! contract {
    ($($clause:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                super::$clause(std::sync::Arc::new(store::MemoryStore::default())).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                let folder = tempfile::tempdir().unwrap();
                let store = store::SqliteStore::open(&folder.path().join("registry.db")).await;
                super::$clause(std::sync::Arc::new(store.unwrap())).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                let store = store::PostgresStore::open(&testkit::postgres::url()).await;
                super::$clause(std::sync::Arc::new(store.unwrap())).await;
            })*
        }
    };
}
pub(crate) use contract;
