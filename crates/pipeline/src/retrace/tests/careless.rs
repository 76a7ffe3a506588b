//! A store that can be told to take commits that were decided on an old state.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use registry::{
    aside::Aside,
    audit::{ArchivedEvent, AuditHead, AuditRecord},
    batch::{Batch, Note},
    commit::{Change, Commit},
    decide::{Decision, Outcome},
    event::{Event, EventBody, Head},
    ids::{
        ContentHash, Cruid, GoldenNumber, IssueId, RecordId, RecordNumber, Revision, SourceKey,
        Timestamp,
    },
    once::{Answered, OnceKey},
    search::{Filter, Param, SortKey},
    state::{BrokenPair, GoldenState, IssueKind, MatchIssue, RecordState},
    stored::{Counts, PatientTags, StoredPatient, StoredVersion},
    tally::{Tally, TallyHead, TallyKind, TallyStep},
    vocabulary::Vocabulary,
};
use store::{
    AuditLog, FoundIds, FoundPersons, MemoryStore, Queue, QueueFilter, Reader, Sought, Store,
    StoreError, Tallies, Window,
};

use crate::{load, retrace::subjects::Issues};

/// How long a commit takes, so that another node often comes first.
const SLOW: Duration = Duration::from_millis(2);

/// What becomes of a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It is refused if it is stale, as it has to be.
    Checking,
    /// The same, and otherwise filed anew all the same, which may change nothing.
    CheckingAndRefiling,
    /// It is taken, stale or not.
    Careless,
}

/// A store in memory that several nodes share.
pub(super) struct Careless {
    inner: MemoryStore,
    manner: Manner,
    /// One commit at a time, as a database's lock on the head has it.
    turn: tokio::sync::Mutex<Issues>,
}

impl Careless {
    pub(super) fn new(manner: Manner) -> Self {
        let turn = tokio::sync::Mutex::new(Issues::default());
        Self { inner: MemoryStore::default(), manner, turn }
    }

    /// The same decisions, filed behind what others have committed since: numbers, revisions and
    /// hashes are as they have to be, and only the decisions are out of date.
    async fn refiled(&self, stale: Commit, head: Head, issues: &Issues) -> Commit {
        let bodies: Vec<EventBody> =
            stale.events.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect();
        let mut shift = Shift::of(&bodies, &head);
        let mut ruleset = String::new();
        let mut decisions = Vec::new();
        for body in bodies {
            let changes: Vec<Change> =
                body.changes.iter().filter_map(|one| shift.apply(one, issues)).collect();
            ruleset.clone_from(&body.ruleset);
            decisions.push((body, changes));
        }
        let all: Vec<Change> = decisions.iter().flat_map(|(_, changes)| changes).cloned().collect();
        let standing = load::case(&self.inner, &issues.named(&all)).await.unwrap();
        let mut batch = Batch::new(head, standing, ruleset);
        for (body, changes) in decisions {
            let decision = Decision {
                verb: body.verb,
                changes,
                content: None,
                explanations: Vec::new(),
                subjects: Vec::new(),
                outcome: Outcome::Adjudicated,
                candidates_total: None,
            };
            batch.push_noted(&body.actor, body.at, decision, Note::default());
        }
        let mut commit = batch.finish(&Vocabulary::default());
        commit.contents = stale.contents;
        commit.explanations = stale.explanations;
        commit
    }
}

/// From where decisions were filed to where they are.
struct Shift {
    revisions: u64,
    records: u32,
    goldens: u32,
    /// Issues opened on the way, by the ids that they had.
    opened: HashMap<IssueId, IssueId>,
}

impl Shift {
    fn of(bodies: &[EventBody], head: &Head) -> Self {
        let mut changes = bodies.iter().flat_map(|body| &body.changes);
        let record = changes.clone().find_map(|change| match change {
            Change::CreateRecord { number, .. } => Some(number.0),
            _ => None,
        });
        let golden = changes.find_map(|change| match change {
            Change::CreateGolden { number, .. } => Some(number.0),
            _ => None,
        });
        Self {
            revisions: head.revision.0 + 1 - bodies[0].revision.0,
            records: record.map_or(0, |number| head.next_record - number),
            goldens: golden.map_or(0, |number| head.next_golden - number),
            opened: HashMap::new(),
        }
    }

    /// None for what others have done by now.
    fn apply(&mut self, change: &Change, issues: &Issues) -> Option<Change> {
        let mut change = change.clone();
        match &mut change {
            Change::CreateRecord { number, basis, .. } => {
                *number = RecordNumber(number.0 + self.records);
                basis.revision = Revision(basis.revision.0 + self.revisions);
            }
            Change::CreateGolden { number, .. } => {
                *number = GoldenNumber(number.0 + self.goldens);
            }
            Change::Link { basis, .. } => {
                basis.revision = Revision(basis.revision.0 + self.revisions);
            }
            Change::OpenIssue { issue } => {
                let (revision, number) = issue.id.as_str().split_once('-').unwrap();
                let revision = revision.parse::<u64>().unwrap() + self.revisions;
                let id = IssueId::new(format!("{revision}-{number}"));
                self.opened.insert(issue.id.clone(), id.clone());
                issue.id = id;
            }
            Change::CloseIssue { issue, .. } => match self.opened.get(issue) {
                Some(id) => *issue = id.clone(),
                None if issues.is_open(issue) => {}
                None => return None,
            },
            _ => {}
        }
        Some(change)
    }
}

