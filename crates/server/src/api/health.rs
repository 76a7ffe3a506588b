//! The two probes: whether the process lives, and whether it can serve.

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};

use crate::App;

/// How long the store may take to answer a probe.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> Response {
    answer(StatusCode::OK, r#"{"status":"alive"}"#)
}

/// `GET /readyz`: submissions are accepted and the store answers; else 503.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if !app.pipeline().is_open() {
        let text = r#"{"status":"unavailable","reason":"submissions are not accepted"}"#;
        return answer(StatusCode::SERVICE_UNAVAILABLE, text);
    }
    let head = tokio::time::timeout(STORE_TIMEOUT, app.reader().head()).await;
    if !matches!(head, Ok(Ok(_))) {
        let text = r#"{"status":"unavailable","reason":"the store does not answer"}"#;
        return answer(StatusCode::SERVICE_UNAVAILABLE, text);
    }
    answer(StatusCode::OK, r#"{"status":"ready"}"#)
}

fn answer(status: StatusCode, text: &'static str) -> Response {
    let kind = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (status, [kind], text).into_response()
}
