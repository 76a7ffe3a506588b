//! The probes and the capability statement.

use crate::app::{FHIR_JSON, TestApp};

#[tokio::test]
async fn probes_answer_without_fhir() {
    let app = TestApp::start().await;
    for (path, expected) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = app.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.body["status"].as_str()), (200, Some(expected)));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn statement_says_what_there_is() {
    let app = TestApp::start().await;
    let answer = app.get("/fhir/metadata/").await;
    assert_eq!(answer.header("content-type"), Some(FHIR_JSON));
    assert_eq!(answer.body["resourceType"], "CapabilityStatement");
    assert_eq!(answer.body["fhirVersion"], "4.0.1");
    assert_eq!(answer.body["software"]["version"], "1.2.3");
    assert_eq!(answer.body["implementation"]["url"], "http://registry.test/fhir");
    assert!(answer.body["date"].as_str().unwrap().ends_with('Z'));
}
