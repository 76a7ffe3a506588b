//! The documented differences from OpenCR, and what is kept, as claims about single pairs.

use serde_json::{Value, json};

use super::*;
use crate::opencr;
use crate::rules::Ruleset;

/// A rule set of one rule with one field `f` and, unless `filters` says otherwise, no filters.
fn ruleset(kind: &str, field: Value, rule: Value) -> Ruleset {
    let mut field = field;
    field["fhirpath"] = json!("f");
    let mut whole = json!({
        "matchingType": kind, "fields": {"f": field}, "autoMatchThreshold": 1,
    });
    for (key, value) in rule.as_object().unwrap() {
        whole[key] = value.clone();
    }
    opencr::parse(&json!({"rules": [whole]}).to_string()).unwrap()
}

fn pair(ruleset: &Ruleset, query: &str, candidate: &str) -> Option<Scored> {
    let [query, candidate] = [query, candidate]
        .map(|text| Features::from_values(&ruleset.features, |_| vec![text.into()]));
    score(&ruleset.rules[0], &query, &candidate)
}

/// Total of one deterministic field without filters.
fn total(field: Value, query: &str, candidate: &str) -> f64 {
    pair(&ruleset("deterministic", field, json!({})), query, candidate).unwrap().total
}

#[test]
fn a_rule_that_matches_everything_adds_one() {
    // Quirk 1, kept.
    let field = json!({"algorithm": "exact"});
    let open = ruleset("deterministic", field.clone(), json!({}));
    assert_eq!(pair(&open, "a", "a").unwrap().score, Score::new(2.0));
    let filters = json!({"filters": {"g": {"fhirpath": "f"}}});
    let filtered = ruleset("deterministic", field, filters);
    assert_eq!(pair(&filtered, "a", "a").unwrap().score, Score::new(1.0));
}

#[test]
fn phonetic_fields_choose_and_add_nothing() {
    // Quirk 2, corrected.
    let sound = ruleset("deterministic", json!({"algorithm": "phonetic"}), json!({}));
    assert_eq!(pair(&sound, "Otieno", "Oteino").unwrap().score, Score::new(0.0));
    assert_eq!(pair(&sound, "Otieno", "Mukasa"), None);
    assert!(pair(&sound, "0772", "0772").is_some(), "no code, same text");
    assert!(pair(&sound, "", "").is_some(), "nothing sounds like nothing");
    assert_eq!(pair(&sound, "Otieno", ""), None);
}

#[test]
fn thresholds_are_compared_as_elasticsearch_and_javascript_did() {
    // Quirk 3, kept: the potential threshold as 32 bits, the auto threshold on the printed score.
    let thresholds =
        json!({"potentialMatchThreshold": 1.10000001, "autoMatchThreshold": 102.69242});
    let rule = &ruleset("deterministic", json!({"algorithm": "exact"}), thresholds).rules[0];
    assert_eq!(rule.band(Score::new(1.1)), Band::Potential);
    assert_eq!(rule.band(Score::new(1.0999)), Band::Below);
    assert_eq!(rule.band(Score::new(102.69242314989613)), Band::Auto);
}

#[test]
fn score_is_the_shortest_decimal_of_32_bits() {
    let score = Score::new(102.69242314989613);
    assert_eq!(score.as_f64(), 102.69242);
    assert_eq!(serde_json::to_string(&score).unwrap(), "102.69242");
    assert_eq!(serde_json::from_str::<Score>("102.69242").unwrap(), score);
}

#[test]
fn a_distance_with_threshold_zero_means_equal() {
    // Quirk 7, corrected: the distance itself was added.
    let field = json!({"algorithm": "levenshtein", "threshold": 0, "weight": 2});
    assert_eq!(total(field.clone(), "kitten", "sitting"), 0.0);
    assert_eq!(total(field, "kitten", "Kitten"), 2.0);
}

#[test]
fn a_similarity_without_threshold_is_graded() {
    // Quirk 7, kept for similarities.
    let field = json!({"algorithm": "jaro-winkler-similarity", "weight": 10});
    assert_eq!(total(field, "Mukasa", "Mukassa"), 9.761904776096344);
}

#[test]
fn a_date_that_is_none_is_a_miss() {
    // Quirk 9, corrected: it failed the search for everybody.
    let field = json!({"algorithm": "dateDamerau", "threshold": 0.8, "null_handling": "moderate"});
    assert_eq!(total(field.clone(), "1988-03-14", "1988"), 0.0);
    assert_eq!(total(field, "1988-03-14", "1988-14-03"), 1.0);
}

