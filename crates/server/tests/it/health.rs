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
async fn node_that_lacks_what_others_committed_is_not_ready() {
    let store = store::open("memory:").await.unwrap();
    let patience = std::time::Duration::from_millis(200);
    let app = TestApp::auditing(store.clone(), store.clone(), |settings, _| {
        settings.standstill_max = patience;
    })
    .await;
    let ready = app.get("/readyz").await;
    let all = serde_json::json!({ "submissions": "ok", "store": "ok", "index": "ok" });
    assert_eq!(ready.body["checks"], all);
    // Another node on a store that the first takes for its own, so that it does not follow.
    let log = store::open("memory:").await.unwrap();
    let other = TestApp::auditing(store, log, |_, _| {}).await;
    other.submit(crate::app::other("Amina", "Okello", "1")).await;
    assert_eq!(app.get("/readyz").await.status, 200, "it may follow yet");
    tokio::time::sleep(patience * 2).await;
    let behind = app.get("/readyz").await;
    assert_eq!(behind.status, 503);
    assert_eq!(behind.body["reason"], "the index is 1 events behind the store, and stands still");
    assert_eq!(behind.body["checks"]["index"], "fails");
    app.pipeline.stop().await;
    let stopped = app.get("/readyz").await;
    assert_eq!(stopped.body["reason"], "submissions are not accepted");
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
