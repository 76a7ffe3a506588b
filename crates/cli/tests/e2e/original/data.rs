//! What the original did to data (contract 6.3), tried over HTTP where that shows more than a test
//! of the rooms below.

use serde_json::{Value, json};

use super::site::{Asker, Plan, Site, form, marie, somebody, submit};
use crate::process::{opencr, run};

struct Registry {
    site: Site,
    openmrs: Asker,
    jane: Asker,
}

impl Registry {
    fn new() -> Self {
        let site = Site::open(&Plan {
            systems: &[("openmrs", "own")],
            people: &[("jane", "deduplication")],
            more: "",
        });
        let (openmrs, jane) = (site.system("openmrs"), site.person("jane"));
        Self { site, openmrs, jane }
    }

    fn patient(&self, id: &str) -> Value {
        self.jane.get(&format!("/ocrux/fhir/Patient/{id}")).body
    }

    fn cruid(&self, id: &str) -> String {
        let patient = self.patient(id);
        let reference = patient["link"][0]["other"]["reference"].as_str().expect("a link");
        reference.strip_prefix("Patient/").expect("a Patient").to_owned()
    }

    fn codes(&self, id: &str) -> Vec<String> {
        let patient = self.patient(id);
        let tags = patient["meta"]["tag"].as_array().expect("tags").iter();
        tags.filter_map(|tag| tag["code"].as_str().map(str::to_owned)).collect()
    }

    /// How many Patients a search by people finds.
    fn count(&self, pairs: &[(&str, &str)]) -> u64 {
        let query = form(&[pairs, &[("_summary", "count")]].concat());
        let answer = self.jane.get(&format!("/ocrux/fhir/Patient?{query}"));
        answer.body["total"].as_u64().expect("a total")
    }

    fn resolve(&self, from: &str, flag: &str, moves: &[(&str, &str)]) -> u16 {
        let rows: Vec<Value> = moves
            .iter()
            .map(|(id, to)| json!({ "id": id, "uid": to, "ouid": self.cruid(id) }))
            .collect();
        let body = json!({ "resolvingFrom": from, "flagType": flag, "removeFlag": false,
            "resolves": rows });
        self.jane.post("/ocrux/match/resolve-match-issue", &body).status
    }
}

#[test]
fn d06_update_leaves_nothing_of_the_old_behind() {
    let registry = Registry::new();
    let mut patient = marie("openmrs", "a1", "0772000001");
    patient["name"] = json!([
        { "use": "official", "given": ["Marie", "Ann"], "family": "Kintu" },
        { "use": "maiden", "family": "Okello" },
    ]);
    let (id, _) = submit(&registry.openmrs, &patient);
    let next = marie("openmrs", "a1", "0772000009");
    assert_eq!(registry.openmrs.post("/fhir/Patient", &next).status, 200);
    let stored = registry.patient(&id);
    assert_eq!((&stored["name"], &stored["telecom"]), (&next["name"], &next["telecom"]));
}

#[test]
fn d07_any_character_of_a_number_identifies_one_record() {
    let registry = Registry::new();
    for (number, odd) in
        ["a=1", "a&b=c", "a,b", "a|b", "a b", "a%2C", "ä/ö?#", "a\\,b"].iter().enumerate()
    {
        let patient = somebody("openmrs", odd, ["Odd", "One", &format!("CO{number}"), "0700"]);
        let (id, _) = submit(&registry.openmrs, &patient);
        let again = registry.openmrs.post("/fhir/Patient", &patient);
        assert_eq!((again.status, again.id()), (200, id), "{odd}");
    }
    registry.site.stop_and_verify();
}

#[test]
fn d08_adjudicated_record_keeps_its_cruid_and_founds_no_orphan() {
    let registry = Registry::new();
    let (_, golden) = submit(&registry.openmrs, &marie("openmrs", "a1", "0772000001"));
    submit(&registry.openmrs, &marie("openmrs", "b2", "0772000001"));
    let (c, _) = submit(&registry.openmrs, &marie("openmrs", "c3", "0772000009"));
    assert_eq!(registry.resolve(&c, "potentialMatches", &[(&c, &golden)]), 200);
    assert!(registry.codes(&c).contains(&"humanAdjudication".to_owned()));
    let goldens = [("_tag", "5c827da5-4858-4f3d-a50c-62ece001efea")];
    let before = registry.count(&goldens);
    // Sent again with content that matches nobody: it stays where a person put it.
    for phone in ["0788000001", "0788000002"] {
        let mut changed = somebody("openmrs", "c3", ["Zelda", "Quux", "CQ77", phone]);
        changed["birthDate"] = json!("1955-05-05");
        let answer = registry.openmrs.post("/fhir/Patient", &changed);
        assert_eq!((answer.status, answer.cruid()), (200, golden.clone()));
    }
    assert_eq!(registry.count(&goldens), before, "no golden record was founded");
    registry.site.stop_and_verify();
}

