//! The real binary as a mediator of an OpenHIM, which a stand-in plays (contract 4.4).

mod core;

use std::{fs, path::Path, sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};

use self::core::{Core, Mood, PASSWORD};
use crate::process::{Client, Server, verify};

const URN: &str = "urn:uuid:4bc42b2f-b5a8-473d-8207-5dd5c61f0c4a";

/// A registry that is a mediator of `core`.
fn start(folder: &Path, core: &Core, more: &str) -> Server {
    let password = folder.join("password");
    if !password.exists() {
        fs::write(&password, format!("{PASSWORD}\n")).expect("a writable folder");
    }
    let config = format!(
        "[openhim]\nenabled = true\nurl = \"{}\"\npassword_file = \"{}\"\nheartbeat_seconds = 1\n\
         {more}\n[callers]\nsearches_per_minute = 50\n[[clients]]\nid = \"openmrs\"\n\
         name = \"OpenMRS\"\naccess = \"demographics\"\n",
        core.url,
        password.display()
    );
    let file = folder.join("opencr.toml");
    fs::write(&file, config).expect("a writable folder");
    Server::start_telling(
        &folder.join("data"),
        &["--config".to_owned(), file.display().to_string()],
    )
}

/// The status of a search, and what it says.
fn search(server: &Server) -> (u16, Value) {
    let client = Client::new(server, "openmrs");
    let answer = client.get("/Patient?family=okello&given=amina").expect("an answer");
    (answer.status, answer.body)
}

#[test]
fn mediator_registers_beats_and_takes_its_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = Core::start("localhost:0", None);
    core.state().config = json!({"searches_per_minute": "2", "fhirServer": {"password": "x"}});
    let server = start(folder.path(), &core, "");
    core.wait("three heartbeats", |state| state.beats.len() >= 3);
    {
        let state = core.state();
        let [told] = state.registered.as_slice() else { panic!("{:?}", state.registered) };
        assert_eq!((told["urn"].as_str(), &told["version"]), (Some(URN), &json!("0.1.0")));
        let channel = &told["defaultChannelConfig"][0];
        assert_eq!(channel["allow"], json!(["openmrs"]));
        assert_eq!(channel["authType"], "private");
        let port = server.base().split(':').nth(2).and_then(|rest| rest.split('/').next());
        assert_eq!(channel["routes"][0]["port"].to_string(), port.unwrap_or_default());
        assert!(told["configDefs"].as_array().is_some_and(|list| list.len() == 3));
        assert_eq!(state.beats[0]["config"], true);
        assert!(state.beats[1].get("config").is_none());
        assert!(state.beats.iter().all(|beat| beat["uptime"].is_u64()));
    }

    // Two searches, as OpenHIM says, and not fifty, as the file does.
    let statuses = [search(&server).0, search(&server).0, search(&server).0];
    assert_eq!(statuses, [200, 200, 429]);
    // Changed there, it changes here; what widens is refused whole, and what is left out is the file's.
    core.state().config = json!({"searches_per_minute": 51, "log_level": "error"});
    let beats = core.state().beats.len();
    core.wait("a refused configuration", |state| state.beats.len() > beats + 2);
    assert_eq!(search(&server).0, 429);
    core.state().config = json!({"search_results_max": 10});
    let beats = core.state().beats.len();
    core.wait("another configuration", |state| state.beats.len() > beats + 2);
    assert_eq!(search(&server).0, 200);

    // A core that lost its mediators learns of this one again.
    core.state().registered.clear();
    core.wait("another registration", |state| state.registered.len() == 1);
    let log = server.stop_and_read_log();
    assert!(log.contains("registered with OpenHIM"), "{log}");
    assert!(log.contains("OpenHIM's configuration is not taken"), "{log}");
    assert!(!log.contains(PASSWORD));
    assert_eq!(verify(&folder.path().join("data")), Ok(()));
    let data = folder.path().join("data");
    let exported = crate::commands::check(
        folder.path(),
        &["audit", "export", "--data", &data.display().to_string()],
    );
    let changes =
        exported.lines().filter(|line| line.contains("\"description\":\"searches_per_minute"));
    assert_eq!(changes.count(), 2);
}

/// A certificate for localhost, and what a listener needs.
fn certificate() -> (String, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate and its key");
    (made.cert.pem(), Arc::new(config))
}

