//! Two records are declared different people, or one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    decision,
    homes::{Homes, close},
    live,
};
use crate::{
    commit::Change,
    decide::{Decision, Refusal},
    event::Verb,
    ids::{IssueId, RecordId, Revision},
    standing::Standing,
    state::{BrokenPair, RecordState},
};

fn both<'a>(
    pair: &BrokenPair,
    standing: &'a Standing,
) -> Result<(&'a RecordState, &'a RecordState), Refusal> {
    if pair.low() == pair.high() {
        let text = format!("Patient/{} is one record: name two", pair.low());
        return Err(Refusal::NotPossible(text));
    }
    Ok((live(pair.low(), standing)?, live(pair.high(), standing)?))
}

fn subjects(pair: &BrokenPair) -> BTreeSet<RecordId> {
    [pair.low().clone(), pair.high().clone()].into()
}

/// The open issues that are about the pair.
fn issues_between(low: &RecordState, high: &RecordState, standing: &Standing) -> BTreeSet<IssueId> {
    let of_pair = standing
        .issues_of(&low.id)
        .filter(|issue| issue.subject == high.id || issue.evidence.candidate == high.id);
    of_pair.map(|issue| issue.id.clone()).collect()
}

/// Declares two records different people that are not linked: they never link by themselves,
/// and their open issue is closed.
///
/// # Errors
///
/// [`Refusal::Unknown`] for an id that is no live source record, [`Refusal::NotPossible`] if the
/// two are linked (then they must be broken) or declared different already.
pub fn mark_different(pair: &BrokenPair, standing: &Standing) -> Result<Decision, Refusal> {
    let (low, high) = both(pair, standing)?;
    if low.golden == high.golden {
        let text = format!(
            "Patient/{} and Patient/{} are both in Patient/{}: break one of them out instead",
            low.id, high.id, low.golden
        );
        return Err(Refusal::NotPossible(text));
    }
    if standing.is_broken(&low.id, &high.id) {
        let text =
            format!("Patient/{} and Patient/{} are declared different already", low.id, high.id);
        return Err(Refusal::NotPossible(text));
    }
    let mut changes = vec![Change::BreakPair { pair: pair.clone() }];
    changes.extend(close(issues_between(low, high, standing)));
    Ok(decision(Verb::MarkDifferent, changes, &subjects(pair)))
}

/// Declares two records one person: the golden record of the younger CRUID joins the older one,
/// with all its members. If they are one person already, by an automatic match that waits to be
/// looked at, that is confirmed.
///
/// The two records and those that move are decided by a person from then on.
///
/// # Errors
///
/// [`Refusal::Unknown`] for an id that is no live source record, [`Refusal::NotPossible`] if the
/// two are linked already and nothing waits about them, [`Refusal::DeclaredDifferent`] if members were declared different
/// people and `withdraw_broken` is false.
pub fn mark_same(
    pair: &BrokenPair,
    withdraw_broken: bool,
    standing: &Standing,
    revision: Revision,
) -> Result<Decision, Refusal> {
    let (low, high) = both(pair, standing)?;
    let gone = || Refusal::NotPossible("a golden record of the two is not there".to_owned());
    let first = standing.golden(&low.golden).ok_or_else(gone)?;
    let second = standing.golden(&high.golden).ok_or_else(gone)?;
    if first.id == second.id {
        let confirmed = issues_between(low, high, standing);
        if !confirmed.is_empty() {
            let homes = Homes { standing, moved: BTreeMap::new() };
            let mut changes: Vec<Change> = close(confirmed).collect();
            changes.extend(homes.adjudicated(subjects(pair).iter()));
            return Ok(decision(Verb::MarkSame, changes, &subjects(pair)));
        }
        let text = format!(
            "Patient/{} and Patient/{} are one person already: both are in Patient/{}",
            low.id, high.id, first.id
        );
        return Err(Refusal::NotPossible(text));
    }
    let (older, younger) =
        if first.number < second.number { (first, second) } else { (second, first) };
    let moved = younger.members.iter().map(|id| (id.clone(), older.id.clone())).collect();
    let homes = Homes { standing, moved };
    let mut changes = homes.withdraw(withdraw_broken)?;
    changes.extend(homes.links(revision));
    changes.extend(close(homes.settled()));
    let stays = subjects(pair);
    let stays = stays.iter().filter(|id| !homes.moved.contains_key(*id));
    changes.extend(homes.adjudicated(stays));
    Ok(decision(Verb::MarkSame, changes, &subjects(pair)))
}
