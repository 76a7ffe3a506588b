//! Small readings of JSON as JavaScript would take it, and the keys that rule files may have.
//!
//! No messages and no rules here.

use serde_json::{Map, Value};

/// Keys of one level of the file.
pub(super) struct Keys {
    read: &'static [&'static str],
    /// Seen in files and without effect, in OpenCR too.
    ignored: &'static [&'static str],
}

pub(super) const FILE: Keys = Keys { read: &["rules"], ignored: &["comments"] };

pub(super) const RULE: Keys = Keys {
    read: &[
        "matchingType",
        "fields",
        "filters",
        "potentialMatchThreshold",
        "autoMatchThreshold",
        "null_handling",
        "null_handling_both",
        "nullHandling",
        "nullHandlingBothFields",
    ],
    ignored: &["type", "systems", "threshold"],
};

pub(super) const FIELD: Keys = Keys {
    read: &[
        "algorithm",
        "threshold",
        "weight",
        "mValue",
        "uValue",
        "fhirpath",
        "espath",
        "null_handling",
        "null_handling_both",
        "nullHandling",
        "nullHandlingBothFields",
    ],
    ignored: &["type", "systems"],
};

pub(super) const FILTER: Keys =
    Keys { read: &["fhirpath", "espath"], ignored: &["type", "systems"] };

impl Keys {
    pub(super) fn allows(&self, key: &str) -> bool {
        self.read.contains(&key) || self.ignored.contains(&key)
    }

    pub(super) fn known(&self) -> impl Iterator<Item = &'static str> {
        self.read.iter().copied()
    }
}

/// What stands at a place where a number may stand.
pub(super) enum Given {
    /// The key is absent, null or an empty text.
    Nothing,
    /// A number, or a text that reads as one.
    Value(f64),
    /// Something else, as it should be shown.
    Unreadable(String),
}

/// Reads a number or a numeric text, as OpenCR did. Only finite numbers count.
pub(super) fn number(value: Option<&Value>) -> Given {
    let number = match value {
        None | Some(Value::Null) => return Given::Nothing,
        Some(Value::String(text)) if text.trim().is_empty() => return Given::Nothing,
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_f64(),
        Some(_) => None,
    };
    match (number, value) {
        (Some(number), _) if number.is_finite() => Given::Value(number),
        (_, Some(value)) => Given::Unreadable(shown(value)),
        (_, None) => Given::Nothing,
    }
}

/// Characters of a wrong value that a message repeats.
const SHOWN_MAX: usize = 60;

/// The JSON text of a value, shortened, for a message.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Entries as JavaScript enumerates them: integer-like names first, ascending, then file order.
pub(super) fn in_javascript_order(object: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<(&str, &Value)> =
        object.iter().map(|(name, value)| (name.as_str(), value)).collect();
    entries.sort_by_key(|(name, _)| array_index(name).unwrap_or(u32::MAX));
    entries
}

/// The number that a name is in canonical form, if it is an array index (ECMAScript 6.1.7).
fn array_index(name: &str) -> Option<u32> {
    let index: u32 = name.parse().ok()?;
    (index < u32::MAX && index.to_string() == name).then_some(index)
}

/// How like a wrong name a known one must be to be offered, 0 to 1.
const OFFERED_FROM: f64 = 0.5;

/// The known name that was probably meant.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Names are short; a long one is not a typing error and would cost its square.
    if name.len() > SHOWN_MAX {
        return None;
    }
    let name = name.to_lowercase();
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(&name, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness >= OFFERED_FROM)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
