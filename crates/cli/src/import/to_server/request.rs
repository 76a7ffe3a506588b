//! One row as an HTTP request, and what its answer means.

use std::time::Duration;

use anyhow::anyhow;
use fhir::resource::Resource;
use pipeline::rows::RowWarning;
use serde_json::Value;
use ureq::http::StatusCode;

use super::Stop;
use crate::feed::drop_id;

/// How often a row is tried; with the waits below about a minute, the time of a restart.
const ATTEMPTS_MAX: u32 = 12;
/// The first wait; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(100);
/// The longest wait that doubles lead to.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The longest wait that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// How long one answer may take; longer than the server's own limit by default.
const ANSWER_MAX: Duration = Duration::from_secs(240);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 20 << 20;

/// A row ready to be sent.
pub(super) struct Request {
    /// The row's place in the file, from 1.
    pub(super) ordinal: u64,
    /// The line where it begins.
    pub(super) line: u64,
    /// What was left out of it.
    pub(super) warnings: Vec<RowWarning>,
    /// Its identity; requests about one record go one after the other.
    pub(super) key: String,
    body: String,
}

/// Why a row was not registered.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server does not take this row.
    Refused(String),
    /// The server takes no row: the run has to end.
    Fatal(anyhow::Error),
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Failure::Refused(reason)
    }
}

impl Request {
    /// Makes the request of a Patient; `None` if it has no identifier of `system`.
    pub(super) fn new(
        ordinal: u64,
        line: u64,
        mut patient: Resource,
        system: &str,
    ) -> Option<Self> {
        let identifiers = patient.get("identifier")?.as_array()?;
        let value = identifiers.iter().find_map(|identifier| {
            let is_own = identifier.get("system").and_then(Value::as_str) == Some(system);
            let value = identifier.get("value").and_then(Value::as_str).map(str::trim);
            value.filter(|value| is_own && !value.is_empty())
        })?;
        let key = format!("{system}|{value}");
        drop_id(&mut patient);
        Some(Self { ordinal, line, warnings: Vec::new(), key, body: patient.to_json() })
    }
}

/// One connection, kept open between requests.
pub(super) struct Connection {
    agent: ureq::Agent,
    server: String,
    client: Option<String>,
}

/// What to do after an attempt.
enum Next {
    Done(Result<(), Failure>),
    Again { why: String, after: Option<Duration> },
}

impl Connection {
    /// Prepares a connection to `server`, in the name of `client`.
    pub(super) fn new(server: &str, client: Option<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_MAX))
            .user_agent(concat!("opencr-import/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: ureq::Agent::new_with_config(config), server: server.to_owned(), client }
    }

    /// Asks once whether anybody is there, so that a wrong URL is told at once.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let asked = self.agent.get(format!("{}/healthz", self.server)).call();
        match asked {
            Ok(_) => Ok(()),
            Err(error) => Err(anyhow!(
                "no server answers at {} ({error}); start one with `opencr serve`, or name it by \
                 --server",
                self.server
            )),
        }
    }

    /// Sends a row, again if the server is busy or gone, and tells what became of it.
    pub(super) fn send(&self, request: &Request, stop: &Stop) -> Result<(), Failure> {
        let mut wait = WAIT_FIRST;
        let mut last = String::new();
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt(request) {
                Next::Done(result) => return result,
                Next::Again { why, after } => {
                    last = why;
                    stop.wait(after.unwrap_or(wait));
                    wait = (wait * 2).min(WAIT_MAX);
                }
            }
            if stop.is_raised() {
                break;
            }
        }
        Err(Failure::Fatal(anyhow!("{} gives no answer: {last}", self.server)))
    }

    fn attempt(&self, request: &Request) -> Next {
        // A plain POST: the registry knows the record by its identity, and a conditional PUT
        // would carry a person's identifier in the URL, where proxies log it.
        let mut post = self
            .agent
            .post(format!("{}/fhir/Patient", self.server))
            .header("content-type", "application/fhir+json")
            .header("accept", "application/fhir+json")
            .header("prefer", "return=minimal");
        if let Some(client) = &self.client {
            post = post.header("x-openhim-clientid", client);
        }
        match post.send(&request.body) {
            Ok(mut answer) => {
                let after = answer.headers().get("retry-after").and_then(|after| {
                    let seconds = after.to_str().ok()?.parse().ok()?;
                    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
                });
                let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
                meaning(answer.status(), after, &body.unwrap_or_default())
            }
            Err(error) => match error {
                ureq::Error::Io(_)
                | ureq::Error::Timeout(_)
                | ureq::Error::ConnectionFailed
                | ureq::Error::Protocol(_) => Next::Again { why: error.to_string(), after: None },
                _ => Next::Done(Err(Failure::Fatal(anyhow!(
                    "cannot send to {}: is the URL right? (http only)",
                    self.server
                )))),
            },
        }
    }
}