#[test]
fn d10_resolving_tags_nobody_as_matched_by_rules() {
    let registry = Registry::new();
    let (a, golden) = submit(&registry.openmrs, &marie("openmrs", "a1", "0772000001"));
    let (b, _) = submit(&registry.openmrs, &marie("openmrs", "b2", "0772000002"));
    assert_eq!(registry.resolve(&b, "potentialMatches", &[(&b, &golden)]), 200);
    for id in [&a, &b] {
        assert!(!registry.codes(id).contains(&"autoMatches".to_owned()), "{id}");
    }
    let count = registry.jane.get("/ocrux/match/count-new-auto-matches");
    assert_eq!(count.body, json!({ "total": 0 }));
}

/// Two people who are the same to the rules, and a third record of theirs: a conflict.
fn conflict(registry: &Registry) -> [String; 3] {
    let (a, _) = submit(&registry.openmrs, &marie("openmrs", "a1", "0772000001"));
    let (b, _) = submit(&registry.openmrs, &marie("openmrs", "b2", "0772000001"));
    let broken = json!([format!("Patient/{b}")]);
    let answer = registry.jane.post("/ocrux/match/break-match?username=jane", &broken);
    assert_eq!(answer.status, 200, "{answer:?}");
    let (c, _) = submit(&registry.openmrs, &marie("openmrs", "c3", "0772000001"));
    assert!(registry.codes(&c).contains(&"conflictMatches".to_owned()));
    [a, b, c]
}

#[test]
fn a10_resolving_beside_a_conflict_works() {
    let registry = Registry::new();
    let [a, b, c] = conflict(&registry);
    let rows = registry.jane.get(&format!("/ocrux/match/potential-matches/{c}"));
    assert_eq!(rows.body.as_array().map(Vec::len), Some(3), "{rows:?}");
    // Away from the one and to the other, whom the first was declared different from.
    assert_eq!(registry.resolve(&c, "conflictMatches", &[(&c, &registry.cruid(&b))]), 200);
    assert_eq!(registry.cruid(&c), registry.cruid(&b));
    assert_ne!(registry.cruid(&a), registry.cruid(&b));
    registry.site.stop_and_verify();
}

#[test]
fn d12_conflict_stays_until_it_is_settled_itself() {
    let registry = Registry::new();
    let [_, _, c] = conflict(&registry);
    let (d, _) = submit(&registry.openmrs, &marie("openmrs", "d4", "0772000009"));
    // Moving somebody else to c's person leaves the doubt about c open.
    assert_eq!(registry.resolve(&d, "potentialMatches", &[(&d, &registry.cruid(&c))]), 200);
    assert!(registry.codes(&c).contains(&"conflictMatches".to_owned()));
    assert_eq!(registry.codes(&c).iter().filter(|code| *code == "conflictMatches").count(), 1);
}

