//! The first steps of a newcomer, as the README shows them, and the commands on files.

use std::{io::Write as _, path::Path};

use serde_json::{Value, json};

use crate::process::{Client, Server, opencr, run, verify};

pub(crate) fn amina(system: &str, value: &str, given: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [
            {"system": format!("http://clientregistry.org/{system}"), "value": value},
            {"system": "http://clientregistry.org/nationalid", "value": "CF90123456ABCD"},
            {"system": "http://clientregistry.org/artnumber", "value": "KLA-000017"}],
        "name": [{"use": "official", "given": [given], "family": "Okello"}],
        "telecom": [{"system": "phone", "value": "0772 345678"}],
        "gender": "female",
        "birthDate": "1990-02-14"
    })
}

#[test]
fn two_systems_get_one_cruid_for_one_person_and_keep_it_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let openmrs = Client::new(&server, "openmrs");
    let dhis2 = Client::new(&server, "dhis2");
    let first = openmrs.post("/Patient", &amina("openmrs", "17", "Amina")).expect("answered");
    let second = dhis2.post("/Patient", &amina("dhis2", "T1", "Aminah")).expect("answered");
    let mut other = amina("dhis2", "T2", "Brian");
    other["identifier"].as_array_mut().expect("identifiers").truncate(1);
    other["gender"] = json!("male");
    let third = dhis2.post("/Patient", &other).expect("answered");
    assert_eq!((first.status, second.status, third.status), (201, 201, 201));
    assert_eq!(first.cruid, second.cruid);
    assert_ne!(first.cruid, third.cruid);
    server.stop();
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("a name"))
        .filter(|name| name.ends_with("-wal"))
        .collect();
    assert!(left.is_empty(), "an orderly stop leaves all in one file: {left:?}");

    verify(folder.path()).expect("the store is sound");
    let server = Server::start(folder.path());
    let openmrs = Client::new(&server, "openmrs");
    let again = openmrs.post("/Patient", &amina("openmrs", "17", "Amina")).expect("answered");
    assert_eq!((again.status, again.cruid), (200, first.cruid.clone()));
    let golden = openmrs.get(&format!("/{}", first.cruid.expect("a CRUID"))).expect("answered");
    assert_eq!(golden.body["link"].as_array().map(Vec::len), Some(2));
    assert_eq!(golden.body["name"], Value::Null, "a golden record has no demographics");
}

/// Edits the database file as somebody would who has the disk but not the registry.
fn edit(data: &Path, from: &str, to: &str) {
    let path = data.join("opencr.sqlite");
    let mut bytes = std::fs::read(&path).expect("the database");
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty(), "{from} is in the file");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    std::fs::write(&path, bytes).expect("written");
}

#[test]
fn an_edit_behind_the_registrys_back_is_found() {
    let edits = [
        (r#""family":"Okello""#, r#""family":"Okelli""#, "altered"),
        (r#""name":"openmrs""#, r#""name":"openmrz""#, "event chain"),
    ];
    for (from, to, finding) in edits {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start(folder.path());
        let client = Client::new(&server, "openmrs");
        let answer = client.post("/Patient", &amina("openmrs", "17", "Amina")).expect("answered");
        assert_eq!(answer.status, 201);
        server.stop();
        verify(folder.path()).expect("sound before the edit");
        edit(folder.path(), from, to);
        let findings = verify(folder.path()).expect_err("the edit is found");
        assert!(findings.contains(finding), "{findings}");
        assert!(!findings.contains("Okell"), "no patient's data in the findings");
    }
}

#[test]
fn the_demo_fills_an_empty_registry_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let count = || {
        let server = Server::start_with(folder.path(), &["--demo"]);
        let client = Client::new(&server, "openmrs");
        let golden = "5c827da5-4858-4f3d-a50c-62ece001efea";
        let answer = client.get(&format!("/Patient?_tag:not={golden}&_summary=count"));
        let total = answer.expect("answered").body["total"].as_u64();
        server.stop();
        total
    };
    assert_eq!(count(), Some(2_000));
    assert_eq!(count(), Some(2_000));
    verify(folder.path()).expect("the store is sound");
}

#[test]
fn a_store_in_use_is_not_opened_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let output = run(opencr().args(["serve", "--port", "0", "--data"]).arg(folder.path()));
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("in use") || text.contains("another process"), "{text}");
    server.stop();
}

