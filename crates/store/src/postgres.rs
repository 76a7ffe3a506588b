//! The contract in one schema of a PostgreSQL database, which several nodes may share.
//!
//! A commit locks the one row of `head`, so commits follow each other, and one that was decided on
//! an older head is refused (`write`). Readers see the last commit whole and never wait for a
//! writer. Where the database is and how it is reached is in `location`, `tls` and `pool`; the
//! schema in `migrate`; what other nodes did is heard of by `follow`. Reading is by topic in
//! `states`, `history`, `judgements` and `search`; `accounts` is people, beside the registry.

mod accounts;
mod answered;
mod archive;
mod audit;
mod error;
mod follow;
mod history;
mod judgements;
mod location;
mod migrate;
mod pool;
mod queue;
mod rows;
mod search;
mod sql;
mod states;
mod structure;
mod tallies;
mod tls;
pub(crate) mod turn;
mod words;
mod write;
mod write_index;

use std::{sync::OnceLock, time::Duration};

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
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use self::{
    error::Broken,
    follow::Listener,
    location::Location,
    pool::Connections,
    rows::text,
    sql::{Db, count},
    turn::{Held, Mine},
};
use crate::{FoundIds, FoundPersons, Reader, Sought, Store, StoreError, Turn, Window};

/// A store in one schema of a PostgreSQL database.
pub struct PostgresStore {
    /// For searches, pages and histories, which may take long.
    pages: Connections,
    /// For commits and for what decisions rest on, which is found by keys: neither the linker nor
    /// the gate for people waits for a search.
    work: Connections,
    /// Begins with the first question for other nodes' commits.
    listener: OnceLock<Listener>,
    config: Config,
    tls: MakeRustlsConnect,
    channel: String,
    turn: Mine,
    shown: String,
}

