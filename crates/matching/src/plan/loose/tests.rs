//! What is loose and what is not.

use super::*;
use crate::opencr;

fn rules(text: &str) -> Ruleset {
    opencr::parse(text).expect("the rules of a test are right")
}

/// One deterministic rule of exact fields, each with a point, and a filter on gender.
fn rule(fields: &[(&str, &str)], nulls: &str, potential: f64) -> Ruleset {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, path)| {
            format!(r#""{name}": {{"algorithm": "exact", "fhirpath": "{path}", "null_handling": "{nulls}"}}"#)
        })
        .collect();
    rules(&format!(
        r#"{{"rules": [{{"matchingType": "deterministic", "fields": {{{}}},
            "filters": {{"gender": {{"fhirpath": "gender"}}}},
            "potentialMatchThreshold": {potential}, "autoMatchThreshold": 9}}]}}"#,
        fields.join(", ")
    ))
}

const GIVEN: (&str, &str) = ("given", "name.given");
const FAMILY: (&str, &str) = ("family", "name.family");
const BORN: (&str, &str) = ("birthdate", "birthDate");
const PHONE: (&str, &str) = ("phone", "telecom.where(system='phone').value");
const DISTRICT: (&str, &str) = ("district", "address.district");

#[track_caller]
fn check(ruleset: &Ruleset, expected: &[&str]) {
    let told: Vec<String> = loose(ruleset).iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_default_rules_are_not_loose() {
    check(&rules(include_str!("../../../../../config/decisionRules.json")), &[]);
}

#[test]
fn one_weak_agreement_is_loose() {
    let expected = "rule 1 is loose: whoever agrees on family alone and passes the filters is a \
                    potential match; by a rough guess one record in 200, so 5000 in a register of \
                    a million";
    check(&rule(&[FAMILY, BORN, PHONE], "moderate", 1.0), &[expected]);
}

#[test]
fn one_strong_agreement_is_not() {
    check(&rule(&[PHONE, BORN], "moderate", 1.0), &[]);
}

#[test]
fn two_weak_agreements_may_be_loose() {
    check(&rule(&[GIVEN, FAMILY, PHONE], "moderate", 2.0), &[]);
    let told = loose(&rule(&[FAMILY, ("village", "address.city"), DISTRICT], "moderate", 2.0));
    assert_eq!(told[0].agreeing, ["village", "district"]);
}

#[test]
fn no_threshold_makes_everybody_a_candidate() {
    let ruleset = rules(
        r#"{"rules": [{"matchingType": "deterministic", "fields": {
            "phone": {"algorithm": "exact", "fhirpath": "telecom.value"}},
            "autoMatchThreshold": 2}]}"#,
    );
    check(
        &ruleset,
        &["rule 1 is loose: whoever agrees on no field at all is a potential match, which is \
           everybody"],
    );
}

#[test]
fn greedy_nulls_make_who_lacks_the_values_match_everybody() {
    let told = loose(&rule(&[PHONE, BORN, FAMILY], "greedy", 2.0));
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].lacking.len(), told[0].agreeing.len()), (2, 0));
    assert!((told[0].share - 0.5).abs() < 1e-9, "the filter halves it");
    assert!(loose(&rule(&[PHONE, BORN, FAMILY], "moderate", 2.0)).is_empty());
}

#[test]
fn without_null_handling_those_who_lack_a_value_agree_on_it() {
    let told = loose(&rule(&[PHONE, BORN], "off", 1.0));
    assert_eq!(told.len(), 1);
    assert!(told[0].both_lack && told[0].agreeing.is_empty(), "{}", told[0]);
    assert_eq!(told[0].lacking.len(), 1);
}

#[test]
fn a_u_value_is_believed_more_than_the_path() {
    let probabilistic = |u: f64| {
        rules(&format!(
            r#"{{"rules": [{{"matchingType": "probabilistic", "fields": {{
                "family": {{"algorithm": "exact", "fhirpath": "name.family", "mValue": 0.9,
                            "threshold": 1, "uValue": {u}, "null_handling": "moderate"}}}},
                "potentialMatchThreshold": 101.5, "autoMatchThreshold": 103}}]}}"#
        ))
    };
    assert!(loose(&probabilistic(0.000_01)).is_empty());
    let told = loose(&probabilistic(0.1));
    assert_eq!(told[0].agreeing, ["family"]);
}

#[test]
fn fields_that_cannot_be_pruned_are_named() {
    let field = |algorithm: &str| {
        rules(&format!(
            r#"{{"rules": [{{"matchingType": "deterministic", "fields": {{
                "family": {{"algorithm": "{algorithm}", "threshold": 0.9,
                            "fhirpath": "name.family", "null_handling": "moderate"}}}},
                "potentialMatchThreshold": 2, "autoMatchThreshold": 2}}]}}"#
        ))
    };
    let pruned = |algorithm: &str| {
        sifted(&field(algorithm)).into_iter().map(|one| one.is_pruned).collect::<Vec<_>>()
    };
    assert_eq!(pruned("jaro-winkler-similarity"), [true]);
    assert_eq!(pruned("cosine-similarity"), [false]);
    assert_eq!(pruned("dice-similarity"), [false]);
    assert_eq!(pruned("exact"), [] as [bool; 0]);
}
