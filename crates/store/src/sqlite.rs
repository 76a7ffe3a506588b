//! The contract in one SQLite file: one writing connection, a few reading ones.
//!
//! Readers see the last commit whole and never wait for the writer (WAL). A second process is
//! kept out by a lock file. Opening is in `open`, writing in `write`, and reading by topic in
//! `states`, `history`, `judgements` and `search`.

mod history;
mod judgements;
mod open;
mod rows;
mod search;
mod sql;
mod states;
mod structure;
#[cfg(test)]
mod tests;
mod write;
mod write_index;

use std::{fs::File, path::PathBuf};

use async_trait::async_trait;
use registry::{
    commit::Commit,
    event::{Event, Head},
    ids::{ContentHash, Cruid, RecordId, RecordNumber, Revision, SourceKey},
    search::{Filter, SortKey},
    state::{BrokenPair, GoldenState, MatchIssue, RecordState},
    stored::{Counts, PatientTags, StoredPatient, StoredVersion},
};
use sqlx::{
    Connection, Sqlite, SqliteConnection, SqlitePool, Transaction, sqlite::SqliteConnectOptions,
};
use tokio::sync::Mutex;

use crate::{FoundIds, Reader, Store, StoreError, Window};

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    options: SqliteConnectOptions,
    /// Empty while a commit is at work, and after one that left its connection in doubt.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    /// Locked for as long as the store lives.
    _lock: File,
}

impl SqliteStore {
    /// A transaction in which every statement sees the same revision.
    async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.readers.begin().await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut slot = self.writer.lock().await;
        // Taken out and put back only when all went well: SQLite ends a transaction by itself
        // when the disk is full, without sqlx knowing, and a caller that goes away leaves one
        // open. A fresh connection has neither trouble.
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => open::connect_writer(&self.options).await?,
        };
        // Immediate takes the write lock before the head is read, so that a stale decision is
        // told from a busy database.
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        if let Err(error) = write::write(&mut tx, commit).await {
            if tx.rollback().await.is_ok() {
                *slot = Some(connection);
            }
            return Err(error);
        }
        tx.commit().await?;
        *slot = Some(connection);
        Ok(())
    }

    async fn close(&self) {
        self.readers.close().await;
        // The last connection that closes takes the log into the main file.
        if let Some(writer) = self.writer.lock().await.take()
            && let Err(error) = writer.close().await
        {
            tracing::warn!(%error, "the database could not be closed in order");
        }
    }
}

#[async_trait]
impl Reader for SqliteStore {
    async fn head(&self) -> Result<Head, StoreError> {
        states::head(&mut *self.readers.acquire().await?).await
    }

    async fn records(&self, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError> {
        states::records(&mut *self.snapshot().await?, ids).await
    }

    async fn records_of_sources(
        &self,
        sources: &[SourceKey],
    ) -> Result<Vec<RecordState>, StoreError> {
        states::records_of_sources(&mut *self.snapshot().await?, sources).await
    }

    async fn records_numbered(
        &self,
        numbers: &[RecordNumber],
    ) -> Result<Vec<RecordState>, StoreError> {
        states::records_numbered(&mut *self.snapshot().await?, numbers).await
    }

    async fn goldens(&self, ids: &[Cruid]) -> Result<Vec<GoldenState>, StoreError> {
        let ids: Vec<&str> = ids.iter().map(Cruid::as_str).collect();
        states::goldens(&mut *self.snapshot().await?, &ids).await
    }

    async fn broken_pairs_of(&self, records: &[RecordId]) -> Result<Vec<BrokenPair>, StoreError> {
        judgements::broken_pairs_of(&mut *self.snapshot().await?, records).await
    }

    async fn open_issues_of(&self, records: &[RecordId]) -> Result<Vec<MatchIssue>, StoreError> {
        let sides = [judgements::SUBJECT, judgements::CANDIDATE];
        judgements::open_issues_of(&mut *self.snapshot().await?, records, &sides).await
    }

    async fn open_issues_raised_by(
        &self,
        records: &[RecordId],
    ) -> Result<Vec<MatchIssue>, StoreError> {
        let sides = [judgements::SUBJECT];
        judgements::open_issues_of(&mut *self.snapshot().await?, records, &sides).await
    }

    async fn patients(&self, ids: &[String]) -> Result<Vec<StoredPatient>, StoreError> {
        states::patients(&mut *self.snapshot().await?, ids).await
    }

    async fn record_version(
        &self,
        id: &RecordId,
        version: u32,
    ) -> Result<Option<StoredVersion>, StoreError> {
        history::record_version(&mut *self.readers.acquire().await?, id, version).await
    }

    async fn record_history(
        &self,
        id: &RecordId,
        window: Window,
    ) -> Result<(Vec<StoredVersion>, u64), StoreError> {
        history::record_history(&mut *self.snapshot().await?, id, window).await
    }

    async fn golden_history(
        &self,
        id: &Cruid,
        window: Window,
    ) -> Result<(Vec<GoldenState>, u64), StoreError> {
        history::golden_history(&mut *self.snapshot().await?, id, window).await
    }

    async fn golden_version(
        &self,
        id: &Cruid,
        version: u32,
    ) -> Result<Option<GoldenState>, StoreError> {
        history::golden_version(&mut *self.readers.acquire().await?, id, version).await
    }

    async fn search(
        &self,
        filters: &[Filter],
        sort: &[SortKey],
        window: Window,
    ) -> Result<FoundIds, StoreError> {
        search::search(&mut *self.snapshot().await?, filters, sort, window).await
    }

    async fn records_after(
        &self,
        after: Option<RecordNumber>,
        limit: u32,
    ) -> Result<Vec<(RecordState, String)>, StoreError> {
        states::records_after(&mut *self.readers.acquire().await?, after, limit).await
    }

    async fn goldens_after(
        &self,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<GoldenState>, StoreError> {
        states::goldens_after(&mut *self.readers.acquire().await?, after, limit).await
    }

    async fn open_issues(&self, window: Window) -> Result<Vec<MatchIssue>, StoreError> {
        judgements::open_issues(&mut *self.readers.acquire().await?, window).await
    }

    async fn broken_pairs(&self) -> Result<Vec<BrokenPair>, StoreError> {
        judgements::broken_pairs(&mut *self.readers.acquire().await?).await
    }

    async fn tags_of(&self, ids: &[String]) -> Result<Vec<PatientTags>, StoreError> {
        states::tags_of(&mut *self.snapshot().await?, ids).await
    }

    async fn events_after(&self, after: Revision, limit: u32) -> Result<Vec<Event>, StoreError> {
        history::events_after(&mut *self.readers.acquire().await?, after, limit).await
    }

    async fn explanation(&self, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        history::explanation(&mut *self.readers.acquire().await?, hash).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        structure::counts(&mut *self.snapshot().await?).await
    }

    fn location(&self) -> String {
        self.path.display().to_string()
    }

    async fn check_structure(&self) -> Result<Vec<String>, StoreError> {
        structure::check(&mut *self.snapshot().await?).await
    }
}
