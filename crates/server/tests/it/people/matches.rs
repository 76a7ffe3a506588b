//! Worklists, the score matrix and decisions, as OpenCR's UI asks for them (contract 5.3).

use serde_json::json;
use testkit::person;

use super::*;

/// Somebody with all six fields of OpenCR's rules, and a telephone of choice.
pub(super) fn twin(id: &str, phone: &str) -> Value {
    let patient = person("Marie")
        .given("Ann")
        .family("Kintu")
        .gender("female")
        .born("1980-02-03")
        .phone(phone)
        .national_id("CF1")
        .art_number("KMC-1")
        .id("openmrs", id);
    Value::from(patient)
}

/// Submits a record and gives its id and CRUID.
pub(super) async fn submit(plane: &Plane, patient: &Value) -> (String, String) {
    let call = plane.call("POST", "/fhir/Patient").json(patient);
    let answer = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let bare = |name: &str| answer.header(name).split('/').nth(1).unwrap().to_owned();
    let id = answer.body["id"].as_str().unwrap().to_owned();
    (id, bare("locationcruid"))
}

pub(super) async fn post(plane: &Plane, path: &str, token: &str, body: &Value) -> Answer {
    plane.call("POST", path).token(token).json(body).send().await
}

pub(super) async fn cruid(plane: &Plane, token: &str, id: &str) -> String {
    let answer = plane.get(&format!("/ocrux/fhir/Patient/{id}"), token).await;
    let link = answer.body["link"][0]["other"]["reference"].as_str().unwrap();
    link.strip_prefix("Patient/").unwrap().to_owned()
}

async fn totals(plane: &Plane, token: &str) -> [Value; 2] {
    let issues = plane.get("/ocrux/match/count-match-issues", token).await;
    let autos = plane.get("/ocrux/match/count-new-auto-matches/", token).await;
    [issues.body["total"].clone(), autos.body["total"].clone()]
}

#[tokio::test]
async fn potential_match_is_listed_compared_and_resolved() {
    let plane = Plane::start().await;
    let (a, golden_a) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, golden_b) = submit(&plane, &twin("b2", "0772000002")).await;
    assert_ne!(golden_a, golden_b);
    let token = plane.token(Role::Steward).await;
    assert_eq!(totals(&plane, &token).await, [json!(1), json!(0)]);
    let list = plane.get("/ocrux/match/get-match-issues", &token).await;
    let row = json!([{
        "id": b, "gender": "female", "family": "Kintu", "given": "Marie Ann",
        "birthDate": "1980-02-03", "uid": golden_b, "source": "openmrs", "source_id": "b2",
        "reason": "Potential Matches", "reasonCode": "potentialMatches",
    }]);
    assert_eq!(list.body, row);

    let matrix = plane.get(&format!("/ocrux/match/potential-matches/{b}"), &token).await;
    let rows = matrix.body.as_array().unwrap();
    let ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, [&b, &a]);
    assert_eq!(rows[0]["scores"], json!({ "a1": 5.0 }));
    assert_eq!((&rows[0]["uid"], &rows[0]["ouid"]), (&json!(golden_b), &json!(golden_b)));
    assert_eq!(rows[1]["identifier_http://clientregistry.org/openmrs"], "a1");
    assert_eq!(rows[1]["phone"], "0772000001");

    // What the UI sends when the second row is moved to the first's person.
    let body = json!({ "resolvingFrom": b, "flagType": "potentialMatches", "removeFlag": false,
        "resolves": [
            { "id": b, "uid": golden_a, "ouid": golden_b, "source_id": "b2", "scores": {} },
            { "id": a, "uid": golden_a, "ouid": golden_a, "source_id": "a1", "scores": {} },
        ] });
    let path = "/ocrux/match/resolve-match-issue";
    let trial = post(&plane, &format!("{path}?dry_run=true"), &token, &body).await;
    assert_eq!(trial.body["moved"], json!([{ "record": b, "from": golden_b, "to": golden_a }]));
    assert_eq!(cruid(&plane, &token, &b).await, golden_b);
    let done = post(&plane, path, &token, &body).await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (200, ""));
    assert_eq!(cruid(&plane, &token, &b).await, golden_a);
    assert_eq!(totals(&plane, &token).await, [json!(0), json!(0)]);
    // The same again rests on what is no longer so.
    assert_eq!(post(&plane, path, &token, &body).await.status, 409);
}

