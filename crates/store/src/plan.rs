//! What a commit means for a store, worked out once for all stores: the head after it, the
//! order of new patients, and whether everything that it names is there.
//!
//! Pure; what is known of the stored patients comes in as an argument. The rules that a database
//! keeps by its constraints (an identity, a number, a version is given once) are not here.

use std::collections::{HashMap, HashSet};

use registry::{
    commit::{Commit, Content},
    event::Head,
    ids::{ContentHash, Cruid, GoldenNumber, IssueId, RecordId, RecordNumber},
    state::GoldenStatus,
};

use crate::StoreError;

/// The two kinds of patients, with the number that each has for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A source record.
    Source(RecordNumber),
    /// A golden record.
    Golden(GoldenNumber),
}

/// What a store knows of a patient before the commit.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its place in the order of age.
    pub(crate) key: i64,
    /// Kind and number.
    pub(crate) kind: Kind,
    /// The hash of a source record's newest content.
    pub(crate) content: Option<ContentHash>,
    /// The number of that content, in a store that numbers contents.
    pub(crate) content_number: i64,
    /// Whether it is a withdrawn source record, whose search rows are gone.
    pub(crate) is_withdrawn: bool,
}

/// The stored ones of the patients that a commit names, by id.
pub(crate) type KnownPatients = HashMap<String, Known>;

/// A checked commit, with what follows from it.
pub(crate) struct Plan<'c> {
    /// The head after the commit.
    pub(crate) head: Head,
    /// The ids that appear with this commit, in order of age.
    pub(crate) newcomers: Vec<&'c str>,
    /// The contents that the commit brings.
    pub(crate) contents: HashMap<&'c ContentHash, &'c Content>,
}

/// The error for a commit that does not fit what is stored; `reason` holds no patient data.
pub(crate) fn refused(reason: &str) -> StoreError {
    StoreError::Refused(reason.to_owned())
}

/// Every id that `commit` names, each once.
pub(crate) fn mentioned(commit: &Commit) -> HashSet<&str> {
    let mut ids = HashSet::new();
    for record in &commit.records {
        ids.extend([record.id.as_str(), record.golden.as_str()]);
    }
    for golden in commit.goldens.iter().chain(&commit.golden_versions) {
        ids.insert(golden.id.as_str());
        if let GoldenStatus::Replaced(other) = &golden.status {
            ids.insert(other.as_str());
        }
    }
    for version in &commit.versions {
        ids.extend([version.record.as_str(), version.golden.as_str()]);
    }
    let closed = commit.issues_closed.iter().map(|(issue, _)| issue);
    for issue in commit.issues_opened.iter().chain(closed) {
        ids.extend([issue.subject.as_str(), issue.evidence.candidate.as_str()]);
    }
    for pair in commit.pairs_broken.iter().chain(&commit.pairs_unbroken) {
        ids.extend([pair.low().as_str(), pair.high().as_str()]);
    }
    ids.extend(commit.tags.iter().map(|(id, _)| id.as_str()));
    ids
}

/// The place of an issue in the order of opening: revision, then number within the event.
pub(crate) fn opening(issue: &IssueId) -> Result<(i64, i64), StoreError> {
    let parts = issue.as_str().split_once('-');
    parts
        .and_then(|(revision, number)| Some((revision.parse().ok()?, number.parse().ok()?)))
        .ok_or_else(|| refused("an issue's id is not `<revision>-<number>`"))
}

impl<'c> Plan<'c> {
    /// Checks `commit` against the head and the known patients before it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] and [`StoreError::Database`], as [`crate::Store::commit`] says.
    pub(crate) fn new(
        commit: &'c Commit,
        before: &Head,
        known: &KnownPatients,
    ) -> Result<Self, StoreError> {
        let head = head_after(commit, before)?;
        let contents = commit.contents.iter().map(|content| (&content.hash, content)).collect();
        let newcomers = newcomers(commit, known)?;
        let plan = Self { head, newcomers, contents };
        plan.check_names(commit, known)?;
        plan.check_contents(commit, known)?;
        Ok(plan)
    }

    /// Every named id must be of the right kind and either stored or new.
    fn check_names(&self, commit: &Commit, known: &KnownPatients) -> Result<(), StoreError> {
        let records: HashSet<&str> = commit.records.iter().map(|state| state.id.as_str()).collect();
        let goldens: HashSet<&str> = commit.goldens.iter().map(|state| state.id.as_str()).collect();
        let is_record = |id: &RecordId| {
            let stored =
                || known.get(id.as_str()).is_some_and(|k| matches!(k.kind, Kind::Source(_)));
            records.contains(id.as_str()) || stored()
        };
        let is_golden = |id: &Cruid| {
            let stored =
                || known.get(id.as_str()).is_some_and(|k| matches!(k.kind, Kind::Golden(_)));
            goldens.contains(id.as_str()) || stored()
        };
        let replacing = |status: &GoldenStatus| match status {
            GoldenStatus::Replaced(other) => is_golden(other),
            GoldenStatus::Live | GoldenStatus::Retired => true,
        };
        let closed = commit.issues_closed.iter().map(|(issue, _)| issue);
        let are_there = commit.records.iter().all(|state| is_golden(&state.golden))
            && commit.goldens.iter().all(|state| replacing(&state.status))
            && commit.golden_versions.iter().all(|state| is_golden(&state.id))
            && commit.versions.iter().all(|row| is_record(&row.record) && is_golden(&row.golden))
            && commit
                .issues_opened
                .iter()
                .chain(closed)
                .all(|issue| is_record(&issue.subject) && is_record(&issue.evidence.candidate))
            && (commit.pairs_broken.iter().chain(&commit.pairs_unbroken))
                .all(|pair| is_record(pair.low()) && is_record(pair.high()))
            && commit.tags.iter().all(|(id, _)| {
                let id = id.as_str();
                records.contains(id) || goldens.contains(id) || known.get(id).is_some()
            });
        let mut tagged = HashSet::new();
        if !commit.tags.iter().all(|(id, _)| tagged.insert(id)) {
            return Err(refused("it gives the tags of one patient twice"));
        }
        if are_there { Ok(()) } else { Err(refused("it names a patient that is not there")) }
    }