impl PostgresStore {
    /// Opens the store at `url`, `postgres://…`, making and migrating the schema as needed.
    ///
    /// # Errors
    ///
    /// As [`crate::open`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_as(url, true).await
    }

    /// The same without making anything: a schema that lacks migrations is refused.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::open`].
    pub async fn open_beside(url: &str) -> Result<Self, StoreError> {
        Self::open_as(url, false).await
    }

    async fn open_as(url: &str, may_migrate: bool) -> Result<Self, StoreError> {
        let location = Location::parse(url, std::env::var("PGPASSWORD").ok())?;
        let tls = tls::connector(&location)?;
        let half = location.pool_max / 2;
        let work = Connections::new(&location, tls.clone(), half)?;
        let pages = Connections::new(&location, tls.clone(), location.pool_max - half)?;
        match may_migrate {
            true => migrate::migrate(&work, &location).await?,
            false => migrate::check(&work, &location).await?,
        }
        let Location { config, shown, schema, .. } = location;
        let channel = format!("{schema}_commits");
        Ok(Self {
            pages,
            work,
            listener: OnceLock::new(),
            config,
            tls,
            channel,
            turn: Mine::default(),
            shown,
        })
    }

    /// Whether there is a registry at `url`, whatever its release.
    ///
    /// # Errors
    ///
    /// As [`crate::open`], if that cannot be found out.
    pub async fn is_there(url: &str) -> Result<bool, StoreError> {
        let location = Location::parse(url, std::env::var("PGPASSWORD").ok())?;
        let connections = Connections::new(&location, tls::connector(&location)?, 1)?;
        migrate::is_there(&connections, &location).await
    }

    async fn read<T>(
        &self,
        work: impl AsyncFnOnce(Db<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.pages.read(work).await
    }

    async fn look_up<T>(
        &self,
        work: impl AsyncFnOnce(Db<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.work.look_up(work).await
    }

    async fn change<T>(
        &self,
        work: impl AsyncFnOnce(Db<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.work.change(work).await
    }
}

/// Writes `commit`. If the answer is lost on the way, the event chain is asked: an event's hash
/// is no other's.
async fn write_durably(
    work: Connections,
    commit: Commit,
    channel: String,
    turn: Mine,
) -> Result<(), StoreError> {
    let mut queue = turn.queue();
    let mut written =
        work.change(async |db| write::write(db, &commit, &channel, &queue).await).await;
    if queue.gives_up() {
        // The turn is a courtesy; the head alone says who came first.
        tracing::warn!("another node has its turn for longer than a batch takes; going on without");
        written = work.change(async |db| write::write(db, &commit, &channel, &queue).await).await;
    }
    let (Err(StoreError::Unavailable(_)), Some(last)) = (&written, commit.events.last()) else {
        return written;
    };
    let revision = count(last.revision.0)?;
    let sql = "SELECT hash FROM event WHERE revision = $1";
    let found = work
        .look_up(async |db| {
            db.first(sql, &[&revision], |row| Ok(*text(row, 0)? == *last.hash.as_str())).await
        })
        .await;
    if matches!(found, Ok(Some(true))) { Ok(()) } else { written }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let (channel, turn) = (self.channel.clone(), self.turn.clone());
        let work = write_durably(self.work.clone(), commit, channel, turn);
        // Once begun it goes on to its end, even if the caller goes away.
        tokio::spawn(work).await.unwrap_or_else(|_| Err(Broken::Ended.into()))
    }

    async fn archive(&self, events: Vec<ArchivedEvent>) -> Result<u64, StoreError> {
        self.change(async |db| archive::add(db, &events).await).await
    }

    async fn close(&self) {
        if let Some(listener) = self.listener.get() {
            listener.close();
        }
        self.pages.close();
        self.work.close();
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn turn(&self) -> Result<Turn, StoreError> {
        let taking = Held::take(&self.work, &self.turn, &self.channel);
        Ok(Turn(Some(self.work.within(taking).await?)))
    }

    async fn newest_after(
        &self,
        seen: Revision,
        patience: Duration,
    ) -> Result<Revision, StoreError> {
        let listener = self.listener.get_or_init(|| {
            Listener::start(self.config.clone(), self.tls.clone(), self.channel.clone())
        });
        listener.hear(seen, patience).await;
        Ok(self.head().await?.revision)
    }
}

#[async_trait]
impl Reader for PostgresStore {
    async fn head(&self) -> Result<Head, StoreError> {
        self.look_up(async |db| states::head(db).await).await
    }

    async fn records(&self, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| states::records(db, ids).await).await
    }

    async fn records_of_sources(
        &self,
        sources: &[SourceKey],
    ) -> Result<Vec<RecordState>, StoreError> {
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| states::records_of_sources(db, sources).await).await
    }

    async fn records_numbered(
        &self,
        numbers: &[RecordNumber],
    ) -> Result<Vec<RecordState>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| states::records_numbered(db, numbers).await).await
    }

    async fn goldens(&self, ids: &[Cruid]) -> Result<Vec<GoldenState>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| states::goldens(db, ids.iter().map(Cruid::as_str)).await).await
    }

    async fn broken_pairs_of(&self, records: &[RecordId]) -> Result<Vec<BrokenPair>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| judgements::broken_pairs_of(db, records).await).await
    }

    async fn open_issues_of(&self, records: &[RecordId]) -> Result<Vec<MatchIssue>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| judgements::open_issues_of(db, records).await).await
    }

    async fn open_issues_raised_by(
        &self,
        records: &[RecordId],
    ) -> Result<Vec<MatchIssue>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| judgements::open_issues_raised_by(db, records).await).await
    }

    async fn patients(&self, ids: &[String]) -> Result<Vec<StoredPatient>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.work.read(async |db| states::patients(db, ids).await).await
    }

    async fn record_version(
        &self,
        id: &RecordId,
        version: u32,
    ) -> Result<Option<StoredVersion>, StoreError> {
        self.pages.look_up(async |db| history::record_version(db, id, version).await).await
    }

    async fn record_history(
        &self,
        id: &RecordId,
        window: Window,
    ) -> Result<(Vec<StoredVersion>, u64), StoreError> {
        self.read(async |db| history::record_history(db, id, window).await).await
    }

    async fn golden_history(
        &self,
        id: &Cruid,
        window: Window,
    ) -> Result<(Vec<GoldenState>, u64), StoreError> {
        self.read(async |db| history::golden_history(db, id, window).await).await
    }

    async fn golden_version(
        &self,
        id: &Cruid,
        version: u32,
    ) -> Result<Option<GoldenState>, StoreError> {
        self.pages.look_up(async |db| history::golden_version(db, id, version).await).await
    }

    async fn search(
        &self,
        filters: &[Filter],
        sort: &[SortKey],
        window: Window,
    ) -> Result<FoundIds, StoreError> {
        self.read(async |db| search::search(db, filters, sort, window).await).await
    }

    async fn persons(&self, sought: &Sought, limit: u32) -> Result<FoundPersons, StoreError> {
        self.read(async |db| search::persons(db, sought, limit).await).await
    }

    async fn records_after(
        &self,
        after: Option<RecordNumber>,
        limit: u32,
    ) -> Result<Vec<(RecordState, String)>, StoreError> {
        self.pages.look_up(async |db| states::records_after(db, after, limit).await).await
    }

    async fn goldens_after(
        &self,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<GoldenState>, StoreError> {
        self.pages.look_up(async |db| states::goldens_after(db, after, limit).await).await
    }

    async fn open_issues(&self, window: Window) -> Result<Vec<MatchIssue>, StoreError> {
        self.pages.look_up(async |db| judgements::open_issues(db, window).await).await
    }

    async fn open_issues_of_kinds(
        &self,
        kinds: &[IssueKind],
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        self.read(async |db| judgements::open_issues_of_kinds(db, kinds, window).await).await
    }

    async fn broken_pairs(&self) -> Result<Vec<BrokenPair>, StoreError> {
        self.pages.look_up(async |db| judgements::broken_pairs(db).await).await
    }

    async fn tags_of(&self, ids: &[String]) -> Result<Vec<PatientTags>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.look_up(async |db| states::tags_of(db, ids).await).await
    }

    async fn tag_codes(&self, system: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(async |db| states::tag_codes(db, system, limit).await).await
    }

    async fn words(&self, kind: Param, start: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(async |db| words::words(db, kind, start, limit).await).await
    }

    async fn events_after(&self, after: Revision, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.look_up(async |db| history::events_after(db, after, limit).await).await
    }

    async fn explanation(&self, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        self.pages.look_up(async |db| history::explanation(db, hash).await).await
    }

    async fn archived_of(&self, patient: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(async |db| archive::of(db, patient, limit).await).await
    }

    async fn archived_after(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.read(async |db| archive::after(db, after, limit).await).await
    }

    async fn answered(&self, keys: &[OnceKey]) -> Result<Vec<Answered>, StoreError> {
        self.look_up(async |db| answered::of(db, keys).await).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(async |db| structure::counts(db).await).await
    }

    async fn check_structure(&self) -> Result<Vec<String>, StoreError> {
        self.read(async |db| structure::check(db).await).await
    }

    fn location(&self) -> String {
        self.shown.clone()
    }
}
