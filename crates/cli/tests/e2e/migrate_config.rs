//! Moving from OpenCR: its configuration files become ours, and the server starts with them.

use std::{fs, path::Path, process::Output};

use serde_json::json;

use crate::{
    commands::{check, folder_with, opencr, text},
    process::{Client, Server},
};

/// Shaped like OpenCR's template, with every kind of key; all values are made up.
fn config() -> String {
    json!({
        "__comments": {"app": "whatever"},
        "auth": {"secret": "top-s3cret", "tokenDuration": 5400},
        "app": {"port": 3000, "installed": false},
        "mediator": {"register": false, "api": {"username": "root@openhim.org",
            "password": "him-s3cret", "apiURL": "https://localhost:8080",
            "trustSelfSigned": true, "urn": ""}},
        "cronJobs": {"patientReprocessing": "0 21 * * *"},
        "fhirServer": {"baseURL": "http://hapi:8080/fhir", "username": "hapi",
            "password": "hapi-s3cret"},
        "elastic": {"server": "http://es:9200", "username": "", "password": "es-s3cret",
            "max_compilations_rate": "10000/1m", "index": "patients"},
        "matching": {"tool": "elasticsearch", "autoMatchPatientWithHumanAdjudTag": true,
            "resolvePotentialOfPotentials": true},
        "codes": {"goldenRecord": "5c827da5-4858-4f3d-a50c-62ece001efea"},
        "structureDefinition": {"uri": "http://openclientregistry.org/fhir",
            "reportRelationship": "patientreport",
            "autoModifyRelationshipBasedOnDecisionRules": true},
        "clients": [{"id": "isante", "displayName": "iSantePlus"}, {"id": "lims", "displayName": ""}],
        "systems": {
            "CRBaseURI": "http://openclientregistry.org/fhir",
            "internalid": {"uri": ["http://isanteplus.org/ids"], "displayName": "Internal ID"},
            "nationalid": {"uri": "http://clientregistry.org/cr/natioanlid",
                "displayName": "National ID"},
            "brokenMatch": {"uri": "http://clientregistry.org/brokenMatch"}},
        "sync": {"lastFHIR2ESSync": "2020-01-01T00:00:00"},
        "shoes": {"size": 44}
    })
    .to_string()
}

fn relationship() -> String {
    let element = |label: &str, path: &str| {
        json!({"url": "http://ihris.org/fhir/StructureDefinition/iHRISReportElement", "extension": [
            {"url": "label", "valueString": label}, {"url": "name", "valueString": path}]})
    };
    json!({"resourceType": "Basic", "id": "patientreport", "extension": [{
    "url": "http://ihris.org/fhir/StructureDefinition/iHRISReportDetails", "extension": [
        {"url": "name", "valueString": "patients"},
        element("gender", "gender"),
        element("shoe", "Patient.extension.value"),
    ]}]})
    .to_string()
}

const RULES: &str = include_str!("../../../../config/decisionRules.json");

