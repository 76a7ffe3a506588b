//! The planner against every pattern there is, scored with the arithmetic of one pair.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::opencr;
use crate::rules::Ruleset;
use crate::score::Band;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

const WORDS: [&str; 5] = ["", "conservative", "moderate", "greedy", "off"];
const ALGORITHMS: [&str; 4] =
    ["exact", "jaro-winkler-similarity", "levenshtein", "normalized-lcs-similarity"];

/// A field's settings: algorithm, null handling for one and for both, weight, m, u, threshold.
type Settings = (usize, usize, usize, f64, f64, f64, Option<f64>);

fn settings() -> impl Strategy<Value = Settings> {
    let probability = || prop::sample::select(vec![0.001, 0.02, 0.3, 0.9, 0.95]);
    let weight = prop::sample::select(vec![-2.0, 0.0, 0.1, 0.2, 0.7, 1.0, 3.0]);
    let threshold = prop::option::of(prop::sample::select(vec![0.0, 0.8, 1.0]));
    (0..4usize, 0..5usize, 0..5usize, weight, probability(), probability(), threshold)
}

fn rules(kind: bool, fields: &[Settings], filters: usize, potential: Option<f64>) -> Value {
    let base = if kind { 100.0 } else { 0.0 };
    let entries: serde_json::Map<String, Value> = fields
        .iter()
        .enumerate()
        .map(|(at, (algorithm, one, both, weight, m, u, threshold))| {
            let needs_one = kind || *algorithm == 2;
            let threshold = threshold.or(needs_one.then_some(0.8));
            let field = json!({
                "algorithm": ALGORITHMS[*algorithm], "fhirpath": format!("f{at}"),
                "threshold": threshold, "weight": weight, "mValue": m, "uValue": u,
                "null_handling": WORDS[*one], "null_handling_both": WORDS[*both],
            });
            (format!("field {at}"), field)
        })
        .collect();
    let filters: serde_json::Map<String, Value> =
        (0..filters).map(|at| (format!("g{at}"), json!({"fhirpath": format!("g{at}")}))).collect();
    json!({"rules": [{
        "matchingType": if kind { "probabilistic" } else { "deterministic" },
        "fields": entries, "filters": filters,
        "potentialMatchThreshold": potential.map(|least| base + least),
        "autoMatchThreshold": 1000,
    }]})
}

fn ruleset() -> impl Strategy<Value = Ruleset> {
    let fields = prop::collection::vec(settings(), 1..6);
    let potential = prop::option::weighted(0.9, -4.0..8.0f64);
    (any::<bool>(), fields, 0..2usize, potential).prop_map(|(kind, fields, filters, potential)| {
        opencr::parse(&rules(kind, &fields, filters, potential).to_string()).unwrap()
    })
}

/// The patterns that pass, by `judge_with`, as the scan asks.
fn passing(rule: &Rule, shape: &Shape, query: QuerySide, stored: Lacks) -> Vec<FieldSet> {
    let differs = |gate: &usize| has(query.lacks, *gate) != has(stored, *gate);
    if shape.gates.iter().any(differs) {
        return Vec::new();
    }
    let passes = |pattern: &FieldSet| {
        let mut sum = rule.base();
        for (field, part) in shape.fields.iter().enumerate() {
            let missing = (!has(query.lacks, part.feature), !has(stored, part.feature));
            let agrees = if missing.1 { query.meets_empty } else { *pattern } >> field & 1 == 1;
            let similarity = part.scorer.algorithm.is_similarity();
            let value = match part.scorer.is_graded() {
                // Any value is possible; the best is the one that must not be lost.
                true => 1.0,
                false if similarity == agrees => 1.0,
                false => 0.0,
            };
            // A distance agrees below its threshold, so none is always far enough.
            let value = if !similarity && !agrees { f64::INFINITY } else { value };
            let value = if similarity && !agrees && !part.scorer.is_graded() {
                f64::NEG_INFINITY
            } else {
                value
            };
            sum += part.scorer.judge_with(missing.0, missing.1, || Some(value)).points;
        }
        rule.band(Scored::conclude(rule, sum).score) != Band::Below
    };
    (0..1 << shape.fields.len()).filter(passes).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_passing_pattern_escapes_a_driver_set(
        ruleset in ruleset(),
        query in any::<u64>(),
        stored in any::<u64>(),
        meets_empty in any::<u32>(),
    ) {
        let rule = &ruleset.rules[0];
        let shape = Shape::of(rule);
        let side = QuerySide { lacks: query, meets_empty };
        let passing = passing(rule, &shape, side, stored);
        match Outlook::of(rule, &shape, side, stored) {
            Outlook::Never => prop_assert_eq!(passing, Vec::<FieldSet>::new()),
            Outlook::Some(table) => {
                // Bits of fields that do not vary say nothing.
                let passing: Vec<FieldSet> = passing.iter().map(|p| p & table.open).collect();
                for set in 0..1 << shape.fields.len() {
                    let covered = passing.iter().all(|pattern| pattern & set != 0);
                    // A graded field is taken at its best, rounded up, so a table may be wary.
                    if shape.fields.iter().any(|part| part.scorer.is_graded()) {
                        prop_assert!(covered || !table.is_covered_by(set));
                    } else {
                        prop_assert_eq!(covered, table.is_covered_by(set));
                    }
                }
                prop_assert_eq!(table.needs_scan(), table.driver_sets().is_empty());
                for set in table.driver_sets() {
                    prop_assert!(passing.iter().all(|pattern| pattern & set != 0));
                    let parts: Vec<FieldSet> = bits(set).map(|field| set & !(1 << field)).collect();
                    prop_assert!(parts.iter().all(|part| !table.is_covered_by(*part)));
                }
            }
        }
    }
}

fn opencr_default(lacks: &[usize]) -> Outlook {
    let rules = include_str!("../../../../../config/decisionRules.json");
    let ruleset = opencr::parse(rules).unwrap();
    let shape = Shape::of(&ruleset.rules[0]);
    let stored = lacks.iter().fold(0, |mask, feature| mask | 1 << feature);
    let query = QuerySide { lacks: 0, meets_empty: 0 };
    Outlook::of(&ruleset.rules[0], &shape, query, stored)
}

fn driver_sets(outlook: Outlook) -> Vec<FieldSet> {
    let Outlook::Some(table) = outlook else { panic!("some pattern passes") };
    table.driver_sets()
}

#[test]
fn four_of_six_is_driven_by_any_three_fields() {
    let sets = driver_sets(opencr_default(&[]));
    assert_eq!(sets.len(), 20);
    assert!(sets.iter().all(|set| set.count_ones() == 3));
}

#[test]
fn every_missing_value_makes_the_drivers_fewer() {
    // Features in the order of the file: given, family, birthdate, phone, nationalid, art, gender.
    assert!(driver_sets(opencr_default(&[5])).iter().all(|set| set.count_ones() == 2));
    assert!(driver_sets(opencr_default(&[4, 5])).iter().all(|set| set.count_ones() == 1));
    assert_eq!(opencr_default(&[3, 4, 5]), Outlook::Never);
    assert_eq!(opencr_default(&[6]), Outlook::Never);
}
