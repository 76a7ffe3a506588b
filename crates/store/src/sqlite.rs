//! The contract in one SQLite file: one writing connection, a few reading ones.
//!
//! Readers see the last commit whole and never wait for the writer (WAL). A second process is
//! kept out by a lock file. A commit and a read each are one hop to a thread that may block (see
//! `connections`). Opening is in `open` and `migrate`, writing in `write`, and reading by topic in
//! `states`, `history`, `judgements` and `search`; `accounts` is people, beside the registry.

mod accounts;
mod answered;
mod archive;
mod audit;
mod checkpoints;
mod connections;
mod history;
mod judgements;
mod migrate;
mod open;
mod queue;
mod rows;
mod search;
mod sql;
mod states;
mod structure;
mod tallies;
#[cfg(test)]
mod tests;
mod words;
mod write;
mod write_index;

use std::path::PathBuf;

use async_trait::async_trait;
use registry::{
    audit::ArchivedEvent,
    commit::Commit,
    event::{Event, Head},
    ids::{ContentHash, Cruid, RecordId, RecordNumber, Revision, SourceKey},
    once::{Answered, OnceKey},
    search::{Filter, Param, SortKey},
    state::{BrokenPair, GoldenState, IssueKind, MatchIssue, RecordState},
    stored::{Counts, PatientTags, StoredPatient, StoredVersion},
};
use rusqlite::Connection;

use self::connections::{Readers, Writer};
use crate::{FoundIds, FoundPersons, Reader, Sought, Store, StoreError, Window};

/// A store in one SQLite file.
pub struct SqliteStore {
    /// For searches, pages and histories, which may take long.
    readers: Readers,
    /// For what decisions rest on, which is found by keys: neither the linker nor the gate for
    /// people waits for a search.
    lookups: Readers,
    /// After the readers, so that the last connection to be dropped is one that can write.
    writer: Writer,
    path: PathBuf,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

impl SqliteStore {
    /// The answer of `work`, all of whose statements see the same revision.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(work).await
    }

