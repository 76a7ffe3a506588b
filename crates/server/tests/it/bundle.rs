//! Bundles of type batch and transaction (R4 http.html#transaction; contract 1.6, D9, D32).

use serde_json::{Value, json};
use testkit::{Person, batch, transaction};

use crate::app::{Answer, TestApp, amina, other};

fn bundle(kind: &str, entries: Value) -> Value {
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

fn entry(method: &str, url: &str, person: Option<Person>) -> Value {
    let mut entry = json!({ "request": { "method": method, "url": url } });
    if let Some(person) = person {
        entry["resource"] = person.patient();
    }
    entry
}

fn statuses(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let entries = answer.body["entry"].as_array().unwrap();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].to_owned();
    entries.iter().map(status).collect()
}

async fn total(app: &TestApp) -> Value {
    app.get("/fhir/Patient?_summary=count").await.body["total"].clone()
}

fn array(answer: &Answer, name: &str) -> Vec<String> {
    serde_json::from_str(answer.header(name).unwrap_or_else(|| panic!("{answer:?}"))).unwrap()
}

#[tokio::test]
async fn batch_answers_each_entry_in_its_place() {
    let app = TestApp::start().await;
    let (known, _) = app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let answer = app
        .post(
            "/fhir",
            bundle(
                "batch",
                json!([
                    entry("POST", "Patient", Some(other("Amina", "Okello", "1"))),
                    entry("POST", "Patient", Some(testkit::person("Nobody"))),
                    entry("PUT", "Patient/okot", Some(other("Okot", "Ladu", "2"))),
                    entry(
                        "PUT",
                        "Patient?identifier=http://clientregistry.org/openmrs|0",
                        Some(other("Grace", "Auma", "0").born("1990"))
                    ),
                    entry("DELETE", "Patient/unknown", None),
                    entry("GET", "Patient/grace", None),
                    entry("GET", "Patient?family=ladu", None),
                    entry("GET", "Patient/nobody", None),
                    entry("PATCH", "Patient/grace", None),
                    entry("GET", "Observation/1", None),
                    json!({ "resource": { "resourceType": "Person" },
                "request": { "method": "PUT", "url": "Person/default-admin-user" } }),
                    json!("not an entry"),
                    json!({ "resource": other("Old", "Client", "3").patient() }),
                    json!({}),
                    entry("HEAD", "/Patient/grace", None),
                    entry("GET", "http://registry.test/fhir/Patient/grace/_history/1", None),
                    entry("GET", "Patient/grace/_history", None),
                    entry("DELETE", "Patient/grace/_history/1", None),
                ]),
            ),
        )
        .await;
    assert_eq!(
        statuses(&answer),
        [
            "201", "400", "201", "200", "404", "200", "200", "404", "400", "404", "404", "400",
            "201", "400", "200", "200", "200", "400"
        ]
    );
    assert_eq!(answer.body["type"], "batch-response");
    let entries = &answer.body["entry"];
    assert_eq!(entries[1]["response"]["outcome"]["issue"][0]["code"], "required");
    assert_eq!(entries[2]["response"]["location"], "Patient/okot/_history/1");
    assert_eq!(entries[3]["response"]["etag"], "W/\"2\"");
    assert_eq!(entries[5]["resource"]["birthDate"], "1990", "reads come after the writes");
    assert_eq!(entries[6]["resource"]["total"], 1);
    assert!(entries[14].get("resource").is_none());
    let (records, goldens) = (array(&answer, "location"), array(&answer, "locationcruid"));
    assert_eq!(records.len(), 4);
    assert_eq!(records[1..3], ["Patient/okot".to_owned(), format!("Patient/{known}")]);
    for (record, golden) in records.iter().zip(&goldens) {
        let link = app.get(&format!("/fhir/{record}")).await.body["link"].clone();
        assert_eq!(link[0]["other"]["reference"], json!(golden));
    }
}

