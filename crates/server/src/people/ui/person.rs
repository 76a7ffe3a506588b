//! One person: `/ui/persons/{cruid}` and what belongs to it (decision 26).
//!
//! Everything here is read; each page is in the audit log with whom it showed.

use ::fhir::resource::is_valid_id;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::Uri;
use registry::{
    commit::Method,
    grounds::Grounds,
    ids::{ContentHash, RecordId, Revision},
    render::source_version,
    state::RecordState,
    stored::StoredVersion,
};
use store::{StoreError, Window};
use ui::{
    compare::{Comparison, Facts},
    pages::{Compare, Evidence, Explanation, History, Links, Version, Versions},
};

use super::{Fault, Visit, reply, search::opened};
use crate::{App, query};

pub(super) mod beside;
pub(super) mod decide;
pub(super) mod facts;
mod history;
pub(super) mod links;
pub(super) mod read;
pub(super) mod verdict;

use read::{moment, named, person, states};

/// Versions that a page shows.
const VERSIONS: Window = Window { offset: 0, limit: 50 };

/// An id in an address; what cannot be one is nobody's.
pub(super) fn checked(id: &str) -> Result<&str, Fault> {
    if is_valid_id(id) { Ok(id) } else { Err(Fault::Missing) }
}

/// `GET /ui/persons/{cruid}?base=…&only=differences`: records side by side.
pub(super) async fn compare(
    State(app): State<App>,
    Path(cruid): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let known = person(&app, &visit, checked(&cruid)?).await?;
    opened(&app, &visit, &known)?;
    let head = known.head(&app).await?;
    let frame = visit.frame(&app);
    let base = query::value(&pairs, "base");
    let base = known.sources.iter().position(|(it, _)| Some(it.state.id.as_str()) == base);
    let only_differences = query::value(&pairs, "only") == Some("differences");
    let facts: Vec<Facts> =
        known.sources.iter().map(|(_, patient)| facts_of(&app, patient)).collect();
    let columns = known.sources.iter();
    let columns = columns
        .map(|(source, _)| (named(&app, &source.state), moment(source.state.updated_at)))
        .collect();
    let comparison = Comparison::of(&facts, base, only_differences);
    Ok(reply::page(&Compare { frame: &frame, head, columns, comparison, base, only_differences }))
}

pub(super) fn facts_of(app: &App, patient: &::fhir::resource::Resource) -> Facts {
    facts::of(patient, &|uri| read::system_name(app, uri))
}

/// `GET /ui/persons/{cruid}/links`: what holds the records together, and what keeps others away.
pub(super) async fn links(
    State(app): State<App>,
    Path(cruid): Path<String>,
    visit: Visit,
) -> Result<Response, Fault> {
    let known = person(&app, &visit, checked(&cruid)?).await?;
    opened(&app, &visit, &known)?;
    let (events, _) = history::events(&app, &known, None).await?;
    let page = Links {
        frame: &visit.frame(&app),
        head: known.head(&app).await?,
        links: links::links(&app, &known).await?,
        different: links::different(&app, &known, &events).await?,
        near: links::near(&app, &known).await?,
    };
    Ok(reply::page(&page))
}

/// `GET /ui/persons/{cruid}/history?before=…`: what happened.
pub(super) async fn history(
    State(app): State<App>,
    Path(cruid): Path<String>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let before = query::value(&pairs, "before").map(str::parse).transpose();
    let before = before.map_err(|_| Fault::Bad)?.map(Revision);
    let known = person(&app, &visit, checked(&cruid)?).await?;
    opened(&app, &visit, &known)?;
    let (events, older) = history::events(&app, &known, before).await?;
    let frame = visit.frame(&app);
    let page = History {
        frame: &frame,
        head: known.head(&app).await?,
        events: history::told((&app, &visit), &frame, &known, events).await?,
        records: known.sources.iter().map(|(source, _)| named(&app, &source.state)).collect(),
        is_newest: before.is_none(),
        older: older.map(|revision| revision.0),
    };
    Ok(reply::page(&page))
}

