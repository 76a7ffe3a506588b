//! The plugin's arithmetic over its own parameters, written from the specification (chapter 6),
//! with the corrections of chapter 11 as far as they concern one pair.
//!
//! It judges only the cases that differ by design; on all others it must agree with the golden
//! numbers itself, which `score.rs` asserts, so it cannot drift.

use matching::Algorithm;
use matching::normalize::{comparable, trim};
use serde_json::{Map, Value, json};

/// JSON as Java prints it; nothing and null are an empty text (quirk 21).
pub(crate) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| text(Some(item))).collect();
            format!("[{}]", items.join(", "))
        }
        Some(Value::Object(entries)) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, item)| format!("{key}={}", text(Some(item)))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Some(other) => other.to_string(),
    }
}

/// A number or a numeric text.
pub(crate) fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

pub(crate) fn algorithm(matcher: &Value) -> Option<Algorithm> {
    matcher["matcher"].as_str()?.parse().ok()
}

pub(crate) fn is_probabilistic(params: &Value) -> bool {
    params["score_mode"] == "fellegi-sunter"
}

/// Whether the parameters are such that our reader refuses the rule (quirks 7, 8, 14, and what
/// the plugin itself called malformed).
pub(crate) fn is_refused(params: &Value) -> bool {
    let Some(matchers) = params["matchers"].as_array() else { return true };
    let refuses = |matcher: &Value| {
        let Some(algorithm) = algorithm(matcher) else { return true };
        let threshold = number(matcher.get("threshold"));
        let unreadable = |key: &str| {
            matcher.get(key).is_some_and(|v| !v.is_null()) && number(matcher.get(key)).is_none()
        };
        let inside = |key: &str| number(matcher.get(key)).is_some_and(|p| p > 0.0 && p < 1.0);
        matcher.get("field").is_none()
            || unreadable("threshold")
            || if is_probabilistic(params) {
                threshold.is_none() || !inside("m_value") || !inside("u_value")
            } else {
                threshold.is_none() && !algorithm.is_similarity()
            }
    };
    matchers.is_empty() || matchers.iter().any(refuses)
}

/// What one matcher does with one document.
pub(crate) struct Step {
    pub(crate) points: f64,
    /// A corrected behaviour had a part in it.
    pub(crate) by_design: bool,
}

pub(crate) fn step(params: &Value, matcher: &Value, source: &Value) -> Step {
    let field = text(matcher.get("field"));
    let (query, candidate) = (matcher.get("value"), source.get(&field));
    let absent = |value: Option<&Value>| value.is_none_or(Value::is_null);
    let quirk_21 = absent(query) || absent(candidate);
    let (query, candidate) = (text(query), text(candidate));

    let algorithm = algorithm(matcher).unwrap();
    let threshold = number(matcher.get("threshold")).unwrap_or(0.0);
    let (agree, disagree) = if is_probabilistic(params) {
        let [m, u] = ["m_value", "u_value"].map(|key| number(matcher.get(key)).unwrap());
        ((m / u).log10(), ((1.0 - m) / (1.0 - u)).log10())
    } else {
        (number(matcher.get("weight")).unwrap_or(1.0), 0.0)
    };

    let word = |key: &str| text(matcher.get(key));
    let (both, one) = (word("null_handling_both"), word("null_handling"));
    let act = match (trim(&query).is_empty(), trim(&candidate).is_empty()) {
        (false, false) => String::new(),
        (true, true) if !both.is_empty() && matcher.get("null_handling").is_some() => both,
        _ => one,
    };
    let decided = match act.as_str() {
        "conservative" => Some(disagree),
        "moderate" => Some(0.0),
        "greedy" => Some(agree),
        _ => None,
    };
    if let Some(points) = decided {
        return Step { points, by_design: quirk_21 };
    }

    let [a, b] = [&query, &candidate].map(|text| comparable(text).unwrap_or_default());
    let value = algorithm.compare(&a, &b);
    let raw = !is_probabilistic(params) && threshold == 0.0;
    // A date that is none failed always; NaN was harmless where a threshold was applied.
    let quirks_9_10 = value.is_none() && (raw || algorithm == Algorithm::DateDamerau);
    let quirk_7 = raw && !algorithm.is_similarity();
    let points = if raw && algorithm.is_similarity() {
        value.unwrap_or(0.0) * agree
    } else {
        let hit = value.is_some_and(|value| match algorithm.is_similarity() {
            true => value >= threshold,
            false => value <= threshold,
        });
        if hit { agree } else { disagree }
    };
    Step { points, by_design: quirk_21 || quirks_9_10 || quirk_7 }
}

/// The total after corrections, and whether any had a part in it.
pub(crate) fn total(params: &Value, source: &Value) -> Step {
    let start = if is_probabilistic(params) { 100.0 } else { 0.0 };
    let mut sum = Step { points: start, by_design: false };
    for matcher in params["matchers"].as_array().unwrap() {
        let step = step(params, matcher, source);
        sum.points += step.points;
        sum.by_design |= step.by_design;
    }
    // Quirk 16: the base cannot be chosen. Quirk 13: below 0 is 0.
    let base = number(params.get("base_score"));
    sum.by_design |= is_probabilistic(params) && base != Some(100.0);
    sum.by_design |= sum.points < 0.0;
    sum.points = sum.points.max(0.0);
    sum
}

/// The plugin's parameters as a rule of `decisionRules.json`.
///
/// Paths are `<position>:<field>`, because one field may be compared twice with other values.
pub(crate) fn as_rule(params: &Value) -> Value {
    let mut fields = Map::new();
    for (position, matcher) in params["matchers"].as_array().into_iter().flatten().enumerate() {
        let mut field = Map::new();
        for (key, to) in [
            ("matcher", "algorithm"),
            ("threshold", "threshold"),
            ("weight", "weight"),
            ("m_value", "mValue"),
            ("u_value", "uValue"),
            ("null_handling", "null_handling"),
            ("null_handling_both", "null_handling_both"),
        ] {
            if let Some(value) = matcher.get(key) {
                field.insert(to.to_owned(), value.clone());
            }
        }
        if let Some(path) = matcher.get("field") {
            field.insert("fhirpath".to_owned(), json!(format!("{position}:{}", text(Some(path)))));
        }
        fields.insert(format!("field {position}"), Value::Object(field));
    }
    let kind = if is_probabilistic(params) { "probabilistic" } else { "deterministic" };
    json!({"matchingType": kind, "fields": fields, "autoMatchThreshold": 1e6})
}

/// Position and field of a path made by [`as_rule`].
pub(crate) fn position(path: &str) -> (usize, &str) {
    let (position, field) = path.split_once(':').unwrap();
    (position.parse().unwrap(), field)
}
