//! Moving from OpenCR: a made-up store comes over, and the server answers as OpenCR did.

mod flags;
mod old_ui;
mod server;

use std::{collections::BTreeSet, path::Path, process::Output};

use serde_json::{Value, json};

use crate::{
    commands::text,
    process::{Client, Server, opencr, run, verify},
    users::{DETAILS, sign_in},
};

const GOLDEN: &str = "5c827da5-4858-4f3d-a50c-62ece001efea";
const BASE: &str = "http://openclientregistry.org/fhir";
const BROKEN: &str = "http://clientregistry.org/brokenMatch";

fn source(number: usize, golden: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "id": format!("p{number}"),
        "meta": {
            "versionId": "3",
            "lastUpdated": format!("2024-02-{:02}T10:00:00.000+00:00", number % 28 + 1),
            "tag": [{"system": format!("{BASE}/clientid"), "code": "openmrs", "display": ""}]
        },
        "identifier": [{"system": "http://clientregistry.org/openmrs", "value": format!("n{number}")}],
        "name": [{"use": "official", "family": format!("Kintu{number}"), "given": ["Ada"]}],
        "gender": "female",
        "birthDate": "1980-02-03",
        "link": [{"other": {"reference": format!("Patient/{golden}")}, "type": "refer"}]
    })
}

fn golden(id: &str, kind: &str, links: &[String]) -> Value {
    let links: Vec<Value> = links
        .iter()
        .map(|id| json!({"other": {"reference": format!("Patient/{id}")}, "type": kind}))
        .collect();
    json!({
        "resourceType": "Patient", "id": id,
        "meta": {"lastUpdated": "2024-03-01T10:00:00.000+00:00",
            "tag": [{"code": GOLDEN, "display": "Golden Record"}]},
        "link": links
    })
}

fn person(id: &str, hash: &str) -> Value {
    let details: Vec<Value> = [
        ("username", "jane"),
        ("role", "deduplication"),
        ("password", hash),
        ("salt", "000102030405060708090a0b0c0d0e0f"),
    ]
    .iter()
    .map(|(url, value)| json!({"url": url, "valueString": value}))
    .collect();
    json!({"resourceType": "Person", "id": id, "extension": [{"url": DETAILS, "extension": details}]})
}

/// Thirty records, two by two in golden records; one broken pair, one record decided by a
/// person, one golden record that was replaced, one account.
fn resources() -> Vec<Value> {
    let mut all: Vec<Value> =
        (0..30).map(|number| source(number, &format!("g{}", number / 2))).collect();
    for (a, b) in [(0, 2), (2, 0)] {
        all[a]["extension"] =
            json!([{"url": BROKEN, "valueReference": {"reference": format!("Patient/p{b}")}}]);
    }
    let tags = all[4]["meta"]["tag"].as_array_mut().expect("tags");
    tags.push(json!({"system": format!("{BASE}/humanAdjudication"), "code": "humanAdjudication"}));
    for number in 0..15 {
        let members = [format!("p{}", number * 2), format!("p{}", number * 2 + 1)];
        all.push(golden(&format!("g{number}"), "seealso", &members));
    }
    all.push(golden("g99", "replaced-by", &["g98".to_owned()]));
    all.push(golden("g98", "replaced-by", &["g0".to_owned()]));
    let hash = include_str!("../../../server/src/people/password/opencr_hash.txt").trim();
    all.push(person("u1", hash));
    all
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file is written");
    path.display().to_string()
}

fn bundle(resources: &[Value]) -> String {
    let entries: Vec<Value> =
        resources.iter().map(|resource| json!({"resource": resource})).collect();
    json!({"resourceType": "Bundle", "type": "searchset", "entry": entries}).to_string()
}

fn lines(resources: &[Value]) -> String {
    resources.iter().map(|resource| format!("{resource}\n")).collect()
}

