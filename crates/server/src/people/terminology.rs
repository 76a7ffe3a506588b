//! The few value sets and the page description that OpenCR's UI reads (contract 1.6, 2.8, 2.9).
//!
//! Codes and displays are HL7's (FHIR R4, THO). There is no terminology server behind it: a set
//! holds all of its codes.

use ::fhir::{Issue, IssueType, Resource};
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde_json::{Value, json};

use super::People;
use crate::{App, asked::Asked, error::ApiError, query, reply::Reply};

/// What the sets and the columns are, as files that people can read.
const VALUE_SETS: &str = include_str!("terminology/value_sets.json");
const DISPLAY_PAGE: &str = include_str!("terminology/patientdisplaypage.json");

/// OpenCR's default columns and filters of the home page.
pub(super) fn display_page() -> Value {
    serde_json::from_str(DISPLAY_PAGE).expect("the file is JSON, as a test shows")
}

/// `GET /ocrux/fhir/Basic/patientdisplaypage`.
pub(super) async fn page(State(app): State<App>, asked: Asked) -> Result<Response, ApiError> {
    answer(People::of(&app).settings().display_page.clone(), &asked)
}

/// `GET /ocrux/fhir/ValueSet/{id}/$expand`.
pub(super) async fn expand(Path(id): Path<String>, asked: Asked) -> Result<Response, ApiError> {
    answer(expanded(&id).ok_or_else(ApiError::not_found)?, &asked)
}

/// `GET /ocrux/fhir/ValueSet/{id}`, with its codes in it, since that is what the UI falls back to.
pub(super) async fn value_set(Path(id): Path<String>, asked: Asked) -> Result<Response, ApiError> {
    let mut set = expanded(&id).ok_or_else(ApiError::not_found)?;
    let expansion = set.as_object_mut().and_then(|set| set.remove("expansion")).unwrap_or_default();
    let concept = |code: &Value| json!({ "code": code["code"], "display": code["display"] });
    let contains = expansion["contains"].as_array().cloned().unwrap_or_default();
    let system = contains.first().map(|code| code["system"].clone()).unwrap_or_default();
    let concepts: Vec<Value> = contains.iter().map(concept).collect();
    set["compose"] = json!({ "include": [{ "system": system, "concept": concepts }] });
    answer(set, &asked)
}

/// `GET /ocrux/fhir/CodeSystem/$lookup?system=&code=`.
pub(super) async fn lookup(asked: Asked) -> Result<Response, ApiError> {
    let wanted = |name: &str| {
        query::value(&asked.query, name).map(str::to_owned).ok_or_else(|| {
            let text = format!("the parameter {name} is needed");
            ApiError::invalid(vec![Issue::error(IssueType::Required, text)])
        })
    };
    let (system, code) = (wanted("system")?, wanted("code")?);
    let sets: Value = sets();
    let found = sets.as_object().into_iter().flatten().find_map(|(_, set)| {
        let is_system = set["system"] == system.as_str();
        let display = set["codes"].get(&code).filter(|_| is_system)?;
        Some((set["title"].clone(), display.clone()))
    });
    let (name, display) = found.ok_or_else(ApiError::not_found)?;
    let parameters = json!({
        "resourceType": "Parameters",
        "parameter": [
            { "name": "name", "valueString": name },
            { "name": "display", "valueString": display },
        ],
    });
    answer(parameters, &asked)
}

fn sets() -> Value {
    serde_json::from_str(VALUE_SETS).expect("the file is JSON, as a test shows")
}

fn expanded(id: &str) -> Option<Value> {
    let sets = sets();
    let set = sets.get(id)?;
    let codes = set["codes"].as_object()?;
    let contains: Vec<Value> = codes
        .iter()
        .map(|(code, display)| json!({ "system": set["system"], "code": code, "display": display }))
        .collect();
    Some(json!({
        "resourceType": "ValueSet",
        "id": id,
        "url": format!("http://hl7.org/fhir/ValueSet/{id}"),
        "title": set["title"],
        "status": "active",
        "expansion": { "timestamp": "2019-11-01", "total": codes.len(), "contains": contains },
    }))
}

fn answer(value: Value, asked: &Asked) -> Result<Response, ApiError> {
    let resource = Resource::from_value(value).map_err(|error| ApiError::from(&error))?;
    Ok(Reply::new(StatusCode::OK).with(resource).into_response(asked.is_pretty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_expands_to_codes_with_displays() {
        for id in sets().as_object().unwrap().keys() {
            let set = expanded(id).unwrap();
            let codes = set["expansion"]["contains"].as_array().unwrap();
            assert!(codes.len() > 1, "{id}");
            assert!(codes.iter().all(|code| code["display"].is_string()), "{id}");
        }
        assert_eq!(expanded("administrative-gender").unwrap()["expansion"]["total"], 4);
        assert!(expanded("nonsense").is_none());
    }

    #[test]
    fn default_page_has_opencrs_columns() {
        let page = display_page();
        let columns = page["extension"][0]["extension"].as_array().unwrap();
        let label =
            |column: &Value| column["extension"][0]["valueString"].as_str().map(str::to_owned);
        let labels: Vec<_> = columns.iter().filter_map(label).collect();
        assert_eq!(labels, ["Given Names(s)", "Surname", "Gender", "Birth Date", "CRUID"]);
    }
}
