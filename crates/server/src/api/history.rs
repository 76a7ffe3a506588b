//! `GET /fhir/Patient/{id}/_history` and one version of it (R4 http.html#history, #vread).

use axum::{extract::State, response::Response};
use fhir::{
    Resource,
    bundle::{self, EntryResponse, HistoryEntry},
};
use http::StatusCode;
use registry::{
    commit::Method,
    ids::{Cruid, RecordId, Timestamp},
    render,
    state::GoldenState,
    stored::StoredVersion,
};
use store::Window;

use crate::{
    App,
    api::{PatientId, Shown, Standing, VersionId, find_standing},
    asked::Asked,
    base::Base,
    budget::{Budget, CHUNK, bytes_of_links},
    caller::Caller,
    error::ApiError,
    page::{Links, List, Place, own_link},
    query,
    reply::{Reply, etag},
};

/// Answers the versions of a Patient, newest first, page by page.
pub(crate) async fn all(
    State(app): State<App>,
    PatientId(id): PatientId,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    let strange: Vec<String> = asked
        .query
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "_count" | "_format" | "_pretty"))
        .map(|(name, _)| name.clone())
        .collect();
    if asked.is_strict && !strange.is_empty() {
        return Err(ApiError::unknown_parameters(&strange));
    }
    let count = count(&app, query::value(&asked.query, "_count"))?;
    let list = Listing { id: id.as_str(), offset: 0, count };
    let target = Target { caller: &caller, base: &asked.base };
    let bundle = listing(&app, target, list, &mut Budget::of(&app)).await?;
    Ok(Reply::new(StatusCode::OK).with(bundle).into_response(asked.is_pretty))
}

/// How many versions a page holds.
///
/// # Errors
///
/// 400 if `text` is not a number.
pub(crate) fn count(app: &App, text: Option<&str>) -> Result<usize, ApiError> {
    let limits = &app.settings().search;
    let Some(text) = text else { return Ok(limits.count_default) };
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::header("_count", "a whole number from 0"));
    }
    Ok(text.parse().unwrap_or(usize::MAX).min(limits.count_max))
}

/// One page of one Patient's versions.
pub(crate) struct Listing<'a> {
    pub(crate) id: &'a str,
    pub(crate) offset: u64,
    pub(crate) count: usize,
}

/// For whom links are made, and what they begin with.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) base: &'a Base,
}

/// Puts the Bundle of a history together, which ends early when the budget does.
///
/// # Errors
///
/// 404 if there is no such Patient.
pub(crate) async fn listing(
    app: &App,
    target: Target<'_>,
    list: Listing<'_>,
    budget: &mut Budget,
) -> Result<Resource, ApiError> {
    let Listing { id, offset, count } = list;
    let Target { caller, base } = target;
    caller.notes().about([id]);
    let full_url = base.patient(id);
    let standing = look_back(app, caller, id).await?;
    let (mut entries, mut settled) = (Vec::new(), 0);
    let mut newest = u32::MAX;
    let total = 'page: loop {
        let limit = CHUNK.min(count - settled);
        let window = Window { offset: offset + settled as u64, limit: limit as u64 };
        let (versions, total) = chunk(app, &standing, (id, &full_url), window).await?;
        let is_last = versions.len() < limit;
        for Chunked { version, bytes, entry } in versions {
            if !budget.admits(bytes, entries.is_empty()) {
                break 'page total;
            }
            settled += 1;
            // A write since the chunk before moves its last version into this one.
            if version < newest {
                newest = version;
                entries.push(entry);
            }
        }
        if is_last || settled == count {
            break total;
        }
    };
    let own_query = [("_count".to_owned(), count.to_string())];
    let links = Links {
        key: app.page_key(),
        base,
        client: caller.client(),
        list: List::History(id.to_owned(), count),
        own: own_link(base, &format!("Patient/{id}/_history"), &own_query),
    };
    let links = links.around(Place { offset, count, settled, total })?;
    Ok(bundle::history(total, &links, entries))
}

/// A version ready to be listed, and what it weighs.
struct Chunked {
    version: u32,
    bytes: usize,
    entry: HistoryEntry,
}

async fn chunk(
    app: &App,
    standing: &Standing,
    (id, full_url): (&str, &str),
    window: Window,
) -> Result<(Vec<Chunked>, u64), ApiError> {
    match standing {
        Standing::Source(_) => {
            let (versions, total) = app.reader().record_history(&RecordId::new(id), window).await?;
            let chunked = |stored: &StoredVersion| {
                let (version, bytes) = (stored.version.version, stored.content.len());
                Ok(Chunked { version, bytes, entry: source_entry(app, stored, full_url)? })
            };
            Ok((versions.iter().map(chunked).collect::<Result<_, ApiError>>()?, total))
        }
        Standing::Golden => {
            let (versions, total) = app.reader().golden_history(&Cruid::new(id), window).await?;
            let chunked = |golden: &GoldenState| Chunked {
                version: golden.version,
                bytes: bytes_of_links(golden.members.len()),
                entry: golden_entry(app, golden, full_url),
            };
            Ok((versions.iter().map(chunked).collect(), total))
        }
    }
}

