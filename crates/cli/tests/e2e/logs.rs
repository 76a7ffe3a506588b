//! JSON logs of the real process: each line is an object, requests are found by the ids that
//! answers carry, and nothing of a patient is in them.

use serde_json::{Value, json};

use crate::process::Server;

#[test]
fn json_log_names_requests_and_no_patient() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("opencr.toml");
    std::fs::write(&config, "[log]\nformat = 'json'\n").expect("written");
    let more = ["--config".to_owned(), config.display().to_string()];
    let server = Server::start_telling(&folder.path().join("data"), &more);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let patient = json!({ "resourceType": "Patient", "birthDate": "1987-06-05",
        "name": [{ "family": "Uniquefamily", "given": ["Uniquegiven"] }],
        "identifier": [{ "system": "http://clientregistry.org/openmrs", "value": "Unique77" }] });
    let bad = json!({ "resourceType": "Patient", "birthDate": "Uniquenonsense" });
    let mut ids = Vec::new();
    for body in [patient.to_string(), bad.to_string(), "{Uniquebroken".to_owned()] {
        let request = agent.post(format!("{}/Patient", server.base()));
        let request = request.header("X-OpenHIM-ClientID", "openmrs");
        let answer = request.header("Content-Type", "application/fhir+json").send(body);
        ids.push(request_id(&answer.expect("an answer")));
    }
    for path in ["Patient?family=Uniquefamily", "Patient/Uniqueid", "Uniquepath"] {
        let request = agent.get(format!("{}/{path}", server.base()));
        let answer = request.header("X-OpenHIM-ClientID", "openmrs").call();
        ids.push(request_id(&answer.expect("an answer")));
    }
    let log = server.stop_and_read_log();
    assert!(!log.contains("Unique") && !log.contains("1987"), "{log}");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    for id in ids {
        let answered: Vec<&Value> =
            lines.iter().filter(|line| line["span"]["request_id"] == id.as_str()).collect();
        assert!(answered.iter().any(|line| line["fields"]["status"].is_number()), "{id}: {log}");
    }
}

fn request_id(answer: &ureq::http::Response<ureq::Body>) -> String {
    let id = answer.headers().get("x-request-id").expect("a request id");
    id.to_str().expect("text").to_owned()
}
