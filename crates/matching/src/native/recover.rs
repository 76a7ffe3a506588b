//! Everything that is not understood in a rule file, not only the first of it.
//!
//! The reader of entries stops at the first that it does not understand. That one is noted with
//! its place, left out, and the rest is read again.

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::DeTable;

use super::entries::RuleFile;
use super::{place, tree};
use crate::opencr::RulesError;

/// Problems that are told of one file; more are one mistake made often.
const PROBLEMS_MAX: usize = 50;

/// What could be read.
pub(super) struct Recovered {
    /// What is left when unknown keys are left out; `None` if something needed is missing.
    pub(super) file: Option<RuleFile>,
    /// What is not understood, by its byte.
    pub(super) problems: Vec<(usize, String)>,
}

/// Reads what can be read.
pub(super) fn read(text: &str) -> Recovered {
    let (tree, mut problems) = tree::of(text);
    let Some(tree) = tree.filter(|_| problems.is_empty()) else {
        if problems.is_empty() {
            problems
                .push((0, "a rule file is a table with `format`, `features` and `pass`".into()));
        }
        return Recovered { file: None, problems };
    };
    let mut state = State { left_out: Vec::new(), needed: Vec::new(), problems };
    let file = state.entries(&tree);
    Recovered { file, problems: state.problems }
}

struct State {
    left_out: Vec<std::ops::Range<usize>>,
    /// Keys that are left out though they are known, each with the table that they stood in.
    needed: Vec<(Option<std::ops::Range<usize>>, String)>,
    problems: Vec<(usize, String)>,
}

impl State {
    fn entries(&mut self, tree: &Spanned<DeTable<'_>>) -> Option<RuleFile> {
        while self.problems.len() < PROBLEMS_MAX && self.left_out.len() < 2 * PROBLEMS_MAX {
            let rest = tree::without(tree, &self.left_out);
            let error = match RuleFile::deserialize(toml::de::Deserializer::from(rest)) {
                Ok(file) => return self.needed.is_empty().then_some(file),
                Err(error) => error,
            };
            let span = error.span().unwrap_or_else(|| tree.span());
            let message = error.message();
            let around = tree::around(tree, span.start);
            let missing = message.strip_prefix("missing field `").and_then(|m| m.split('`').next());
            // What an entry lacks is told of the entry; what else is wrong, of the innermost one.
            let at = around.iter().rposition(|entry| missing.is_none() || entry.span == span);
            let table = at.map(|at| around[at].span.clone());
            let is_known = missing.is_some_and(|key| {
                self.needed.iter().any(|(of, needed)| *of == table && needed == key)
            });
            // What the file as a whole lacks may be what was left out of it.
            if at.is_none() && !self.needed.is_empty() {
                return None;
            }
            if !is_known {
                self.problems.push((span.start, message.to_owned()));
            }
            // Without a place the whole file is meant.
            let at = at?;
            let is_needed = !message.starts_with("unknown field");
            if is_needed && let Some(key) = &around[at].key {
                let parent = at.checked_sub(1).map(|at| around[at].span.clone());
                self.needed.push((parent, key.clone()));
            } else if is_needed {
                self.needed.push((None, String::new()));
            }
            if self.left_out.contains(&around[at].span) {
                return None;
            }
            self.left_out.push(around[at].span.clone());
        }
        None
    }
}

/// The problems as an error, each with its line and column.
pub(super) fn error(text: &str, problems: &[(usize, String)]) -> RulesError {
    let mut problems: Vec<&(usize, String)> = problems.iter().collect();
    problems.sort_by_key(|(at, _)| *at);
    let placed = problems.iter().map(|(at, message)| {
        let (line, column) = place::line_and_column(text, *at);
        (line, column, place::hinted(message))
    });
    let mut placed: Vec<(usize, usize, String)> = placed.collect();
    if placed.len() == 1 {
        let (line, column, message) = placed.remove(0);
        return RulesError::Place { line, column, message };
    }
    let problems =
        placed.into_iter().map(|(line, column, message)| place::problem(line, column, message));
    RulesError::Problems(problems.collect())
}
