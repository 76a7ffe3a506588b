//! Reads what a batch of decisions rests on: the one read before the one write.

use std::collections::{BTreeSet, HashSet};

use registry::{
    decide::REPLACED_STEPS_MAX,
    ids::{Cruid, RecordId, RecordNumber, SourceKey},
    standing::Standing,
    state::GoldenStatus,
};
use store::{Reader, StoreError};

/// What a batch asks about.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Identities of submitted records.
    pub(crate) sources: Vec<SourceKey>,
    /// Ids that acts name; each may be a record, a golden record or nothing yet.
    pub(crate) ids: BTreeSet<RecordId>,
    /// Candidates that the index found.
    pub(crate) numbers: BTreeSet<RecordNumber>,
}

/// Loads the standing state for `wanted`.
///
/// It holds the submitted and named records, the candidates, the partners of open issues and
/// of broken pairs, all their golden records, and every open issue of records whose issues may
/// be closed (so that their tags can be told).
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
    load_relations(reader, &mut standing, subjects).await?;
    let named = wanted.ids.iter().map(|id| Cruid::new(id.as_str()));
    let goldens: HashSet<Cruid> =
        standing.records().map(|state| state.golden.clone()).chain(named).collect();
    load_goldens(reader, &mut standing, goldens).await?;
    Ok(standing)
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
