//! [`ApiError`] and what it answers: the only place where errors become responses.
//!
//! Texts name parameters, elements and ids of ours, never what a request says of a person.
//! What is the server's fault is logged here, once, with a reference that the answer repeats.

use axum::response::{IntoResponse, Response};
use fhir::{
    Issue, IssueType, OperationOutcome, ParseError,
    bundle::{BundleError, ENTRIES_MAX},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use pipeline::PipelineError;
use registry::{decide::Refusal, render::DamagedContent};
use store::StoreError;
use thiserror::Error;
use uuid::Uuid;

use crate::{caller::CallerRefusal, people::ReportError, reply};

mod certificate;
mod request;

/// Issues of one answer; the rest is left out and counted.
const ISSUES_MAX: usize = 100;

/// Why a request is not answered as it wishes.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The request itself is at fault: sending it again is pointless.
    #[error("the request is refused with status {0}")]
    Request(StatusCode, Vec<Issue>),
    /// Its sender is not accepted.
    #[error("the sender is refused: {0:?}")]
    Caller(CallerRefusal),
    /// The registry refuses what it asks for.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The registry cannot decide.
    #[error("the registry cannot decide")]
    Pipeline(#[from] PipelineError),
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error("a stored record cannot be read")]
    Damaged(#[from] DamagedContent),
    /// Its time is over.
    #[error("the request took longer than {0} s")]
    TookTooLong(u64),
    /// Too many large bodies are being worked on.
    #[error("too many large bodies are being worked on; try again")]
    Crowded,
    /// This client searches too often.
    #[error("this client makes more searches than it may; try again in {0} s")]
    TooOften(u64),
    /// What would have to be taken down cannot be, so it is not done.
    #[error("the audit log cannot be written, so nothing may be read or changed; try again")]
    Unaudited,
    /// A report cannot be written.
    #[error("a report cannot be written")]
    Report(#[from] ReportError),
    /// A handler ended by a fault.
    #[error("a handler ended by a fault")]
    Panicked,
    /// These entries of a transaction are at fault, so nothing of it was carried out.
    #[error("{} entries of a transaction cannot be carried out", .0.len())]
    Transaction(Vec<(usize, ApiError)>),
}

/// What an error answers, before it is encoded.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) outcome: OperationOutcome,
    retry_after_seconds: Option<u32>,
    closes: bool,
}

impl ApiError {
    /// Turns the error into an answer, and logs it if the server is at fault.
    pub(crate) fn answer(&self) -> Answer {
        let (status, mut issues) = self.status_and_issues();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let reference = Uuid::new_v4();
            tracing::error!(%reference, error = self as &dyn std::error::Error, "request failed");
            for issue in &mut issues {
                issue.diagnostics.push_str(&format!("; the server's log has it as {reference}"));
            }
        } else if status.is_server_error() {
            tracing::warn!(error = self as &dyn std::error::Error, "request not served");
        }
        if issues.len() > ISSUES_MAX {
            let text = format!("{} more issues are left out", issues.len() - ISSUES_MAX);
            issues.truncate(ISSUES_MAX);
            issues.push(Issue::warning(IssueType::Incomplete, text));
        }
        let closes = matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
        let retry_after_seconds = self.retry_after_seconds();
        Answer { status, outcome: OperationOutcome::new(issues), retry_after_seconds, closes }
    }

    fn status_and_issues(&self) -> (StatusCode, Vec<Issue>) {
        let (status, issue) = match self {
            Self::Request(status, issues) => return (*status, issues.clone()),
            Self::Transaction(errors) => return transaction(errors),
            Self::Caller(refusal) => caller(*refusal),
            Self::Refused(refusal) => refused(refusal),
            Self::Pipeline(error) => pipeline(error),
            Self::Store(error) => store(error),
            Self::Damaged(error) => {
                let text = format!("{error}; run `opencr verify`");
                (StatusCode::INTERNAL_SERVER_ERROR, Issue::error(IssueType::Exception, text))
            }
            Self::TookTooLong(_) => {
                let text = format!("{self}; whether it was carried out is not known: read it back");
                (StatusCode::SERVICE_UNAVAILABLE, Issue::error(IssueType::Timeout, text))
            }
            Self::Crowded => {
                let issue = Issue::error(IssueType::Throttled, self.to_string());
                (StatusCode::SERVICE_UNAVAILABLE, issue)
            }
            Self::TooOften(_) => {
                let issue = Issue::error(IssueType::Throttled, self.to_string());
                (StatusCode::TOO_MANY_REQUESTS, issue)
            }
            Self::Unaudited => {
                let issue = Issue::error(IssueType::Transient, self.to_string());
                (StatusCode::SERVICE_UNAVAILABLE, issue)
            }
            Self::Report(_) | Self::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, fault()),
        };
        (status, vec![issue])
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Pipeline(PipelineError::Busy { .. } | PipelineError::Overtaken) => Some(1),
            Self::TooOften(seconds) => Some(u32::try_from(*seconds).unwrap_or(u32::MAX)),
            Self::Pipeline(PipelineError::Stopping | PipelineError::Store(_))
            | Self::Store(_)
            | Self::TookTooLong(_)
            | Self::Crowded
            | Self::Unaudited => Some(5),
            Self::Pipeline(PipelineError::TooMany { .. } | PipelineError::Fault)
            | Self::Request(..)
            | Self::Caller(_)
            | Self::Refused(_)
            | Self::Damaged(_)
            | Self::Report(_)
            | Self::Panicked
            | Self::Transaction(_) => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Answer { status, outcome, retry_after_seconds, closes } = self.answer();
        let mut response = reply::json(status, outcome.to_json());
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = "OpenHIM realm=\"call through a gateway that this registry trusts\"";
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if closes {
            // The rest of the body will not be read.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<CallerRefusal> for ApiError {
    fn from(refusal: CallerRefusal) -> Self {
        Self::Caller(refusal)
    }
}

impl From<&ParseError> for ApiError {
    fn from(error: &ParseError) -> Self {
        Self::Request(StatusCode::BAD_REQUEST, vec![Issue::from(error)])
    }
}

impl From<&BundleError> for ApiError {
    fn from(error: &BundleError) -> Self {
        let status = match error {
            BundleError::TooManyEntries { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            BundleError::Parse(_)
            | BundleError::NotABundle
            | BundleError::Type
            | BundleError::Entries => StatusCode::BAD_REQUEST,
        };
        Self::Request(status, vec![Issue::from(error)])
    }
}

fn fault() -> Issue {
    let text = "an internal fault kept the server from answering; nothing half-done is stored";
    Issue::error(IssueType::Exception, text)
}

fn caller(refusal: CallerRefusal) -> (StatusCode, Issue) {
    match refusal {
        CallerRefusal::Unproven => {
            let text = "the registry does not know who is calling: call through a gateway that \
                        it trusts (`callers.trusted_gateways`), with a client certificate where it serves \
                        TLS, or from its own machine in development";
            (StatusCode::UNAUTHORIZED, Issue::error(IssueType::Login, text))
        }
        CallerRefusal::NotAGateway => {
            let text = "X-OpenHIM-ClientID is believed only from a configured gateway \
                        (`callers.trusted_gateways`), and this request does not come from one";
            (StatusCode::FORBIDDEN, Issue::error(IssueType::Security, text))
        }
        CallerRefusal::NotMeantForUs => {
            let text = "in development, a request from this machine must be sent to localhost, \
                        127.0.0.1, [::1] or the host of `server.base_url` (header Host), and not \
                        by a web page of another host (header Origin): use such an address";
            (StatusCode::FORBIDDEN, Issue::error(IssueType::Security, text))
        }
        CallerRefusal::Malformed => {
            let text = "X-OpenHIM-ClientID must be given once and name one client";
            (StatusCode::BAD_REQUEST, Issue::error(IssueType::Invalid, text))
        }
        CallerRefusal::Certificate(refusal) => certificate::refused(refusal),
        CallerRefusal::Disabled => {
            let text = "this client is disabled; its operator can enable it \
                        (`opencr client enable`)";
            (StatusCode::FORBIDDEN, Issue::error(IssueType::Forbidden, text))
        }
        CallerRefusal::UnknownClient => {
            let text = "this client is not one of the registry's; its operator can add it \
                        under `clients`";
            (StatusCode::FORBIDDEN, Issue::error(IssueType::Forbidden, text))
        }
    }
}

fn refused(refusal: &Refusal) -> (StatusCode, Issue) {
    let text = refusal.to_string();
    let (status, code, place) = match refusal {
        Refusal::IdTaken(_) => (StatusCode::CONFLICT, IssueType::Conflict, Some("Patient.id")),
        Refusal::GoldenIsOurs(_) => {
            (StatusCode::FORBIDDEN, IssueType::Forbidden, Some("Patient.id"))
        }
        // R4 http.html#concurrency asks for 412.
        Refusal::VersionConflict { .. } | Refusal::NothingToMatch(_) => {
            (StatusCode::PRECONDITION_FAILED, IssueType::Conflict, Some("http.If-Match"))
        }
        Refusal::NotYours => (StatusCode::FORBIDDEN, IssueType::Forbidden, Some("Patient.id")),
        Refusal::Unknown(_) => (StatusCode::NOT_FOUND, IssueType::NotFound, None),
        Refusal::NotPossible(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, IssueType::BusinessRule, None)
        }
        Refusal::Stale(_) | Refusal::DeclaredDifferent { .. } | Refusal::RestedOn { .. } => {
            (StatusCode::CONFLICT, IssueType::Conflict, None)
        }
        Refusal::Transaction(_) => (StatusCode::CONFLICT, IssueType::Transient, None),
        Refusal::NotReached(_) => (StatusCode::SERVICE_UNAVAILABLE, IssueType::Transient, None),
        // As the draft asks for.
        Refusal::KeyUsed => (
            StatusCode::UNPROCESSABLE_ENTITY,
            IssueType::BusinessRule,
            Some("http.Idempotency-Key"),
        ),
        Refusal::Fault => (StatusCode::INTERNAL_SERVER_ERROR, IssueType::Exception, None),
    };
    let issue = Issue::error(code, text);
    (status, if let Some(place) = place { issue.at(place) } else { issue })
}

fn pipeline(error: &PipelineError) -> (StatusCode, Issue) {
    let text = error.to_string();
    let (status, code) = match error {
        PipelineError::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, IssueType::Throttled),
        PipelineError::TooMany { .. } => (StatusCode::PAYLOAD_TOO_LARGE, IssueType::TooCostly),
        PipelineError::Overtaken | PipelineError::Stopping => {
            (StatusCode::SERVICE_UNAVAILABLE, IssueType::Transient)
        }
        PipelineError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, IssueType::NoStore),
        PipelineError::Fault => return (StatusCode::INTERNAL_SERVER_ERROR, fault()),
    };
    (status, Issue::error(code, text))
}

