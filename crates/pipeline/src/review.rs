//! A person's decision on its way through the linker, and what is read about earlier ones.

use std::collections::BTreeSet;

use registry::{
    actor::Actor,
    adjudicate::{Adjudication, NAMED_MAX, REASON_MAX, Seen},
    commit::Change,
    decide::Refusal,
    event::EventBody,
    ids::{Cruid, RecordId, Revision},
    undo,
    verdict::Verdict,
};
use store::{Reader, StoreError};

use crate::PipelineError;

/// Events read at once.
const PAGE_MAX: u32 = 2_000;

/// Events that are looked through for those that rest on another: a second of reading, beside
/// the linker's work. What comes later is not named.
const LOOKED_THROUGH_MAX: u64 = 200_000;

/// Events that are named: with more of them the decision is old history.
const LATER_MAX: usize = 20;

/// Events that a decision may lag behind what was shown; each is read while others wait.
pub(crate) const LAG_MAX: u64 = 10_000;

/// The answer to a person's decision.
pub type CaseAnswer = Result<Result<Verdict, Refusal>, PipelineError>;

/// A person's decision, with who takes it, why and on what sight.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What is decided.
    pub adjudication: Adjudication,
    /// Who decides.
    pub actor: Actor,
    /// Why, in that person's words; kept in the event for ever, so no place for demographics.
    pub reason: Option<String>,
    /// What the person looked at.
    pub seen: Seen,
    /// It is decided with many others, and nobody looked at it by itself.
    pub unseen: bool,
    /// Only tell what would become of it.
    pub dry_run: bool,
}

impl Case {
    /// A decision without a reason, on whatever stands.
    pub fn new(adjudication: Adjudication, actor: Actor) -> Self {
        let seen = Seen::default();
        Self { adjudication, actor, reason: None, seen, unseen: false, dry_run: false }
    }

    /// Checks what needs no reading.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let length = self.reason.as_ref().map_or(0, |reason| reason.chars().count());
        if length > REASON_MAX {
            let text = format!("the reason has {length} characters; {REASON_MAX} are allowed");
            return Err(Refusal::NotPossible(text));
        }
        let named = self.adjudication.records().len().max(self.seen.versions.len());
        if named > NAMED_MAX {
            let text =
                format!("one decision may name {NAMED_MAX} records at the most, not {named}");
            return Err(Refusal::NotPossible(text));
        }
        Ok(())
    }
}

/// The event of that revision, if there is one.
pub(crate) async fn event(
    reader: &dyn Reader,
    revision: Revision,
) -> Result<Option<EventBody>, StoreError> {
    let Some(before) = revision.0.checked_sub(1) else { return Ok(None) };
    let events = reader.events_after(Revision(before), 1).await?;
    events
        .first()
        .filter(|event| event.revision == revision)
        .map(|event| read(&event.body))
        .transpose()
}

fn read(body: &str) -> Result<EventBody, StoreError> {
    serde_json::from_str(body).map_err(|_| StoreError::Damaged("an event".to_owned()))
}

/// What a decision is about: source records and golden records.
#[derive(Debug, Default)]
pub(crate) struct Things {
    pub(crate) records: BTreeSet<RecordId>,
    pub(crate) goldens: BTreeSet<Cruid>,
}

/// Of the `max` events after `after`, those that touch one of `things`, with what they undo.
pub(crate) async fn touching(
    reader: &dyn Reader,
    after: Revision,
    things: &Things,
    max: u64,
) -> Result<Vec<(Revision, Option<Revision>)>, StoreError> {
    let mut found = Vec::new();
    let mut at = after;
    while at.0 < after.0.saturating_add(max) {
        let events = reader.events_after(at, PAGE_MAX).await?;
        let Some(last) = events.last() else { break };
        at = last.revision;
        for event in &events {
            let body = read(&event.body)?;
            if undo::touches(&body.changes, &things.records, &things.goldens) {
                found.push((body.revision, body.undoes));
            }
        }
    }
    Ok(found)
}

/// The later events that keep `revision` from being undone, oldest first.
pub(crate) async fn resting_on(
    reader: &dyn Reader,
    revision: Revision,
) -> Result<Vec<Revision>, StoreError> {
    let Some(body) = event(reader, revision).await? else { return Ok(Vec::new()) };
    let things = body.way_back.map(|way| Things {
        records: way.records.into_keys().collect(),
        goldens: way.goldens.into_keys().collect(),
    });
    let later = touching(reader, revision, &things.unwrap_or_default(), LOOKED_THROUGH_MAX).await?;
    let mut resting = undo::resting_on(revision, &later);
    resting.truncate(LATER_MAX);
    Ok(resting)
}

/// The golden records that the way back of an event links to or retires.
pub(crate) fn goldens_of(body: &EventBody) -> BTreeSet<Cruid> {
    let way = body.way_back.iter();
    let changes = way.clone().flat_map(|way| &way.changes);
    let named = changes.filter_map(|change| match change {
        Change::Link { golden, .. } | Change::RetireGolden { golden, .. } => Some(golden.clone()),
        _ => None,
    });
    named.chain(way.flat_map(|way| way.goldens.keys().cloned())).collect()
}
