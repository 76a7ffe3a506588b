//! The disk is full, read-only, damaged, or lost the end of what was written.

use std::{fs, path::Path, time::Duration};

use super::{crowd::Crowd, room::Room};
use crate::{
    kill::scramble,
    process::{Client, Server, opencr, run, serve, verify},
};

const BOUND: Duration = Duration::from_secs(30);
const RECOVERY: Duration = Duration::from_secs(30);

#[test]
fn full_disk_refuses_in_order_and_goes_on_when_there_is_room() {
    let room = Room::of(24);
    let data = room.folder().join("data");
    let start = || Server::start_quietly(&mut room.enter(&serve(&data)));
    let server = start();
    let crowd = Crowd::new(BOUND);
    crowd.work(4, &[server.base()], || {
        for _ in 0..3 {
            crowd.await_more(30, RECOVERY);
            room.fill();
            crowd.await_count(503, 8, RECOVERY);
            // Reads have to be taken down, so those are refused, too.
            let answer = Client::new(&server, "openmrs").get("/Patient?_count=1");
            let answer = answer.expect("it answers");
            assert!(matches!(answer.status, 200 | 503), "{}", answer.status);
            assert_eq!(answer.body["resourceType"], outcome_or_bundle(answer.status));
            room.clear();
        }
        crowd.await_more(30, RECOVERY);
    });
    // It dies with a full disk. It may say that it cannot start, or start and refuse in order;
    // when there is room it goes on.
    room.fill();
    server.kill();
    let half = Server::try_start(&mut room.enter(&serve(&data)));
    room.clear();
    let server = half.unwrap_or_else(start);
    crowd.work(4, &[server.base()], || crowd.await_more(30, RECOVERY));
    let kept = crowd.check(server.base());
    server.stop();
    let output = run(&mut room.enter(opencr().args(["verify", "--data"]).arg(&data)));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    println!("disk full 4 times: {}; {kept} checked", crowd.told());
}

fn outcome_or_bundle(status: u16) -> &'static str {
    if status == 200 { "Bundle" } else { "OperationOutcome" }
}

/// A `serve` that is expected to end by itself.
fn serve_once(data: &Path) -> std::process::Command {
    let mut command = opencr();
    command.args(["serve", "--port", "0", "--data"]).arg(data);
    command
}

#[test]
fn read_only_disk_is_told_at_the_start() {
    let room = Room::of(24);
    let data = room.folder().join("data");
    Server::start_quietly(&mut room.enter(&serve(&data))).stop();
    room.seal();
    let output = run(&mut room.enter(&serve_once(&data)));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !told.contains("panicked"), "{told}");
    assert!(told.contains("read-only") || told.contains("Read-only"), "{told}");
}

/// A file of the registry, after some load and a sudden end.
fn loaded(data: &Path, crowd: &Crowd) {
    let server = Server::start(data);
    crowd.work(4, &[server.base()], || crowd.await_more(150, RECOVERY));
    server.kill();
}

/// The registry's own file in its folder.
fn file(data: &Path, ending: &str) -> std::path::PathBuf {
    let name = fs::read_dir(data).expect("it is there").flatten().map(|entry| entry.path());
    name.into_iter()
        .find(|path| path.to_string_lossy().ends_with(ending))
        .unwrap_or_else(|| panic!("no {ending}"))
}

#[test]
fn damaged_pages_are_found_and_never_a_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, crowd) = (folder.path().join("whole"), Crowd::new(BOUND));
    let server = Server::start(&whole);
    crowd.work(4, &[server.base()], || crowd.await_more(300, RECOVERY));
    server.stop();
    let bytes = fs::read(file(&whole, ".sqlite")).expect("a file");
    let (mut refused, mut found) = (0, 0);
    for round in 0..12 {
        let data = folder.path().join(format!("damaged{round}"));
        fs::create_dir(&data).expect("a folder");
        let mut damaged = bytes.clone();
        // Somewhere after the first page, whose loss no database survives.
        let at = 4096 + usize::try_from(scramble(round)).expect("64 bits") % (bytes.len() - 8192);
        for byte in &mut damaged[at..at + 4096] {
            *byte ^= 0x5a;
        }
        let name = file(&whole, ".sqlite").file_name().expect("a name").to_owned();
        fs::write(data.join(name), damaged).expect("written");
        if let Err(told) = verify(&data) {
            assert!(!told.contains("panicked"), "round {round}: {told}");
            found += 1;
        }
        refused += u32::from(!serves_or_says_why(&data, round));
    }
    println!("12 damaged files: {found} found by verify, {refused} refused at the start");
    assert!(found >= 8, "damage goes unnoticed: {found} of 12");
}

/// Whether it starts; then no answer is a crash, and each is an OperationOutcome or a resource.
fn serves_or_says_why(data: &Path, round: u64) -> bool {
    let Some(server) = Server::try_start(&mut serve(data)) else { return false };
    let client = Client::new(&server, "openmrs");
    for page in 0..8 {
        let answer = client.get(&format!("/Patient?_count=50&_offset={}", page * 50));
        let answer = answer.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(matches!(answer.status, 200 | 500 | 503), "round {round}: {}", answer.status);
        assert!(answer.body["resourceType"].is_string(), "round {round}: {}", answer.body);
    }
    true
}

/// Bytes of the journal that were flushed to the disk before their pages began to move into the file: no sudden end takes them.
/// From the journal's index and header (sqlite.org/walformat.html, 1.3 and 2.1: `nBackfillAttempted`, page size, 24 bytes
/// before each page, 32 before all).
fn flushed(data: &Path) -> u64 {
    let index = fs::read(file(data, ".sqlite-shm")).expect("it is there");
    let journal = fs::read(file(data, ".sqlite-wal")).expect("it is there");
    let Some(page) = journal.get(8..12) else { return 0 };
    let page = u32::from_be_bytes(page.try_into().expect("four bytes"));
    let attempted = index.get(128..132).expect("an index has a head");
    let frames = u32::from_ne_bytes(attempted.try_into().expect("four bytes"));
    if frames == 0 { 0 } else { 32 + u64::from(frames) * (24 + u64::from(page)) }
}

#[test]
fn what_a_truncated_journal_lost_leaves_no_half_of_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..8 {
        let data = folder.path().join(format!("{round}"));
        loaded(&data, &Crowd::new(BOUND));
        let journal = file(&data, ".sqlite-wal");
        let length = fs::metadata(&journal).expect("it is there").len();
        let flushed = flushed(&data).min(length);
        let keep = flushed + scramble(round) % (length - flushed).max(1);
        let open = fs::OpenOptions::new().write(true).open(&journal).expect("it opens");
        open.set_len(keep).expect("it is cut");
        if let Err(told) = verify(&data) {
            panic!("round {round}, {keep} of {length} bytes kept: {told}");
        }
        // Also what is kept beside the file is of what is left.
        let (server, crowd) = (Server::start(&data), Crowd::new(BOUND));
        crowd.work(2, &[server.base()], || crowd.await_more(20, RECOVERY));
        crowd.check(server.base());
        server.stop();
        if let Err(told) = verify(&data) {
            panic!("round {round}, afterwards: {told}");
        }
    }
}