fn migrate(data: &Path, file: &str) -> Output {
    run(opencr().args(["migrate", "data", "--from", file, "--data"]).arg(data))
}

/// The parts of a Patient that a move must not change.
fn kept(patient: &Value) -> Value {
    let tags: BTreeSet<String> = patient["meta"]["tag"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| format!("{}|{}", tag["system"], tag["code"]))
        .collect();
    let members = ["identifier", "name", "gender", "birthDate", "extension", "link"];
    let rest: Vec<&Value> = members.iter().map(|member| &patient[*member]).collect();
    json!([tags, rest])
}

/// What the old UI gets, signed in.
fn ask(server: &Server, token: &str, path: &str) -> Value {
    let root = server.base().strip_suffix("/fhir").expect("the base ends so");
    let request = ureq::get(format!("{root}{path}"));
    let answer = request.header("authorization", format!("Bearer {token}")).call();
    let text = answer.expect("an answer").body_mut().read_to_string().expect("a text");
    serde_json::from_str(&text).expect("JSON")
}

fn check_answers(server: &Server) {
    let client = Client::new(server, "openmrs");
    for expected in resources().iter().filter(|resource| resource["resourceType"] == "Patient") {
        let id = expected["id"].as_str().expect("an id");
        let answer = client.get(&format!("/Patient/{id}")).expect("an answer");
        assert_eq!(answer.status, 200, "{id}");
        assert_eq!(kept(&answer.body), kept(expected), "{id}");
    }
    // The old UI's home list, record and golden record (contract 5.3, rows 8, 11, 13).
    let list = format!("/Patient?_count=10&_total=accurate&_tag:not={GOLDEN}");
    let list = client.get(&list).expect("an answer").body;
    assert_eq!((&list["total"], list["entry"].as_array().map(Vec::len)), (&json!(30), Some(10)));
    let record = client.get("/Patient?_elements=link,extension&_id=p0").expect("an answer").body;
    let record = &record["entry"][0]["resource"];
    assert_eq!(record["link"][0]["other"]["reference"], "Patient/g0");
    assert_eq!(record["extension"][0]["valueReference"]["reference"], "Patient/p2");
    let whole = client.get("/Patient?_include=Patient:link&_id=g0").expect("an answer").body;
    let ids: BTreeSet<&str> = whole["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["resource"]["id"].as_str())
        .collect();
    assert_eq!(ids, BTreeSet::from(["g0", "p0", "p1"]));
}

#[test]
fn store_of_opencr_comes_over_with_ids_links_pairs_and_accounts() {
    for (name, content) in [("all.json", bundle(&resources())), ("all.ndjson", lines(&resources()))]
    {
        let folder = tempfile::tempdir().unwrap();
        let (file, data) = (write(folder.path(), name, &content), folder.path().join("data"));
        let done = migrate(&data, &file);
        let told = text(&done.stdout);
        assert!(done.status.success(), "{told}{}", text(&done.stderr));
        assert!(told.contains("Found 30 source records, 17 golden records, 1 accounts."), "{told}");
        assert!(told.contains("30 source records, 2 golden records without members, 1 pairs"));
        assert_eq!(verify(&data), Ok(()));
        let again = migrate(&data, &file);
        let told = text(&again.stdout);
        assert!(again.status.success(), "{told}");
        assert!(told.contains("Written now: 0 source records, 0 golden"), "{told}");
        assert!(told.contains("0 accounts."), "{told}");

        let server = Server::start(&data);
        check_answers(&server);
        let (status, answer) = sign_in(&server, "jane", "made%20up");
        assert_eq!((status, &answer["userID"]), (200, &json!("u1")));
        server.stop();
        assert_eq!(verify(&data), Ok(()));
    }
}

#[test]
fn move_that_stopped_halfway_continues() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let all = resources();
    // What a run had written when it was killed: the first records, and nothing after them.
    let some: Vec<Value> = all[..9].iter().chain(&all[30..35]).cloned().collect();
    let first = migrate(&data, &write(folder.path(), "some.ndjson", &lines(&some)));
    // p9 is missing; that its golden record names it is no fault of a record that is there.
    assert!(text(&first.stdout).contains("9 source records"), "{}", text(&first.stdout));
    let rest = migrate(&data, &write(folder.path(), "all.ndjson", &lines(&all)));
    let told = text(&rest.stdout);
    assert!(rest.status.success(), "{told}");
    assert!(told.contains("Written now: 21 source records"), "{told}");
    assert_eq!(verify(&data), Ok(()));
}

