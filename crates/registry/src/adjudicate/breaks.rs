//! Records are broken out of golden records, and such a declaration is withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rematch, Supply, by_person, decision, live};
use crate::{
    commit::{Change, CloseReason},
    decide::{Decision, Refusal},
    event::Verb,
    ids::{Cruid, GoldenNumber, RecordId, Revision},
    standing::{Moment, Standing},
    state::BrokenPair,
};

/// How the records that are broken out of a golden record stay together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// They are one person, another than those left behind (contract 3.9).
    Together,
    /// Each is a person of its own.
    Apart,
}

/// Breaks `records` out of their golden records.
///
/// The records leave for new golden records; each is declared different from every member left
/// behind and, with [`Grouping::Apart`], from each other. `new_golden` gives fresh CRUIDs with
/// their numbers, in order.
///
/// # Errors
///
/// [`Refusal::Unknown`] for an id that is no live source record, [`Refusal::NotPossible`] if
/// nothing would be left behind to break from.
pub fn break_records(
    records: &BTreeSet<RecordId>,
    grouping: Grouping,
    standing: &Standing,
    revision: Revision,
    new_golden: &mut dyn FnMut() -> (Cruid, GoldenNumber),
) -> Result<Decision, Refusal> {
    let mut groups: BTreeMap<Cruid, Vec<RecordId>> = BTreeMap::new();
    for id in records {
        let state = live(id, standing)?;
        groups.entry(state.golden.clone()).or_default().push(id.clone());
    }
    let mut changes = Vec::new();
    for (golden, leaving) in &groups {
        let members = standing.golden(golden).map(|state| &state.members);
        let left: Vec<&RecordId> =
            members.into_iter().flatten().filter(|id| !records.contains(id)).collect();
        let is_possible = match grouping {
            Grouping::Together => !left.is_empty(),
            Grouping::Apart => !left.is_empty() || leaving.len() > 1,
        };
        if !is_possible {
            let text = format!("Patient/{golden} holds nothing else to break these records from");
            return Err(Refusal::NotPossible(text));
        }
        changes.extend(leave(leaving, &left, grouping, revision, new_golden));
    }
    changes.extend(close_decided(records, &changes, standing));
    Ok(decision(Verb::Break, changes, records))
}

/// The changes by which `leaving` leave their golden record, where `left` stay.
fn leave(
    leaving: &[RecordId],
    left: &[&RecordId],
    grouping: Grouping,
    revision: Revision,
    new_golden: &mut dyn FnMut() -> (Cruid, GoldenNumber),
) -> Vec<Change> {
    let basis = by_person(revision);
    let mut changes = Vec::new();
    let mut target = None;
    for (index, record) in leaving.iter().enumerate() {
        // With nothing left behind, the first of those that part keeps the CRUID.
        let keeps = left.is_empty() && index == 0;
        if !keeps {
            let is_new = target.is_none() || grouping == Grouping::Apart;
            if is_new {
                let (golden, number) = new_golden();
                changes.push(Change::CreateGolden { golden: golden.clone(), number });
                target = Some(golden);
            }
            if let Some(golden) = target.clone() {
                changes.push(Change::Link { record: record.clone(), golden, basis: basis.clone() });
            }
        }
        let others = match grouping {
            Grouping::Together => &leaving[..0],
            Grouping::Apart => &leaving[..index],
        };
        changes.extend(left.iter().copied().chain(others).map(|other| Change::BreakPair {
            pair: BrokenPair::new(record.clone(), other.clone()),
        }));
    }
    changes
}

/// Closes the open issues of pairs that were just declared different.
fn close_decided(
    records: &BTreeSet<RecordId>,
    changes: &[Change],
    standing: &Standing,
) -> Vec<Change> {
    let pairs: BTreeSet<&BrokenPair> = changes
        .iter()
        .filter_map(|change| match change {
            Change::BreakPair { pair } => Some(pair),
            _ => None,
        })
        .collect();
    let mut closed = BTreeSet::new();
    for issue in records.iter().flat_map(|record| standing.issues_of(record)) {
        let pair = BrokenPair::new(issue.subject.clone(), issue.evidence.candidate.clone());
        if pairs.contains(&pair) {
            closed.insert(issue.id.clone());
        }
    }
    closed
        .into_iter()
        .map(|issue| Change::CloseIssue { issue, reason: CloseReason::Decided })
        .collect()
}

/// Withdraws the declaration that the two records of each pair are different people.
///
/// Links do not come back by that: the records are decided on anew when they are next
/// submitted, or by [`unbreak_and_rematch`].
///
/// # Errors
///
/// [`Refusal::NotPossible`] if a pair is not broken.
pub fn unbreak_pairs(pairs: &[BrokenPair], standing: &Standing) -> Result<Decision, Refusal> {
    let pairs: BTreeSet<&BrokenPair> = pairs.iter().collect();
    for pair in &pairs {
        if !standing.is_broken(pair.low(), pair.high()) {
            let text = format!("Patient/{} and Patient/{} are not broken", pair.low(), pair.high());
            return Err(Refusal::NotPossible(text));
        }
    }
    let subjects = pairs.iter().flat_map(|pair| [pair.low(), pair.high()]).cloned().collect();
    let changes =
        pairs.into_iter().map(|pair| Change::UnbreakPair { pair: pair.clone() }).collect();
    Ok(decision(Verb::Unbreak, changes, &subjects))
}

/// Withdraws the declaration that the two records of each pair are different people, and has
/// their records decided on anew under the rules in force.
///
/// Links come back only if matching says so. Pairs that stay broken keep records apart, whoever
/// else is in their golden records (contract 6.3, D15 and D16).
///
/// # Errors
///
/// [`Refusal::NotPossible`] if a pair is not broken.
pub fn unbreak_and_rematch(
    pairs: &[BrokenPair],
    standing: &Standing,
    supply: &mut Supply<'_>,
    rematch: Rematch<'_>,
) -> Result<Decision, Refusal> {
    let mut decision = unbreak_pairs(pairs, standing)?;
    let moment = Moment { revision: supply.revision, at: supply.at };
    let mut scratch = standing.clone();
    scratch.apply(moment, &decision.changes);
    for record in decision.subjects.clone() {
        if scratch.record(&record).is_none_or(|state| state.is_withdrawn) {
            continue;
        }
        let rematched = rematch(&record, &scratch, supply);
        scratch.apply(moment, &rematched.changes);
        decision.changes.extend(rematched.changes);
        decision.explanations.extend(rematched.explanations);
    }
    Ok(decision)
}

#[cfg(test)]
mod tests;
