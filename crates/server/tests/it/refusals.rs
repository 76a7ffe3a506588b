//! Requests that are refused, each with the right status, code and place.

use serde_json::json;
use testkit::person;

use crate::app::{TestApp, amina, other};

#[tokio::test]
async fn body_must_be_fhir_json() {
    let app = TestApp::start().await;
    let text = other("Amina", "Okello", "1").patient().to_string();
    for kind in [
        "text/plain",
        "application/xml",
        "application/fhir+xml",
        "",
        "application/json; charset=latin1",
        "application/fhir+json; fhirVersion=5.0",
    ] {
        let call = app.request("POST", "/fhir/Patient").body(kind, text.clone());
        assert_eq!(
            call.send().await.refusal(),
            (415, "not-supported", "http.Content-Type"),
            "{kind}"
        );
    }
    let call = app.request("POST", "/fhir/Patient").body("text/plain", text.clone());
    assert_eq!(call.without("content-type").send().await.refusal().0, 415);
    for kind in [
        "application/json",
        "application/json+fhir",
        "Application/FHIR+JSON",
        "application/fhir+json; charset=UTF-8; fhirVersion=4.0",
    ] {
        let call = app.request("POST", "/fhir/Patient").body(kind, text.clone());
        assert!(call.send().await.status.is_success(), "{kind}");
    }
}

#[tokio::test]
async fn answer_in_another_form_is_not_acceptable() {
    let app = TestApp::start().await;
    let call = app.request("GET", "/fhir/Patient").header("accept", "application/fhir+xml");
    assert_eq!(call.send().await.refusal(), (406, "not-supported", "http.Accept"));
    let answer = app.get("/fhir/Patient?_format=xml").await;
    assert_eq!(answer.refusal(), (406, "not-supported", "http._format"));
    let call = app.request("POST", "/fhir/Patient?_format=ttl");
    assert_eq!(call.json(other("Amina", "Okello", "1")).send().await.refusal().0, 406);
    assert_eq!(app.get("/fhir/Patient").await.body["total"], 0, "nothing was stored");
    assert_eq!(app.get("/fhir/metadata?_format=application/fhir+json").await.status, 200);
}

#[tokio::test]
async fn malformed_body_is_located_but_not_repeated() {
    let app = TestApp::start().await;
    for (text, code) in [
        ("", "invalid"),
        ("{\"secret\":", "invalid"),
        ("[\"secret\"]", "structure"),
        ("\"secret\"", "structure"),
        ("{\"resourceType\":\"Patient\",\"resourceType\":\"secret\"}", "structure"),
        ("{\"secret\":1}", "structure"),
    ] {
        let call = app.request("POST", "/fhir/Patient").body("application/json", text);
        let answer = call.send().await;
        assert_eq!((answer.refusal().0, answer.refusal().1), (400, code), "{text}");
        assert!(!answer.text.contains("secret"), "{answer:?}");
    }
    let call = app.request("POST", "/fhir/Patient");
    let answer = call.body("application/json", "{\n  \"a\": x}").send().await;
    assert!(answer.text.contains("line 2, column"), "{answer:?}");
    let call = app.request("POST", "/fhir/Patient").body("application/json", vec![0xff, 0xfe]);
    assert_eq!(call.send().await.refusal().0, 400);
}

#[tokio::test]
async fn body_over_the_limit_is_refused() {
    let app = TestApp::with(|settings, _| settings.body_max_bytes = 500).await;
    let long = other("Amina", &"x".repeat(600), "1").patient().to_string();
    let call = app.request("POST", "/fhir/Patient").body("application/json", long.clone());
    assert_eq!(call.send().await.refusal(), (413, "too-long", ""));
    let call = app.request("POST", "/fhir/Patient").body("application/json", long);
    let answer = call.header("content-length", "700").send().await;
    assert_eq!(answer.refusal().0, 413);
    assert_eq!(app.post("/fhir/Patient", other("Amina", "Okello", "1")).await.status, 201);
}

