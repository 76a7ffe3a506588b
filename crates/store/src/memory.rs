//! The contract in maps behind one lock; for tests and simulations.
//!
//! It is the plainest reading of the contract, and the SQL stores are tested against it. Nothing
//! survives the process.

mod accounts;
mod archive;
mod audit;
mod commit;
mod queue;
mod search;
mod tallies;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use parking_lot::RwLock;
use registry::{
    aside::Aside,
    audit::ArchivedEvent,
    commit::{CloseReason, Commit, RecordVersion, TagKey},
    event::{Event, Head},
    ids::{ContentHash, Cruid, RecordId, RecordNumber, Revision, SourceKey},
    once::{Answered, OnceKey},
    search::{Filter, IndexEntry, Param, SortKey},
    state::{BrokenPair, GoldenState, GoldenStatus, IssueKind, MatchIssue, RecordState},
    stored::{Counts, PatientTags, SourcePatient, StoredPatient, StoredVersion},
};

use crate::{FoundIds, FoundPersons, Reader, Sought, Store, StoreError, Window, plan};

/// A store that keeps everything in memory.
#[derive(Default)]
pub struct MemoryStore {
    state: RwLock<State>,
    people: RwLock<accounts::People>,
    audit: RwLock<audit::AuditChain>,
    archive: RwLock<archive::Archive>,
    tallies: RwLock<tallies::Counted>,
}

/// Everything that commits wrote.
struct State {
    head: Head,
    next_key: i64,
    patients: BTreeMap<i64, PatientId>,
    keys: HashMap<String, i64>,
    records: HashMap<RecordId, RecordState>,
    record_numbers: BTreeMap<RecordNumber, RecordId>,
    sources: HashMap<SourceKey, RecordId>,
    goldens: HashMap<Cruid, GoldenState>,
    golden_numbers: BTreeMap<u32, Cruid>,
    contents: HashMap<ContentHash, String>,
    found_by: HashMap<RecordId, (Vec<IndexEntry>, Vec<TagKey>)>,
    versions: HashMap<RecordId, BTreeMap<u32, RecordVersion>>,
    golden_versions: HashMap<Cruid, BTreeMap<u32, GoldenState>>,
    events: Vec<Event>,
    explanations: HashMap<ContentHash, String>,
    issues: BTreeMap<(i64, i64), (MatchIssue, Option<CloseReason>)>,
    /// The open issues of a record, on either side.
    open_issues_of: HashMap<RecordId, BTreeSet<(i64, i64)>>,
    broken: BTreeSet<BrokenPair>,
    tags: HashMap<String, Vec<TagKey>>,
    answered: HashMap<OnceKey, Answered>,
    /// With the record's version when it was put aside.
    asides: HashMap<RecordId, (Aside, u32)>,
}

/// The id of a patient of either kind.
enum PatientId {
    Source(RecordId),
    Golden(Cruid),
}

impl Default for State {
    fn default() -> Self {
        Self {
            head: Head::start(),
            next_key: 0,
            patients: BTreeMap::new(),
            keys: HashMap::new(),
            records: HashMap::new(),
            record_numbers: BTreeMap::new(),
            sources: HashMap::new(),
            goldens: HashMap::new(),
            golden_numbers: BTreeMap::new(),
            contents: HashMap::new(),
            found_by: HashMap::new(),
            versions: HashMap::new(),
            golden_versions: HashMap::new(),
            events: Vec::new(),
            explanations: HashMap::new(),
            issues: BTreeMap::new(),
            open_issues_of: HashMap::new(),
            broken: BTreeSet::new(),
            tags: HashMap::new(),
            answered: HashMap::new(),
            asides: HashMap::new(),
        }
    }
}

impl State {
    fn open_issues(&self) -> impl Iterator<Item = &MatchIssue> {
        self.issues.values().filter(|(_, closed)| closed.is_none()).map(|(issue, _)| issue)
    }

