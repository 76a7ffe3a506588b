//! Sorts what the rules found into automatic, conflicting and potential matches.

use std::collections::HashMap;

use matching::score::{Band, Score};

use super::{is_auto, rank};
use crate::{
    ids::{Cruid, RecordId},
    standing::Standing,
    state::{IssueKind, RecordState},
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
    /// Where the score falls between that rule's thresholds.
    pub band: Band,
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
    /// potential score; an automatic score elsewhere is a conflict.
    pub(super) fn kind(classed: &Classed<'_>, home: Option<&Cruid>) -> IssueKind {
        match (is_auto(classed.candidate), home == Some(&classed.golden)) {
            (_, true) => IssueKind::Auto,
            (true, false) => IssueKind::Conflict,
            (false, false) => IssueKind::Potential,
        }
    }
}

/// Chooses the winner and orders the candidates.
///
/// Only automatic matches win: those of the earliest rule that has any, by score; of equal
/// scores the one in the record's present golden record, then in the oldest golden record,
/// then by id. Golden records with a member that the record was declared different from
/// cannot win; their members stay visible as conflicts or potential matches.
pub(super) fn classify<'a>(
    existing: Option<&RecordState>,
    matches: &'a Matches,
    standing: &Standing,
) -> Classes<'a> {
    let candidates = live_candidates(existing, matches, standing);
    let current = existing.filter(|state| !state.is_withdrawn).map(|state| &state.golden);
    let winner = candidates
        .iter()
        .filter(|classed| is_auto(classed.candidate))
        .filter_map(|classed| {
            let golden = standing.golden(&classed.golden)?;
            let barred = existing.is_some_and(|state| standing.is_barred(&state.id, golden));
            (!barred).then_some((classed, golden))
        })
        .min_by_key(|(classed, golden)| {
            let elsewhere = current != Some(&golden.id);
            let tie = (elsewhere, golden.number, classed.candidate.record.clone());
            rank(classed.candidate.rule, classed.candidate.score, tie)
        })
        .map(|(classed, _)| Winner { best: classed.candidate, golden: classed.golden.clone() });
    Classes { winner, candidates, potential_total: matches.potential_total }
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
