//! What Rust sources may not contain.

use crate::lexer::{Kind, Piece, pieces};
use crate::tree::{File, Offence, files};
use crate::{accepts, demand, finds_fault};

/// Rooms without IO, clock or unseeded randomness.
const PURE: [&str; 5] = ["fhir", "matching", "registry", "people", "ui"];

/// What a pure room may not name.
const IMPURE: [&str; 10] = [
    "SystemTime",
    "Instant::now",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "tokio",
    "rand::rng",
    "thread_rng",
    "OsRng",
];

/// What no code may contain.
const BANNED: [&str; 5] = ["#[ignore", "todo!", "unimplemented!", "dbg!", "#[should_panic"];

fn rust(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is_rust())
}

/// Whether `word` stands in `text` with no letter, digit or underscore around it.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(|l| l.is_alphanumeric() || l == '_');
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let goes_back = word.starts_with(|l: char| l.is_alphanumeric()) && is_part(before);
        let goes_on = word.ends_with(|l: char| l.is_alphanumeric()) && is_part(after);
        !goes_back && !goes_on
    })
}

/// Lines of all pieces of one kind, with their numbers.
fn lines<'a>(pieces: &'a [Piece<'a>], kind: Kind) -> impl Iterator<Item = (usize, &'a str)> {
    pieces.iter().filter(move |piece| piece.kind == kind).flat_map(|piece| {
        piece.text.lines().enumerate().map(move |(at, line)| (piece.line + at, line))
    })
}

fn without_subject(files: &[File]) -> Vec<Offence> {
    rust(files)
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.offence(1, "the first line does not say what lives here (`//!`)"))
        .collect()
}

fn mod_files(files: &[File]) -> Vec<Offence> {
    rust(files)
        .filter(|file| file.path.ends_with("/mod.rs"))
        .map(|file| file.offence(1, "write foo.rs beside foo/"))
        .collect()
}

fn banned_code(files: &[File]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in rust(files) {
        let pieces = pieces(&file.text);
        for (line, text) in lines(&pieces, Kind::Code) {
            for word in BANNED.iter().chain(&["unsafe"]).filter(|word| has_word(text, word)) {
                offences.push(file.offence(line, *word));
            }
            let attribute = text.split_once("[allow(").map(|(_, after)| after);
            if attribute.is_some_and(|lints| !has_word(lints, "reason")) {
                offences.push(file.offence(line, "use #[expect(lint, reason = \"…\")]"));
            }
        }
    }
    offences
}

fn loose_ends(files: &[File]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in rust(files) {
        let pieces = pieces(&file.text);
        for (line, text) in lines(&pieces, Kind::Comment) {
            let is_open = ["TODO", "FIXME"].iter().any(|word| has_word(text, word));
            let has_issue = text
                .split('#')
                .skip(1)
                .any(|after| after.starts_with(|letter: char| letter.is_ascii_digit()));
            if is_open && !has_issue {
                offences.push(file.offence(line, "name the issue: TODO(#12)"));
            }
        }
    }
    offences
}

/// Whether a literal begins like a statement of SQL.
///
/// FHIR has words such as "create" and "delete" too, so one word is never enough.
fn is_sql(literal: &str) -> bool {
    let text = literal.replace("\\n", " ").to_lowercase();
    let words: Vec<&str> = text.split_whitespace().take(200).collect();
    let has = |word: &str| words.contains(&word);
    match words.as_slice() {
        ["select", ..] => {
            has("from") || (words.len() > 1 && literal.trim_start().starts_with("SELECT"))
        }
        ["insert", "into" | "or", ..] | ["delete", "from", ..] => true,
        ["create", "table" | "index" | "view" | "trigger" | "unique", ..] => true,
        ["update", _, ..] => has("set") && text.contains('='),
        ["alter" | "drop", "table" | "index", ..] => true,
        ["pragma", ..] => words.len() > 1,
        _ => false,
    }
}

/// Asks PostgreSQL about itself, not about what the registry keeps in it.
const ABOUT_POSTGRES: &str = "crates/cli/tests/e2e/outage/cluster.rs";

