//! [`PeopleError`] and what it answers outside `/ocrux/fhir`: small JSON, as contract 1.3 has it.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use registry::account::Permission;
use serde_json::{Value, json};
use store::StoreError;
use thiserror::Error;
use uuid::Uuid;

/// Why a person's request is not answered as it wishes.
#[derive(Debug, Error)]
pub(super) enum PeopleError {
    /// It brings no token.
    #[error("Token is missing")]
    NoToken,
    /// Its token is worth nothing.
    #[error("Token expired")]
    TokenOver,
    /// It comes with a cookie and from a page of somebody else.
    #[error(
        "this request comes from a page of another site; send it from the registry's own, or \
             with a token in the header Authorization"
    )]
    OtherSite,
    /// The person's role does not allow it.
    #[error("this needs the permission {}, which your role does not bring; an administrator can \
             give you another role", .0.as_str())]
    NotAllowed(Permission),
    /// It is for administrators of another account, or not for this person.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The request is at fault.
    #[error("{0}")]
    Bad(String),
    /// What it asks for contradicts what there is.
    #[error("{0}")]
    Conflict(&'static str),
    /// There is nothing there.
    #[error("{0}")]
    NotFound(&'static str),
    /// The address is right and the method is not.
    #[error("this address does not understand this method")]
    WrongMethod,
    /// The body is too long.
    #[error("the body may have {0} bytes at the most")]
    TooLong(usize),
    /// The body arrives too slowly.
    #[error("the body did not arrive within {0} seconds")]
    TooSlow(u64),
    /// This address tries too often.
    #[error("too many attempts from this address; come back in {0} seconds")]
    TooOften(u64),
    /// The store cannot be used.
    #[error("the accounts cannot be read or written at the moment; try again")]
    Store(#[from] StoreError),
}

impl PeopleError {
    /// 400 with a text of ours.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::Bad(text.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::TokenOver => StatusCode::UNAUTHORIZED,
            Self::OtherSite | Self::NotAllowed(_) | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(StoreError::Damaged(_) | StoreError::Refused(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The realm of the challenge (contract 1.3).
    fn realm(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("Bearer realm=\"Token is required\""),
            Self::TokenOver => Some("Bearer realm=\"Token expired\""),
            _ => None,
        }
    }
}

impl IntoResponse for PeopleError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut text = self.to_string();
        if let Self::Store(error) = &self {
            let reference = Uuid::new_v4();
            let error: &dyn std::error::Error = error;
            tracing::error!(%reference, error, "request failed");
            text = format!("{text}; the server's log has it as {reference}");
        }
        let mut response = json_reply(status, &json!({ "error": text }));
        let headers = response.headers_mut();
        if let Some(realm) = self.realm() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(realm));
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        match self {
            Self::TooOften(seconds) => _ = headers.insert(RETRY_AFTER, seconds.into()),
            Self::Store(_) => _ = headers.insert(RETRY_AFTER, 5.into()),
            _ => {}
        }
        response
    }
}

/// A response of plain JSON.
pub(super) fn json_reply(status: StatusCode, value: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(CONTENT_TYPE, kind)], value.to_string()).into_response()
}

/// A response of plain text, as OpenCR's UI shows it to people.
pub(super) fn text_reply(status: StatusCode, text: &'static str) -> Response {
    (status, text).into_response()
}
