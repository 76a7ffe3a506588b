//! A stored record is decided on anew, as if its source had sent it again unchanged.

use super::{Draft, Fresh, Grounds, classify::classify, issues};
use crate::{
    adjudicate::{Rematched, Supply},
    commit::Change,
    ids::{GoldenNumber, RecordId},
};

/// Decides on `record` under the rules in force; nothing changes for one that is not there.
///
/// A record about which a person decided stays where it is, as with a submission.
pub fn rematch(record: &RecordId, supply: &mut Supply<'_>, grounds: Grounds<'_>) -> Rematched {
    let standing = grounds.standing;
    let Some(state) = standing.record(record).filter(|state| !state.is_withdrawn) else {
        return Rematched::default();
    };
    let fresh = Fresh {
        revision: supply.revision,
        at: supply.at,
        record: record.clone(),
        record_number: state.number,
        golden: (supply.cruid)(),
        golden_number: GoldenNumber(supply.next_golden),
    };
    let classes = classify(Some(state), grounds);
    let mut draft = Draft::of_stored(record.clone(), &fresh, grounds.explain);
    draft.issues_opened = supply.issues_opened;
    draft.update(state, &classes, standing, grounds.policy);
    issues::recompute(&mut draft, record, &classes, grounds);
    supply.issues_opened = draft.issues_opened;
    let is_founding = |change: &Change| matches!(change, Change::CreateGolden { .. });
    supply.next_golden += u32::from(draft.changes.iter().any(is_founding));
    Rematched { changes: draft.changes, explanations: draft.explanations }
}
