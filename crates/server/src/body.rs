//! Request bodies: their type checked, their size and time bounded, then parsed.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use fhir::Resource;
use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::{
    App,
    asked::media::{self, MediaType},
    error::ApiError,
    query::{self, Pairs},
    settings::ServerSettings,
};

/// Bodies up to this size are worked on where they are; parsing more would keep other requests
/// on the same thread waiting for milliseconds.
const INLINE_BYTES_MAX: usize = 64 * 1024;

/// A resource sent as the body.
pub(crate) struct FhirBody {
    /// The resource.
    pub(crate) resource: Resource,
    /// How many bytes it had.
    pub(crate) bytes: usize,
}

impl FromRequest<App> for FhirBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !media::is_fhir_json(request.headers()) {
            return Err(ApiError::unsupported_media(
                "application/fhir+json, application/json or application/json+fhir in UTF-8",
            ));
        }
        let body = read(request, app.settings()).await?;
        let bytes = body.len();
        let parsed = off_thread(bytes, move || Resource::parse(&body)).await;
        let resource = parsed.map_err(|error| ApiError::from(&error))?;
        Ok(Self { resource, bytes })
    }
}

/// The parameters of a form sent as the body (R4 http.html#search, `POST _search`).
pub(crate) struct FormBody(pub(crate) Pairs);

impl FromRequest<App> for FormBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let is_form = request.headers().get(CONTENT_TYPE).is_none_or(|value| {
            let kind = value.to_str().ok().and_then(MediaType::parse);
            kind.is_some_and(|kind| kind.essence == "application/x-www-form-urlencoded")
        });
        let body = read(request, app.settings()).await?;
        if !is_form && !body.is_empty() {
            return Err(ApiError::unsupported_media("application/x-www-form-urlencoded"));
        }
        let text = std::str::from_utf8(&body).map_err(|_| ApiError::query_not_utf8())?;
        query::decode(text.trim()).map(Self)
    }
}

/// Runs `work` on `bytes` of input: here if they are few, on a thread for it if they are many.
pub(crate) async fn off_thread<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes <= INLINE_BYTES_MAX {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is never cancelled before the runtime ends.
            Err(_) => panic!("work was cancelled"),
        },
    }
}

async fn read(request: Request, settings: &ServerSettings) -> Result<Bytes, ApiError> {
    let bytes_max = settings.body_max_bytes;
    if announced(request.headers()).is_some_and(|bytes| bytes > bytes_max as u64) {
        return Err(ApiError::body_too_long(bytes_max));
    }
    let whole = collect(request.into_body(), bytes_max);
    let in_time = tokio::time::timeout(settings.body_timeout, whole).await;
    in_time.map_err(|_| ApiError::body_too_slow(settings.body_timeout.as_secs()))?
}

async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let whole = Limited::new(body, bytes_max).collect().await;
    whole.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            ApiError::body_too_long(bytes_max)
        } else {
            ApiError::body_broken()
        }
    })
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
