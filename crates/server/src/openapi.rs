//! The description of both planes for programs (OpenAPI 3.1.0), at `GET /openapi.json`.
//!
//! It says what is asked and answered where; who may is in `people::access`, from which the
//! permissions here are taken. A test fails for a route without a description, and for one that
//! is described and not there.

use std::sync::LazyLock;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use crate::{App, people};

mod operation;
mod people_plane;
mod shapes;
mod systems;

use operation::Operation;

/// The description, with and without what people ask for.
static TEXTS: LazyLock<[String; 2]> =
    LazyLock::new(|| [false, true].map(|has_people| document(has_people).to_string()));

/// `GET /openapi.json`
pub(crate) async fn show(State(app): State<App>) -> Response {
    let text = TEXTS[usize::from(app.people().is_some())].as_str();
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

fn operations(has_people: bool) -> Vec<Operation> {
    let mut operations = systems::operations();
    if has_people {
        operations.extend(people_plane::operations());
    }
    operations
}

fn document(has_people: bool) -> Value {
    let mut paths = Map::new();
    for operation in operations(has_people) {
        // OpenAPI has no word for all methods.
        let method = if operation.method == "*" { "GET" } else { operation.method };
        let item = paths.entry(operation.path.to_owned()).or_insert_with(|| json!({}));
        item[method.to_ascii_lowercase()] = operation.into_value();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OpenCR",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A client registry. Systems speak FHIR R4 under /fhir; people work under /ocrux.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "systems", "description": "Point-of-service systems (FHIR R4)" },
            { "name": "people", "description": "Stewards and administrators" },
            { "name": "operation", "description": "Whoever runs the process" },
        ],
        "paths": paths,
        "components": { "schemas": shapes::schemas(), "securitySchemes": {
            "certificate": {
                "type": "mutualTLS",
                "description": "A client certificate, whose CN is the client's id",
            },
            "gateway": {
                "type": "apiKey", "in": "header", "name": "X-OpenHIM-ClientID",
                "description": "From a gateway that the configuration trusts",
            },
            "token": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "From POST /ocrux/user/authenticate",
            },
        }},
    })
}

/// The permission that a route of people needs, in words.
fn permission(method: &str, path: &str) -> Option<&'static str> {
    people::permission_in_words(method, path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn described(has_people: bool) -> BTreeSet<(String, String)> {
        let operations = operations(has_people).into_iter();
        operations.map(|one| (one.method.to_owned(), one.path.to_owned())).collect()
    }

    #[test]
    fn every_route_is_described_once_and_nothing_else() {
        let text = |(method, path): (&str, &str)| (method.to_owned(), path.to_owned());
        let of_people = crate::people::routes_in_words();
        let of_systems = crate::SYSTEM_ROUTES.iter().copied();
        let served: BTreeSet<_> = of_people.into_iter().chain(of_systems).map(text).collect();
        assert_eq!(described(true), served);
        assert_eq!(operations(true).len(), served.len(), "a route is described twice");
    }

    #[test]
    fn references_lead_to_schemas_and_ids_are_unique() {
        let document = document(true);
        let text = document.to_string();
        for part in text.split("\"$ref\":\"").skip(1) {
            let pointer = part.split('"').next().unwrap_or_default().trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let ids: Vec<String> = operations(true).into_iter().map(|one| one.id()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
}
