//! A rule file as a tree of values that know their places, whether it is TOML or JSON.
//!
//! JSON becomes the tree of the TOML that says the same, so that one reader and one way to tell
//! places serve both. Text that is no JSON at all is the business of `serde_json`.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// How deep JSON may nest; rule files nest six.
const DEPTH_MAX: usize = 64;

/// The tree of a text, with what keeps it from being one: byte and words.
pub(super) fn of(text: &str) -> (Option<Spanned<DeTable<'_>>>, Vec<(usize, String)>) {
    if !super::is_json(text) {
        let (tree, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<(usize, String)> = Vec::new();
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            // One slip makes the parser complain more than once of a line.
            let line = super::place::line_and_column(text, at).0;
            let is_told =
                |told: &(usize, String)| super::place::line_and_column(text, told.0).0 == line;
            if !problems.iter().any(is_told) {
                problems.push((at, error.message().to_owned()));
            }
        }
        return (Some(tree), problems);
    }
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        // The parser's own words end with the place, which is told in front.
        let words = error.to_string();
        let message = words.split(" at line ").next().unwrap_or(&words).to_owned();
        return (None, vec![(byte_of(text, error.line(), error.column()), message)]);
    }
    let mut reader = Json { text, at: 0, problems: Vec::new() };
    reader.blanks();
    let tree = reader.value(0).and_then(|value| {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Some(Spanned::new(span, table)),
            _ => None,
        }
    });
    (tree, reader.problems)
}

/// The byte of a line and column of `serde_json`, which counts columns in bytes.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Reads JSON that is known to be well-formed.
struct Json<'t> {
    text: &'t str,
    at: usize,
    problems: Vec<(usize, String)>,
}

impl<'t> Json<'t> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes past a byte and the blanks behind it, if it is there.
    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        if is_there {
            self.at += 1;
            self.blanks();
        }
        is_there
    }

    /// A value; `None` for null, which TOML has not and a rule file takes for absent.
    fn value(&mut self, depth: usize) -> Option<Spanned<DeValue<'t>>> {
        let start = self.at;
        let value = match self.peek()? {
            _ if depth > DEPTH_MAX => {
                self.problems.push((start, "values hold each other too deeply".to_owned()));
                self.at = self.text.len();
                None
            }
            b'{' => Some(DeValue::Table(self.table(depth))),
            b'[' => Some(DeValue::Array(self.array(depth))),
            b'"' => self.string().map(DeValue::String),
            _ => self.word(),
        };
        let end = start + self.text[start..self.at].trim_end().len();
        self.blanks();
        Some(Spanned::new(start..end, value?))
    }

    fn table(&mut self, depth: usize) -> DeTable<'t> {
        let mut table = DeTable::new();
        self.takes(b'{');
        while self.peek().is_some_and(|byte| byte == b'"') {
            let start = self.at;
            let Some(key) = self.string() else { break };
            let end = self.at;
            self.blanks();
            self.takes(b':');
            let is_known = table.keys().any(|known| *known.get_ref() == key);
            if is_known {
                self.problems.push((start, format!("`{key}` stands here twice")));
            }
            if let Some(value) = self.value(depth + 1).filter(|_| !is_known) {
                table.insert(Spanned::new(start..end, key), value);
            }
            self.takes(b',');
        }
        self.close(b'}');
        table
    }

    fn array(&mut self, depth: usize) -> DeArray<'t> {
        let mut array = DeArray::new();
        self.takes(b'[');
        while self.peek().is_some_and(|byte| byte != b']') {
            if let Some(value) = self.value(depth + 1) {
                array.push(value);
            }
            self.takes(b',');
        }
        self.close(b']');
        array
    }

    fn close(&mut self, byte: u8) {
        if self.peek() == Some(byte) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        let start = self.at;
        let mut is_escaped = false;
        let inside = self.text[start + 1..].bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })?;
        self.at = start + inside + 2;
        serde_json::from_str::<String>(&self.text[start..self.at]).ok().map(Cow::Owned)
    }

    /// A number, true or false; these are written in TOML as in JSON.
    fn word(&mut self) -> Option<DeValue<'t>> {
        let start = self.at;
        let rest = &self.text[start..];
        let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
        self.at += rest.find(is_end).unwrap_or(rest.len());
        match &self.text[start..self.at] {
            "null" => None,
            word => DeValue::parse(word).ok().map(Spanned::into_inner),
        }
    }
}

/// A tree without some entries, each named by where its value begins and ends.
pub(super) fn without<'t>(
    tree: &Spanned<DeTable<'t>>,
    left_out: &[std::ops::Range<usize>],
) -> Spanned<DeTable<'t>> {
    Spanned::new(tree.span(), table_without(tree.get_ref(), left_out))
}

fn table_without<'t>(table: &DeTable<'t>, left_out: &[std::ops::Range<usize>]) -> DeTable<'t> {
    let kept = table.iter().filter(|(_, value)| !left_out.contains(&value.span()));
    kept.map(|(key, value)| (key.clone(), value_without(value, left_out))).collect()
}

fn value_without<'t>(
    value: &Spanned<DeValue<'t>>,
    left_out: &[std::ops::Range<usize>],
) -> Spanned<DeValue<'t>> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => DeValue::Table(table_without(table, left_out)),
        DeValue::Array(array) => {
            let kept = array.iter().filter(|value| !left_out.contains(&value.span()));
            DeValue::Array(kept.map(|value| value_without(value, left_out)).collect())
        }
        other => other.clone(),
    };
    Spanned::new(value.span(), inner)
}

/// An entry of a tree.
#[derive(Clone)]
pub(super) struct Entry {
    /// Its key; `None` in a list.
    pub(super) key: Option<String>,
    /// Where its value begins and ends.
    pub(super) span: std::ops::Range<usize>,
}

/// The entries around a place, the outermost first.
pub(super) fn around(tree: &Spanned<DeTable<'_>>, at: usize) -> Vec<Entry> {
    let mut found = Vec::new();
    in_table(tree.get_ref(), at, &mut found);
    found
}

fn in_table(table: &DeTable<'_>, at: usize, found: &mut Vec<Entry>) -> bool {
    for (key, value) in table {
        let entry = Entry { key: Some(key.get_ref().to_string()), span: value.span() };
        found.push(entry);
        // What stands below a header is within the table that the header names, though not
        // always within the place that the parser gives it.
        if in_value(value, at, found) || key.span().contains(&at) {
            return true;
        }
        found.pop();
    }
    false
}

fn in_value(value: &Spanned<DeValue<'_>>, at: usize, found: &mut Vec<Entry>) -> bool {
    let is_within = match value.get_ref() {
        DeValue::Table(table) => in_table(table, at, found),
        DeValue::Array(array) => array.iter().any(|value| {
            found.push(Entry { key: None, span: value.span() });
            let is_within = in_value(value, at, found);
            if !is_within {
                found.pop();
            }
            is_within
        }),
        _ => false,
    };
    is_within || value.span().contains(&at)
}

/// Where a text stands as a value.
pub(super) fn find_text(table: &DeTable<'_>, text: &str) -> Option<usize> {
    table.values().find_map(|value| text_in(value, text))
}

fn text_in(value: &Spanned<DeValue<'_>>, text: &str) -> Option<usize> {
    match value.get_ref() {
        DeValue::String(found) if found == text => Some(value.span().start),
        DeValue::Table(table) => find_text(table, text),
        DeValue::Array(array) => array.iter().find_map(|value| text_in(value, text)),
        _ => None,
    }
}