#[tokio::test]
async fn new_cr_id_is_one_person_for_each_text() {
    let plane = Plane::start().await;
    let (a, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, _) = submit(&plane, &twin("b2", "0772000001")).await;
    let (c, _) = submit(&plane, &twin("c3", "0772000001")).await;
    let token = plane.token(Role::Steward).await;
    assert_eq!(totals(&plane, &token).await, [json!(0), json!(2)]);
    let moved = |id: &str| json!({ "id": id, "uid": "New CR ID 1", "ouid": golden });
    let body = json!({ "resolvingFrom": b, "flagType": "autoMatches", "removeFlag": false,
        "resolves": [moved(&b), moved(&c)] });
    let done = post(&plane, "/ocrux/match/resolve-match-issue", &token, &body).await;
    assert_eq!(done.status, 200, "{done:?}");
    let (of_b, of_c) = (cruid(&plane, &token, &b).await, cruid(&plane, &token, &c).await);
    assert_eq!(of_b, of_c);
    assert_ne!(of_b, cruid(&plane, &token, &a).await);
    let idle = json!({ "resolvingFrom": a, "removeFlag": false, "resolves": [] });
    let idle = post(&plane, "/ocrux/match/resolve-match-issue", &token, &idle).await;
    assert_eq!(idle.status, 202);
}

#[tokio::test]
async fn break_and_unbreak_as_the_detail_page_does() {
    let plane = Plane::start().await;
    let (a, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, same) = submit(&plane, &twin("b2", "0772000001")).await;
    assert_eq!(golden, same);
    let token = plane.token(Role::Steward).await;
    let path = "/ocrux/match/break-match?username=somebody-else";
    let done = post(&plane, path, &token, &json!([format!("Patient/{b}")])).await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (200, "Match Broken"));
    assert_ne!(cruid(&plane, &token, &b).await, golden);
    // They stay apart when one is submitted again.
    let (_, again) = {
        let call = plane.call("PUT", &format!("/fhir/Patient/{b}"));
        let mut patient = twin("b2", "0772000001");
        patient["id"] = json!(b);
        let call = call.json(&patient).header("x-openhim-clientid", "openmrs");
        let answer = call.from("10.0.0.1:1").send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (b.clone(), answer.header("locationcruid").replace("Patient/", ""))
    };
    assert_ne!(again, golden);
    // Every selected record with every record of the person: one of these pairs is not broken.
    let pairs = json!([
        { "id1": format!("Patient/{b}"), "id2": format!("Patient/{a}") },
        { "id1": format!("Patient/{a}"), "id2": "Patient/nobody" },
    ]);
    let done = post(&plane, "/ocrux/match/unbreak-match?username=x", &token, &pairs).await;
    assert_eq!(done.status, 201, "{done:?}");
    assert_eq!(done.body["resourceType"], "Bundle");
    assert_eq!(done.body["entry"].as_array().unwrap().len(), 2);
    assert_eq!(cruid(&plane, &token, &a).await, cruid(&plane, &token, &b).await);
    // The History tab tells who broke them, which is not what the address says.
    let names = "submittedResource,breakTo,breakFrom,unBreak,unBreakFromResource";
    let path = format!("/ocrux/fhir/AuditEvent?entity={b}&entity-name={names}&_sort=-_lastUpdated");
    let history = plane.get(&path, &token).await;
    let events = history.body["entry"].as_array().unwrap();
    assert!(events.iter().all(|event| event["resource"]["subtype"].is_array()), "{history:?}");
    let who = |event: &Value| event["resource"]["agent"][0]["altId"].clone();
    assert!(events.iter().any(|event| who(event) == Role::Steward.as_str()), "{history:?}");
    assert_eq!(plane.get("/ocrux/fhir/AuditEvent", &token).await.status, 400);
}

