//! Creating and updating one source record (R4 http.html#create, #update; contract 1.6).

use serde_json::json;
use testkit::person;

use crate::app::{GOLDEN_CODE, TestApp, amina, other};

#[tokio::test]
async fn new_record_is_created_with_both_locations() {
    let app = TestApp::start().await;
    let answer = app.post("/fhir/Patient", amina("openmrs", "1")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let (id, cruid) = (answer.record(), answer.cruid());
    assert_ne!(id, cruid);
    assert_eq!(answer.body["id"], json!(id), "the id in the body is bare");
    assert_eq!(answer.body["name"][0]["family"], "Okello");
    assert_eq!(answer.body["meta"]["versionId"], "1");
    assert_eq!(answer.header("etag"), Some("W/\"1\""));
    assert!(answer.header("last-modified").unwrap().ends_with("GMT"));
    let link = json!([{ "other": { "reference": format!("Patient/{cruid}") }, "type": "refer" }]);
    assert_eq!(answer.body["link"], link);
    let tag = &answer.body["meta"]["tag"][0];
    assert_eq!(tag["system"], "http://openclientregistry.org/fhir/clientid");
    assert_eq!((&tag["code"], &tag["display"]), (&json!("openmrs"), &json!("OpenMRS")));
}

#[tokio::test]
async fn one_person_from_two_systems_gets_one_cruid() {
    let app = TestApp::start().await;
    let (first, cruid) = app.submit(amina("openmrs", "1")).await;
    let call = app.request("POST", "/fhir/Patient").client("dhis2");
    let answer = call.json(amina("dhis2", "x-9")).send().await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.cruid(), cruid);
    assert_ne!(answer.record(), first);
    let (_, stranger) = app.submit(other("Okot", "Ladu", "2")).await;
    assert_ne!(stranger, cruid);
}

#[tokio::test]
async fn known_identity_is_updated_also_by_post() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    let changed = amina("openmrs", "1").born("1990-02-12");
    let answer = app.post("/fhir/Patient", changed).await;
    assert_eq!((answer.status.as_u16(), answer.record(), answer.cruid()), (200, id, cruid));
    assert_eq!(answer.header("etag"), Some("W/\"2\""));
    assert_eq!(answer.body["birthDate"], "1990-02-12");
}

#[tokio::test]
async fn same_content_again_changes_nothing() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(amina("openmrs", "1")).await;
    let answer = app.put(&format!("/fhir/Patient/{id}"), amina("openmrs", "1")).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("W/\"1\"")));
}

#[tokio::test]
async fn update_replaces_what_the_source_owns() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(amina("openmrs", "1").phone("0701")).await;
    let answer = app.put(&format!("/fhir/Patient/{id}"), other("Amina", "Okello", "1")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.get("telecom").is_none(), "what is dropped is gone: {answer:?}");
}

#[tokio::test]
async fn client_chooses_the_id_by_url_or_body() {
    let app = TestApp::start().await;
    let answer = app.put("/fhir/Patient/uuid-1", other("Amina", "Okello", "1")).await;
    assert_eq!((answer.status.as_u16(), answer.record().as_str()), (201, "uuid-1"));
    let with_id = other("Okot", "Ladu", "2").resource_id("uuid-2");
    let answer = app.post("/fhir/Patient", with_id).await;
    assert_eq!((answer.status.as_u16(), answer.record().as_str()), (201, "uuid-2"));
}

#[tokio::test]
async fn whole_resource_comes_back() {
    let app = TestApp::start().await;
    let extension = json!([{ "url": "http://x", "valueDecimal": 1.5 }]);
    let sent = other("Amina", "Okello", "1")
        .with("extension", extension.clone())
        .with("_birthDate", json!({ "extension": [{ "url": "http://y", "valueCode": "z" }] }))
        .with("managingOrganization", json!({ "display": "Clinic" }));
    let (id, _) = app.submit(sent).await;
    let read = app.get(&format!("/fhir/Patient/{id}")).await.body;
    assert_eq!(read["extension"], extension);
    assert_eq!(read["_birthDate"]["extension"][0]["valueCode"], "z");
    assert_eq!(read["managingOrganization"]["display"], "Clinic");
}

