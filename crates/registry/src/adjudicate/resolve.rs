//! A steward resolves match issues: moves records, or leaves them and clears the flags.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    NAMED_MAX, Supply, decision,
    homes::{Homes, close},
    live,
};
use crate::{
    commit::Change,
    decide::{Decision, Refusal},
    event::Verb,
    ids::{Cruid, IssueId, RecordId},
    standing::Standing,
    state::{GoldenStatus, IssueKind},
};

/// What a steward decides on the match issues of one record (contract 3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// The record whose issues were looked at.
    pub resolving: RecordId,
    /// Which kind of issue was looked at, if that is known.
    pub flag: Option<IssueKind>,
    /// Whether the open issues of the record are to be closed.
    pub remove_flag: bool,
    /// Where the records that were looked at belong.
    pub moves: Vec<Move>,
    /// Declarations that records are different people are withdrawn where they would come
    /// together; without it such a move is refused.
    pub withdraw_broken: bool,
}

/// Where a record belongs, in the eyes of a steward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The record.
    pub record: RecordId,
    /// The CRUID that it had when the steward looked; another one now refuses the decision.
    pub from: Option<Cruid>,
    /// The person.
    pub to: Target,
}

/// A person as a steward names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One that exists.
    Golden(Cruid),
    /// A new one; equal texts are one person (contract 6.3, D11).
    New(String),
}

impl Target {
    /// Reads a CRUID, or a text `New CR ID <n>` as OpenCR's screens write it.
    pub fn from_text(text: &str) -> Self {
        if text.starts_with("New CR ID") {
            return Self::New(text.to_owned());
        }
        Self::Golden(Cruid::new(text))
    }
}

impl Resolve {
    pub(super) fn records(&self) -> BTreeSet<RecordId> {
        let moved = self.moves.iter().map(|one| &one.record);
        moved.chain([&self.resolving]).cloned().collect()
    }

    pub(super) fn goldens(&self) -> BTreeSet<Cruid> {
        let targets = self.moves.iter().filter_map(|one| match &one.to {
            Target::Golden(golden) => Some(golden.clone()),
            Target::New(_) => None,
        });
        targets.chain(self.moves.iter().filter_map(|one| one.from.clone())).collect()
    }
}

/// Moves records to the persons chosen and closes the issues that this decides.
///
/// What is moved is decided by a person from then on, and so is the record whose issues were
/// resolved once one of them is closed. With `remove_flag` its open issues are closed on both
/// sides: of `flag`'s kind if records move, else all of them. Nothing at all changes if nothing
/// moves and no flag is to be removed.
///
/// # Errors
///
/// [`Refusal::Unknown`] for an id that is no live source record, [`Refusal::Stale`] if a record
/// is no longer where the steward saw it, [`Refusal::NotPossible`] for a target that is no live
/// golden record, a record with two targets or too many records, and
/// [`Refusal::DeclaredDifferent`] if records would come together that were declared different.
pub fn resolve(
    asked: &Resolve,
    standing: &Standing,
    supply: &mut Supply<'_>,
) -> Result<Decision, Refusal> {
    let subjects = asked.records();
    if subjects.len() > NAMED_MAX {
        let text = format!("one decision may name {NAMED_MAX} records at the most");
        return Err(Refusal::NotPossible(text));
    }
    live(&asked.resolving, standing)?;
    let (mut changes, homes) = moves(asked, standing, supply)?;
    let has_moved = !homes.moved.is_empty();
    changes.extend(homes.withdraw(asked.withdraw_broken)?);
    changes.extend(homes.links(supply.revision));
    let mut closed = homes.settled();
    if asked.remove_flag {
        closed.extend(flagged(asked, has_moved, standing));
    }
    let takes_part =
        |id: &IssueId| standing.issues_of(&asked.resolving).any(|issue| issue.id == *id);
    let is_decided = asked.remove_flag || closed.iter().any(takes_part);
    if is_decided && !homes.moved.contains_key(&asked.resolving) {
        changes.extend(homes.adjudicated([&asked.resolving].into_iter()));
    }
    changes.extend(close(closed));
    Ok(decision(Verb::Resolve, changes, &subjects))
}

/// The issues that `remove_flag` closes.
fn flagged(asked: &Resolve, has_moved: bool, standing: &Standing) -> Vec<IssueId> {
    let only = asked.flag.filter(|_| has_moved);
    let issues = standing.issues_of(&asked.resolving);
    let issues = issues.filter(|issue| only.is_none_or(|kind| issue.kind == kind));
    issues.map(|issue| issue.id.clone()).collect()
}

/// The new golden records, and where the records go that do not stay.
fn moves<'a>(
    asked: &Resolve,
    standing: &'a Standing,
    supply: &mut Supply<'_>,
) -> Result<(Vec<Change>, Homes<'a>), Refusal> {
    let mut changes = Vec::new();
    let mut created: BTreeMap<&str, Cruid> = BTreeMap::new();
    let mut chosen: BTreeMap<&RecordId, &Target> = BTreeMap::new();
    let mut moved = BTreeMap::new();
    for one in &asked.moves {
        let state = live(&one.record, standing)?;
        if one.from.as_ref().is_some_and(|from| *from != state.golden) {
            return Err(Refusal::Stale(format!("the CRUID of Patient/{}", one.record)));
        }
        if chosen.insert(&one.record, &one.to).is_some_and(|before| *before != one.to) {
            let text = format!("Patient/{} cannot belong to two persons", one.record);
            return Err(Refusal::NotPossible(text));
        }
        let golden = match &one.to {
            Target::Golden(golden) => {
                check_target(golden, standing)?;
                golden.clone()
            }
            Target::New(text) => created
                .entry(text)
                .or_insert_with(|| {
                    let (golden, number) = supply.golden();
                    changes.push(Change::CreateGolden { golden: golden.clone(), number });
                    golden
                })
                .clone(),
        };
        if golden != state.golden {
            moved.insert(one.record.clone(), golden);
        }
    }
    Ok((changes, Homes { standing, moved }))
}

fn check_target(golden: &Cruid, standing: &Standing) -> Result<(), Refusal> {
    let text = match standing.golden(golden).map(|state| &state.status) {
        Some(GoldenStatus::Live) => return Ok(()),
        Some(GoldenStatus::Replaced(other)) => {
            format!("Patient/{golden} stands for nobody any more: Patient/{other} replaced it")
        }
        Some(GoldenStatus::Retired) => format!("Patient/{golden} stands for nobody any more"),
        None => format!("there is no golden record Patient/{golden}"),
    };
    Err(Refusal::NotPossible(text))
}

#[cfg(test)]
mod tests;
