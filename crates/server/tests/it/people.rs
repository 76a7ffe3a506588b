//! The people plane through the real router: who gets in, what they get, and who does not.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use pipeline::{Pipeline, Settings};
use registry::{
    account::{AccountName, PasswordHash, Role},
    audit::{AuditEntry, AuditHead, TermKey},
    extract::Extractor,
};
use serde_json::{Value, json};
use server::{
    App, AuditSettings, Auditor, ServerSettings,
    people::{NewAccount, Password, PasswordCost, Passwords, People, PeopleSettings},
    router,
};
use store::{Accounts, AuditLog, Opened};
use tower::ServiceExt;

mod accounts;
mod attacks;
mod audited;
mod crux;
mod csv;
mod fuzz;
mod gate;
mod login;
mod matches;
mod matrix;
mod openapi;
mod resources;
mod room;

/// Cheap to hash, since tests sign in often.
const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1 };

/// The password of every made-up account.
const PASSWORD: &str = "correct horse";

/// A registry with a people plane and one account of each role, named like it.
pub(crate) struct Plane {
    router: Router,
    auditor: Auditor,
    log: Arc<dyn AuditLog>,
    accounts: Arc<dyn Accounts>,
    setup: Option<String>,
}

impl Plane {
    pub(crate) async fn start() -> Self {
        Self::with(true, |_, _| {}).await
    }

    async fn with(
        has_accounts: bool,
        change: impl FnOnce(&mut PeopleSettings, &mut ServerSettings),
    ) -> Self {
        let mut told = PeopleSettings {
            cost: CHEAP,
            refusal_after: Duration::ZERO,
            logins_per_minute: 1000,
            ..PeopleSettings::default()
        };
        let mut settings = crate::app::settings();
        change(&mut told, &mut settings);
        let Opened { store, accounts } = store::open_all("memory:").await.unwrap();
        let rules = include_str!("../../../../config/decisionRules.json");
        let extractor = Extractor::compile(Arc::new(matching::opencr::parse(rules).unwrap()));
        let log: Arc<dyn AuditLog> = store.clone();
        let pipeline =
            Pipeline::start(store, extractor.unwrap(), Settings::default()).await.unwrap();
        if has_accounts {
            let hash = Passwords::new(CHEAP).hash(&Password::new(PASSWORD).unwrap()).await;
            for role in Role::ALL {
                add(&*accounts, role.as_str(), role, hash.clone()).await;
            }
        }
        let clock = pipeline.settings().clock.clone();
        let (people, setup) = People::start(accounts.clone(), told, clock).await.unwrap();
        let audit = AuditSettings::new(TermKey::new([7; 32]));
        let clock = pipeline.settings().clock.clone();
        let auditor = Auditor::start(log.clone(), clock, audit).await.unwrap();
        let app = App::new(pipeline, settings).with_people(people).audited_by(auditor.clone());
        Self { router: router(app), auditor, log, accounts, setup }
    }

    /// Everything that was taken down, in order. Nothing is answered any more.
    async fn audit(&self) -> Vec<AuditEntry> {
        self.auditor.stop().await;
        let mut head = AuditHead::start();
        let records = self.log.audit_after(0, u32::MAX).await.unwrap();
        records.iter().map(|record| head.follow(record).unwrap().entry).collect()
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).header("host", "registry.test");
        let request = request.body(Body::empty()).unwrap();
        Call { plane: self, request }.from("192.0.2.7:4000")
    }

    /// Signs in as OpenCR's UI does.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) -> Answer {
        let password = password.replace(' ', "%20");
        let path = format!("/ocrux/user/authenticate?username={username}&password={password}");
        self.call("POST", &path).send().await
    }

    /// The token of the account that is named like its role.
    async fn token(&self, role: Role) -> String {
        let answer = self.sign_in(role.as_str(), PASSWORD).await;
        answer.body["token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    /// A GET with a token.
    async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path).token(token).send().await
    }
}

async fn add(accounts: &dyn Accounts, name: &str, role: Role, hash: PasswordHash) {
    let name = NewAccount {
        username: name.to_owned(),
        name: AccountName { first: "Made".into(), other: "Up".into(), surname: "Person".into() },
        role,
    };
    assert!(accounts.add_account(&name.with(hash, registry::ids::Timestamp(0))).await.unwrap());
}

/// A request in the making.
pub(crate) struct Call<'a> {
    plane: &'a Plane,
    request: Request<Body>,
}

impl Call<'_> {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn from(mut self, peer: &str) -> Self {
        let peer: SocketAddr = peer.parse().unwrap();
        self.request.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    fn json(mut self, body: &Value) -> Self {
        *self.request.body_mut() = Body::from(body.to_string());
        self.header("content-type", "application/json")
    }

    /// A multipart form, as browsers write it.
    fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let part = |(name, value): &(&str, &str)| {
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts: String = fields.iter().map(part).collect();
        *self.request.body_mut() = Body::from(format!("{parts}--XX--\r\n"));
        self.header("content-type", "multipart/form-data; boundary=XX")
    }

    /// A form as a page of ours sends it.
    fn fields(mut self, fields: &[(&str, &str)]) -> Self {
        let escape = |text: &str| {
            let bytes = text.bytes();
            bytes.map(|byte| format!("%{byte:02x}")).collect::<String>()
        };
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", escape(value));
        let pairs: Vec<String> = fields.iter().map(pair).collect();
        *self.request.body_mut() = Body::from(pairs.join("&"));
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.plane.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        // A file is no text, and no test reads it as one.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body, text, bytes }
    }
}

/// What came back.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
    text: String,
    bytes: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

/// The answer to every sign-in that is refused.
fn refusal() -> Value {
    json!({ "token": null, "role": null, "userID": null })
}
