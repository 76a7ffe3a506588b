//! `Idempotency-Key`: a request that is sent again is answered as it was and does nothing.

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, other};

const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

async fn post(app: &TestApp, key: &str, patient: impl Into<Value>) -> Answer {
    let call = app.request("POST", "/fhir/Patient").header("idempotency-key", key);
    call.json(patient.into()).send().await
}

#[tokio::test]
async fn create_sent_again_is_answered_as_it_was() {
    let app = TestApp::start().await;
    let first = post(&app, KEY, other("Amina", "Okello", "1")).await;
    assert_eq!(first.status, 201);
    // Meanwhile the record moved on, which a late repetition must not take back.
    let newer = app.post("/fhir/Patient", other("Amina", "Okello", "1").born("1990")).await;
    assert_eq!(newer.status, 200);
    let again = post(&app, KEY, other("Amina", "Okello", "1")).await;
    // The registry's tags are those of a newest version.
    let told = |answer: &Answer| {
        let mut body = answer.body.clone();
        body["meta"].as_object_mut().unwrap().remove("tag");
        (answer.status, body)
    };
    assert_eq!(told(&again), told(&first));
    for header in ["location", "locationcruid", "etag", "last-modified"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    let now = app.get(&format!("/fhir/Patient/{}", first.record())).await;
    assert_eq!(now.body["birthDate"], "1990");
    assert_eq!(now.body["meta"]["versionId"], "2");
}

#[tokio::test]
async fn repetition_of_what_changed_nothing_changes_nothing_later() {
    let app = TestApp::start().await;
    app.submit(other("Amina", "Okello", "1")).await;
    let same = post(&app, KEY, other("Amina", "Okello", "1")).await;
    assert_eq!(same.status, 200);
    let newer = app.post("/fhir/Patient", other("Amina", "Okello", "1").born("1990")).await;
    let again = post(&app, KEY, other("Amina", "Okello", "1")).await;
    assert_eq!((again.status, again.header("etag")), (same.status, same.header("etag")));
    let now = app.get(&format!("/fhir/Patient/{}", newer.record())).await;
    assert_eq!(now.body["birthDate"], "1990");
}

#[tokio::test]
async fn key_of_another_request_is_refused() {
    let app = TestApp::start().await;
    let first = post(&app, KEY, other("Amina", "Okello", "1")).await;
    let refused = post(&app, KEY, other("Grace", "Okello", "2")).await;
    assert_eq!(refused.refusal(), (422, "business-rule", "http.Idempotency-Key"));
    let path = format!("/fhir/Patient/{}", first.record());
    let deleted = app.request("DELETE", &path).header("idempotency-key", KEY).send().await;
    assert_eq!(deleted.refusal().0, 422);
    assert_eq!(app.get("/fhir/Patient?family=okello").await.body["total"], 1);
}

#[tokio::test]
async fn key_is_of_one_client() {
    let app = TestApp::start().await;
    post(&app, KEY, other("Amina", "Okello", "1")).await;
    let call = app.request("POST", "/fhir/Patient").header("idempotency-key", KEY);
    let theirs = call.client("dhis2").json(dhis2()).send().await;
    assert_eq!(theirs.status, 201);
}

fn dhis2() -> Value {
    json!({ "resourceType": "Patient", "name": [{ "family": "Okello" }],
        "identifier": [{ "system": "http://clientregistry.org/dhis2", "value": "7" }] })
}

#[tokio::test]
async fn refused_request_may_be_sent_again() {
    let app = TestApp::start().await;
    let call = app.request("POST", "/fhir/Patient").header("idempotency-key", KEY);
    let call = call.header("if-match", "W/\"7\"").json(other("Amina", "Okello", "1"));
    assert_eq!(call.send().await.status, 412);
    let call = app.request("POST", "/fhir/Patient").header("idempotency-key", KEY);
    assert_eq!(call.json(other("Amina", "Okello", "1")).send().await.status, 201);
}

#[tokio::test]
async fn withdrawal_sent_again_withdraws_no_later_record() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    let path = format!("/fhir/Patient/{id}");
    let delete = || app.request("DELETE", &path).header("idempotency-key", KEY).send();
    assert_eq!(delete().await.status, 204);
    app.submit(other("Amina", "Okello", "1")).await;
    assert_eq!(delete().await.status, 204);
    assert_eq!(app.get(&path).await.status, 200);
}

#[tokio::test]
async fn bundles_sent_again_are_answered_as_they_were() {
    for kind in ["batch", "transaction"] {
        let app = TestApp::start().await;
        let entry = |given: &str, number: &str| {
            json!({ "resource": Value::from(other(given, "Okello", number)),
                    "request": { "method": "POST", "url": "Patient" } })
        };
        let bundle = json!({ "resourceType": "Bundle", "type": kind,
            "entry": [entry("Amina", "1"), entry("Grace", "2")] });
        let send = || {
            let call = app.request("POST", "/fhir").header("idempotency-key", KEY);
            call.json(bundle.clone()).send()
        };
        let first = send().await;
        assert_eq!(first.status, 200, "{}", first.body);
        app.submit(other("Grace", "Okello", "2").born("1990")).await;
        let again = send().await;
        assert_eq!(again.body["entry"], first.body["entry"], "{kind}");
        let found = app.get("/fhir/Patient?birthdate=1990").await;
        assert_eq!(found.body["total"], 1, "{kind}");
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let app = TestApp::start().await;
    for key in ["", "\"\"", &"x".repeat(256)] {
        let refused = post(&app, key, other("Amina", "Okello", "1")).await;
        assert_eq!(refused.refusal().0, 400, "{key}");
    }
    assert_eq!(app.get("/fhir/Patient").await.body["total"], 0);
}
