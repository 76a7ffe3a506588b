//! Request bodies: their type checked, their size, number and time bounded, then parsed.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use fhir::Resource;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use registry::ids::ContentHash;
use serde::de::DeserializeOwned;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    App,
    asked::{
        is_asked,
        media::{self, MediaType},
    },
    error::ApiError,
    query::{self, Pairs},
    settings::ServerSettings,
};

/// Bodies up to this size are worked on where they are; parsing more would keep other requests
/// on the same thread waiting for milliseconds.
const INLINE_BYTES_MAX: usize = 64 * 1024;

/// How many bytes one place for large bodies stands for; only to count in small numbers.
const PLACE_BYTES: usize = 1024;

/// A resource sent as the body.
pub(crate) struct FhirBody {
    /// The resource.
    pub(crate) resource: Resource,
    /// How many bytes it had.
    pub(crate) bytes: usize,
    /// Their hash, if the request is to be known again.
    pub(crate) digest: Option<ContentHash>,
    /// Kept as long as there is much to work on.
    pub(crate) _place: Option<OwnedSemaphorePermit>,
}

impl FromRequest<App> for FhirBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !media::is_fhir_json(request.headers()) {
            return Err(ApiError::unsupported_media(
                "application/fhir+json, application/json or application/json+fhir in UTF-8",
            ));
        }
        let is_once = is_asked(request.headers());
        let (body, place) = read(request, app).await?;
        let bytes = body.len();
        let work = move || {
            let digest = is_once.then(|| ContentHash::of(&String::from_utf8_lossy(&body)));
            (Resource::parse(&body), digest)
        };
        let (parsed, digest) = off_thread(bytes, work).await;
        let resource = parsed.map_err(|error| ApiError::from(&error))?;
        Ok(Self { resource, bytes, digest, _place: place })
    }
}

/// A JSON value of our own shape sent as the body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if !media::is_fhir_json(request.headers()) {
            return Err(ApiError::unsupported_media("application/json in UTF-8"));
        }
        let (body, _place) = read(request, app).await?;
        let parsed = off_thread(body.len(), move || serde_json::from_slice(&body)).await;
        // The parser's words may hold what was sent; where it stopped is enough.
        parsed
            .map(Self)
            .map_err(|error: serde_json::Error| ApiError::other_shape(error.line(), error.column()))
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
        let (body, _place) = read(request, app).await?;
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

/// The places that all large bodies of the moment share.
pub(crate) struct BodyPlaces(Arc<Semaphore>);

impl BodyPlaces {
    /// Places for so many bytes, at least for one body of the longest kind.
    pub(crate) fn new(settings: &ServerSettings) -> Self {
        let bytes = settings.bodies_max_bytes.max(settings.body_max_bytes);
        Self(Arc::new(Semaphore::new((bytes / PLACE_BYTES + 1).min(Semaphore::MAX_PERMITS))))
    }

    /// Waits for places for a body; a small one needs none.
    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if bytes <= INLINE_BYTES_MAX {
            return None;
        }
        let places = u32::try_from(bytes / PLACE_BYTES + 1).unwrap_or(u32::MAX);
        self.0.clone().acquire_many_owned(places).await.ok()
    }
}

async fn read(
    request: Request,
    app: &App,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), ApiError> {
    check_encoding(&request)?;
    let settings = app.settings();
    let bytes_max = settings.body_max_bytes;
    // A body of unannounced length may become as long as is allowed.
    let bytes = match request.body().size_hint().exact() {
        Some(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
        None => bytes_max,
    };
    if bytes > bytes_max {
        return Err(ApiError::body_too_long(bytes_max));
    }
    let limit = settings.body_timeout;
    let place = tokio::time::timeout(limit, app.body_places().take(bytes)).await;
    let place = place.map_err(|_| ApiError::Crowded)?;
    let in_time = tokio::time::timeout(limit, collect(request.into_body(), bytes_max)).await;
    let body = in_time.map_err(|_| ApiError::body_too_slow(limit.as_secs()))??;
    Ok((body, place))
}

/// Refuses compressed bodies: how long they become is not known before.
fn check_encoding(request: &Request) -> Result<(), ApiError> {
    for value in request.headers().get_all(CONTENT_ENCODING) {
        let encoding = value.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        if !matches!(encoding.as_str(), "" | "identity") || value.to_str().is_err() {
            return Err(ApiError::encoded(&encoding));
        }
    }
    Ok(())
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
