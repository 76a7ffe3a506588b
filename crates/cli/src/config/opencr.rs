//! OpenCR's own configuration: which key of ours each of its keys is, and why some are none.
//!
//! One table for its files (`opencr migrate config`) and for its environment names
//! (`app__port`, `app:port`), contract 4.1 and 4.2. OpenCR takes every value from the environment
//! as text, so that `"false"` is true there; here a text is read as the type of the key.

mod keys;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use toml::{Table, Value};

use super::environment::put;
use keys::{Rule, rule};
pub(super) use variables::apply;

/// A key of OpenCR's and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The key, its parts joined by dots.
    pub(crate) key: String,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is a key of ours now, with this value.
    Taken(&'static str, String),
    /// Nothing here depends on it, and why.
    Ignored(&'static str),
    /// Somebody has to do something, and what.
    ByHand(&'static str),
    /// OpenCR has no such key either.
    Unknown,
    /// Its value is none that the key can have; what it must be.
    Refused(&'static str),
}

/// Keys of OpenCR's in words of ours.
#[derive(Debug, Default)]
pub(crate) struct Translation {
    /// Our keys, as in our file.
    pub(crate) table: Table,
    /// Every key of OpenCR's, in the order of the file.
    pub(crate) told: Vec<Told>,
    /// URIs and label of each identifier system, by its name.
    labels: BTreeMap<String, Label>,
}

/// What people read for the identifiers of some systems.
#[derive(Debug, Default)]
struct Label {
    uris: Vec<String>,
    text: Option<String>,
}

impl Translation {
    /// Translates a whole file.
    pub(crate) fn of(config: &serde_json::Map<String, Json>) -> Self {
        let mut translation = Self::default();
        translation.walk(&mut Vec::new(), config);
        translation.tell_halves();
        let labels = translation.labels();
        if !labels.is_empty() {
            put(&mut translation.table, &["people", "identifier_labels"], texts(labels));
        }
        translation
    }

    /// Says of identifier systems without URI or without label that nothing comes of them.
    fn tell_halves(&mut self) {
        let is_half = |label: &Label| label.uris.is_empty() || label.text.is_none();
        for told in &mut self.told {
            let name = told.key.strip_prefix("systems.").and_then(|rest| rest.split('.').next());
            let label = name.and_then(|name| self.labels.get(name));
            if matches!(told.fate, Fate::Taken(..)) && label.is_some_and(is_half) {
                told.fate = Fate::Ignored("a label is of use only with uri and displayName");
            }
        }
    }

    fn walk(&mut self, path: &mut Vec<String>, object: &serde_json::Map<String, Json>) {
        for (name, value) in object {
            path.push(name.clone());
            match value {
                Json::Object(below) if rule(path).is_none() && !below.is_empty() => {
                    self.walk(path, below);
                }
                _ => {
                    let fate = self.take(path, value);
                    self.told.push(Told { key: path.join("."), fate });
                }
            }
            path.pop();
        }
    }

    /// Takes one key's value, if there is a key of ours for it.
    fn take(&mut self, path: &[String], value: &Json) -> Fate {
        let Some(rule) = rule(path) else {
            return Fate::Unknown;
        };
        let (ours, value, expected) = match rule {
            Rule::Ignored(why) => return Fate::Ignored(why),
            Rule::ByHand(what) => return Fate::ByHand(what),
            Rule::Uri | Rule::Label => return self.label(path, rule, value),
            Rule::Clients => {
                ("clients", clients(value), "a list of objects with id and displayName")
            }
            Rule::Number(ours) => (ours, number(value).map(Value::Integer), "a whole number"),
            Rule::Seconds(ours) => {
                // Rounded up: nobody is signed out earlier than before.
                let minutes = number(value).map(|seconds| seconds.saturating_add(59) / 60);
                (ours, minutes.map(Value::Integer), "a whole number of seconds")
            }
            Rule::Switch(ours) => (ours, switch(value).map(Value::Boolean), "true or false"),
            Rule::Text(ours) => (ours, text(value).map(Value::String), "a text"),
            Rule::Texts(ours) => (ours, list(value).map(texts), "a list of texts"),
        };
        let Some(value) = value else {
            return Fate::Refused(expected);
        };
        let shown = value.to_string();
        let parts: Vec<&str> = ours.split('.').collect();
        put(&mut self.table, &parts, value);
        Fate::Taken(ours, shown)
    }

    /// Keeps a part of an identifier system until the other part is known, too.
    fn label(&mut self, path: &[String], rule: Rule, value: &Json) -> Fate {
        let [_, name, _] = path else {
            return Fate::Unknown;
        };
        let label = self.labels.entry(name.clone()).or_default();
        if matches!(rule, Rule::Uri) {
            let Some(uris) = list(value) else {
                return Fate::Refused("a text or a list of texts");
            };
            if uris.iter().any(|uri| uri.is_empty() || uri.contains(char::is_whitespace)) {
                return Fate::Refused("a URI without blanks, or a list of such");
            }
            label.uris = uris;
        } else {
            let Some(text) = text(value) else { return Fate::Refused("a text") };
            label.text = Some(text);
        }
        Fate::Taken("people.identifier_labels", value.to_string())
    }

    /// The labels as our key has them: a URI, a blank, the text.
    fn labels(&self) -> Vec<String> {
        let named = self.labels.values().filter_map(|label| Some((label, label.text.as_ref()?)));
        named
            .flat_map(|(label, text)| label.uris.iter().map(move |uri| format!("{uri} {text}")))
            .collect()
    }
}

fn texts(list: Vec<String>) -> Value {
    Value::Array(list.into_iter().map(Value::String).collect())
}

fn text(value: &Json) -> Option<String> {
    value.as_str().map(|text| text.trim().to_owned())
}

fn number(value: &Json) -> Option<i64> {
    let number = match value {
        Json::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    };
    number.filter(|number| *number >= 0)
}

fn switch(value: &Json) -> Option<bool> {
    match value {
        Json::String(text) => text.trim().parse().ok(),
        value => value.as_bool(),
    }
}

/// A list of texts, one text, a list with commas, or a JSON list in a text.
fn list(value: &Json) -> Option<Vec<String>> {
    match value {
        Json::Array(items) => items.iter().map(text).collect(),
        Json::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str::<Vec<String>>(text).ok()
        }
        Json::String(text) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(parts.map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// The systems that submit, with what they are called.
fn clients(value: &Json) -> Option<Value> {
    let items = value.as_array()?;
    let client = |item: &Json| {
        let id = item.get("id").and_then(text)?;
        let name = item.get("displayName").and_then(text).filter(|name| !name.is_empty());
        let mut client = Table::new();
        client.insert("name".to_owned(), Value::String(name.unwrap_or_else(|| id.clone())));
        client.insert("id".to_owned(), Value::String(id));
        Some(Value::Table(client))
    };
    items.iter().map(client).collect::<Option<Vec<_>>>().map(Value::Array)
}
