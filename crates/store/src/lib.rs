//! Where the registry's state lies: one contract, several stores.
//!
//! The contract in prose. A store keeps exactly what commits wrote. A commit is written whole
//! or not at all, durably before it returns, and only if its `decided_at` is still the newest
//! revision. A read sees one revision, never half of a commit. Nothing here decides, scores,
//! parses FHIR or speaks HTTP; reads go from edges straight to [`Reader`], writes come only from
//! `pipeline`.
//!
//! SQL lives in this room and nowhere else.

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
use std::{sync::Arc, time::Duration};
use thiserror::Error;

mod accounts;
mod audit;
mod draft;
mod memory;
mod moving;
mod plan;
mod postgres;
mod queue;
mod shape;
mod sought;
mod sqlite;
mod tallies;
pub mod threads;

pub use accounts::{Accounts, AttemptLimit, Changed, SESSIONS_MAX};
pub use audit::{AUDIT_CUT_MAX, AuditLog};
pub use draft::DraftStore;
pub use memory::MemoryStore;
pub use postgres::PostgresStore;
pub use queue::{Queue, QueueFilter};
pub use sought::{FoundPersons, Sought};
pub use sqlite::SqliteStore;
pub use tallies::Tallies;

/// Why a store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another commit landed after the state that this one was decided on: read and decide again.
    #[error("the registry is at revision {current}, not at {decided_at} as the commit expects")]
    Stale {
        /// What the commit was decided on.
        decided_at: Revision,
        /// What the store is at.
        current: Revision,
    },
    /// The location is not one that a store can be opened at.
    #[error("cannot open a store at `{url}`: {reason}")]
    Location {
        /// The location asked for.
        url: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// Another process has the store open for writing.
    #[error("the store in {0} is open in another process; stop it first, or send to its server")]
    InUse(String),
    /// The database is as an older release left it, and was to be left as it is.
    #[error("the store has the shape of an older release: {0}")]
    Older(String),
    /// The database was written by a newer release.
    #[error("the store was written by a newer release: {0}")]
    Newer(String),
    /// The database could not be reached or refused. Nothing was written, unless the failure came
    /// while a commit was being flushed: then the head tells. The source names tables and columns,
    /// never a value.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Others keep the database busy: a lock, a connection or an answer did not come in time, and
    /// nothing was written. Try again.
    #[error("the database is busy")]
    Busy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database is not there: unreachable, starting, stopping, a replica, or its disk is full.
    /// Nothing was written, unless the failure came while a commit was being flushed.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The commit contradicts itself or what is stored: a fault of whoever made it. Nothing was
    /// written.
    #[error("the commit is refused: {0}")]
    Refused(String),
    /// The store is a [`DraftStore`], which forgets this.
    #[error("a draft keeps no {0}")]
    NotKept(&'static str),
    /// What is stored does not fit the contract.
    #[error("stored data is damaged: {0}; run `opencr verify`")]
    Damaged(String),
}

/// Which part of a result list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many results to pass over.
    pub offset: u64,
    /// How many to give at the most; zero gives none, only the total.
    pub limit: u64,
}

/// The ids of the patients that fit a search, and how many fit in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundIds {
    /// FHIR ids of source and golden records, in the order asked for.
    pub ids: Vec<String>,
    /// How many there are without the window.
    pub total: u64,
}

