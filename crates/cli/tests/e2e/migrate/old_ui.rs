//! The requests of OpenCR's web UI (contract 5.3) get from the moved registry what they got from
//! OpenCR: lists, records, golden records, history, worklists and users.

use super::*;

const NAMES: &str = "submittedResource,breakTo,breakFrom,unBreak,unBreakFromResource";

fn entity(name: &str, id: &str) -> Value {
    json!({"name": name, "what": {"reference": format!("Patient/{id}")}})
}

fn event(id: &str, at: &str, subtype: Value, entities: &[Value]) -> Value {
    json!({
        "resourceType": "AuditEvent", "id": id, "recorded": at, "action": "U",
        "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110110"},
        "subtype": subtype, "outcome": "0", "outcomeDesc": "Success",
        "agent": [{"requestor": true, "altId": "jane", "network": {"address": "10.1.2.3", "type": "2"}}],
        "source": {"type": [{"code": "4"}]}, "entity": entities
    })
}

/// What OpenCR wrote down: a submission, a break, and an unbreak in its odd shape (contract 2.5).
fn history() -> Vec<Value> {
    let system = "http://hl7.org/fhir/restful-interaction";
    let code = |code: &str| json!({"system": system, "code": code});
    let mut submitted = entity("submittedResource", "p0");
    submitted["detail"] = json!([
        {"type": "resource", "valueString": "{\"resourceType\":\"Patient\"}"},
        {"type": "match", "valueBase64Binary": "eyJydWxlIjp7fX0="}
    ]);
    vec![
        event(
            "e1",
            "2024-02-01T10:00:00.000Z",
            json!([code("create")]),
            &[entity("CRUID", "g0"), submitted],
        ),
        event(
            "e2",
            "2024-02-02T10:00:00.000Z",
            json!([code("update")]),
            &[entity("break", "p0"), entity("oldCRUID", "g0"), entity("breakFrom", "p2")],
        ),
        event(
            "e3",
            "2024-02-03T10:00:00.000Z",
            code("update"),
            &[
                entity("unBreak", "p0"),
                entity("unBreakFromCRUID", "g0"),
                entity("unBreakFromResource", "p2"),
            ],
        ),
        event("e4", "2024-02-04T10:00:00.000Z", json!([code("update")]), &[]),
    ]
}

fn moved(folder: &Path) -> (std::path::PathBuf, String) {
    let mut all = resources();
    all.extend(history());
    let (file, data) = (write(folder, "all.ndjson", &lines(&all)), folder.join("data"));
    let done = migrate(&data, &file);
    let told = text(&done.stdout);
    assert!(done.status.success(), "{told}{}", text(&done.stderr));
    assert!(told.contains("4 audit events"), "{told}");
    (data, file)
}

fn entries(bundle: &Value) -> Vec<&Value> {
    let entries = bundle["entry"].as_array().expect("always a list");
    entries.iter().map(|entry| &entry["resource"]).collect()
}

#[test]
fn old_ui_gets_from_the_moved_registry_what_it_got_from_opencr() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = moved(folder.path());
    let again = text(&migrate(&data, &file).stdout);
    assert!(again.contains("0 audit events"), "{again}");
    let server = Server::start(&data);
    let token =
        sign_in(&server, "jane", "made%20up").1["token"].as_str().expect("a token").to_owned();
    let get = |path: &str| ask(&server, &token, path);
    // 7 and 8: the columns, and all records in pages, none of them golden.
    let columns = get("/ocrux/fhir/Basic/patientdisplaypage");
    assert_eq!(columns["resourceType"], "Basic");
    let mut seen = BTreeSet::new();
    let first = format!("/ocrux/fhir/Patient?_count=10&_total=accurate&_tag:not={GOLDEN}");
    let mut page = get(&first);
    loop {
        assert_eq!(page["total"], 30);
        for patient in entries(&page) {
            let id = patient["id"].as_str().expect("an id");
            let expected = resources().into_iter().find(|one| one["id"] == id).expect("a record");
            assert_eq!(kept(patient), kept(&expected), "{id}");
            assert!(seen.insert(id.to_owned()));
        }
        // 9: its next page is at the base.
        let links = page["link"].as_array().expect("links").clone();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        let query = next["url"].as_str().and_then(|url| url.split_once('?')).expect("a query").1;
        page = get(&format!("/ocrux/fhir?{query}"));
    }
    assert_eq!(seen.len(), 30);
    // 10: the value set of a filter.
    let genders = get("/ocrux/fhir/ValueSet/administrative-gender/$expand");
    assert!(genders["expansion"]["contains"].as_array().is_some_and(|list| list.len() == 4));
    // 11 to 13: a record, its broken pair, and its golden record with all members.
    let record = get("/ocrux/fhir/Patient?_elements=link,extension&_id=p0");
    let record = entries(&record)[0];
    assert_eq!(record["link"][0]["other"]["reference"], "Patient/g0");
    assert_eq!(record["extension"][0]["valueReference"]["reference"], "Patient/p2");
    let pair = get("/ocrux/fhir/Patient?_id=p0,p2");
    assert_eq!(entries(&pair).len(), 2);
    let golden = get("/ocrux/fhir/Patient?_include=Patient:link&_id=g0");
    let ids: BTreeSet<&str> =
        entries(&golden).iter().filter_map(|patient| patient["id"].as_str()).collect();
    assert_eq!(ids, BTreeSet::from(["g0", "p0", "p1"]));
    // 17 to 19: the worklists are empty, as they were.
    assert_eq!(get("/ocrux/match/get-match-issues"), json!([]));
    assert_eq!(get("/ocrux/match/get-new-auto-matches"), json!([]));
    let matrix = get("/ocrux/match/potential-matches/p0");
    assert_eq!((&matrix[0]["id"], &matrix[0]["uid"]), (&json!("p0"), &json!("g0")));
    server.stop();
}

