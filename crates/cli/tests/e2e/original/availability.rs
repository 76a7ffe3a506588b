//! What ended or stopped the original's process (contract 6.2, A2 to A7, A9, A15, A16).

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use super::site::{Asker, Plan, Site, marie, submit};
use crate::process::opencr;

fn site() -> (Site, Asker, Asker) {
    let site = Site::open(&Plan {
        systems: &[("openmrs", "own")],
        people: &[("jane", "deduplication")],
        more: "",
    });
    let (openmrs, jane) = (site.system("openmrs"), site.person("jane"));
    (site, openmrs, jane)
}

/// Fails unless the registry still works, soundly.
fn assert_alive(site: Site, openmrs: &Asker) {
    submit(openmrs, &marie("openmrs", "the-last", "0772999999"));
    site.stop_and_verify();
}

#[test]
fn a02_bundle_without_patients_is_answered() {
    let (site, openmrs, _) = site();
    for resource in [json!({ "resourceType": "Observation" }), json!({}), Value::Null, json!([])] {
        for kind in ["batch", "transaction"] {
            let entry = json!({ "resource": resource,
                "request": { "method": "POST", "url": "Observation" } });
            let bundle = json!({ "resourceType": "Bundle", "type": kind, "entry": [entry] });
            let answer = openmrs.post("/fhir", &bundle);
            assert!(answer.status < 500 && answer.body.is_object(), "{resource} {answer:?}");
        }
    }
    assert_alive(site, &openmrs);
}

#[test]
fn a03_bundle_of_patients_only_is_a_200() {
    let (site, openmrs, _) = site();
    for kind in ["batch", "transaction"] {
        let entry = json!({ "resource": marie("openmrs", kind, "0772000001"),
            "request": { "method": "POST", "url": "Patient" } });
        let bundle = json!({ "resourceType": "Bundle", "type": kind, "entry": [entry] });
        let answer = openmrs.post("/fhir", &bundle);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["entry"].as_array().map(Vec::len), Some(1));
    }
    assert_alive(site, &openmrs);
}

#[test]
fn a04_matches_of_nobody_are_a_404() {
    let (site, openmrs, jane) = site();
    let (id, cruid) = submit(&openmrs, &marie("openmrs", "a1", "0772000001"));
    for unknown in ["nobody", "%20", &cruid] {
        let answer = jane.get(&format!("/ocrux/match/potential-matches/{unknown}"));
        assert_eq!(answer.status, 404, "{unknown} {answer:?}");
    }
    // A withdrawn record is linked to nobody.
    openmrs.send("DELETE", &format!("/fhir/Patient/{id}"), None, String::new());
    let answer = jane.get(&format!("/ocrux/match/potential-matches/{id}"));
    assert!(answer.status == 404 || answer.status == 410, "{answer:?}");
    assert_alive(site, &openmrs);
}

#[test]
fn a05_people_without_a_name_are_listed_and_compared() {
    let (site, openmrs, jane) = site();
    let mut nameless = marie("openmrs", "a1", "0772000001");
    // Who lacks a name, or an official one, still agrees on all else.
    nameless.as_object_mut().expect("an object").remove("name");
    submit(&openmrs, &nameless);
    nameless["identifier"][0]["value"] = json!("b2");
    let (id, _) = submit(&openmrs, &nameless);
    let mut nickname = marie("openmrs", "c3", "0772000001");
    nickname["name"] = json!([{ "use": "nickname", "text": "M" }]);
    submit(&openmrs, &nickname);
    let lists = ["get-match-issues", "get-new-auto-matches"];
    let rows: usize = lists
        .iter()
        .map(|list| {
            let answer = jane.get(&format!("/ocrux/match/{list}"));
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.body.as_array().map_or(0, Vec::len)
        })
        .sum();
    assert!(rows > 0, "somebody is listed");
    assert_eq!(jane.get(&format!("/ocrux/match/potential-matches/{id}")).status, 200);
    let answer = jane.post("/ocrux/match/matches", &nameless);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_alive(site, &openmrs);
}

