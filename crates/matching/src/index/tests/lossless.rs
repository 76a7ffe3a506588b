//! The search against the scan: random registries, changes and queries, every kind of rule set.

use proptest::prelude::*;

use crate::index::search::search_along;
use crate::index::*;
use crate::opencr;

/// OpenCR's shipped default.
pub(super) const DEFAULT: &str = include_str!("../../../../../config/decisionRules.json");

/// Rule sets over the paths `given`, `family`, `birth`, `phone`, `id` and `gender`.
pub(super) const RULE_SETS: [&str; 10] = [
    // Deterministic with weights, one of them against a match.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.85, "weight": 1.5,
                  "fhirpath": "given", "null_handling": "conservative"},
        "family": {"algorithm": "damerau-levenshtein", "threshold": 2, "weight": 2,
                   "fhirpath": "family", "null_handling": "moderate"},
        "birth": {"algorithm": "exact", "weight": 2.5, "fhirpath": "birth",
                  "null_handling": "moderate"},
        "phone": {"algorithm": "exact", "weight": -0.5, "fhirpath": "phone",
                  "null_handling": "moderate"}},
      "filters": {"gender": {"fhirpath": "gender"}},
      "potentialMatchThreshold": 3.5, "autoMatchThreshold": 5}]}"#,
    // OpenCR's probabilistic template.
    r#"{"rules": [{"matchingType": "probabilistic", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.83, "mValue": 0.9,
                  "uValue": 0.01, "fhirpath": "given", "null_handling": "greedy",
                  "null_handling_both": "conservative"},
        "family": {"algorithm": "damerau-levenshtein", "threshold": 3, "mValue": 0.92,
                   "uValue": 0.03, "fhirpath": "family", "null_handling": "conservative",
                   "null_handling_both": "moderate"},
        "phone": {"algorithm": "normalized-levenshtein-similarity", "threshold": 0.8,
                  "mValue": 0.9, "uValue": 0.0025, "fhirpath": "phone",
                  "null_handling": "moderate"}},
      "filters": {"gender": {"fhirpath": "gender"}},
      "potentialMatchThreshold": 100, "autoMatchThreshold": 102}]}"#,
    // Phonetic.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "phonetic", "fhirpath": "family"},
        "given": {"algorithm": "levenshtein", "threshold": 1, "fhirpath": "given"},
        "birth": {"algorithm": "dateDamerau", "threshold": 0.8, "fhirpath": "birth",
                  "null_handling": "moderate"}},
      "potentialMatchThreshold": 1, "autoMatchThreshold": 2}]}"#,
    // Similarities without a threshold.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "fhirpath": "given"},
        "family": {"algorithm": "normalized-lcs-similarity", "fhirpath": "family",
                   "null_handling": "moderate"},
        "id": {"algorithm": "exact", "fhirpath": "id", "null_handling": "moderate"}},
      "filters": {"gender": {"fhirpath": "gender"}},
      "potentialMatchThreshold": 2.2, "autoMatchThreshold": 2.7}]}"#,
    // No filter, and no null handling: texts are compared with nothing.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "damerau-levenshtein", "threshold": 3, "fhirpath": "family"},
        "birth": {"algorithm": "exact", "fhirpath": "birth"},
        "phone": {"algorithm": "qgram", "threshold": 4, "fhirpath": "phone"}},
      "potentialMatchThreshold": 3, "autoMatchThreshold": 4}]}"#,
    // Greedy nulls.
    r#"{"rules": [{"matchingType": "deterministic", "null_handling": "greedy", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.9, "fhirpath": "given"},
        "family": {"algorithm": "ratcliff-obershelp", "threshold": 0.8, "fhirpath": "family"},
        "birth": {"algorithm": "exact", "fhirpath": "birth"},
        "phone": {"algorithm": "exact", "fhirpath": "phone"}},
      "filters": {"gender": {"fhirpath": "gender"}},
      "potentialMatchThreshold": 3, "autoMatchThreshold": 4}]}"#,
    // Seven fields by Fellegi and Sunter, identifiers among them.
    r#"{"rules": [{"matchingType": "probabilistic", "null_handling": "moderate", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.88, "mValue": 0.9,
                  "uValue": 0.01, "fhirpath": "given"},
        "family": {"algorithm": "jaro-winkler-similarity", "threshold": 0.9, "mValue": 0.93,
                   "uValue": 0.005, "fhirpath": "family"},
        "birth": {"algorithm": "exact", "mValue": 0.95, "uValue": 0.0001, "fhirpath": "birth"},
        "gender": {"algorithm": "exact", "mValue": 0.98, "uValue": 0.5, "fhirpath": "gender"},
        "phone": {"algorithm": "exact", "mValue": 0.7, "uValue": 0.00001, "fhirpath": "phone"},
        "id": {"algorithm": "exact", "mValue": 0.95, "uValue": 0.000001, "fhirpath": "id"},
        "met": {"algorithm": "metric-lcs", "threshold": 0.3, "mValue": 0.1, "uValue": 0.3,
                "fhirpath": "given"}},
      "potentialMatchThreshold": 104, "autoMatchThreshold": 109}]}"#,
    // No lower limit, and a filter of many values.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "jaccard-similarity", "threshold": 0.5, "fhirpath": "family"}},
      "filters": {"birth": {"fhirpath": "birth"}}, "autoMatchThreshold": 1}]}"#,
    // Three rules that share fields.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "id": {"algorithm": "exact", "fhirpath": "id", "null_handling": "moderate"}},
      "potentialMatchThreshold": 2, "autoMatchThreshold": 2},
      {"matchingType": "deterministic", "null_handling": "moderate", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.8, "fhirpath": "given"},
        "family": {"algorithm": "jaro-winkler-distance", "threshold": 0.1, "fhirpath": "family"},
        "birth": {"algorithm": "exact", "fhirpath": "birth"}},
      "filters": {"gender": {"fhirpath": "gender"}, "phone": {"fhirpath": "phone"}},
      "potentialMatchThreshold": 2, "autoMatchThreshold": 3},
      {"matchingType": "deterministic", "fields": {
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.8, "fhirpath": "given"},
        "birth": {"algorithm": "exact", "fhirpath": "birth"}},
      "filters": {"gender": {"fhirpath": "gender"}},
      "potentialMatchThreshold": 0.5, "autoMatchThreshold": 2}]}"#,
    // Two phonetic fields and no threshold.
    r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "given": {"algorithm": "phonetic", "fhirpath": "given"},
        "family": {"algorithm": "phonetic", "fhirpath": "family"}},
      "autoMatchThreshold": 0}]}"#,
];