    /// The open issues in which one of `records` takes part, in order of opening.
    fn issues_of(&self, records: &[RecordId]) -> impl Iterator<Item = &MatchIssue> {
        let ids = records.iter().filter_map(|record| self.open_issues_of.get(record)).flatten();
        let ids: BTreeSet<&(i64, i64)> = ids.collect();
        ids.into_iter().filter_map(|id| self.issues.get(id)).map(|(issue, _)| issue)
    }

    /// Files an issue as open or closed under the records of its pair.
    fn file_issue(&mut self, opening: (i64, i64), issue: &MatchIssue, is_open: bool) {
        for record in [&issue.subject, &issue.evidence.candidate] {
            let open = self.open_issues_of.entry(record.clone()).or_default();
            if is_open {
                open.insert(opening);
            } else {
                open.remove(&opening);
            }
            if open.is_empty() {
                self.open_issues_of.remove(record);
            }
        }
    }

    fn content(&self, hash: &ContentHash) -> Result<String, StoreError> {
        let text = self.contents.get(hash).cloned();
        text.ok_or_else(|| StoreError::Damaged(format!("content {hash} is missing")))
    }

    fn stored_version(&self, version: &RecordVersion) -> Result<StoredVersion, StoreError> {
        Ok(StoredVersion { version: version.clone(), content: self.content(&version.content)? })
    }

    fn patient(&self, id: &str) -> Result<Option<StoredPatient>, StoreError> {
        let patient = match self.keys.get(id).and_then(|key| self.patients.get(key)) {
            None => return Ok(None),
            Some(PatientId::Golden(id)) => self.goldens.get(id).cloned().map(StoredPatient::Golden),
            Some(PatientId::Source(id)) => match self.records.get(id) {
                None => None,
                Some(state) => Some(StoredPatient::Source(self.source_patient(state)?)),
            },
        };
        Ok(patient)
    }

    fn source_patient(&self, state: &RecordState) -> Result<SourcePatient, StoreError> {
        let other = |pair: &BrokenPair| match (pair.low() == &state.id, pair.high() == &state.id) {
            (true, _) => Some(pair.high().clone()),
            (_, true) => Some(pair.low().clone()),
            _ => None,
        };
        let own = std::slice::from_ref(&state.id);
        let issues = self.issues_of(own).filter(|issue| issue.subject == state.id);
        let broken: BTreeSet<RecordId> = self.broken.iter().filter_map(other).collect();
        Ok(SourcePatient {
            state: state.clone(),
            content: self.content(&state.content)?,
            issues: issues.map(|issue| issue.kind).collect(),
            broken: broken.into_iter().collect(),
        })
    }
}

/// The part of a list that a window shows, and the length of the list.
fn windowed<T>(
    items: impl DoubleEndedIterator<Item = T> + ExactSizeIterator,
    window: Window,
) -> (Vec<T>, u64) {
    let total = items.len() as u64;
    let skip = usize::try_from(window.offset).unwrap_or(usize::MAX);
    let take = usize::try_from(window.limit).unwrap_or(usize::MAX);
    (items.skip(skip).take(take).collect(), total)
}

fn unique<T: Eq + std::hash::Hash>(items: &[T]) -> HashSet<&T> {
    items.iter().collect()
}

