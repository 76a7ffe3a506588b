//! What is refused, what is warned about, and what is read as what.

use serde_json::{Value, json};

use super::*;
use crate::rules::Comparison;
use crate::similarity::Algorithm;

fn field() -> Value {
    json!({"algorithm": "jaro-winkler-similarity", "threshold": 0.8, "fhirpath": "name.given",
           "null_handling": "moderate", "mValue": 0.9, "uValue": 0.01})
}

/// A deterministic rule that raises no warning.
fn rule() -> Value {
    json!({"matchingType": "deterministic", "fields": {"given": field()},
           "filters": {"gender": {"fhirpath": "gender", "espath": "gender"}},
           "potentialMatchThreshold": 2, "autoMatchThreshold": 3})
}

/// The rule with something put in place, or taken out by null.
fn changed(path: &str, value: Value) -> Value {
    let mut rule = rule();
    let (parent, key) = path.rsplit_once('/').unwrap();
    rule.pointer_mut(parent).unwrap()[key] = value;
    rule
}

fn read(rule: Value) -> Result<Ruleset, RulesError> {
    parse(&json!({"rules": [rule]}).to_string())
}

fn problems(json: &str) -> Vec<Problem> {
    match parse(json) {
        Err(RulesError::Problems(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

/// Asserts that a rule is refused for one reason, which says `words`.
fn refused(rule: Value, words: &str) {
    let problems = problems(&json!({"rules": [rule]}).to_string());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains(words), "{}", problems[0].message);
}

/// Asserts that a rule is accepted with one warning, which says `words`.
fn warned(rule: Value, words: &str) {
    let warnings = read(rule).unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(words), "{warnings:?}");
}

#[test]
fn a_sound_rule_raises_no_warning() {
    assert_eq!(read(rule()).unwrap().warnings, Vec::<String>::new());
}

#[test]
fn malformed_json_names_the_place() {
    let Err(RulesError::Json { line, column, .. }) = parse("{\"rules\":\n [}") else { panic!() };
    assert_eq!((line, column), (2, 3));
}

#[test]
fn a_file_without_usable_rules_is_refused() {
    for json in ["[]", "{}", "{\"rules\": {}}", "{\"rules\": []}", "{\"rules\": [7]}", "null"] {
        assert_eq!(problems(json).len(), 1, "{json}");
    }
    let huge = format!("{{\"rules\": [], \"__comments\": \"{}\"}}", "x".repeat(RULES_BYTES_MAX));
    assert_eq!(problems(&huge).len(), 1);
}

#[test]
fn what_cannot_work_is_refused() {
    // Quirks 7, 8, 42 and 45.
    let at = "/fields/given";
    refused(changed("/matchingType", json!("both")), "write deterministic or probabilistic");
    refused(changed("/matchingType", Value::Null), "`matchingType` is missing");
    refused(changed("/autoMatchThreshold", Value::Null), "`autoMatchThreshold` is missing");
    refused(changed("/autoMatchThreshold", json!("six")), "\"six\", which is not a number");
    refused(changed("/potentialMatchThreshold", json!([4])), "not a number");
    refused(changed("/fields", json!({})), "no fields");
    refused(changed("/fields", json!([])["x"].clone()), "no fields");
    refused(changed("/fields/given", json!("exact")), "must be an object");
    refused(changed(&format!("{at}/algorithm"), json!("jaro-winkler")), "jaro-winkler-similarity");
    refused(changed(&format!("{at}/algorithm"), json!("soundex")), "write `phonetic`");
    refused(changed(&format!("{at}/algorithm"), json!("levenstein")), "mean `levenshtein`");
    refused(changed(&format!("{at}/algorithm"), Value::Null), "`algorithm` is missing");
    refused(changed(&format!("{at}/threshold"), json!("high")), "not a number");
    refused(changed(&format!("{at}/threshold"), json!("inf")), "not a number");
    refused(changed(&format!("{at}/fhirpath"), json!(" ")), "`fhirpath` is missing");
    refused(changed("/filters/gender/fhirpath", Value::Null), "`fhirpath` is missing");
    refused(changed(&format!("{at}/weight"), json!(1e10)), "`weight` is");
}

#[test]
fn a_distance_without_threshold_is_refused() {
    // Quirk 7: it rewarded difference.
    let mut distance = changed("/fields/given/algorithm", json!("levenshtein"));
    distance["fields"]["given"]["threshold"] = Value::Null;
    refused(distance, "levenshtein is a distance");
    assert!(read(changed("/fields/given/threshold", Value::Null)).is_ok(), "a similarity is not");
}

#[test]
fn a_probabilistic_rule_needs_threshold_m_and_u() {
    let probabilistic = |key: &str, value: Value| {
        let mut rule = changed("/matchingType", json!("probabilistic"));
        rule["potentialMatchThreshold"] = json!(101);
        rule["fields"]["given"][key] = value;
        rule
    };
    assert!(read(probabilistic("mValue", json!("0.9"))).is_ok(), "numeric texts are numbers");
    refused(probabilistic("threshold", Value::Null), "`threshold` is missing");
    refused(probabilistic("mValue", Value::Null), "`mValue` is missing");
    refused(probabilistic("uValue", json!("rare")), "not a number");
    for edge in [0.0, 1.0, -0.1, 1.5] {
        refused(probabilistic("mValue", json!(edge)), "above 0 and below 1");
        refused(probabilistic("uValue", json!(edge)), "above 0 and below 1");
    }
    refused(probabilistic("algorithm", json!("phonetic")), "phonetic is not possible");
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let mut second = changed("/fields/given/algorithm", json!("soundex"));
    second["autoMatchThreshold"] = Value::Null;
    second["filters"]["gender"]["fhirpath"] = Value::Null;
    let file = json!({"rules": [changed("/matchingType", json!(1)), second]});
    let places: Vec<_> = problems(&file.to_string())
        .into_iter()
        .map(|problem| (problem.rule.unwrap(), problem.field))
        .collect();
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(places, [(1, None), (2, None), (2, named("given")), (2, named("gender"))]);
    let message = parse(&file.to_string()).unwrap_err().to_string();
    assert!(
        message.starts_with("4 problems in the rules:\n- line 1, column 12: rule 1: "),
        "{message}"
    );
    assert!(message.contains("column 346: rule 2, \"given\": algorithm \"soundex\""), "{message}");
}

#[test]
fn what_surprises_is_warned_about() {
    let field = |key: &str, value: Value| changed(&format!("/fields/given/{key}"), value);
    // Quirk 17.
    warned(field("null_handling", Value::Null), "two missing values agree in full");
    // Quirk 2.
    warned(field("algorithm", json!("phonetic")), "phonetic adds nothing");
    // Quirk 11.
    warned(field("algorithm", json!("qgram")), "under 3 characters");
    // Quirk 41.
    warned(changed("/autoMatchThreshold", json!(0.5)), "below `potentialMatchThreshold`");
    // Quirk 1.
    warned(changed("/filters", Value::Null), "1 is added to every score");
    warned(changed("/potentialMatchThreshold", Value::Null), "at least a potential match");
    warned(field("null_handling", json!("off")), "none of conservative, moderate, greedy");
    warned(field("weight", json!("heavy")), "1 is used");
    warned(field("treshold", json!(1)), "did you mean `threshold`?");
}

#[test]
fn null_handling_for_both_alone_is_warned_about() {
    // Quirk 18.
    let mut rule = rule();
    rule["fields"]["given"] =
        json!({"algorithm": "exact", "fhirpath": "x", "null_handling_both": "greedy"});
    let warnings = read(rule).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("no effect without")), "{warnings:?}");
}

