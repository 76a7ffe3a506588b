//! `GET /fhir/Patient/{id}` (R4 http.html#read).
//!
//! Golden records are read here, too, whatever became of them: CRUIDs stand in other systems
//! and must be followed for ever (contract 10, point 8).

use axum::{extract::State, response::Response};
use http::StatusCode;

use crate::{
    App,
    api::{PatientId, Shown, find, search::Shape},
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
    let mut shown = one(&app, id.as_str(), &mut Budget::of(&app)).await?;
    if asked.conditions.known_version == Some(shown.version) {
        let reply = Reply::new(StatusCode::NOT_MODIFIED).versioned(shown.version, shown.at);
        return Ok(reply.into_response(false));
    }
    shape.cut(&mut shown.resource);
    let reply = Reply::new(StatusCode::OK).versioned(shown.version, shown.at);
    Ok(reply.with(shown.resource).into_response(asked.is_pretty))
}

/// Reads one Patient.
///
/// # Errors
///
/// 404 if there is none, 410 if it was withdrawn.
pub(crate) async fn one(app: &App, id: &str, budget: &mut Budget) -> Result<Shown, ApiError> {
    let stored = find(app, id).await?.ok_or_else(ApiError::not_found)?;
    budget.admits(bytes_of(&stored), true);
    Shown::new(app, &stored)
}
