//! What no file of the project may contain, and what some must.

use std::path::Path;

use crate::tree::{File, Offence, files, root};
use crate::{accepts, demand, finds_fault};

/// Files in whose lines a blank at the end is a slip of the hand.
const WRITTEN_BY_HAND: [&str; 10] =
    ["rs", "toml", "md", "sql", "html", "css", "sh", "yml", "ftl", "run"];

/// Paths of somebody's machine. In two halves, so that this file is not an offender.
const MACHINE_PATHS: [(&str, &str); 6] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/tmp", "/t/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("C:\\", "Users"),
];

/// Where packages come from is a matter of whoever builds.
const REGISTRY_HOSTS: [(&str, &str); 8] = [
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("https://crates", ".io"),
    ("registry.npmjs", ".org"),
    ("pypi", ".org"),
    ("deb.debian", ".org"),
    ("proxy.golang", ".org"),
    ("hub.docker", ".com"),
];

/// Files that a newcomer looks for.
const EXPECTED: [&str; 9] = [
    "README.md",
    "CONTRIBUTING.md",
    "STYLE.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    "test",
    ".ci/run",
    "docs/manual/SUMMARY.md",
];

fn trailing_blanks(files: &[File]) -> Vec<Offence> {
    let is_by_hand = |file: &&File| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit('.').next().unwrap_or_default();
        WRITTEN_BY_HAND.contains(&ending) || name == "test"
    };
    let mut offences = Vec::new();
    for file in files.iter().filter(is_by_hand) {
        for (at, line) in file.text.lines().enumerate() {
            if line.ends_with([' ', '\t']) {
                offences.push(file.offence(at + 1, "blank at the end of the line"));
            }
        }
    }
    offences
}

/// Finds the halves put together, in all files but the lock file, which cargo writes.
fn naming(files: &[File], needles: &[(&str, &str)], what: &str) -> Vec<Offence> {
    let needles: Vec<String> = needles.iter().map(|(a, b)| format!("{a}{b}")).collect();
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        for (at, line) in file.text.lines().enumerate() {
            for needle in needles.iter().filter(|needle| line.contains(*needle)) {
                offences.push(file.offence(at + 1, format!("{what}: {needle}")));
            }
        }
    }
    offences
}

fn machine_paths(files: &[File]) -> Vec<Offence> {
    naming(files, &MACHINE_PATHS, "path of a machine")
}

fn registry_hosts(files: &[File]) -> Vec<Offence> {
    naming(files, &REGISTRY_HOSTS, "host of a package registry")
}

/// The README must show how to run the product and how to test it.
fn commands_missing(files: &[File]) -> Vec<Offence> {
    let readme = files.iter().find(|file| file.path == "README.md");
    let text = readme.map_or("", |file| file.text.as_str());
    ["cargo run", "./test"]
        .iter()
        .filter(|command| !text.contains(*command))
        .map(|command| File::sample("README.md", "").offence(1, format!("does not show {command}")))
        .collect()
}

/// Links from one page to another that lead nowhere.
fn dead_links(files: &[File]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (at, line) in file.text.lines().enumerate() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let page = target.split('#').next().unwrap_or_default();
                let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
                if !page.is_empty()
                    && !page.contains(':')
                    && !root().join(folder).join(page).exists()
                {
                    offences.push(file.offence(at + 1, format!("nothing at {target}")));
                }
            }
        }
    }
    offences
}

#[test]
fn lines_end_with_a_letter() {
    demand("trailing blanks", &trailing_blanks(&files()));
    finds_fault(trailing_blanks, "docs/a.md", &["a \nb", "a\t"]);
    accepts(trailing_blanks, "docs/a.md", &["a\n\nb\n"]);
}

#[test]
fn no_machine_is_named() {
    demand("paths of a machine", &machine_paths(&files()));
    for (a, b) in MACHINE_PATHS {
        finds_fault(machine_paths, "docs/a.md", &[&format!("see {a}{b}x")]);
    }
    accepts(machine_paths, "docs/a.md", &["a framework/library, /var/lib/opencr, ./data"]);
}

#[test]
fn no_registry_is_named() {
    demand("hosts of package registries", &registry_hosts(&files()));
    for (a, b) in REGISTRY_HOSTS {
        finds_fault(registry_hosts, "docs/a.md", &[&format!("from {a}{b}/x")]);
    }
}

#[test]
fn the_readme_shows_the_two_commands() {
    demand("README", &commands_missing(&files()));
    finds_fault(commands_missing, "README.md", &["", "cargo run", "./test"]);
    accepts(commands_missing, "README.md", &["cargo run --release -- serve\n./test\n"]);
}

#[test]
fn links_between_pages_lead_somewhere() {
    demand("dead links", &dead_links(&files()));
    finds_fault(dead_links, "docs/manual/a.md", &["see [b](nowhere-at-all.md)"]);
    let good = ["[s](SUMMARY.md#top) and [w](https://hl7.org/fhir/R4/)", "[here](#below)"];
    accepts(dead_links, "docs/manual/a.md", &good);
}

#[test]
fn what_a_newcomer_looks_for_is_there() {
    let missing: Vec<_> = EXPECTED.iter().filter(|path| !root().join(path).is_file()).collect();
    assert!(missing.is_empty(), "missing files: {missing:?}");
}
