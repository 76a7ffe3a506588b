//! The way back from a person's decision, kept with its event, and the taking of it.
//!
//! An undo restores links with their reasons, broken pairs, open issues and golden records as they
//! were before the event. It is possible as long as everything that the event touched is as the
//! event left it. It is an event itself, so it can be undone, too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    commit::{Change, CloseReason},
    decide::{Decision, Outcome, Refusal},
    event::{EventBody, Verb},
    ids::{ContentHash, Cruid, RecordId, Revision},
    standing::Standing,
    state::{BrokenPair, GoldenState, GoldenStatus, IssueKind, MatchIssue, RecordState},
};

/// What takes an event back, and by what one sees that nothing later rests on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayBack {
    /// The changes that restore what was before.
    pub changes: Vec<Change>,
    /// The print of every source record that the event concerns, as it left them.
    pub records: BTreeMap<RecordId, ContentHash>,
    /// The print of every golden record that it touched, as it left them.
    pub goldens: BTreeMap<Cruid, ContentHash>,
}

/// The state before an event of all that it touches.
pub(crate) struct Tracks {
    records: BTreeMap<RecordId, RecordState>,
    goldens: BTreeMap<Cruid, Option<GoldenState>>,
    /// The issues that it opens or closes, with what they were before.
    issues: BTreeMap<crate::ids::IssueId, Option<MatchIssue>>,
    pairs: BTreeMap<BrokenPair, bool>,
}

impl Tracks {
    pub(crate) fn of(changes: &[Change], standing: &Standing) -> Self {
        let mut tracks = Self {
            records: BTreeMap::new(),
            goldens: BTreeMap::new(),
            issues: BTreeMap::new(),
            pairs: BTreeMap::new(),
        };
        for change in changes {
            tracks.note(change, standing);
        }
        tracks
    }

    fn note(&mut self, change: &Change, standing: &Standing) {
        match change {
            // Persons' decisions neither bring nor change nor withdraw what sources submit.
            Change::CreateRecord { .. }
            | Change::UpdateRecord { .. }
            | Change::WithdrawRecord { .. } => {}
            Change::Link { record, golden, .. } => {
                let from = standing.record(record).map(|state| state.golden.clone());
                self.record(record, standing);
                for golden in from.iter().chain([golden]) {
                    self.golden(golden, standing);
                }
            }
            Change::CreateGolden { golden, .. } | Change::RetireGolden { golden, .. } => {
                self.golden(golden, standing);
            }
            Change::OpenIssue { issue } => {
                self.issue(issue, None, standing);
            }
            Change::CloseIssue { issue, .. } => {
                if let Some(open) = standing.issue(issue) {
                    self.issue(open, Some(open.clone()), standing);
                }
            }
            Change::BreakPair { pair } | Change::UnbreakPair { pair } => {
                let was_broken = standing.is_broken(pair.low(), pair.high());
                self.pairs.entry(pair.clone()).or_insert(was_broken);
                self.record(pair.low(), standing);
                self.record(pair.high(), standing);
            }
            Change::Adjudicate { record } | Change::Release { record } => {
                self.record(record, standing);
            }
        }
    }

    fn record(&mut self, id: &RecordId, standing: &Standing) {
        if let Some(state) = standing.record(id) {
            self.records.entry(id.clone()).or_insert_with(|| state.clone());
        }
    }

    fn golden(&mut self, id: &Cruid, standing: &Standing) {
        self.goldens.entry(id.clone()).or_insert_with(|| standing.golden(id).cloned());
    }

    fn issue(&mut self, issue: &MatchIssue, before: Option<MatchIssue>, standing: &Standing) {
        self.issues.entry(issue.id.clone()).or_insert(before);
        self.record(&issue.subject, standing);
        self.record(&issue.evidence.candidate, standing);
    }