#[test]
fn what_contradicts_itself_is_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut all = resources();
    all[6]["link"][0]["other"]["reference"] = json!("Patient/nowhere");
    all[8]["link"] = json!([all[8]["link"][0], all[10]["link"][0]]);
    all[12]["identifier"] = json!([{"system": "urn:other", "value": "secret-number"}]);
    all[14]["identifier"] = all[15]["identifier"].clone();
    all[16]["extension"] = json!([{"url": BROKEN, "valueReference": {"reference": "Patient/p17"}}]);
    let tags = all[18]["meta"]["tag"].as_array_mut().expect("tags");
    tags.push(json!({"system": format!("{BASE}/matchIssues"), "code": "potentialMatches"}));
    all.push(golden("g97", "replaced-by", &["nowhere".to_owned()]));
    all.push(person("u2", "0badc0de"));
    all.push(json!({"resourceType": "AuditEvent"}));
    all.push(json!({"resourceType": "DocumentReference", "id": "d1"}));
    let done = migrate(&data, &write(folder.path(), "all.json", &bundle(&all)));
    let told = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{told}");
    for expected in [
        "Patient/p6 is linked to Patient/nowhere, no golden record here",
        "Patient/p8 is linked to 2 golden records",
        "Patient/p12 cannot be taken: see Patient.identifier",
        "Patient/p15 has the identifier by which Patient/p14 is known already",
        "the broken match of Patient/p16 and Patient/p17: both are linked to one golden record",
        "the flag potentialMatches of Patient/p18",
        "Patient/g97 leads to no record",
        "the account of Person/u2: its password's hash or salt",
        "1 of AuditEvent: without an id",
        "1 of DocumentReference: this kind is not taken over",
        "0 differences",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!told.contains("secret-number") && !told.contains("Kintu"), "{told}");
    assert_eq!(verify(&data), Ok(()));
}

#[test]
fn half_a_file_and_a_registry_in_use_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refuse = |name: &str, content: &str, expected: &str| {
        let done = migrate(&data, &write(folder.path(), name, content));
        let error = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{error}");
        assert!(error.contains(expected) && !error.contains("Kintu"), "{error}");
        assert!(!data.exists());
    };
    let (whole, many) = (bundle(&resources()), lines(&resources()));
    refuse("half.json", &whole[..whole.len() / 2], "line 1 is not JSON");
    refuse("half.ndjson", &many[..many.len() - 20], "line 48 is not JSON");
    refuse("number.json", "7", "neither a resource nor a list");
    refuse("untyped.json", "{\"id\": \"a\"}", "no FHIR resource");
    let page = json!({"resourceType": "Bundle", "link": [{"relation": "next", "url": "x"}]});
    refuse("page.json", &page.to_string(), "a page of a search");

    let server = Server::start(&data);
    let client = Client::new(&server, "openmrs");
    let patient = source(0, "g0");
    let patient: Value = json!({
        "resourceType": "Patient", "identifier": patient["identifier"], "name": patient["name"]
    });
    assert_eq!(client.post("/Patient", &patient).expect("an answer").status, 201);
    server.stop();
    let done = migrate(&data, &write(folder.path(), "all.json", &whole));
    let error = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{error}");
    assert!(error.contains("the store is in use"), "{error}");
}
