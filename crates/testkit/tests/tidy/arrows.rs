//! Which room may know which: the table of docs/decisions/0001-rooms.md, compared with cargo's.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::tree::root;

/// A room by its package name, and the rooms that it may import.
const ARROWS: &[(&str, &[&str])] = &[
    ("fhir", &[]),
    ("matching", &[]),
    ("people", &[]),
    ("registry", &["fhir", "matching"]),
    ("store", &["registry", "matching"]),
    ("pipeline", &["fhir", "registry", "matching", "store"]),
    ("ui", &["registry"]),
    ("server", &["fhir", "registry", "store", "pipeline", "ui"]),
    ("interfaces", &["fhir", "registry", "pipeline"]),
    (
        "opencr",
        &["fhir", "matching", "people", "registry", "store", "pipeline", "server", "interfaces"],
    ),
    ("testkit", &["fhir", "matching", "people", "registry", "store", "pipeline"]),
    (
        "bench",
        &["fhir", "matching", "people", "registry", "store", "pipeline", "server", "testkit"],
    ),
];

/// Rooms that may be absent.
const OPTIONAL: &[&str] = &["interfaces"];

/// Rooms that tests of any room may import.
const FOR_TESTS: &[&str] = &["testkit", "people"];

/// What a library stands for, and the rooms that may use it outside tests.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("tokio", &["store", "pipeline", "server", "interfaces", "opencr", "testkit", "bench"]),
    ("async-trait", &["store", "pipeline", "server", "interfaces", "opencr", "testkit", "bench"]),
    ("axum", &["server", "interfaces", "opencr"]),
    ("clap", &["opencr", "bench"]),
    ("anyhow", &["opencr", "bench", "testkit"]),
];

/// A dependency of a room: what it is called and whether only tests see it.
struct Dependency {
    name: String,
    is_for_tests: bool,
}

type Rooms = BTreeMap<String, Vec<Dependency>>;

fn allowed(room: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(name, _)| *name == room).map(|(_, imports)| *imports)
}

/// Everything that `room` may import, and what that may import, and so on.
fn below(room: &str) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = allowed(room).unwrap_or_default().to_vec();
    while let Some(name) = next.pop() {
        if let Some((name, imports)) = ARROWS.iter().find(|(known, _)| *known == name) {
            reached.insert(*name);
            next.extend(*imports);
        }
    }
    reached
}

fn wrong_arrows(rooms: &Rooms) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, _) in ARROWS {
        if !rooms.contains_key(*name) && !OPTIONAL.contains(name) {
            wrong.push(format!("{name} is in the table and not in the workspace"));
        }
    }
    for (room, dependencies) in rooms {
        let Some(imports) = allowed(room) else {
            wrong.push(format!("{room} is in the workspace and not in the table"));
            continue;
        };
        for dependency in dependencies {
            if !may_use(room, imports, dependency, rooms) {
                let kind = if dependency.is_for_tests { "tests of " } else { "" };
                wrong.push(format!("{kind}{room} may not import {}", dependency.name));
            }
        }
    }
    wrong
}

fn may_use(room: &str, imports: &[&str], dependency: &Dependency, rooms: &Rooms) -> bool {
    let name = dependency.name.as_str();
    if !rooms.contains_key(name) {
        let users = LIBRARIES.iter().find(|(library, _)| *library == name).map(|(_, users)| users);
        return dependency.is_for_tests || users.is_none_or(|users| users.contains(&room));
    }
    let is_for_tests =
        dependency.is_for_tests && (FOR_TESTS.contains(&name) || below(room).contains(name));
    imports.contains(&name) || is_for_tests
}

/// The rooms and their dependencies as cargo reads them.
fn rooms() -> Rooms {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read(&serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON"))
}

fn read(metadata: &Value) -> Rooms {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        is_for_tests: value["kind"] == "dev",
    };
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let dependencies = list(&package["dependencies"]).iter().map(dependency).collect();
            (text(&package["name"]), dependencies)
        })
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let wrong = wrong_arrows(&rooms());
    assert!(wrong.is_empty(), "arrows:\n  {}\n", wrong.join("\n  "));
}

#[test]
fn the_table_has_no_circle() {
    for (room, _) in ARROWS {
        assert!(!below(room).contains(room), "{room} reaches itself");
    }
}

/// The messages about a workspace in which `room` has one dependency more.
fn messages(room: &str, name: &str, is_for_tests: bool) -> Vec<String> {
    let mut rooms: Rooms =
        ARROWS.iter().map(|(name, _)| ((*name).to_owned(), Vec::new())).collect();
    let extra = Dependency { name: name.to_owned(), is_for_tests };
    rooms.entry(room.to_owned()).or_default().push(extra);
    wrong_arrows(&rooms)
}

#[test]
fn wrong_arrows_are_found() {
    assert_eq!(messages("matching", "fhir", false), ["matching may not import fhir"]);
    assert_eq!(messages("fhir", "matching", true), ["tests of fhir may not import matching"]);
    assert_eq!(messages("server", "testkit", false), ["server may not import testkit"]);
    assert_eq!(messages("server", "people", false), ["server may not import people"]);
    assert_eq!(messages("registry", "tokio", false), ["registry may not import tokio"]);
    assert_eq!(messages("pipeline", "rusqlite", false), ["pipeline may not import rusqlite"]);
    let unknown = messages("annex", "fhir", false);
    assert_eq!(unknown, ["annex is in the workspace and not in the table"]);
}

#[test]
fn right_arrows_are_let_through() {
    for (room, name, is_for_tests) in [
        ("registry", "matching", false),
        ("opencr", "people", false),
        ("bench", "testkit", false),
        ("fhir", "testkit", true),
        ("server", "matching", true),
        ("matching", "tokio", true),
        ("matching", "serde_json", false),
    ] {
        assert_eq!(messages(room, name, is_for_tests), [""; 0]);
    }
}

#[test]
fn a_room_that_is_gone_is_missed() {
    let wrong = wrong_arrows(&Rooms::new());
    assert!(wrong.contains(&"fhir is in the table and not in the workspace".to_owned()));
    assert!(!wrong.iter().any(|message| message.starts_with("interfaces")));
}
