//! Which match issues stand after a record was decided on, and which are closed.
//!
//! A pair has one open issue at the most. The record that was submitted last is its subject and
//! carries the FHIR tag; earlier issues of the same pair, on either side, are superseded.

use std::collections::BTreeSet;

use matching::{explain::GuardExplanation, model::Doubt, score::Band};

use super::{Candidate, Classes, Draft, Grounds, Policy, classify::Classed, is_auto};
use crate::{
    commit::{Change, CloseReason},
    ids::{Cruid, RecordId},
    standing::Standing,
    state::{IssueKind, MatchIssue},
};

/// Automatic matches kept as issues for one record, the best ones. One would do for the tag and
/// a few do for a steward; hundreds of records that all say "unknown" would make thousands.
const AUTO_MAX: usize = 5;

/// Closes what no longer holds for `record` and opens what is new; gives
/// [`Decision::candidates_total`](super::Decision::candidates_total).
pub(super) fn recompute(
    draft: &mut Draft<'_>,
    record: &RecordId,
    classes: &Classes<'_>,
    grounds: Grounds<'_>,
) -> Option<u64> {
    let Grounds { standing, policy, .. } = grounds;
    let home = home(draft, record, standing);
    // What a person put together is not reported as matched by rules (contract 3.6).
    let was_put_there = standing.record(record).is_some_and(|state| {
        state.is_adjudicated && !state.is_withdrawn && home.as_ref() == Some(&state.golden)
    });
    let mut kept = BTreeSet::new();
    let mut opened = Vec::new();
    let mut doubts = Doubts::default();
    for kind in IssueKind::ALL {
        if kind == IssueKind::Auto && was_put_there {
            continue;
        }
        let of_kind: Vec<&Classed<'_>> = classes
            .candidates
            .iter()
            .filter(|classed| classes.kind(classed, home.as_ref()) == kind)
            .collect();
        let max = max(kind, policy);
        let all = count(kind, of_kind.len(), classes, home.as_ref());
        let is_cut = all > of_kind.len().min(max) as u64;
        let total = is_cut.then_some(all);
        if kind != IssueKind::Auto {
            doubts.all += all;
            doubts.are_cut |= is_cut;
        }
        for classed in of_kind.into_iter().take(max) {
            let held_back = match kind {
                IssueKind::Auto => &[],
                IssueKind::Potential | IssueKind::Conflict => classes.held_back(classed),
            };
            let doubt = Doubted { candidate: classed.candidate, kind, held_back };
            match standing_issue(draft, record, &doubt, standing) {
                Some(issue) if tells(issue, record, total) => _ = kept.insert(issue.id.clone()),
                _ => opened.push((doubt, total)),
            }
        }
    }
    let closed = standing.issues_of(record).filter(|issue| !kept.contains(&issue.id));
    draft.changes.extend(closed.map(|issue| Change::CloseIssue {
        issue: issue.id.clone(),
        reason: CloseReason::Superseded,
    }));
    for (doubt, candidates_total) in opened {
        let issue = MatchIssue {
            id: draft.next_issue_id(),
            kind: doubt.kind,
            subject: record.clone(),
            evidence: draft.evidence(doubt.candidate, doubt.held_back),
            opened_at: draft.fresh.at,
            candidates_total,
        };
        draft.changes.push(Change::OpenIssue { issue });
    }
    doubts.are_cut.then_some(doubts.all)
}

/// A candidate that an issue is about.
struct Doubted<'a> {
    candidate: &'a Candidate,
    kind: IssueKind,
    held_back: &'a [GuardExplanation],
}

/// Potential matches and conflicts of one record.
#[derive(Default)]
struct Doubts {
    all: u64,
    are_cut: bool,
}

/// How many issues of a kind are kept for one record.
fn max(kind: IssueKind, policy: Policy) -> usize {
    match kind {
        IssueKind::Auto => AUTO_MAX,
        IssueKind::Potential | IssueKind::Conflict => policy.doubts_max,
    }
}

/// How many candidates of a kind there are, whether kept or not.
///
/// Whoever is linked to the record is no doubt, as far as the best candidates tell.
fn count(kind: IssueKind, found: usize, classes: &Classes<'_>, home: Option<&Cruid>) -> u64 {
    let found = u64::try_from(found).unwrap_or(u64::MAX);
    match kind {
        IssueKind::Potential => {
            let told_elsewhere = classes.candidates.iter().filter(|classed| {
                classed.candidate.band == Band::Potential
                    && (home == Some(&classed.golden) || classed.candidate.doubt == Doubt::Conflict)
            });
            let told_elsewhere = told_elsewhere.count() as u64;
            let held_back = classes.candidates.iter().filter(|classed| {
                is_auto(classed.candidate) && classes.kind(classed, home) == kind
            });
            let held_back = held_back.count() as u64;
            let others = classes
                .potential_total
                .map(|total| total.saturating_sub(told_elsewhere).saturating_add(held_back));
            others.unwrap_or(found).max(found)
        }
        IssueKind::Auto | IssueKind::Conflict => found,
    }
}

/// Whether a standing issue tells of a cut if there is one; its number is as of its opening.
///
/// Were every new number written, each newcomer would rewrite all issues of all who are like it
/// when these are sent again. What is new is told to the sender.
fn tells(issue: &MatchIssue, record: &RecordId, total: Option<u64>) -> bool {
    issue.subject != *record || issue.candidates_total.is_some() == total.is_some()
}

/// The issue of the pair that stands already and still holds.
///
/// If the record says nothing new, that is one on whichever side: had the other record changed
/// since, its submission would have judged the pair anew. Else it is one with this very evidence.
fn standing_issue<'s>(
    draft: &mut Draft<'_>,
    record: &RecordId,
    doubt: &Doubted<'_>,
    standing: &'s Standing,
) -> Option<&'s MatchIssue> {
    let other = &doubt.candidate.record;
    let of_pair = |issue: &&MatchIssue| {
        issue.kind == doubt.kind && (issue.subject == *other || issue.evidence.candidate == *other)
    };
    let issue = standing.issues_of(record).find(of_pair)?;
    if draft.is_news {
        let evidence = draft.evidence(doubt.candidate, doubt.held_back);
        return (issue.subject == *record && issue.evidence == evidence).then_some(issue);
    }
    Some(issue)
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
