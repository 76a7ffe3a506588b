//! Which match issues stand after a record was decided on, and which are closed.
//!
//! A pair has one open issue at the most. The record that was submitted last is its subject and
//! carries the FHIR tag; earlier issues of the same pair, on either side, are superseded.

use std::collections::BTreeSet;

use super::{Classes, Draft, classify::Classed};
use crate::{
    commit::{Change, CloseReason},
    ids::{Cruid, RecordId},
    standing::Standing,
    state::{IssueKind, MatchIssue},
};

/// Closes what no longer holds for `record` and opens what is new.
pub(super) fn recompute(
    draft: &mut Draft<'_>,
    record: &RecordId,
    classes: &Classes<'_>,
    standing: &Standing,
) {
    let home = home(draft, record, standing);
    let mut kept = BTreeSet::new();
    let mut opened = Vec::new();
    for classed in &classes.candidates {
        let kind = Classes::kind(classed, home.as_ref());
        let was_there = standing.record(record).is_some_and(|state| {
            state.is_adjudicated && !state.is_withdrawn && home.as_ref() == Some(&state.golden)
        });
        // What a person put together is not reported as matched by rules (contract 3.6).
        if kind == IssueKind::Auto && was_there {
            continue;
        }
        if let Some(issue) = standing_issue(draft, record, classed, kind, standing) {
            kept.insert(issue.id.clone());
            continue;
        }
        let evidence = draft.evidence(classed.candidate);
        let known = standing.issues_of(record).find(|issue| {
            issue.subject == *record && issue.kind == kind && issue.evidence == evidence
        });
        match known {
            Some(issue) => _ = kept.insert(issue.id.clone()),
            None => opened.push(MatchIssue {
                id: draft.next_issue_id(),
                kind,
                subject: record.clone(),
                evidence,
                opened_at: draft.fresh.at,
                candidates_total: classes.potential_total.filter(|_| kind == IssueKind::Potential),
            }),
        }
    }
    let closed = standing.issues_of(record).filter(|issue| !kept.contains(&issue.id));
    draft.changes.extend(closed.map(|issue| Change::CloseIssue {
        issue: issue.id.clone(),
        reason: CloseReason::Superseded,
    }));
    draft.changes.extend(opened.into_iter().map(|issue| Change::OpenIssue { issue }));
}

/// The issue of the pair that stands already, on whichever side, if the record says nothing new.
///
/// Had the other record changed since, its submission would have judged the pair anew.
fn standing_issue<'a>(
    draft: &Draft<'_>,
    record: &RecordId,
    classed: &Classed<'_>,
    kind: IssueKind,
    standing: &'a Standing,
) -> Option<&'a MatchIssue> {
    let other = &classed.candidate.record;
    standing.issues_of(record).filter(|_| !draft.is_news).find(|issue| {
        issue.kind == kind && (issue.subject == *other || issue.evidence.candidate == *other)
    })
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