#[test]
fn a06_malformed_unbreaks_are_answered_once_and_change_nothing() {
    let (site, openmrs, jane) = site();
    let (id, _) = submit(&openmrs, &marie("openmrs", "a1", "0772000001"));
    let (other, _) = submit(&openmrs, &marie("openmrs", "b2", "0772000001"));
    for body in [
        json!({}),
        json!([]),
        json!([{}]),
        json!([{ "id1": format!("Patient/{id}") }]),
        json!([{ "id1": id, "id2": 7 }]),
        json!([{ "id1": "Patient/", "id2": "Patient/" }]),
        json!([{ "id1": "Patient/nobody", "id2": "Patient/no-one" }]),
        json!([{ "id1": format!("Patient/{id}"), "id2": format!("Patient/{other}") }]),
    ] {
        let answer = jane.post("/ocrux/match/unbreak-match?username=jane", &body);
        assert!((400..500).contains(&answer.status), "{body} {answer:?}");
        assert_eq!(answer.body["resourceType"], "OperationOutcome", "{body}");
    }
    assert_alive(site, &openmrs);
}

#[test]
fn a07_malformed_breaks_tell_of_nobody_and_change_nothing() {
    let (site, openmrs, jane) = site();
    let (id, cruid) = submit(&openmrs, &marie("openmrs", "a1", "0772000001"));
    submit(&openmrs, &marie("openmrs", "b2", "0772000001"));
    let own = format!("Patient/{id}");
    for body in [
        json!([]),
        json!({ "id": own }),
        json!(["Patient/nobody"]),
        json!([own, "Patient/nobody"]),
        json!([own, "rubbish "]),
        json!([own, 7]),
        json!([format!("Patient/{cruid}")]),
    ] {
        let answer = jane.post("/ocrux/match/break-match?username=jane", &body);
        assert!((400..500).contains(&answer.status), "{body} {answer:?}");
        assert!(!answer.text.contains("Kintu"), "{answer:?}");
    }
    let after = jane.get(&format!("/ocrux/fhir/Patient/{id}"));
    assert_eq!(after.body["link"][0]["other"]["reference"], format!("Patient/{cruid}"));
    assert_alive(site, &openmrs);
}

const DATA: &[&str] = &["--data", "data"];

/// Starts with a configuration that cannot be, and gives what it says.
fn refused_start(arguments: &[&str], more: &str, files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    std::fs::write(folder.path().join("opencr.toml"), more).expect("written");
    let mut command = opencr();
    command.args(["serve", "--port", "0", "--config", "opencr.toml"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.current_dir(folder.path()).spawn().expect("the binary starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut banner = String::new();
    // One that serves prints where; it would not end by itself.
    if stdout.read_line(&mut banner).expect("text") > 0 {
        child.kill().expect("it runs");
    }
    let output = child.wait_with_output().expect("it ends");
    assert!(banner.is_empty(), "it serves");
    assert!(output.status.code().is_some_and(|code| code != 0), "{output:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a09_rules_that_cannot_work_end_the_start() {
    let field = json!({ "algorithm": "exact", "fhirpath": "gender", "espath": "gender" });
    let rule = json!({ "matchingType": "guesswork", "fields": { "gender": field },
        "potentialMatchThreshold": 1, "autoMatchThreshold": 2 });
    let rules = json!({ "rules": [rule] }).to_string();
    let said = refused_start(DATA, "[matching]\nrules = 'rules.json'\n", &[("rules.json", &rules)]);
    assert!(said.contains("matchingType") && said.contains("guesswork"), "{said}");
}

#[test]
fn a15_start_is_announced_when_ready_and_fails_with_a_code() {
    let (site, openmrs, _) = site();
    // The address is printed once requests are answered; `/readyz` says so, too.
    for path in ["/healthz", "/readyz"] {
        assert_eq!(site.nobody().get(path).status, 200, "{path}");
    }
    let said = refused_start(&["--store", "postgres://nowhere"], "", &[]);
    assert!(said.contains("store"), "{said}");
    assert_alive(site, &openmrs);
}

#[test]
fn a16_missing_file_ends_the_start_with_its_name() {
    for (more, name) in [
        ("[matching]\nrules = 'no-rules.json'\n", "no-rules.json"),
        ("[people]\ndisplay_page = 'no-page.json'\n", "no-page.json"),
        ("[people]\nui_folder = 'no-ui'\n", "line 2: people.ui_folder"),
    ] {
        let said = refused_start(DATA, more, &[]);
        assert!(said.contains(name), "{said}");
    }
}
