//! Reading, withdrawing and history (R4 http.html#read, #vread, #delete, #history).

use serde_json::json;

use crate::app::{FHIR_JSON, GOLDEN_CODE, TestApp, amina, other};

#[tokio::test]
async fn record_is_read_with_its_version() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    let answer = app.get(&format!("/fhir/Patient/{id}")).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("W/\"1\"")));
    assert_eq!(answer.header("content-type"), Some(FHIR_JSON));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let slashed = app.get(&format!("/fhir/Patient/{id}/")).await;
    assert_eq!(slashed.body, answer.body);
    let head = app.request("HEAD", &format!("/fhir/Patient/{id}")).send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(head.header("etag"), Some("W/\"1\""));
}

#[tokio::test]
async fn known_version_is_not_sent_again() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    let path = format!("/fhir/Patient/{id}");
    let call = app.request("GET", &path).header("if-none-match", "W/\"1\"");
    assert_eq!(call.send().await.status, 304);
    let call = app.request("GET", &path).header("if-none-match", "W/\"7\"");
    assert_eq!(call.send().await.status, 200);
}

#[tokio::test]
async fn golden_record_is_read_at_its_cruid() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    let golden = app.get(&format!("/fhir/Patient/{cruid}")).await;
    assert_eq!(golden.status, 200);
    assert_eq!(golden.body["meta"]["tag"][0]["code"], GOLDEN_CODE);
    let link = json!([{ "other": { "reference": format!("Patient/{id}") }, "type": "seealso" }]);
    assert_eq!(golden.body["link"], link);
    assert!(golden.body.get("name").is_none(), "a golden record has no demographics");
}

#[tokio::test]
async fn withdrawn_record_is_gone_and_its_golden_record_readable() {
    let app = TestApp::start().await;
    let (first, cruid) = app.submit(amina("openmrs", "1")).await;
    let (second, _) = app.submit(amina("openmrs", "2")).await;

    let answer = app.delete(&format!("/fhir/Patient/{first}")).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(answer.cruid(), cruid, "the golden record lives on with the other");
    assert_eq!(app.get(&format!("/fhir/Patient/{first}")).await.refusal().0, 410);
    assert_eq!(app.get(&format!("/fhir/Patient/{first}")).await.refusal().1, "deleted");
    assert_eq!(app.delete(&format!("/fhir/Patient/{first}")).await.status, 204);

    let last = app.delete(&format!("/fhir/Patient/{second}")).await;
    assert_eq!(last.status, 204);
    assert!(last.header("locationcruid").is_none(), "nobody is there any more");
    let golden = app.get(&format!("/fhir/Patient/{cruid}")).await;
    assert_eq!((golden.status.as_u16(), &golden.body["active"]), (200, &json!(false)));
}

#[tokio::test]
async fn withdrawn_record_comes_back_with_a_new_submission() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    app.delete(&format!("/fhir/Patient/{id}")).await;
    let answer = app.post("/fhir/Patient", other("Amina", "Okello", "1")).await;
    assert_eq!((answer.status.as_u16(), answer.record()), (201, id.clone()));
    assert_eq!(app.get(&format!("/fhir/Patient/{id}")).await.status, 200);
}

#[tokio::test]
async fn moved_away_cruid_says_where_the_person_is() {
    let app = TestApp::start().await;
    let (_, cruid) = app.submit(amina("openmrs", "1")).await;
    let (lonely, old) = app.submit(other("Mina", "Okelo", "2").female()).await;
    assert_ne!(old, cruid);
    let answer = app.put(&format!("/fhir/Patient/{lonely}"), amina("openmrs", "2")).await;
    assert_eq!(answer.cruid(), cruid);
    let replaced = app.get(&format!("/fhir/Patient/{old}")).await;
    assert_eq!(replaced.status, 200);
    let link =
        json!([{ "other": { "reference": format!("Patient/{cruid}") }, "type": "replaced-by" }]);
    assert_eq!(replaced.body["link"], link);
}

