//! What holds a person together: links with reasons, pairs that are different, near misses.

use std::collections::HashMap;

use registry::{
    actor::Actor,
    commit::Change,
    event::{Event, EventBody},
    ids::{RecordId, Revision},
    state::{BasisKind, BrokenPair, Evidence, IssueKind, RecordState},
};
use store::StoreError;
use ui::pages::{Different, Link, NearMiss, Scored};

use super::{
    super::Fault,
    read::{Known, moment, name_of, named, states},
};
use crate::App;

/// Pairs and issues of one person that a page shows.
const PAIRS_MAX: usize = 200;

/// Who is accountable, as pages name it.
pub(super) fn actor_name(actor: &Actor) -> String {
    match actor {
        Actor::Client(client) => client.to_string(),
        Actor::User(name) | Actor::Job(name) => name.clone(),
    }
}

/// A score as people read it.
pub(in crate::people::ui) fn score_text(evidence: &Evidence) -> String {
    format!("{:.2}", evidence.score.as_f64()).replace('-', "\u{2212}")
}

/// A scored pair, seen from the record whose match it was.
fn scored(
    app: &App,
    of: &RecordId,
    evidence: &Evidence,
    (shown, states): (&RecordId, &HashMap<RecordId, RecordState>),
) -> Scored {
    let cruid = states.get(shown).filter(|state| !state.is_withdrawn);
    Scored {
        of: of.to_string(),
        other: name_of(app, states, shown),
        cruid: cruid.map(|state| state.golden.to_string()).unwrap_or_default(),
        rule: evidence.rule.into(),
        score: score_text(evidence),
        explanation: evidence.explanation.to_string(),
    }
}

/// For each record why it belongs to the person.
pub(super) async fn links(app: &App, known: &Known) -> Result<Vec<Link>, Fault> {
    let evidence =
        |state: &RecordState| state.basis.evidence.as_ref().map(|it| it.candidate.clone());
    let others = known.sources.iter().filter_map(|(source, _)| evidence(&source.state));
    let states = states(app, others).await?;
    let mut links = Vec::with_capacity(known.sources.len());
    for (source, _) in &known.sources {
        let state = &source.state;
        let event = event_at(app, state.basis.revision).await?;
        let scored = state
            .basis
            .evidence
            .as_ref()
            .map(|evidence| scored(app, &state.id, evidence, (&evidence.candidate, &states)));
        links.push(Link {
            record: named(app, state),
            kind: match state.basis.kind {
                BasisKind::Alone => "link-alone",
                BasisKind::Auto => "link-auto",
                BasisKind::Adjudicated => "link-adjudicated",
            },
            evidence: scored,
            at: event.as_ref().map(|event| moment(event.at)),
            actor: event.as_ref().map(|event| actor_name(&event.actor)).unwrap_or_default(),
            ruleset: event.as_ref().map(|event| event.ruleset.clone()).unwrap_or_default(),
            reason: event.and_then(|event| event.reason).unwrap_or_default(),
        });
    }
    Ok(links)
}

/// What an event of the chain says.
pub(super) fn body_of(event: &Event) -> Result<EventBody, StoreError> {
    serde_json::from_str(&event.body)
        .map_err(|_| StoreError::Damaged(format!("event {}", event.revision)))
}

/// What the event with this number says.
pub(super) async fn event_at(app: &App, revision: Revision) -> Result<Option<EventBody>, Fault> {
    let Some(before) = revision.0.checked_sub(1) else { return Ok(None) };
    let event = app.reader().events_after(Revision(before), 1).await?.pop();
    Ok(event.as_ref().map(body_of).transpose()?)
}

/// Pairs that persons declared different; who did so is found in `history`.
pub(super) async fn different(
    app: &App,
    known: &Known,
    history: &[EventBody],
) -> Result<Vec<Different>, Fault> {
    let ids = known.ids();
    let mut pairs = app.reader().broken_pairs_of(&ids).await?;
    pairs.truncate(PAIRS_MAX);
    let states =
        states(app, pairs.iter().flat_map(|it| [it.low().clone(), it.high().clone()])).await?;
    let pairs = pairs.iter().map(|pair| {
        let is_low = ids.contains(pair.low());
        let (ours, other) =
            if is_low { (pair.low(), pair.high()) } else { (pair.high(), pair.low()) };
        let cruid = states.get(other).filter(|state| !state.is_withdrawn);
        Different {
            record: name_of(app, &states, ours),
            other: name_of(app, &states, other),
            cruid: cruid.map(|state| state.golden.to_string()).unwrap_or_default(),
            by: broken_by(pair, history),
        }
    });
    Ok(pairs.collect())
}

fn broken_by(
    pair: &BrokenPair,
    history: &[EventBody],
) -> Option<(jiff::Timestamp, String, String)> {
    let breaks = |change: &Change| matches!(change, Change::BreakPair { pair: it } if it == pair);
    let event = history.iter().find(|event| event.changes.iter().any(breaks))?;
    let reason = event.reason.clone().unwrap_or_default();
    Some((moment(event.at), actor_name(&event.actor), reason))
}

/// Matches that were not linked, and links that nobody has looked at, best first.
pub(super) async fn near(app: &App, known: &Known) -> Result<Vec<NearMiss>, Fault> {
    let ids = known.ids();
    let mut issues = app.reader().open_issues_of(&ids).await?;
    issues.sort_by(|a, b| b.evidence.score.as_f64().total_cmp(&a.evidence.score.as_f64()));
    issues.truncate(PAIRS_MAX);
    let ends = issues.iter().flat_map(|it| [it.subject.clone(), it.evidence.candidate.clone()]);
    let states = states(app, ends).await?;
    let near = issues.iter().map(|issue| {
        let is_ours = ids.contains(&issue.subject);
        let ends = (&issue.subject, &issue.evidence.candidate);
        let (ours, other) = if is_ours { ends } else { (ends.1, ends.0) };
        let mut scored = scored(app, &issue.subject, &issue.evidence, (other, &states));
        if scored.cruid == known.golden.id.as_str() {
            scored.cruid.clear();
        }
        NearMiss {
            kind: match issue.kind {
                IssueKind::Potential => "issue-potential",
                IssueKind::Conflict => "issue-conflict",
                IssueKind::Auto => "issue-auto",
            },
            record: name_of(app, &states, ours),
            scored,
            at: moment(issue.opened_at),
        }
    });
    Ok(near.collect())
}