fn meaning(status: StatusCode, after: Option<Duration>, body: &str) -> Next {
    let said = diagnostics(body);
    match status.as_u16() {
        200..=299 => Next::Done(Ok(())),
        429 | 502 | 503 | 504 => Next::Again { why: format!("{status} {said}"), after },
        401 | 403 => Next::Done(Err(Failure::Fatal(anyhow!(
            "the server does not take anything from this client ({status} {said}); see --client"
        )))),
        404 | 405 => Next::Done(Err(Failure::Fatal(anyhow!(
            "the server has no FHIR Patient at this URL ({status} {said}); see --server"
        )))),
        _ => Next::Done(Err(Failure::Refused(format!("{status} {said}").trim_end().to_owned()))),
    }
}

/// Gives what an OperationOutcome says, which by the server's rules names no person's data.
fn diagnostics(body: &str) -> String {
    let outcome: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let issues = outcome.get("issue").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let texts = issues.iter().filter_map(|issue| {
        let text = issue
            .get("diagnostics")
            .or_else(|| issue.get("details").and_then(|details| details.get("text")))
            .and_then(Value::as_str)?;
        let place = issue.get("expression").and_then(|list| list.get(0)).and_then(Value::as_str);
        Some(place.map_or_else(|| text.to_owned(), |place| format!("{place}: {text}")))
    });
    texts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_keyed_by_the_source_identifier_and_carries_no_id() {
        let patient = json!({"resourceType": "Patient", "id": "x", "identifier": [
            {"system": "urn:other", "value": "1"}, {"system": "urn:s", "value": "a|b,c"}]});
        let patient = Resource::from_value(patient).unwrap();
        let request = Request::new(1, 2, patient.clone(), "urn:s").unwrap();
        assert_eq!(request.key, "urn:s|a|b,c");
        assert!(!request.body.contains("\"id\""));
        assert!(Request::new(1, 2, patient, "urn:t").is_none());
    }

    #[test]
    fn an_answer_means_done_again_refused_or_the_end() {
        let of = |code, body: &str| match meaning(StatusCode::from_u16(code).unwrap(), None, body) {
            Next::Done(Ok(())) => "done".to_owned(),
            Next::Done(Err(Failure::Refused(reason))) => reason,
            Next::Done(Err(Failure::Fatal(_))) => "the end".to_owned(),
            Next::Again { .. } => "again".to_owned(),
        };
        let outcome = json!({"resourceType": "OperationOutcome", "issue": [
            {"diagnostics": "no date", "expression": ["Patient.birthDate"]}]});
        assert_eq!(of(201, ""), "done");
        assert_eq!(of(503, ""), "again");
        assert_eq!(of(429, ""), "again");
        assert_eq!(of(403, ""), "the end");
        assert_eq!(of(404, ""), "the end");
        let reason = "400 Bad Request Patient.birthDate: no date";
        assert_eq!(of(400, &outcome.to_string()), reason);
        assert_eq!(of(422, "<html>"), "422 Unprocessable Entity");
    }
}
