//! Flags of another registry become match issues here, with evidence of the rules in force.

use std::collections::BTreeSet;

use super::{Draft, Fresh, Grounds, classify::classify, issues};
use crate::{
    adjudicate::{Rematched, Supply},
    commit::Change,
    ids::{GoldenNumber, RecordId},
    state::IssueKind,
};

/// What the rules make of flags that say no more than their kind.
#[derive(Clone, Debug, Default)]
pub struct Flagged {
    /// The issues that are opened, with their explanations.
    pub opened: Rematched,
    /// Kinds of which an issue stands that way, or stood before.
    pub standing: BTreeSet<IssueKind>,
}

/// Finds whom the flags of `record` are about; its links stay, and so does every issue that stands.
///
/// A doubt that the rules in force see as one of the other kind is opened as that: a potential
/// match as a conflict and the other way round. Pairs that have an issue keep that.
pub fn flag(
    record: &RecordId,
    kinds: &BTreeSet<IssueKind>,
    supply: &mut Supply<'_>,
    grounds: Grounds<'_>,
) -> Flagged {
    let standing = grounds.standing;
    let Some(state) = standing.record(record).filter(|state| !state.is_withdrawn) else {
        return Flagged::default();
    };
    let fresh = Fresh {
        revision: supply.revision,
        at: supply.at,
        record: record.clone(),
        record_number: state.number,
        golden: state.golden.clone(),
        golden_number: GoldenNumber(supply.next_golden),
    };
    let classes = classify(Some(state), grounds);
    let mut draft = Draft::of_stored(record.clone(), &fresh, grounds.explain);
    issues::recompute(&mut draft, record, &classes, grounds);
    let kind_of = |change: &Change| match change {
        Change::OpenIssue { issue } => Some(issue.kind),
        _ => None,
    };
    let of_record = standing.issues_of(record).map(|issue| issue.kind);
    let stood: BTreeSet<IssueKind> = of_record.collect();
    let is_doubt = |kind: &IssueKind| *kind != IssueKind::Auto;
    let found: BTreeSet<IssueKind> =
        draft.changes.iter().filter_map(kind_of).chain(stood.iter().copied()).collect();
    let mut wanted: BTreeSet<IssueKind> = kinds.intersection(&found).copied().collect();
    if kinds.iter().any(|kind| is_doubt(kind) && !found.contains(kind)) {
        wanted.extend(found.iter().copied().filter(is_doubt));
    }
    let is_wanted = |change: &Change| kind_of(change).is_some_and(|kind| wanted.contains(&kind));
    draft.changes.retain(is_wanted);
    let hashes: BTreeSet<_> = draft
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::OpenIssue { issue } => Some(issue.evidence.explanation.clone()),
            _ => None,
        })
        .collect();
    draft.explanations.retain(|(hash, _)| hashes.contains(hash));
    let opened = Rematched { changes: draft.changes, explanations: draft.explanations };
    Flagged { opened, standing: wanted }
}
