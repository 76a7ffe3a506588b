//! What happened to a person, told from the registry's events.

use std::collections::HashMap;

use registry::{
    actor::Actor,
    commit::Change,
    event::{EventBody, Verb},
    ids::{ContentHash, RecordId, Revision},
    state::{Evidence, IssueKind, RecordState},
};
use ui::{
    Frame,
    pages::{Change as Told, Event},
};

use super::{
    super::{Fault, Visit},
    decide::may_undo,
    links::{actor_name, score_text},
    read::{Known, moment, name_of, states},
};
use crate::{
    App,
    audit::{events_about, past},
};

/// Events that a page shows.
const EVENTS_MAX: usize = 100;

/// What happened to a person's records and CRUID, newest first, from before an event on; and the event
/// before which there is more.
pub(super) async fn events(
    app: &App,
    known: &Known,
    before: Option<Revision>,
) -> Result<(Vec<EventBody>, Option<Revision>), Fault> {
    let ids = known.sources.iter().map(|(source, _)| source.state.id.to_string());
    let ids: Vec<String> = ids.chain([known.golden.id.to_string()]).collect();
    let found = past(&**app.reader(), &ids, before, EVENTS_MAX).await?;
    Ok((found.events, found.older))
}

/// The events in words; of each only what concerns the person.
pub(super) async fn told(
    (app, visit): (&App, &Visit),
    frame: &Frame,
    known: &Known,
    events: Vec<EventBody>,
) -> Result<Vec<Event>, Fault> {
    let mentioned = events.iter().flat_map(|event| event.changes.iter().flat_map(records));
    let states = states(app, mentioned).await?;
    let words = Words { app, frame, states: &states };
    let ids = known.ids();
    let concerns = |change: &Change| {
        let is_ours = records(change).iter().any(|id| ids.contains(id));
        is_ours || golden(change) == Some(known.golden.id.as_str())
    };
    let told = events.into_iter().map(|event| Event {
        may_undo: may_undo(frame, visit, &event),
        revision: event.revision.0,
        at: moment(event.at),
        verb: verb(event.verb),
        actor: actor_name(&event.actor),
        actor_kind: match event.actor {
            Actor::Client(_) => "actor-client",
            Actor::User(_) => "actor-user",
            Actor::Job(_) => "actor-job",
        },
        reason: event.reason.unwrap_or_default(),
        undoes: event.undoes.map(|revision| revision.0),
        ruleset: event.ruleset,
        changes: event.changes.iter().filter(|it| concerns(it)).map(|it| words.tell(it)).collect(),
    });
    Ok(told.collect())
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Submit => "verb-submit",
        Verb::Withdraw => "verb-withdraw",
        Verb::Break => "verb-break",
        Verb::Unbreak => "verb-unbreak",
        Verb::Resolve => "verb-resolve",
        Verb::MarkDifferent => "verb-mark-different",
        Verb::MarkSame => "verb-mark-same",
        Verb::Undo => "verb-undo",
        Verb::Adopt => "verb-adopt",
    }
}

/// Records that a change is about.
fn records(change: &Change) -> Vec<RecordId> {
    match change {
        Change::CreateRecord { record, .. }
        | Change::UpdateRecord { record, .. }
        | Change::WithdrawRecord { record }
        | Change::Link { record, .. }
        | Change::Adjudicate { record }
        | Change::Release { record } => vec![record.clone()],
        Change::OpenIssue { issue } => {
            vec![issue.subject.clone(), issue.evidence.candidate.clone()]
        }
        Change::BreakPair { pair } | Change::UnbreakPair { pair } => {
            vec![pair.low().clone(), pair.high().clone()]
        }
        Change::CreateGolden { .. } | Change::RetireGolden { .. } | Change::CloseIssue { .. } => {
            Vec::new()
        }
    }
}

/// The golden record that a change is about.
fn golden(change: &Change) -> Option<&str> {
    match change {
        Change::CreateRecord { golden, .. }
        | Change::CreateGolden { golden, .. }
        | Change::Link { golden, .. }
        | Change::RetireGolden { golden, .. } => Some(golden.as_str()),
        _ => None,
    }
}

