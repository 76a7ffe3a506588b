//! Backups, restores and copies by the real binary, with what they refuse.

use std::{fs, path::Path, process::Output};

use people::{Options, generate};

use crate::{
    commands::text,
    process::{Client, Server, opencr, run, verify},
};

const PASSPHRASE: &str = "a long and made up one";

fn call(words: &[&str], places: &[&Path]) -> Output {
    let mut command = opencr();
    command.args(words).env("OPENCR_BACKUP_PASSPHRASE", PASSPHRASE);
    run(command.args(places))
}

/// The text of a call that ends well.
fn well(words: &[&str], places: &[&Path]) -> String {
    let output = call(words, places);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The error of a call that is refused.
fn refused(words: &[&str], places: &[&Path]) -> String {
    let output = call(words, places);
    assert!(!output.status.success(), "{words:?}");
    text(&output.stderr)
}

fn url(data: &Path) -> String {
    format!("sqlite:{}", data.join("opencr.sqlite").display())
}

/// Submits people until told to stop, and gives how many.
fn submit(server: &Server, count: usize) {
    let client = Client::new(server, "openmrs");
    for made in generate(&Options::usual(3, count)) {
        let answer = client.post("/Patient", &made.patient).expect("the server answers");
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
    }
}

#[test]
fn backup_of_a_serving_registry_is_restored_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (data, file, sealed) = (place("data"), place("plain"), place("sealed"));
    let server = Server::start(&data);
    submit(&server, 60);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| submit(&server, 200));
        well(&["backup", "--data"], &[&data, Path::new("--to"), &file]);
        writing.join().expect("all are taken");
    });
    well(&["backup", "--encrypt", "--data"], &[&data, Path::new("--to"), &sealed]);
    server.stop();

    // What was taken in the middle is sound; what was taken at the end is all there is.
    let (early, late) = (place("early"), place("late"));
    well(&["restore", "--data"], &[&early, &file]);
    assert_eq!(verify(&early), Ok(()));
    well(&["restore", "--data"], &[&late, &sealed]);
    let told = well(&["verify", "--compare", &url(&late), "--data"], &[&data]);
    assert!(told.starts_with("The stores are equal"), "{told}");
    let output = call(&["verify", "--compare", &url(&early), "--data"], &[&data]);
    let is_equal = text(&output.stdout).starts_with("The stores are equal");
    assert_eq!(output.status.success(), is_equal);
    let server = Server::start(&late);
    submit(&server, 5);
    server.stop();
    assert!(!call(&["verify", "--compare", &url(&late), "--data"], &[&data]).status.success());

    // It is a file for its owner alone, and holds nothing in the clear if it is sealed.
    let bytes = fs::read(&sealed).expect("a file");
    assert!(bytes.starts_with(b"age-encryption.org"));
    assert!(
        refused(&["backup", "--data"], &[&data, Path::new("--to"), &file])
            .contains("there already")
    );
    assert!(refused(&["restore", "--data"], &[&late, &file]).contains("there already"));
    let again = place("again");
    let told = refused(&["restore", "--files"], &[&again, Path::new("--data"), &late, &file]);
    assert!(told.contains("is not empty"), "{told}");
}

#[test]
fn backup_that_is_not_whole_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (data, file, target) = (place("data"), place("plain"), place("target"));
    let server = Server::start(&data);
    submit(&server, 30);
    server.stop();
    well(&["backup", "--data"], &[&data, Path::new("--to"), &file]);
    let whole = fs::read(&file).expect("a file");
    let middle = whole.len() / 2;
    let mut altered = whole.clone();
    altered[middle] ^= 1;
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("cut", whole[..middle].to_vec()),
        ("altered", altered),
        ("foreign", b"PK\x03\x04".to_vec()),
    ] {
        let bad = place(name);
        fs::write(&bad, bytes).expect("written");
        let why = refused(&["restore", "--data"], &[&target, &bad]);
        assert!(why.contains("backup"), "{name}: {why}");
        assert!(!target.join("opencr.sqlite").exists(), "{name}");
    }
    let sealed = place("sealed");
    well(&["backup", "--encrypt", "--data"], &[&data, Path::new("--to"), &sealed]);
    let other = place("other");
    fs::write(&other, "another long one\n").expect("written");
    let words = ["restore", "--passphrase-file"];
    let why = refused(&words, &[&other, Path::new("--data"), &target, &sealed]);
    assert!(why.contains("passphrase is wrong"), "{why}");
    assert!(!target.join("opencr.sqlite").exists());
}

#[test]
fn copy_to_postgresql_and_back_is_equal() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (data, back) = (place("data"), place("back"));
    let server = Server::start(&data);
    submit(&server, 80);
    // Copied while it serves, and once more when it has stopped.
    let shared = testkit::postgres::url();
    let there = ["store", "copy", "--from", &url(&data), "--to", &shared];
    call(&there, &[]);
    submit(&server, 120);
    server.stop();
    let told = well(&there, &[]);
    assert!(told.contains("The stores are equal"), "{told}");
    fs::create_dir(&back).expect("a folder");
    let told = well(&["store", "copy", "--from", &shared, "--to", &url(&back)], &[]);
    assert!(told.contains("The stores are equal"), "{told}");
    let told = well(&["verify", "--compare", &url(&back), "--data"], &[&data]);
    assert!(told.starts_with("The stores are equal"), "{told}");
    let told = well(&["verify", "--decisions", "--store", &shared], &[]);
    assert!(told.contains("Each is decided as it was."), "{told}");
}