fn store(error: &StoreError) -> (StatusCode, Issue) {
    match error {
        StoreError::Damaged(_) | StoreError::Refused(_) | StoreError::NotKept(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, fault())
        }
        StoreError::Stale { .. }
        | StoreError::Location { .. }
        | StoreError::InUse(_)
        | StoreError::Older(_)
        | StoreError::Newer(_)
        | StoreError::Database(_)
        | StoreError::Busy(_)
        | StoreError::Unavailable(_) => {
            let text = "the store is not available; try again";
            (StatusCode::SERVICE_UNAVAILABLE, Issue::error(IssueType::NoStore, text))
        }
    }
}

/// Every entry's issues with their places; the status is the first entry's.
fn transaction(errors: &[(usize, ApiError)]) -> (StatusCode, Vec<Issue>) {
    let parts: Vec<_> = errors.iter().map(|(at, error)| (*at, error.status_and_issues())).collect();
    let status = parts.first().map_or(StatusCode::BAD_REQUEST, |(_, (status, _))| *status);
    let issues = parts
        .into_iter()
        .flat_map(|(at, (_, issues))| issues.into_iter().map(move |issue| in_entry(at, issue)));
    (status, issues.collect())
}

/// Says of which entry an issue is.
fn in_entry(at: usize, mut issue: Issue) -> Issue {
    debug_assert!(at < ENTRIES_MAX);
    let entry = format!("Bundle.entry[{at}]");
    let inner = issue.expression.drain(..).map(|place| match place.strip_prefix("Patient") {
        Some(rest) => format!("{entry}.resource{rest}"),
        None if place.starts_with("Bundle.") => place,
        None => format!("{entry}.request"),
    });
    let mut places = vec![entry.clone()];
    places.extend(inner);
    places.dedup();
    issue.diagnostics = format!("nothing was stored, because of entry {at}: {}", issue.diagnostics);
    issue.expression = places;
    issue
}