#[test]
fn certificate_of_the_core_is_checked_unless_that_is_switched_off() {
    let (pem, tls) = certificate();
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, pem).expect("a writable folder");
    let core = Core::start("localhost:0", Some(tls));
    let server = start(folder.path(), &core, "");
    core.wait("a second attempt", |state| state.connections > 1);
    let log = server.stop_and_read_log();
    assert!(log.contains("its certificate is not trusted"), "{log}");
    assert_eq!(core.state().requests, 0);

    let by_ca = format!("ca = \"{}\"", ca.display());
    for more in [
        format!("{by_ca}\nauthentication = \"token\""),
        by_ca,
        "trust_self_signed = true".to_owned(),
    ] {
        core.state().beats.clear();
        let server = start(folder.path(), &core, &more);
        core.wait("a heartbeat over TLS", |state| state.beats.len() > 1);
        server.stop();
    }
}

#[test]
fn registry_serves_whatever_the_core_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let elsewhere = Core::start("localhost:0", None);
    // Nobody there at the start.
    let free = std::net::TcpListener::bind("localhost:0").expect("a port");
    let port = free.local_addr().expect("it is bound").port();
    let mut core = Core::start("localhost:0", None);
    core.url = format!("http://localhost:{port}");
    let server = start(folder.path(), &core, "");
    assert_eq!(search(&server).0, 200);
    // It has tried in vain once, however slow the machine is.
    drop(free.accept().expect("an attempt"));
    drop(free);
    let core = Core::start(&format!("localhost:{port}"), None);
    core.wait("a registration after an outage", |state| !state.beats.is_empty());

    for mood in [
        Mood::Status(500),
        Mood::Status(401),
        Mood::Leads(format!("{}/mediators", elsewhere.url)),
        Mood::Says("{ not JSON".to_owned()),
        Mood::Says(format!("\"{}\"", "x".repeat(1 << 20))),
        Mood::Says("[1]".to_owned()),
        Mood::Silent,
    ] {
        let before = core.state().requests;
        core.state().mood = mood.clone();
        core.wait("a request in a bad mood", |state| state.requests > before);
        assert_eq!(search(&server).0, 200, "{mood:?}");
        if mood != Mood::Silent {
            let beats = core.state().beats.len();
            core.state().mood = Mood::Well;
            core.wait("a heartbeat again", |state| state.beats.len() > beats);
        }
    }
    // A request without an answer does not hold up the end.
    let began = std::time::Instant::now();
    let log = server.stop_and_read_log();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(elsewhere.state().requests, 0, "a redirect was followed");
    for expected in [
        "OpenHIM is not reached",
        "answers a heartbeat with 500 and not 200",
        "OpenHIM refuses the user with 401",
        "with 307 and not",
        "is not JSON of at most 65536 bytes",
    ] {
        assert!(log.contains(expected), "{expected} is not in {log}");
    }
    assert!(!log.contains(PASSWORD) && !log.contains("some words"), "{log}");
}

#[test]
fn wrong_password_is_told_once_and_a_missing_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = Core::start("localhost:0", None);
    fs::write(folder.path().join("password"), "not-the-s3cret").expect("a writable folder");
    let server = start(folder.path(), &core, "");
    core.wait("two attempts", |state| state.requests >= 2);
    let log = server.stop_and_read_log();
    assert_eq!(log.matches("OpenHIM refuses the user").count(), 1, "{log}");
    assert!(!log.contains("not-the-s3cret"));

    for (more, expected) in [
        ("password_file = \"\"", "OPENCR_OPENHIM_PASSWORD"),
        ("password_file = \"/nowhere/at/all\"", "openhim.password_file"),
        ("url = \"http://openhim.example.org:8080\"", "must be https://"),
        ("url = \"https://root:pw@openhim.example.org\"", "without a user"),
        ("authentication = \"magic\"", "must be \"basic\" or \"token\""),
        ("ca = \"/nowhere/at/all\"", "openhim.ca"),
        ("username = \"a/../b\"", "openhim.username"),
        ("heartbeat_seconds = 0", "must be from 1 to 3600"),
    ] {
        let file = folder.path().join("bad.toml");
        let place = folder.path().join("password").display().to_string();
        let mut lines = format!("[openhim]\nenabled = true\n{more}\n");
        if !more.starts_with("password_file") {
            lines.push_str(&format!("password_file = \"{place}\"\n"));
        }
        fs::write(&file, lines).expect("a writable folder");
        let file = file.display().to_string();
        let output =
            crate::commands::opencr(folder.path(), &["serve", "--port", "0", "--config", &file]);
        let error = crate::commands::text(&output.stderr);
        assert!(!output.status.success() && error.contains(expected), "{expected}: {error}");
    }
}
