//! What OpenCR's UI reads: labels, columns, value sets, patients page by page.

use serde_json::json;

use super::*;
use crate::app::{GOLDEN_CODE, other};

async fn submit(plane: &Plane, given: &str, id: &str) {
    let body = Value::from(other(given, "Made-Up", id));
    let call = plane.call("POST", "/fhir/Patient").json(&body);
    let call = call.header("x-openhim-clientid", "openmrs");
    let answer = call.from("10.0.0.1:1").send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn home_page_lists_patients_and_turns_pages_on_the_base() {
    let plane = Plane::start().await;
    for (given, id) in [("Ada", "1"), ("Bea", "2"), ("Cleo", "3")] {
        submit(&plane, given, id).await;
    }
    let token = plane.token(Role::Steward).await;
    let query = format!("_count=2&_total=accurate&_tag:not={GOLDEN_CODE}");
    let first = plane.get(&format!("/ocrux/fhir/Patient?{query}"), &token).await;
    assert_eq!((first.status.as_u16(), &first.body["total"]), (200, &json!(3)));
    let entries = first.body["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry["resource"]["identifier"].is_array()));
    let links = first.body["link"].as_array().unwrap();
    let url = |relation: &str| {
        let link = links.iter().find(|link| link["relation"] == relation).unwrap();
        link["url"].as_str().unwrap().to_owned()
    };
    assert!(url("self").starts_with("/fhir/Patient?"), "{}", url("self"));
    let next = url("next");
    assert!(next.starts_with("/fhir?_getpages="), "{next}");
    let next = plane.get(&format!("/ocrux{next}"), &token).await;
    assert_eq!(next.body["entry"].as_array().unwrap().len(), 1);
    // The page belongs to who asked for it.
    let others = plane.token(Role::Viewer).await;
    assert_eq!(plane.get(&format!("/ocrux{}", url("next")), &others).await.status, 410);
    let undefined = plane.get("/ocrux/fhir?undefined", &token).await;
    assert_eq!(undefined.status, 400);
}

#[tokio::test]
async fn bundle_has_entry_and_total_where_there_is_nothing() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Steward).await;
    for query in
        ["", "?family=Nobody", "?_id=x,y", "?_summary=count", "?_include=Patient:link&_id=x"]
    {
        let answer = plane.get(&format!("/ocrux/fhir/Patient{query}"), &token).await;
        let seen = (&answer.body["total"], &answer.body["entry"]);
        assert_eq!(seen, (&json!(0), &json!([])), "{query}");
    }
}

#[tokio::test]
async fn detail_page_finds_a_patient_its_links_and_its_person() {
    let plane = Plane::start().await;
    submit(&plane, "Ada", "1").await;
    let token = plane.token(Role::Steward).await;
    let all = plane.get(&format!("/ocrux/fhir/Patient?_tag:not={GOLDEN_CODE}"), &token).await;
    let patient = &all.body["entry"][0]["resource"];
    let id = patient["id"].as_str().unwrap();
    let read = plane.get(&format!("/ocrux/fhir/Patient/{id}/"), &token).await;
    assert_eq!(&read.body, patient);
    let path = format!("/ocrux/fhir/Patient?_elements=link,extension&_id={id}");
    let cut = plane.get(&path, &token).await;
    let golden = cut.body["entry"][0]["resource"]["link"][0]["other"]["reference"].clone();
    assert_eq!(cut.body["entry"][0]["resource"]["name"], Value::Null);
    let golden = golden.as_str().unwrap().strip_prefix("Patient/").unwrap();
    let path = format!("/ocrux/fhir/Patient?_include=Patient:link&_id={golden}");
    let both = plane.get(&path, &token).await;
    assert_eq!(both.body["entry"].as_array().unwrap().len(), 2);
    assert_eq!(plane.get("/ocrux/fhir/Patient/nobody", &token).await.status, 404);
}

#[tokio::test]
async fn labels_have_opencrs_shapes_under_both_addresses() {
    let systems = json!({ "internalid": { "uri": ["http://a"], "displayName": "Internal ID" } });
    let told = systems.clone();
    let plane = Plane::with(true, |people, _| people.systems = told).await;
    let token = plane.token(Role::Admin).await;
    for path in ["/ocrux/config/getURI", "/ocrux/config/getURI/", "/ocrux/getURI"] {
        assert_eq!(plane.get(path, &token).await.body, systems, "{path}");
    }
    for path in ["/ocrux/config/getClients", "/ocrux/getClients"] {
        let answer = plane.get(path, &token).await;
        assert_eq!(answer.body[0], json!({ "id": "dhis2", "displayName": "DHIS2" }), "{path}");
        assert_eq!(answer.body.as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn columns_and_value_sets_are_there() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Steward).await;
    let page = plane.get("/ocrux/fhir/Basic/patientdisplaypage", &token).await;
    assert_eq!((page.status.as_u16(), &page.body["resourceType"]), (200, &json!("Basic")));
    let set = "/ocrux/fhir/ValueSet/administrative-gender";
    let expanded = plane.get(&format!("{set}/$expand"), &token).await;
    let female = json!({ "system": "http://hl7.org/fhir/administrative-gender", "code": "female",
                         "display": "Female" });
    assert!(expanded.body["expansion"]["contains"].as_array().unwrap().contains(&female));
    let plain = plane.get(set, &token).await;
    let female = json!({ "code": "female", "display": "Female" });
    let concepts = &plain.body["compose"]["include"][0]["concept"];
    assert!(concepts.as_array().unwrap().contains(&female));
    for path in ["/ocrux/fhir/ValueSet/nonsense", "/ocrux/fhir/ValueSet/nonsense/$expand"] {
        let answer = plane.get(path, &token).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["resourceType"]),
            (404, &json!("OperationOutcome"))
        );
    }
    let lookup = "/ocrux/fhir/CodeSystem/$lookup?system=http://hl7.org/fhir/administrative-gender";
    let found = plane.get(&format!("{lookup}&code=male"), &token).await;
    assert_eq!(found.body["parameter"][1]["valueString"], "Male");
    assert_eq!(plane.get(&format!("{lookup}&code=x"), &token).await.status, 404);
    assert_eq!(plane.get(lookup, &token).await.status, 400);
    assert_eq!(plane.get("/ocrux/fhir/metadata", &token).await.body["fhirVersion"], "4.0.1");
}
