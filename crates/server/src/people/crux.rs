//! OpenCR's built web UI at `/crux`, from a folder that the configuration names (contract 1.4).
//!
//! Open to everybody: it is a program and holds nothing of anybody. `ServeDir` neither leaves the
//! folder nor lists it.

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION},
};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use super::{People, error::PeopleError};
use crate::App;

/// What the old UI needs and no more: it sets styles inline, evaluates generated functions, and
/// loads two fonts from elsewhere (contract 5.1).
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-eval'; \
    style-src 'self' 'unsafe-inline' https://fonts.googleapis.com https://cdn.jsdelivr.net; \
    font-src 'self' data: https://fonts.gstatic.com https://cdn.jsdelivr.net; \
    img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; \
    form-action 'self'; frame-ancestors 'none'";

/// `GET /crux`.
pub(super) async fn to_folder() -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(LOCATION, HeaderValue::from_static("/crux/"))])
        .into_response()
}

/// `GET /crux/…`: a file of the folder.
pub(super) async fn file(State(app): State<App>, request: Request) -> Response {
    let Some(folder) = &People::of(&app).settings().ui_folder else {
        return PeopleError::NotFound("no web UI is configured").into_response();
    };
    let path = request.uri().path();
    // Files that begin with a dot are none of the UI's.
    let Some(path) = path.strip_prefix("/crux").filter(|path| !path.contains("/.")) else {
        return missing();
    };
    let Ok(uri) = Uri::try_from(path) else { return missing() };
    let mut inner = Request::builder().method(request.method()).uri(uri);
    if let Some(headers) = inner.headers_mut() {
        *headers = request.headers().clone();
    }
    let Ok(inner) = inner.body(Body::empty()) else { return missing() };
    let served = ServeDir::new(folder).oneshot(inner).await;
    let mut response = match served {
        Ok(served) if served.status() == StatusCode::NOT_FOUND => return missing(),
        Ok(served) => served.into_response(),
        Err(never) => match never {},
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Asked for anew each time, and sent anew only if it changed.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn missing() -> Response {
    PeopleError::NotFound("the web UI has no such file").into_response()
}
