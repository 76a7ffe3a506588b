//! Styles, scripts and the icon.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use super::fault::Fault;

/// `GET /ui/assets/{file}`: what never changes under this name.
pub(super) async fn file(Path(name): Path<String>) -> Result<Response, Fault> {
    let asset = ui::asset(&name).ok_or(Fault::Missing)?;
    let year = HeaderValue::from_static("public, max-age=31536000, immutable");
    let kind = HeaderValue::from_static(asset.kind);
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, year)], asset.bytes.as_slice()).into_response())
}
