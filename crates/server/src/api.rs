//! The routes of the FHIR API, one file a subject, and what they share.

use axum::{
    extract::{FromRequestParts, Path},
    response::{IntoResponse, Response},
};
use fhir::{Resource, is_valid_id};
use http::{HeaderValue, Method, StatusCode, Uri, header::ALLOW, request::Parts};
use percent_encoding::percent_decode_str;
use registry::{
    ids::{Cruid, RecordId, Timestamp},
    render,
    state::{GoldenState, RecordState},
    stored::{SourcePatient, StoredPatient},
};

use crate::{
    App,
    access::{self, Sight},
    caller::Caller,
    error::ApiError,
    reply::Reply,
};

pub(crate) mod bundle;
pub(crate) mod conditional;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod metadata;
pub(crate) mod pix;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod write;

/// The `{id}` of a path, checked to be a FHIR id.
pub(crate) struct PatientId(pub(crate) RecordId);

impl FromRequestParts<App> for PatientId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let is_write = parts.method == Method::PUT;
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|Path(path)| path.into_iter().next());
        let id = id.map(|(_, id)| id).unwrap_or_default();
        if is_valid_id(&id) {
            return Ok(Self(RecordId::new(id)));
        }
        if id.starts_with('$') {
            return Err(ApiError::no_operation(&id));
        }
        let status = if is_write { StatusCode::BAD_REQUEST } else { StatusCode::NOT_FOUND };
        Err(ApiError::not_an_id(status))
    }
}

/// The `{version}` of a path, not yet looked at.
pub(crate) struct VersionId(pub(crate) String);

impl FromRequestParts<App> for VersionId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let version = path.ok().and_then(|Path(path)| path.into_iter().nth(1));
        version.map(|(_, version)| Self(version)).ok_or_else(ApiError::not_found)
    }
}

/// Answers for addresses that no route has.
pub(crate) async fn unknown_route(uri: Uri) -> ApiError {
    let Some(rest) = uri.path().strip_prefix("/fhir/") else { return ApiError::no_route() };
    if let Some(operation) = operation(&uri) {
        return ApiError::no_operation(&operation);
    }
    let kind = rest.split('/').next().unwrap_or_default();
    let is_type = kind.len() <= 64
        && kind.starts_with(|first: char| first.is_ascii_uppercase())
        && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_type && kind != "Patient" {
        return ApiError::not_supported(&format!("resource type {kind}"));
    }
    ApiError::not_supported("this interaction")
}

/// Answers for methods that a route does not have; axum adds `Allow` where there is none.
/// Where an operation is named, no method would do (RFC 9110 section 10.2.1: an empty list).
pub(crate) async fn wrong_method(uri: Uri) -> Response {
    let Some(operation) = operation(&uri).filter(|operation| operation != "$ihe-pix") else {
        return ApiError::wrong_method().into_response();
    };
    let mut response = ApiError::no_operation(&operation).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(""));
    response
}

/// The operation that a path ends with: `$match` (R4 operations.html).
fn operation(uri: &Uri) -> Option<String> {
    let last = uri.path().trim_end_matches('/').rsplit('/').next()?;
    let last = percent_decode_str(last).decode_utf8().ok()?;
    last.starts_with('$').then(|| last.into_owned())
}

/// A Patient as readers get it, with what its headers need.
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) at: Timestamp,
    pub(crate) resource: Resource,
    /// It is a golden record without its version and time.
    pub(crate) is_reduced: bool,
}

impl Shown {
    /// Renders what is stored; a withdrawn record is not shown.
    ///
    /// # Errors
    ///
    /// 410 for a withdrawn record, 500 if the store is damaged.
    pub(crate) fn new(app: &App, stored: &StoredPatient) -> Result<Self, ApiError> {
        let resource = render::patient(stored, &app.pipeline().settings().vocabulary)?;
        match stored {
            StoredPatient::Source(SourcePatient { state, .. }) if state.is_withdrawn => {
                Err(ApiError::deleted())
            }
            StoredPatient::Source(SourcePatient { state, .. }) => Ok(Self {
                id: state.id.to_string(),
                version: state.version,
                at: state.updated_at,
                resource,
                is_reduced: false,
            }),
            StoredPatient::Golden(golden) => Ok(Self::golden(golden, resource)),
        }
    }

    fn golden(golden: &GoldenState, resource: Resource) -> Self {
        let (version, at) = (golden.version, golden.updated_at);
        Self { id: golden.id.to_string(), version, at, resource, is_reduced: false }
    }

    /// As somebody sees it who must not learn when others join a golden record.
    pub(crate) fn reduced(mut self, sight: Sight<'_>, stored: &StoredPatient) -> Self {
        if !sight.is_whole() && matches!(stored, StoredPatient::Golden(_)) {
            access::reduce(&mut self.resource);
            self.is_reduced = true;
        }
        self
    }

    /// The headers of its version, if that is shown.
    pub(crate) fn versioned(&self, reply: Reply) -> Reply {
        if self.is_reduced { reply } else { reply.versioned(self.version, self.at) }
    }
}

/// The one Patient with this id, source or golden record, as far as `caller` may see it.
pub(crate) async fn find_visible(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<Option<StoredPatient>, ApiError> {
    let stored = app.reader().patients(&[id.to_owned()]).await?;
    Ok(caller.sight().visible(app, stored).await?.pop())
}

/// What an id stands for, without its content.
pub(crate) enum Standing {
    /// A source record, maybe withdrawn.
    Source(Box<RecordState>),
    /// A golden record, whatever became of it.
    Golden,
}

/// What this id stands for; `None` if nothing.
pub(crate) async fn find_standing(app: &App, id: &str) -> Result<Option<Standing>, ApiError> {
    if let Some(state) = app.reader().records(&[RecordId::new(id)]).await?.pop() {
        return Ok(Some(Standing::Source(Box::new(state))));
    }
    let goldens = app.reader().goldens(&[Cruid::new(id)]).await?;
    Ok((!goldens.is_empty()).then_some(Standing::Golden))
}

/// The id of a Patient.
pub(crate) fn id_of(stored: &StoredPatient) -> &str {
    match stored {
        StoredPatient::Source(source) => source.state.id.as_str(),
        StoredPatient::Golden(golden) => golden.id.as_str(),
    }
}
