//! OpenCR's FHIR store read over HTTP, from a stand-in of HAPI: pages, faults, and a second run.

use std::{
    collections::HashMap,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex, MutexGuard},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::standin::{Reply, Request, listen};

const PASSWORD: &str = "hapi-s3cret";

/// How the store behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// Every second answer is a fault of the server, and every third breaks off.
    Shaky,
    /// After so many answers, pages are gone.
    Forgets(usize),
    /// The next page of a page is itself.
    Circles,
    /// It holds one Patient less than it counts.
    Loses,
    /// It answers with something else.
    Else(u16, &'static str),
}

struct State {
    mood: Mood,
    asked: Vec<String>,
    /// Ids that were deleted.
    gone: Vec<&'static str>,
}

#[derive(Clone)]
struct Store {
    state: Arc<Mutex<State>>,
    base: String,
}

impl Store {
    fn start(mood: Mood) -> Self {
        let state = Arc::new(Mutex::new(State { mood, asked: Vec::new(), gone: Vec::new() }));
        let mut store = Self { state, base: String::new() };
        let serving = store.clone();
        let url = listen("localhost:0", None, move |request| match request {
            Some(request) => serving.answer(request),
            None => Reply::Silence,
        });
        store.base = format!("{url}/fhir");
        store
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panics")
    }

    fn answer(&self, request: &Request) -> Reply {
        let plain = |value: Value| Reply::Plain(200, value.to_string());
        let mut state = self.state();
        state.asked.push(request.target.clone());
        let (mood, number) = (state.mood, state.asked.len());
        let basic = format!("Basic {}", STANDARD.encode(format!("hapi:{PASSWORD}")));
        if request.header("authorization") != Some(&basic) {
            return Reply::Plain(401, String::new());
        }
        match mood {
            Mood::Shaky if number.is_multiple_of(2) => return Reply::Plain(503, String::new()),
            Mood::Shaky if number.is_multiple_of(3) => return Reply::Cut("{\"x\": 1}".repeat(50)),
            Mood::Forgets(after) if number > after => return Reply::Plain(410, String::new()),
            Mood::Else(status, text) => return Reply::Plain(status, text.to_owned()),
            _ => {}
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let query = query.replace("%2B", "+");
        let query: HashMap<&str, &str> =
            query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        // HAPI's further pages are at its base and name the search.
        let (kind, since, from) = match query.get("_getpages").map(|id| id.split('~').collect()) {
            Some::<Vec<&str>>(id) => (id[0], id[1], id[2].parse().expect("an offset")),
            None => {
                let since = query.get("_lastUpdated").map_or("", |since| &since[2..]);
                (path.rsplit('/').next().unwrap_or_default(), since, 0)
            }
        };
        let mut found: Vec<Value> =
            all().into_iter().filter(|one| one["resourceType"] == kind).collect();
        found.retain(|one| !state.gone.iter().any(|gone| one["id"] == *gone));
        if query.contains_key("_summary") {
            return plain(json!({"resourceType": "Bundle", "total": found.len()}));
        }
        assert!(query.contains_key("_getpages") || query.get("_sort") == Some(&"_lastUpdated"));
        found.retain(|one| one["meta"]["lastUpdated"].as_str().unwrap_or_default() >= since);
        found.sort_by_key(|one| one["meta"]["lastUpdated"].as_str().unwrap_or_default().to_owned());
        if mood == Mood::Loses {
            found.pop();
        }
        let next = if mood == Mood::Circles { from } else { from + 7 };
        // By the name that the store knows itself by, which is none that can be reached.
        let next = format!("http://hapi.invalid/fhir?_getpages={kind}~{since}~{next}&_count=200");
        let links = json!([{"relation": "next", "url": next}]);
        let has_more = found.len() > from + 7;
        let entries: Vec<Value> =
            found.iter().skip(from).take(7).map(|one| json!({"resource": one})).collect();
        plain(json!({
            "resourceType": "Bundle", "type": "searchset", "entry": entries,
            "link": if has_more { links } else { json!([]) }
        }))
    }

    fn migrate(&self, data: &Path, more: &[&str]) -> Output {
        let mut command = opencr();
        command.args(["migrate", "data", "--from", &self.base, "--user", "hapi"]).args(more);
        run(command.arg("--data").arg(data).env("OPENCR_MIGRATE_PASSWORD", PASSWORD))
    }
}

/// What is in the store.
fn all() -> Vec<Value> {
    let mut all = resources();
    let entity = json!([{"name": "break", "what": {"reference": "Patient/p0"}}]);
    all.push(json!({"resourceType": "AuditEvent", "id": "a1", "entity": entity}));
    all.push(json!({"resourceType": "Provenance", "id": "v1"}));
    all
}

#[test]
fn store_is_fetched_page_by_page_over_a_line_that_fails() {
    for mood in [Mood::Well, Mood::Shaky] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let store = Store::start(mood);
        let done = store.migrate(&data, &[]);
        let told = text(&done.stdout);
        // Not all of it is taken over, which the exit code says.
        assert_eq!(done.status.code(), Some(1), "{told}{}", text(&done.stderr));
        assert!(told.contains("Found 30 source records, 17 golden records, 1 accounts."), "{told}");
        assert!(told.contains("LEFT OUT: 1 of Provenance"), "{told}");
        assert!(told.contains("1 audit events"), "{told}");
        assert!(told.contains("0 differences; 1 things left out"), "{told}");
        assert!(!data.join("migrate").exists());
        assert_eq!(verify(&data), Ok(()));
        let server = Server::start(&data);
        check_answers(&server);
        server.stop();
        let again = store.migrate(&data, &[]);
        assert!(text(&again.stdout).contains("Written now: 0 source records, 0 golden"));
    }
}

