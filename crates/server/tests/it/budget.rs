//! Answers hold a bounded amount of stored content, however many Patients a page may have.

use serde_json::{Value, json};

use crate::app::{TestApp, other};

/// Seven Patients with a photo of 4 kB, answered by 10 kB.
async fn photos() -> TestApp {
    let app = TestApp::with(|settings, _| settings.answer_max_bytes = 10_000).await;
    for number in 0..7 {
        let photo = json!([{ "contentType": "image/png", "data": "A".repeat(4_000) }]);
        let person = other("Amina", "Okello", &number.to_string()).with("photo", photo);
        app.submit(person.resource_id(&format!("p{number}"))).await;
    }
    app
}

async fn pages(app: &TestApp, first: &str) -> Vec<Vec<String>> {
    let mut next = Some(first.to_owned());
    let mut pages = Vec::new();
    while let Some(path) = next {
        let page = app.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.body["total"], 7);
        assert!(page.text.len() < 14_000, "{}", page.text.len());
        pages.push(page.ids());
        next = page.link("next");
        assert!(pages.len() < 20, "{pages:?}");
    }
    pages
}

#[tokio::test]
async fn page_ends_early_and_the_next_goes_on() {
    let app = photos().await;
    let pages = pages(&app, "/fhir/Patient?family=okello&given=amina&_count=1000").await;
    let expected: Vec<String> = (0..7).map(|number| format!("p{number}")).collect();
    assert_eq!(pages.concat(), expected);
    assert_eq!(pages[0].len(), 2);
}

#[tokio::test]
async fn page_has_one_entry_at_least() {
    let app = photos().await;
    let large = json!([{ "contentType": "image/png", "data": "A".repeat(20_000) }]);
    app.put("/fhir/Patient/p0", other("Amina", "Okello", "0").with("photo", large)).await;
    let page = app.get("/fhir/Patient?family=okello&given=amina").await;
    assert_eq!(page.ids(), ["p0"]);
    let page = app.get(&page.link("next").unwrap()).await;
    assert_eq!(page.ids(), ["p1", "p2"]);
    assert_eq!(app.get("/fhir/Patient/p0").await.status, 200, "a read is whole");
}

#[tokio::test]
async fn included_patients_keep_to_the_budget() {
    let app = photos().await;
    let (_, cruid) = app.submit(other("Grace", "Auma", "9").resource_id("grace")).await;
    let page = app.get("/fhir/Patient?_id=p0,p1,p2,grace&_include=Patient:link").await;
    assert_eq!(page.ids()[..2], ["p0", "p1"]);
    assert!(page.text.contains("linked Patients are left out"), "{page:?}");
    let page = app.get("/fhir/Patient?_id=grace&_include=Patient:link").await;
    assert_eq!(page.ids(), ["grace".to_owned(), cruid]);
}

#[tokio::test]
async fn history_ends_early_and_the_next_page_goes_on() {
    let app = photos().await;
    for year in 1990..1996 {
        let photo = json!([{ "contentType": "image/png", "data": "A".repeat(4_000) }]);
        let person = other("Amina", "Okello", "0").with("photo", photo);
        app.put("/fhir/Patient/p0", person.born(&year.to_string())).await;
    }
    let pages = pages(&app, "/fhir/Patient/p0/_history?_count=1000").await;
    assert_eq!(pages.concat().len(), 7);
    assert_eq!(pages[0].len(), 2);
}

#[tokio::test]
async fn long_histories_and_pages_are_read_in_chunks_without_gaps() {
    let app = TestApp::start().await;
    for day in 10..30 {
        let person = other("Amina", "Okello", "0").born(&format!("1990-01-{day}"));
        app.put("/fhir/Patient/p0", person).await;
    }
    let page = app.get("/fhir/Patient/p0/_history?_count=19").await;
    let versions: Vec<String> = page.body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["meta"]["versionId"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> = (2..=20).rev().map(|version: u32| version.to_string()).collect();
    assert_eq!(versions, expected);
    assert_eq!(app.get(&page.link("next").unwrap()).await.ids().len(), 1);
    assert_eq!(app.get("/fhir/Patient/p0/_history?_count=0").await.body["total"], 20);
}

#[tokio::test]
async fn bundle_reads_share_one_budget() {
    let app = photos().await;
    let read = |url: &str| json!({ "request": { "method": "GET", "url": url } });
    let write = json!({ "resource": other("Grace", "Auma", "9").patient() });
    let entries = [read("Patient?family=okello&given=amina"), read("Patient/p6"), write];
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
    let answer = app.post("/fhir", bundle).await;
    let status = |at: usize| answer.body["entry"][at]["response"]["status"].as_str().unwrap();
    assert!(status(0).starts_with("200") && status(1).starts_with("413"), "{answer:?}");
    assert!(status(2).starts_with("201"), "writes do not count");
    assert_eq!(answer.body["entry"][0]["resource"]["entry"].as_array().map(Vec::len), Some(2));
    let issue: &Value = &answer.body["entry"][1]["response"]["outcome"]["issue"][0];
    assert_eq!(issue["code"], "too-costly");
}

#[tokio::test]
async fn resources_of_written_entries_keep_to_the_budget() {
    let app = photos().await;
    let create = |number: u32| {
        let mut entry = json!({ "resource": other("A", "B", &number.to_string()).patient() });
        entry["request"] = json!({ "method": "POST", "url": "Patient" });
        entry["request"]["ifNoneExist"] = json!(format!("_id=p{number}"));
        entry
    };
    let entries: Vec<Value> = (0..7).map(create).collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
    let call = app.request("POST", "/fhir").header("prefer", "return=representation");
    let answer = call.json(bundle).send().await;
    let entries = answer.body["entry"].as_array().unwrap();
    let shown = entries.iter().filter(|entry| entry.get("resource").is_some()).count();
    assert_eq!((entries.len(), shown), (7, 2));
}
