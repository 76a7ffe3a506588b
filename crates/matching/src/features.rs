//! The prepared values of one record, one entry per feature of the rule set.
//!
//! How text is prepared is in [`crate::normalize`]; where values come from is not this crate's.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::normalize;
use crate::phonetic;
use crate::rules::{FeatureKind, FeatureSpec, Several};

/// Values of one feature that are kept where each counts by itself; the first ones.
pub const VALUES_MAX: usize = 16;

/// Stands between values that are kept in one text; prepared values hold no control characters.
pub(crate) const BETWEEN: char = '\u{1f}';

/// Prepared values of one record, in the order of [`crate::Ruleset::features`].
///
/// `Debug` tells which values are present, never what they are: they describe a person.
#[derive(Clone)]
pub struct Features {
    values: Box<[Option<Value>]>,
    /// Values that do not count, each with its feature; an index does not keep them.
    skipped: Vec<(usize, Skipped)>,
}

/// A prepared value that does not count, and why.
#[derive(Clone)]
enum Skipped {
    /// It stands for none.
    Placeholder(String),
    /// Its check digit is wrong.
    FailedCheck(String),
}

/// Skipped values do not count: they say nothing of a person.
impl PartialEq for Features {
    fn eq(&self, other: &Features) -> bool {
        self.values == other.values
    }
}

/// One prepared value. An absent one is `None` around it, for every kind.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// Joined, trimmed, lower-cased; in a native rule set also several values, ascending and
    /// with [`BETWEEN`] between them.
    Text(Arc<str>),
    /// Joined and lower-cased, with its code.
    Sound(Arc<Sound>),
    /// Lower-cased, sorted, without duplicates; never empty.
    Set(Arc<[String]>),
}

/// A text and how it sounds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sound {
    pub(crate) text: String,
    /// Empty when the text has no sound, as digits or other scripts have none.
    pub(crate) code: String,
}

impl Sound {
    /// Whether the two share a term of {code, text}, as Elasticsearch's phonetic clause asked.
    fn is_like(&self, other: &Sound) -> bool {
        // A code can equal a text: `th` has the code `0`, which is how the text `0` is spelled.
        let has_code = !self.code.is_empty();
        self.text == other.text
            || (has_code && (self.code == other.code || self.code == other.text))
            || (!other.code.is_empty() && other.code == self.text)
    }
}

impl Value {
    /// Whether a filter or phonetic field that sees these two values lets the candidate pass.
    ///
    /// Nothing agrees with nothing and with nothing else (quirk 30).
    pub(crate) fn agree(query: Option<&Value>, candidate: Option<&Value>) -> bool {
        match (query, candidate) {
            (None, None) => true,
            (Some(Value::Set(query)), Some(Value::Set(candidate))) => {
                // Sets are sorted when they are prepared.
                query.iter().any(|value| candidate.binary_search(value).is_ok())
            }
            (Some(Value::Sound(query)), Some(Value::Sound(candidate))) => query.is_like(candidate),
            (Some(Value::Text(query)), Some(Value::Text(candidate))) => query == candidate,
            _ => false,
        }
    }

    /// What two values must share one of for [`Value::agree`]; a text is its own only one.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &str> {
        let (texts, tokens): ([&str; 2], &[String]) = match self {
            Value::Text(text) => ([text, ""], &[]),
            Value::Sound(sound) => ([&sound.text, &sound.code], &[]),
            Value::Set(tokens) => ([""; 2], tokens),
        };
        // No text is empty, and an empty code is no sound.
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        texts.chain(tokens.iter().map(String::as_str))
    }

    fn prepare(spec: &FeatureSpec, raw: &[String], skipped: impl FnMut(Skipped)) -> Option<Value> {
        if !spec.normaliser.is_opencr() || spec.several != Several::Join || !spec.skip.is_empty() {
            return Value::prepare_native(spec, raw, skipped);
        }
        match spec.kind {
            FeatureKind::Text => {
                normalize::comparable(&normalize::join(raw)).map(|text| Value::Text(text.into()))
            }
            FeatureKind::Sound => {
                let text = normalize::token(&normalize::join(raw));
                if text.is_empty() {
                    return None;
                }
                let code = phonetic::metaphone(&text);
                Some(Value::Sound(Arc::new(Sound { text, code })))
            }
            FeatureKind::Set => {
                let tokens = normalize::tokens(raw);
                if tokens.is_empty() { None } else { Some(Value::Set(tokens.into())) }
            }
        }
    }

    /// Prepares each value by the feature's normaliser and leaves out those that do not count.
    fn prepare_native(
        spec: &FeatureSpec,
        raw: &[String],
        mut skipped: impl FnMut(Skipped),
    ) -> Option<Value> {
        let mut keep = |value: &String| {
            if spec.skip.has(&spec.normaliser, value) {
                skipped(Skipped::Placeholder(value.clone()));
                return false;
            }
            let is_possible = spec.check.is_none_or(|check| check.holds(value));
            if !is_possible {
                skipped(Skipped::FailedCheck(value.clone()));
            }
            is_possible
        };
        let prepared = raw.iter().filter_map(|raw| spec.normaliser.apply(raw));
        let mut values: Vec<String> = match spec.several {
            // What is no name in parts may be one placeholder as a whole (`baby`, `of Grace`).
            Several::Join => {
                let parts: Vec<String> = prepared.filter(|value| keep(value)).collect();
                let whole = Some(normalize::cut(parts.join(" ")));
                whole.filter(|whole| !whole.is_empty() && keep(whole)).into_iter().collect()
            }
            Several::First => prepared.filter(|value| keep(value)).take(1).collect(),
            Several::Each => prepared.filter(|value| keep(value)).take(VALUES_MAX).collect(),
        };
        values.sort_unstable();
        values.dedup();
        if values.is_empty() {
            return None;
        }
        let joined = || values.join(BETWEEN.encode_utf8(&mut [0; 4]));
        Some(match spec.kind {
            FeatureKind::Text => Value::Text(joined().into()),
            FeatureKind::Sound => {
                let text = joined();
                let code = phonetic::metaphone(&text);
                Value::Sound(Arc::new(Sound { text, code }))
            }
            FeatureKind::Set => Value::Set(values.into()),
        })
    }

    /// A text that is prepared already.
    pub(crate) fn of_text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Bytes behind this value, its reference counts included.
    pub(crate) fn bytes(&self) -> usize {
        let counts = 2 * size_of::<usize>();
        counts
            + match self {
                Value::Text(text) => text.len(),
                Value::Sound(sound) => size_of::<Sound>() + sound.text.len() + sound.code.len(),
                Value::Set(set) => {
                    set.iter().map(|token| size_of::<String>() + token.len()).sum::<usize>()
                }
            }
    }

    /// The text of a text or sound; a set has none.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Sound(sound) => Some(&sound.text),
            Value::Set(_) => None,
        }
    }
}

