//! `opencr doctor`: what is well, what is not, and what to do; and nothing is changed.

use std::{net::TcpListener, path::Path, process::Output};

use serde_json::Value;

use crate::{
    commands::text,
    process::{Server, opencr, run},
};

fn examine(data: &Path, port: u16, env: &[(&str, &str)]) -> (Output, Value) {
    let mut command = opencr();
    command.args(["doctor", "--json", "--data"]).arg(data).env_remove("OPENCR_CONFIG");
    command.env("OPENCR__SERVER__PORT", port.to_string()).envs(env.iter().copied());
    let output = run(&mut command);
    let told = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}{}", text(&output.stdout), text(&output.stderr)));
    (output, told)
}

/// How a check ended, and its words.
fn check<'v>(told: &'v Value, name: &str) -> (&'v str, &'v str) {
    let checks = told["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {told}"));
    (found["state"].as_str().expect("a state"), found["text"].as_str().expect("words"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

#[test]
fn fresh_machine_is_well_and_nothing_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (output, told) = examine(&data, free_port(), &[]);
    assert!(output.status.success() && told["healthy"] == true, "{told}");
    for name in ["configuration", "rules", "certificates", "data folder", "store", "clock", "port"]
    {
        assert_eq!(check(&told, name).0, "ok", "{name}: {told}");
    }
    assert!(check(&told, "store").1.contains("the first start makes it"));
    assert!(!data.exists() && folder.path().read_dir().expect("a folder").next().is_none());
}

#[test]
fn registry_that_serves_is_looked_at_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let port = server.base().rsplit(':').next().and_then(|end| end.split('/').next());
    let port = port.and_then(|port| port.parse().ok()).expect("a port");
    let (output, told) = examine(folder.path(), port, &[]);
    assert!(output.status.success(), "{told}");
    assert!(check(&told, "port").1.contains("served by a registry"), "{told}");
    assert!(check(&told, "store").1.contains("0 events"), "{told}");
    server.stop();
}

#[test]
fn what_keeps_it_from_starting_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let rules = folder.path().join("rules.json");
    std::fs::write(&rules, "{\"rules\": [{}]}").expect("written");
    let secret = "s3cr3t-of-the-database";
    let store = format!("postgres://opencr:{secret}@127.0.0.1:1/opencr?connect_timeout=1");
    let (output, told) = examine(
        &data,
        port,
        &[
            ("OPENCR__MATCHING__RULES", rules.to_str().expect("UTF-8")),
            ("OPENCR__STORE__URL", &store),
            ("OPENCR__TLS__CERTIFICATE", "/nowhere/cert.pem"),
            ("OPENCR__TLS__KEY", "/nowhere/key.pem"),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(told["healthy"], false);
    for (name, word) in
        [("rules", "rules check"), ("certificates", "/nowhere"), ("port", "cannot be")]
    {
        let (state, words) = check(&told, name);
        assert!(state == "fail" && words.contains(word), "{name}: {state} {words}");
    }
    assert_eq!(check(&told, "data folder").0, "ok");
    assert!(!told.to_string().contains(secret) && !text(&output.stderr).contains(secret));
    // `--data` outranks the store's URL, so that one is named alone.
    let mut command = opencr();
    command.args(["doctor", "--json", "--store", &store]).env_remove("OPENCR_CONFIG");
    command.env("OPENCR__DATA__FOLDER", &data);
    let output = run(&mut command);
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (state, words) = check(&told, "store");
    assert!(state == "fail" && words.contains("is the database running"), "{words}");
    assert!(!told.to_string().contains(secret) && !text(&output.stderr).contains(secret));
}

#[test]
fn configuration_that_cannot_be_read_is_all_that_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (output, told) = examine(folder.path(), 0, &[("OPENCR__SERVER__BODY_MAX_BYTES", "many")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(check(&told, "configuration").0, "fail");
    assert_eq!(told["checks"].as_array().map(Vec::len), Some(1));
    let plain = run(opencr().args(["doctor", "--data"]).arg(folder.path().join("x")));
    assert!(text(&plain.stdout).contains(" failures"), "{}", text(&plain.stdout));
}

#[test]
fn database_without_a_registry_is_told_and_left_alone() {
    let url = testkit::postgres::url();
    for _ in 0..2 {
        let output = run(opencr().args(["doctor", "--json", "--store", &url]));
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(check(&told, "store").1.contains("the first start makes it"), "{told}");
    }
}

#[test]
fn store_of_an_older_release_is_told_and_does_not_keep_it_from_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, file) = (folder.path(), folder.path().join("opencr.sqlite"));
    Server::start(data).stop();
    // The database's header, bytes 60 to 63: the user version (sqlite.org/fileformat2.html).
    let mut bytes = std::fs::read(&file).expect("it is there");
    bytes[60..64].copy_from_slice(&1_u32.to_be_bytes());
    std::fs::write(&file, &bytes).expect("as an older release left it");
    let (output, told) = examine(data, 0, &[]);
    let (state, words) = check(&told, "store");
    assert!(state == "warn" && words.contains("the next start"), "{state} {words}");
    assert_eq!(output.status.code(), Some(0));
    assert!(std::fs::read(&file).expect("it is there") == bytes, "it is left as it is");
}
