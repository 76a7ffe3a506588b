//! Every defect of the original has a test or a reason in decision 19, and the tests are there.

use std::collections::BTreeSet;

use crate::{
    demand, finds_fault,
    tree::{File, Offence, files},
};

/// The table that this is about.
const TABLE: &str = "docs/decisions/0019-defects-of-the-original.md";

/// The series of numbers in section 6 of the compatibility contract, and how long each is; `Q` is
/// what the web UI does (6.4).
const SERIES: [(char, usize); 4] = [('S', 25), ('A', 16), ('D', 42), ('Q', 10)];

/// Line, number and what keeps the defect out, of each row whose first cell is a number.
fn rows(file: &File) -> Vec<(usize, &str, &str)> {
    let lines = file.text.lines().enumerate();
    let cells = lines.filter_map(|(at, line)| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let [number, _, kept_out, ""] = cells[..] else { return None };
        let (letter, digits) = (number.chars().next()?, number.get(1..)?);
        let is_numbered = SERIES.iter().any(|(series, _)| *series == letter)
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_numbered.then_some((at + 1, number, kept_out))
    });
    cells.collect()
}

/// Names of all tests in the tree.
fn tests(files: &[File]) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let mut is_marked = false;
        for line in file.text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_marked = true;
            } else if let Some(rest) =
                line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")
            {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                if is_marked {
                    names.insert(name);
                }
                is_marked = false;
            }
        }
    }
    names
}

/// The words between backticks that could be names of tests.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| {
        word.contains('_')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.split('`').skip(1).step_by(2).filter(is_name)
}

fn unkept(files: &[File]) -> Vec<Offence> {
    let Some(table) = files.iter().find(|file| file.path == TABLE) else { return Vec::new() };
    let (rows, tests) = (rows(table), tests(files));
    let mut offences = Vec::new();
    for (series, last) in SERIES {
        for number in (1..=last).map(|number| format!("{series}{number}")) {
            let times = rows.iter().filter(|(_, row, _)| *row == number).count();
            if times != 1 {
                offences.push(table.offence(1, format!("{number} stands {times} times")));
            }
        }
    }
    for (line, number, kept_out) in rows {
        let missing = named(kept_out).filter(|name| !tests.contains(name));
        offences.extend(missing.map(|name| table.offence(line, format!("no test {name}"))));
        let is_reasoned = kept_out.chars().filter(|letter| *letter == ' ').count() > 3;
        if named(kept_out).next().is_none() && !is_reasoned {
            offences.push(table.offence(line, format!("{number} has no test and no reason")));
        }
    }
    offences
}

#[test]
fn every_defect_has_a_test_or_a_reason() {
    let files = files();
    assert!(files.iter().any(|file| file.path == TABLE), "{TABLE} is there");
    demand("decision 19 and the tests differ", &unkept(&files));
}

#[test]
fn gaps_in_the_table_are_found() {
    let row = |kept_out: &str| format!("| S1 | a defect | {kept_out} |\n");
    let samples = [row("`no_such_test`"), row(""), row("`s1_x`").repeat(2), String::new()];
    let samples: Vec<&str> = samples.iter().map(String::as_str).collect();
    finds_fault(unkept, TABLE, &samples);
    let source = "#[test]\nfn one() {}\n\nfn two() {}\n#[tokio::test(x)]\nasync fn three() {}\n";
    let found = [File::sample("crates/x/tests/y.rs", source)];
    assert_eq!(tests(&found), BTreeSet::from(["one", "three"]));
}
