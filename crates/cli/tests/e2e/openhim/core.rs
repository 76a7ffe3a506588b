//! A stand-in of OpenHIM's core: registrations, heartbeats, both forms of authentication, and
//! every way to misbehave.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::ServerConfig;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::standin::{Reply, Request, listen};

pub(super) const USER: &str = "root@openhim.org";
pub(super) const PASSWORD: &str = "openhim-s3cret";
const SALT: &str = "a5b1c2";

/// How the core behaves from now on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mood {
    /// As OpenHIM does.
    Well,
    /// Every answer has this status.
    Status(u16),
    /// Every answer leads there.
    Leads(String),
    /// Heartbeats are answered with this text.
    Says(String),
    /// Nothing is answered.
    Silent,
}

/// What was seen, and what is to be done.
pub(super) struct State {
    pub(super) mood: Mood,
    pub(super) registered: Vec<Value>,
    pub(super) beats: Vec<Value>,
    pub(super) requests: usize,
    /// Also of those who went away without a request.
    pub(super) connections: usize,
    /// The mediator's configuration, sent whenever it was asked for or has changed.
    pub(super) config: Value,
    sent: Value,
}

/// A running core.
#[derive(Clone)]
pub(super) struct Core {
    state: Arc<(Mutex<State>, Condvar)>,
    pub(super) url: String,
}

impl Core {
    /// One at `address`, with TLS if there is a certificate.
    pub(super) fn start(address: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let state = State {
            mood: Mood::Well,
            registered: Vec::new(),
            beats: Vec::new(),
            requests: 0,
            connections: 0,
            config: json!({}),
            sent: json!({}),
        };
        let state = Arc::new((Mutex::new(state), Condvar::new()));
        let mut core = Self { state, url: String::new() };
        let serving = core.clone();
        core.url = listen(address, tls, move |request| {
            let reply = match request {
                Some(request) => serving.answer(request),
                None => {
                    serving.state().connections += 1;
                    Reply::Silence
                }
            };
            serving.state.1.notify_all();
            reply
        });
        core
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().expect("no handler panics")
    }

    /// Waits until `is_so`, for as long as backing off may take.
    pub(super) fn wait(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        let (_, changed) = &*self.state;
        let limit = Duration::from_secs(40);
        let waited = changed.wait_timeout_while(self.state(), limit, |state| !is_so(state));
        let (state, timeout) = waited.expect("no handler panics");
        drop(state);
        assert!(!timeout.timed_out(), "{what} does not happen");
    }

    fn answer(&self, request: &Request) -> Reply {
        let target = request.target.as_str();
        let plain = |status, text: &str| Reply::Plain(status, text.to_owned());
        let mut state = self.state();
        state.requests += 1;
        match state.mood.clone() {
            Mood::Well | Mood::Says(_) => {}
            Mood::Status(status) => return plain(status, "some words"),
            Mood::Leads(to) => return Reply::Leads(to),
            Mood::Silent => return Reply::Silence,
        }
        if target.starts_with("/authenticate/") {
            let now = OffsetDateTime::now_utc().format(&Rfc3339).expect("a time");
            return plain(200, &json!({ "salt": SALT, "ts": now }).to_string());
        }
        if !is_user(request) {
            return plain(401, "Unauthorized");
        }
        let body: Value = serde_json::from_slice(&request.body).expect("JSON is sent");
        if target == "/mediators" {
            state.registered.push(body);
            return plain(201, "Mediator successfully created");
        }
        let urn =
            target.strip_prefix("/mediators/").and_then(|rest| rest.strip_suffix("/heartbeat"));
        let is_registered =
            state.registered.last().is_some_and(|last| last["urn"] == urn.unwrap_or(""));
        if !is_registered {
            return plain(404, "The mediator has not been registered");
        }
        let asks = body["config"] == json!(true);
        state.beats.push(body);
        if let Mood::Says(text) = &state.mood {
            return plain(200, text);
        }
        if asks || state.sent != state.config {
            state.sent = state.config.clone();
            return plain(200, &state.config.to_string());
        }
        plain(200, "")
    }
}

/// Whether the headers prove the user, in one of OpenHIM's two ways.
fn is_user(request: &Request) -> bool {
    let header = |name: &str| request.header(name);
    let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    if header("authorization") == Some(format!("Basic {basic}").as_str()) {
        return true;
    }
    let hex = |text: String| format!("{:x}", Sha512::digest(text));
    let (Some(salt), Some(ts)) = (header("auth-salt"), header("auth-ts")) else { return false };
    let Ok(at) = OffsetDateTime::parse(ts, &Rfc3339) else { return false };
    let is_fresh = (OffsetDateTime::now_utc() - at).abs() <= time::Duration::seconds(10);
    let hash = hex(format!("{SALT}{PASSWORD}"));
    let token = hex(format!("{hash}{salt}{ts}"));
    is_fresh && header("auth-username") == Some(USER) && header("auth-token") == Some(&token)
}
