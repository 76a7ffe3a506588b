//! The present state alone, in few bytes, for a run whose outcome is wanted and whose way is not.
//!
//! A draft answers what a linker asks: who is there, who belongs to whom, what is doubtful. It
//! forgets contents, versions, events, explanations and what searches find records by, so a
//! million records take some hundred megabytes instead of several gigabytes. What it has
//! forgotten it refuses to answer ([`StoreError::NotKept`]) rather than to say there is none.

mod packed;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use parking_lot::RwLock;
use registry::{
    audit::ArchivedEvent,
    commit::Commit,
    event::{Event, Head},
    ids::{ContentHash, Cruid, RecordId, RecordNumber, Revision, SourceKey},
    once::{Answered, OnceKey},
    search::{Filter, Param, SortKey},
    state::{BrokenPair, GoldenState, GoldenStatus, IssueKind, MatchIssue, RecordState},
    stored::{Counts, PatientTags, StoredPatient, StoredVersion},
};

use crate::{
    FoundIds, FoundPersons, Reader, Sought, Store, StoreError, Window,
    plan::{self, refused},
};
use tables::Tables;

/// A store that keeps the present state in memory, and nothing of the past.
pub struct DraftStore {
    state: RwLock<State>,
}

struct State {
    head: Head,
    tables: Tables,
    /// Open ones, in order of opening.
    issues: BTreeMap<(i64, i64), MatchIssue>,
    /// The open issues of a record by its number, on either side.
    issues_of: HashMap<u32, BTreeSet<(i64, i64)>>,
    broken: BTreeSet<BrokenPair>,
}

impl Default for DraftStore {
    fn default() -> Self {
        let state = State {
            head: Head::start(),
            tables: Tables::default(),
            issues: BTreeMap::new(),
            issues_of: HashMap::new(),
            broken: BTreeSet::new(),
        };
        Self { state: RwLock::new(state) }
    }
}

impl State {
    /// The numbers of records, each once.
    fn numbers(&self, ids: &[RecordId]) -> BTreeSet<u32> {
        ids.iter().filter_map(|id| self.tables.record_called(id)).collect()
    }

    fn states(&self, numbers: BTreeSet<u32>) -> Vec<RecordState> {
        numbers.into_iter().filter_map(|number| self.tables.record(number)).collect()
    }

    /// The open issues in which one of `records` takes part, in order of opening.
    fn issues_of(&self, records: &[RecordId]) -> impl Iterator<Item = &MatchIssue> {
        let numbers = self.numbers(records);
        let openings: BTreeSet<(i64, i64)> = numbers
            .iter()
            .filter_map(|number| self.issues_of.get(number))
            .flatten()
            .copied()
            .collect();
        openings.into_iter().filter_map(|opening| self.issues.get(&opening))
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        let head = plan::head_after(commit, &self.head)?;
        self.check(commit)?;
        self.tables.write(&commit.records, &commit.goldens)?;
        for issue in &commit.issues_opened {
            self.file_issue(issue, true)?;
        }
        for (issue, _) in &commit.issues_closed {
            self.file_issue(issue, false)?;
        }
        for pair in &commit.pairs_unbroken {
            self.broken.remove(pair);
        }
        self.broken.extend(commit.pairs_broken.iter().cloned());
        self.head = head;
        Ok(())
    }

