//! Environment variables over the file: `OPENCR__SERVER__PORT` is `server.port`.

use toml::{Table, Value};

use super::{
    ConfigError, Origins,
    merge::{element, expectation, join, known_keys, nearest},
};

/// What the name of every variable of ours begins with.
const PREFIX: &str = "OPENCR__";

/// Puts the variables' values into `effective`, each with the type of its key in `schema`.
pub(super) fn apply(
    schema: &Table,
    variables: impl Iterator<Item = (String, String)>,
    effective: &mut Table,
    origins: &mut Origins,
) -> Result<(), ConfigError> {
    for (name, text) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let path = path.to_lowercase();
        let parts: Vec<&str> = path.split("__").collect();
        let place = format!("environment variable {name}");
        let value = match find(schema, &parts) {
            None | Some(Value::Table(_)) => return Err(unknown(place, &path.replace("__", "."))),
            Some(default) => parse(default, &text).ok_or_else(|| ConfigError::WrongType {
                place: place.clone(),
                key: parts.join("."),
                expected: unquoted(default),
                found: "what it holds".to_owned(),
            })?,
        };
        check_items(schema, &parts, &value, &place)?;
        put(effective, &parts, value);
        origins.insert(parts.join("."), name);
    }
    Ok(())
}

fn find<'a>(schema: &'a Table, parts: &[&str]) -> Option<&'a Value> {
    let (first, rest) = parts.split_first()?;
    match (schema.get(*first)?, rest) {
        (value, []) => Some(value),
        (Value::Table(table), rest) => find(table, rest),
        (_, _) => None,
    }
}

/// Puts a value at the key with these parts, in tables that are made if there are none.
pub(super) fn put(table: &mut Table, parts: &[&str], value: Value) {
    match parts {
        [] => {}
        [name] => {
            table.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let below = table.entry(*name).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(below) = below {
                put(below, rest, value);
            }
        }
    }
}

/// Reads `text` as the type of `default`; `None` if it is of another.
fn parse(default: &Value, text: &str) -> Option<Value> {
    let text = text.trim();
    match default {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Array(items) => list(element(items), text),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

/// Reads a JSON list, a TOML list or, for strings, a list with commas; empty is no elements.
fn list(element: &Value, text: &str) -> Option<Value> {
    let found = if text.starts_with('[') {
        let json = serde_json::from_str::<Vec<toml::Value>>(text).ok();
        let toml = || format!("list = {text}").parse::<Table>().ok()?.remove("list");
        json.map(Value::Array).or_else(toml)?
    } else if element.is_str() {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
    } else {
        return None;
    };
    let is_same = |item: &Value| std::mem::discriminant(item) == std::mem::discriminant(element);
    found.as_array().is_some_and(|items| items.iter().all(is_same)).then_some(found)
}

/// Checks the keys of tables in a list.
fn check_items(
    schema: &Table,
    parts: &[&str],
    value: &Value,
    place: &str,
) -> Result<(), ConfigError> {
    let Some(Value::Table(keys)) = find(schema, parts).and_then(|list| list.get(0)) else {
        return Ok(());
    };
    for table in value.as_array().into_iter().flatten().filter_map(Value::as_table) {
        for (name, found) in table {
            let key = join(&parts.join("."), name);
            match keys.get(name) {
                None => return Err(super::merge::unknown(place.to_owned(), key)),
                Some(expected) if !expected.same_type(found) => {
                    return Err(ConfigError::WrongType {
                        place: place.to_owned(),
                        key,
                        expected: expectation(expected),
                        found: super::merge::article(found.type_str()),
                    });
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

fn unquoted(default: &Value) -> String {
    match default {
        Value::Integer(_) => "a whole number".to_owned(),
        Value::Boolean(_) => "true or false".to_owned(),
        Value::Array(items) if items.first().is_some_and(Value::is_table) => {
            "a JSON list such as [{\"id\": \"emr\", \"name\": \"The EMR\"}]".to_owned()
        }
        Value::Array(_) => "a JSON list of strings, or strings with commas between".to_owned(),
        other => expectation(other),
    }
}

fn unknown(place: String, key: &str) -> ConfigError {
    let known = known_keys();
    let settable = known.iter().map(String::as_str).filter(|known| {
        let is_table = known_keys_below(known, &known_keys());
        !is_table && !known.starts_with("clients.")
    });
    let hint = match nearest(key, settable) {
        Some(near) => {
            let name = near.replace('.', "__").to_uppercase();
            format!(": did you mean {PREFIX}{name}?")
        }
        None => "; `opencr config` prints every key".to_owned(),
    };
    ConfigError::UnknownKey { place, key: key.to_owned(), hint }
}

/// True if `key` is a table, so that no variable can set it.
fn known_keys_below(key: &str, known: &[String]) -> bool {
    key != "clients" && known.iter().any(|other| other.starts_with(&format!("{key}.")))
}
