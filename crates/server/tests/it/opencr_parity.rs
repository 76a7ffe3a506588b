//! What OpenCR's clients lean on (contract 1.6), with each known difference named.

use serde_json::json;
use testkit::batch;

use crate::app::{GOLDEN_CODE, TestApp, amina, other};

/// Difference D30: 201 for a new record and a bare id in the body; headers as they were.
#[tokio::test]
async fn submission_answers_with_relative_locations() {
    let app = TestApp::start().await;
    let answer = app.post("/fhir/Patient", amina("openmrs", "1").resource_id("uuid-1")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (201, Some("Patient/uuid-1")));
    let cruid = answer.cruid();
    assert_eq!(answer.header("locationcruid"), Some(format!("Patient/{cruid}").as_str()));
    let update = app.put("/fhir/Patient/uuid-1", amina("openmrs", "1").phone("1")).await;
    assert_eq!((update.status.as_u16(), update.header("location")), (200, Some("Patient/uuid-1")));
    assert!(update.header("locationcruid").is_some());
}

/// Difference A3: a Bundle of Patients only answers 200. Difference D32: entries that failed
/// are answered, too; the arrays hold the successful ones.
#[tokio::test]
async fn bundle_answers_with_aligned_arrays() {
    let app = TestApp::start().await;
    let people = [
        amina("openmrs", "1").resource_id("a").patient(),
        json!({ "resourceType": "Patient" }),
        amina("dhis2", "2").resource_id("b").patient(),
    ];
    let answer = app.post("/fhir", batch(people)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("location"), Some(r#"["Patient/a","Patient/b"]"#));
    let cruids: Vec<String> =
        serde_json::from_str(answer.header("locationcruid").unwrap()).unwrap();
    assert_eq!(cruids.len(), 2);
    assert_eq!(cruids[0], cruids[1]);
    assert_eq!(answer.body["entry"].as_array().unwrap().len(), 3);
}

/// Old clients send Patients without `request`.
#[tokio::test]
async fn bundle_without_requests_is_taken() {
    let app = TestApp::start().await;
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction",
        "entry": [{ "resource": amina("openmrs", "1").patient() }] });
    let answer = app.post("/fhir", bundle).await;
    assert_eq!(answer.body["entry"][0]["response"]["status"], "201 Created");
}

/// openmrs-module-mpi-client: searches, then replays the CRUIDs with `_include=Patient:link`.
#[tokio::test]
async fn mpi_client_resolves_included_patients() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    let query = "family:contains=kell&given:contains=min&gender=female&phone=0772000111";
    assert_eq!(app.get(&format!("/fhir/Patient?{query}")).await.ids(), [id]);
    let bundle = app.get(&format!("/fhir/Patient?_id={cruid}&_include=Patient:link")).await.body;
    assert_eq!(bundle["entry"][0]["resource"]["meta"]["tag"][0]["code"], GOLDEN_CODE);
    let link = bundle["entry"][0]["resource"]["link"][0]["other"]["reference"].as_str().unwrap();
    let full_url = bundle["entry"][1]["fullUrl"].as_str().unwrap();
    assert!(full_url.ends_with(link), "{full_url} {link}");
    assert_eq!(bundle["entry"][1]["resource"]["link"].as_array().unwrap().len(), 1);
}

/// The UI turns pages by replaying the query of `next` on the base.
#[tokio::test]
async fn next_link_can_be_replayed_on_the_base() {
    let app = TestApp::start().await;
    for number in 0..3 {
        app.submit(other("Amina", "Okello", &number.to_string())).await;
    }
    let first = app.get("/fhir/Patient/?_count=2&_total=accurate&family=okello").await;
    let next = first.link("next").unwrap();
    let (_, query) = next.split_once('?').unwrap();
    assert_eq!(app.get(&format!("/fhir/?{query}")).await.ids().len(), 1);
}

/// Difference D31: an unknown identifier system is a 400 that says which are known.
#[tokio::test]
async fn unknown_system_is_a_clear_refusal() {
    let app = TestApp::start().await;
    let answer = app.post("/fhir/Patient", testkit::person("A").id("nowhere", "1")).await;
    assert_eq!((answer.refusal().0, answer.refusal().2), (400, "Patient.identifier"));
}
