//! What the rules say of a record, in the classes that a steward sees; nothing is decided.

use super::{Candidate, Grounds, classify::classify};
use crate::{
    ids::{Cruid, RecordId},
    state::IssueKind,
};

/// A candidate in its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewed {
    /// The candidate with its score.
    pub candidate: Candidate,
    /// The golden record that it belongs to.
    pub golden: Cruid,
    /// Automatic, if it belongs to the person of the record or to the one that would win it.
    pub kind: IssueKind,
}

/// Sorts the candidates of a stored record, or of one that need not be stored, best first.
///
/// Those that it was declared different from are left out, as are withdrawn ones.
pub fn review(record: Option<&RecordId>, grounds: Grounds<'_>) -> Vec<Reviewed> {
    let stored = record.and_then(|id| grounds.standing.record(id));
    let stored = stored.filter(|state| !state.is_withdrawn);
    let classes = classify(stored, grounds);
    let home = match stored {
        Some(state) => Some(state.golden.clone()),
        None => classes.winner.as_ref().map(|winner| winner.golden.clone()),
    };
    let reviewed = classes.candidates.iter().map(|classed| Reviewed {
        candidate: classed.candidate.clone(),
        golden: classed.golden.clone(),
        kind: classes.kind(classed, home.as_ref()),
    });
    reviewed.collect()
}
