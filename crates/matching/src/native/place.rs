//! Where in a text something stands, and what was probably meant.

use crate::opencr::RulesError;
use crate::opencr::nearest;

/// A step into a document.
pub(super) enum Step {
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

/// The place of an entry of a TOML document, or of the nearest one around it; `None` in JSON.
pub(super) fn find(text: &str, steps: &[Step]) -> Option<(usize, usize)> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let mut at = document.span().start;
    let mut table = Some(document.get_ref());
    let mut list = None;
    for step in steps {
        let next = match step {
            Step::Key(key) => table.and_then(|table| {
                let found = table.iter().find(|(name, _)| name.get_ref().as_ref() == key);
                found.map(|(name, value)| (name.span().start, value))
            }),
            Step::At(index) => list
                .and_then(|list: &toml::de::DeArray<'_>| list.get(*index))
                .map(|value| (value.span().start, value)),
        };
        let Some((start, value)) = next else { break };
        at = start;
        table = value.get_ref().as_table();
        list = value.get_ref().as_array();
    }
    Some(line_and_column(text, at))
}

/// An error at a place, with the nearest known word where one is unknown.
pub(super) fn error(line: usize, column: usize, message: &str) -> RulesError {
    let mut words = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let unknown = words.next().filter(|_| is_unknown);
    let near = unknown.and_then(|unknown| {
        let known: Vec<&str> = words.collect();
        nearest(unknown, known.iter().copied()).map(str::to_owned)
    });
    let message = match near {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message.to_owned(),
    };
    RulesError::Place { line, column, message }
}
