//! Patients and accounts as FHIR, for people (contract 1.6, 2.10).
//!
//! The same searches as those of systems, without their limits, and in the form that OpenCR's UI
//! expects: an `entry` even where there is none, and links that begin `/fhir`.

use ::fhir::{Issue, IssueType, Resource, resource::is_valid_id};
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use registry::ids::AccountId;
use serde_json::{Value, json};
use store::Window;

use super::{People, User, person};
use crate::{
    App,
    api::{
        PatientId, read,
        search::{Search, Shape, understand},
    },
    asked::Asked,
    audit::opencr_history,
    base::Base,
    budget::Budget,
    caller::Caller,
    error::ApiError,
    page::{List, PAGE_PARAMETER, Page},
    query,
    reply::Reply,
};

/// Accounts in one answer.
const PERSONS_MAX: u64 = 1000;

/// `GET /ocrux/fhir/Patient?…`.
pub(super) async fn search(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let request = understand(&app, &asked.query, asked.is_strict)?;
    let caller = Caller::person(user.id(), user.notes().clone());
    let search = Search { request, offset: 0, base: &asked.base, caller: &caller };
    let bundle = search.run(&app, &mut Budget::of(&app)).await?;
    Ok(answer(bundle, &asked))
}

/// `GET /ocrux/fhir?_getpages=…`: a further page.
pub(super) async fn turn_page(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let token = query::value(&asked.query, PAGE_PARAMETER).ok_or_else(ApiError::page_needed)?;
    let caller = Caller::person(user.id(), user.notes().clone());
    let Page { list, offset } = app.page_key().open(token, caller.client())?;
    // Histories are not listed on this plane, so no token of theirs opens here.
    let List::Search(mut pairs) = list else { return Err(ApiError::page_expired()) };
    if let Some(count) = query::value(&asked.query, "_count") {
        pairs.retain(|(name, _)| name != "_count");
        pairs.push(("_count".to_owned(), count.to_owned()));
    }
    let request = understand(&app, &pairs, false)?;
    let search = Search { request, offset, base: &asked.base, caller: &caller };
    let bundle = search.run(&app, &mut Budget::of(&app)).await?;
    Ok(answer(bundle, &asked))
}

/// `GET /ocrux/fhir/Patient/{id}`.
pub(super) async fn patient(
    State(app): State<App>,
    PatientId(id): PatientId,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let caller = Caller::person(user.id(), user.notes().clone());
    user.notes().about([id.as_str()]);
    let shape = Shape::of_read(&asked.query, &app.settings().search)?;
    let mut shown = read::one(&app, &caller, id.as_str(), &mut Budget::of(&app)).await?;
    shape.cut(&mut shown.resource);
    let reply = Reply::new(StatusCode::OK).versioned(shown.version, shown.at);
    Ok(reply.with(shown.resource).into_response(asked.is_pretty))
}

/// `GET /ocrux/fhir/Person`: accounts without what passwords are checked against.
pub(super) async fn persons(
    State(app): State<App>,
    _user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let accounts = People::of(&app).accounts();
    let (page, total) = match query::value(&asked.query, "username:exact") {
        Some(name) => {
            let found: Vec<_> = accounts.account_named(name).await?.into_iter().collect();
            let total = found.len() as u64;
            (found, total)
        }
        None => accounts.accounts(Window { offset: 0, limit: PERSONS_MAX }).await?,
    };
    resource(person::bundle(&page, total), &asked)
}

/// `GET /ocrux/fhir/Person/{id}`.
pub(super) async fn person(
    State(app): State<App>,
    Path(id): Path<String>,
    _user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let account = People::of(&app).accounts().account(&AccountId::new(id)).await?;
    resource(person::view(&account.ok_or_else(ApiError::not_found)?), &asked)
}

/// Names of entities in one request; OpenCR's UI sends five.
const ENTITY_NAMES_MAX: usize = 20;

/// `GET /ocrux/fhir/AuditEvent?entity=[id]&entity-name=[a,b]`: what OpenCR's History tab shows of
/// a record (contract 2.5, 5.3), newest first.
pub(super) async fn history(
    State(app): State<App>,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let id = query::value(&asked.query, "entity").unwrap_or_default();
    let id = id.strip_prefix("Patient/").unwrap_or(id);
    if !is_valid_id(id) {
        let text = "entity must name a Patient, whose history is asked for";
        return Err(ApiError::invalid(vec![Issue::error(IssueType::Required, text)]));
    }
    user.notes().about([id]);
    let names = query::value(&asked.query, "entity-name").unwrap_or_default();
    let names: Vec<&str> =
        names.split(',').filter(|name| !name.is_empty()).take(ENTITY_NAMES_MAX).collect();
    let events = opencr_history(&**app.reader(), id, &names).await?;
    let total = events.len();
    let entry: Vec<Value> = events.into_iter().map(|event| json!({ "resource": event })).collect();
    let bundle = json!({
        "resourceType": "Bundle", "type": "searchset", "total": total, "entry": entry,
    });
    resource(bundle, &asked)
}

fn resource(value: Value, asked: &Asked) -> Result<Response, ApiError> {
    let resource = Resource::from_value(value).map_err(|error| ApiError::from(&error))?;
    Ok(Reply::new(StatusCode::OK).with(resource).into_response(asked.is_pretty))
}

/// A searchset as OpenCR's UI reads it.
pub(super) fn answer(mut bundle: Resource, asked: &Asked) -> Response {
    suit(bundle.value_mut(), &asked.base);
    Reply::new(StatusCode::OK).with(bundle).into_response(asked.is_pretty)
}

/// Adds what is iterated over unguarded, the `entry` and each name's `given`, and makes links
/// relative (contract 1.6, 5.4). Systems never get such empty lists, which FHIR does not have.
fn suit(bundle: &mut Value, base: &Base) {
    if bundle["entry"].is_null() {
        bundle["entry"] = json!([]);
    }
    for entry in bundle["entry"].as_array_mut().into_iter().flatten() {
        let names = entry.pointer_mut("/resource/name").and_then(Value::as_array_mut);
        for name in names.into_iter().flatten().filter_map(Value::as_object_mut) {
            name.entry("given").or_insert_with(|| json!([]));
        }
    }
    for link in bundle["link"].as_array_mut().into_iter().flatten() {
        let rest = link["url"].as_str().and_then(|url| url.strip_prefix(base.as_str()));
        if let Some(rest) = rest {
            link["url"] = Value::String(format!("/fhir{rest}"));
        }
    }
}