    /// Every named content must be in the commit or be the record's newest stored one.
    fn check_contents(&self, commit: &Commit, known: &KnownPatients) -> Result<(), StoreError> {
        let is_there = |id: &RecordId, hash: &ContentHash| {
            self.contents.contains_key(hash)
                || known.get(id.as_str()).is_some_and(|known| known.content.as_ref() == Some(hash))
        };
        let are_there = commit.records.iter().all(|state| is_there(&state.id, &state.content))
            && commit.versions.iter().all(|row| is_there(&row.record, &row.content));
        if !are_there {
            return Err(refused("it names a content that is not there"));
        }
        // Withdrawal deletes what searches find a record by, so its return must bring it along.
        let returns =
            |id: &RecordId| known.get(id.as_str()).is_some_and(|known| known.is_withdrawn);
        let comes_bare = commit.records.iter().any(|state| {
            !state.is_withdrawn && !self.contents.contains_key(&state.content) && returns(&state.id)
        });
        if comes_bare { Err(refused("a withdrawn record returns without content")) } else { Ok(()) }
    }
}

/// The head after `commit`, if it was decided on the one before it.
pub(crate) fn head_after(commit: &Commit, before: &Head) -> Result<Head, StoreError> {
    if before.revision != commit.decided_at {
        return Err(StoreError::Stale { decided_at: commit.decided_at, current: before.revision });
    }
    let mut head = before.clone();
    for event in &commit.events {
        if event.revision != head.revision.next() {
            return Err(refused("its events do not continue the chain"));
        }
        head.revision = event.revision;
        head.hash = event.hash.clone();
    }
    for record in &commit.records {
        head.next_record = head.next_record.max(record.number.0.saturating_add(1));
    }
    for golden in &commit.goldens {
        head.next_golden = head.next_golden.max(golden.number.0.saturating_add(1));
    }
    Ok(head)
}

/// The ids of the commit that are not known, in order of age; refuses reused ids and numbers.
///
/// Numbers give the order within a kind. Between the kinds, a golden record comes right after
/// the record that it was made for, which is the new member of its first version; one made for
/// an older record comes right after the golden record before it.
fn newcomers<'c>(commit: &'c Commit, known: &KnownPatients) -> Result<Vec<&'c str>, StoreError> {
    let is_new = |id: &str, kind: Kind| match known.get(id) {
        None => Ok(true),
        Some(known) if known.kind == kind => Ok(false),
        Some(_) => Err(refused("an id is given to another patient")),
    };
    let mut new_records = HashMap::new();
    for state in &commit.records {
        if is_new(state.id.as_str(), Kind::Source(state.number))? {
            new_records.insert(&state.id, state.number.0);
        }
    }
    let mut new_goldens = Vec::new();
    for state in &commit.goldens {
        if is_new(state.id.as_str(), Kind::Golden(state.number))? {
            new_goldens.push(state);
        }
    }
    new_goldens.sort_by_key(|state| state.number);
    let mut first_versions = HashMap::new();
    for state in &commit.golden_versions {
        first_versions.entry(&state.id).or_insert(state);
    }
    // Place: 0 before every new record, else the record's number + 1; records before goldens.
    let mut places: Vec<((u64, u8, u32), &str)> = new_records
        .iter()
        .map(|(id, number)| ((u64::from(*number) + 1, 0, *number), id.as_str()))
        .collect();
    let mut place = 0;
    for state in new_goldens {
        let first = first_versions.get(&state.id).copied().unwrap_or(state);
        let made_for = first.members.iter().filter_map(|id| new_records.get(id)).min();
        place = made_for.map_or(place, |number| u64::from(*number) + 1);
        places.push(((place, 1, state.number.0), state.id.as_str()));
    }
    places.sort_unstable();
    let ids: HashSet<&str> = (commit.records.iter().map(|state| state.id.as_str()))
        .chain(commit.goldens.iter().map(|state| state.id.as_str()))
        .collect();
    if ids.len() < commit.records.len() + commit.goldens.len() {
        return Err(refused("it gives the state of one patient twice"));
    }
    Ok(places.into_iter().map(|(_, id)| id).collect())
}
