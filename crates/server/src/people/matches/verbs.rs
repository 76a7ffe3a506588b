//! Decisions of people, each one commit (contract 3.9 to 3.11).
//!
//! With `?dry_run=true` nothing is written and the answer tells what would become of it.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use pipeline::review::Case;
use registry::{
    account::Permission,
    actor::Actor,
    adjudicate::{Adjudication, Grouping, Move, Resolve, Target},
    event::EventBody,
    ids::{Cruid, RecordId, Revision},
    state::{BrokenPair, IssueKind},
    verdict::Verdict,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        People, User,
        access::allows,
        error::{PeopleError, json_reply, text_reply},
    },
    bad, record, told,
};
use crate::{App, asked::Asked, body::JsonBody, error::ApiError, query, reply};

/// How a decision is to be taken, besides what it is.
struct How {
    reason: Option<String>,
    dry_run: bool,
}

impl How {
    fn new(asked: &Asked, reason: Option<String>) -> Self {
        let of_query = || query::value(&asked.query, "reason").map(str::to_owned);
        let dry_run = query::value(&asked.query, "dry_run") == Some("true");
        Self { reason: reason.or_else(of_query), dry_run }
    }
}

async fn decide(
    app: &App,
    user: &User,
    adjudication: Adjudication,
    how: How,
) -> Result<Verdict, ApiError> {
    user.notes().about(adjudication.records().iter().map(RecordId::as_str));
    let mut case = Case::new(adjudication, Actor::User(user.username().to_owned()));
    (case.reason, case.dry_run) = (how.reason, how.dry_run);
    Ok(app.pipeline().adjudicate(case).await??)
}

fn told(verdict: &Verdict) -> Response {
    json_reply(StatusCode::OK, &told::tell(verdict))
}

/// `POST /ocrux/match/break-match`: an array of `Patient/[id]`. They leave together, or each alone
/// with `?grouping=apart`.
pub(super) async fn break_match(
    State(app): State<App>,
    user: User,
    asked: Asked,
    JsonBody(references): JsonBody<Vec<String>>,
) -> Result<Response, ApiError> {
    let records: BTreeSet<RecordId> =
        references.iter().map(|reference| record(reference)).collect::<Result<_, _>>()?;
    let grouping = match query::value(&asked.query, "grouping") {
        None | Some("together") => Grouping::Together,
        Some("apart") => Grouping::Apart,
        Some(_) => return Err(bad("grouping must be together or apart")),
    };
    let how = How::new(&asked, None);
    let is_trial = how.dry_run;
    let verdict = decide(&app, &user, Adjudication::Break { records, grouping }, how).await?;
    Ok(if is_trial { told(&verdict) } else { text_reply(StatusCode::OK, "Match Broken") })
}

/// Two records as OpenCR's UI names them.
#[derive(Deserialize)]
pub(super) struct Pair {
    id1: String,
    id2: String,
}

/// The pair of two records that are named so.
fn pair(id1: &str, id2: &str) -> Result<BrokenPair, ApiError> {
    let (one, other) = (record(id1)?, record(id2)?);
    if one == other {
        return Err(bad("a pair is two different records"));
    }
    Ok(BrokenPair::new(one, other))
}

/// `POST /ocrux/match/unbreak-match`: an array of pairs. OpenCR's UI sends every broken record with
/// every record of the person, so pairs that are not broken are passed over.
pub(super) async fn unbreak_match(
    State(app): State<App>,
    user: User,
    asked: Asked,
    JsonBody(pairs): JsonBody<Vec<Pair>>,
) -> Result<Response, ApiError> {
    let pairs: BTreeSet<BrokenPair> =
        pairs.iter().map(|named| pair(&named.id1, &named.id2)).collect::<Result<_, _>>()?;
    if pairs.is_empty() {
        return Err(bad("name at least one pair, as id1 and id2"));
    }
    let named: BTreeSet<RecordId> =
        pairs.iter().flat_map(|pair| [pair.low(), pair.high()]).cloned().collect();
    let named: Vec<RecordId> = named.into_iter().collect();
    let broken = app.reader().broken_pairs_of(&named).await?;
    let asked_for: Vec<BrokenPair> =
        broken.into_iter().filter(|pair| pairs.contains(pair)).collect();
    // With none left, what was asked for is refused by name.
    let pairs = if asked_for.is_empty() { pairs.into_iter().collect() } else { asked_for };
    let records = pairs.iter().flat_map(|pair| [pair.low(), pair.high()]);
    let records: BTreeSet<RecordId> = records.cloned().collect();
    let how = How::new(&asked, None);
    let is_trial = how.dry_run;
    let verdict = decide(&app, &user, Adjudication::Unbreak { pairs }, how).await?;
    if is_trial {
        return Ok(told(&verdict));
    }
    let records: Vec<RecordId> = records.into_iter().collect();
    Ok(json_reply(StatusCode::CREATED, &rematched(&app, &records).await?))
}

/// A Bundle with one answer for each record that was matched again.
async fn rematched(app: &App, records: &[RecordId]) -> Result<Value, ApiError> {
    let states = app.reader().records(records).await?;
    let entry = states.iter().map(|state| {
        json!({ "response": {
            "status": "200 OK",
            "location": format!("Patient/{}/_history/{}", state.id, state.version),
            "etag": reply::etag(state.version),
        }})
    });
    let entry: Vec<Value> = entry.collect();
    Ok(json!({ "resourceType": "Bundle", "type": "batch-response", "entry": entry }))
}

