//! Reports on CSV uploads, as OpenCR's UI lists and downloads them (contract 1.7, 2.7, 3.16).
//!
//! An upload is known by a tag that its uploader puts on each Patient: the system
//! `[systems.base_uri]/tag/csv`, a code of the uploader's choice, and the file's name as display.
//! Nothing of it is kept beside the Patients, so a report tells of the Patients whose newest
//! version came with the upload, as they are linked now.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
};
use registry::{
    actor::Actor,
    audit::{Act, Who},
};
use serde_json::{Value, json};

use super::{
    People, User,
    error::{PeopleError, json_reply},
    routes::Endpoint,
};
use crate::{App, audit::Notes, error::ApiError};

mod cells;
mod report;
mod sheets;
mod ticket;
mod uploads;

pub(crate) use report::ReportError;
use ticket::Ticket;
pub(super) use ticket::Tickets;
use uploads::{Upload, find, uploads};

/// The media type of the reports.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The routes that pass the gate.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        (("GET", "/ocrux/csv/getCSVUpload"), get(list)),
        (("GET", "/ocrux/csv/getCSVReport/{id}"), get(link)),
        (("GET", "/ocrux/csv/report/{id}"), get(download)),
    ]
}

/// `GET /ocrux/csv/getCSVUpload`: all uploads, newest first.
async fn list(State(app): State<App>, _user: User) -> Result<Response, ApiError> {
    let row = |upload: &Upload| {
        json!({
            "uuid": upload.code,
            "reportId": upload.report_id().to_string(),
            "name": upload.name,
            "date": upload.date,
        })
    };
    let rows: Vec<Value> = uploads(&app).await?.iter().map(row).collect();
    Ok(json_reply(StatusCode::OK, &Value::Array(rows)))
}

/// `GET /ocrux/csv/getCSVReport/{id}`: a link that works once and for two minutes, which OpenCR's
/// UI opens without its token (contract 6, S15).
async fn link(
    State(app): State<App>,
    Path(id): Path<String>,
    user: User,
) -> Result<Response, ApiError> {
    let upload = find(&app, &id).await?.ok_or_else(ApiError::not_found)?;
    let tickets = &People::of(&app).shared.tickets;
    let name = tickets.issue(Ticket { upload, username: user.username().to_owned() });
    let text = format!("/crux/tmp/{name}");
    Ok(([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "text/html; charset=utf-8")], text)
        .into_response())
}

/// `GET /crux/tmp/{name}`: the report of a link, once.
pub(super) async fn redeem(
    State(app): State<App>,
    Path(name): Path<String>,
    notes: Option<axum::Extension<Notes>>,
) -> Result<Response, Response> {
    let ticket = People::of(&app).shared.tickets.redeem(&name).ok_or_else(|| {
        let text = "this link was used or is older than two minutes; ask for the report again";
        PeopleError::NotFound(text).into_response()
    })?;
    let notes = notes.map(|axum::Extension(notes)| notes).unwrap_or_default();
    let actor = Some(Actor::User(ticket.username));
    notes.sent_by(Who { actor, proof: Some("one-time link".to_owned()) });
    send(&app, &ticket.upload, &notes).await.map_err(IntoResponse::into_response)
}

/// `GET /ocrux/csv/report/{id}`: the report for who sends a token.
async fn download(
    State(app): State<App>,
    Path(id): Path<String>,
    user: User,
) -> Result<Response, ApiError> {
    let upload = find(&app, &id).await?.ok_or_else(ApiError::not_found)?;
    send(&app, &upload, user.notes()).await
}

async fn send(app: &App, upload: &Upload, notes: &Notes) -> Result<Response, ApiError> {
    notes.is_a(Act::Export, "CSV report");
    let body = report::write(app, upload, notes).await?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(XLSX));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"report-{}.xlsx\"", upload.report_id());
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