    /// Everything that could be refused, before anything is written.
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let goldens: HashSet<&Cruid> = commit.goldens.iter().map(|state| &state.id).collect();
        let records: HashSet<&RecordId> = commit.records.iter().map(|state| &state.id).collect();
        let is_golden =
            |id: &Cruid| goldens.contains(id) || self.tables.golden_called(id).is_some();
        let is_record =
            |id: &RecordId| records.contains(id) || self.tables.record_called(id).is_some();
        for state in &commit.records {
            let known = self.tables.record_called(&state.id);
            let (by_number, by_source) =
                (self.tables.record(state.number.0), self.tables.record_of(&state.source));
            let is_own = |number: Option<u32>| number.is_none_or(|number| number == state.number.0);
            let is_free = by_number.is_none() || known == Some(state.number.0);
            if !is_own(known) || !is_own(by_source) || !is_free {
                return Err(refused("a number or a source identity is given twice"));
            }
            if !is_golden(&state.golden) {
                return Err(refused("it names a golden record that is not there"));
            }
        }
        for state in &commit.goldens {
            let known = self.tables.golden_called(&state.id);
            let is_free = known.is_some() || self.tables.is_live(state.number.0).is_none();
            if known.is_some_and(|number| number != state.number.0) || !is_free {
                return Err(refused("a number is given to two golden records"));
            }
            if !state.members.iter().all(is_record) {
                return Err(refused("it names a record that is not there"));
            }
            if let GoldenStatus::Replaced(other) = &state.status
                && !is_golden(other)
            {
                return Err(refused("it names a golden record that is not there"));
            }
        }
        self.tables.check_words(&commit.records)?;
        let closed = commit.issues_closed.iter().map(|(issue, _)| issue);
        for issue in commit.issues_opened.iter().chain(closed) {
            plan::opening(&issue.id)?;
            if !is_record(&issue.subject) || !is_record(&issue.evidence.candidate) {
                return Err(refused("an issue names a record that is not there"));
            }
        }
        Ok(())
    }

    fn file_issue(&mut self, issue: &MatchIssue, is_open: bool) -> Result<(), StoreError> {
        let opening = plan::opening(&issue.id)?;
        for record in [&issue.subject, &issue.evidence.candidate] {
            let Some(number) = self.tables.record_called(record) else { continue };
            let open = self.issues_of.entry(number).or_default();
            if is_open {
                open.insert(opening);
            } else {
                open.remove(&opening);
            }
            if open.is_empty() {
                self.issues_of.remove(&number);
            }
        }
        if is_open {
            self.issues.insert(opening, issue.clone());
        } else {
            self.issues.remove(&opening);
        }
        Ok(())
    }
}

#[async_trait]
impl Store for DraftStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.state.write().commit(&commit)
    }

    async fn archive(&self, _: Vec<ArchivedEvent>) -> Result<u64, StoreError> {
        Err(StoreError::NotKept("archive"))
    }

    async fn close(&self) {}
}

