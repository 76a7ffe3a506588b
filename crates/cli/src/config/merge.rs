//! A configuration file over the schema: unknown keys and wrong types, each with its line.

use std::path::Path;

use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use super::{ConfigError, DEFAULT, Origins};

/// The embedded defaults as a table.
pub(super) fn schema() -> Table {
    DEFAULT.parse().expect("the embedded default.toml is TOML; a test reads it")
}

/// Checks `text` against `schema`, and puts its values into `effective`.
pub(super) fn file(
    schema: &Table,
    path: &Path,
    text: &str,
    effective: &mut Table,
    origins: &mut Origins,
) -> Result<(), ConfigError> {
    let syntax = |error: toml::de::Error| ConfigError::Syntax {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let spans = DeTable::parse(text).map_err(syntax)?;
    let mut walk = Walk { path, text, origins };
    walk.table(schema, spans.get_ref(), "")?;
    let values: Table = text.parse().map_err(syntax)?;
    merge(effective, values);
    Ok(())
}

/// Puts the values of `above` over those of `below`, table by table.
pub(super) fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
    origins: &'a mut Origins,
}

impl Walk<'_> {
    fn place(&self, offset: usize) -> String {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{} line {line}", self.path.display())
    }

    fn table(
        &mut self,
        schema: &Table,
        found: &DeTable<'_>,
        prefix: &str,
    ) -> Result<(), ConfigError> {
        for (name, value) in found {
            let place = self.place(name.span().start);
            let key = join(prefix, name.get_ref());
            let Some(expected) = schema.get(name.get_ref().as_ref()) else {
                return Err(unknown(place, key));
            };
            self.value(expected, value.get_ref(), &key, &place)?;
        }
        Ok(())
    }

    fn value(
        &mut self,
        expected: &Value,
        found: &DeValue<'_>,
        key: &str,
        place: &str,
    ) -> Result<(), ConfigError> {
        match (expected, found) {
            (Value::Table(schema), DeValue::Table(table)) => return self.table(schema, table, key),
            (Value::Array(schema), DeValue::Array(items)) => {
                for item in items {
                    let place = self.place(item.span().start);
                    self.item(element(schema), item.get_ref(), key, &place)?;
                }
            }
            (Value::String(_), DeValue::String(_))
            | (Value::Integer(_), DeValue::Integer(_))
            | (Value::Boolean(_), DeValue::Boolean(_)) => {}
            (expected, found) => {
                return Err(ConfigError::WrongType {
                    place: place.to_owned(),
                    key: key.to_owned(),
                    expected: expectation(expected),
                    found: article(found.type_str()),
                });
            }
        }
        self.origins.insert(key.to_owned(), place.to_owned());
        Ok(())
    }

    /// Checks an element of a list, whose own keys are not remembered.
    fn item(
        &mut self,
        expected: &Value,
        found: &DeValue<'_>,
        key: &str,
        place: &str,
    ) -> Result<(), ConfigError> {
        let mut unused = Origins::new();
        let mut walk = Walk { path: self.path, text: self.text, origins: &mut unused };
        walk.value(expected, found, key, place)
    }
}

/// What an element of a list must be, going by the default; of an empty one, a string.
pub(super) fn element(schema: &[Value]) -> &Value {
    const STRING: &Value = &Value::String(String::new());
    schema.first().unwrap_or(STRING)
}

/// Joins a table's name and a key.
pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// Says in words what a value must be, going by the default.
pub(super) fn expectation(default: &Value) -> String {
    match default {
        Value::String(_) => "a string in quotes".to_owned(),
        Value::Integer(_) => "a whole number without quotes".to_owned(),
        Value::Boolean(_) => "true or false without quotes".to_owned(),
        Value::Array(items) => match items.first() {
            Some(Value::Table(_)) => "a list of tables with the keys id and name".to_owned(),
            _ => "a list of strings, as in [\"a\", \"b\"]".to_owned(),
        },
        Value::Table(table) => {
            let keys: Vec<_> = table.keys().map(String::as_str).collect();
            format!("a table with the keys {}", keys.join(", "))
        }
        Value::Float(_) | Value::Datetime(_) => "a value of the default's type".to_owned(),
    }
}

/// Puts the article before a TOML type's name.
pub(super) fn article(name: &str) -> String {
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// Makes the error for a key that does not exist, with the nearest that does.
pub(super) fn unknown(place: String, key: String) -> ConfigError {
    let known = known_keys();
    let hint = match nearest(&key, known.iter().map(String::as_str)) {
        Some(near) => format!(": did you mean '{near}'?"),
        None => "; `opencr config` prints every key".to_owned(),
    };
    ConfigError::UnknownKey { place, key, hint }
}

/// Lists every key with its table, elements of lists included.
pub(super) fn known_keys() -> Vec<String> {
    fn visit(table: &Table, prefix: &str, keys: &mut Vec<String>) {
        for (name, value) in table {
            let key = join(prefix, name);
            keys.push(key.clone());
            match value {
                Value::Table(table) => visit(table, &key, keys),
                Value::Array(items) => {
                    if let Some(Value::Table(table)) = items.first() {
                        visit(table, &key, keys);
                    }
                }
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_) => {}
            }
        }
    }
    let mut keys = Vec::new();
    visit(&schema(), "", &mut keys);
    keys
}

/// Finds the known word that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The last part counts for itself too, so that a key in the wrong table is found.
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    known
        .map(|key| {
            let whole = strsim::normalized_damerau_levenshtein(word, key);
            let part = strsim::normalized_damerau_levenshtein(&last(word), &last(key)) * 0.95;
            (whole.max(part), key)
        })
        .filter(|(similarity, _)| *similarity >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}
