//! Traces: what each request and each batch spent its time on, sent to a collector by OTLP.
//!
//! Spans hold what log lines hold: routes, clients, ids of ours, and nothing of patients. Source:
//! OpenTelemetry Protocol 1.x, OTLP/HTTP with protobuf.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer,
    filter::{FilterExt as _, Targets, filter_fn},
    registry::LookupSpan,
};
use ureq::Agent;

use crate::{config::Config, http, usage};

/// How long one delivery may take.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// Traces under way to a collector.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Makes ready to deliver to the configured collector; none if there is none.
    ///
    /// # Errors
    ///
    /// If the file of the CA is no such file. Whether a collector answers is not asked.
    pub(crate) fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let told = &config.traces;
        if told.url.is_empty() {
            return Ok(None);
        }
        let ca = (!told.ca.is_empty()).then(|| Path::new(&told.ca));
        let agent = http::agent(&http::Trust::file("traces.ca", ca), DELIVERY_MAX)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Delivery { agent, is_failing: AtomicBool::new(false) })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&told.url)
            .with_timeout(DELIVERY_MAX)
            .build()
            .map_err(|error| usage(format!("traces.url: {error}")))?;
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name("opencr").with_attribute(version);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // By the trace's id alone, whatever flag the caller set.
            .with_sampler(Sampler::TraceIdRatioBased(1.0 / f64::from(told.one_in)))
            .with_resource(resource.build());
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self(provider.build())))
    }

    /// What gathers spans, whatever the level of the log.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let rooms = Targets::new()
            .with_target("server", LevelFilter::INFO)
            .with_target("pipeline", LevelFilter::DEBUG);
        let spans = filter_fn(|metadata| metadata.is_span());
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("opencr"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(rooms.and(spans))
    }

    /// Delivers what is left, for some seconds at the most.
    pub(crate) fn stop(self) {
        // Who cannot be reached was told of when it began.
        let _ = self.0.shutdown_with_timeout(DELIVERY_MAX);
    }
}

/// Delivers by the agent that everything else here uses, on the exporter's own thread.
#[derive(Debug)]
struct Delivery {
    agent: Agent,
    is_failing: AtomicBool,
}

impl Delivery {
    fn deliver(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let response = self.agent.run(Request::from_parts(head, body.to_vec()))?;
        let (head, mut body) = response.into_parts();
        let body = body.with_config().limit(1 << 20).read_to_vec()?;
        Ok(Response::from_parts(head, Bytes::from(body)))
    }

    /// Tells once that deliveries fail, and once that they go through again.
    fn tell(&self, delivered: &Result<Response<Bytes>, ureq::Error>) {
        let why = match delivered {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers {}", response.status().as_u16())),
            Err(error) => Some(error.to_string()),
        };
        match (why, self.is_failing.load(Ordering::Relaxed)) {
            (Some(error), false) => {
                tracing::warn!(%error, "traces cannot be delivered to traces.url");
                self.is_failing.store(true, Ordering::Relaxed);
            }
            (None, true) => {
                tracing::info!("traces are delivered again");
                self.is_failing.store(false, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

#[async_trait::async_trait]
impl HttpClient for Delivery {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let delivered = self.deliver(request);
        self.tell(&delivered);
        Ok(delivered?)
    }
}