#[tokio::test]
async fn unknown_patients_are_not_found() {
    let app = TestApp::start().await;
    for path in ["x", "x/_history", "x/_history/1", "not_an_id", "a%20b", "%ff", "x/_history/%ff"] {
        let answer = app.get(&format!("/fhir/Patient/{path}")).await;
        assert_eq!(answer.refusal().0, 404, "{path}");
    }
    assert_eq!(app.delete("/fhir/Patient/x").await.refusal(), (404, "not-found", ""));
    assert_eq!(app.get("/fhir/Patient/$match").await.refusal().1, "not-supported");
}

#[tokio::test]
async fn history_tells_every_version() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(other("Amina", "Okello", "1")).await;
    app.submit(other("Amina", "Okello", "1").born("1990")).await;
    app.delete(&format!("/fhir/Patient/{id}")).await;
    let history = app.get(&format!("/fhir/Patient/{id}/_history")).await;
    assert_eq!(history.body["type"], "history");
    assert_eq!(history.body["total"], 3);
    let methods: Vec<&str> = history.body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["request"]["method"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["DELETE", "PUT", "POST"]);
    assert!(history.body["entry"][0].get("resource").is_none());
    assert_eq!(history.body["entry"][1]["resource"]["birthDate"], "1990");
    assert_eq!(history.body["entry"][1]["response"]["etag"], "W/\"2\"");

    let path = format!("/fhir/Patient/{id}/_history");
    assert!(app.get(&format!("{path}/1")).await.body.get("birthDate").is_none());
    assert_eq!(app.get(&format!("{path}/2")).await.header("etag"), Some("W/\"2\""));
    assert_eq!(app.get(&format!("{path}/3")).await.refusal().0, 410);
    for version in ["0", "4", "x", "-1", "99999999999"] {
        assert_eq!(app.get(&format!("{path}/{version}")).await.refusal().0, 404, "{version}");
    }
    let golden = app.get(&format!("/fhir/Patient/{cruid}/_history")).await;
    assert_eq!(golden.body["total"], 2, "{golden:?}");
    let first = app.get(&format!("/fhir/Patient/{cruid}/_history/1")).await;
    assert_eq!(first.body["link"][0]["type"], "seealso");
}

#[tokio::test]
async fn history_turns_pages() {
    let app = TestApp::start().await;
    for year in 1990..1995 {
        app.submit(other("Amina", "Okello", "1").born(&year.to_string())).await;
    }
    let id = app.get("/fhir/Patient?family=okello").await.ids()[0].clone();
    let mut next = Some(format!("/fhir/Patient/{id}/_history?_count=2"));
    let mut years = Vec::new();
    while let Some(path) = next {
        let page = app.get(&path).await;
        assert_eq!((page.status.as_u16(), &page.body["total"]), (200, &json!(5)), "{page:?}");
        let entries = page.body["entry"].as_array().unwrap().clone();
        years.extend(entries.into_iter().map(|entry| entry["resource"]["birthDate"].clone()));
        next = page.link("next");
    }
    assert_eq!(json!(years), json!(["1994", "1993", "1992", "1991", "1990"]));
}

#[tokio::test]
async fn read_can_be_cut() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    let cut = app.get(&format!("/fhir/Patient/{id}?_elements=gender")).await.body;
    assert_eq!((&cut["gender"], cut.get("name")), (&json!("female"), None));
    let golden = app.get(&format!("/fhir/Patient/{cruid}?_elements=link")).await.body;
    assert_eq!(golden["meta"]["tag"][0]["code"], GOLDEN_CODE, "it stays the first tag");
    assert_eq!(golden["meta"]["tag"][1]["code"], "SUBSETTED");
    let pretty = app.get(&format!("/fhir/Patient/{id}?_pretty=true")).await;
    assert!(pretty.text.contains("\n  "));
}