#[test]
fn history_tab_shows_what_opencr_wrote_and_what_came_after() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = moved(folder.path());
    let server = Server::start(&data);
    let token =
        sign_in(&server, "jane", "made%20up").1["token"].as_str().expect("a token").to_owned();
    let history_of = |id: &str| {
        let query = format!("entity={id}&entity-name={NAMES}&_sort=-_lastUpdated");
        ask(&server, &token, &format!("/ocrux/fhir/AuditEvent?{query}"))
    };
    let ids = |bundle: &Value| -> Vec<String> {
        entries(bundle).iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
    };
    // 14, with all that the tab reads of an event (contract 5.4).
    let shown = history_of("p0");
    let archived: Vec<&Value> = entries(&shown)
        .into_iter()
        .filter(|one| one["meta"]["tag"][0]["code"] == "archived")
        .collect();
    assert_eq!(archived.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ["e3", "e2", "e1"]);
    for event in &archived {
        assert!(event["subtype"].is_array() && event["entity"].is_array(), "{event}");
        assert!(event["recorded"].is_string() && event["outcome"] == "0", "{event}");
        assert_eq!(event["agent"][0]["altId"], "jane");
    }
    let expected = history().remove(0);
    assert_eq!(archived[2]["entity"], expected["entity"]);
    assert!(ids(&history_of("p2")).contains(&"e2".to_owned()));
    assert!(!ids(&history_of("p1")).iter().any(|id| id.starts_with('e')));
    server.stop();

    // They move on with the registry.
    let copy = folder.path().join("copy.sqlite");
    let url = |path: &Path| format!("sqlite:{}", path.display());
    let (from, to) = (url(&data.join("opencr.sqlite")), url(&copy));
    let copied = run(opencr().args(["store", "copy", "--from", &from, "--to", &to]));
    let told = text(&copied.stdout);
    assert!(told.contains("4 archived ones") && told.contains("equal"), "{told}");
    let backup = folder.path().join("backup");
    let made = run(opencr().args(["backup", "--to"]).arg(&backup).arg("--data").arg(&data));
    assert!(text(&made.stdout).contains("4 archived ones"), "{}", text(&made.stderr));
    let restored = folder.path().join("restored");
    let done = run(opencr().arg("restore").arg(&backup).arg("--data").arg(&restored));
    assert!(done.status.success(), "{}", text(&done.stderr));
    let compared = run(opencr().args(["verify", "--compare", &from, "--data"]).arg(&restored));
    assert!(text(&compared.stdout).contains("equal"), "{}", text(&compared.stdout));
    // A store that lacks one is not equal.
    let other = folder.path().join("other");
    migrate(&other, &write(folder.path(), "few.ndjson", &lines(&resources())));
    let compared = run(opencr().args(["verify", "--compare", &from, "--data"]).arg(&other));
    assert!(text(&compared.stdout).contains("archived events"), "{}", text(&compared.stdout));
}

#[test]
fn users_of_opencr_are_listed_for_administrators() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = resources();
    let mut root = all.last().cloned().expect("the account");
    root["id"] = json!("u0");
    root["name"] = json!([{"given": ["Ro", "Ot"], "family": "Admin"}]);
    for part in root["extension"][0]["extension"].as_array_mut().expect("parts") {
        match part["url"].as_str() {
            Some("username") => part["valueString"] = json!("root"),
            Some("role") => part["valueString"] = json!("admin"),
            _ => {}
        }
    }
    all.push(root);
    let data = folder.path().join("data");
    let done = migrate(&data, &write(folder.path(), "all.ndjson", &lines(&all)));
    assert!(done.status.success(), "{}", text(&done.stdout));
    let server = Server::start(&data);
    let token =
        sign_in(&server, "root", "made%20up").1["token"].as_str().expect("a token").to_owned();
    // 23.
    let users = ask(&server, &token, "/ocrux/user/getUsers/");
    let rows: BTreeSet<String> = users
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| {
            format!("{} {} {} {}", user["id"], user["userName"], user["role"], user["status"])
        })
        .collect();
    let expected = [
        r#""u0" "root" "admin" "active""#.to_owned(),
        r#""u1" "jane" "deduplication" "active""#.to_owned(),
    ];
    assert_eq!(rows, BTreeSet::from(expected));
    assert!(!users.to_string().contains("salt"));
    server.stop();
}
