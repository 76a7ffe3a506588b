//! Responses of the FHIR API: status, headers and a resource as JSON.

use axum::{body::Body, response::Response};
use fhir::Resource;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION},
};
use registry::ids::{Cruid, Timestamp};

/// The one form that answers have (R4 json.html, "the MIME-type").
pub(crate) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// Names the golden record of a submission; OpenCR's clients read it (contract 1.6).
pub(crate) const LOCATION_CRUID: HeaderName = HeaderName::from_static("locationcruid");

/// A response being put together.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Option<Resource>,
}

impl Reply {
    /// A response without a body.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: None }
    }

    /// Adds the body.
    pub(crate) fn with(mut self, resource: Resource) -> Self {
        self.body = Some(resource);
        self
    }

    /// Adds the version headers of a resource (R4 http.html#versioning).
    pub(crate) fn versioned(mut self, version: u32, at: Timestamp) -> Self {
        self.insert(ETAG, &etag(version));
        self.insert(LAST_MODIFIED, &http_date(at));
        self
    }

    /// Adds where the source record is: exactly `Patient/<id>` (contract 1.6).
    pub(crate) fn located(mut self, id: &str) -> Self {
        self.insert(LOCATION, &format!("Patient/{id}"));
        self
    }

    /// Adds which golden record it belongs to: exactly `Patient/<CRUID>` (contract 1.6).
    pub(crate) fn linked(mut self, golden: &Cruid) -> Self {
        self.insert(LOCATION_CRUID, &format!("Patient/{golden}"));
        self
    }

    /// Adds a header.
    pub(crate) fn insert(&mut self, name: HeaderName, value: &str) {
        // Ids, numbers and dates always fit; what does not is left out rather than cut.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// Writes the response; `is_pretty` is `_pretty=true`.
    pub(crate) fn into_response(self, is_pretty: bool) -> Response {
        let text = self.body.map(|resource| match is_pretty {
            true => serde_json::to_string_pretty(resource.value())
                .expect("a JSON value has a text form"),
            false => resource.to_json(),
        });
        let mut response = match text {
            Some(text) => json(self.status, text),
            None => empty(self.status),
        };
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A response of FHIR JSON text.
pub(crate) fn json(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The weak entity tag of a version (R4 http.html#versioning).
pub(crate) fn etag(version: u32) -> String {
    format!("W/\"{version}\"")
}

/// The date format of HTTP headers (RFC 9110 section 5.6.7).
fn http_date(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_date_is_that_of_rfc_9110() {
        let at = Timestamp(784_111_777_000_000);
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