#[test]
fn fetch_that_broke_off_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = Store::start(Mood::Forgets(4));
    let first = store.migrate(&data, &[]);
    assert_eq!(first.status.code(), Some(1));
    assert!(text(&first.stderr).contains("Run this again"), "{}", text(&first.stderr));
    let spool = data.join("migrate/Patient.ndjson");
    let kept = std::fs::read_to_string(&spool).unwrap();
    assert_eq!(kept.lines().count(), 21);
    let mode = std::fs::metadata(&spool).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // As a kill in the middle of a write leaves it.
    std::fs::write(&spool, &kept[..kept.len() - 30]).unwrap();
    assert!(!data.join("opencr.sqlite").exists());

    // Another store's resources are not mixed with these.
    let other = Store::start(Mood::Well).migrate(&data, &[]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("from another server"), "{}", text(&other.stderr));

    *store.state() = State { mood: Mood::Well, asked: Vec::new(), gone: Vec::new() };
    let rest = store.migrate(&data, &[]);
    let told = text(&rest.stdout);
    assert!(told.contains("Found 30 source records, 17 golden records, 1 accounts."), "{told}");
    assert!(text(&rest.stderr).contains("20 of 47 Patient are here"), "{}", text(&rest.stderr));
    assert!(store.state().asked.iter().any(|asked| asked.contains("_lastUpdated=ge2024-02-")));
    assert_eq!(verify(&data), Ok(()));
    let server = Server::start(&data);
    check_answers(&server);
}