#[tokio::test]
async fn patient_without_known_identity_learns_the_known_systems() {
    let app = TestApp::start().await;
    for nobody in [
        person("Amina"),
        person("Amina").id("http://elsewhere", "1"),
        person("Amina").id("openmrs", "  "),
    ] {
        let answer = app.post("/fhir/Patient", nobody).await;
        assert!(answer.text.contains("http://clientregistry.org/dhis2"), "{answer:?}");
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn patient_that_breaks_r4_is_refused_with_every_place() {
    let app = TestApp::start().await;
    let broken = other("Amina", "Okello", "1").born("1990-13-01").with("gender", json!("f"));
    let answer = app.post("/fhir/Patient", broken).await;
    assert_eq!(answer.status, 400);
    let places: Vec<&str> = answer.body["issue"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|issue| issue["expression"][0].as_str())
        .collect();
    assert!(places.contains(&"Patient.birthDate") && places.contains(&"Patient.gender"));
    assert!(!answer.text.contains("1990-13-01"));
}

#[tokio::test]
async fn other_types_are_not_patients() {
    let app = TestApp::start().await;
    let person = json!({ "resourceType": "Person", "identifier": [] });
    assert_eq!(
        app.post("/fhir/Patient", person.clone()).await.refusal(),
        (400, "invalid", "resourceType")
    );
    for path in ["/fhir/Person", "/fhir/Person/x", "/fhir/Observation/1/_history"] {
        let answer = app.post(path, person.clone()).await;
        assert_eq!(answer.refusal(), (404, "not-supported", ""), "{path}");
        assert!(answer.text.contains("Supported: GET metadata"));
    }
}

#[tokio::test]
async fn id_of_another_record_is_refused() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    let thief = other("Okot", "Ladu", "2");
    let answer = app.put(&format!("/fhir/Patient/{id}"), thief.clone()).await;
    assert_eq!(answer.refusal(), (409, "conflict", "Patient.id"));
    let answer = app.post("/fhir/Patient", thief.clone().resource_id(&id)).await;
    assert_eq!(answer.refusal(), (409, "conflict", "Patient.id"));
    let answer = app.post("/fhir/Patient", thief.clone().resource_id(&cruid)).await;
    assert_eq!(answer.refusal(), (403, "forbidden", "Patient.id"));
    let answer = app.put(&format!("/fhir/Patient/{cruid}"), thief).await;
    assert_eq!(answer.refusal(), (403, "forbidden", "Patient.id"));
    assert_eq!(app.delete(&format!("/fhir/Patient/{cruid}")).await.refusal().0, 404);
    assert_eq!(app.get(&format!("/fhir/Patient/{id}")).await.header("etag"), Some("W/\"1\""));
}

#[tokio::test]
async fn ids_must_be_ids_and_agree() {
    let app = TestApp::start().await;
    let person = || other("Amina", "Okello", "1");
    let answer = app.put("/fhir/Patient/not_an_id", person()).await;
    assert_eq!((answer.refusal().0, answer.refusal().1), (400, "value"));
    let answer = app.put("/fhir/Patient/a", person().resource_id("b")).await;
    assert_eq!(answer.refusal(), (400, "invalid", "Patient.id"));
    let answer = app.post("/fhir/Patient", person().resource_id("Patient/x")).await;
    assert_eq!(answer.refusal().0, 400);
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_so() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/x",
        "/fhir/x",
        "/fhir/Patient/x/y",
        "/fhir//Patient",
        "/fhir/Patient/x/_history/1/2",
    ] {
        assert_eq!(app.get(path).await.refusal().0, 404, "{path}");
    }
    for (method, path, allowed) in [
        ("PATCH", "/fhir/Patient/x", "GET,HEAD,PUT,DELETE"),
        ("PUT", "/fhir", "GET,HEAD,POST"),
        ("GET", "/fhir/Patient/_search", "POST"),
        ("DELETE", "/fhir/metadata", "GET,HEAD"),
        ("POST", "/healthz", "GET,HEAD"),
        ("BREW", "/fhir/Patient", "GET,HEAD,POST,PUT,DELETE"),
    ] {
        let answer = app.request(method, path).send().await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, Some(allowed)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn operation_that_is_not_there_is_named_for_every_method() {
    let app = TestApp::start().await;
    for path in ["/fhir/Patient/$match", "/fhir/Patient/%24match/", "/fhir/Patient/x/$match"] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let answer = app.request(method, path).json(serde_json::json!({})).send().await;
            let (status, code, _) = answer.refusal();
            assert_eq!((status, code), (404, "not-supported"), "{method} {path}");
            assert!(answer.text.contains("the operation $match"), "{answer:?}");
            assert!(answer.header("allow").is_none_or(str::is_empty), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn compressed_body_is_refused_by_the_name_of_its_encoding() {
    let app = TestApp::start().await;
    let text = other("Amina", "Okello", "1").patient().to_string();
    for (encoding, named) in [("gzip", "gzip"), ("BR", "br"), ("secret", "(another)")] {
        let call = app.request("POST", "/fhir/Patient").body("application/json", text.clone());
        let answer = call.header("content-encoding", encoding).send().await;
        assert_eq!(answer.refusal(), (415, "not-supported", "http.Content-Encoding"));
        assert!(answer.text.contains(named), "{answer:?}");
        assert!(!answer.text.contains("secret"), "{answer:?}");
    }
    let form = "application/x-www-form-urlencoded";
    let call = app.request("POST", "/fhir/Patient/_search").body(form, vec![0x1f, 0x8b]);
    assert_eq!(call.header("content-encoding", "gzip").send().await.refusal().0, 415);
    let call = app.request("POST", "/fhir/Patient").body("application/json", text);
    assert_eq!(call.header("content-encoding", "identity").send().await.status, 201);
}

#[tokio::test]
async fn if_match_is_one_version() {
    let app = TestApp::start().await;
    app.submit(other("Amina", "Okello", "1").resource_id("a")).await;
    for value in ["\"1\", \"2\"", "*"] {
        let call = app.request("PUT", "/fhir/Patient/a").header("if-match", value);
        let answer = call.json(other("Amina", "Okello", "1").born("1990")).send().await;
        assert_eq!(answer.refusal(), (400, "value", "http.If-Match"), "{value}");
        assert!(answer.text.contains("one version"), "{answer:?}");
    }
}

#[tokio::test]
async fn each_answer_can_be_asked_about() {
    let app = TestApp::start().await;
    let answer = app.request("GET", "/fhir/nothing").header("x-request-id", "abc-1").send().await;
    assert!(answer.header("x-request-id").is_some_and(|id| id != "abc-1"));
    assert_eq!(answer.header("x-correlation-id"), Some("abc-1"));
    let answer = app.request("GET", "/fhir/Patient").header("x-request-id", "a b").send().await;
    assert!(answer.header("x-correlation-id").is_none());
}

#[tokio::test]
async fn twice_given_condition_is_refused() {
    let app = TestApp::start().await;
    let call = app
        .request("PUT", "/fhir/Patient/a")
        .header("if-match", "W/\"1\"")
        .raw_header(http::header::IF_MATCH, http::HeaderValue::from_static("W/\"2\""));
    assert_eq!(call.json(other("Amina", "Okello", "1")).send().await.refusal().0, 400);
}