#[test]
fn other_machines_are_not_served_without_encryption_unless_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(opencr()
        .args(["serve", "--port", "0", "--data"])
        .arg(folder.path())
        .env("OPENCR__SERVER__ADDRESS", "0.0.0.0"));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("allow_insecure_remote"), "{text}");
}

fn write(path: &Path, text: &str) {
    let mut file = std::fs::File::create(path).expect("a file");
    file.write_all(text.as_bytes()).expect("written");
}

const PEOPLE: &str = "\
rec_id,sex,date_of_birth,given_name,surname,phone_number,national_id,art_number
1,f,19900214,Amina,Okello,0772 345678,CF90123456ABCD,KLA-000017
2,f,19900214,Aminah,Okello,0772 345678,CF90123456ABCD,KLA-000017
3,m,19851231,Brian,Otieno,0711 000111,CM85123456ABCD,KLA-000018
4,f,19900214,Amina,Okello,0772 345678,CF90123456ABCD,
";

#[test]
fn a_file_is_linked_and_measured_without_a_registry() {
    let folder = tempfile::tempdir().expect("a folder");
    let (people, truth) = (folder.path().join("people.csv"), folder.path().join("truth.csv"));
    let out = folder.path().join("linked.csv");
    write(&people, PEOPLE);
    write(&truth, "rec_id,cluster\n1,a\n2,a\n3,b\n4,a\n");
    let output = run(opencr()
        .arg("link")
        .arg(&people)
        .arg("--truth")
        .arg(&truth)
        .arg("--out")
        .arg(&out)
        .arg("--json"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    // 4 lacks the ART number: five of six fields are a potential match with 1 and with 2.
    assert_eq!(figures["records"], json!(4));
    assert_eq!(figures["persons"], json!(3));
    assert_eq!((&figures["auto_pairs"], &figures["potential_pairs"]), (&json!(1), &json!(2)));
    assert_eq!(figures["precision"], json!(1.0));
    assert_eq!(figures["potential_recall"], json!(1.0));
    let linked = std::fs::read_to_string(out).expect("the rows are written");
    let cruids: Vec<&str> =
        linked.lines().skip(1).filter_map(|line| line.rsplit(',').next()).collect();
    assert_eq!(cruids.len(), 4);
    assert_eq!(cruids[0], cruids[1]);
    assert_ne!(cruids[0], cruids[3]);
}

#[test]
fn an_import_is_idempotent_and_reports_bad_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let people = folder.path().join("people.csv");
    write(&people, &format!("{PEOPLE}5,f,too,few\n"));
    let server = Server::start(&folder.path().join("data"));
    let base = server.base().trim_end_matches("/fhir").to_owned();
    let total = || {
        let output = run(opencr().arg("import").arg(&people).args([
            "--source",
            "http://clientregistry.org/openmrs",
            "--server",
            &base,
        ]));
        let client = Client::new(&server, "openmrs");
        let answer = client.get("/Patient?identifier=http://clientregistry.org/openmrs|");
        (output, answer.expect("answered").body["total"].as_u64())
    };
    let (_, first) = total();
    let (output, second) = total();
    assert_eq!((first, second), (Some(4), Some(4)));
    let text = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&text).contains("Okello"), "no names on the screen");
    let bad = std::fs::read_to_string(folder.path().join("people.csv.bad.csv"));
    assert!(bad.expect("bad rows are told").contains('6'));
    server.stop();
}

#[test]
fn explain_says_why_two_patients_match() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (folder.path().join("a.json"), folder.path().join("b.json"));
    write(&a, &amina("openmrs", "17", "Amina").to_string());
    write(&b, &amina("dhis2", "T1", "Aminah").to_string());
    let output = run(opencr().arg("explain").arg(&a).arg(&b));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("jaro-winkler-similarity") && text.contains("auto"), "{text}");
}
