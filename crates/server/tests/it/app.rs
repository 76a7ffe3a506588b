//! [`TestApp`]: a registry in memory behind the real router, and requests in few words.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use pipeline::{Pipeline, Settings};
use registry::{
    audit::{AuditEntry, AuditHead, TermKey},
    extract::Extractor,
    ids::ClientId,
};
use serde_json::Value;
use server::{
    Access, App, AuditSettings, Auditor, ClientAccess, SearchBounds, ServerSettings, router,
};
use store::{AuditLog, Store};
use testkit::{Person, person};
use tower::ServiceExt;

/// OpenCR's default rules, as shipped.
const RULES: &str = include_str!("../../../../config/decisionRules.json");

/// The form that everything under `/fhir` is answered in.
pub(crate) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// The system of golden records' tag code.
pub(crate) const GOLDEN_CODE: &str = "5c827da5-4858-4f3d-a50c-62ece001efea";

/// A running registry without a listener.
pub(crate) struct TestApp {
    router: Router,
    pub(crate) pipeline: Pipeline,
    auditor: Auditor,
    log: Arc<dyn AuditLog>,
}

impl TestApp {
    /// OpenCR's sample clients; requests come from the gateway 10.0.0.1 unless said otherwise.
    pub(crate) async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut ServerSettings, &mut Settings)) -> Self {
        let store = store::open("memory:").await.unwrap();
        Self::auditing(store.clone(), store, change).await
    }

    /// The same, audited by another log than its own.
    pub(crate) async fn auditing(
        store: Arc<dyn Store>,
        log: Arc<dyn AuditLog>,
        change: impl FnOnce(&mut ServerSettings, &mut Settings),
    ) -> Self {
        let mut settings = settings();
        let mut pipeline = Settings::default();
        pipeline.vocabulary.client_names = settings.clients.names();
        change(&mut settings, &mut pipeline);
        let ruleset = matching::opencr::parse(RULES).unwrap();
        let extractor = Extractor::compile(Arc::new(ruleset)).unwrap();
        let pipeline = Pipeline::start(store, extractor, pipeline).await.unwrap();
        let mut audit = AuditSettings::new(TermKey::new([7; 32]));
        audit.every = Duration::from_millis(1);
        let clock = pipeline.settings().clock.clone();
        let auditor = Auditor::start(log.clone(), clock, audit).await.unwrap();
        let app = App::new(pipeline.clone(), settings).audited_by(auditor.clone());
        Self { router: router(app), pipeline, auditor, log }
    }

    /// Everything that was taken down, in order, the chain checked. Nothing is answered any more.
    pub(crate) async fn audit(&self) -> Vec<AuditEntry> {
        self.auditor.stop().await;
        let mut head = AuditHead::start();
        let records = self.log.audit_after(0, u32::MAX).await.unwrap();
        records.iter().map(|record| head.follow(record).unwrap().entry).collect()
    }

    /// A request of the client `openmrs` through the gateway.
    pub(crate) fn request(&self, method: &str, path: &str) -> Call<'_> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", "registry.test".parse().unwrap());
        headers.insert("x-openhim-clientid", "openmrs".parse().unwrap());
        let peer = "10.0.0.1:40000".parse().ok();
        Call { app: self, method, path: path.to_owned(), headers, peer, body: Vec::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Value>) -> Answer {
        self.request("POST", path).json(body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<Value>) -> Answer {
        self.request("PUT", path).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    /// Submits a Patient that is taken, and gives its id and CRUID.
    pub(crate) async fn submit(&self, body: impl Into<Value>) -> (String, String) {
        let answer = self.post("/fhir/Patient", body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        (answer.record(), answer.cruid())
    }
}

/// Settings in which a gateway at 10.0.0.1 is trusted.
pub(crate) fn settings() -> ServerSettings {
    let mut settings = ServerSettings::new("1.2.3");
    settings.clients = [("openmrs", "OpenMRS"), ("dhis2", "DHIS2"), ("lims", "LIMS")]
        .map(|(id, name)| (ClientId::new(id), name.to_owned()))
        .into_iter()
        .collect();
    // What is not about access sees everything; what is sets its own (see `access.rs`).
    for id in ["openmrs", "dhis2", "lims"] {
        let rights = ClientAccess { access: Access::Demographics, ..ClientAccess::default() };
        settings.clients.agree(&ClientId::new(id), rights);
    }
    settings.search_bounds =
        SearchBounds { criteria_min: 0, results_max: usize::MAX, per_minute: u32::MAX };
    settings.gateways = vec!["10.0.0.1".parse().unwrap()];
    settings
}

/// A request in the making.
pub(crate) struct Call<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: HeaderMap,
    peer: Option<SocketAddr>,
    body: Vec<u8>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn raw_header(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn client(self, client: &str) -> Self {
        self.header("x-openhim-clientid", client)
    }

    pub(crate) fn from(mut self, peer: Option<&str>) -> Self {
        self.peer = peer.map(|peer| peer.parse().unwrap());
        self
    }

    pub(crate) fn json(self, body: impl Into<Value>) -> Self {
        self.body("application/fhir+json", body.into().to_string())
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// Sends it. Every error, whatever it is, must be an OperationOutcome.
    pub(crate) async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.path);
        *request.headers_mut().unwrap() = self.headers;
        let mut request = request.body(Body::from(self.body)).unwrap();
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status: parts.status, headers: parts.headers, body: json, text };
        let is_fhir = !self.path.starts_with("/healthz") && !self.path.starts_with("/readyz");
        if answer.status.as_u16() >= 400 && is_fhir && self.method != Method::HEAD {
            answer.check_outcome();
        }
        answer
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

impl Answer {
    fn check_outcome(&self) {
        assert_eq!(self.body["resourceType"], "OperationOutcome", "{self:?}");
        assert_eq!(self.header("content-type"), Some(FHIR_JSON));
        assert!(self.body["issue"][0]["code"].is_string());
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The id of the submitted record, from `Location: Patient/<id>`.
    pub(crate) fn record(&self) -> String {
        bare(self.header("location").unwrap_or_else(|| panic!("no Location: {self:?}")))
    }

    /// The CRUID, from `LocationCRUID: Patient/<CRUID>`.
    pub(crate) fn cruid(&self) -> String {
        bare(self.header("locationcruid").unwrap_or_else(|| panic!("no LocationCRUID: {self:?}")))
    }

    /// Status, code of the first issue, and its first expression.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        let issue = &self.body["issue"][0];
        let code = issue["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code, issue["expression"][0].as_str().unwrap_or_default())
    }

    /// The ids of a Bundle's resources, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let entries = self.body["entry"].as_array().unwrap_or_else(|| panic!("{self:?}"));
        let ids = entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap_or("-"));
        ids.map(str::to_owned).collect()
    }

    /// Where a Bundle's link leads, without the server's address.
    pub(crate) fn link(&self, relation: &str) -> Option<String> {
        let links = self.body["link"].as_array()?;
        let link = links.iter().find(|link| link["relation"] == relation)?;
        let url = link["url"].as_str()?;
        Some(url.strip_prefix("http://registry.test").unwrap_or(url).to_owned())
    }
}

fn bare(reference: &str) -> String {
    reference.strip_prefix("Patient/").unwrap_or_else(|| panic!("{reference}")).to_owned()
}

/// Somebody whom the default rules find again: all six fields, and `id` in the system.
pub(crate) fn amina(system: &str, id: &str) -> Person {
    person("Amina")
        .family("Okello")
        .female()
        .born("1990-02-11")
        .phone("0772000111")
        .national_id("CM90001")
        .art_number("ART-77")
        .id(system, id)
}

/// Somebody else with few words.
pub(crate) fn other(given: &str, family: &str, id: &str) -> Person {
    person(given).family(family).id("openmrs", id)
}
