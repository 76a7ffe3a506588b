//! Accounts by the command line, and signing in to the real server.

use std::{
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    commands::text,
    process::{Server, opencr, run},
};

fn user(data: &Path, arguments: &[&str]) -> Output {
    run(opencr().arg("user").args(arguments).arg("--data").arg(data))
}

fn user_with_password(data: &Path, arguments: &[&str], password: &str) -> Output {
    let mut command = opencr();
    command.arg("user").args(arguments).args(["--password-stdin", "--data"]).arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    writeln!(stdin, "{password}").expect("the binary reads");
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

/// The extension in which OpenCR keeps an account.
pub(crate) const DETAILS: &str =
    "http://openclientregistry.org/fhir/StructureDefinition/OCRUserDetails";

/// Status and body of a sign-in by the query string of OpenCR's UI.
pub(crate) fn sign_in(server: &Server, name: &str, password: &str) -> (u16, Value) {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build();
    let root = server.base().strip_suffix("/fhir").expect("the base ends so");
    let url = format!("{root}/ocrux/user/authenticate?username={name}&password={password}");
    let agent: ureq::Agent = config.into();
    let mut response = agent.post(&url).send_empty().expect("an answer");
    let body = response.body_mut().read_to_string().expect("a text");
    (response.status().as_u16(), serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn accounts_are_made_listed_disabled_and_reset() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let made = user(data, &["add", "root", "--role", "admin", "--first-name", "Ada"]);
    let made = text(&made.stdout);
    let password = made.rsplit("(shown once): ").next().unwrap().trim().to_owned();
    assert_eq!(password.len(), 24, "{made}");
    let made = user_with_password(data, &["add", "jane", "--role", "steward"], "quite-long-one");
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(!text(&made.stdout).contains("quite-long-one"));

    let server = Server::start_logging(data);
    let (status, answer) = sign_in(&server, "root", &password);
    assert_eq!((status, &answer["role"]), (200, &Value::from("admin")));
    assert_eq!(sign_in(&server, "jane", "quite-long-one").0, 200);
    assert_eq!(sign_in(&server, "jane", "quite-wrong-one").0, 400);
    let busy = user(data, &["list"]);
    assert!(text(&busy.stderr).contains("stop it first"), "{}", text(&busy.stderr));
    let log = server.stop_and_read_log();
    for secret in [password.as_str(), "quite-long-one", "quite-wrong-one", "password", "jane"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
    assert!(log.contains("route=\"/ocrux/user/authenticate\""), "{log}");

    let listed = text(&user(data, &["list"]).stdout);
    assert!(listed.contains("jane\tdeduplication\tactive\t"), "{listed}");
    assert!(user(data, &["disable", "jane"]).status.success());
    let reset = user_with_password(data, &["reset", "root"], "another-long-one");
    assert!(reset.status.success(), "{}", text(&reset.stderr));
    let server = Server::start(data);
    assert_eq!(sign_in(&server, "jane", "quite-long-one").0, 400);
    assert_eq!(sign_in(&server, "root", &password).0, 400);
    assert_eq!(sign_in(&server, "root", "another-long-one").0, 200);
    server.stop();
    assert!(user(data, &["enable", "jane"]).status.success());
    let listed = text(&user(data, &["list"]).stdout);
    assert!(listed.contains("jane\tdeduplication\tactive\t"), "{listed}");
}

#[test]
fn accounts_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let check = |output: Output, expected: &str| {
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected), "{error}");
    };
    check(user(data, &["list"]), "there is no store at");
    check(user(data, &["add", "x", "--role", "king"]), "must be one of viewer, deduplication");
    check(user(data, &["add", "a b", "--role", "admin"]), "no blanks");
    let short = user_with_password(data, &["add", "x", "--role", "admin"], "short");
    check(short, "at least 12 characters");
    assert!(user(data, &["add", "root", "--role", "admin"]).status.success());
    check(user(data, &["add", "root", "--role", "viewer"]), "there is an account root already");
    check(user(data, &["disable", "root"]), "the last active administrator");
    check(user(data, &["reset", "nobody"]), "there is no account nobody");
}

#[test]
fn accounts_of_opencr_are_taken_over_with_their_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let person = |id: &str, username: &str| {
        let hash = include_str!("../../../server/src/people/password/opencr_hash.txt").trim();
        let salt = "000102030405060708090a0b0c0d0e0f";
        let details: Vec<Value> = [("username", username), ("password", hash), ("salt", salt)]
            .iter()
            .map(|(url, value)| serde_json::json!({ "url": url, "valueString": value }))
            .collect();
        let extension = serde_json::json!([{ "url": DETAILS, "extension": details }]);
        serde_json::json!({ "resource": { "resourceType": "Person", "id": id, "extension": extension } })
    };
    let entries = [person("p1", "jane"), person("p2", "jane"), person("p3", "a b")];
    let bundle = serde_json::json!({ "resourceType": "Bundle", "entry": entries });
    let file = folder.path().join("persons.json");
    std::fs::write(&file, bundle.to_string()).unwrap();
    let file = file.display().to_string();
    let data = folder.path().join("data");
    let imported = user(&data, &["import", &file]);
    assert_eq!(text(&imported.stdout).trim(), "Added 1 of 3 accounts.");
    let told = text(&imported.stderr);
    assert!(told.contains("number 2: its id or user name is taken"), "{told}");
    assert!(told.contains("number 3: its user name"), "{told}");
    let server = Server::start(&data);
    let (status, answer) = sign_in(&server, "jane", "made%20up");
    assert_eq!((status, &answer["userID"]), (200, &Value::from("p1")));
    server.stop();
}