/// Raw values of a record, as positions in [`value`]'s lists.
pub(super) type Person = [usize; 6];

/// Lists are short, so that values meet; the first of each is no value.
fn value(feature: &str, at: usize) -> Vec<String> {
    let list: &[&str] = match feature {
        "given" => &["", "Grace", "Grace Akinyi", "Gracie", "Ama", "Yaw", "Akinyi", "Grcae"],
        "family" => &["", "Otieno", "Oteino", "Odhiambo", "Ode", "Cheruiyot", "Kariuki", "Otien"],
        "birth" => &["", "1988-03-14", "1988-14-03", "1990-01-01", "1988"],
        "phone" => &["", "0712345678", "0712345687", "0712345999", "0733111222", "07"],
        "id" => &["", "A1", "A2", "B7", "C9", "D4"],
        _ => &["female", "male", ""],
    };
    let value = list[at % list.len()];
    // A few records have two genders or phones, which filters tell apart and texts join.
    let second = (at % 11 == 10).then(|| list[(at / 11) % list.len()]);
    [Some(value), second].into_iter().flatten().map(str::to_owned).collect()
}

pub(super) fn features(ruleset: &Ruleset, person: &Person) -> Features {
    let names = ["given", "family", "birth", "phone", "id", "gender"];
    Features::from_values(&ruleset.features, |feature| {
        let path = ruleset.features[feature].path.to_lowercase();
        let known = names.iter().position(|name| path.contains(name)).unwrap_or(4);
        value(names[known], person[known])
    })
}

pub(super) fn person() -> impl Strategy<Value = Person> {
    let at = || prop_oneof![1 => Just(0_usize), 6 => 0..200usize];
    [at(), at(), at(), at(), at(), at()]
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Put(u32, Person),
    Remove(u32),
}

pub(super) fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    let number = || prop_oneof![8 => 0..60u32, 1 => 4090..4100u32];
    let change = prop_oneof![
        4 => (number(), person()).prop_map(|(number, person)| Change::Put(number, person)),
        1 => number().prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..most)
}

pub(super) fn apply(index: &mut Index, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(number, person) => {
                let features = features(&index.table.ruleset, person);
                index.insert(*number, features);
            }
            Change::Remove(number) => index.remove(*number),
        }
    }
}

/// Checks the way that the search chooses and those that `ways` force.
pub(super) fn check(
    snapshot: &Snapshot,
    query: &Person,
    limits: &Limits,
    ways: &[usize],
) -> Result<(), TestCaseError> {
    let query = features(snapshot.ruleset(), query);
    let expected = snapshot.scan(&query, limits);
    for forced in ways.iter().copied().map(Some).chain([None]) {
        let found = search_along(snapshot, &query, limits, forced);
        prop_assert_eq!(&found.hits, &expected.hits, "way {:?}", forced);
        prop_assert_eq!(found.potential_total, expected.potential_total, "way {:?}", forced);
        prop_assert_eq!(found.is_cut, expected.is_cut, "way {:?}", forced);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 24,
        ..Default::default()
    })]

    #[test]
    fn every_way_of_searching_finds_what_the_scan_finds(
        first in changes(120),
        second in changes(60),
        queries in prop::collection::vec(person(), 1..3),
        potential_max in prop_oneof![0..6usize, Just(usize::MAX)],
        ways in prop::collection::vec(0..1_000usize, 3),
    ) {
        for rules in RULE_SETS.into_iter().chain([DEFAULT]) {
            let mut index = Index::new(Arc::new(opencr::parse(rules).unwrap()));
            apply(&mut index, &first);
            let before = index.snapshot();
            apply(&mut index, &second);
            for query in &queries {
                for snapshot in [&before, &index.snapshot()] {
                    check(snapshot, query, &Limits { potential_max }, &ways)?;
                }
            }
        }
    }
}

#[test]
fn the_ways_are_forced_and_do_match() {
    let mut hits = 0;
    for rules in RULE_SETS.into_iter().chain([DEFAULT]) {
        let mut index = Index::new(Arc::new(opencr::parse(rules).unwrap()));
        for number in 0..400 {
            let person = [number % 7, number % 5, number % 3, number % 4, number % 2, number % 9];
            let features = features(&index.table.ruleset, &person);
            index.insert(number as u32, features);
        }
        let query = features(&index.table.ruleset, &[1, 1, 1, 1, 1, 0]);
        let limits = Limits { potential_max: usize::MAX };
        let found: Vec<Found> = (0..24)
            .map(|way| search_along(&index.snapshot(), &query, &limits, Some(way)))
            .collect();
        assert!(found.iter().any(|found| found.cost.postings_read > 0), "{rules}");
        hits += found[0].hits.len();
    }
    assert!(hits > 500, "{hits} hits");
}