#[async_trait]
impl Store for Careless {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        tokio::time::sleep(SLOW).await;
        let mut issues = self.turn.lock().await;
        let head = self.inner.head().await?;
        let is_stale = head.revision != commit.decided_at;
        let refiles = match self.manner {
            Manner::Checking => false,
            Manner::CheckingAndRefiling => !is_stale,
            Manner::Careless => is_stale,
        };
        let commit = if refiles { self.refiled(commit, head, &issues).await } else { commit };
        let events = commit.events.clone();
        self.inner.commit(commit).await?;
        for event in events {
            let body: EventBody = serde_json::from_str(&event.body).unwrap();
            issues.follow(&body.changes);
        }
        Ok(())
    }

    async fn archive(&self, events: Vec<ArchivedEvent>) -> Result<u64, StoreError> {
        self.inner.archive(events).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }

    fn is_shared(&self) -> bool {
        true
    }
}

/// Hands questions on.
macro_rules! ask_inner {
    ($contract:ident $(with $plain:ident)?: $($verb:ident($($name:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl $contract for Careless {
            $(async fn $verb(&self, $($name: $kind),*) -> Result<$answer, StoreError> {
                self.inner.$verb($($name),*).await
            })*

            $(fn $plain(&self) -> String {
                self.inner.$plain()
            })?
        }
    };
}

ask_inner! { AuditLog:
    audit_ends() -> (AuditHead, AuditHead);
    begin_audit_at(anchor: AuditHead) -> ();
    append_audit(records: Vec<AuditRecord>) -> ();
    audit_after(after: u64, limit: u32) -> Vec<AuditRecord>;
    cut_audit(before: Timestamp) -> u64;
}

ask_inner! { Queue:
    queued(filter: &QueueFilter, now: Timestamp, window: Window) -> (Vec<MatchIssue>, u64);
    aside_of(record: &RecordId, now: Timestamp) -> Option<Aside>;
    put_aside(aside: Aside) -> ();
    take_back(record: &RecordId) -> bool;
}

ask_inner! { Tallies:
    tally_head() -> TallyHead;
    tallies(kind: TallyKind, since: &str) -> Vec<Tally>;
    tally(step: TallyStep) -> bool;
}

ask_inner! { Reader with location:
    head() -> Head;
    records(ids: &[RecordId]) -> Vec<RecordState>;
    records_numbered(numbers: &[RecordNumber]) -> Vec<RecordState>;
    records_of_sources(sources: &[SourceKey]) -> Vec<RecordState>;
    goldens(ids: &[Cruid]) -> Vec<GoldenState>;
    broken_pairs_of(records: &[RecordId]) -> Vec<BrokenPair>;
    open_issues_of(records: &[RecordId]) -> Vec<MatchIssue>;
    open_issues_raised_by(records: &[RecordId]) -> Vec<MatchIssue>;
    patients(ids: &[String]) -> Vec<StoredPatient>;
    record_version(id: &RecordId, version: u32) -> Option<StoredVersion>;
    record_history(id: &RecordId, window: Window) -> (Vec<StoredVersion>, u64);
    golden_history(id: &Cruid, window: Window) -> (Vec<GoldenState>, u64);
    golden_version(id: &Cruid, version: u32) -> Option<GoldenState>;
    search(filters: &[Filter], sort: &[SortKey], window: Window) -> FoundIds;
    records_after(after: Option<RecordNumber>, limit: u32) -> Vec<(RecordState, String)>;
    goldens_after(after: Option<u32>, limit: u32) -> Vec<GoldenState>;
    open_issues(window: Window) -> Vec<MatchIssue>;
    persons(sought: &Sought, limit: u32) -> FoundPersons;
    open_issues_of_kinds(kinds: &[IssueKind], window: Window) -> (Vec<MatchIssue>, u64);
    broken_pairs() -> Vec<BrokenPair>;
    tags_of(ids: &[String]) -> Vec<PatientTags>;
    tag_codes(system: &str, limit: u32) -> Vec<String>;
    words(kind: Param, start: &str, limit: u32) -> Vec<String>;
    events_after(after: Revision, limit: u32) -> Vec<Event>;
    explanation(hash: &ContentHash) -> Option<String>;
    archived_of(patient: &str, limit: u32) -> Vec<String>;
    archived_after(after: &str, limit: u32) -> Vec<String>;
    answered(keys: &[OnceKey]) -> Vec<Answered>;
    counts() -> Counts;
    check_structure() -> Vec<String>;
}