#[test]
fn d13_decisions_are_in_the_audit_log() {
    let registry = Registry::new();
    let (_, golden) = submit(&registry.openmrs, &marie("openmrs", "a1", "0772000001"));
    let (b, own) = submit(&registry.openmrs, &marie("openmrs", "b2", "0772000002"));
    let body = json!({ "resolvingFrom": b, "flagType": "potentialMatches",
        "resolves": [{ "id": b, "uid": golden, "ouid": own }] });
    let answer = registry.jane.post("/ocrux/match/resolve-match-issue", &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    // She did nothing else, so what names her and the record is the decision.
    let folder = registry.site.stop();
    let mut export = opencr();
    let output = run(export.args(["audit", "export", "--data", "data"]).current_dir(folder.path()));
    let log = String::from_utf8(output.stdout).expect("text");
    let is_told = |line: &str| line.contains("jane") && line.contains(&format!("Patient/{b}"));
    assert!(log.lines().any(is_told), "{log}");
    assert!(!log.contains("Kintu"));
}

#[test]
fn d14_tag_of_a_decision_stands_once() {
    let registry = Registry::new();
    let (_, golden) = submit(&registry.openmrs, &marie("openmrs", "a1", "0772000001"));
    let (b, _) = submit(&registry.openmrs, &marie("openmrs", "b2", "0772000002"));
    for target in [&golden, "New CR ID 1", &golden] {
        assert_eq!(registry.resolve(&b, "potentialMatches", &[(&b, target)]), 200);
    }
    let codes = registry.codes(&b);
    assert_eq!(codes.iter().filter(|code| *code == "humanAdjudication").count(), 1, "{codes:?}");
}

#[test]
fn d18_break_of_everybody_leaves_no_empty_person() {
    let registry = Registry::new();
    let (a, golden) = submit(&registry.openmrs, &marie("openmrs", "a1", "0772000001"));
    let (b, _) = submit(&registry.openmrs, &marie("openmrs", "b2", "0772000001"));
    let all = json!([format!("Patient/{a}"), format!("Patient/{b}")]);
    let answer = registry.jane.post("/ocrux/match/break-match?username=jane", &all);
    assert_eq!(answer.status, 422, "{answer:?}");
    // One that empties by a move forwards to where its record went.
    let (c, old) = submit(&registry.openmrs, &marie("openmrs", "c3", "0772000009"));
    assert_eq!(registry.resolve(&c, "potentialMatches", &[(&c, &golden)]), 200);
    let link = &registry.patient(&old)["link"][0];
    assert_eq!(link["type"], "replaced-by");
    assert_eq!(link["other"]["reference"], format!("Patient/{golden}"));
}

#[test]
fn d30_answer_names_the_record_and_its_current_version() {
    let registry = Registry::new();
    for (status, version) in [(201, "1"), (200, "2")] {
        let patient = marie("openmrs", "a1", &format!("077200000{version}"));
        let answer = registry.openmrs.post("/fhir/Patient", &patient);
        assert_eq!(answer.status, status);
        assert_eq!(answer.body["id"], answer.id());
        assert_eq!(answer.body["meta"]["versionId"], version);
        assert_eq!(answer.header("etag"), format!("W/\"{version}\""));
    }
}

#[test]
fn d33_put_of_other_types_stores_nothing() {
    let registry = Registry::new();
    let body = json!({ "resourceType": "Basic", "id": "x" });
    for _ in 0..2 {
        assert_eq!(registry.openmrs.put("/fhir/Basic/x", &body).status, 404);
    }
    assert_eq!(registry.jane.get("/ocrux/fhir/Basic/x").status, 404);
}

#[test]
fn d34_rows_of_equal_numbers_are_told_apart() {
    // Both records have the number 17 at their systems; a third has one that is a row's member.
    let registry = Registry::new();
    let (a, _) = submit(&registry.openmrs, &marie("openmrs", "17", "0772000001"));
    let (b, _) = submit(&registry.openmrs, &marie("lims", "17", "0772000002"));
    let (c, _) = submit(&registry.openmrs, &marie("lims", "uid", "0772000003"));
    let rows = registry.jane.get(&format!("/ocrux/match/potential-matches/{a}")).body;
    let rows = rows.as_array().expect("rows");
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    assert!([&a, &b, &c].iter().all(|id| ids.contains(&&json!(id))), "{ids:?}");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["source_id"].as_str()).collect();
    for expected in ["openmrs", "lims"].map(|it| format!("17 (http://clientregistry.org/{it})")) {
        assert_eq!(names.iter().filter(|name| **name == expected).count(), 1, "{names:?}");
    }
    for row in rows {
        let scores = row["scores"].as_object().expect("scores");
        assert_eq!(scores.len(), 2, "{row}");
        for name in scores.keys() {
            assert!(names.contains(&name.as_str()), "the UI looks for the row of {name}");
            assert!(row.get(name).is_none(), "the UI writes the score there: {name}");
        }
    }
}

#[test]
fn d39_false_in_the_environment_is_false() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = opencr();
    command.arg("config").current_dir(folder.path());
    command.env("OPENCR__PEOPLE__ENABLED", "false").env("OPENCR__SERVER__PORT", "4000");
    command.env("OPENCR__SYSTEMS__INTERNAL_IDS", "http://a.example,http://b.example");
    let output = run(&mut command);
    let text = String::from_utf8(output.stdout).expect("text");
    for line in ["enabled = false", "port = 4000"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(
        text.contains("\"http://a.example\"") && text.contains("\"http://b.example\""),
        "{text}"
    );
}
