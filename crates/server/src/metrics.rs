//! `GET /metrics`: the figures of the process in Prometheus' text format.
//!
//! Figures are gathered by a recorder of this process alone, never a global one, so that two
//! registries in one process (tests) do not mix. Labels are route templates, known methods,
//! classes of status codes and words of ours: nothing of people, nothing that a client chooses.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, TryLockError},
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use pipeline::Pipeline;

use crate::{App, caller::Watcher, error::ApiError};

/// Upper bounds of durations: from a search of the index to the limit of a request.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0,
];
/// Upper bounds of numbers of things: from none to a large register.
const COUNTS: &[f64] = &[
    0.0,
    1.0,
    3.0,
    10.0,
    30.0,
    100.0,
    300.0,
    1_000.0,
    3_000.0,
    10_000.0,
    30_000.0,
    100_000.0,
    300_000.0,
    1_000_000.0,
    10_000_000.0,
];
/// How old the measured size of the index may be: measuring takes time in proportion to it.
const BYTES_AGE_MAX: Duration = Duration::from_secs(60);
/// Pause between two times that recorded durations are sorted into their buckets. They take
/// memory until then, also if nobody ever asks for them.
const UPKEEP_PAUSE: Duration = Duration::from_secs(5);

/// Methods that have a label of their own; the last stands for all others.
pub(crate) const METHODS: [&str; 8] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "other"];
/// Classes of status codes, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Gathers the figures of this process; cheap to clone.
#[derive(Clone)]
pub struct Exposition {
    inner: Arc<Inner>,
}

struct Inner {
    recorder: PrometheusRecorder,
    routes: RwLock<HashMap<String, Arc<RouteMeters>>>,
    gauges: Gauges,
    /// Locked while measuring.
    bytes_measured_at: Mutex<Option<Instant>>,
}

/// What is read when somebody asks.
struct Gauges {
    queue: Gauge,
    queue_max: Gauge,
    is_open: Gauge,
    records: Gauge,
    bytes: Gauge,
}

/// The figures of one route, registered when they are first needed.
#[derive(Default)]
struct RouteMeters {
    requests: [[OnceLock<Counter>; CLASSES.len()]; METHODS.len()],
    seconds: [OnceLock<Histogram>; METHODS.len()],
}

impl Exposition {
    /// Nothing gathered yet; `version` is told as that of the build.
    ///
    /// # Panics
    ///
    /// Never: the recorder refuses empty lists of bounds only.
    pub fn new(version: &str) -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(COUNTS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
            })
            .expect("the bounds of buckets are not empty")
            .build_recorder();
        let gauges = metrics::with_local_recorder(&recorder, || {
            describe();
            gauge!("opencr_build_info", "version" => version.to_owned()).set(1.0);
            Gauges {
                queue: gauge!("opencr_queue_operations"),
                queue_max: gauge!("opencr_queue_operations_max"),
                is_open: gauge!("opencr_accepts_submissions"),
                records: gauge!("opencr_index_records"),
                bytes: gauge!("opencr_index_bytes"),
            }
        });
        let (routes, bytes_measured_at) = (RwLock::default(), Mutex::default());
        Self { inner: Arc::new(Inner { recorder, routes, gauges, bytes_measured_at }) }
    }

    /// Runs `register`, whose figures are gathered here from then on.
    pub fn gather<T>(&self, register: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&self.inner.recorder, register)
    }

    /// A request that was answered; `route` is a template, never an address.
    pub(crate) fn answered(&self, route: &str, method: &str, answer: (StatusCode, Duration)) {
        let (status, took) = answer;
        // A trailing slash is the same route.
        let route = if route.len() > 1 { route.trim_end_matches('/') } else { route };
        let at = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let meters = self.route(route);
        let label = || (route.to_owned(), METHODS[at], CLASSES[class]);
        let requests = meters.requests[at][class].get_or_init(|| {
            let (route, method, status) = label();
            self.gather(|| {
                counter!("opencr_http_requests_total", "route" => route, "method" => method,
                    "status" => status)
            })
        });
        requests.increment(1);
        let seconds = meters.seconds[at].get_or_init(|| {
            let (route, method, _) = label();
            self.gather(
                || histogram!("opencr_http_request_seconds", "route" => route, "method" => method),
            )
        });
        seconds.record(took);
    }

    fn route(&self, route: &str) -> Arc<RouteMeters> {
        let routes = self.inner.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.get(route) {
            return known.clone();
        }
        drop(routes);
        let mut routes = self.inner.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.entry(route.to_owned()).or_default().clone()
    }

    /// Keeps what is recorded from taking more and more memory; runs for ever.
    pub(crate) async fn keep_up(self) {
        loop {
            tokio::time::sleep(UPKEEP_PAUSE).await;
            self.inner.recorder.handle().run_upkeep();
        }
    }

    /// Reads what is only known when asked. Takes time if the index is measured.
    fn observe(&self, pipeline: &Pipeline) {
        let gauges = &self.inner.gauges;
        gauges.queue.set(pipeline.queued() as f64);
        gauges.queue_max.set(pipeline.settings().queue_max as f64);
        gauges.is_open.set(f64::from(u8::from(pipeline.is_open())));
        let index = pipeline.index();
        gauges.records.set(index.len() as f64);
        // Whoever asks while another measures is told the figure before, and waits for nothing.
        let mut measured_at = match self.inner.bytes_measured_at.try_lock() {
            Ok(measured_at) => measured_at,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if measured_at.is_none_or(|before| before.elapsed() >= BYTES_AGE_MAX) {
            *measured_at = Some(Instant::now());
            gauges.bytes.set(index.bytes() as f64);
        }
    }
}

impl std::fmt::Debug for Exposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exposition").finish_non_exhaustive()
    }
}

/// `GET /metrics`, for peers that `metrics.allow` names.
pub(crate) async fn show(State(app): State<App>, _watcher: Watcher) -> Result<Response, ApiError> {
    let metrics = app.settings().metrics.as_ref().ok_or_else(ApiError::no_route)?;
    let (exposition, pipeline) = (metrics.exposition.clone(), app.pipeline().clone());
    let written = tokio::task::spawn_blocking(move || {
        exposition.observe(&pipeline);
        exposition.inner.recorder.handle().render()
    });
    let text = written.await.map_err(|_| ApiError::Panicked)?;
    let kind = (CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    Ok((StatusCode::OK, [kind], text).into_response())
}

fn describe() {
    describe_gauge!(
        "opencr_build_info",
        Unit::Count,
        "1; the label is the version of the program."
    );
    describe_gauge!(
        "opencr_queue_operations",
        Unit::Count,
        "Operations that wait or are being decided."
    );
    describe_gauge!(
        "opencr_queue_operations_max",
        Unit::Count,
        "Operations that may wait; beyond, requests get a 503 (linker.queue_max)."
    );
    describe_gauge!(
        "opencr_accepts_submissions",
        Unit::Count,
        "1 while submissions are accepted and decided; 0 while stopping or without a linker."
    );
    describe_gauge!("opencr_index_records", Unit::Count, "Records in the match index.");
    describe_gauge!(
        "opencr_index_bytes",
        Unit::Bytes,
        "Memory of the match index in bytes, measured once a minute at the most."
    );
    describe_counter!(
        "opencr_http_requests_total",
        Unit::Count,
        "HTTP requests that were answered, by route, method and class of status."
    );
    describe_histogram!(
        "opencr_http_request_seconds",
        Unit::Seconds,
        "From a request's header to its answer, in seconds, by route and method."
    );
}