    /// The way back, once the event's changes are applied.
    pub(crate) fn way_back(self, after: &Standing) -> WayBack {
        let mut changes = self.judgements_back(after);
        let mut origin: BTreeMap<Cruid, Cruid> = BTreeMap::new();
        for (id, before) in &self.records {
            let Some(state) = after.record(id) else { continue };
            if state.golden != before.golden || state.basis != before.basis {
                origin.entry(state.golden.clone()).or_insert_with(|| before.golden.clone());
                let (record, golden) = (id.clone(), before.golden.clone());
                changes.push(Change::Link { record, golden, basis: before.basis.clone() });
            }
            match (before.is_adjudicated, state.is_adjudicated) {
                (false, true) => changes.push(Change::Release { record: id.clone() }),
                (true, false) => changes.push(Change::Adjudicate { record: id.clone() }),
                _ => {}
            }
        }
        for (id, before) in &self.goldens {
            let replaced_by = match before.as_ref().map(|state| &state.status) {
                Some(GoldenStatus::Live) => continue,
                Some(GoldenStatus::Replaced(other)) => Some(other.clone()),
                Some(GoldenStatus::Retired) => None,
                // It was told to others meanwhile, so it stays and leads to where they came from.
                None => origin.get(id).cloned(),
            };
            changes.push(Change::RetireGolden { golden: id.clone(), replaced_by });
        }
        WayBack {
            changes,
            records: self
                .records
                .keys()
                .filter_map(|id| Some((id.clone(), after.record(id)?)))
                .map(|(id, state)| (id, record_print(state)))
                .collect(),
            goldens: self
                .goldens
                .keys()
                .filter_map(|id| Some((id.clone(), after.golden(id)?)))
                .map(|(id, state)| (id, golden_print(state)))
                .collect(),
        }
    }

    fn judgements_back(&self, after: &Standing) -> Vec<Change> {
        let mut changes = Vec::new();
        for (pair, was_broken) in &self.pairs {
            let pair = pair.clone();
            match (was_broken, after.is_broken(pair.low(), pair.high())) {
                (false, true) => changes.push(Change::UnbreakPair { pair }),
                (true, false) => changes.push(Change::BreakPair { pair }),
                _ => {}
            }
        }
        for (id, before) in &self.issues {
            match (before, after.issue(id)) {
                (Some(issue), None) => changes.push(Change::OpenIssue { issue: issue.clone() }),
                (None, Some(_)) => changes
                    .push(Change::CloseIssue { issue: id.clone(), reason: CloseReason::Decided }),
                _ => {}
            }
        }
        changes
    }
}

/// A record's print: equal as long as nobody resubmitted, moved or decided about it.
fn record_print(state: &RecordState) -> ContentHash {
    let facts =
        (&state.golden, &state.basis, &state.content, state.is_withdrawn, state.is_adjudicated);
    print(&facts)
}

fn golden_print(state: &GoldenState) -> ContentHash {
    print(&(&state.members, &state.status))
}

fn print(facts: &impl Serialize) -> ContentHash {
    ContentHash::of(&serde_json::to_string(facts).expect("facts of the registry have a JSON form"))
}

/// Takes back the person's decision that `event` records.
///
/// # Errors
///
/// [`Refusal::NotPossible`] for an event that no person decided or that kept no way back,
/// [`Refusal::RestedOn`], without names, if what it touched is not as it left it.
pub fn undo(event: &EventBody, standing: &Standing) -> Result<Decision, Refusal> {
    let Some(way_back) = &event.way_back else {
        let text = format!(
            "event {} is no decision of a person that could be undone. An automatic link is \
             taken back by a break",
            event.revision
        );
        return Err(Refusal::NotPossible(text));
    };
    if !rests_nothing_on(way_back, standing) {
        return Err(Refusal::RestedOn { event: event.revision, later: Vec::new() });
    }
    let mut subjects: BTreeSet<&RecordId> = way_back.records.keys().collect();
    subjects.retain(|id| standing.record(id).is_some());
    Ok(Decision {
        verb: Verb::Undo,
        changes: way_back.changes.clone(),
        content: None,
        explanations: Vec::new(),
        subjects: subjects.into_iter().cloned().collect(),
        outcome: Outcome::Adjudicated,
        candidates_total: None,
    })
}

fn rests_nothing_on(way_back: &WayBack, standing: &Standing) -> bool {
    let records = way_back
        .records
        .iter()
        .all(|(id, print)| standing.record(id).is_some_and(|state| record_print(state) == *print));
    let goldens = way_back
        .goldens
        .iter()
        .all(|(id, print)| standing.golden(id).is_some_and(|state| golden_print(state) == *print));
    records
        && goldens
        && way_back.changes.iter().all(|change| fits(change, standing))
        && meets_no_judgement(way_back, standing)
}