/// What OpenCR's UI sends to resolve (contract 3.11); its rows have more members.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resolution {
    resolving_from: String,
    flag_type: Option<String>,
    #[serde(default)]
    remove_flag: bool,
    #[serde(default)]
    resolves: Vec<Placed>,
    /// Declarations that records are different people may be withdrawn for it.
    #[serde(default)]
    withdraw_broken: bool,
    reason: Option<String>,
}

/// Where a record is to belong, and where it did.
#[derive(Deserialize)]
struct Placed {
    id: String,
    uid: String,
    ouid: Option<String>,
}

impl Resolution {
    fn read(&self) -> Result<Resolve, ApiError> {
        let moved = self.resolves.iter().filter(|row| row.ouid.as_ref() != Some(&row.uid));
        let moves = moved.map(|row| {
            let bare = |id: &str| id.strip_prefix("Patient/").unwrap_or(id).to_owned();
            Ok(Move {
                record: record(&row.id)?,
                from: row.ouid.as_deref().map(|id| Cruid::new(bare(id))),
                to: Target::from_text(&bare(&row.uid)),
            })
        });
        let flag = match self.flag_type.as_deref() {
            None | Some("") => None,
            Some("potentialMatches") => Some(IssueKind::Potential),
            Some("conflictMatches") => Some(IssueKind::Conflict),
            Some("autoMatches") => Some(IssueKind::Auto),
            Some(_) => {
                let text = "flagType must be potentialMatches, conflictMatches or autoMatches";
                return Err(bad(text));
            }
        };
        Ok(Resolve {
            resolving: record(&self.resolving_from)?,
            flag,
            remove_flag: self.remove_flag,
            moves: moves.collect::<Result<_, ApiError>>()?,
            withdraw_broken: self.withdraw_broken,
        })
    }
}

/// `POST /ocrux/match/resolve-match-issue`: 200, or 202 if there was nothing to do.
pub(super) async fn resolve(
    State(app): State<App>,
    user: User,
    asked: Asked,
    JsonBody(resolution): JsonBody<Resolution>,
) -> Result<Response, ApiError> {
    let resolve = resolution.read()?;
    let is_idle = resolve.moves.is_empty() && !resolve.remove_flag;
    let how = How::new(&asked, resolution.reason);
    let is_trial = how.dry_run;
    let verdict = decide(&app, &user, Adjudication::Resolve(resolve), how).await?;
    if is_trial {
        return Ok(told(&verdict));
    }
    let status = if is_idle { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(status.into_response())
}

/// Two records about which something is decided.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Judgement {
    id1: String,
    id2: String,
    #[serde(default)]
    withdraw_broken: bool,
    reason: Option<String>,
}

/// `POST /ocrux/match/mark-different`: they never link by themselves.
pub(super) async fn mark_different(
    State(app): State<App>,
    user: User,
    asked: Asked,
    JsonBody(judged): JsonBody<Judgement>,
) -> Result<Response, ApiError> {
    let pair = pair(&judged.id1, &judged.id2)?;
    let how = How::new(&asked, judged.reason);
    Ok(told(&decide(&app, &user, Adjudication::MarkDifferent { pair }, how).await?))
}

/// `POST /ocrux/match/mark-same`: their golden records become one.
pub(super) async fn mark_same(
    State(app): State<App>,
    user: User,
    asked: Asked,
    JsonBody(judged): JsonBody<Judgement>,
) -> Result<Response, ApiError> {
    let pair = pair(&judged.id1, &judged.id2)?;
    let withdraw_broken = judged.withdraw_broken;
    let how = How::new(&asked, judged.reason);
    let adjudication = Adjudication::MarkSame { pair, withdraw_broken };
    Ok(told(&decide(&app, &user, adjudication, how).await?))
}

/// A decision that is to be taken back, by its event.
#[derive(Deserialize)]
pub(super) struct Undo {
    event: u64,
    reason: Option<String>,
}

/// `POST /ocrux/match/undo`: an own decision, or another's with the permission to supervise.
pub(super) async fn undo(
    State(app): State<App>,
    user: User,
    asked: Asked,
    JsonBody(undo): JsonBody<Undo>,
) -> Result<Response, ApiError> {
    let event = Revision(undo.event);
    let own = Actor::User(user.username().to_owned());
    if actor_of(&app, event).await?.is_some_and(|actor| actor != own) {
        let are_stewards = People::of(&app).settings().admins_are_stewards;
        if !allows(user.account.role, Permission::MatchSupervise, are_stewards) {
            return Ok(PeopleError::NotAllowed(Permission::MatchSupervise).into_response());
        }
    }
    let how = How::new(&asked, undo.reason);
    Ok(told(&decide(&app, &user, Adjudication::Undo { event }, how).await?))
}

/// Who is accountable for an event; none if there is no such event.
async fn actor_of(app: &App, revision: Revision) -> Result<Option<Actor>, ApiError> {
    let Some(before) = revision.0.checked_sub(1) else { return Ok(None) };
    let events = app.reader().events_after(Revision(before), 1).await?;
    let body = events.first().filter(|event| event.revision == revision);
    let damaged = |_| store::StoreError::Damaged("an event".to_owned());
    let body: Option<EventBody> =
        body.map(|event| serde_json::from_str(&event.body)).transpose().map_err(damaged)?;
    Ok(body.map(|body| body.actor))
}