fn call(folder: &Path, arguments: &[&str]) -> Output {
    opencr(folder, &[&["migrate", "config"], arguments].concat())
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = call(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn files_of_opencr_become_ours_and_the_server_starts_with_them() {
    let (config, relationship) = (config(), relationship());
    let folder = folder_with(&[
        ("config_production.json", &config),
        ("decisionRules.json", RULES),
        ("PatientRelationship.json", &relationship),
    ]);
    let files = ["config_production.json", "decisionRules.json", "PatientRelationship.json"];
    let dry = call(folder.path(), &[&files[..], &["--out", "ours", "--dry-run"]].concat());
    assert!(dry.status.success(), "{}", text(&dry.stderr));
    assert!(!folder.path().join("ours").exists());
    let told =
        check(folder.path(), &[&["migrate", "config"], &files[..], &["--out", "ours"]].concat());
    for expected in [
        "TAKEN    app.port",
        "server.port = 3000",
        "IGNORED  elastic.server",
        "BY HAND  mediator.api.password",
        "UNKNOWN  shoes.size",
        "IGNORED  shoe  no rule compares it",
        "access = \"demographics\"",
        "openhim.enabled = false",
        "openhim.url = \"https://localhost:8080\"",
    ] {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
    let ours = fs::read_to_string(folder.path().join("ours/opencr.toml")).unwrap();
    for secret in ["top-s3cret", "him-s3cret", "hapi-s3cret", "es-s3cret"] {
        let is_shown = [&told, &ours, &text(&dry.stdout)].iter().any(|text| text.contains(secret));
        assert!(!is_shown, "{secret}");
    }

    // A record of a client and a system that only OpenCR's file names is taken.
    let file = folder.path().join("ours/opencr.toml").display().to_string();
    let data = folder.path().join("data");
    let server = Server::start_with(&data, &["--config", &file]);
    let patient = json!({"resourceType": "Patient", "gender": "female", "birthDate": "1990-02-03",
        "identifier": [{"system": "http://isanteplus.org/ids", "value": "1"}],
        "name": [{"use": "official", "family": "Okello", "given": ["Amina"]}]});
    let answer = Client::new(&server, "isante").post("/Patient", &patient).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    let other = Client::new(&server, "openmrs").post("/Patient", &patient).unwrap();
    assert!(other.status == 401 || other.status == 403, "{}", other.status);
    server.stop();

    // Who is in no list is not let in, also if there is no list.
    let plain = "{\"app\": {\"port\": 3000}}";
    fs::write(folder.path().join("plain.json"), plain).unwrap();
    check(folder.path(), &["migrate", "config", "plain.json", "--out", "plain"]);
    let plain = fs::read_to_string(folder.path().join("plain/opencr.toml")).unwrap();
    assert!(plain.contains("clients = []") && plain.contains("development = false"), "{plain}");

    // Again it is the same, and what somebody changed is not written over.
    check(folder.path(), &[&["migrate", "config"], &files[..], &["--out", "ours"]].concat());
    fs::write(&file, "[server]\nport = 4000\n").unwrap();
    let again = [&files[..], &["--out", "ours"]].concat();
    assert!(refused(folder.path(), &again).contains("--force"));
    assert!(fs::read_to_string(&file).unwrap().contains("4000"));
    assert!(call(folder.path(), &[&again[..], &["--force"]].concat()).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), ours);
}

#[test]
fn files_that_cannot_be_understood_write_nothing() {
    let folder = folder_with(&[
        ("broken.json", "{\"app\": {\n  \"port\": 3000,\n}}"),
        ("wrong.json", "{\"app\": {\"port\": \"many\"}, \"auth\": {\"tokenDuration\": true}}"),
        ("range.json", "{\"app\": {\"port\": 99999}}"),
        ("good.json", "{\"app\": {\"port\": 3000}}"),
        ("rules.json", "{\"rules\": [{\"matchingType\": \"magic\"}]}"),
        ("other.json", "{\"name\": \"package\"}"),
        ("mediator.json", "{\"urn\": \"urn:uuid:1\"}"),
        ("list.json", "[1]"),
    ]);
    for (arguments, expected) in [
        (&["broken.json"][..], "broken.json: not JSON at line 3 column 1"),
        (&["wrong.json"], "app.port must be a whole number; auth.tokenDuration must be"),
        (&["range.json"], "server.port must be from 0 to 65535"),
        (&["good.json", "good.json"], "is of the same kind"),
        (&["good.json", "rules.json"], "rules.json"),
        (&["other.json"], "none of OpenCR's files"),
        (&["list.json"], "none of OpenCR's files"),
        (&["mediator.json"], "leave it out"),
        (&["missing.json"], "missing.json"),
        (&[], "required"),
    ] {
        let error = refused(folder.path(), arguments);
        assert!(error.contains(expected), "{expected} is not in {error}");
        assert!(!folder.path().join("opencr.toml").exists(), "{arguments:?}");
    }
}
