//! The nine scenarios of the original's feature files, over HTTP, with the outcomes that make
//! sense: an invalid Patient is a 400, a break a 200 with new CRUIDs, an unbreak a 201.

use serde_json::{Value, json};

use super::site::{Asker, Plan, Site, marie, somebody, submit};

/// A registry with one system and one steward.
struct Scene {
    site: Site,
    openmrs: Asker,
    jane: Asker,
}

impl Scene {
    fn set() -> Self {
        let site = Site::open(&Plan {
            systems: &[("openmrs", "own")],
            people: &[("jane", "deduplication")],
            more: "",
        });
        let (openmrs, jane) = (site.system("openmrs"), site.person("jane"));
        Self { site, openmrs, jane }
    }

    fn add(&self, number: &str, phone: &str) -> (String, String) {
        submit(&self.openmrs, &marie("openmrs", number, phone))
    }

    fn cruid(&self, id: &str) -> Value {
        let patient = self.jane.get(&format!("/ocrux/fhir/Patient/{id}"));
        patient.body["link"][0]["other"]["reference"].clone()
    }

    /// Stops the registry; its store must be sound.
    fn end(self) {
        self.site.stop_and_verify();
    }
}

#[test]
fn a_single_patient_is_added() {
    let scene = Scene::set();
    let answer = scene.openmrs.post("/fhir/Patient", &marie("openmrs", "1", "0772000001"));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), format!("Patient/{}", answer.id()));
    assert_eq!(answer.header("locationcruid"), scene.cruid(&answer.id()));
    assert_eq!(answer.body["id"], answer.id(), "without `Patient/` before it");
    scene.end();
}

#[test]
fn multiple_patients_are_added() {
    let scene = Scene::set();
    let other = somebody("openmrs", "3", ["Brian", "Otim", "CZ9", "0781"]);
    let patients =
        [marie("openmrs", "1", "0772000001"), marie("openmrs", "2", "0772000001"), other];
    let entries = patients.map(
        |patient| json!({ "resource": patient, "request": { "method": "POST", "url": "Patient" } }),
    );
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries });
    let answer = scene.openmrs.post("/fhir", &bundle);
    assert_eq!((answer.status, &answer.body["type"]), (200, &json!("batch-response")));
    let statuses: Vec<&Value> = answer.body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["response"]["status"])
        .collect();
    assert!(statuses.iter().all(|it| it.as_str().unwrap().starts_with("201")), "{statuses:?}");
    let cruids: Value = serde_json::from_str(answer.header("locationcruid")).unwrap();
    assert_eq!(cruids[0], cruids[1]);
    assert_ne!(cruids[0], cruids[2]);
    scene.end();
}

#[test]
fn an_invalid_patient_is_a_400() {
    let scene = Scene::set();
    let mut nobodys = marie("openmrs", "1", "0772000001");
    nobodys["identifier"] = json!([{ "system": "http://elsewhere.example", "value": "1" }]);
    let mut misdated = marie("openmrs", "1", "0772000001");
    misdated["birthDate"] = json!("03.02.1980");
    for patient in [json!({ "resourceType": "Patient" }), nobodys, misdated, json!({}), json!([])] {
        let answer = scene.openmrs.post("/fhir/Patient", &patient);
        assert_eq!(answer.status, 400, "{patient} {answer:?}");
        assert_eq!(answer.body["resourceType"], "OperationOutcome", "{patient}");
    }
    let all = scene.openmrs.get("/fhir/Patient?_summary=count");
    assert_eq!(all.body["total"], 0, "nothing was stored");
    scene.end();
}

#[test]
fn a_patient_is_read() {
    let scene = Scene::set();
    let (id, cruid) = scene.add("1", "0772000001");
    let patient = scene.openmrs.get(&format!("/fhir/Patient/{id}"));
    assert_eq!((patient.status, &patient.body["name"][0]["family"]), (200, &json!("Kintu")));
    let golden = scene.openmrs.get(&format!("/fhir/Patient/{cruid}"));
    assert_eq!((golden.status, &golden.body["name"]), (200, &Value::Null));
    assert_eq!(scene.openmrs.get("/fhir/Patient/nobody").status, 404);
    scene.end();
}

#[test]
fn potential_matches_are_shown() {
    let scene = Scene::set();
    let (a, _) = scene.add("1", "0772000001");
    let (b, _) = scene.add("2", "0772000002");
    let rows = scene.jane.get(&format!("/ocrux/match/potential-matches/{b}"));
    let ids: Vec<&Value> = rows.body.as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [&json!(b), &json!(a)]);
    assert_eq!(rows.body[0]["scores"]["1"], 5.0);
    scene.end();
}

#[test]
fn a_match_issue_is_resolved() {
    let scene = Scene::set();
    let (_, golden) = scene.add("1", "0772000001");
    let (b, own) = scene.add("2", "0772000002");
    let body = json!({ "resolvingFrom": b, "flagType": "potentialMatches", "removeFlag": false,
        "resolves": [{ "id": b, "uid": golden, "ouid": own }] });
    let answer = scene.jane.post("/ocrux/match/resolve-match-issue", &body);
    assert_eq!((answer.status, &*answer.text), (200, ""));
    assert_eq!(scene.cruid(&b), format!("Patient/{golden}"));
    let count = scene.jane.get("/ocrux/match/count-match-issues");
    assert_eq!(count.body, json!({ "total": 0 }));
    scene.end();
}

#[test]
fn a_break_gives_new_cruids() {
    let scene = Scene::set();
    let (a, golden) = scene.add("1", "0772000001");
    let (b, _) = scene.add("2", "0772000001");
    let (c, _) = scene.add("3", "0772000001");
    let broken = json!([format!("Patient/{b}"), format!("Patient/{c}")]);
    let path = "/ocrux/match/break-match?username=jane&grouping=apart";
    assert_eq!(scene.jane.post(path, &broken).status, 200);
    let cruids = [&a, &b, &c].map(|id| scene.cruid(id));
    assert_eq!(cruids[0], format!("Patient/{golden}"));
    assert!(cruids[0] != cruids[1] && cruids[1] != cruids[2] && cruids[0] != cruids[2]);
    scene.end();
}

#[test]
fn an_unbreak_is_a_201_and_the_match_is_back() {
    let scene = Scene::set();
    let (a, _) = scene.add("1", "0772000001");
    let (b, _) = scene.add("2", "0772000001");
    let [one, other] = [&a, &b].map(|id| format!("Patient/{id}"));
    scene.jane.post("/ocrux/match/break-match?username=jane", &json!([other]));
    assert_ne!(scene.cruid(&a), scene.cruid(&b));
    let pairs = json!([{ "id1": other, "id2": one }]);
    let answer = scene.jane.post("/ocrux/match/unbreak-match?username=jane", &pairs);
    assert_eq!((answer.status, &answer.body["resourceType"]), (201, &json!("Bundle")));
    assert_eq!(scene.cruid(&a), scene.cruid(&b));
    scene.end();
}

#[test]
fn a_patient_is_added_after_all_that() {
    let scene = Scene::set();
    let (_, golden) = scene.add("1", "0772000001");
    let (b, _) = scene.add("2", "0772000001");
    scene.jane.post("/ocrux/match/break-match?username=jane", &json!([format!("Patient/{b}")]));
    let (_, cruid) = scene.add("3", "0772000001");
    assert_eq!(cruid, golden, "the older of two equal persons");
    scene.end();
}