#[tokio::test]
async fn batch_links_its_own_entries() {
    let app = TestApp::start().await;
    let people = [amina("openmrs", "1"), other("Okot", "Ladu", "2"), amina("dhis2", "3")];
    let answer = app.post("/fhir/", batch(people)).await;
    let goldens = array(&answer, "locationcruid");
    assert_eq!(goldens[0], goldens[2]);
    assert_ne!(goldens[0], goldens[1]);
}

#[tokio::test]
async fn transaction_is_carried_out_whole() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let mut create = entry("POST", "Patient", Some(other("Grace", "Auma", "0").born("1990")));
    create["request"]["ifNoneExist"] = json!("family=auma");
    let mut delete = entry("DELETE", "Patient/grace", None);
    delete["request"]["ifMatch"] = json!("W/\"1\"");
    let answer = app
        .post(
            "/fhir",
            bundle(
                "transaction",
                json!([
                    entry("GET", "Patient?family=okello", None),
                    entry("PUT", "Patient/amina", Some(other("Amina", "Okello", "1"))),
                    delete,
                ]),
            ),
        )
        .await;
    assert_eq!(statuses(&answer), ["200", "201", "204"]);
    assert_eq!(answer.body["type"], "transaction-response");
    assert_eq!(answer.body["entry"][0]["resource"]["total"], 1);
    assert_eq!(array(&answer, "location"), ["Patient/amina"], "withdrawals are not submissions");
    let answer = app.post("/fhir", bundle("transaction", json!([create]))).await;
    assert_eq!(statuses(&answer), ["201"], "the withdrawn one does not exist");
}

#[tokio::test]
async fn conditional_create_in_a_bundle_leaves_what_exists() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(other("Grace", "Auma", "0")).await;
    let mut create = entry("POST", "Patient", Some(other("Grace", "Auma", "0").born("1990")));
    create["request"]["ifNoneExist"] = json!("family=auma");
    for kind in ["batch", "transaction"] {
        let answer = app.post("/fhir", bundle(kind, json!([create]))).await;
        assert_eq!(statuses(&answer), ["200"]);
        assert_eq!(array(&answer, "location"), [format!("Patient/{id}")]);
        assert_eq!(array(&answer, "locationcruid"), [format!("Patient/{cruid}")]);
        assert_eq!(answer.body["entry"][0]["response"]["etag"], "W/\"1\"");
    }
}

#[tokio::test]
async fn failed_transaction_writes_nothing_and_names_the_entry() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let good = || entry("POST", "Patient", Some(other("Amina", "Okello", "1")));
    let mut stale = entry("PUT", "Patient/grace", Some(other("Grace", "Auma", "0").born("1990")));
    stale["request"]["ifMatch"] = json!("W/\"9\"");
    for (bad, expected) in [
        (entry("POST", "Patient", Some(testkit::person("X"))), 400),
        (entry("PUT", "Patient/grace", Some(other("Thief", "X", "9"))), 409),
        (stale, 412),
        (entry("DELETE", "Patient/unknown", None), 404),
        (entry("POST", "Observation", None), 404),
        (entry("GET", "Patient?birthdate=x", None), 400),
        (entry("DELETE", "Patient?family=a,g", None), 204),
        (json!({ "resource": { "resourceType": "Person" } }), 404),
        (json!(7), 400),
    ] {
        let answer = app.post("/fhir", bundle("transaction", json!([good(), bad]))).await;
        if expected == 204 {
            continue;
        }
        assert_eq!(answer.refusal().0, expected, "{answer:?}");
        assert_eq!(answer.refusal().2, "Bundle.entry[1]", "{answer:?}");
        assert!(answer.header("location").is_none());
        app.delete("/fhir/Patient?family=okello").await;
        let stored = app.get("/fhir/Patient?family=okello,x").await;
        assert_eq!(stored.body["total"], 0);
    }
}

