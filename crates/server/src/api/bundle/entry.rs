//! What an entry of a Bundle asks for, before anything is looked up.

use fhir::{
    Resource,
    bundle::{BundleEntry, EntryRequest, Method},
    is_valid_id,
};
use registry::ids::RecordId;

use crate::{
    asked::Conditions,
    base::Base,
    error::ApiError,
    query::{self, Pairs},
};

/// What an entry asks for.
pub(super) enum Wish {
    /// `POST Patient`, or a Patient without a request, as old OpenCR clients send it.
    Create { resource: Resource, conditions: Conditions },
    /// `PUT Patient/<id>`.
    Update { id: RecordId, resource: Resource, conditions: Conditions },
    /// `PUT Patient?…`.
    UpdateWhere { criteria: Pairs, resource: Resource, conditions: Conditions },
    /// `DELETE Patient/<id>`.
    Delete { id: RecordId, conditions: Conditions },
    /// `DELETE Patient?…`.
    DeleteWhere { criteria: Pairs, conditions: Conditions },
    /// `GET` or `HEAD`.
    Read { lookup: Lookup, with_body: bool },
}

/// What a `GET` entry reads.
pub(super) enum Lookup {
    /// `Patient/<id>`
    Patient(String),
    /// `Patient/<id>/_history/<version>`
    Version(String, String),
    /// `Patient/<id>/_history`
    History(String, Pairs),
    /// `Patient?…`
    Search(Pairs),
}

/// Where a request's URL points to.
enum Target {
    Type(Option<Pairs>),
    Instance(String),
    Version(String, String),
    History(String, Pairs),
}

/// Reads one entry.
///
/// # Errors
///
/// 400 or 404 for entries that ask for what is not there.
pub(super) fn understand(entry: BundleEntry, base: &Base) -> Result<Wish, ApiError> {
    if entry.has_error() {
        return Err(ApiError::invalid(entry.issues));
    }
    let Some(request) = entry.request else {
        let resource = patient(entry.resource)?;
        return Ok(Wish::Create { resource, conditions: Conditions::default() });
    };
    let target = target(&request.url, base)?;
    match request.method {
        Method::Get | Method::Head => {
            let with_body = request.method == Method::Get;
            Ok(Wish::Read { lookup: lookup(target), with_body })
        }
        Method::Post => create(target, entry.resource, &request),
        Method::Put => update(target, entry.resource, &request),
        Method::Delete => delete(target, &request),
        Method::Patch => Err(ApiError::entry("PATCH is not supported; PUT the whole Patient")),
    }
}

fn create(
    target: Target,
    resource: Option<Resource>,
    request: &EntryRequest,
) -> Result<Wish, ApiError> {
    match target {
        Target::Type(None) => {
            Ok(Wish::Create { resource: patient(resource)?, conditions: conditions(request)? })
        }
        _ => Err(ApiError::entry("the url of a POST must be `Patient`")),
    }
}

fn update(
    target: Target,
    resource: Option<Resource>,
    request: &EntryRequest,
) -> Result<Wish, ApiError> {
    let resource = patient(resource)?;
    let conditions = conditions(request)?;
    match target {
        Target::Instance(id) => Ok(Wish::Update { id: RecordId::new(id), resource, conditions }),
        Target::Type(Some(criteria)) => Ok(Wish::UpdateWhere { criteria, resource, conditions }),
        Target::Type(None) => Err(ApiError::no_criteria()),
        Target::Version(..) | Target::History(..) => {
            Err(ApiError::entry("a version cannot be written"))
        }
    }
}

fn delete(target: Target, request: &EntryRequest) -> Result<Wish, ApiError> {
    let conditions = conditions(request)?;
    match target {
        Target::Instance(id) => Ok(Wish::Delete { id: RecordId::new(id), conditions }),
        Target::Type(Some(criteria)) => Ok(Wish::DeleteWhere { criteria, conditions }),
        Target::Type(None) => Err(ApiError::no_criteria()),
        Target::Version(..) | Target::History(..) => {
            Err(ApiError::entry("a version cannot be deleted"))
        }
    }
}

fn lookup(target: Target) -> Lookup {
    match target {
        Target::Type(criteria) => Lookup::Search(criteria.unwrap_or_default()),
        Target::Instance(id) => Lookup::Patient(id),
        Target::Version(id, version) => Lookup::Version(id, version),
        Target::History(id, query) => Lookup::History(id, query),
    }
}

/// The entry's Patient. Other types are nobody's here, whatever their request says: through
/// them the original let clients write its accounts (contract D9).
fn patient(resource: Option<Resource>) -> Result<Resource, ApiError> {
    let resource =
        resource.ok_or_else(|| ApiError::entry_lacks("the entry needs a resource: a Patient"))?;
    match resource.resource_type() {
        "Patient" => Ok(resource),
        other => Err(ApiError::not_supported(&format!("resource type {other}"))),
    }
}

fn conditions(request: &EntryRequest) -> Result<Conditions, ApiError> {
    Conditions::new(
        request.if_match.as_deref(),
        request.if_none_match.as_deref(),
        request.if_none_exist.as_deref(),
    )
}

fn target(url: &str, base: &Base) -> Result<Target, ApiError> {
    let (path, query) = match base.relative(url).split_once('?') {
        Some((path, query)) => (path, Some(query::decode(query)?)),
        None => (base.relative(url), None),
    };
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    if parts[0] != "Patient" {
        return Err(ApiError::not_supported("this url of an entry"));
    }
    match parts[1..] {
        [] => Ok(Target::Type(query)),
        [id] if is_valid_id(id) => Ok(Target::Instance(id.to_owned())),
        [id, "_history"] if is_valid_id(id) => {
            Ok(Target::History(id.to_owned(), query.unwrap_or_default()))
        }
        [id, "_history", version] if is_valid_id(id) => {
            Ok(Target::Version(id.to_owned(), version.to_owned()))
        }
        [id] if !id.starts_with(['$', '_']) => {
            Err(ApiError::not_an_id(http::StatusCode::BAD_REQUEST))
        }
        _ => Err(ApiError::not_supported("this url of an entry")),
    }
}
