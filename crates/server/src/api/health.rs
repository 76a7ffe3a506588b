//! The two probes: whether the process lives, and whether it can serve.

use std::time::{Duration, Instant};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use parking_lot::Mutex;
use registry::ids::Revision;
use serde_json::{Map, Value, json};

use crate::App;

/// How long the store may take to answer a probe.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// What probes remember of each other: since when the index has been at a revision behind the store's.
#[derive(Debug, Default)]
pub(crate) struct Standstill(Mutex<Option<(Revision, Instant)>>);

impl Standstill {
    /// For how long the index, now at `index`, has stood still behind the store, now at `head`.
    pub(crate) fn lasts(&self, index: Revision, head: Revision, now: Instant) -> Duration {
        let mut seen = self.0.lock();
        if index >= head {
            *seen = None;
            return Duration::ZERO;
        }
        match &*seen {
            Some((before, since)) if *before == index => now.duration_since(*since),
            _ => {
                *seen = Some((index, now));
                Duration::ZERO
            }
        }
    }
}

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> Response {
    answer(StatusCode::OK, &json!({ "status": "alive" }))
}

/// `GET /readyz`: submissions are accepted, the store answers, and the index follows it; else 503
/// with what is missing.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let head = tokio::time::timeout(STORE_TIMEOUT, app.reader().head()).await;
    let head = head.ok().and_then(Result::ok).map(|head| head.revision);
    let index = app.pipeline().index_revision();
    let lasts = head.map_or(Duration::ZERO, |head| {
        app.pipeline().settings().meters.store_at(head);
        app.standstill().lasts(index, head, Instant::now())
    });
    let behind = head.map_or(0, |head| head.0.saturating_sub(index.0));
    let checks = [
        ("submissions", app.pipeline().is_open(), "submissions are not accepted".to_owned()),
        ("store", head.is_some(), "the store does not answer".to_owned()),
        (
            "index",
            lasts <= app.settings().standstill_max,
            format!("the index is {behind} events behind the store, and stands still"),
        ),
    ];
    let told: Map<String, Value> = checks
        .iter()
        .map(|(name, is_well, _)| {
            ((*name).to_owned(), if *is_well { "ok" } else { "fails" }.into())
        })
        .collect();
    match checks.into_iter().find(|(_, is_well, _)| !is_well) {
        None => answer(StatusCode::OK, &json!({ "status": "ready", "checks": told })),
        Some((_, _, reason)) => {
            let told = json!({ "status": "unavailable", "reason": reason, "checks": told });
            answer(StatusCode::SERVICE_UNAVAILABLE, &told)
        }
    }
}

fn answer(status: StatusCode, told: &Value) -> Response {
    let kind = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (status, [kind], told.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_index_that_stands_still_behind_the_store_is_told() {
        let standstill = Standstill::default();
        let start = Instant::now();
        let at = |index: u64, head: u64, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            standstill.lasts(Revision(index), Revision(head), now).as_secs()
        };
        assert_eq!(at(5, 5, 0), 0, "it shows everything");
        assert_eq!((at(5, 9, 10), at(5, 9, 24), at(5, 12, 30)), (0, 14, 20), "it stands still");
        assert_eq!((at(7, 12, 40), at(7, 12, 41)), (0, 1), "it goes on");
        assert_eq!((at(12, 12, 60), at(12, 13, 90)), (0, 0), "it has caught up");
    }
}
