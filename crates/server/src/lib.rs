//! The HTTP edge: FHIR R4 under `/fhir`, and the probes and figures for whoever runs the process.
//!
//! Every route is in [`router`]. A handler decodes, calls one verb of `pipeline` (or reads from
//! `store::Reader`) and encodes; what a request may do to the registry is decided further down.
//! Which system calls is settled in `caller`, which person in `people`, what an error answers in `error`, and nowhere else.
//!
//! Absent by design: SQL, scoring, and any way to write that is not a `pipeline` verb.

use std::sync::Arc;

use axum::{
    Router,
    routing::{MethodRouter, get, post},
};
use parking_lot::RwLock;
use pipeline::Pipeline;
use store::Reader;

mod access;
mod api;
mod asked;
mod audit;
mod base;
mod body;
mod budget;
mod caller;
mod error;
mod metrics;
mod openapi;
mod page;
pub mod people;
mod query;
mod reply;
mod serve;
mod settings;
mod tls;
mod watched;
mod wrap;

pub use audit::{AuditSettings, Auditor, Unaudited, fresh_term_key, opencr_history};
pub use metrics::Exposition;
pub use serve::serve;
pub use settings::{
    Access, AccessMode, Client, ClientAccess, ClientMap, Clients, MetricsSettings, Network,
    NetworkError, SearchBounds, ServerSettings,
};
pub use tls::{Tls, TlsError, TlsFiles, TlsVersion};
pub use watched::{LoadError, Watched};

use access::rate::Rates;
use api::health::Standstill;
use api::{bundle, conditional, health, history, metadata, pix, read, search, write};
use body::BodyPlaces;
use page::PageKey;
use people::People;

/// What every handler can reach; cheap to clone.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
    auditor: Option<Auditor>,
}

struct Shared {
    pipeline: Pipeline,
    settings: ServerSettings,
    page_key: PageKey,
    body_places: BodyPlaces,
    rates: Rates,
    search_bounds: RwLock<SearchBounds>,
    started_at: String,
    standstill: Standstill,
    people: Option<People>,
}

impl App {
    /// Joins a running pipeline and the server's settings.
    pub fn new(pipeline: Pipeline, settings: ServerSettings) -> Self {
        let started_at = pipeline.settings().clock.now().to_instant();
        let page_key = PageKey::random();
        let body_places = BodyPlaces::new(&settings);
        let search_bounds = RwLock::new(settings.search_bounds);
        let shared = Shared {
            pipeline,
            settings,
            search_bounds,
            page_key,
            body_places,
            rates: Rates::default(),
            started_at,
            standstill: Standstill::default(),
            people: None,
        };
        Self { shared: Arc::new(shared), auditor: None }
    }

    /// What probes remember of each other.
    pub(crate) fn standstill(&self) -> &Standstill {
        &self.shared.standstill
    }

    /// Lets people in, too. To be called before the app is shared.
    ///
    /// # Panics
    ///
    /// If it was cloned before.
    #[must_use]
    pub fn with_people(mut self, people: People) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("nobody has the app yet");
        shared.people = Some(people);
        self
    }

    fn people(&self) -> Option<&People> {
        self.shared.people.as_ref()
    }

    /// Whether clients see this server by https, so that cookies and browsers may insist on it.
    fn is_https(&self) -> bool {
        let settings = &self.shared.settings;
        let is_named_so = |url: &str| url.starts_with("https://");
        settings.tls.is_some() || settings.base_url.as_deref().is_some_and(is_named_so)
    }

    /// Has every request of the FHIR API taken down by `auditor`.
    pub fn audited_by(mut self, auditor: Auditor) -> Self {
        self.auditor = Some(auditor);
        self
    }

    /// Who takes requests down, if anybody does.
    pub fn auditor(&self) -> Option<&Auditor> {
        self.auditor.as_ref()
    }

    /// The verbs of the registry.
    pub fn pipeline(&self) -> &Pipeline {
        &self.shared.pipeline
    }

    /// The settings in force.
    pub fn settings(&self) -> &ServerSettings {
        &self.shared.settings
    }

    fn reader(&self) -> &Arc<dyn Reader> {
        self.shared.pipeline.reader()
    }

    fn page_key(&self) -> &PageKey {
        &self.shared.page_key
    }

    fn body_places(&self) -> &BodyPlaces {
        &self.shared.body_places
    }

    fn rates(&self) -> &Rates {
        &self.shared.rates
    }

    /// The bounds of searches in force.
    pub fn search_bounds(&self) -> SearchBounds {
        *self.shared.search_bounds.read()
    }

    /// Puts other bounds of searches in force, from the next search on.
    pub fn bound_searches(&self, bounds: SearchBounds) {
        *self.shared.search_bounds.write() = bounds;
    }

    /// When this process began to serve, an instant.
    fn started_at(&self) -> &str {
        &self.shared.started_at
    }
}

/// Every route of the server, with its limits and headers.
///
/// Requests must carry the peer's address as `axum::extract::ConnectInfo<SocketAddr>`, which
/// [`serve()`] and `into_make_service_with_connect_info` see to; without it nobody is local.
pub fn router(app: App) -> Router {
    let patients = get(search::by_url)
        .post(write::create)
        .put(conditional::update)
        .delete(conditional::delete);
    let patient = get(read::current).put(write::update).delete(write::delete);
    let cross_references = get(pix::by_url).post(pix::by_body);
    let routes = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .route("/openapi.json", get(openapi::show));
    let routes = [
        ("/fhir", get(search::turn_page).post(bundle::process)),
        ("/fhir/metadata", get(metadata::statement)),
        ("/fhir/Patient", patients),
        ("/fhir/Patient/_search", post(search::by_form)),
        ("/fhir/Patient/$ihe-pix", cross_references.clone()),
        ("/fhir/{kind}/$ihe-pix", cross_references),
        ("/fhir/Patient/{id}", patient),
        ("/fhir/Patient/{id}/_history", get(history::all)),
        ("/fhir/Patient/{id}/_history/{version}", get(history::one)),
    ]
    .into_iter()
    .fold(routes, with_or_without_slash);
    let routes = people::add_to(routes, &app)
        .fallback(api::unknown_route)
        .method_not_allowed_fallback(api::wrong_method);
    people::follow(wrap::wrap(routes, &app).with_state(app))
}

/// What is served whether people have a plane or not, by method and address.
#[cfg(test)]
const SYSTEM_ROUTES: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/fhir/metadata"),
    ("GET", "/fhir"),
    ("POST", "/fhir"),
    ("GET", "/fhir/Patient"),
    ("POST", "/fhir/Patient"),
    ("PUT", "/fhir/Patient"),
    ("DELETE", "/fhir/Patient"),
    ("POST", "/fhir/Patient/_search"),
    ("GET", "/fhir/Patient/$ihe-pix"),
    ("POST", "/fhir/Patient/$ihe-pix"),
    ("GET", "/fhir/{kind}/$ihe-pix"),
    ("POST", "/fhir/{kind}/$ihe-pix"),
    ("GET", "/fhir/Patient/{id}"),
    ("PUT", "/fhir/Patient/{id}"),
    ("DELETE", "/fhir/Patient/{id}"),
    ("GET", "/fhir/Patient/{id}/_history"),
    ("GET", "/fhir/Patient/{id}/_history/{version}"),
];

/// OpenCR's web UI and its clients use both forms (contract 1.2).
fn with_or_without_slash(
    routes: Router<App>,
    (path, methods): (&str, MethodRouter<App>),
) -> Router<App> {
    routes.route(path, methods.clone()).route(&format!("{path}/"), methods)
}