fn source_entry(
    app: &App,
    stored: &StoredVersion,
    full_url: &str,
) -> Result<HistoryEntry, ApiError> {
    let version = &stored.version;
    let vocabulary = &app.pipeline().settings().vocabulary;
    let (method, status, resource) = match version.method {
        Method::Post => (bundle::Method::Post, "201 Created", true),
        Method::Put => (bundle::Method::Put, "200 OK", true),
        Method::Delete => (bundle::Method::Delete, "204 No Content", false),
    };
    let resource = resource.then(|| render::source_version(stored, vocabulary)).transpose()?;
    let url = match method {
        bundle::Method::Post => "Patient".to_owned(),
        _ => format!("Patient/{}", version.record),
    };
    let response = response(status, version.version, version.at);
    Ok(HistoryEntry { full_url: full_url.to_owned(), resource, method, url, response })
}

fn golden_entry(app: &App, golden: &GoldenState, full_url: &str) -> HistoryEntry {
    let (method, status) = match golden.version {
        1 => (bundle::Method::Post, "201 Created"),
        _ => (bundle::Method::Put, "200 OK"),
    };
    let vocabulary = &app.pipeline().settings().vocabulary;
    HistoryEntry {
        full_url: full_url.to_owned(),
        resource: Some(render::golden_patient(golden, vocabulary)),
        method,
        url: format!("Patient/{}", golden.id),
        response: response(status, golden.version, golden.updated_at),
    }
}

fn response(status: &str, version: u32, at: Timestamp) -> EntryResponse {
    let mut response = EntryResponse::status(status);
    response.etag = Some(etag(version));
    response.last_modified = Some(at.to_instant());
    response
}

/// Answers one version of a Patient; 404 if there is none, 410 if it is a withdrawal.
pub(crate) async fn one(
    State(app): State<App>,
    PatientId(id): PatientId,
    VersionId(version): VersionId,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    caller.notes().about([id.as_str()]);
    let shown = version_of(&app, &caller, (id.as_str(), &version), &mut Budget::of(&app)).await?;
    let reply = shown.versioned(Reply::new(StatusCode::OK));
    Ok(reply.with(shown.resource).into_response(asked.is_pretty))
}

/// What an id stands for whose versions `caller` may see: its own records and, if it sees
/// everything, golden records.
///
/// # Errors
///
/// 403 for who may only submit; 404 if there is none, or it is not the caller's.
pub(crate) async fn look_back(app: &App, caller: &Caller, id: &str) -> Result<Standing, ApiError> {
    let sight = caller.sight();
    sight.check_reads()?;
    let standing = find_standing(app, id).await?.ok_or_else(ApiError::not_found)?;
    let is_shown = match &standing {
        Standing::Source(state) => sight.may_look_back(&state.client),
        Standing::Golden => sight.is_whole(),
    };
    if is_shown { Ok(standing) } else { Err(ApiError::not_found()) }
}

/// Reads one version.
///
/// # Errors
///
/// 403 and 404 as [`look_back`];
/// 404 if there is none, 410 if it is a withdrawal.
pub(crate) async fn version_of(
    app: &App,
    caller: &Caller,
    (id, version): (&str, &str),
    budget: &mut Budget,
) -> Result<Shown, ApiError> {
    look_back(app, caller, id).await?;
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u32> = version.parse().ok().filter(|_| is_number);
    let number = number.ok_or_else(ApiError::not_found)?;
    let vocabulary = &app.pipeline().settings().vocabulary;
    if let Some(stored) = app.reader().record_version(&RecordId::new(id), number).await? {
        if stored.version.method == Method::Delete {
            return Err(ApiError::deleted());
        }
        budget.admits(stored.content.len(), true);
        let resource = render::source_version(&stored, vocabulary)?;
        let (version, at) = (stored.version.version, stored.version.at);
        let id = id.to_owned();
        return Ok(Shown { id, version, at, resource, is_reduced: false });
    }
    let golden = app.reader().golden_version(&Cruid::new(id), number).await?;
    let golden = golden.ok_or_else(ApiError::not_found)?;
    budget.admits(bytes_of_links(golden.members.len()), true);
    let resource = render::golden_patient(&golden, vocabulary);
    Ok(Shown::golden(&golden, resource))
}
