//! Which match issues stand after a record was decided on, and which are closed.
//!
//! A pair has one open issue at the most. The record that was submitted last is its subject and
//! carries the FHIR tag; earlier issues of the same pair, on either side, are superseded.

use std::collections::BTreeSet;

use super::{Classes, Draft, Grounds, Policy, classify::Classed};
use crate::{
    commit::{Change, CloseReason},
    ids::{Cruid, IssueId, RecordId},
    standing::Standing,
    state::{IssueKind, MatchIssue},
};

/// Automatic matches kept as issues for one record, the best ones. One would do for the tag and
/// a few do for a steward; hundreds of records that all say "unknown" would make thousands.
const AUTO_MAX: usize = 5;

/// Closes what no longer holds for `record` and opens what is new.
pub(super) fn recompute(
    draft: &mut Draft<'_>,
    record: &RecordId,
    classes: &Classes<'_>,
    grounds: Grounds<'_>,
) {
    let Grounds { standing, policy, .. } = grounds;
    let home = home(draft, record, standing);
    // What a person put together is not reported as matched by rules (contract 3.6).
    let was_put_there = standing.record(record).is_some_and(|state| {
        state.is_adjudicated && !state.is_withdrawn && home.as_ref() == Some(&state.golden)
    });
    let mut kept = BTreeSet::new();
    let mut opened = Vec::new();
    for kind in IssueKind::ALL {
        if kind == IssueKind::Auto && was_put_there {
            continue;
        }
        let of_kind: Vec<&Classed<'_>> = classes
            .candidates
            .iter()
            .filter(|classed| Classes::kind(classed, home.as_ref()) == kind)
            .collect();
        let max = max(kind, policy);
        let total = total(kind, of_kind.len(), max, classes);
        for classed in of_kind.into_iter().take(max) {
            match standing_issue(draft, record, classed, kind, standing) {
                Some(issue) => _ = kept.insert(issue),
                None => opened.push((kind, classed, total)),
            }
        }
    }
    let closed = standing.issues_of(record).filter(|issue| !kept.contains(&issue.id));
    draft.changes.extend(closed.map(|issue| Change::CloseIssue {
        issue: issue.id.clone(),
        reason: CloseReason::Superseded,
    }));
    for (kind, classed, candidates_total) in opened {
        let issue = MatchIssue {
            id: draft.next_issue_id(),
            kind,
            subject: record.clone(),
            evidence: draft.evidence(classed.candidate),
            opened_at: draft.fresh.at,
            candidates_total,
        };
        draft.changes.push(Change::OpenIssue { issue });
    }
}

/// How many issues of a kind are kept for one record.
fn max(kind: IssueKind, policy: Policy) -> usize {
    match kind {
        IssueKind::Auto => AUTO_MAX,
        IssueKind::Potential | IssueKind::Conflict => policy.doubts_max,
    }
}

/// How many candidates of a kind there were, if not all of them are kept.
fn total(kind: IssueKind, found: usize, max: usize, classes: &Classes<'_>) -> Option<u64> {
    let found = u64::try_from(found).unwrap_or(u64::MAX);
    let all = match kind {
        IssueKind::Potential => classes.potential_total.unwrap_or(found).max(found),
        IssueKind::Auto | IssueKind::Conflict => found,
    };
    (all > found.min(max as u64)).then_some(all)
}

/// The issue of the pair that stands already and still holds.
///
/// If the record says nothing new, that is one on whichever side: had the other record changed
/// since, its submission would have judged the pair anew. Else it is one with this very evidence.
fn standing_issue(
    draft: &mut Draft<'_>,
    record: &RecordId,
    classed: &Classed<'_>,
    kind: IssueKind,
    standing: &Standing,
) -> Option<IssueId> {
    let other = &classed.candidate.record;
    let of_pair = |issue: &&MatchIssue| {
        issue.kind == kind && (issue.subject == *other || issue.evidence.candidate == *other)
    };
    let issue = standing.issues_of(record).find(of_pair)?;
    if draft.is_news {
        let evidence = draft.evidence(classed.candidate);
        return (issue.subject == *record && issue.evidence == evidence).then(|| issue.id.clone());
    }
    Some(issue.id.clone())
}

/// The golden record that the record belongs to once the draft's changes are applied.
fn home(draft: &Draft<'_>, record: &RecordId, standing: &Standing) -> Option<Cruid> {
    let linked = draft.changes.iter().rev().find_map(|change| match change {
        Change::Link { golden, .. } | Change::CreateRecord { golden, .. } => Some(golden.clone()),
        _ => None,
    });
    linked.or_else(|| standing.record(record).map(|state| state.golden.clone()))
}

/// Closes every open issue of a record that is withdrawn.
pub(super) fn close_all(record: &RecordId, standing: &Standing) -> impl Iterator<Item = Change> {
    standing
        .issues_of(record)
        .map(|issue| Change::CloseIssue { issue: issue.id.clone(), reason: CloseReason::Withdrawn })
        .collect::<Vec<_>>()
        .into_iter()
}
