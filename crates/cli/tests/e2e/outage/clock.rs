//! The machine's clock jumps.

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use super::crowd::Crowd;
use crate::process::{Client, Server, serve, verify};

const BOUND: Duration = Duration::from_secs(30);
const RECOVERY: Duration = Duration::from_secs(30);

/// The library that tells a process another time, wherever Debian keeps it.
fn library() -> std::path::PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let library = folders
        .map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists());
    library.expect("this test needs libfaketime: install it (faketime on Debian)")
}

/// The same command under a clock that `file` sets.
fn under_clock<'c>(command: &'c mut Command, file: &Path) -> &'c mut Command {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        // Clocks that only measure how long something takes do not jump.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

fn submit(client: &Client, number: &str) -> String {
    let patient = json!({
        "resourceType": "Patient",
        "identifier": [{ "system": "http://clientregistry.org/openmrs", "value": number }],
        "name": [{ "family": "Clock", "given": ["Test"] }],
    });
    let answer = client.post("/Patient", &patient).expect("it answers");
    assert_eq!(answer.status, 201, "{}", answer.body);
    updated(&answer.body)
}

fn updated(patient: &Value) -> String {
    patient["meta"]["lastUpdated"].as_str().expect("a time").to_owned()
}

#[test]
fn times_never_run_backwards_when_the_clock_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, clock) = (folder.path().join("data"), folder.path().join("clock"));
    fs::write(&clock, "+0").expect("written");
    let server = Server::start_quietly(under_clock(&mut serve(&data), &clock));
    let client = Client::new(&server, "openmrs");
    let crowd = Crowd::new(BOUND);
    let mut times = vec![submit(&client, "c0")];
    crowd.work(4, &[server.base()], || {
        for (round, offset) in ["+3d", "-1d", "+1d", "-400d", "+0"].into_iter().enumerate() {
            fs::write(&clock, offset).expect("written");
            crowd.await_more(20, RECOVERY);
            times.push(submit(&client, &format!("c{}", round + 1)));
        }
    });
    let is_jumping = times[1] > times[0] && times[1][..10] != times[0][..10];
    assert!(is_jumping, "the clock did not jump forward: {times:?}");
    assert!(times.is_sorted(), "{times:?}");
    // A start under an earlier clock than what is stored does not go back either.
    server.kill();
    fs::write(&clock, "-30d").expect("written");
    let server = Server::start_quietly(under_clock(&mut serve(&data), &clock));
    let after = submit(&Client::new(&server, "openmrs"), "c9");
    assert!(times.last().is_some_and(|last| *last <= after), "{after} after {times:?}");
    let kept = crowd.check(server.base());
    server.stop();
    if let Err(told) = verify(&data) {
        panic!("{told}");
    }
    println!("clock jumped 6 times: {}; {kept} checked", crowd.told());
}
