//! Searching Patients (R4 search.html; IHE PDQm ITI-78; contract 2.10).

use std::collections::BTreeSet;

use serde_json::json;

use crate::app::{GOLDEN_CODE, TestApp, amina, other};

/// Five made-up people and their golden records.
async fn people() -> TestApp {
    let app = TestApp::start().await;
    let address = json!([{ "line": ["Plot 4"], "city": "Gulu", "country": "UG",
        "postalCode": "256", "state": "North", "use": "home" }]);
    for person in [
        amina("openmrs", "1").resource_id("amina").with("address", address),
        other("José", "Ladu", "2").resource_id("jose").male().born("1985-06-01"),
        other("Josephine", "Ladu", "3").resource_id("josephine").female().born("1985"),
        other("Okot", "O'Neill", "4").resource_id("okot").male().born("2001-12-31"),
        other("Akello", "Ladu-Obwoya", "5").resource_id("akello").tag("http://x", "csv-1"),
    ] {
        app.submit(person).await;
    }
    app
}

/// Source records only, by their ids.
async fn check(app: &TestApp, query: &str, expected: &[&str]) {
    let answer = app.get(&format!("/fhir/Patient?_tag:not={GOLDEN_CODE}&{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    assert_eq!(answer.ids(), expected, "{query}");
    assert_eq!(answer.body["total"], json!(expected.len()), "{query}");
}

#[tokio::test]
async fn each_parameter_finds_what_it_names() {
    let app = people().await;
    for (query, expected) in [
        ("_id=jose", &["jose"][..]),
        ("_id=Patient/jose,Patient/okot,x", &["jose", "okot"]),
        ("identifier=http://clientregistry.org/openmrs|2", &["jose"]),
        ("identifier=2", &["jose"]),
        ("identifier=http://clientregistry.org/dhis2|2", &[]),
        ("family=ladu", &["jose", "josephine", "akello"]),
        ("family=LADU&family:exact=Ladu", &["jose", "josephine"]),
        ("family:contains=obw", &["akello"]),
        ("family=O%27Neill", &["okot"]),
        ("given=jos", &["jose", "josephine"]),
        ("given:exact=Jos%C3%A9", &["jose"]),
        ("given=jose&family=ladu", &["jose", "josephine"]),
        ("name=akello", &["akello"]),
        ("birthdate=1990-02-11", &["amina"]),
        ("birthdate=1985", &["jose", "josephine"]),
        ("birthdate=gt2000", &["okot"]),
        ("birthdate=ge1985&birthdate=lt1986", &["jose", "josephine"]),
        ("gender=male", &["jose", "okot"]),
        ("gender=male,female&family=ladu", &["jose", "josephine"]),
        ("telecom=0772000111", &["amina"]),
        ("phone=0772000111", &["amina"]),
        ("address=plot", &["amina"]),
        ("address-city=gulu", &["amina"]),
        ("address-country=ug&address-state=north&address-postalcode=256", &["amina"]),
        ("_tag=http://x|csv-1", &["akello"]),
        ("_tag=csv-1", &["akello"]),
        ("_tag:not=csv-1", &["amina", "jose", "josephine", "okot"]),
        ("_lastUpdated=gt2020", &["amina", "jose", "josephine", "okot", "akello"]),
        ("_lastUpdated=lt2020", &[]),
        ("family=nobody", &[]),
        ("_sort=-birthdate&_id=jose,okot,amina", &["okot", "amina", "jose"]),
        ("_sort=family,-given&gender=male,female", &["josephine", "jose", "okot", "amina"]),
    ] {
        check(&app, query, expected).await;
    }
}

#[tokio::test]
async fn golden_records_are_found_by_tag_and_link() {
    let app = people().await;
    let cruid = app.post("/fhir/Patient", amina("dhis2", "d1")).await.cruid();
    let goldens = app.get(&format!("/fhir/Patient?_tag={GOLDEN_CODE}")).await;
    assert_eq!(goldens.body["total"], 5);
    for link in [cruid.clone(), format!("Patient/{cruid}")] {
        let linked = app.get(&format!("/fhir/Patient?link={link}")).await;
        assert_eq!(linked.body["total"], 2);
    }
    let golden = app.get("/fhir/Patient?link=amina").await;
    assert_eq!(golden.ids(), [cruid]);
}

#[tokio::test]
async fn answer_is_a_searchset() {
    let app = people().await;
    let answer = app.get("/fhir/Patient?family=ladu&gender=female&foo=bar").await;
    assert_eq!((&answer.body["type"], &answer.body["total"]), (&json!("searchset"), &json!(1)));
    let entry = &answer.body["entry"][0];
    assert_eq!(entry["fullUrl"], "http://registry.test/fhir/Patient/josephine");
    assert_eq!(entry["search"]["mode"], "match");
    let own = answer.link("self").unwrap();
    assert_eq!(own, "/fhir/Patient?family=ladu&gender=female", "unknown parameters are left out");
    let empty = app.get("/fhir/Patient?family=nobody").await;
    assert_eq!((&empty.body["total"], &empty.body["entry"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn form_searches_like_the_url() {
    let app = people().await;
    let form = "application/x-www-form-urlencoded";
    let call = app.request("POST", "/fhir/Patient/_search?family=ladu");
    let answer = call.body(form, "gender=female&given=jos").send().await;
    assert_eq!(answer.ids(), ["josephine"]);
    let call = app.request("POST", "/fhir/Patient/_search").body("text/plain", "family=ladu");
    assert_eq!(call.send().await.refusal().0, 415);
    let call = app.request("POST", "/fhir/Patient/_search/").body(form, "family=%ff");
    assert_eq!(call.send().await.refusal().0, 400);
    let call = app.request("POST", "/fhir/Patient/_search").body(form, "_format=xml");
    assert_eq!(call.send().await.refusal().0, 406);
}

#[tokio::test]
async fn count_alone_gives_the_total() {
    let app = people().await;
    for query in ["_summary=count", "_count=0"] {
        let answer = app.get(&format!("/fhir/Patient?family=ladu&{query}")).await;
        assert_eq!((&answer.body["total"], &answer.body["entry"]), (&json!(3), &json!([])));
        assert!(answer.link("next").is_none());
    }
}

#[tokio::test]
async fn strict_handling_refuses_unknown_parameters() {
    let app = people().await;
    let path = "/fhir/Patient?family=ladu&foo=bar&b%20z=1";
    let answer = app.request("GET", path).header("prefer", "handling=strict").send().await;
    assert_eq!(answer.refusal(), (400, "not-supported", "http.foo"));
    assert!(!answer.text.contains("b z"));
    let call = app.request("GET", "/fhir/Patient?family=ladu&_count=1&_format=json");
    assert_eq!(call.header("prefer", "handling=strict").send().await.status, 200);
}

#[tokio::test]
async fn values_that_cannot_be_read_are_refused_without_repeating_them() {
    let app = people().await;
    for query in [
        "birthdate=secret",
        "_sort=secret",
        "_count=secret",
        "family:secret=x",
        "_summary=secret",
        "family=%ff",
    ] {
        let answer = app.get(&format!("/fhir/Patient?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(!answer.text.contains("secret"), "{answer:?}");
    }
}

#[tokio::test]
async fn all_pages_together_hold_everyone_once() {
    let app = TestApp::start().await;
    for number in 0..23 {
        app.submit(other("Amina", "Okello", &number.to_string())).await;
    }
    let mut next = Some("/fhir/Patient?family=okello&given=amina&_count=5".to_owned());
    let (mut ids, mut pages, mut last) = (Vec::new(), 0, None);
    while let Some(path) = next {
        let page = app.get(&path).await;
        assert_eq!((page.status.as_u16(), &page.body["total"]), (200, &json!(23)), "{page:?}");
        if pages > 0 {
            assert!(path.starts_with("/fhir?_getpages="), "{path}");
            assert!(!path.contains("okello") && !path.contains("amina"), "{path}");
            assert_eq!(
                page.link("first").unwrap(),
                "/fhir/Patient?family=okello&given=amina&_count=5"
            );
        }
        ids.extend(page.ids());
        pages += 1;
        next = page.link("next");
        last = page.link("previous");
    }
    assert_eq!((pages, ids.len()), (5, 23));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 23);
    let before = app.get(&last.unwrap()).await;
    assert_eq!(before.ids(), ids[15..20]);
    let slashed = before.link("next").unwrap().replace("/fhir?", "/fhir/?");
    assert_eq!(app.get(&slashed).await.ids(), ids[20..]);
}

#[tokio::test]
async fn page_link_belongs_to_its_client_and_process() {
    let app = people().await;
    let next = app.get("/fhir/Patient?_count=2").await.link("next").unwrap();
    assert_eq!(app.get(&next).await.status, 200);
    let foreign = app.request("GET", &next).client("dhis2").send().await;
    assert_eq!(foreign.refusal(), (410, "expired", "http._getpages"));
    assert_eq!(people().await.get(&next).await.refusal().0, 410);
    for bad in ["", "?_getpages=", "?_getpages=x", "?_getpages=!!!", "?_count=2"] {
        assert_eq!(app.get(&format!("/fhir{bad}")).await.status, 400, "{bad}");
    }
    assert_eq!(app.get(&next.replace("_count=2", "_count=x")).await.status, 400);
}

#[tokio::test]
async fn page_size_has_a_bound() {
    let app = TestApp::with(|settings, _| settings.search.count_max = 2).await;
    for number in 0..3 {
        app.submit(other("Amina", "Okello", &number.to_string())).await;
    }
    let page = app.get("/fhir/Patient?family=okello&_count=1000").await;
    assert_eq!(page.ids().len(), 2);
    assert!(page.link("self").unwrap().contains("_count=2"));
}

#[tokio::test]
async fn include_brings_linked_patients_once() {
    let app = TestApp::start().await;
    let (first, cruid) = app.submit(amina("openmrs", "1")).await;
    let (second, _) = app.submit(amina("dhis2", "2")).await;
    let modes = |answer: &crate::app::Answer| -> Vec<(String, String)> {
        let entries = answer.body["entry"].as_array().unwrap().clone();
        let pair = |entry: serde_json::Value| {
            let id = entry["resource"]["id"].as_str().unwrap().to_owned();
            (id, entry["search"]["mode"].as_str().unwrap().to_owned())
        };
        entries.into_iter().map(pair).collect()
    };
    let of = |id: &str, mode: &str| (id.to_owned(), mode.to_owned());

    let both = app.get("/fhir/Patient?family=okello&_include=Patient:link").await;
    assert_eq!(modes(&both), [of(&first, "match"), of(&second, "match"), of(&cruid, "include")]);
    assert_eq!(both.body["total"], 2, "includes do not count");

    let golden = app.get(&format!("/fhir/Patient?_id={cruid}&_include=Patient:link")).await;
    let mut found = modes(&golden);
    assert_eq!(found.remove(0), of(&cruid, "match"));
    found.sort();
    let mut expected = [of(&first, "include"), of(&second, "include")];
    expected.sort();
    assert_eq!(found, expected);

    for modifier in ["iterate", "recurse"] {
        let path = format!("/fhir/Patient?_id={first}&_include:{modifier}=Patient:link");
        let all = app.get(&path).await;
        assert_eq!(
            modes(&all),
            [of(&first, "match"), of(&cruid, "include"), of(&second, "include")]
        );
    }
}

#[tokio::test]
async fn elements_are_cut_and_marked() {
    let app = people().await;
    let answer = app.get("/fhir/Patient?_id=amina&_elements=link,extension").await;
    let resource = &answer.body["entry"][0]["resource"];
    assert!(resource.get("link").is_some() && resource.get("name").is_none());
    let tags = resource["meta"]["tag"].as_array().unwrap();
    assert_eq!(tags.last().unwrap()["code"], "SUBSETTED");
    let summary = app.get("/fhir/Patient?_id=amina&_summary=true").await;
    assert!(summary.body["entry"][0]["resource"].get("name").is_some());
}

#[tokio::test]
async fn links_follow_the_configured_url_or_a_well_formed_host() {
    let app = TestApp::start().await;
    for (host, expected) in [
        ("mpi.example:8080", "http://mpi.example:8080/fhir/Patient"),
        ("evil/path", "/fhir/Patient"),
        ("a b", "/fhir/Patient"),
    ] {
        let call = app.request("GET", "/fhir/Patient").header("host", host);
        let call = call.header("x-forwarded-host", "evil.example");
        assert_eq!(call.send().await.link("self").unwrap(), expected);
    }
    let app = TestApp::with(|settings, _| {
        settings.base_url = Some("https://mpi.example.org/".to_owned());
    });
    let own = app.await.get("/fhir/Patient?family=x").await.link("self").unwrap();
    assert_eq!(own, "https://mpi.example.org/fhir/Patient?family=x");
}