    /// As [`Self::read`], for what takes microseconds.
    async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.lookups.read(work).await
    }

    /// As [`Self::look_up`], about each of `wanted`; about nothing there is nothing to read.
    async fn look_up_about<W: Clone + Send + 'static, T: Send + 'static>(
        &self,
        wanted: &[W],
        work: impl FnOnce(&Connection, &[W]) -> Result<Vec<T>, StoreError> + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = wanted.to_vec();
        self.look_up(move |connection| work(connection, &wanted)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.writer.write(move |connection| write::write(connection, &commit)).await
    }

    async fn archive(&self, events: Vec<ArchivedEvent>) -> Result<u64, StoreError> {
        self.writer.write(move |connection| archive::add(connection, &events)).await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.lookups.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Reader for SqliteStore {
    async fn head(&self) -> Result<Head, StoreError> {
        self.look_up(states::head).await
    }

    async fn records(&self, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError> {
        self.look_up_about(ids, states::records).await
    }

    async fn records_of_sources(
        &self,
        sources: &[SourceKey],
    ) -> Result<Vec<RecordState>, StoreError> {
        self.look_up_about(sources, states::records_of_sources).await
    }

    async fn records_numbered(
        &self,
        numbers: &[RecordNumber],
    ) -> Result<Vec<RecordState>, StoreError> {
        self.look_up_about(numbers, states::records_numbered).await
    }

    async fn goldens(&self, ids: &[Cruid]) -> Result<Vec<GoldenState>, StoreError> {
        self.look_up_about(ids, |connection, ids| {
            states::goldens(connection, ids.iter().map(Cruid::as_str))
        })
        .await
    }

    async fn broken_pairs_of(&self, records: &[RecordId]) -> Result<Vec<BrokenPair>, StoreError> {
        self.look_up_about(records, judgements::broken_pairs_of).await
    }

    async fn open_issues_of(&self, records: &[RecordId]) -> Result<Vec<MatchIssue>, StoreError> {
        let sides = [judgements::SUBJECT, judgements::CANDIDATE];
        self.look_up_about(records, move |connection, records| {
            judgements::open_issues_of(connection, records, &sides)
        })
        .await
    }

    async fn open_issues_raised_by(
        &self,
        records: &[RecordId],
    ) -> Result<Vec<MatchIssue>, StoreError> {
        self.look_up_about(records, |connection, records| {
            judgements::open_issues_of(connection, records, &[judgements::SUBJECT])
        })
        .await
    }

    async fn patients(&self, ids: &[String]) -> Result<Vec<StoredPatient>, StoreError> {
        self.look_up_about(ids, states::patients).await
    }

    async fn record_version(
        &self,
        id: &RecordId,
        version: u32,
    ) -> Result<Option<StoredVersion>, StoreError> {
        let id = id.clone();
        self.read(move |connection| history::record_version(connection, &id, version)).await
    }

    async fn record_history(
        &self,
        id: &RecordId,
        window: Window,
    ) -> Result<(Vec<StoredVersion>, u64), StoreError> {
        let id = id.clone();
        self.read(move |connection| history::record_history(connection, &id, window)).await
    }

    async fn golden_history(
        &self,
        id: &Cruid,
        window: Window,
    ) -> Result<(Vec<GoldenState>, u64), StoreError> {
        let id = id.clone();
        self.read(move |connection| history::golden_history(connection, &id, window)).await
    }

    async fn golden_version(
        &self,
        id: &Cruid,
        version: u32,
    ) -> Result<Option<GoldenState>, StoreError> {
        let id = id.clone();
        self.read(move |connection| history::golden_version(connection, &id, version)).await
    }

    async fn search(
        &self,
        filters: &[Filter],
        sort: &[SortKey],
        window: Window,
    ) -> Result<FoundIds, StoreError> {
        let (filters, sort) = (filters.to_vec(), sort.to_vec());
        self.read(move |connection| search::search(connection, &filters, &sort, window)).await
    }

    async fn persons(&self, sought: &Sought, limit: u32) -> Result<FoundPersons, StoreError> {
        let sought = sought.clone();
        self.read(move |connection| search::persons(connection, &sought, limit)).await
    }

    async fn records_after(
        &self,
        after: Option<RecordNumber>,
        limit: u32,
    ) -> Result<Vec<(RecordState, String)>, StoreError> {
        self.read(move |connection| states::records_after(connection, after, limit)).await
    }

    async fn goldens_after(
        &self,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<GoldenState>, StoreError> {
        self.read(move |connection| states::goldens_after(connection, after, limit)).await
    }

    async fn open_issues(&self, window: Window) -> Result<Vec<MatchIssue>, StoreError> {
        self.read(move |connection| judgements::open_issues(connection, window)).await
    }

    async fn open_issues_of_kinds(
        &self,
        kinds: &[IssueKind],
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        let kinds = kinds.to_vec();
        self.read(move |connection| judgements::open_issues_of_kinds(connection, &kinds, window))
            .await
    }

    async fn broken_pairs(&self) -> Result<Vec<BrokenPair>, StoreError> {
        self.read(judgements::broken_pairs).await
    }

    async fn tags_of(&self, ids: &[String]) -> Result<Vec<PatientTags>, StoreError> {
        self.look_up_about(ids, states::tags_of).await
    }

    async fn tag_codes(&self, system: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let system = system.to_owned();
        self.read(move |connection| states::tag_codes(connection, &system, limit)).await
    }

    async fn words(&self, kind: Param, start: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let start = start.to_owned();
        self.read(move |connection| words::words(connection, kind, &start, limit)).await
    }

    async fn events_after(&self, after: Revision, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.look_up(move |connection| history::events_after(connection, after, limit)).await
    }

    async fn explanation(&self, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        let hash = hash.clone();
        self.read(move |connection| history::explanation(connection, &hash)).await
    }

    async fn contents_of(
        &self,
        wanted: &[(RecordId, ContentHash)],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let wanted = wanted.to_vec();
        self.read(move |connection| history::contents_of(connection, &wanted)).await
    }

    async fn explanations(
        &self,
        hashes: &[ContentHash],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let hashes = hashes.to_vec();
        self.read(move |connection| {
            hashes.iter().map(|hash| history::explanation(connection, hash)).collect()
        })
        .await
    }

    async fn archived_of(&self, patient: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let patient = patient.to_owned();
        self.read(move |connection| archive::of(connection, &patient, limit)).await
    }

    async fn archived_after(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let after = after.to_owned();
        self.read(move |connection| archive::after(connection, &after, limit)).await
    }

    async fn answered(&self, keys: &[OnceKey]) -> Result<Vec<Answered>, StoreError> {
        self.look_up_about(keys, answered::of).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(structure::counts).await
    }

    async fn check_structure(&self) -> Result<Vec<String>, StoreError> {
        self.read(structure::check).await
    }

    fn location(&self) -> String {
        self.path.display().to_string()
    }
}