impl Features {
    /// Prepares a record's values.
    ///
    /// `values` is asked once for each feature, in order, and answers with the raw values in
    /// document order; an empty list where the record has none.
    pub fn from_values(
        specs: &[FeatureSpec],
        mut values: impl FnMut(usize) -> Vec<String>,
    ) -> Features {
        let mut skipped = Vec::new();
        let values = specs
            .iter()
            .enumerate()
            .map(|(feature, spec)| {
                Value::prepare(spec, &values(feature), |value| skipped.push((feature, value)))
            })
            .collect();
        Features { values, skipped }
    }

    /// The record that says nothing.
    pub fn empty(specs: &[FeatureSpec]) -> Features {
        Features::from_values(specs, |_| Vec::new())
    }

    /// The prepared text of a text or sound feature; `None` if missing.
    pub fn text(&self, feature: usize) -> Option<&str> {
        self.value(feature).and_then(Value::text)
    }

    /// The phonetic code of a sound feature; `None` if missing or without a code.
    pub fn code(&self, feature: usize) -> Option<&str> {
        match self.value(feature) {
            Some(Value::Sound(sound)) if !sound.code.is_empty() => Some(&sound.code),
            _ => None,
        }
    }

    /// The values of a filter feature, lower-cased and sorted; empty if missing.
    pub fn set(&self, feature: usize) -> &[String] {
        match self.value(feature) {
            Some(Value::Set(values)) => values,
            _ => &[],
        }
    }

    /// The prepared values of a feature of any kind, one by one.
    ///
    /// Several values of a text feature are kept in one text and come apart here.
    pub fn values_of(&self, feature: usize) -> impl Iterator<Item = &str> {
        let (text, set): (Option<&str>, &[String]) = match self.value(feature) {
            Some(Value::Set(values)) => (None, values),
            value => (value.and_then(Value::text), &[]),
        };
        let texts = text.into_iter().flat_map(|text| text.split(BETWEEN));
        texts.chain(set.iter().map(String::as_str))
    }

    /// Placeholders that stood in place of values of a feature, as prepared.
    ///
    /// Only of features that were just made: an index does not keep them.
    pub fn placeholders(&self, feature: usize) -> impl Iterator<Item = &str> {
        self.skipped.iter().filter_map(move |(at, skipped)| match skipped {
            Skipped::Placeholder(value) if *at == feature => Some(value.as_str()),
            Skipped::Placeholder(_) | Skipped::FailedCheck(_) => None,
        })
    }

    /// Values of a feature whose check digit is wrong, as prepared; kept as placeholders are.
    pub fn failed_checks(&self, feature: usize) -> impl Iterator<Item = &str> {
        self.skipped.iter().filter_map(move |(at, skipped)| match skipped {
            Skipped::FailedCheck(value) if *at == feature => Some(value.as_str()),
            Skipped::Placeholder(_) | Skipped::FailedCheck(_) => None,
        })
    }

    /// Whether the record has no value at all for the feature.
    pub fn is_missing(&self, feature: usize) -> bool {
        self.value(feature).is_none()
    }

    /// Number of features, present or missing.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the rule set asks for no features.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The hash of all values, in hexadecimal: equal ones mean equal values, in any release.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for value in &self.values {
            let (kind, terms): (u8, Vec<&str>) = match value {
                None => (0, Vec::new()),
                Some(value @ Value::Text(_)) => (1, value.terms().collect()),
                Some(value @ Value::Sound(_)) => (2, value.terms().collect()),
                Some(value @ Value::Set(_)) => (3, value.terms().collect()),
            };
            hasher.update([kind]);
            hasher.update((terms.len() as u64).to_le_bytes());
            for term in terms {
                hasher.update((term.len() as u64).to_le_bytes());
                hasher.update(term);
            }
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn value(&self, feature: usize) -> Option<&Value> {
        self.values.get(feature).and_then(Option::as_ref)
    }

    pub(crate) fn values(&self) -> &[Option<Value>] {
        &self.values
    }
}

impl FromIterator<Option<Value>> for Features {
    fn from_iter<I: IntoIterator<Item = Option<Value>>>(values: I) -> Features {
        Features { values: values.into_iter().collect(), skipped: Vec::new() }
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let present: Vec<bool> = self.values.iter().map(Option::is_some).collect();
        f.debug_struct("Features").field("present", &present).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
