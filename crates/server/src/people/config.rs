//! What OpenCR's UI is told of the configuration (contract 1.9). It is read here and changed in
//! the configuration file, so there is no `updateConfig` (contract 6, S5).

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::{People, error::json_reply};
use crate::App;

/// `GET /ocrux/config/getURI`: identifier systems and their labels.
pub(super) async fn systems(State(app): State<App>) -> Response {
    json_reply(StatusCode::OK, &People::of(&app).settings().systems)
}

/// `GET /ocrux/config/getClients`: the submitting systems and what they are called.
pub(super) async fn clients(State(app): State<App>) -> Response {
    let mut clients: Vec<_> = app.settings().clients.names().into_iter().collect();
    clients.sort();
    let clients =
        clients.iter().map(|(id, name)| json!({ "id": id.as_str(), "displayName": name }));
    json_reply(StatusCode::OK, &Value::Array(clients.collect()))
}
