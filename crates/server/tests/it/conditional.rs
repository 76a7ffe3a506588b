//! Conditional create, update and delete (R4 http.html#ccreate, #cond-update; PIXm ITI-104).

use crate::app::{TestApp, amina, other};

const BY_ID: &str = "/fhir/Patient?identifier=http://clientregistry.org/openmrs%7C1";

#[tokio::test]
async fn conditional_update_creates_then_updates() {
    let app = TestApp::start().await;
    let first = app.put(BY_ID, other("Amina", "Okello", "1")).await;
    assert_eq!(first.status, 201);
    let second = app.put(BY_ID, other("Amina", "Okello", "1").born("1990")).await;
    assert_eq!((second.status.as_u16(), second.record()), (200, first.record()));
    assert_eq!(second.body["birthDate"], "1990");
    let wrong_id = other("Amina", "Okello", "1").resource_id("elsewhere");
    assert_eq!(app.put(BY_ID, wrong_id).await.refusal(), (400, "invalid", "Patient.id"));
}

#[tokio::test]
async fn condition_that_several_fit_is_refused() {
    let app = TestApp::start().await;
    app.submit(other("Amina", "Okello", "1")).await;
    app.submit(other("Grace", "Okello", "2")).await;
    let update = app.put("/fhir/Patient?family=okello", other("Amina", "Okello", "3")).await;
    assert_eq!(update.refusal(), (412, "multiple-matches", ""));
    assert_eq!(app.delete("/fhir/Patient?family=okello").await.refusal().0, 412);
    let call = app.request("POST", "/fhir/Patient").header("if-none-exist", "family=okello");
    assert_eq!(call.json(other("Amina", "Okello", "3")).send().await.refusal().0, 412);
    assert_eq!(app.get("/fhir/Patient?family=okello").await.body["total"], 2);
}

#[tokio::test]
async fn condition_must_say_something_and_be_understood() {
    let app = TestApp::start().await;
    for query in ["", "?", "?_count=1", "?nonsense=1", "?family=okello&nonsense=1"] {
        let path = format!("/fhir/Patient{query}");
        let update = app.put(&path, other("Amina", "Okello", "1")).await;
        assert_eq!(update.status, 400, "{query}");
        assert_eq!(app.delete(&path).await.status, 400, "{query}");
    }
    assert_eq!(app.get("/fhir/Patient").await.body["total"], 0);
}

#[tokio::test]
async fn condition_with_an_empty_value_is_refused() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Uniquefam", "1")).await;
    for query in [
        "family=Uniquefam&identifier=",
        "family=Uniquefam&identifier",
        "family=Uniquefam&given=%20",
        "family=Uniquefam,",
        "family=,Uniquefam",
        "family=Uniquefam&_id=a,,b",
        "family=Uniquefam&gender:missing=",
    ] {
        let path = format!("/fhir/Patient?{query}");
        assert_eq!(app.delete(&path).await.refusal().0, 400, "{query}");
        assert_eq!(app.put(&path, other("A", "B", "2")).await.refusal().1, "required", "{query}");
        let call = app.request("POST", "/fhir/Patient").header("if-none-exist", query);
        assert_eq!(call.json(other("A", "B", "2")).send().await.refusal().0, 400, "{query}");
        let entry = serde_json::json!({ "request": {
            "method": "DELETE", "url": format!("Patient?{query}") } });
        let bundle = serde_json::json!({
            "resourceType": "Bundle", "type": "transaction", "entry": [entry] });
        assert_eq!(app.post("/fhir", bundle).await.refusal().0, 400, "{query}");
    }
    assert_eq!(app.get(&format!("/fhir/Patient/{id}")).await.status, 200);
    assert_eq!(app.get("/fhir/Patient?family=Uniquefam&identifier=").await.body["total"], 1);
}

#[tokio::test]
async fn condition_cannot_turn_one_record_into_another() {
    let app = TestApp::start().await;
    app.submit(other("Amina", "Okello", "1")).await;
    let foreign = app.put(BY_ID, other("Okot", "Ladu", "2")).await;
    assert_eq!(foreign.refusal(), (409, "conflict", "Patient.id"));
    let (_, cruid) = app.submit(amina("dhis2", "9")).await;
    let golden = app.put(&format!("/fhir/Patient?_id={cruid}"), other("A", "B", "4")).await;
    assert_eq!(golden.status, 201, "conditions see the client's own source records only");
    assert_eq!(app.delete(&format!("/fhir/Patient?_id={cruid}")).await.status, 204);
    assert_eq!(app.get(&format!("/fhir/Patient/{cruid}")).await.status, 200);
}

#[tokio::test]
async fn conditional_delete_withdraws_the_one_that_fits() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    assert_eq!(app.delete(BY_ID).await.status, 204);
    assert_eq!(app.get(&format!("/fhir/Patient/{id}")).await.refusal().0, 410);
    assert_eq!(app.delete(BY_ID).await.status, 204, "nobody fits any more");
}

#[tokio::test]
async fn conditional_create_answers_the_existing_record() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(other("Amina", "Okello", "1")).await;
    for criteria in [
        "identifier=http://clientregistry.org/openmrs|1",
        "?family=okello",
        "Patient?family=okello",
        "family=somebody-else",
    ] {
        let call = app.request("POST", "/fhir/Patient").header("if-none-exist", criteria);
        let answer = call.json(other("Amina", "Okello", "1").born("1990")).send().await;
        assert_eq!((answer.status.as_u16(), answer.record()), (200, id.clone()), "{criteria}");
        assert_eq!(answer.cruid(), cruid);
        assert!(answer.body.get("birthDate").is_none(), "it is left as it is");
        assert_eq!(answer.header("etag"), Some("W/\"1\""));
    }
    let call = app.request("POST", "/fhir/Patient").header("if-none-exist", "family=ladu");
    assert_eq!(call.json(other("Okot", "Ladu", "2")).send().await.status, 201);
}

#[tokio::test]
async fn conditional_delete_honours_the_version() {
    let app = TestApp::start().await;
    app.submit(other("Amina", "Okello", "1")).await;
    let call = app.request("DELETE", BY_ID).header("if-match", "W/\"7\"");
    assert_eq!(call.send().await.refusal().0, 412);
    let call = app.request("DELETE", BY_ID).header("if-match", "W/\"1\"");
    assert_eq!(call.send().await.status, 204);
}
