//! What a request's certificate says, and the refusal of those that say it wrongly.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::request::Parts;

use super::CallerRefusal;
use crate::{
    error::ApiError,
    tls::{CertificateName, CertificateRefusal},
};

/// How the certificate of a request's connection was judged; in the request's extensions if its
/// peer presented one.
pub(crate) type Judged = Result<CertificateName, CertificateRefusal>;

/// Refuses every request whose peer presented a certificate that is not good, also where none
/// is needed: it would be somebody else without noticing.
pub(crate) async fn refuse_bad(request: Request, next: Next) -> Response {
    match request.extensions().get::<Judged>() {
        Some(Err(refusal)) => {
            // Whose it claims to be is not logged: nobody vouches for that.
            tracing::info!(?refusal, "refused a certificate");
            ApiError::from(CallerRefusal::Certificate(*refusal)).into_response()
        }
        Some(Ok(_)) | None => next.run(request).await,
    }
}

/// The name that a good certificate gives the request's peer.
pub(super) fn find(parts: &Parts) -> Result<Option<&CertificateName>, CallerRefusal> {
    match parts.extensions.get::<Judged>() {
        Some(Ok(name)) => Ok(Some(name)),
        Some(Err(refusal)) => Err(CallerRefusal::Certificate(*refusal)),
        None => Ok(None),
    }
}
