//! Reading one field of a rule: its comparison, its numbers and its null handling.
//!
//! Walking the file is in `opencr.rs`; what each setting does to a score is in `score/field.rs`.

use serde_json::{Map, Value};

use super::json::{self, Given, nearest, shown};
use super::{NullDefaults, Reader};
use crate::rules::{Comparison, FeatureKind, Field, MatchingType, NullHandling};
use crate::similarity::Algorithm;

/// Names OpenCR's mediator tool had for its own matchers, and what to write instead (quirk 45).
const OLD_NAMES: [(&str, &str); 4] = [
    ("jaro-winkler", "jaro-winkler-similarity"),
    ("soundex", "phonetic"),
    ("metaphone", "phonetic"),
    ("double-metaphone", "phonetic"),
];

/// Size of a weight; beyond it sums of 64-bit numbers lose the other fields' points.
const WEIGHT_MAX: f64 = 1e9;

impl Reader {
    /// Reads one field; `None` if a problem was noted.
    pub(super) fn field(
        &mut self,
        kind: Option<MatchingType>,
        defaults: NullDefaults,
        name: &str,
        entry: &Map<String, Value>,
    ) -> Option<Field> {
        self.check_keys(entry, &json::FIELD);
        let algorithm = self.algorithm(entry);
        let phonetic = algorithm == Some(Named::Phonetic);
        let feature_kind = if phonetic { FeatureKind::Sound } else { FeatureKind::Text };
        let feature = self.feature(name, entry, feature_kind);
        let null_handling =
            self.null_handling(entry, "null_handling", "nullHandling").or(defaults.one);
        let null_handling_both = self
            .null_handling(entry, "null_handling_both", "nullHandlingBothFields")
            .or(defaults.both);

        let probabilistic = kind == Some(MatchingType::Probabilistic);
        if phonetic && probabilistic {
            self.problem(
                "phonetic is not possible in a probabilistic rule: use a similarity, \
                 or move the field to a deterministic rule",
            );
        }
        let threshold = self.field_threshold(kind, algorithm, entry);
        let weight = self.weight(entry);
        let (mut m, mut u) = (None, None);
        if probabilistic && !phonetic {
            m = self.probability(entry, "mValue", "agree when they are the same person");
            u = self.probability(entry, "uValue", "agree when they are different people");
        }

        let comparison = match algorithm? {
            Named::Phonetic => Comparison::Phonetic,
            Named::Exact => Comparison::By(Algorithm::NormalizedLevenshteinSimilarity),
            Named::Plain(algorithm) => Comparison::By(algorithm),
        };
        let (name, feature) = (name.to_owned(), feature?);
        Some(Field {
            name,
            feature,
            comparison,
            threshold,
            weight,
            m,
            u,
            null_handling,
            null_handling_both,
        })
    }

    fn algorithm(&mut self, entry: &Map<String, Value>) -> Option<Named> {
        let name = match entry.get("algorithm") {
            Some(Value::String(name)) => name.as_str(),
            None | Some(Value::Null) => {
                self.problem("`algorithm` is missing: write exact, or the name of a comparison");
                return None;
            }
            Some(other) => {
                self.problem(format!("`algorithm` is {}: write its name", shown(other)));
                return None;
            }
        };
        let found = Named::read(name);
        if found.is_none() {
            let old = OLD_NAMES.iter().find(|(old, _)| *old == name);
            let advice = match (old, nearest(name, Named::all())) {
                (Some((_, new)), _) => format!("an old name, write `{new}`"),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => format!("one of {}", Named::all().collect::<Vec<_>>().join(", ")),
            };
            let name = shown(&Value::from(name));
            self.problem(format!("algorithm {name} is not known: {advice}"));
        }
        found
    }