fn sql_outside_store(files: &[File]) -> Vec<Offence> {
    let mut offences = Vec::new();
    let is_meant =
        |file: &&File| file.room() != Some("store") && file.path.as_str() != ABOUT_POSTGRES;
    for file in rust(files).filter(is_meant) {
        for piece in pieces(&file.text) {
            if piece.kind == Kind::Literal && is_sql(piece.text) {
                offences.push(file.offence(piece.line, "SQL lives in crates/store"));
            }
        }
    }
    offences
}

fn impure(files: &[File]) -> Vec<Offence> {
    let is_pure = |file: &&File| file.room().is_some_and(|room| PURE.contains(&room));
    let mut offences = Vec::new();
    for file in rust(files).filter(is_pure).filter(|file| !file.is_test()) {
        // Tests may read vectors from files.
        let source = file.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let pieces = pieces(source);
        for (line, text) in lines(&pieces, Kind::Code) {
            for word in IMPURE.iter().filter(|word| has_word(text, word)) {
                offences.push(file.offence(line, format!("{word} in a pure room")));
            }
        }
    }
    offences
}

#[test]
fn every_file_says_what_lives_in_it() {
    demand("files without `//!`", &without_subject(&files()));
    finds_fault(without_subject, "crates/fhir/src/a.rs", &["", "use std::fmt;", "// A.\n//! B."]);
}

#[test]
fn folders_have_a_file_beside_them() {
    demand("mod.rs", &mod_files(&files()));
    finds_fault(mod_files, "crates/fhir/src/path/mod.rs", &["//! A."]);
}

#[test]
fn nothing_banned_is_in_the_code() {
    demand("banned", &banned_code(&files()));
    let bad = ["#[ignore]", "#[ignore = \"slow\"]", "todo!()", "unimplemented!()", "dbg!(x)"];
    finds_fault(banned_code, "crates/fhir/src/a.rs", &bad);
    let bad = ["unsafe { x }", "#[allow(dead_code)]", "#![allow(unused)]", "#[should_panic]"];
    finds_fault(banned_code, "crates/fhir/src/a.rs", &bad);
    let good = [
        "// unsafe, todo!",
        "\"dbg!(x)\"",
        "#![forbid(unsafe_code)]",
        "#[allow(dead_code, reason = \"x\")]",
    ];
    accepts(banned_code, "crates/fhir/src/a.rs", &good);
}

#[test]
fn loose_ends_name_an_issue() {
    demand("loose ends", &loose_ends(&files()));
    finds_fault(loose_ends, "crates/fhir/src/a.rs", &["// TODO later", "/// FIXME: #soon"]);
    accepts(loose_ends, "crates/fhir/src/a.rs", &["// TODO(#12): pages", "let x = \"TODO\";"]);
}

#[test]
fn sql_is_only_in_store() {
    demand("SQL", &sql_outside_store(&files()));
    let bad = [
        r#"query("SELECT 1")"#,
        r#"query("select id from records")"#,
        "query(r#\"\n  INSERT INTO records VALUES ($1)\"#)",
        r#"query("UPDATE records SET id = $1")"#,
        r#"query("DELETE FROM records")"#,
        r#"query("CREATE TABLE records (id TEXT)")"#,
        r#"query("PRAGMA journal_mode = WAL")"#,
    ];
    finds_fault(sql_outside_store, "crates/pipeline/src/a.rs", &bad);
    let good = [
        r#"code("create")"#,
        r#"text("update of a record that was deleted")"#,
        r#"text("delete")"#,
        r#"text("select the records to link")"#,
        "// SELECT is for the store\n",
    ];
    accepts(sql_outside_store, "crates/pipeline/src/a.rs", &good);
    accepts(sql_outside_store, "crates/store/src/sql.rs", &bad);
}

#[test]
fn pure_rooms_are_pure() {
    demand("impure", &impure(&files()));
    let bad = ["let start = Instant::now();", "std::fs::read(path)", "let mut r = rand::rng();"];
    finds_fault(impure, "crates/matching/src/a.rs", &bad);
    accepts(impure, "crates/store/src/a.rs", &bad);
    accepts(impure, "crates/matching/tests/golden/main.rs", &bad);
    accepts(impure, "crates/matching/src/a.rs", &["enum Date { Instant }", "// no std::fs here"]);
    accepts(impure, "crates/matching/src/a.rs", &["a\n#[cfg(test)]\nmod tests { use std::fs; }"]);
}
