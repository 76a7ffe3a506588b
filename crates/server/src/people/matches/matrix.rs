//! The score matrix in the rows of OpenCR's UI (contract 3.12).

use axum::{extract::State, response::Response};
use fhir::{Issue, IssueType};
use http::StatusCode;
use pipeline::scores::{Asked as AskedFor, Class, Matrix, Row};
use registry::vocabulary::Vocabulary;
use serde_json::{Map, Value, json};

use super::{
    super::{User, error::json_reply},
    Named,
    labels::Labels,
};
use crate::{App, api::PatientId, asked::Asked, body::FhirBody, error::ApiError, query};

/// `GET /ocrux/match/potential-matches/{id}`: the record, then all that it matches. With
/// `recursive=true` also what these match.
pub(super) async fn of_stored(
    State(app): State<App>,
    PatientId(id): PatientId,
    user: User,
    asked: Asked,
) -> Result<Response, ApiError> {
    let matrix = app.pipeline().score_matrix(&AskedFor::Stored(id), is_recursive(&asked)).await?;
    let matrix = matrix.ok_or_else(ApiError::not_found)?;
    note(&user, &matrix);
    let labels = Labels::of(&matrix);
    let rows: Result<Vec<Value>, ApiError> =
        matrix.rows.iter().map(|row| show(row, &labels, vocabulary(&app))).collect();
    Ok(reply(&matrix, &Value::Array(rows?)))
}

/// `POST /ocrux/match/matches`: the same of a Patient that need not be stored.
pub(super) async fn of_sent(
    State(app): State<App>,
    user: User,
    asked: Asked,
    FhirBody { resource, .. }: FhirBody,
) -> Result<Response, ApiError> {
    if resource.value()["resourceType"] != "Patient" {
        let issue = Issue::error(IssueType::Value, "the body must be a Patient");
        return Err(ApiError::invalid(vec![issue]));
    }
    let patient =
        app.pipeline().asked(&resource).map_err(|issue| ApiError::invalid(vec![issue]))?;
    let matrix = app.pipeline().score_matrix(&patient, is_recursive(&asked)).await?;
    let matrix = matrix.unwrap_or_default();
    note(&user, &matrix);
    let labels = Labels::of(&matrix);
    let mut lists: [Vec<Value>; 4] = Default::default();
    for row in &matrix.rows {
        let at = match row.class {
            Class::Asked => 0,
            Class::Auto => 1,
            Class::Potential => 2,
            Class::Conflict => 3,
        };
        lists[at].push(show(row, &labels, vocabulary(&app))?);
    }
    let [parent, auto, potential, conflict] = lists;
    let lists =
        json!({ "parent": parent, "auto": auto, "potential": potential, "conflict": conflict });
    Ok(reply(&matrix, &lists))
}

/// Has the audit log name everybody who is shown.
fn note(user: &User, matrix: &Matrix) {
    let shown = matrix.rows.iter().filter_map(|row| row.state.as_ref());
    user.notes().about(shown.map(|state| state.id.as_str()));
}

fn is_recursive(asked: &Asked) -> bool {
    query::value(&asked.query, "recursive") == Some("true")
}

fn vocabulary(app: &App) -> &Vocabulary {
    &app.pipeline().settings().vocabulary
}

fn reply(matrix: &Matrix, value: &Value) -> Response {
    let mut response = json_reply(StatusCode::OK, value);
    if matrix.is_cut {
        let text = http::HeaderValue::from_static("199 - \"some matches are left out\"");
        response.headers_mut().insert(http::header::WARNING, text);
    }
    response
}

/// A row with the names that the UI reads.
fn show(row: &Row, labels: &Labels<'_>, vocabulary: &Vocabulary) -> Result<Value, ApiError> {
    let unreadable = |_| {
        let id = row.state.as_ref().map(|state| state.id.clone());
        registry::render::DamagedContent(id.unwrap_or_else(|| registry::ids::RecordId::new("")))
    };
    let patient: Value = serde_json::from_str(&row.content).map_err(unreadable)?;
    let name = Named::of(&patient);
    let client = row.state.as_ref().map(|state| &state.client);
    let source = client.map(|client| {
        let known = vocabulary.client_names.get(client).filter(|name| !name.is_empty());
        known.map_or(client.as_str(), String::as_str)
    });
    let golden = row.state.as_ref().map(|state| state.golden.to_string());
    let mut shown = json!({
        "id": row.state.as_ref().map(|state| state.id.to_string()),
        "gender": patient["gender"],
        "given": name.given,
        "family": name.family,
        "birthDate": patient["birthDate"],
        "phone": phones(&patient),
        "uid": golden,
        "ouid": golden,
        "source_id": row.source.as_ref().map(|source| labels.name(source)),
        "source": source,
        "scores": scores(row, labels),
    });
    if let Some(members) = shown.as_object_mut() {
        add_identifiers(&patient, members);
        add_extensions(&patient, members);
    }
    Ok(shown)
}

/// Scores by what the others are called.
fn scores(row: &Row, labels: &Labels<'_>) -> Map<String, Value> {
    let scores = row.scores.iter();
    scores
        .map(|(key, scored)| (labels.name(key).to_owned(), json!(scored.score.as_f64())))
        .collect()
}

fn phones(patient: &Value) -> String {
    let telecoms = patient["telecom"].as_array().into_iter().flatten();
    let phones = telecoms.filter(|telecom| telecom["system"] == "phone");
    let values: Vec<&str> = phones.filter_map(|phone| phone["value"].as_str()).collect();
    values.join(", ")
}

fn add_identifiers(patient: &Value, members: &mut Map<String, Value>) {
    for identifier in patient["identifier"].as_array().into_iter().flatten() {
        if let Some(system) = identifier["system"].as_str() {
            members.insert(format!("identifier_{system}"), identifier["value"].clone());
        }
    }
}

fn add_extensions(patient: &Value, members: &mut Map<String, Value>) {
    for extension in patient["extension"].as_array().into_iter().flatten() {
        let values = ["valueString", "valueDate"].map(|name| &extension[name]);
        let value = values.into_iter().find(|value| !value.is_null());
        if let (Some(url), Some(value)) = (extension["url"].as_str(), value) {
            members.insert(format!("extension_{url}"), value.clone());
        }
    }
}