    /// The field's threshold, checked against what the rule needs.
    fn field_threshold(
        &mut self,
        kind: Option<MatchingType>,
        algorithm: Option<Named>,
        entry: &Map<String, Value>,
    ) -> Option<f64> {
        // OpenCR set 1.0 for exact, whatever the file says, and passed none for phonetic.
        let algorithm = match algorithm? {
            Named::Exact => return Some(1.0),
            Named::Phonetic => return None,
            Named::Plain(algorithm) => algorithm,
        };
        match json::number(entry.get("threshold")) {
            Given::Value(number) => return Some(number),
            Given::Unreadable(text) => {
                self.problem(format!(
                    "`threshold` is {text}, which is not a number: write one like 0.8"
                ));
            }
            Given::Nothing if kind == Some(MatchingType::Probabilistic) => {
                self.problem(
                    "`threshold` is missing, and a probabilistic rule needs one: \
                     write the least similarity, or the greatest distance, that agrees",
                );
            }
            // The distance itself was added: the more different, the higher the score (quirk 7).
            Given::Nothing if kind.is_some() && !algorithm.is_similarity() => {
                self.problem(format!(
                    "`threshold` is missing, and {algorithm} is a distance: \
                     write the greatest distance that agrees (0 for equal values)"
                ));
            }
            Given::Nothing => {}
        }
        None
    }

    fn weight(&mut self, entry: &Map<String, Value>) -> f64 {
        match json::number(entry.get("weight")) {
            Given::Nothing => 1.0,
            Given::Value(weight) if weight.abs() <= WEIGHT_MAX => weight,
            Given::Value(weight) => {
                self.problem(format!("`weight` is {weight}: write one up to {WEIGHT_MAX}"));
                1.0
            }
            // OpenCR passed only numbers on, and the plugin then took 1.
            Given::Unreadable(text) => {
                self.warn(format!("`weight` is {text}, which is not a number; 1 is used"));
                1.0
            }
        }
    }

    fn probability(&mut self, entry: &Map<String, Value>, key: &str, meaning: &str) -> Option<f64> {
        let advice = format!("write the probability that two values {meaning}");
        match json::number(entry.get(key)) {
            // Below the smallest normal number the ratio of m and u is not finite.
            Given::Value(number) if (f64::MIN_POSITIVE..1.0).contains(&number) => {
                return Some(number);
            }
            Given::Value(number) => self.problem(format!(
                "`{key}` is {number}, and it must be above 0 and below 1: {advice}"
            )),
            Given::Unreadable(text) => {
                self.problem(format!("`{key}` is {text}, which is not a number: {advice}"));
            }
            Given::Nothing => self.problem(format!(
                "`{key}` is missing, and a probabilistic rule needs it: {advice}"
            )),
        }
        None
    }

    /// The rule's own null handling, for fields that have none.
    pub(super) fn null_defaults(&mut self, rule: &Map<String, Value>) -> NullDefaults {
        NullDefaults {
            one: self.null_handling(rule, "null_handling", "nullHandling"),
            both: self.null_handling(rule, "null_handling_both", "nullHandlingBothFields"),
        }
    }

    fn null_handling(
        &mut self,
        entry: &Map<String, Value>,
        key: &str,
        synonym: &str,
    ) -> Option<NullHandling> {
        let given = |key: &str| match entry.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(value) => Some(value),
        };
        if given(synonym).is_some() {
            self.warn(format!("`{synonym}` is read as `{key}`, which OpenCR required: write that"));
        }
        let value = given(key).or(given(synonym))?;
        Some(match value.as_str() {
            Some("conservative") => NullHandling::Conservative,
            Some("moderate") => NullHandling::Moderate,
            Some("greedy") => NullHandling::Greedy,
            _ => {
                self.warn(format!(
                    "`{key}` is {}, which is none of conservative, moderate, greedy: missing \
                     values are compared as empty texts",
                    shown(value)
                ));
                NullHandling::Off
            }
        })
    }
}

/// What an `algorithm` may name.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Exact,
    Phonetic,
    Plain(Algorithm),
}

impl Named {
    fn read(name: &str) -> Option<Named> {
        match name {
            "exact" => Some(Named::Exact),
            "phonetic" => Some(Named::Phonetic),
            _ => name.parse().ok().map(Named::Plain),
        }
    }

    fn all() -> impl Iterator<Item = &'static str> {
        ["exact", "phonetic"].into_iter().chain(Algorithm::ALL.into_iter().map(Algorithm::name))
    }
}