#[async_trait]
impl Reader for MemoryStore {
    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.state.read().head.clone())
    }

    async fn records(&self, ids: &[RecordId]) -> Result<Vec<RecordState>, StoreError> {
        let state = self.state.read();
        Ok(unique(ids).into_iter().filter_map(|id| state.records.get(id)).cloned().collect())
    }

    async fn records_of_sources(
        &self,
        sources: &[SourceKey],
    ) -> Result<Vec<RecordState>, StoreError> {
        let state = self.state.read();
        let ids = unique(sources).into_iter().filter_map(|source| state.sources.get(source));
        Ok(ids.filter_map(|id| state.records.get(id)).cloned().collect())
    }

    async fn records_numbered(
        &self,
        numbers: &[RecordNumber],
    ) -> Result<Vec<RecordState>, StoreError> {
        let state = self.state.read();
        let ids = unique(numbers).into_iter().filter_map(|number| state.record_numbers.get(number));
        Ok(ids.filter_map(|id| state.records.get(id)).cloned().collect())
    }

    async fn goldens(&self, ids: &[Cruid]) -> Result<Vec<GoldenState>, StoreError> {
        let state = self.state.read();
        Ok(unique(ids).into_iter().filter_map(|id| state.goldens.get(id)).cloned().collect())
    }

    async fn broken_pairs_of(&self, records: &[RecordId]) -> Result<Vec<BrokenPair>, StoreError> {
        let state = self.state.read();
        let records = unique(records);
        let takes_part =
            |pair: &&BrokenPair| records.contains(pair.low()) || records.contains(pair.high());
        Ok(state.broken.iter().filter(takes_part).cloned().collect())
    }

    async fn open_issues_of(&self, records: &[RecordId]) -> Result<Vec<MatchIssue>, StoreError> {
        Ok(self.state.read().issues_of(records).cloned().collect())
    }

    async fn open_issues_raised_by(
        &self,
        records: &[RecordId],
    ) -> Result<Vec<MatchIssue>, StoreError> {
        let state = self.state.read();
        let subjects = unique(records);
        let raised = |issue: &&MatchIssue| subjects.contains(&issue.subject);
        Ok(state.issues_of(records).filter(raised).cloned().collect())
    }

    async fn patients(&self, ids: &[String]) -> Result<Vec<StoredPatient>, StoreError> {
        let state = self.state.read();
        let mut seen = HashSet::new();
        let ids = ids.iter().filter(|id| seen.insert(*id));
        ids.filter_map(|id| state.patient(id).transpose()).collect()
    }

    async fn record_version(
        &self,
        id: &RecordId,
        version: u32,
    ) -> Result<Option<StoredVersion>, StoreError> {
        let state = self.state.read();
        let version = state.versions.get(id).and_then(|versions| versions.get(&version));
        version.map(|version| state.stored_version(version)).transpose()
    }

    async fn record_history(
        &self,
        id: &RecordId,
        window: Window,
    ) -> Result<(Vec<StoredVersion>, u64), StoreError> {
        let state = self.state.read();
        let Some(versions) = state.versions.get(id) else { return Ok((Vec::new(), 0)) };
        let (versions, total) = windowed(versions.values().rev(), window);
        let versions = versions.into_iter().map(|version| state.stored_version(version));
        Ok((versions.collect::<Result<_, _>>()?, total))
    }

    async fn golden_history(
        &self,
        id: &Cruid,
        window: Window,
    ) -> Result<(Vec<GoldenState>, u64), StoreError> {
        let state = self.state.read();
        let Some(versions) = state.golden_versions.get(id) else { return Ok((Vec::new(), 0)) };
        let (versions, total) = windowed(versions.values().rev(), window);
        Ok((versions.into_iter().cloned().collect(), total))
    }

    async fn golden_version(
        &self,
        id: &Cruid,
        version: u32,
    ) -> Result<Option<GoldenState>, StoreError> {
        let state = self.state.read();
        Ok(state.golden_versions.get(id).and_then(|versions| versions.get(&version)).cloned())
    }

    async fn search(
        &self,
        filters: &[Filter],
        sort: &[SortKey],
        window: Window,
    ) -> Result<FoundIds, StoreError> {
        Ok(self.state.read().search(filters, sort, window))
    }

    async fn persons(&self, sought: &Sought, limit: u32) -> Result<FoundPersons, StoreError> {
        Ok(self.state.read().persons_sought(sought, limit))
    }

    async fn records_after(
        &self,
        after: Option<RecordNumber>,
        limit: u32,
    ) -> Result<Vec<(RecordState, String)>, StoreError> {
        let state = self.state.read();
        let numbers = state.record_numbers.iter();
        let ids = numbers.filter(|(number, _)| after.is_none_or(|after| **number > after));
        let records = ids.filter_map(|(_, id)| state.records.get(id)).take(limit as usize);
        records.map(|record| Ok((record.clone(), state.content(&record.content)?))).collect()
    }

    async fn goldens_after(
        &self,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<GoldenState>, StoreError> {
        let state = self.state.read();
        let numbers = state.golden_numbers.iter();
        let ids = numbers.filter(|(number, _)| after.is_none_or(|after| **number > after));
        let goldens = ids.filter_map(|(_, id)| state.goldens.get(id));
        Ok(goldens.take(limit as usize).cloned().collect())
    }

    async fn open_issues(&self, window: Window) -> Result<Vec<MatchIssue>, StoreError> {
        let state = self.state.read();
        let issues: Vec<&MatchIssue> = state.open_issues().collect();
        Ok(windowed(issues.into_iter(), window).0.into_iter().cloned().collect())
    }

    async fn open_issues_of_kinds(
        &self,
        kinds: &[IssueKind],
        window: Window,
    ) -> Result<(Vec<MatchIssue>, u64), StoreError> {
        let state = self.state.read();
        let issues = state.open_issues().filter(|issue| kinds.contains(&issue.kind));
        let issues: Vec<&MatchIssue> = issues.collect();
        let (page, total) = windowed(issues.into_iter(), window);
        Ok((page.into_iter().cloned().collect(), total))
    }

    async fn broken_pairs(&self) -> Result<Vec<BrokenPair>, StoreError> {
        Ok(self.state.read().broken.iter().cloned().collect())
    }

    async fn tags_of(&self, ids: &[String]) -> Result<Vec<PatientTags>, StoreError> {
        let state = self.state.read();
        let known = unique(ids).into_iter().filter(|id| state.keys.contains_key(*id));
        let tags = known.map(|id| {
            let mut tags = state.tags.get(id).cloned().unwrap_or_default();
            tags.sort();
            PatientTags { id: id.clone(), tags }
        });
        Ok(tags.collect())
    }

    async fn tag_codes(&self, system: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let state = self.state.read();
        Ok(state.tag_codes(system).into_iter().take(limit as usize).collect())
    }

    async fn words(&self, kind: Param, start: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let state = self.state.read();
        Ok(state.words(kind, start).into_iter().take(limit as usize).collect())
    }

    async fn events_after(&self, after: Revision, limit: u32) -> Result<Vec<Event>, StoreError> {
        let state = self.state.read();
        let events = state.events.iter().filter(|event| event.revision > after);
        Ok(events.take(limit as usize).cloned().collect())
    }

    async fn explanation(&self, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        Ok(self.state.read().explanations.get(hash).cloned())
    }

    async fn archived_of(&self, patient: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        Ok(self.archive.read().of(patient, limit))
    }

    async fn archived_after(&self, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        Ok(self.archive.read().after(after, limit))
    }

    async fn answered(&self, keys: &[OnceKey]) -> Result<Vec<Answered>, StoreError> {
        let state = self.state.read();
        Ok(keys.iter().filter_map(|key| state.answered.get(key).cloned()).collect())
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        let state = self.state.read();
        let mut counts = Counts::default();
        for record in state.records.values() {
            let count =
                if record.is_withdrawn { &mut counts.withdrawn } else { &mut counts.records };
            *count += 1;
        }
        for golden in state.goldens.values() {
            let is_live = golden.status == GoldenStatus::Live;
            *(if is_live { &mut counts.persons } else { &mut counts.retired }) += 1;
        }
        plan::count_issues(&mut counts, state.open_issues());
        Ok(counts)
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }

    async fn check_structure(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.state.write().commit(&commit)
    }

    async fn archive(&self, events: Vec<ArchivedEvent>) -> Result<u64, StoreError> {
        Ok(self.archive.write().add(events))
    }

    async fn close(&self) {}
}