#[test]
fn servers_that_cannot_be_trusted_with_the_whole_are_refused() {
    for (mood, expected) in [
        (Mood::Circles, "lead in a circle"),
        (Mood::Loses, "the server counts 47 of Patient and gave 46"),
        (Mood::Else(200, "<html>"), "no FHIR server"),
        (Mood::Else(200, "{\"resourceType\": \"Patient\"}"), "no FHIR server"),
        (Mood::Else(200, "{\"resourceType\": \"Bundle\"}"), "does not tell how many of Patient"),
        (Mood::Else(404, ""), "answers 404: is --from its base"),
        (Mood::Else(403, ""), "answers 403: check --user"),
        (Mood::Else(301, ""), "answers 301"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let done = Store::start(mood).migrate(&data, &[]);
        let error = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{error}");
        assert!(error.contains(expected) && !error.contains("Kintu"), "{expected}: {error}");
        assert!(!error.contains(PASSWORD), "{error}");
        assert!(!data.join("opencr.sqlite").exists(), "{expected}");
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let wrong = folder.path().join("password");
    std::fs::write(&wrong, "wrong\n").unwrap();
    let store = Store::start(Mood::Well);
    let file = write(folder.path(), "all.json", &bundle(&resources()));
    for (more, expected) in [
        (&["--password-file", wrong.to_str().unwrap()][..], "answers 401"),
        (&["--password-file", "/nowhere/at/all"], "--password-file"),
        (&["--ca", "/nowhere/at/all"], "--ca"),
        (&["--from", &file], "one server, or files"),
    ] {
        let done = store.migrate(&data, more);
        let error = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{expected}: {error}");
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!data.exists(), "{expected}");
    }
    for base in ["http://", "http://hapi:pw@localhost/fhir", "http://localhost/fhir?x=y"] {
        let done = migrate(&data, base);
        assert!(text(&done.stderr).contains("must be the base of a FHIR server"), "{base}");
    }
}

#[test]
fn what_was_deleted_there_between_two_runs_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = Store::start(Mood::Forgets(4));
    assert_eq!(store.migrate(&data, &[]).status.code(), Some(1));
    let spool = data.join("migrate/Patient.ndjson");
    assert!(std::fs::read_to_string(&spool).unwrap().contains("\"p1\""));
    *store.state() = State { mood: Mood::Well, asked: Vec::new(), gone: vec!["p1"] };
    let done = store.migrate(&data, &[]);
    let (told, said) = (text(&done.stdout), text(&done.stderr));
    assert!(said.contains("1 of Patient have been deleted there"), "{said}");
    assert!(told.contains("Found 29 source records"), "{told}{said}");
    assert_eq!(verify(&data), Ok(()));
    let server = Server::start(&data);
    let answer = Client::new(&server, "openmrs").get("/Patient/p1").unwrap();
    assert_eq!(answer.status, 404);
}

#[test]
fn run_from_files_leaves_what_a_server_gave_so_far() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(Store::start(Mood::Forgets(4)).migrate(&data, &[]).status.code(), Some(1));
    let file = write(folder.path(), "all.ndjson", &lines(&resources()));
    assert_eq!(migrate(&data, &file).status.code(), Some(0));
    assert!(data.join("migrate/Patient.ndjson").exists());
}

#[test]
fn entries_that_are_none_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let odd = "{\"resourceType\": \"Bundle\", \"total\": 0, \"entry\": [1, null, [], {\"a\": 1}]}";
    let done = Store::start(Mood::Else(200, odd)).migrate(&folder.path().join("data"), &[]);
    let error = text(&done.stderr);
    assert!(
        !error.contains("panicked") && done.status.code().is_some_and(|code| code < 3),
        "{error}"
    );
}

#[test]
fn store_that_is_in_use_is_refused_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data);
    let patient = json!({"resourceType": "Patient", "name": [{"family": "Kintu"}],
        "identifier": [{"system": "http://clientregistry.org/openmrs", "value": "1"}]});
    assert_eq!(Client::new(&server, "openmrs").post("/Patient", &patient).unwrap().status, 201);
    server.stop();
    let store = Store::start(Mood::Well);
    let done = store.migrate(&data, &[]);
    assert!(text(&done.stderr).contains("the store is in use"), "{}", text(&done.stderr));
    assert!(store.state().asked.is_empty() && !data.join("migrate").exists());
}

#[test]
fn what_the_source_has_no_more_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let all = resources();
    let file = write(folder.path(), "all.ndjson", &format!("\u{feff}{}", lines(&all)));
    assert_eq!(migrate(&data, &file).status.code(), Some(0));
    let fewer: Vec<Value> =
        all.into_iter().filter(|one| one["id"] != "p29" && one["id"] != "p28").collect();
    let file = write(folder.path(), "fewer.ndjson", &lines(&fewer));
    let again = migrate(&data, &file);
    let told = text(&again.stdout);
    assert_eq!(again.status.code(), Some(1), "{told}");
    assert!(
        told.contains("DIFFERS: Patient/p29 is in the store, and not in what was read"),
        "{told}"
    );
}