#[tokio::test]
async fn every_bad_entry_of_a_transaction_is_named() {
    let app = TestApp::start().await;
    let nobody = || testkit::person("Nobody").patient();
    let answer = app.post("/fhir", transaction([nobody(), nobody()])).await;
    let issues = answer.body["issue"].as_array().unwrap();
    assert_eq!(issues.len(), 2);
    let places = json!(["Bundle.entry[1]", "Bundle.entry[1].resource.identifier"]);
    assert_eq!(issues[1]["expression"], places);
}

#[tokio::test]
async fn transaction_names_each_record_once() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let twice = [other("Amina", "Okello", "1"), other("Amina", "Okello", "1").born("1990")];
    assert_eq!(app.post("/fhir", transaction(twice)).await.refusal().0, 400);
    let both = bundle(
        "transaction",
        json!([
            entry("DELETE", "Patient/grace", None),
            entry("POST", "Patient", Some(other("Grace", "Auma", "0").born("1990"))),
        ]),
    );
    let answer = app.post("/fhir", both).await;
    assert_eq!(answer.refusal(), (400, "duplicate", "Bundle.entry[1]"));
    assert_eq!(app.get("/fhir/Patient/grace").await.status, 200);
    let twice = [other("Amina", "Okello", "1"), other("Amina", "Okello", "1").born("1990")];
    assert_eq!(statuses(&app.post("/fhir", batch(twice)).await), ["201", "200"]);
}

#[tokio::test]
async fn resources_come_back_if_asked_for() {
    let app = TestApp::start().await;
    let people = || batch([other("Amina", "Okello", "1"), other("Okot", "Ladu", "2")]);
    let plain = app.post("/fhir", people()).await;
    assert!(plain.body["entry"][0].get("resource").is_none());
    let call = app.request("POST", "/fhir").header("prefer", "return=representation");
    let whole = call.json(people()).send().await;
    assert_eq!(whole.body["entry"][1]["resource"]["name"][0]["family"], "Ladu");
    let call = app.request("POST", "/fhir").header("prefer", "return=OperationOutcome");
    let told = call.json(people()).send().await;
    assert!(told.body["entry"][0]["response"]["outcome"].is_object());
}

#[tokio::test]
async fn envelope_that_cannot_be_worked_on_is_refused() {
    let app = TestApp::start().await;
    for (body, expected) in [
        (json!({ "resourceType": "Bundle", "type": "batch" }), (400, "required", "Bundle.entry")),
        (bundle("batch", json!([])), (400, "required", "Bundle.entry")),
        (bundle("collection", json!([{}])), (400, "value", "Bundle.type")),
        (json!({ "resourceType": "Bundle", "entry": [] }), (400, "required", "Bundle.type")),
        (bundle("batch", json!({})), (400, "structure", "Bundle.entry")),
        (json!({ "resourceType": "Patient" }), (400, "invalid", "")),
    ] {
        assert_eq!(app.post("/fhir", body.clone()).await.refusal(), expected, "{body}");
    }
    assert_eq!(total(&app).await, 0);
}

#[tokio::test]
async fn sizes_of_bundles_are_bounded() {
    let app = TestApp::start().await;
    let many: Vec<Value> = vec![json!({}); fhir::bundle::ENTRIES_MAX + 1];
    assert_eq!(app.post("/fhir", bundle("batch", json!(many))).await.refusal().0, 413);
    let reads = vec![entry("GET", "Patient/x", None); 101];
    let answer = app.post("/fhir", bundle("batch", json!(reads))).await;
    assert_eq!(answer.refusal().1, "too-costly");
}

#[tokio::test]
async fn large_batch_is_answered_whole() {
    let app = TestApp::start().await;
    let people = (0..500).map(|number| other("Amina", "Okello", &number.to_string()));
    let answer = app.post("/fhir", batch(people)).await;
    assert!(statuses(&answer).iter().all(|status| status == "201"));
    assert_eq!(array(&answer, "location").len(), 500);
    assert_eq!(array(&answer, "locationcruid").len(), 500);
}