#[tokio::test]
async fn decimals_keep_their_digits() {
    let app = TestApp::start().await;
    let text = other("Amina", "Okello", "1").with("extension", json!([])).patient().to_string();
    let text = text.replace("[]", r#"[{"url":"http://x","valueDecimal":1.10}]"#);
    let call = app.request("POST", "/fhir/Patient").body("application/json", text);
    assert!(call.send().await.text.contains("1.10"));
}

#[tokio::test]
async fn forged_registry_facts_are_not_taken() {
    let app = TestApp::start().await;
    let forged = amina("openmrs", "1")
        .tag("http://openclientregistry.org/fhir/clientid", "dhis2")
        .tag("http://openclientregistry.org/fhir/humanAdjudication", "humanAdjudication")
        .tag("http://elsewhere", GOLDEN_CODE)
        .tag("http://clinic.example", "vip")
        .with("link", json!([{ "other": { "reference": "Patient/evil" }, "type": "refer" }]))
        .with(
            "extension",
            json!([{
                "url": "http://clientregistry.org/brokenMatch",
                "valueReference": { "reference": "Patient/victim" }
            }]),
        );
    let answer = app.post("/fhir/Patient", forged).await;
    assert_eq!(answer.status, 201);
    let codes: Vec<&str> = answer.body["meta"]["tag"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|tag| tag["code"].as_str())
        .collect();
    assert_eq!(codes, ["openmrs", "vip"]);
    assert_eq!(answer.body["link"].as_array().unwrap().len(), 1);
    assert!(!answer.text.contains("evil") && !answer.text.contains("victim"));
}

#[tokio::test]
async fn update_cannot_wipe_registry_facts() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    let bare = amina("openmrs", "1").phone("2").with("meta", json!({ "source": "urn:x" }));
    let answer = app.put(&format!("/fhir/Patient/{id}"), bare).await;
    assert_eq!(answer.body["meta"]["tag"][0]["code"], "openmrs");
    let reference = json!(format!("Patient/{}", answer.cruid()));
    assert_eq!(answer.body["link"][0]["other"]["reference"], reference);
    assert_eq!(answer.cruid(), cruid);
}

#[tokio::test]
async fn client_says_what_the_answer_holds() {
    let app = TestApp::start().await;
    let ask = |prefer: &'static str, id: &'static str| {
        let call = app.request("POST", "/fhir/Patient").header("prefer", prefer);
        call.json(other("Amina", "Okello", id)).send()
    };
    let minimal = ask("return=minimal", "1").await;
    assert_eq!((minimal.status.as_u16(), minimal.text.as_str()), (201, ""));
    assert!(!minimal.record().is_empty() && !minimal.cruid().is_empty());
    let outcome = ask("return=OperationOutcome", "2").await;
    assert_eq!(outcome.body["resourceType"], "OperationOutcome");
    assert_eq!(outcome.body["issue"][0]["severity"], "information");
    let whole = ask("handling=lenient, return=representation", "3").await;
    assert_eq!(whole.body["resourceType"], "Patient");
}

#[tokio::test]
async fn only_the_named_version_is_updated() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Amina", "Okello", "1")).await;
    let path = format!("/fhir/Patient/{id}");
    let update = |tag: &'static str, born: &str| {
        let person = other("Amina", "Okello", "1").born(born);
        app.request("PUT", &path).header("if-match", tag).json(person).send()
    };
    assert_eq!(update("W/\"1\"", "1990").await.status, 200);
    let stale = update("W/\"1\"", "1991").await;
    assert_eq!(stale.refusal(), (412, "conflict", "http.If-Match"));
    assert_eq!(update("\"2\"", "1991").await.status, 200);
    assert_eq!(update("W/\"x\"", "1992").await.refusal().0, 400);
    let absent = other("Okot", "Ladu", "2");
    let call = app.request("PUT", "/fhir/Patient/none").header("if-match", "W/\"1\"");
    assert_eq!(call.json(absent).send().await.refusal().0, 412);
}

#[tokio::test]
async fn put_with_if_none_match_only_creates() {
    let app = TestApp::start().await;
    let put = || {
        let call = app.request("PUT", "/fhir/Patient/a").header("if-none-match", "*");
        call.json(other("Amina", "Okello", "1")).send()
    };
    assert_eq!(put().await.status, 201);
    assert_eq!(put().await.refusal(), (412, "conflict", "http.If-None-Match"));
}

#[tokio::test]
async fn identity_moves_between_ids_of_one_record_only() {
    let app = TestApp::start().await;
    app.put("/fhir/Patient/a", other("Amina", "Okello", "1")).await;
    // The identity is known: its record is updated, wherever the sender thought it was.
    let answer = app.put("/fhir/Patient/b", other("Amina", "Okello", "1").born("1990")).await;
    assert_eq!((answer.status.as_u16(), answer.record().as_str()), (200, "a"));
    assert_eq!(app.get("/fhir/Patient/b").await.status, 404);
}

#[tokio::test]
async fn person_without_names_is_taken() {
    let app = TestApp::start().await;
    let nameless = person("x").without("name").id("lims", "7");
    assert_eq!(app.post("/fhir/Patient", nameless).await.status, 201);
}
