//! A stand-in of OpenHIM's core: registrations, heartbeats, both forms of authentication, and
//! every way to misbehave.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

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
        let listener = TcpListener::bind(address).expect("an address for the core");
        let port = listener.local_addr().expect("it is bound").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let state = State {
            mood: Mood::Well,
            registered: Vec::new(),
            beats: Vec::new(),
            requests: 0,
            connections: 0,
            config: json!({}),
            sent: json!({}),
        };
        let core = Self {
            state: Arc::new((Mutex::new(state), Condvar::new())),
            url: format!("{scheme}://localhost:{port}"),
        };
        let serving = core.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (core, tls) = (serving.clone(), tls.clone());
                core.state().connections += 1;
                core.state.1.notify_all();
                thread::spawn(move || core.talk(stream, tls));
            }
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

    fn talk(&self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        match tls {
            None => self.exchange(stream),
            Some(config) => {
                let connection = ServerConnection::new(config).expect("a TLS configuration");
                self.exchange(StreamOwned::new(connection, stream));
            }
        }
    }

    /// One request and its answer; the connection ends with it.
    fn exchange(&self, stream: impl Read + Write) {
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line) {
                Ok(read) if read > 2 => head.push(line.trim_end().to_owned()),
                Ok(read) if read > 0 => break,
                _ => return,
            }
        }
        let header = |name: &str| {
            let mut lines = head.iter().filter_map(|line| line.split_once(": "));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let length = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let target = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
        let is_known = is_user(&header);
        let (status, more, answer) = self.answer(&target, is_known, &body);
        self.state.1.notify_all();
        if status == 0 {
            // Until the other side goes away.
            let _ = stream.read(&mut [0]);
            return;
        }
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{answer}",
            answer.len()
        );
        let stream = stream.get_mut();
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    fn answer(&self, target: &str, is_known: bool, body: &[u8]) -> (u16, String, String) {
        let plain = |status, text: &str| (status, String::new(), text.to_owned());
        let mut state = self.state();
        state.requests += 1;
        match state.mood.clone() {
            Mood::Well | Mood::Says(_) => {}
            Mood::Status(status) => return plain(status, "some words"),
            Mood::Leads(to) => return (307, format!("location: {to}\r\n"), String::new()),
            Mood::Silent => return plain(0, ""),
        }
        if target.starts_with("/authenticate/") {
            let now = OffsetDateTime::now_utc().format(&Rfc3339).expect("a time");
            return plain(200, &json!({ "salt": SALT, "ts": now }).to_string());
        }
        if !is_known {
            return plain(401, "Unauthorized");
        }
        let body: Value = serde_json::from_slice(body).expect("JSON is sent");
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
fn is_user<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> bool {
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
