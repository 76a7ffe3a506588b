//! `GET /fhir/metadata`: what this server does (R4 http.html#capabilities).
//!
//! Open to everybody: HAPI-based clients fetch it before they say who they are (contract 1.6),
//! and it holds nothing about anybody.

use axum::{extract::State, response::Response};
use fhir::capability::capability_statement;
use http::StatusCode;

use crate::{App, asked::Asked, reply::Reply};

/// Answers the capability statement.
pub(crate) async fn statement(State(app): State<App>, asked: Asked) -> Response {
    let version = &app.settings().version;
    let statement = capability_statement(version, asked.base.as_str(), app.started_at());
    Reply::new(StatusCode::OK).with(statement).into_response(asked.is_pretty)
}