/// A source record, and a note in the audit log that it was looked at.
async fn record(app: &App, visit: &Visit, id: &str) -> Result<RecordState, Fault> {
    let id = checked(id)?;
    let state = app.reader().records(&[RecordId::new(id)]).await?.pop().ok_or(Fault::Missing)?;
    visit.notes.about([id]);
    Ok(state)
}

/// `GET /ui/records/{id}`: the person that it belongs to, compared with this record.
pub(super) async fn of_record(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Fault> {
    let state = record(&app, &visit, &id).await?;
    Ok(reply::go(&format!("/ui/persons/{}?base={}", state.golden, state.id)))
}

/// `GET /ui/records/{id}/explanations/{hash}`: why a match of the record has its score, as it was
/// stored when it was decided; with `?today=yes` beside what the rules in force say.
pub(super) async fn explanation(
    State(app): State<App>,
    Path((id, hash)): Path<(String, String)>,
    uri: Uri,
    visit: Visit,
) -> Result<Response, Fault> {
    let state = record(&app, &visit, &id).await?;
    let hash = ContentHash::new(hash);
    // The hash alone does not say whose values these are, so it is looked for in the record's past.
    let found = history::explained(&app, &state.id, &hash).await?;
    let (evidence, event) = found.ok_or(Fault::Missing)?;
    visit.notes.about([evidence.candidate.as_str()]);
    let text = app.reader().explanation(&hash).await?.ok_or(Fault::Missing)?;
    let grounds = Grounds::read(&text).map_err(|error| Fault::of_server(&error))?;
    let others = states(&app, [evidence.candidate.clone()]).await?;
    let pairs = query::decode(uri.query().unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let is_asked = query::value(&pairs, "today") == Some("yes");
    let there = others.get(&evidence.candidate).filter(|other| !other.is_withdrawn);
    let there = there.filter(|_| !state.is_withdrawn);
    let today = there
        .filter(|_| is_asked)
        .and_then(|other| app.pipeline().explain_pair(state.number, other.number).map(Evidence));
    let page = Explanation {
        frame: &visit.frame(&app),
        record: named(&app, &state),
        other: read::name_of(&app, &others, &evidence.candidate),
        cruid: if state.is_withdrawn { String::new() } else { state.golden.to_string() },
        evidence: Evidence(grounds),
        at: moment(event.at),
        hash: hash.as_str().to_owned(),
        may_score: there.is_some(),
        is_asked,
        today,
    };
    Ok(reply::page(&page))
}

/// `GET /ui/records/{id}/versions`: what the source said, one version after the other.
pub(super) async fn versions(
    State(app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Fault> {
    let state = record(&app, &visit, &id).await?;
    let (stored, total) = app.reader().record_history(&state.id, VERSIONS).await?;
    let facts: Result<Vec<Facts>, Fault> =
        stored.iter().map(|it| version_facts(&app, it)).collect();
    let facts = facts?;
    let versions = stored.iter().enumerate().map(|(at, stored)| {
        let before = facts.get(at + 1);
        let changed = before.map(|before| {
            let mut compared = Comparison::of(&[before.clone(), facts[at].clone()], Some(0), false);
            compared.keep_changes();
            compared
        });
        Version {
            number: stored.version.version.into(),
            at: moment(stored.version.at),
            how: match stored.version.method {
                Method::Post => "version-created",
                Method::Put => "version-updated",
                Method::Delete => "version-withdrawn",
            },
            cruid: stored.version.golden.to_string(),
            changed,
        }
    });
    let page = Versions {
        frame: &visit.frame(&app),
        record: named(&app, &state),
        cruid: state.golden.to_string(),
        versions: versions.collect(),
        total,
    };
    Ok(reply::page(&page))
}

fn version_facts(app: &App, stored: &StoredVersion) -> Result<Facts, Fault> {
    let vocabulary = &app.pipeline().settings().vocabulary;
    let patient = source_version(stored, vocabulary)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(facts_of(app, &patient))
}
