//! What surrounds every route: request ids, the log line, time limit, faults, headers.
//!
//! The log names the route's template, never the URL, which may hold a person's data.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use opentelemetry::trace::Status;
use opentelemetry_http::HeaderExtractor;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{App, audit, caller::refuse_bad_certificates, error::ApiError, metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Longest request id of a client that is sent back.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Puts the layers around `routes`; the last one is the outermost.
pub(crate) fn wrap(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .layer(from_fn_with_state(app.clone(), within_time))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(from_fn(refuse_bad_certificates))
        .layer(from_fn_with_state(app.clone(), audit::watch))
        .layer(from_fn_with_state(app.clone(), protect))
        .layer(from_fn_with_state(app.clone(), record))
}

/// Answers 503 when the time is over, the body's own included. What entered the linker's queue is carried out all the
/// same, which the answer says.
async fn within_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = app.settings().request_timeout + app.settings().body_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::TookTooLong(limit.as_secs()).into_response(),
    }
}

/// Answers for a handler that panicked. The panic's words may hold patient data and go nowhere.
fn after_panic(_words: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::Panicked.into_response()
}

/// Patient data is neither kept by caches nor guessed at by browsers, and no answer is a page that
/// loads anything or stands in a frame, unless its handler says so.
async fn protect(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if app.is_https() {
        // One year (RFC 6797); what else is on the host is not ours to decide.
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// Names the request, logs its outcome, and gives the client the ids to ask about it
/// (R4 http.html#custom).
async fn record(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = Uuid::new_v4().to_string();
    let correlation = correlation(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let method = method(&request);
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        %method,
        route,
        client = Empty,
        proof = Empty,
        user = Empty,
    );
    continue_trace(&span, request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    if let Some(metrics) = &app.settings().metrics {
        metrics.exposition.answered(route, method, (response.status(), took));
    }
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    span.in_scope(|| tracing::info!(status, duration_ms, "answered {status}"));
    tell_trace(&span, method, route, response.status());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(correlation) = correlation {
        headers.insert(CORRELATION_ID, correlation);
    }
    response
}

/// Puts the request into the trace of who sent it (W3C Trace Context, header `traceparent`), if
/// traces are collected.
fn continue_trace(span: &Span, headers: &HeaderMap) {
    let sender = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&HeaderExtractor(headers))
    });
    // Without a collector there is no trace to continue.
    let _ = span.set_parent(sender);
}

/// What a trace says of the request, by the names of OpenTelemetry's conventions.
fn tell_trace(span: &Span, method: &'static str, route: &str, status: StatusCode) {
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// The method, unless it is one that somebody made up.
fn method(request: &Request) -> &'static str {
    let known = metrics::METHODS.iter().find(|known| **known == request.method().as_str());
    known.copied().unwrap_or("other")
}

/// The client's own id of the request, which it gets back but which is not logged.
fn correlation(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let is_plain = |text: &str| {
        text.len() <= REQUEST_ID_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    id.to_str().is_ok_and(is_plain).then(|| id.clone())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use axum::{body::Body, routing::get};
    use http_body_util::BodyExt;
    use pipeline::{Pipeline, Settings};
    use registry::extract::Extractor;
    use tower::ServiceExt;

    use super::*;
    use crate::ServerSettings;

    async fn answer(path: &str) -> (u16, String) {
        let rules = include_str!("../../../config/decisionRules.json");
        let ruleset = Arc::new(matching::opencr::parse(rules).unwrap());
        let store = store::open("memory:").await.unwrap();
        let extractor = Extractor::compile(ruleset).unwrap();
        let pipeline = Pipeline::start(store, extractor, Settings::default()).await.unwrap();
        let mut settings = ServerSettings::new("1");
        settings.request_timeout = Duration::from_millis(5);
        settings.body_timeout = Duration::from_millis(5);
        let app = App::new(pipeline, settings);
        let faulty = get(|| async {
            if std::hint::black_box(true) {
                panic!("the words of a panic");
            }
        });
        let slow = get(std::future::pending::<()>);
        let routes = Router::new().route("/faulty", faulty).route("/slow", slow);
        let routes = wrap(routes, &app).with_state(app);
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        assert!(response.headers().contains_key(REQUEST_ID));
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn panic_is_a_500_without_its_words() {
        let (status, text) = answer("/faulty").await;
        assert_eq!(status, 500);
        assert!(text.contains("OperationOutcome") && text.contains("\"exception\""), "{text}");
        assert!(text.contains("the server's log has it as "), "{text}");
        assert!(!text.contains("words"), "{text}");
    }

    #[tokio::test]
    async fn request_that_takes_too_long_is_a_503() {
        let (status, text) = answer("/slow").await;
        assert_eq!(status, 503);
        assert!(text.contains("\"timeout\""), "{text}");
    }
}
