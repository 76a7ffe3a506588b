//! Reads what a batch of decisions rests on: the one read before the one write.

use std::collections::{BTreeSet, HashSet};

use registry::{
    decide::REPLACED_STEPS_MAX,
    ids::{Cruid, RecordId, RecordNumber, SourceKey},
    once::{Answered, Once, OnceKey},
    standing::Standing,
    state::{GoldenStatus, RecordState},
};
use store::{Reader, StoreError};

use crate::Work;

/// What a batch asks about.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Identities of submitted records.
    pub(crate) sources: Vec<SourceKey>,
    /// Ids that acts name; each may be a record, a golden record or nothing yet.
    pub(crate) ids: BTreeSet<RecordId>,
    /// Candidates that the index found.
    pub(crate) numbers: BTreeSet<RecordNumber>,
    /// Those of them that are automatic matches, if rules guard golden records.
    pub(crate) automatic: BTreeSet<RecordNumber>,
    /// Whether rules guard golden records, so that the other members are asked, too.
    pub(crate) has_golden_guards: bool,
}

/// Loads the standing state for `wanted`.
///
/// It holds the submitted and named records, the candidates, the partners of open issues and
/// of broken pairs, all their golden records, and every open issue of records whose issues may
/// be closed (so that their tags can be told). Where rules guard golden records it holds the
/// members, too, of those that a submitted record is in or may join.
pub(crate) async fn standing(reader: &dyn Reader, wanted: &Wanted) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    let ids: Vec<RecordId> = wanted.ids.iter().cloned().collect();
    let numbers: Vec<RecordNumber> = wanted.numbers.iter().copied().collect();
    let mut subjects: BTreeSet<RecordId> = BTreeSet::new();
    for state in reader.records_of_sources(&wanted.sources).await? {
        subjects.insert(state.id.clone());
        standing.load_record(state);
    }
    for state in reader.records(&ids).await? {
        subjects.insert(state.id.clone());
        standing.load_record(state);
    }
    for state in reader.records_numbered(&numbers).await? {
        standing.load_record(state);
    }
    let mut joinable: BTreeSet<RecordId> = BTreeSet::new();
    if wanted.has_golden_guards {
        joinable.clone_from(&subjects);
        let automatic = |state: &&RecordState| wanted.automatic.contains(&state.number);
        joinable.extend(standing.records().filter(automatic).map(|state| state.id.clone()));
    }
    load_relations(reader, &mut standing, subjects).await?;
    let named = wanted.ids.iter().map(|id| Cruid::new(id.as_str()));
    let goldens: HashSet<Cruid> =
        standing.records().map(|state| state.golden.clone()).chain(named).collect();
    load_goldens(reader, &mut standing, goldens).await?;
    load_members(reader, &mut standing, joinable).await?;
    Ok(standing)
}

/// What was answered to those of the acts of `works` that may be sent again and were before.
pub(crate) async fn answered(
    reader: &dyn Reader,
    works: &[Work],
) -> Result<Vec<Answered>, StoreError> {
    let once = works.iter().filter_map(|work| work.once.as_ref());
    let keys: Vec<OnceKey> = once.flat_map(Once::keys).collect();
    if keys.is_empty() { Ok(Vec::new()) } else { reader.answered(&keys).await }
}

/// What a person's decision asks about.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// The source records that it names.
    pub(crate) records: BTreeSet<RecordId>,
    /// The golden records that it names.
    pub(crate) goldens: BTreeSet<Cruid>,
    /// Candidates of the records that are decided on anew.
    pub(crate) numbers: BTreeSet<RecordNumber>,
    /// Those of them that are automatic matches, if rules guard golden records.
    pub(crate) automatic: BTreeSet<RecordNumber>,
}

