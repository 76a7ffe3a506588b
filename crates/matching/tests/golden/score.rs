//! `score.json`: totals and final scores of single pairs.

use matching::{Features, RulesError, Ruleset, opencr, score};
use serde_json::{Value, json};

use crate::oracle;

/// Rounding of `log10` differs between Java and here.
const TOLERANCE: f64 = 1e-12;

#[derive(Default, Debug)]
struct Counts {
    compared: usize,
    out_of_scope: usize,
    refused: usize,
    by_design: usize,
}

fn read(rule: &Value) -> Result<Ruleset, RulesError> {
    opencr::parse(&json!({"rules": [rule]}).to_string())
}

/// Prepares both sides of a case: the matchers' values, and the document's fields.
fn records(ruleset: &Ruleset, case: &Value) -> (Features, Features) {
    let value = |value: Option<&Value>| vec![oracle::text(value)];
    let query = Features::from_values(&ruleset.features, |feature| {
        let path = &ruleset.features[feature].path;
        if path == "nothing" {
            return Vec::new();
        }
        value(case["params"]["matchers"][oracle::position(path).0].get("value"))
    });
    let candidate = Features::from_values(&ruleset.features, |feature| {
        let path = &ruleset.features[feature].path;
        if path == "nothing" {
            return Vec::new();
        }
        value(case["source"].get(oracle::position(path).1))
    });
    (query, candidate)
}

fn scored(rule: &Value, case: &Value) -> matching::Scored {
    let ruleset = read(rule).unwrap();
    let (query, candidate) = records(&ruleset, case);
    score(&ruleset.rules[0], &query, &candidate).unwrap()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance
}

fn check(case: &Value, counts: &mut Counts) {
    let (name, params) = (&case["name"], &case["params"]);
    // Quirk 15: OpenCR never asks for these.
    if ["bayes", "multiply"].contains(&params["score_mode"].as_str().unwrap_or("")) {
        counts.out_of_scope += 1;
        return;
    }
    let rule = oracle::as_rule(params);
    assert_eq!(read(&rule).is_err(), oracle::is_refused(params), "{name}: {:?}", read(&rule));
    if oracle::is_refused(params) {
        counts.refused += 1;
        return;
    }

    let mut filtered_rule = rule.clone();
    filtered_rule["filters"] = json!({"always": {"fhirpath": "nothing"}});
    let plain = scored(&rule, case);
    let filtered = scored(&filtered_rule, case);
    assert_eq!(plain.total, filtered.total, "{name}");

    let tolerance = if oracle::is_probabilistic(params) { TOLERANCE } else { 0.0 };
    let expected = oracle::total(params, &case["source"]);
    assert!(close(plain.total, expected.points, tolerance), "{name}: {plain:?}");
    if expected.by_design {
        counts.by_design += 1;
        assert_eq!(plain.score.as_f32(), (1.0 + plain.total) as f32, "{name}");
        assert_eq!(filtered.score.as_f32(), plain.total as f32, "{name}");
        return;
    }
    counts.compared += 1;
    let golden = case["total"].as_f64().unwrap_or_else(|| panic!("{name}: {}", case["total"]));
    assert!(close(plain.total, golden, tolerance), "{name}: {plain:?} instead of {golden}");
    for (ours, theirs) in [(plain, "match_all"), (filtered, "filter")] {
        let theirs = case["es"][theirs].as_f64().unwrap();
        assert_eq!(ours.score.as_f32(), theirs as f32, "{name}");
        // The golden number is the printed one, which is what JavaScript saw.
        assert_eq!(ours.score.as_f64(), theirs, "{name}");
    }
}

#[test]
fn totals_and_scores_equal_the_original() {
    let golden = crate::load("score.json");
    let cases = golden["cases"].as_array().unwrap();
    let mut counts = Counts::default();
    for case in cases {
        check(case, &mut counts);
    }
    println!("score cases: {}, {counts:?}", cases.len());
    let Counts { compared, out_of_scope, refused, by_design } = counts;
    assert_eq!(compared + out_of_scope + refused + by_design, cases.len());
    assert!(compared > 250);
}