#[tokio::test]
async fn judgements_are_taken_back_by_who_took_them_or_a_supervisor() {
    let plane = Plane::start().await;
    let (a, golden_a) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, golden_b) = submit(&plane, &twin("b2", "0772000002")).await;
    let token = plane.token(Role::Supervisor).await;
    let pair = json!({ "id1": a, "id2": b, "reason": "same mother" });
    let done = post(&plane, "/ocrux/match/mark-same", &token, &pair).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(cruid(&plane, &token, &b).await, golden_a);
    let event = json!({ "event": done.body["event"] });
    let steward = plane.token(Role::Steward).await;
    assert_eq!(post(&plane, "/ocrux/match/undo", &steward, &event).await.status, 403);
    let undone = post(&plane, "/ocrux/match/undo", &token, &event).await;
    assert_eq!(undone.status, 200, "{undone:?}");
    assert_eq!(cruid(&plane, &token, &b).await, golden_b);
    assert_eq!(totals(&plane, &token).await, [json!(1), json!(0)]);
    let done = post(&plane, "/ocrux/match/mark-different", &steward, &pair).await;
    assert_eq!(done.body["broken"].as_array().unwrap().len(), 1);
    assert_eq!(totals(&plane, &token).await, [json!(0), json!(0)]);
}

#[tokio::test]
async fn patient_that_is_not_stored_is_compared() {
    let plane = Plane::start().await;
    let (a, _) = submit(&plane, &twin("a1", "0772000001")).await;
    let token = plane.token(Role::Viewer).await;
    let answer = post(&plane, "/ocrux/match/matches", &token, &twin("z9", "0772000001")).await;
    assert_eq!(answer.body["auto"][0]["id"], json!(a));
    assert_eq!(answer.body["parent"][0]["id"], Value::Null);
    assert_eq!(answer.body["potential"], json!([]));
    // A5: nobody needs a name.
    let nameless = json!({ "resourceType": "Patient", "gender": "female" });
    let answer = post(&plane, "/ocrux/match/matches", &token, &nameless).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let other = json!({ "resourceType": "Person" });
    assert_eq!(post(&plane, "/ocrux/match/matches", &token, &other).await.status, 400);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let plane = Plane::start().await;
    let (a, _) = submit(&plane, &twin("a1", "0772000001")).await;
    let token = plane.token(Role::Steward).await;
    let cases = [
        ("break-match", json!({ "id": a }), 400),
        ("break-match", json!(["Patient/"]), 400),
        ("break-match", json!(["Person/x"]), 400),
        ("break-match", json!([]), 422),
        ("break-match", json!(["Patient/nobody"]), 404),
        ("break-match", json!([format!("Patient/{a}")]), 422),
        ("break-match?grouping=some", json!([format!("Patient/{a}")]), 400),
        ("unbreak-match", json!([]), 400),
        ("unbreak-match", json!([{ "id1": "Patient/x" }]), 400),
        ("unbreak-match", json!([{ "id1": a, "id2": a }]), 400),
        ("unbreak-match", json!([{ "id1": a, "id2": "nobody" }]), 422),
        ("resolve-match-issue", json!([]), 400),
        ("resolve-match-issue", json!({ "resolvingFrom": "nobody" }), 404),
        ("resolve-match-issue", json!({ "resolvingFrom": a, "flagType": "red" }), 400),
        ("mark-same", json!({ "id1": a, "id2": "nobody" }), 404),
        ("undo", json!({ "event": 999 }), 422),
        ("undo", json!({ "event": "x" }), 400),
    ];
    for (path, body, status) in cases {
        let answer = post(&plane, &format!("/ocrux/match/{path}"), &token, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body} {answer:?}");
        assert_eq!(answer.body["resourceType"], "OperationOutcome", "{path} {answer:?}");
    }
    // A4: an unknown record has no matches to show.
    let unknown = plane.get("/ocrux/match/potential-matches/nobody", &token).await;
    assert_eq!(unknown.status, 404);
    // Looking is not deciding.
    let viewer = plane.token(Role::Viewer).await;
    for path in ["break-match", "unbreak-match", "resolve-match-issue", "mark-same", "undo"] {
        let answer = post(&plane, &format!("/ocrux/match/{path}"), &viewer, &json!([])).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(plane.call("GET", "/ocrux/match/get-match-issues").send().await.status, 401);
}