/// Loads the standing state for a person's decision.
///
/// It holds what is named, all members of the golden records concerned, the broken pairs and
/// open issues of all of these with the records on their other side, and the candidates with
/// their golden records.
pub(crate) async fn case(reader: &dyn Reader, named: &Named) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    let records: Vec<RecordId> = named.records.iter().cloned().collect();
    for state in reader.records(&records).await? {
        standing.load_record(state);
    }
    let of_records = standing.records().map(|state| state.golden.clone());
    let goldens = of_records.chain(named.goldens.iter().cloned()).collect();
    load_goldens(reader, &mut standing, goldens).await?;
    let members = standing.goldens().flat_map(|golden| &golden.members).cloned();
    let subjects: BTreeSet<RecordId> =
        members.chain(standing.records().map(|state| state.id.clone())).collect();
    let members: Vec<RecordId> = subjects.iter().cloned().collect();
    for state in reader.records(&members).await? {
        standing.load_record(state);
    }
    load_relations(reader, &mut standing, subjects).await?;
    let numbers: Vec<RecordNumber> = named.numbers.iter().copied().collect();
    for state in reader.records_numbered(&numbers).await? {
        standing.load_record(state);
    }
    let is_missing = |golden: &&Cruid| standing.golden(golden).is_none();
    let of_records = standing.records().map(|state| &state.golden);
    let goldens = of_records.filter(is_missing).cloned().collect();
    load_goldens(reader, &mut standing, goldens).await?;
    let automatic = standing.records().filter(|state| named.automatic.contains(&state.number));
    let joinable = automatic.map(|state| state.id.clone()).collect();
    load_members(reader, &mut standing, joinable).await?;
    Ok(standing)
}

/// Loads the other members of the golden records of `records`, and of what replaced those.
async fn load_members(
    reader: &dyn Reader,
    standing: &mut Standing,
    records: BTreeSet<RecordId>,
) -> Result<(), StoreError> {
    let mut members = BTreeSet::new();
    let mut seen = HashSet::new();
    for record in &records {
        let mut golden = standing.record(record).and_then(|state| standing.golden(&state.golden));
        while let Some(known) = golden.filter(|golden| seen.insert(&golden.id)) {
            let is_new = |id: &&RecordId| standing.record(id).is_none();
            members.extend(known.members.iter().filter(is_new).cloned());
            golden = match &known.status {
                GoldenStatus::Replaced(other) => standing.golden(other),
                GoldenStatus::Live | GoldenStatus::Retired => None,
            };
        }
    }
    if members.is_empty() {
        return Ok(());
    }
    let members: Vec<RecordId> = members.into_iter().collect();
    for state in reader.records(&members).await? {
        standing.load_record(state);
    }
    Ok(())
}

/// Loads open issues and broken pairs of `subjects`, and the records on their other side.
async fn load_relations(
    reader: &dyn Reader,
    standing: &mut Standing,
    subjects: BTreeSet<RecordId>,
) -> Result<(), StoreError> {
    if subjects.is_empty() {
        return Ok(());
    }
    let subjects: Vec<RecordId> = subjects.into_iter().collect();
    for pair in reader.broken_pairs_of(&subjects).await? {
        standing.load_broken(&pair);
    }
    let issues = reader.open_issues_of(&subjects).await?;
    let partners: BTreeSet<RecordId> = issues
        .iter()
        .flat_map(|issue| [&issue.subject, &issue.evidence.candidate])
        .filter(|id| !subjects.contains(id))
        .cloned()
        .collect();
    for issue in issues {
        standing.load_issue(issue);
    }
    if partners.is_empty() {
        return Ok(());
    }
    let partners: Vec<RecordId> = partners.into_iter().collect();
    for state in reader.records(&partners).await? {
        standing.load_record(state);
    }
    // Of a partner only what it raised itself is told by its tags.
    for issue in reader.open_issues_raised_by(&partners).await? {
        standing.load_issue(issue);
    }
    Ok(())
}

/// Loads golden records, and those that replaced them.
async fn load_goldens(
    reader: &dyn Reader,
    standing: &mut Standing,
    mut wanted: HashSet<Cruid>,
) -> Result<(), StoreError> {
    for _ in 0..=REPLACED_STEPS_MAX {
        if wanted.is_empty() {
            break;
        }
        let ids: Vec<Cruid> = wanted.drain().collect();
        for golden in reader.goldens(&ids).await? {
            if let GoldenStatus::Replaced(other) = &golden.status
                && standing.golden(other).is_none()
            {
                wanted.insert(other.clone());
            }
            standing.load_golden(golden);
        }
    }
    Ok(())
}
