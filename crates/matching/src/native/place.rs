//! Where in a text something stands, and what was probably meant.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree;
use crate::opencr::{Problem, nearest};

/// A step into a document.
pub(crate) enum Step {
    Key(String),
    At(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Step {
        Step::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(at: usize) -> Step {
        Step::At(at)
    }
}

/// Line and column, from 1, of a byte.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..at.min(text.len())).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    (line, column)
}

/// The entries of a rule file in either format, with their places.
pub(crate) struct Places<'t> {
    text: &'t str,
    tree: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Places<'t> {
    /// Of a text; knows no place where it is neither TOML nor JSON.
    pub(crate) fn of(text: &'t str) -> Places<'t> {
        Places { text, tree: tree::of(text).0 }
    }

    /// The place of an entry, or of the nearest one around it; a word of `message` that is a
    /// key of the entry, in backticks or the first of all, leads one step further.
    pub(crate) fn find(&self, steps: &[Step], message: &str) -> Option<(usize, usize)> {
        let document = self.tree.as_ref()?;
        let mut at = document.span().start;
        let mut table = Some(document.get_ref());
        let mut list = None;
        let mut is_found = true;
        for step in steps {
            let next = match step {
                Step::Key(key) => table.and_then(|table| entry(table, key)),
                Step::At(index) => list
                    .and_then(|list: &toml::de::DeArray<'_>| list.get(*index))
                    .map(|value| (value.span().start, value)),
            };
            is_found = next.is_some();
            let Some((start, value)) = next else { break };
            at = start;
            table = value.get_ref().as_table();
            list = value.get_ref().as_array();
        }
        let words = [message.split('`').nth(1), message.split(' ').next()];
        let mut keys = words.into_iter().flatten();
        if let Some(table) = table.filter(|_| is_found)
            && let Some((start, _)) = keys.find_map(|key| entry(table, key))
        {
            at = start;
        }
        Some(line_and_column(self.text, at))
    }

    /// Puts the place of what it is about into a problem.
    pub(crate) fn put(&self, steps: &[Step], mut problem: Problem) -> Problem {
        problem.place = self.find(steps, &problem.message);
        problem
    }
}

fn entry<'d, 't>(table: &'d DeTable<'t>, key: &str) -> Option<(usize, &'d Spanned<DeValue<'t>>)> {
    let found = table.iter().find(|(name, _)| name.get_ref().as_ref() == key);
    found.map(|(name, value)| (name.span().start, value))
}

/// Line and column of a text that stands somewhere in a rule file as a value.
pub fn find_text(source: &str, text: &str) -> Option<(usize, usize)> {
    let (document, _) = tree::of(source);
    tree::find_text(document?.get_ref(), text).map(|at| line_and_column(source, at))
}

/// Adds the nearest known word where a message is about an unknown one.
pub(super) fn hinted(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let unknown = words.next().filter(|_| is_unknown);
    let near = unknown.and_then(|unknown| {
        let known: Vec<&str> = words.collect();
        nearest(unknown, known.iter().copied()).map(str::to_owned)
    });
    match near {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message.to_owned(),
    }
}

/// A problem at a place.
pub(super) fn problem(line: usize, column: usize, message: String) -> Problem {
    Problem { rule: None, field: None, place: Some((line, column)), message }
}
