//! `GET /fhir/Patient/{id}` (R4 http.html#read).
//!
//! Golden records are read here, too, whatever became of them: CRUIDs stand in other systems
//! and must be followed for ever (contract 10, point 8).

use axum::{extract::State, response::Response};
use http::StatusCode;

use crate::{
    App,
    api::{PatientId, Shown, find_visible, search::Shape},
    asked::Asked,
    budget::{Budget, bytes_of},
    caller::Caller,
    error::ApiError,
    reply::Reply,
};

/// Answers the newest version of a Patient; 404 if there is none, 410 if it was withdrawn.
pub(crate) async fn current(
    State(app): State<App>,
    PatientId(id): PatientId,
    caller: Caller,
    asked: Asked,
) -> Result<Response, ApiError> {
    caller.notes().about([id.as_str()]);
    let shape = Shape::of_read(&asked.query, &app.settings().search)?;
    let mut shown = one(&app, &caller, id.as_str(), &mut Budget::of(&app)).await?;
    if !shown.is_reduced && asked.conditions.known_version == Some(shown.version) {
        let reply = Reply::new(StatusCode::NOT_MODIFIED).versioned(shown.version, shown.at);
        return Ok(reply.into_response(false));
    }
    shape.cut(&mut shown.resource);
    let reply = shown.versioned(Reply::new(StatusCode::OK));
    Ok(reply.with(shown.resource).into_response(asked.is_pretty))
}

/// Reads one Patient.
///
/// # Errors
///
/// 403 for who may only submit, 404 if there is none that `caller` may see, 410 if it was
/// withdrawn.
pub(crate) async fn one(
    app: &App,
    caller: &Caller,
    id: &str,
    budget: &mut Budget,
) -> Result<Shown, ApiError> {
    caller.sight().check_reads()?;
    let stored = find_visible(app, caller, id).await?.ok_or_else(ApiError::not_found)?;
    budget.admits(bytes_of(&stored), true);
    Ok(Shown::new(app, &stored)?.reduced(caller.sight(), &stored))
}