/// A read-only view of the registry's state.
///
/// Lists of ids may hold repetitions and unknown ids: each known one is given once, unknown
/// ones are left out, in no particular order unless stated. All errors are [`StoreError`]s of
/// the kinds `Database`, `Busy`, `Unavailable` and `Damaged`.
#[async_trait]
pub trait Reader: Send + Sync {
    /// The end of the event chain and the next free numbers.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Source records by id.
    async fn records(&self, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError>;

    /// Source records by their number in the match index.
    async fn records_numbered(
        &self,
        numbers: &[RecordNumber],
    ) -> Result<Vec<RecordState>, StoreError>;

    /// Source records by identity, withdrawn ones included.
    async fn records_of_sources(
        &self,
        sources: &[SourceKey],
    ) -> Result<Vec<RecordState>, StoreError>;

    /// Golden records by CRUID, with their members.
    async fn goldens(&self, ids: &[Cruid]) -> Result<Vec<GoldenState>, StoreError>;

    /// Every pair declared different in which one of `records` takes part.
    async fn broken_pairs_of(&self, records: &[RecordId]) -> Result<Vec<BrokenPair>, StoreError>;

    /// Every open issue in which one of `records` takes part, on either side.
    async fn open_issues_of(&self, records: &[RecordId]) -> Result<Vec<MatchIssue>, StoreError>;

    /// Every open issue of which one of `records` is the subject.
    async fn open_issues_raised_by(
        &self,
        records: &[RecordId],
    ) -> Result<Vec<MatchIssue>, StoreError>;

    /// Patients by FHIR id, in the order of `ids`.
    async fn patients(&self, ids: &[String]) -> Result<Vec<StoredPatient>, StoreError>;

    /// One version of a source record.
    async fn record_version(
        &self,
        id: &RecordId,
        version: u32,
    ) -> Result<Option<StoredVersion>, StoreError>;

    /// Versions of a source record, newest first, within the window; and how many there are.
    async fn record_history(
        &self,
        id: &RecordId,
        window: Window,
    ) -> Result<(Vec<StoredVersion>, u64), StoreError>;

    /// Versions of a golden record, newest first, within the window; and how many there are.
    async fn golden_history(
        &self,
        id: &Cruid,
        window: Window,
    ) -> Result<(Vec<GoldenState>, u64), StoreError>;

    /// One version of a golden record.
    async fn golden_version(
        &self,
        id: &Cruid,
        version: u32,
    ) -> Result<Option<GoldenState>, StoreError>;

    /// The patients that fit all `filters`: live source records and all golden records but
    /// retired ones. Ordered by `sort`, then by age (older first, a source record before the
    /// golden record made for it).
    async fn search(
        &self,
        filters: &[Filter],
        sort: &[SortKey],
        window: Window,
    ) -> Result<FoundIds, StoreError>;

    /// The persons of live source records for which all that is sought holds. `limit` records are
    /// looked at; which ones, where more fit, is the store's choice: whatever is found soonest.
    async fn persons(&self, sought: &Sought, limit: u32) -> Result<FoundPersons, StoreError>;

    /// Source records with a number above `after` in order of number, withdrawn ones included,
    /// each with its newest content; for building the match index and for checking.
    async fn records_after(
        &self,
        after: Option<RecordNumber>,
        limit: u32,
    ) -> Result<Vec<(RecordState, String)>, StoreError>;

    /// Golden records of whatever status with a number above `after`, in order of number.
    async fn goldens_after(
        &self,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<GoldenState>, StoreError>;

    /// Every open issue in order of opening, within the window; for checking and work lists.
    async fn open_issues(&self, window: Window) -> Result<Vec<MatchIssue>, StoreError>;

    /// Open issues of these kinds in order of opening, within the window, and how many there are
    /// in all; for work lists.
    async fn open_issues_of_kinds(
        &self,
        kinds: &[IssueKind],
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError>;

    /// Every pair declared different.
    async fn broken_pairs(&self) -> Result<Vec<BrokenPair>, StoreError>;

    /// The registry's own tags of these patients as searches see them; for checking.
    async fn tags_of(&self, ids: &[String]) -> Result<Vec<PatientTags>, StoreError>;

    /// The codes of a system under which patients carry tags that their sources put on them, in
    /// ascending order; the first `limit` of them.
    async fn tag_codes(&self, system: &str, limit: u32) -> Result<Vec<String>, StoreError>;

    /// The folded texts of a kind that begin with `start` and that some live record is found by, each
    /// once, in ascending order of code points; the first `limit` of them. Very long ones may be cut.
    async fn words(&self, kind: Param, start: &str, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Events after a revision, in order.
    async fn events_after(&self, after: Revision, limit: u32) -> Result<Vec<Event>, StoreError>;

    /// A stored explanation as JSON text.
    async fn explanation(&self, hash: &ContentHash) -> Result<Option<String>, StoreError>;

    /// For each record and hash the content of that hash among the record's versions, in the order
    /// asked for; for moving a registry.
    async fn contents_of(
        &self,
        wanted: &[(RecordId, ContentHash)],
    ) -> Result<Vec<Option<String>>, StoreError> {
        moving::contents_of(self, wanted).await
    }

    /// Stored explanations in the order asked for; for moving a registry.
    async fn explanations(
        &self,
        hashes: &[ContentHash],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let mut texts = Vec::with_capacity(hashes.len());
        for hash in hashes {
            texts.push(self.explanation(hash).await?);
        }
        Ok(texts)
    }

    /// AuditEvents of another registry that name a Patient ([`Store::archive`]), newest first, as
    /// JSON texts.
    async fn archived_of(&self, patient: &str, limit: u32) -> Result<Vec<String>, StoreError>;

    /// All of them with an id after this one, in order of ids, as JSON texts; for moving a
    /// registry.
    async fn archived_after(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError>;

    /// What was answered to these acts, as far as they were carried out within
    /// [`registry::once::KEPT_MICROS`].
    async fn answered(&self, keys: &[OnceKey]) -> Result<Vec<Answered>, StoreError>;

    /// How many things there are.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Where the data lies, for people: a path or a server's address without secrets.
    fn location(&self) -> String;

    /// Checks the database's own structure, where it has a means to; gives what is wrong.
    async fn check_structure(&self) -> Result<Vec<String>, StoreError>;
}

/// A store that can be written: [`Reader`], the one way to write, and beside it the [`AuditLog`],
/// the figures ([`Tallies`]) and the work [`Queue`].
#[async_trait]
pub trait Store: Reader + AuditLog + Tallies + Queue {
    /// Writes all of `commit` durably, or nothing. Whoever no longer waits learns only from the
    /// head which of the two it was.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Stale`]: another commit landed first; read, match and decide again.
    /// - [`StoreError::Refused`]: the commit contradicts itself or what is stored.
    /// - [`StoreError::Database`]: the database refused; nothing was written.
    /// - [`StoreError::Busy`], [`StoreError::Unavailable`]: try again later.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    /// Keeps AuditEvents of another registry, all or none; those whose id is there already are
    /// passed over. Gives how many were not.
    async fn archive(&self, events: Vec<ArchivedEvent>) -> Result<u64, StoreError>;

    /// Ends the work with the store in order, so that everything lies in its main file.
    ///
    /// Nothing is lost without it; but then a copy of the main file alone is not the registry.
    async fn close(&self);

    /// Whether other processes may commit, too.
    fn is_shared(&self) -> bool {
        false
    }

    /// Waits until nobody else commits, and lets nobody commit until the turn ends: for a node that
    /// others came before, which is then sure to be heard.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if others take too long, and what any read fails with.
    async fn turn(&self) -> Result<Turn, StoreError> {
        Ok(Turn(None))
    }

    /// Waits until somebody may have committed after `seen`, `patience` at the most, and gives the
    /// newest revision.
    async fn newest_after(
        &self,
        seen: Revision,
        patience: Duration,
    ) -> Result<Revision, StoreError> {
        let newest = self.head().await?.revision;
        if newest > seen {
            return Ok(newest);
        }
        tokio::time::sleep(patience).await;
        Ok(self.head().await?.revision)
    }
}

/// A node's turn to decide, until it is handed on or dropped.
pub struct Turn(Option<postgres::turn::Held>);

impl Turn {
    /// Hands it on.
    pub fn end(self) {
        if let Some(held) = self.0 {
            held.end();
        }
    }
}

/// One store, as each of those who use it sees it.
#[derive(Clone)]
pub struct Opened {
    /// The registry.
    pub store: Arc<dyn Store>,
    /// Who may sign in.
    pub accounts: Arc<dyn Accounts>,
}

impl Opened {
    fn of<S: Store + Accounts + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Self { accounts: store.clone(), store }
    }
}

/// Opens the store at `url`: `memory:`, `sqlite:<file>` or `postgres://…`, creating and migrating as
/// needed.
///
/// # Errors
///
/// [`StoreError::Location`] for another kind of url or a folder that cannot be made,
/// [`StoreError::InUse`] if another process writes there, [`StoreError::Newer`],
/// [`StoreError::Unavailable`] and [`StoreError::Database`] if the database cannot be used.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(open_all(url).await?.store)
}

/// Opens the store at `url` only to read, also while another process writes there.
///
/// Whatever would be written is refused by the database.
///
/// # Errors
///
/// As [`open`], but never [`StoreError::InUse`]; [`StoreError::Location`] also if there is no store
/// yet, or one of an older release that nobody has opened with this one.
pub async fn open_beside(url: &str) -> Result<Opened, StoreError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(Opened::of(SqliteStore::open_beside(path.as_ref()).await?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Opened::of(PostgresStore::open_beside(url).await?));
    }
    open_all(url).await
}

/// As [`open`], for who needs more of it than the registry.
///
/// # Errors
///
/// As [`open`].
pub async fn open_all(url: &str) -> Result<Opened, StoreError> {
    if url == "memory:" {
        return Ok(Opened::of(MemoryStore::default()));
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(Opened::of(SqliteStore::open(path.as_ref()).await?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Opened::of(PostgresStore::open(url).await?));
    }
    let reason = "write `sqlite:<file>`, `postgres://<role>@<host>/<database>` or `memory:`";
    Err(StoreError::Location { url: url.to_owned(), reason: reason.to_owned() })
}

/// Whether there is a store at `url`, without making one.
///
/// # Errors
///
/// As [`open`], if that cannot be found out.
pub async fn is_there(url: &str) -> Result<bool, StoreError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(std::path::Path::new(path).exists());
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return PostgresStore::is_there(url).await;
    }
    Ok(true)
}
