//! The rules of the house that a machine can check.
//!
//! Each rule is a function from files to offenders, so that it can be shown to fail on a bad
//! sample as well as to pass on the tree. A message lists every offender with its line.
//!
//! Not here: what clippy and rustfmt already see.

mod arrows;
mod defects;
mod lexer;
mod sizes;
mod sources;
mod texts;
mod tree;

use tree::{File, Offence};

/// Fails with the list of offenders, if there are any.
fn demand(rule: &str, offences: &[Offence]) {
    let lines: Vec<String> = offences.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{rule}:\n  {}\n", lines.join("\n  "));
}

/// Fails unless `check` finds fault with each of `samples`, alone, at `path`.
fn finds_fault(check: fn(&[File]) -> Vec<Offence>, path: &str, samples: &[&str]) {
    for sample in samples {
        let found = check(&[File::sample(path, sample)]);
        assert!(!found.is_empty(), "nothing found in {path}: {sample}");
    }
}

/// Fails if `check` finds fault with one of `samples` at `path`.
fn accepts(check: fn(&[File]) -> Vec<Offence>, path: &str, samples: &[&str]) {
    for sample in samples {
        demand("fault found with a good sample", &check(&[File::sample(path, sample)]));
    }
}
