//! SIGKILL at random moments under load: nothing acknowledged is lost, nothing is half-written.
//!
//! `KILL_ROUNDS=1000 cargo test --release -p opencr --test e2e kill -- --nocapture` is the long
//! form of what `./test` does for a few rounds. The seed of a failing round is in its message.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use people::{MadeUp, Options, generate};
use serde_json::{Value, json};

use crate::process::{Answer, Client, Server, verify};

const ROUNDS: u64 = 15;
/// Rounds on one data folder, before a new one keeps the checks quick.
const ROUNDS_A_FOLDER: u64 = 25;
const SENDERS: u64 = 4;

/// What the registry has acknowledged about one record.
#[derive(Clone, Debug)]
struct Acknowledged {
    cruid: String,
    version: u64,
    /// What was sent and acknowledged as that version.
    content: Value,
    /// A withdrawal was asked for, so the record may be gone.
    may_be_withdrawn: bool,
}

/// The newest acknowledgement of each record, by `Patient/<id>`.
type Ledger = HashMap<String, Acknowledged>;

/// What a sender reports: acknowledged, or only asked for.
enum Report {
    Submitted(String, Acknowledged),
    Withdrawing(String),
}

fn rounds() -> u64 {
    std::env::var("KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_under_load() {
    let mut acknowledged = 0;
    let mut folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::new();
    for round in 0..rounds() {
        if round % ROUNDS_A_FOLDER == 0 {
            folder = tempfile::tempdir().expect("a folder");
            ledger.clear();
        }
        let server = Server::start(folder.path());
        acknowledged += load_and_kill(server, round, &mut ledger);
        if let Err(findings) = verify(folder.path()) {
            panic!("round {round}: {findings}");
        }
        let server = Server::start(folder.path());
        check(&server, round, &ledger);
        server.stop();
        if round % 50 == 49 {
            println!("{} rounds, {acknowledged} acknowledgements checked", round + 1);
        }
    }
    assert!(acknowledged > rounds(), "the load got through: {acknowledged}");
}

/// Sends from several connections, kills the process in the middle, gives how much was answered.
fn load_and_kill(server: Server, round: u64, ledger: &mut Ledger) -> u64 {
    let (sender, reports) = mpsc::channel();
    let is_over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..SENDERS)
        .map(|number| {
            let client = Client::new(&server, "openmrs");
            let seed = round * SENDERS + number;
            let (sender, is_over) = (sender.clone(), is_over.clone());
            std::thread::spawn(move || send(&client, seed, &sender, &is_over))
        })
        .collect();
    drop(sender);
    let moment = Duration::from_millis(20 + scramble(round) % 400);
    let mut count = 0;
    let mut note = |report| {
        count += u64::from(matches!(report, Report::Submitted(..)));
        keep(ledger, report);
    };
    // The channel is the clock: it waits for reports until the moment has come.
    let began = std::time::Instant::now();
    while let Some(left) = moment.checked_sub(began.elapsed()) {
        match reports.recv_timeout(left) {
            Ok(report) => note(report),
            Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    server.kill();
    is_over.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("a sender ends in order");
    }
    reports.iter().for_each(note);
    count
}

fn keep(ledger: &mut Ledger, report: Report) {
    match report {
        Report::Submitted(id, new) => {
            let known = ledger.entry(id).or_insert_with(|| new.clone());
            // Several senders share records, so acknowledgements arrive in any order.
            if new.version >= known.version {
                known.cruid = new.cruid;
                known.version = new.version;
                known.content = new.content;
            }
        }
        Report::Withdrawing(id) => {
            if let Some(known) = ledger.get_mut(&id) {
                known.may_be_withdrawn = true;
            }
        }
    }
}

/// A well-mixed number from a small one (the finaliser of SplitMix64, Steele et al. 2014).
pub(crate) fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Submits made-up people until the server is gone: alone, in transactions, again, withdrawn.
fn send(client: &Client, seed: u64, reports: &mpsc::Sender<Report>, is_over: &AtomicBool) {
    let people = generate(&Options::usual(seed % 7, 400));
    let mut waiting: Vec<Value> = Vec::new();
    let mut newest = None;
    for (step, MadeUp { patient, .. }) in people.enumerate() {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let dice = scramble(seed << 20 | step as u64) % 100;
        let answered = match dice {
            0..20 => {
                waiting.push(patient);
                if waiting.len() < 4 {
                    continue;
                }
                transaction(client, std::mem::take(&mut waiting), reports)
            }
            20..25 if newest.is_some() => withdraw(client, newest.take(), reports),
            _ => client.post("/Patient", &patient).map(|answer| {
                newest = answer.location.clone();
                acknowledge(&answer, patient, reports);
            }),
        };
        if answered.is_err() {
            return;
        }
    }
}

fn withdraw(
    client: &Client,
    record: Option<String>,
    reports: &mpsc::Sender<Report>,
) -> Result<(), ureq::Error> {
    let Some(record) = record else { return Ok(()) };
    // Told before it is asked: the kill may come between the deed and the answer.
    let _ = reports.send(Report::Withdrawing(record.clone()));
    let answer = client.delete(&format!("/{record}"))?;
    assert_eq!(answer.status, 204, "{}", answer.body);
    Ok(())
}

fn transaction(
    client: &Client,
    patients: Vec<Value>,
    reports: &mpsc::Sender<Report>,
) -> Result<(), ureq::Error> {
    let entries: Vec<Value> = patients
        .iter()
        .map(
            |patient| json!({"resource": patient, "request": {"method": "POST", "url": "Patient"}}),
        )
        .collect();
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    let answer = client.post("", &bundle)?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let list = |text: &Option<String>| -> Vec<String> {
        text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let (records, cruids) = (list(&answer.location), list(&answer.cruid));
    assert_eq!((records.len(), cruids.len()), (4, 4));
    let answered = records.into_iter().zip(cruids).zip(patients).enumerate();
    for (index, ((record, cruid), content)) in answered {
        let etag = answer.body["entry"][index]["response"]["etag"].as_str();
        let version = version(etag);
        let report = Acknowledged { cruid, version, content, may_be_withdrawn: false };
        let _ = reports.send(Report::Submitted(record, report));
    }
    Ok(())
}

fn acknowledge(answer: &Answer, content: Value, reports: &mpsc::Sender<Report>) {
    assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.body);
    let record = answer.location.clone().expect("Location is answered");
    let cruid = answer.cruid.clone().expect("LocationCRUID is answered");
    let version = version(answer.etag.as_deref());
    let report = Acknowledged { cruid, version, content, may_be_withdrawn: false };
    let _ = reports.send(Report::Submitted(record, report));
}

fn version(etag: Option<&str>) -> u64 {
    let digits = etag.and_then(|etag| etag.strip_prefix("W/\"")?.strip_suffix('"'));
    digits.and_then(|digits| digits.parse().ok()).expect("ETag is a weak version")
}

/// Everything acknowledged is there, in the acknowledged version or a later one.
fn check(server: &Server, round: u64, ledger: &Ledger) {
    let client = Client::new(server, "openmrs");
    for (record, known) in ledger {
        let answer = client.get(&format!("/{record}")).expect("the server answers");
        let is_there = answer.status == 200;
        let is_withdrawn = answer.status == 410 && known.may_be_withdrawn;
        assert!(is_there || is_withdrawn, "round {round}: {record} is {}", answer.status);
        if is_there {
            let stored = version(answer.etag.as_deref());
            assert!(stored >= known.version, "round {round}: {record} went back to {stored}");
            let links = answer.body["link"].as_array().map(Vec::len);
            assert_eq!(links, Some(1), "round {round}: {record} has one CRUID");
        }
        let earlier = client.get(&format!("/{record}/_history/{}", known.version));
        let earlier = earlier.expect("the server answers");
        assert_eq!(earlier.status, 200, "round {round}: {record} version {}", known.version);
        check_version(round, record, known, earlier.body);
        let golden = client.get(&format!("/{}", known.cruid)).expect("the server answers");
        assert_eq!(golden.status, 200, "round {round}: {}", known.cruid);
    }
}

/// The acknowledged version shows what was sent and the CRUID that was answered.
fn check_version(round: u64, record: &str, known: &Acknowledged, mut shown: Value) {
    let link = shown["link"][0]["other"]["reference"].as_str();
    assert_eq!(link, Some(known.cruid.as_str()), "round {round}: {record} {}", known.version);
    let members = shown.as_object_mut().expect("a resource");
    for registry_owned in ["id", "meta", "link"] {
        members.remove(registry_owned);
    }
    assert!(
        shown == known.content,
        "round {round}: {record} {} shows other content",
        known.version
    );
}