#[test]
fn nan_is_a_similarity_of_zero() {
    // Quirk 10, corrected.
    assert_eq!(total(json!({"algorithm": "jaccard-similarity"}), "Li", "Wu"), 0.0);
    let distance = json!({"algorithm": "dice-distance", "threshold": 0});
    assert_eq!(total(distance, "Li", "Wu"), 0.0);
}

#[test]
fn a_negative_total_is_zero() {
    // Quirk 13, corrected: it failed the search.
    let field = json!({"algorithm": "exact", "weight": -3});
    assert_eq!(total(field, "a", "a"), 0.0);
}

#[test]
fn no_score_is_infinite_or_nan() {
    // Quirk 14.
    assert_eq!(Score::new(f64::INFINITY).as_f32(), f32::MAX);
    assert_eq!(Score::new(f64::NAN), Score::new(0.0));
    assert_eq!(Score::new(f64::NEG_INFINITY), Score::new(0.0));
}

#[test]
fn missing_values_without_null_handling_agree_in_full() {
    // Quirk 17, kept.
    let field = json!({"algorithm": "exact"});
    assert_eq!(total(field.clone(), "", " "), 1.0);
    assert_eq!(total(field, "", "a"), 0.0);
    // And an empty name is within three edits of a short one.
    assert_eq!(total(json!({"algorithm": "damerau-levenshtein", "threshold": 3}), "", "Ama"), 1.0);
}

#[test]
fn null_handling_for_both_alone_is_ignored() {
    // Quirk 18, kept.
    let field = json!({"algorithm": "exact", "null_handling_both": "conservative"});
    assert_eq!(total(field, "", ""), 1.0);
}

#[test]
fn null_handling_decides_for_missing_values() {
    let field = |one: &str, both: &str| json!({"algorithm": "exact", "null_handling": one, "null_handling_both": both});
    assert_eq!(total(field("greedy", "conservative"), "a", ""), 1.0);
    assert_eq!(total(field("greedy", "conservative"), "", ""), 0.0);
    assert_eq!(total(field("conservative", "greedy"), "", ""), 1.0);
    assert_eq!(total(field("greedy", ""), "", ""), 1.0, "an empty word is not given");
    assert_eq!(total(field("greedy", "off"), "", ""), 1.0, "off compares two empty texts");
    assert_eq!(total(field("Greedy", ""), "", "a"), 0.0, "words are case-sensitive");
    // Quirk 19, kept: moderate and conservative are the same in a sum.
    assert_eq!(total(field("moderate", ""), "a", ""), 0.0);
}

#[test]
fn probabilistic_points_are_logarithms_from_one_hundred() {
    let field = |handling: &str| {
        json!({"algorithm": "levenshtein", "threshold": 0, "mValue": 0.9, "uValue": 0.05,
               "null_handling": handling})
    };
    let total = |handling: &str, query: &str, candidate: &str| {
        let ruleset = ruleset("probabilistic", field(handling), json!({}));
        pair(&ruleset, query, candidate).unwrap().total
    };
    assert_eq!(total("", "a", "a"), 101.2552725051033);
    assert_eq!(total("", "a", "b"), 99.02227639471116);
    assert_eq!(total("moderate", "a", ""), 100.0);
    assert_eq!(total("conservative", "a", ""), 99.02227639471116);
    assert_eq!(total("greedy", "a", ""), 101.2552725051033);
}

#[test]
fn a_filter_finds_capitals_and_any_of_several_values() {
    // Quirks 28 and 29, corrected; quirk 30, kept.
    let rule = json!({"filters": {"g": {"fhirpath": "f"}}});
    let ruleset = ruleset("deterministic", json!({"algorithm": "exact"}), rule);
    let record = |values: &[&str]| {
        Features::from_values(&ruleset.features, |_| {
            values.iter().map(|value| (*value).to_owned()).collect()
        })
    };
    let passes = |query: &[&str], candidate: &[&str]| {
        score(&ruleset.rules[0], &record(query), &record(candidate)).is_some()
    };
    assert!(passes(&["Otieno"], &["OTIENO"]));
    assert!(passes(&["1", "2"], &["2", "3"]));
    assert!(!passes(&["1"], &["12"]));
    assert!(passes(&[], &[""]), "nothing finds nothing");
    assert!(!passes(&[], &["1"]));
    assert!(!passes(&["1"], &[]));
}

#[test]
fn an_auto_threshold_below_the_potential_one_leaves_no_potentials() {
    // Quirk 41, kept.
    let thresholds = json!({"potentialMatchThreshold": 3, "autoMatchThreshold": 1});
    let rule = &ruleset("deterministic", json!({"algorithm": "exact"}), thresholds).rules[0];
    assert_eq!(rule.band(Score::new(2.0)), Band::Below);
    assert_eq!(rule.band(Score::new(3.0)), Band::Auto);
}
