//! [`Fields`]: what a small form or object says, whatever it is written in.
//!
//! OpenCR's UI sends multipart forms (contract 1.5); who writes for us may send a JSON object.

use std::collections::HashMap;

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request},
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::error::PeopleError;
use crate::App;

/// Longest body; a form of names and passwords has a hundredth of it.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most fields of one form.
const FIELDS_MAX: usize = 32;

/// Names and values of a form, each once. No `Debug`: there are passwords among them.
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    /// The value of a field; an absent one is empty, as in forms.
    pub(super) fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    /// The value of a field that must be there.
    pub(super) fn need(&mut self, name: &str) -> Result<String, PeopleError> {
        let value = self.take(name);
        if value.is_empty() {
            return Err(PeopleError::Bad(format!("the field {name} is missing or empty")));
        }
        Ok(value)
    }

    fn put(&mut self, name: String, value: String) -> Result<(), PeopleError> {
        if self.0.len() == FIELDS_MAX {
            return Err(PeopleError::Bad(format!("more than {FIELDS_MAX} fields")));
        }
        match self.0.insert(name, value) {
            Some(_) => Err(PeopleError::bad("a field is given twice")),
            None => Ok(()),
        }
    }

    async fn of_form(form: Request) -> Result<Self, PeopleError> {
        let broken = |_| PeopleError::bad("the multipart form is malformed");
        let mut form = Multipart::from_request(form, &())
            .await
            .map_err(|_| PeopleError::bad("the multipart form is malformed"))?;
        let mut fields = Self(HashMap::new());
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let value = field.text().await.map_err(broken)?;
            fields.put(name, value)?;
        }
        Ok(fields)
    }

    /// Reads an object of texts.
    pub(super) fn of_json(body: &[u8]) -> Result<Self, PeopleError> {
        let object: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| PeopleError::bad("the body must be a JSON object"))?;
        let mut fields = Self(HashMap::new());
        for (name, value) in object {
            match value {
                Value::String(text) => fields.put(name, text)?,
                Value::Null => {}
                _ => return Err(PeopleError::bad("every member must be a text")),
            }
        }
        Ok(fields)
    }
}

/// The media type of a body, in lower case and without parameters.
pub(super) fn media_type(request: &Request) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// Reads a small body whole, within its time.
pub(super) async fn read(body: Body, app: &App) -> Result<bytes::Bytes, PeopleError> {
    let limit = app.settings().body_timeout;
    let whole = Limited::new(body, BODY_BYTES_MAX).collect();
    let whole = tokio::time::timeout(limit, whole).await;
    let whole = whole.map_err(|_| PeopleError::TooSlow(limit.as_secs()))?;
    whole.map(http_body_util::Collected::to_bytes).map_err(|error| {
        match error.is::<LengthLimitError>() {
            true => PeopleError::TooLong(BODY_BYTES_MAX),
            false => PeopleError::bad("the body broke off"),
        }
    })
}

impl FromRequest<App> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let kind = media_type(&request);
        let (parts, body) = request.into_parts();
        let body = read(body, app).await.map_err(IntoResponse::into_response)?;
        let fields = match kind.as_str() {
            "multipart/form-data" => {
                Self::of_form(Request::from_parts(parts, Body::from(body))).await
            }
            "application/json" => Self::of_json(&body),
            _ => Err(PeopleError::bad(
                "send a form as multipart/form-data, or an object as application/json",
            )),
        };
        fields.map_err(IntoResponse::into_response)
    }
}
