//! Shapes of answers, field by field.
//!
//! A shape is a list of lines `path: kinds`. A path's parts are members; `[]` is every element of an
//! array, `*` every member of an object. `?` at a path's end: it may be missing. Kinds are those of
//! JSON, with `|` between them, and `filled` for a text that is not empty.

use serde_json::Value;

/// Fails unless `value` has every field of `shape`; a field that is required must occur.
pub(super) fn check(what: &str, value: &Value, shape: &[&str]) {
    let faults: Vec<String> = shape.iter().filter_map(|line| fault(value, line)).collect();
    assert!(faults.is_empty(), "{what}: {}\n{value:#}", faults.join("; "));
}

/// The same, and fails if there is a field that the shape does not name.
pub(super) fn check_whole(what: &str, value: &Value, shape: &[&str]) {
    check(what, value, shape);
    let known: Vec<Vec<&str>> = shape.iter().map(|line| parts(line).0).collect();
    let mut leaves = Vec::new();
    list_leaves(value, &mut Vec::new(), &mut leaves);
    for leaf in leaves {
        let is_known = known.iter().any(|path| {
            path.len() <= leaf.len()
                && path.iter().zip(&leaf).all(|(known, part)| known == part || *known == "*")
        });
        assert!(is_known, "{what}: nobody asked for {}\n{value:#}", leaf.join("."));
    }
}

/// Path, kinds, and whether the field may be missing.
fn parts(line: &str) -> (Vec<&str>, Vec<&str>, bool) {
    let (path, kinds) = line.rsplit_once(": ").expect("a line is `path: kinds`");
    let is_optional = path.ends_with('?');
    let path = path.trim_end_matches('?').split(' ').collect();
    (path, kinds.split('|').collect(), is_optional)
}

fn fault(value: &Value, line: &str) -> Option<String> {
    let (path, kinds, is_optional) = parts(line);
    let mut found = Vec::new();
    find(value, &path, &mut found);
    if found.is_empty() && !is_optional {
        return Some(format!("{line}: nothing is there"));
    }
    let is_wrong = |field: &Option<&Value>| match field {
        None => !is_optional,
        Some(field) => !kinds.iter().any(|kind| is_of(field, kind)),
    };
    found.iter().any(is_wrong).then(|| format!("{line}: missing or of another kind"))
}

/// All fields at `path`; `None` for each place that lacks it.
fn find<'v>(value: &'v Value, path: &[&str], found: &mut Vec<Option<&'v Value>>) {
    let Some((first, rest)) = path.split_first() else { return found.push(Some(value)) };
    match (*first, value) {
        ("[]", Value::Array(elements)) => {
            elements.iter().for_each(|element| find(element, rest, found));
        }
        ("*", Value::Object(members)) => {
            members.values().for_each(|member| find(member, rest, found));
        }
        (name, Value::Object(members)) if members.contains_key(name) => {
            find(&members[name], rest, found);
        }
        _ => found.push(None),
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "text" => value.is_string(),
        "filled" => value.as_str().is_some_and(|text| !text.is_empty()),
        "number" => value.is_number(),
        "bool" => value.is_boolean(),
        "list" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => panic!("there is no kind {kind}"),
    }
}

fn list_leaves(value: &Value, path: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Array(elements) => elements.iter().map(|value| ("[]".to_owned(), value)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        _ => return leaves.push(path.clone()),
    };
    for (name, member) in members {
        path.push(name);
        list_leaves(member, path, leaves);
        path.pop();
    }
}

#[test]
fn shapes_find_what_is_missing_and_what_is_too_much() {
    let value = serde_json::json!({ "a": [{ "b": "x" }, { "b": "", "c": 1 }], "d": { "e": true } });
    check_whole("good", &value, &["a [] b: text", "a [] c?: number", "d *: bool"]);
    for line in ["a [] b: filled", "a [] c: number", "d e: text", "f: text", "a [] b []: text"] {
        assert!(fault(&value, line).is_some(), "{line}");
    }
    let whole = std::panic::catch_unwind(|| check_whole("bad", &value, &["a [] b: text"]));
    assert!(whole.is_err());
}
