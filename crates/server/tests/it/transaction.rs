//! A transaction of which an entry fails stores nothing, whichever entry it is (R4
//! http.html#transaction).

use serde_json::{Value, json};
use testkit::Person;

use crate::app::{Answer, TestApp, other};

fn transaction(entries: impl IntoIterator<Item = Value>) -> Value {
    let entries: Vec<Value> = entries.into_iter().collect();
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}

fn entry(method: &str, url: &str, person: Option<Person>) -> Value {
    let mut entry = json!({ "request": { "method": method, "url": url } });
    if let Some(person) = person {
        entry["resource"] = person.patient();
    }
    entry
}

fn create() -> Value {
    entry("POST", "Patient", Some(other("Amina", "Okello", "1")))
}

async fn is_stored(app: &TestApp) -> bool {
    app.get("/fhir/Patient?family=okello").await.body["total"] != 0
}

/// Sends it with a create before it, which must not be stored.
async fn refused(app: &TestApp, bad: Value) -> Answer {
    let answer = app.post("/fhir", transaction([create(), bad.clone()])).await;
    assert!(!is_stored(app).await, "{bad}: {answer:?}");
    answer
}

#[tokio::test]
async fn read_that_finds_nothing_stores_nothing() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    app.submit(other("Okot", "Ladu", "2").resource_id("okot")).await;
    app.delete("/fhir/Patient/okot").await;
    for (url, expected) in [
        ("Patient/nonexist", 404),
        ("Patient/nonexist/_history", 404),
        ("Patient/grace/_history/2", 404),
        ("Patient/grace/_history/x", 404),
        ("Patient/okot", 410),
        ("Patient/okot/_history/2", 410),
        ("Patient/grace/_history?_count=abc", 400),
        ("Patient?_count=abc", 400),
        ("Patient/a/b", 404),
    ] {
        let answer = refused(&app, entry("GET", url, None)).await;
        assert_eq!(
            (answer.refusal().0, answer.refusal().2),
            (expected, "Bundle.entry[1]"),
            "{url}"
        );
    }
}

#[tokio::test]
async fn search_too_long_for_page_links_stores_nothing() {
    let app = TestApp::start().await;
    let values = vec!["x".repeat(200); 100].join(",");
    let url = format!("Patient?family={values}&given={values}");
    assert_eq!(refused(&app, entry("GET", &url, None)).await.refusal().1, "too-long");
}

#[tokio::test]
async fn read_of_what_the_transaction_withdraws_stores_nothing() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let delete = entry("DELETE", "Patient/grace", None);
    let read = entry("GET", "Patient/grace", None);
    let answer = app.post("/fhir", transaction([create(), delete, read])).await;
    assert_eq!((answer.refusal().0, answer.refusal().2), (410, "Bundle.entry[2]"));
    assert!(!is_stored(&app).await);
    assert_eq!(app.get("/fhir/Patient/grace").await.status, 200);
}

#[tokio::test]
async fn condition_on_what_the_transaction_withdraws_stores_nothing() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let delete = entry("DELETE", "Patient/grace", None);
    let mut exists = entry("POST", "Patient", Some(other("Okot", "Ladu", "2")));
    exists["request"]["ifNoneExist"] = json!("_id=grace");
    let answer = app.post("/fhir", transaction([create(), delete, exists])).await;
    assert_eq!((answer.refusal().0, answer.refusal().2), (410, "Bundle.entry[2]"));
    assert!(!is_stored(&app).await);
}

#[tokio::test]
async fn read_of_an_id_that_another_identity_has_stores_nothing() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let put = entry("PUT", "Patient/elsewhere", Some(other("Grace", "Auma", "0").born("1990")));
    let read = entry("GET", "Patient/elsewhere", None);
    let answer = app.post("/fhir", transaction([create(), put, read])).await;
    assert_eq!((answer.refusal().0, answer.refusal().2), (404, "Bundle.entry[2]"));
    assert!(!is_stored(&app).await);
}

#[tokio::test]
async fn transaction_may_read_what_it_writes() {
    let app = TestApp::start().await;
    let (_, cruid) = app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    app.delete("/fhir/Patient/grace").await;
    let entries = [
        entry("PUT", "Patient/new", Some(other("Amina", "Okello", "1"))),
        entry("POST", "Patient", Some(other("Grace", "Auma", "0"))),
        entry("GET", "Patient/new", None),
        entry("GET", "Patient/new/_history", None),
        entry("GET", "Patient/grace", None),
        entry("GET", "Patient/grace/_history/1", None),
        entry("GET", &format!("Patient/{cruid}"), None),
    ];
    let answer = app.post("/fhir", transaction(entries)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.ids()[2], "new");
    for entry in answer.body["entry"].as_array().unwrap() {
        assert!(entry["response"]["status"].as_str().unwrap().starts_with("20"), "{entry}");
    }
}

#[tokio::test]
async fn existing_record_is_shown_if_asked_for() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    let mut create = entry("POST", "Patient", Some(other("Grace", "Auma", "0").born("1990")));
    create["request"]["ifNoneExist"] = json!("family=auma");
    let call = app.request("POST", "/fhir").header("prefer", "return=representation");
    let answer = call.json(transaction([create])).send().await;
    assert_eq!(answer.ids(), ["grace"]);
    assert!(answer.body["entry"][0]["resource"].get("birthDate").is_none());
}

#[tokio::test]
async fn create_only_entry_of_a_batch_is_refused_like_a_single_one() {
    let app = TestApp::start().await;
    app.submit(other("Grace", "Auma", "0").resource_id("grace")).await;
    for (method, url) in [("PUT", "Patient/grace"), ("POST", "Patient")] {
        let mut only = entry(method, url, Some(other("Grace", "Auma", "0").born("1990")));
        only["request"]["ifNoneMatch"] = json!("*");
        let mut batch = transaction([only, create()]);
        batch["type"] = json!("batch");
        let answer = app.post("/fhir", batch).await;
        let status = answer.body["entry"][0]["response"]["status"].as_str().unwrap();
        assert!(status.starts_with("412"), "{answer:?}");
        let single = app.request(method, &format!("/fhir/{url}")).header("if-none-match", "*");
        let person = other("Grace", "Auma", "0").born("1990");
        assert_eq!(single.json(person).send().await.refusal().0, 412);
    }
    assert_eq!(app.get("/fhir/Patient/grace").await.header("etag"), Some("W/\"1\""));
}
