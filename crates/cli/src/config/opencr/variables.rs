//! OpenCR's environment names: `app__port` and `app:port`.

use std::collections::HashMap;

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{Fate, Translation, keys, texts};
use crate::config::{ConfigError, Origins, merge::merge};

/// Puts the variables' values into `effective`, below those with names of ours; gives what an
/// operator has to be told of the others.
///
/// Variables whose first part is none of OpenCR's are of other programs, and are left alone.
pub(in crate::config) fn apply(
    variables: &[(String, String)],
    effective: &mut Table,
    origins: &mut Origins,
) -> Result<Vec<String>, ConfigError> {
    let (mut warnings, mut seen) = (Vec::new(), HashMap::new());
    let mut translation = Translation::default();
    for (name, text) in variables {
        let Some(path) = path(name) else { continue };
        let said = format!("environment variable {name}");
        match translation.take(&path, &Json::String(text.clone())) {
            Fate::Taken(ours, _) => {
                // The order of variables says nothing about which was meant.
                let spelt = seen.insert(path.clone(), text);
                if spelt.is_some_and(|other| other != text) {
                    return Err(ConfigError::Value {
                        place: said,
                        key: path.join("."),
                        why: "is set twice, with `__` and with `:`, and differently".to_owned(),
                    });
                }
                origins.insert(ours.to_owned(), name.clone());
            }
            Fate::Ignored(why) => warnings.push(format!("{said} is ignored: {why}")),
            Fate::ByHand(what) => warnings.push(format!("{said} is not used: {what}")),
            Fate::Unknown => {
                warnings.push(format!("{said} is ignored: OpenCR has no such key, nor is it ours"));
            }
            Fate::Refused(expected) => {
                return Err(ConfigError::WrongType {
                    place: said,
                    key: path.join("."),
                    expected: expected.to_owned(),
                    found: "what it holds".to_owned(),
                });
            }
        }
    }
    warnings.extend(relabel(&translation, effective));
    merge(effective, translation.table);
    Ok(warnings)
}

/// The key that a variable is for, if it is one of OpenCR's.
fn path(name: &str) -> Option<Vec<String>> {
    let mark = if name.contains("__") { "__" } else { ":" };
    let path: Vec<String> = name.split(mark).map(str::to_owned).collect();
    let is_single = path.len() == 1;
    // `clients` alone is too common a word to be taken for OpenCR's.
    (!is_single && keys::is_root(&path[0])).then_some(path)
}

/// Puts the labels of identifier systems over those that are there for the same URIs.
fn relabel(translation: &Translation, effective: &mut Table) -> Vec<String> {
    let labels = translation.labels();
    let key = "identifier_labels";
    let people = effective.get_mut("people").and_then(Value::as_table_mut);
    if let Some(list) = people.and_then(|people| people.get_mut(key)).filter(|_| !labels.is_empty())
    {
        let there = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        let uri = |label: &str| label.split(' ').next().unwrap_or_default().to_owned();
        let is_kept = |label: &&str| labels.iter().all(|new| uri(new) != uri(label));
        let kept: Vec<String> = there.filter(is_kept).map(str::to_owned).collect();
        *list = texts([kept, labels].concat());
    }
    let halves = translation
        .labels
        .iter()
        .filter(|(_, label)| label.uris.is_empty() || label.text.is_none());
    let warning = |name: &String| {
        format!(
            "environment variables systems__{name}__uri and systems__{name}__displayName only work \
             together; set `people.identifier_labels` instead"
        )
    };
    halves.map(|(name, _)| warning(name)).collect()
}
