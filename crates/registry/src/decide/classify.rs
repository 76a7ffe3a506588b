//! Sorts what the rules found into automatic, conflicting and potential matches.

use std::collections::{HashMap, hash_map::Entry};

use matching::{
    explain::GuardExplanation,
    model::Doubt,
    score::{Band, Score},
};

use super::{Grounds, HoldBack, Joining, is_auto, rank};
use crate::{
    ids::{Cruid, RecordId},
    standing::Standing,
    state::{GoldenState, IssueKind, RecordState},
};

/// A stored record that a rule found, with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The record found.
    pub record: RecordId,
    /// The rule that found it, counted from 1.
    pub rule: u32,
    /// Its score by that rule.
    pub score: Score,
    /// Where the score falls between that rule's thresholds, the rule's guards heeded.
    pub band: Band,
    /// What it is where it is neither linked nor automatic.
    pub doubt: Doubt,
}

/// Everything that the rules found for one record.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// Candidates of all rules in any order; all automatic ones, the best of the potential ones.
    pub candidates: Vec<Candidate>,
    /// How many potential candidates there were, when `candidates` holds only the best of them:
    /// records that some rule finds potential and none automatic, each once, without the record
    /// itself. What persons decided is not looked at, so declared differences are counted, too.
    pub potential_total: Option<u64>,
}

/// The candidates in the classes that a steward sees.
pub(super) struct Classes<'a> {
    /// The automatic match that decides, and its golden record.
    pub(super) winner: Option<Winner<'a>>,
    /// One entry a candidate, best first, each with its class and golden record.
    pub(super) candidates: Vec<Classed<'a>>,
    /// What keeps the record from joining golden records for which an automatic match speaks.
    held_back: HashMap<Cruid, Vec<GuardExplanation>>,
    /// See [`Matches::potential_total`].
    pub(super) potential_total: Option<u64>,
}

pub(super) struct Winner<'a> {
    pub(super) best: &'a Candidate,
    pub(super) golden: Cruid,
}

pub(super) struct Classed<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) golden: Cruid,
}

impl Classes<'_> {
    /// The class of a candidate, given the golden record that the submitted record ends in.
    ///
    /// Contract 3.2, step 6: whatever is linked to it is an automatic match, even at a
    /// potential score; an automatic score elsewhere is a conflict, unless a guard of that golden
    /// record says what it is.
    pub(super) fn kind(&self, classed: &Classed<'_>, home: Option<&Cruid>) -> IssueKind {
        let doubt = match (is_auto(classed.candidate), self.held_back(classed)) {
            _ if home == Some(&classed.golden) => return IssueKind::Auto,
            (true, []) => return IssueKind::Conflict,
            (true, guards) => guards.iter().map(|guard| guard.gives).max().unwrap_or_default(),
            (false, _) => classed.candidate.doubt,
        };
        match doubt {
            Doubt::Potential => IssueKind::Potential,
            Doubt::Conflict => IssueKind::Conflict,
        }
    }

    /// The guards that keep the record from the golden record of an automatic match.
    pub(super) fn held_back(&self, classed: &Classed<'_>) -> &[GuardExplanation] {
        let guards = self.held_back.get(&classed.golden).filter(|_| is_auto(classed.candidate));
        guards.map_or(&[], Vec::as_slice)
    }
}

/// Chooses the winner and orders the candidates.
///
/// Only automatic matches win: those of the earliest rule that has any, by score; of equal
/// scores the one in the record's present golden record, then in the oldest golden record,
/// then by id. Golden records with a member that the record was declared different from
/// cannot win; their members stay visible as conflicts or potential matches. So it is with golden
/// records that a guard keeps the record from: the next best is looked at.
pub(super) fn classify<'a>(existing: Option<&RecordState>, grounds: Grounds<'a>) -> Classes<'a> {
    let Grounds { matches, standing, hold_back, .. } = grounds;
    let candidates = live_candidates(existing, matches, standing);
    let held_back = all_held_back(existing, &candidates, standing, hold_back);
    let current = existing.filter(|state| !state.is_withdrawn).map(|state| &state.golden);
    let winner = candidates
        .iter()
        .filter(|classed| is_auto(classed.candidate))
        .filter_map(|classed| {
            let golden = standing.golden(&classed.golden)?;
            let barred = existing.is_some_and(|state| standing.is_barred(&state.id, golden));
            (!barred && !held_back.contains_key(&golden.id)).then_some((classed, golden))
        })
        .min_by_key(|(classed, golden)| {
            let elsewhere = current != Some(&golden.id);
            let tie = (elsewhere, golden.number, classed.candidate.record.clone());
            rank(classed.candidate.rule, classed.candidate.score, tie)
        })
        .map(|(classed, _)| Winner { best: classed.candidate, golden: classed.golden.clone() });
    Classes { winner, candidates, held_back, potential_total: matches.potential_total }
}

/// What guards say of every golden record for which an automatic match speaks; those of which
/// they say nothing are left out.
fn all_held_back(
    existing: Option<&RecordState>,
    candidates: &[Classed<'_>],
    standing: &Standing,
    hold_back: HoldBack<'_>,
) -> HashMap<Cruid, Vec<GuardExplanation>> {
    let mut asked = HashMap::new();
    for classed in candidates.iter().filter(|classed| is_auto(classed.candidate)) {
        let (Entry::Vacant(place), Some(golden)) =
            (asked.entry(classed.golden.clone()), standing.golden(&classed.golden))
        else {
            continue;
        };
        place.insert(hold_back(&joining(existing, golden)));
    }
    asked.retain(|_, guards| !guards.is_empty());
    asked
}

fn joining<'a>(existing: Option<&RecordState>, golden: &'a GoldenState) -> Joining<'a> {
    let is_self = |member: &RecordId| existing.is_some_and(|state| state.id == *member);
    let others: Vec<&RecordId> = golden.members.iter().filter(|one| !is_self(one)).collect();
    let is_member = others.len() < golden.members.len();
    Joining { others, is_member }
}

/// One entry for each live candidate that is not the record itself nor declared different.
fn live_candidates<'a>(
    existing: Option<&RecordState>,
    matches: &'a Matches,
    standing: &Standing,
) -> Vec<Classed<'a>> {
    let mut best: HashMap<&RecordId, &Candidate> = HashMap::new();
    for candidate in matches.candidates.iter().filter(|one| one.band != Band::Below) {
        let is_self = existing.is_some_and(|state| state.id == candidate.record);
        let is_broken =
            existing.is_some_and(|state| standing.is_broken(&state.id, &candidate.record));
        if is_self || is_broken {
            continue;
        }
        best.entry(&candidate.record)
            .and_modify(|known| {
                if order(candidate) < order(known) {
                    *known = candidate;
                }
            })
            .or_insert(candidate);
    }
    let mut live: Vec<Classed<'a>> = best
        .into_values()
        .filter_map(|candidate| {
            let state = standing.record(&candidate.record)?;
            (!state.is_withdrawn).then(|| Classed { candidate, golden: state.golden.clone() })
        })
        .collect();
    live.sort_by_cached_key(|classed| order(classed.candidate));
    live
}

/// The best class first, then the earlier rule, the higher score, the lower id.
fn order(candidate: &Candidate) -> impl Ord + use<> {
    (!is_auto(candidate), rank(candidate.rule, candidate.score, candidate.record.clone()))
}
