//! Match issues, for people: worklists, the score matrix and decisions (contract 1.8, 3.9 to 3.12).
//!
//! Who decides is who is signed in; `?username=` of OpenCR's UI is not believed (contract 6, S11).

use axum::routing::{get, post};
use fhir::{Issue, IssueType, resource::is_valid_id};
use registry::ids::RecordId;
use serde_json::Value;

use super::routes::Endpoint;
use crate::error::ApiError;

mod labels;
mod lists;
mod matrix;
mod told;
mod verbs;

/// The routes. Addresses without `match` are those of OpenCR's `openapi.json` (contract 1.10).
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        (("GET", "/ocrux/match/count-match-issues"), get(lists::count_issues)),
        (("GET", "/ocrux/match/count-new-auto-matches"), get(lists::count_autos)),
        (("GET", "/ocrux/match/get-match-issues"), get(lists::issues)),
        (("GET", "/ocrux/match/get-new-auto-matches"), get(lists::autos)),
        (("GET", "/ocrux/match/potential-matches/{id}"), get(matrix::of_stored)),
        (("GET", "/ocrux/potential-matches/{id}"), get(matrix::of_stored)),
        (("POST", "/ocrux/match/matches"), post(matrix::of_sent)),
        (("POST", "/ocrux/match/break-match"), post(verbs::break_match)),
        (("POST", "/ocrux/breakMatch"), post(verbs::break_match)),
        (("POST", "/ocrux/match/unbreak-match"), post(verbs::unbreak_match)),
        (("POST", "/ocrux/unBreakMatch"), post(verbs::unbreak_match)),
        (("POST", "/ocrux/match/resolve-match-issue"), post(verbs::resolve)),
        (("POST", "/ocrux/match/mark-different"), post(verbs::mark_different)),
        (("POST", "/ocrux/match/mark-same"), post(verbs::mark_same)),
        (("POST", "/ocrux/match/undo"), post(verbs::undo)),
    ]
}

/// The id in `Patient/<id>`, or alone.
///
/// # Errors
///
/// 400 if it cannot be one.
fn record(reference: &str) -> Result<RecordId, ApiError> {
    let id = reference.strip_prefix("Patient/").unwrap_or(reference);
    if is_valid_id(id) {
        return Ok(RecordId::new(id));
    }
    Err(bad("every record is named as Patient/[id], with the id that the registry gave it"))
}

/// 400 with a text of ours.
fn bad(text: impl Into<String>) -> ApiError {
    ApiError::invalid(vec![Issue::error(IssueType::Invalid, text)])
}

/// What the rows of all lists say of a person by name: the official name, else the first.
struct Named<'p> {
    given: String,
    family: &'p str,
}

impl<'p> Named<'p> {
    fn of(patient: &'p Value) -> Self {
        let names = || patient["name"].as_array().into_iter().flatten();
        let name = names().find(|name| name["use"] == "official").or_else(|| names().next());
        let given = name.and_then(|name| name["given"].as_array()).into_iter().flatten();
        let given: Vec<&str> = given.filter_map(Value::as_str).collect();
        let family = name.and_then(|name| name["family"].as_str());
        Self { given: given.join(" "), family: family.unwrap_or_default() }
    }
}
