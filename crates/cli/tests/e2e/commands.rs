//! The real binary, command by command: what goes in, what comes out, which exit code.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const PEOPLE: &str = "\
rec_id,given_name,surname,sex,date_of_birth,phone,national_id,art_number,shoe
a1,Amina,Okello,f,19900203,0700,N1,A1,37
b1,Peter,Mukasa,m,1985-01-01,0701,N2,A2,44
broken row
a2,Amina,Okello,F,1990-02-03,0700,N1,A1,
b2,Peter,Mukasa,m,1985-01-01,0799,N2,A2,
";

const TRUTH: &str = "rec_id,cluster\na1,1\na2,1\nb1,2\nb2,2\n";

pub(crate) fn opencr(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencr"));
    command.current_dir(folder).args(arguments).env_remove("OPENCR_CONFIG");
    command.output().expect("the binary starts")
}

pub(crate) fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a writable folder");
    }
    folder
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn check(folder: &Path, arguments: &[&str]) -> String {
    let output = opencr(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn link_measures_and_writes_the_rows_with_their_person() {
    let folder = folder_with(&[("people.csv", PEOPLE), ("truth.csv", TRUTH)]);
    let arguments = ["link", "people.csv", "--truth", "truth.csv", "--json", "--out", "out.csv"];
    let found: Value = serde_json::from_str(&check(folder.path(), &arguments)).unwrap();
    assert_eq!(found["records"], 4);
    assert_eq!(found["persons"], 3);
    assert_eq!(found["auto_pairs"], 1);
    assert_eq!(found["potential_pairs"], 1);
    assert_eq!(found["precision"].as_f64(), Some(1.0));
    assert_eq!(found["recall"].as_f64(), Some(0.5));
    assert_eq!(found["potential_recall"].as_f64(), Some(1.0));

    let out = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let lines: Vec<_> = out.lines().collect();
    let cruid = |line: &str| line.rsplit(',').next().unwrap().to_owned();
    assert!(lines[0].ends_with(",shoe,cruid"));
    assert_eq!(lines[3], "broken row,");
    assert_eq!(cruid(lines[1]), cruid(lines[4]));
    assert_ne!(cruid(lines[2]), cruid(lines[5]));
}

#[test]
fn link_takes_rows_as_they_come_where_somebody_comes_twice() {
    let mut lines: Vec<&str> = PEOPLE.lines().collect();
    lines.push(lines[1]);
    let twice = lines.join("\n");
    let folder = folder_with(&[("people.csv", PEOPLE), ("twice.csv", &twice)]);
    let run = |file: &str, out: &str| {
        let told = check(folder.path(), &["link", file, "--json", "--out", out]);
        let mut found: Value = serde_json::from_str(&told).unwrap();
        let measured = ["seconds", "records_per_second", "peak_rss_bytes"];
        measured.iter().for_each(|key| _ = found.as_object_mut().unwrap().remove(*key));
        let out = fs::read_to_string(folder.path().join(out)).unwrap();
        let cruids = out.lines().map(|line| line.rsplit(',').next().unwrap().to_owned());
        (found, cruids.collect::<Vec<_>>())
    };
    let (once, _) = run("people.csv", "once.csv");
    let (found, cruids) = run("twice.csv", "out.csv");
    assert_eq!(found, once);
    assert_eq!(cruids.last(), cruids.get(1));
}

#[test]
fn link_tells_bad_rows_and_ignored_columns_without_their_values() {
    let folder = folder_with(&[("people.csv", PEOPLE)]);
    let told = text(&opencr(folder.path(), &["link", "people.csv"]).stderr);
    assert!(told.contains("Columns not read: shoe"), "{told}");
    assert!(told.contains("line 4: 1 fields where the header has 9"), "{told}");
    assert!(!told.contains("broken row"), "{told}");
}

#[test]
fn import_into_a_folder_is_idempotent_and_verified() {
    let folder = folder_with(&[("people.csv", PEOPLE)]);
    let arguments = ["import", "people.csv", "--source", "openmrs", "--data", "data"];
    for _ in 0..2 {
        let told = check(folder.path(), &arguments);
        assert!(told.starts_with("4 rows registered"), "{told}");
    }
    let bad = fs::read_to_string(folder.path().join("people.csv.bad.csv")).unwrap();
    assert!(bad.starts_with("line,reason\n4,"), "{bad}");
    let report = check(folder.path(), &["verify", "--data", "data", "--decisions", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["decisions"]["decided"], 4);
    assert_eq!(report["decisions"]["is_same"], true);
    assert_eq!(report["records"], 4);
    assert_eq!(report["goldens"], 3);
    assert_eq!(report["is_sound"], true);
}

#[test]
fn explain_shows_the_points_of_two_patients() {
    let one = r#"{"resourceType":"Patient","birthDate":"1990-02-03"}"#;
    let folder = folder_with(&[("a.json", one), ("b.json", one)]);
    let shown = check(folder.path(), &["explain", "a.json", "b.json"]);
    assert!(shown.contains("birthdate"), "{shown}");
    let json = check(folder.path(), &["explain", "a.json", "b.json", "--json"]);
    let list: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(list[0]["total"].as_f64(), Some(1.0));
}

#[test]
fn config_prints_what_is_in_force() {
    let folder = folder_with(&[("opencr.toml", "[server]\nport = 3999\n")]);
    let shown = check(folder.path(), &["config", "--config", "opencr.toml"]);
    assert!(shown.contains("# server.port: from opencr.toml line 2"), "{shown}");
    assert!(shown.contains("port = 3999"), "{shown}");
}

#[test]
fn a_wrong_call_exits_with_2_and_says_what_to_do() {
    let folder = folder_with(&[
        ("people.csv", PEOPLE),
        ("bad.toml", "[server]\nprot = 1\n"),
        ("rules.json", "{\"rules\": []}"),
        ("zip.csv", "PK\u{3}\u{4}"),
    ]);
    let cases: [(&[&str], &str); 9] = [
        (&["link"], "required"),
        (&["link", "nowhere.csv"], "cannot open nowhere.csv"),
        (&["link", "zip.csv"], "save it as CSV"),
        (&["link", "people.csv", "--rules", "rules.json"], "rules.json is refused"),
        (&["import", "people.csv"], "--source is missing"),
        (&["import", "people.csv", "--source", "x"], "known are"),
        (&["verify", "--data", "nowhere"], "there is no store"),
        (&["config", "--config", "bad.toml"], "did you mean 'server.port'?"),
        (&["serve", "--port", "70000"], "port"),
    ];
    for (arguments, expected) in cases {
        let output = opencr(folder.path(), arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

#[test]
fn an_import_without_a_server_fails_at_once() {
    let folder = folder_with(&[("people.csv", PEOPLE)]);
    let arguments =
        ["import", "people.csv", "--source", "openmrs", "--server", "http://127.0.0.1:9"];
    let output = opencr(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("no server answers at http://127.0.0.1:9"), "{told}");
}