/// Whether a judgement that the way back alters is as the event left it.
fn fits(change: &Change, standing: &Standing) -> bool {
    match change {
        Change::BreakPair { pair } => !standing.is_broken(pair.low(), pair.high()),
        Change::UnbreakPair { pair } => standing.is_broken(pair.low(), pair.high()),
        Change::CloseIssue { issue, .. } => standing.issue(issue).is_some(),
        Change::OpenIssue { issue } => standing.issue(&issue.id).is_none(),
        _ => true,
    }
}

/// Whether later judgements allow the records to be together again, pair by pair.
fn meets_no_judgement(way_back: &WayBack, standing: &Standing) -> bool {
    let mut homes: BTreeMap<&RecordId, &Cruid> = BTreeMap::new();
    let mut closed = BTreeSet::new();
    let mut reopened = BTreeSet::new();
    let mut unbroken = BTreeSet::new();
    for change in &way_back.changes {
        match change {
            Change::Link { record, golden, .. } => _ = homes.insert(record, golden),
            Change::CloseIssue { issue, .. } => _ = closed.insert(issue),
            Change::OpenIssue { issue } => _ = reopened.insert(pair_of(issue)),
            Change::UnbreakPair { pair } => _ = unbroken.insert(pair.clone()),
            _ => {}
        }
    }
    let home = |id: &RecordId| match homes.get(id) {
        Some(golden) => Some((*golden).clone()),
        None => standing.record(id).map(|state| state.golden.clone()),
    };
    let are_apart = homes.iter().all(|(record, golden)| {
        standing.broken_from(record).all(|other| {
            let pair = BrokenPair::new((*record).clone(), other.clone());
            unbroken.contains(&pair) || home(other).as_ref() != Some(*golden)
        })
    });
    let open = way_back.records.keys().flat_map(|record| standing.issues_of(record));
    let mut open = open.filter(|issue| !closed.contains(&issue.id));
    are_apart
        && open.all(|issue| {
            let was_moved =
                homes.contains_key(&issue.subject) || homes.contains_key(&issue.evidence.candidate);
            let joins = was_moved && home(&issue.subject) == home(&issue.evidence.candidate);
            !reopened.contains(&pair_of(issue)) && (issue.kind == IssueKind::Auto || !joins)
        })
}

fn pair_of(issue: &MatchIssue) -> BrokenPair {
    BrokenPair::new(issue.subject.clone(), issue.evidence.candidate.clone())
}

/// Whether `changes` name one of the records or golden records.
pub fn touches(
    changes: &[Change],
    records: &BTreeSet<RecordId>,
    goldens: &BTreeSet<Cruid>,
) -> bool {
    changes.iter().any(|change| match change {
        Change::CreateRecord { record, golden, .. } | Change::Link { record, golden, .. } => {
            records.contains(record) || goldens.contains(golden)
        }
        Change::UpdateRecord { record, .. }
        | Change::WithdrawRecord { record }
        | Change::Adjudicate { record }
        | Change::Release { record } => records.contains(record),
        Change::CreateGolden { golden, .. } | Change::RetireGolden { golden, .. } => {
            goldens.contains(golden)
        }
        Change::OpenIssue { issue } => {
            records.contains(&issue.subject) || records.contains(&issue.evidence.candidate)
        }
        // It names no record; whoever closes issues names one of its records besides.
        Change::CloseIssue { .. } => false,
        Change::BreakPair { pair } | Change::UnbreakPair { pair } => {
            records.contains(pair.low()) || records.contains(pair.high())
        }
    })
}

/// Of the events after `event` that touch what it touched, those that still count, oldest first:
/// an event that was undone, and its undoing, cancel each other.
pub fn resting_on(event: Revision, later: &[(Revision, Option<Revision>)]) -> Vec<Revision> {
    let mut undone = BTreeSet::new();
    let mut resting = Vec::new();
    for (revision, undoes) in later.iter().rev() {
        if undone.contains(revision) {
            continue;
        }
        match undoes {
            Some(other) if *other > event => _ = undone.insert(*other),
            _ => resting.push(*revision),
        }
    }
    resting.reverse();
    resting
}

#[cfg(test)]
mod tests;