#[async_trait]
impl Reader for DraftStore {
    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.state.read().head.clone())
    }

    async fn records(&self, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError> {
        let state = self.state.read();
        Ok(state.states(state.numbers(ids)))
    }

    async fn records_numbered(
        &self,
        numbers: &[RecordNumber],
    ) -> Result<Vec<RecordState>, StoreError> {
        let numbers = numbers.iter().map(|number| number.0).collect();
        Ok(self.state.read().states(numbers))
    }

    async fn records_of_sources(
        &self,
        sources: &[SourceKey],
    ) -> Result<Vec<RecordState>, StoreError> {
        let state = self.state.read();
        let numbers = sources.iter().filter_map(|source| state.tables.record_of(source));
        Ok(state.states(numbers.collect()))
    }

    async fn goldens(&self, ids: &[Cruid]) -> Result<Vec<GoldenState>, StoreError> {
        let tables = &self.state.read().tables;
        let numbers: BTreeSet<u32> = ids.iter().filter_map(|id| tables.golden_called(id)).collect();
        Ok(numbers.into_iter().filter_map(|number| tables.golden(number)).collect())
    }

    async fn broken_pairs_of(&self, records: &[RecordId]) -> Result<Vec<BrokenPair>, StoreError> {
        let records: HashSet<&RecordId> = records.iter().collect();
        let takes_part =
            |pair: &&BrokenPair| records.contains(pair.low()) || records.contains(pair.high());
        Ok(self.state.read().broken.iter().filter(takes_part).cloned().collect())
    }

    async fn open_issues_of(&self, records: &[RecordId]) -> Result<Vec<MatchIssue>, StoreError> {
        Ok(self.state.read().issues_of(records).cloned().collect())
    }

    async fn open_issues_raised_by(
        &self,
        records: &[RecordId],
    ) -> Result<Vec<MatchIssue>, StoreError> {
        let subjects: HashSet<&RecordId> = records.iter().collect();
        let raised = |issue: &&MatchIssue| subjects.contains(&issue.subject);
        Ok(self.state.read().issues_of(records).filter(raised).cloned().collect())
    }

    async fn patients(&self, _: &[String]) -> Result<Vec<StoredPatient>, StoreError> {
        Err(StoreError::NotKept("contents"))
    }

    async fn record_version(
        &self,
        _: &RecordId,
        _: u32,
    ) -> Result<Option<StoredVersion>, StoreError> {
        Err(StoreError::NotKept("versions"))
    }

    async fn record_history(
        &self,
        _: &RecordId,
        _: Window,
    ) -> Result<(Vec<StoredVersion>, u64), StoreError> {
        Err(StoreError::NotKept("versions"))
    }

    async fn golden_history(
        &self,
        _: &Cruid,
        _: Window,
    ) -> Result<(Vec<GoldenState>, u64), StoreError> {
        Err(StoreError::NotKept("versions"))
    }

    async fn golden_version(&self, _: &Cruid, _: u32) -> Result<Option<GoldenState>, StoreError> {
        Err(StoreError::NotKept("versions"))
    }

    async fn search(&self, _: &[Filter], _: &[SortKey], _: Window) -> Result<FoundIds, StoreError> {
        Err(StoreError::NotKept("what searches find records by"))
    }

    async fn persons(&self, _: &Sought, _: u32) -> Result<FoundPersons, StoreError> {
        Err(StoreError::NotKept("what searches find records by"))
    }

    /// An empty draft says so, which is all that indexing it takes.
    async fn records_after(
        &self,
        _: Option<RecordNumber>,
        _: u32,
    ) -> Result<Vec<(RecordState, String)>, StoreError> {
        match self.state.read().tables.record_numbers().next() {
            None => Ok(Vec::new()),
            Some(_) => Err(StoreError::NotKept("contents")),
        }
    }

    async fn goldens_after(
        &self,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<GoldenState>, StoreError> {
        let tables = &self.state.read().tables;
        let numbers =
            tables.golden_numbers().filter(|number| after.is_none_or(|after| *number > after));
        Ok(numbers.filter_map(|number| tables.golden(number)).take(limit as usize).collect())
    }

    async fn open_issues(&self, window: Window) -> Result<Vec<MatchIssue>, StoreError> {
        let skip = usize::try_from(window.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(window.limit).unwrap_or(usize::MAX);
        Ok(self.state.read().issues.values().skip(skip).take(take).cloned().collect())
    }

    async fn open_issues_of_kinds(
        &self,
        kinds: &[IssueKind],
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        let state = self.state.read();
        let of_kinds = || state.issues.values().filter(|issue| kinds.contains(&issue.kind));
        let skip = usize::try_from(window.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let page = of_kinds().skip(skip).take(take).cloned().collect();
        Ok((page, of_kinds().count() as u64))
    }

    async fn broken_pairs(&self) -> Result<Vec<BrokenPair>, StoreError> {
        Ok(self.state.read().broken.iter().cloned().collect())
    }

    async fn tags_of(&self, _: &[String]) -> Result<Vec<PatientTags>, StoreError> {
        Err(StoreError::NotKept("tags"))
    }

    async fn tag_codes(&self, _: &str, _: u32) -> Result<Vec<String>, StoreError> {
        Err(StoreError::NotKept("tags"))
    }

    async fn words(&self, _: Param, _: &str, _: u32) -> Result<Vec<String>, StoreError> {
        Err(StoreError::NotKept("search words"))
    }

    async fn events_after(&self, after: Revision, _: u32) -> Result<Vec<Event>, StoreError> {
        if after >= self.state.read().head.revision {
            return Ok(Vec::new());
        }
        Err(StoreError::NotKept("events"))
    }

    async fn explanation(&self, _: &ContentHash) -> Result<Option<String>, StoreError> {
        Err(StoreError::NotKept("explanations"))
    }

    async fn archived_of(&self, _: &str, _: u32) -> Result<Vec<String>, StoreError> {
        Err(StoreError::NotKept("archive"))
    }

    async fn archived_after(&self, _: &str, _: u32) -> Result<Vec<String>, StoreError> {
        Err(StoreError::NotKept("archive"))
    }

    async fn answered(&self, _: &[OnceKey]) -> Result<Vec<Answered>, StoreError> {
        Err(StoreError::NotKept("what was answered"))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let state = self.state.read();
        let tables = &state.tables;
        let mut counts = Counts::default();
        for number in tables.record_numbers() {
            let is_withdrawn = tables.is_withdrawn(number) == Some(true);
            *(if is_withdrawn { &mut counts.withdrawn } else { &mut counts.records }) += 1;
        }
        for number in tables.golden_numbers() {
            let is_live = tables.is_live(number) == Some(true);
            *(if is_live { &mut counts.persons } else { &mut counts.retired }) += 1;
        }
        plan::count_issues(&mut counts, state.issues.values());
        Ok(counts)
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }

    async fn check_structure(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}
