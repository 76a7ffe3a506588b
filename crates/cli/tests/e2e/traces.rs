//! Traces of the real process: a stand-in of a collector gets what was asked for and how it was carried
//! out, in the caller's own trace, and nothing of a patient.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::json;

use crate::{
    process::Server,
    standin::{self, Reply, Request},
};

/// A trace that a gateway began: `version-trace id-its span-sampled`.
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: [u8; 16] = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();

/// A collector that keeps what it is sent, and answers with a status.
fn collector(status: u16) -> (String, Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = kept.clone();
    let answer = move |request: Option<&Request>| {
        if let Some(request) = request {
            assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
            assert_eq!(request.target, "/v1/traces");
            keep.lock().expect("no panic").extend(&request.body);
        }
        Reply::Plain(status, String::new())
    };
    (format!("{}/v1/traces", standin::listen("127.0.0.1:0", None, answer)), kept)
}

/// Serves with these settings, is sent one patient in a gateway's trace, and gives the log.
fn serve_one(folder: &Path, traces: &str) -> String {
    let config = folder.join("opencr.toml");
    std::fs::create_dir_all(folder).expect("made");
    std::fs::write(&config, format!("[log]\nlevel = 'warn'\n[traces]\n{traces}")).expect("written");
    let more = ["--config".to_owned(), config.display().to_string()];
    let server = Server::start_telling(&folder.join("data"), &more);
    let patient = json!({ "resourceType": "Patient", "birthDate": "1987-06-05",
        "name": [{ "family": "Uniquefamily", "given": ["Uniquegiven"] }],
        "identifier": [{ "system": "http://clientregistry.org/openmrs", "value": "Unique77" }] });
    let request = ureq::post(format!("{}/Patient", server.base()))
        .header("X-OpenHIM-ClientID", "openmrs")
        .header("Content-Type", "application/fhir+json")
        .header("traceparent", PARENT);
    let answer = request.send(patient.to_string()).expect("an answer");
    assert_eq!(answer.status().as_u16(), 201);
    server.stop_and_read_log()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn collector_gets_the_request_in_its_callers_trace_and_no_patient() {
    let folder = tempfile::tempdir().expect("a folder");
    let (url, kept) = collector(200);
    let log = serve_one(folder.path(), &format!("url = '{url}'\n"));
    assert!(log.is_empty(), "{log}");
    let spans = kept.lock().expect("no panic");
    assert!(holds(&spans, &TRACE), "the caller's trace goes on");
    let told = ["opencr", "request", "/fhir/Patient", "openmrs", "POST"];
    let steps = ["batch", "catch_up", "match", "load", "decide", "commit", "publish"];
    for name in told.iter().chain(&steps) {
        assert!(holds(&spans, name.as_bytes()), "{name} is missing");
    }
    for secret in ["Unique", "1987"] {
        assert!(!holds(&spans, secret.as_bytes()), "{secret} is in a span");
    }
}

#[test]
fn collector_gets_no_more_than_its_share_whatever_callers_ask_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (url, kept) = collector(200);
    serve_one(folder.path(), &format!("url = '{url}'\none_in = 1000000\n"));
    assert!(kept.lock().expect("no panic").is_empty());
}

#[test]
fn collector_that_fails_is_told_of_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let (refusing, _) = collector(503);
    // Port 9 (discard, RFC 863): nobody listens there.
    for url in [refusing.as_str(), "http://127.0.0.1:9/v1/traces"] {
        let log =
            serve_one(&folder.path().join(url.len().to_string()), &format!("url = '{url}'\n"));
        assert_eq!(log.matches("traces cannot be delivered").count(), 1, "{log}");
    }
}