#[test]
fn a_record_without_values_that_matches_is_warned_about() {
    // Quirk 20: the shipped probabilistic template.
    let mut rule = changed("/matchingType", json!("probabilistic"));
    rule["potentialMatchThreshold"] = json!(100);
    rule["autoMatchThreshold"] = json!(102);
    warned(rule, "two records without any value score 100");
}

#[test]
fn both_spellings_of_null_handling_are_read() {
    let mut rule = rule();
    rule["nullHandling"] = json!("greedy");
    rule["null_handling_both"] = json!("conservative");
    rule["fields"]["given"]["null_handling"] = json!("");
    rule["fields"]["given"]["nullHandlingBothFields"] = json!("moderate");
    let ruleset = read(rule).unwrap();
    let given = &ruleset.rules[0].fields[0];
    // The rule's word stands in where the field says nothing; each key by itself.
    assert_eq!(given.null_handling, Some(NullHandling::Greedy));
    assert_eq!(given.null_handling_both, Some(NullHandling::Moderate));
    assert_eq!(ruleset.warnings.len(), 2, "one for each synonym: {:?}", ruleset.warnings);
}

#[test]
fn exact_is_equality_whatever_the_threshold() {
    let mut rule = changed("/fields/given/algorithm", json!("exact"));
    rule["fields"]["given"]["threshold"] = json!("0.3");
    let given = &read(rule).unwrap().rules[0].fields[0];
    assert_eq!(given.comparison, Comparison::By(Algorithm::NormalizedLevenshteinSimilarity));
    assert_eq!(given.threshold, Some(1.0));
}

#[test]
fn fields_are_in_javascript_order() {
    let mut rule = rule();
    rule["fields"] =
        json!({"b": field(), "10": field(), "a": field(), "9": field(), "01": field()});
    let ruleset = read(rule).unwrap();
    let names: Vec<&str> = ruleset.rules[0].fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["9", "10", "b", "a", "01"]);
}

#[test]
fn equal_paths_of_one_kind_share_a_feature() {
    let mut first = rule();
    first["fields"]["again"] = field();
    first["fields"]["sound"] = json!({"algorithm": "phonetic", "fhirpath": "name.given"});
    let file = json!({"rules": [first, rule()]});
    let ruleset = parse(&file.to_string()).unwrap();
    let kinds: Vec<_> = ruleset.features.iter().map(|spec| (&*spec.path, spec.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("name.given", FeatureKind::Text),
            ("name.given", FeatureKind::Sound),
            ("gender", FeatureKind::Set)
        ]
    );
    assert_eq!(ruleset.rules[1].fields[0].feature, 0);
}

#[test]
fn ignored_keys_raise_no_warning() {
    let mut rule = rule();
    rule["threshold"] = json!(1);
    rule["systems"] = json!([]);
    rule["__comments"] = json!("x");
    rule["fields"]["given"]["type"] = json!("string");
    rule["fields"]["__comment"] = json!("text among fields");
    assert_eq!(read(rule).unwrap().warnings, Vec::<String>::new());
}
