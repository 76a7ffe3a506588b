//! [`Fault`]: why a page is not shown or a form not carried out. `guard` gives it a face in the
//! reader's language, whoever raised it.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use registry::account::Permission;
use store::StoreError;
use uuid::Uuid;

use crate::{error::ApiError, people::error::PeopleError};

/// Why a request of a person is not answered as it wishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It cannot be read.
    Bad,
    /// It needs a session.
    SignedOut,
    /// It needs a permission.
    Forbidden(Permission),
    /// Its form is not of a page that this browser was shown.
    Form,
    /// There is nothing there.
    Missing,
    /// What it rests on has changed.
    Changed,
    /// The same form is being worked on.
    Twice,
    /// The address understands only these methods.
    Method(Vec<&'static str>),
    /// This address tries too often; how many seconds to wait.
    Often(u64),
    /// The server is at fault; what its log has it as.
    Server(String),
    /// It cannot be answered now.
    Busy,
}

impl Fault {
    /// The server is at fault, and its log says why.
    pub(super) fn of_server(error: &(dyn std::error::Error + 'static)) -> Self {
        let reference = Uuid::new_v4().to_string();
        tracing::error!(%reference, error, "request failed");
        Self::Server(reference)
    }

    /// A handler panicked. The panic's words may hold patient data and go nowhere.
    pub(super) fn crashed() -> Self {
        let reference = Uuid::new_v4().to_string();
        tracing::error!(%reference, "a handler ended by a fault");
        Self::Server(reference)
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Bad => StatusCode::BAD_REQUEST,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Form => StatusCode::FORBIDDEN,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Changed | Self::Twice => StatusCode::CONFLICT,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Often(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Server(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The keys of what happened and of what to do.
    pub(super) fn texts(&self) -> (&'static str, &'static str) {
        match self {
            Self::Bad => ("fault-bad", "fault-bad-text"),
            Self::SignedOut => ("fault-signed-out", "fault-signed-out-text"),
            Self::Forbidden(_) => ("fault-forbidden", "fault-forbidden-text"),
            Self::Form => ("fault-form", "fault-form-text"),
            Self::Missing => ("fault-missing", "fault-missing-text"),
            Self::Changed => ("fault-changed", "fault-changed-text"),
            Self::Twice => ("fault-twice", "fault-twice-text"),
            Self::Method(_) => ("fault-method", "fault-method-text"),
            Self::Often(_) => ("fault-often", "fault-often-text"),
            Self::Server(_) => ("fault-server", "fault-server-text"),
            Self::Busy => ("fault-busy", "fault-busy-text"),
        }
    }
}

/// Without a face: `guard` knows the language.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        match &self {
            Self::Often(seconds) => {
                _ = response.headers_mut().insert(RETRY_AFTER, (*seconds).into())
            }
            Self::Busy => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<PeopleError> for Fault {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NoToken | PeopleError::TokenOver => Self::SignedOut,
            PeopleError::OtherSite => Self::Form,
            PeopleError::NotAllowed(permission) => Self::Forbidden(permission),
            PeopleError::NotFound(_) => Self::Missing,
            PeopleError::WrongMethod => Self::Method(Vec::new()),
            PeopleError::Conflict(_) => Self::Changed,
            PeopleError::TooOften(seconds) => Self::Often(seconds),
            PeopleError::Store(error) => error.into(),
            PeopleError::TooSlow(_) => Self::Busy,
            PeopleError::Forbidden(_) | PeopleError::Bad(_) | PeopleError::TooLong(_) => Self::Bad,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(_) | StoreError::Refused(_) => Self::of_server(&error),
            _ => {
                tracing::warn!(error = &error as &dyn std::error::Error, "request not served");
                Self::Busy
            }
        }
    }
}

/// What verbs and readers of the API answer, which logs what is the server's fault.
impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        match error.answer().status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Self::Missing,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Self::Changed,
            StatusCode::TOO_MANY_REQUESTS => Self::Often(1),
            StatusCode::SERVICE_UNAVAILABLE => Self::Busy,
            status if status.is_server_error() => Self::of_server(&error),
            _ => Self::Bad,
        }
    }
}
