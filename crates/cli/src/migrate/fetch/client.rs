//! Requests to one FHIR server, repeated when the line fails, and never to another server.

use std::{
    io::Read as _,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use ureq::{Agent, http::Response};

use super::Server;
use crate::{
    http::{self, Trust},
    usage,
};

/// The longest that one page may take.
const REQUEST_MAX: Duration = Duration::from_secs(120);
/// The largest page that is read.
const PAGE_BYTES_MAX: u64 = 256 << 20;
/// Pauses between attempts: this, then twice it, and so on.
const PAUSE: Duration = Duration::from_millis(100);
/// Attempts at one page; the last comes about a minute after the first.
const ATTEMPTS: u32 = 10;
/// What the password may be given in, if there is no file.
const PASSWORD: &str = "OPENCR_MIGRATE_PASSWORD";

/// The server. No `Debug`: it holds a password.
pub(super) struct Client {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

/// How one attempt ended.
enum Attempt {
    Done(Value),
    /// Another attempt may help.
    Again(String),
    /// It will not, by this status: the server does not know what was asked for.
    Unknown(u16),
}

impl Client {
    /// Prepares requests to the server at `base`, such as `http://hapi:8080/fhir`.
    pub(super) fn of(base: &str, server: &Server) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let (_, authority, _) = parts(&base);
        if authority.is_empty() || authority.contains('@') || base.contains(['?', '#']) {
            return Err(usage(
                "--from must be the base of a FHIR server, such as http://hapi:8080/fhir, without \
                 user and query; --user names the user",
            ));
        }
        let password =
            http::password("--password-file", server.password_file.as_deref(), PASSWORD)?;
        let authorization = match (&server.user, password) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(usage(format!(
                    "--user needs a password: put it into a file and name that by --password-file, \
                     or into the variable {PASSWORD}"
                )));
            }
            (Some(user), Some(password)) => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
        };
        let agent = http::agent(&Trust::file("--ca", server.ca.as_deref()), REQUEST_MAX)?;
        Ok(Self { agent, base, authorization })
    }

    /// The base, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The same page at this server. FHIR servers write links with the name that they know
    /// themselves by, and a password goes nowhere else than it was meant for.
    pub(super) fn own(&self, url: &str) -> String {
        let (scheme, authority, _) = parts(&self.base);
        match parts(url) {
            ("", ..) if url.starts_with('/') => format!("{scheme}://{authority}{url}"),
            ("", ..) => format!("{}/{url}", self.base),
            (_, _, rest) => format!("{scheme}://{authority}{rest}"),
        }
    }

    /// How many resources of a kind there are.
    pub(super) fn count(&self, kind: &str) -> anyhow::Result<u64> {
        let counted = self.get(&format!("{}/{kind}?_summary=count", self.base))?;
        counted["total"]
            .as_u64()
            .ok_or_else(|| usage(format!("the server does not tell how many of {kind} it has")))
    }

    /// The same; none if the server does not know the kind.
    pub(super) fn count_if_known(&self, kind: &str) -> anyhow::Result<Option<u64>> {
        let counted = self.ask(&format!("{}/{kind}?_summary=count", self.base))?;
        Ok(counted.ok().and_then(|counted| counted["total"].as_u64()))
    }

    /// Reads a Bundle.
    pub(super) fn get(&self, url: &str) -> anyhow::Result<Value> {
        self.ask(url)?.map_err(|status| {
            usage(format!(
                "the FHIR server answers {status}: is --from its base, as in \
                 http://hapi:8080/fhir?"
            ))
        })
    }

    /// A Bundle, or the status by which the server says that there is none.
    fn ask(&self, url: &str) -> anyhow::Result<Result<Value, u16>> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            match self.attempt(url)? {
                Attempt::Done(bundle) => return Ok(Ok(bundle)),
                Attempt::Unknown(status) => return Ok(Err(status)),
                Attempt::Again(why) if attempt == ATTEMPTS => {
                    return Err(anyhow::anyhow!(
                        "the FHIR server cannot be read: {why}. Run this again; it goes on where it \
                         stopped"
                    ));
                }
                Attempt::Again(why) => {
                    eprintln!("attempt {attempt} of {ATTEMPTS}: {why}");
                    rest(pause);
                    pause *= 2;
                }
            }
        }
        unreachable!("the last attempt returns")
    }

    fn attempt(&self, url: &str) -> anyhow::Result<Attempt> {
        let request = self.agent.get(url).header("accept", "application/fhir+json");
        let request = match &self.authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        let response = match request.call() {
            Ok(response) => response,
            Err(error) => return Ok(Attempt::Again(http::why(&error))),
        };
        let status = response.status().as_u16();
        match status {
            200 => {}
            401 | 403 => {
                return Err(usage(format!(
                    "the FHIR server answers {status}: check --user and its password"
                )));
            }
            410 => {
                return Err(anyhow::anyhow!(
                    "the FHIR server has dropped its pages (410). Run this again; it goes on where \
                     it stopped"
                ));
            }
            429 | 500.. => return Ok(Attempt::Again(format!("it answers {status}"))),
            _ => return Ok(Attempt::Unknown(status)),
        }
        read(response)
    }
}

fn read(mut response: Response<ureq::Body>) -> anyhow::Result<Attempt> {
    let mut bytes = Vec::new();
    let body = response.body_mut().as_reader().take(PAGE_BYTES_MAX + 1).read_to_end(&mut bytes);
    if body.is_err() {
        return Ok(Attempt::Again("the answer broke off".to_owned()));
    }
    if bytes.len() as u64 > PAGE_BYTES_MAX {
        return Err(usage(format!("a page has more than {} MB", PAGE_BYTES_MAX >> 20)));
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(bundle) if bundle["resourceType"] == "Bundle" => Ok(Attempt::Done(bundle)),
        _ => Err(usage("what answers there is no FHIR server: it gave no Bundle")),
    }
}

/// Scheme, authority, and what follows; all of it follows if there is no scheme.
fn parts(url: &str) -> (&str, &str, &str) {
    match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (scheme, &rest[..end], &rest[end..])
        }
        _ => ("", "", url),
    }
}

fn rest(pause: Duration) {
    let end = Instant::now() + pause;
    // It may return early, for no reason.
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}