/// The evidence that a change rests on, and the record whose match it was.
pub(super) fn evidence(change: &Change) -> Option<(&RecordId, &Evidence)> {
    match change {
        Change::CreateRecord { record, basis, .. } | Change::Link { record, basis, .. } => {
            basis.evidence.as_ref().map(|evidence| (record, evidence))
        }
        Change::OpenIssue { issue } => Some((&issue.subject, &issue.evidence)),
        _ => None,
    }
}

/// Finds the evidence of a record with this explanation, in what happened to it.
pub(super) async fn explained(
    app: &App,
    record: &RecordId,
    hash: &ContentHash,
) -> Result<Option<(Evidence, EventBody)>, Fault> {
    for event in events_about(&**app.reader(), &[record.to_string()]).await?.into_iter().rev() {
        let found = event.changes.iter().filter_map(evidence);
        let mut found = found.filter(|(of, it)| *of == record && it.explanation == *hash);
        if let Some((_, evidence)) = found.next() {
            return Ok(Some((evidence.clone(), event.clone())));
        }
    }
    Ok(None)
}

/// Says changes in the reader's language.
struct Words<'a> {
    app: &'a App,
    frame: &'a Frame,
    states: &'a HashMap<RecordId, RecordState>,
}

impl Words<'_> {
    fn tell(&self, change: &Change) -> Told {
        let text = match change {
            Change::CreateRecord { record, golden, .. } => self.say(
                "change-create",
                &[("record", self.name(record)), ("cruid", golden.to_string())],
            ),
            Change::UpdateRecord { record, .. } => self.of_record("change-update", record),
            Change::WithdrawRecord { record } => self.of_record("change-withdraw", record),
            Change::CreateGolden { golden, .. } => {
                self.say("change-create-golden", &[("cruid", golden.to_string())])
            }
            Change::Link { record, golden, .. } => self.say(
                "change-link",
                &[("record", self.name(record)), ("cruid", golden.to_string())],
            ),
            Change::RetireGolden { golden, replaced_by: None } => {
                self.say("change-retire", &[("cruid", golden.to_string())])
            }
            Change::RetireGolden { golden, replaced_by: Some(other) } => self.say(
                "change-replace",
                &[("cruid", golden.to_string()), ("other", other.to_string())],
            ),
            Change::OpenIssue { issue } => {
                let key = match issue.kind {
                    IssueKind::Potential => "change-potential",
                    IssueKind::Conflict => "change-conflict",
                    IssueKind::Auto => "change-auto",
                };
                let other = self.name(&issue.evidence.candidate);
                let score = score_text(&issue.evidence);
                self.say(
                    key,
                    &[("record", self.name(&issue.subject)), ("other", other), ("score", score)],
                )
            }
            Change::CloseIssue { .. } => self.say("change-close", &[]),
            Change::BreakPair { pair } => {
                self.say("change-break", &self.pair(pair.low(), pair.high()))
            }
            Change::UnbreakPair { pair } => {
                self.say("change-unbreak", &self.pair(pair.low(), pair.high()))
            }
            Change::Adjudicate { record } => self.of_record("change-adjudicate", record),
            Change::Release { record } => self.of_record("change-release", record),
        };
        let explanation = evidence(change)
            .map(|(record, evidence)| (record.to_string(), evidence.explanation.to_string()));
        Told { text, explanation }
    }

    fn say(&self, key: &str, values: &[(&str, String)]) -> String {
        let values: Vec<_> =
            values.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
        self.frame.texts.with(key, &values)
    }

    fn of_record(&self, key: &str, record: &RecordId) -> String {
        self.say(key, &[("record", self.name(record))])
    }

    fn pair(&self, low: &RecordId, high: &RecordId) -> [(&'static str, String); 2] {
        [("record", self.name(low)), ("other", self.name(high))]
    }

    fn name(&self, record: &RecordId) -> String {
        let name = name_of(self.app, self.states, record);
        format!("{} {}", name.source, name.number).trim().to_owned()
    }
}
