//! Laws that hold for all values: symmetry, range, identity, index against scan, isolation of
//! snapshots, and a reader that refuses instead of falling over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use matching::{
    Algorithm, Band, Features, Hit, Index, Limits, Ruleset, explain, normalize, opencr, phonetic,
    score,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Failures are printed with their input and become unit tests, so no file keeps them.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab ]{0,6}",
        "[a-c\\- \t\u{e9}\u{1F600}]{0,12}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        any::<String>(),
    ]
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL.to_vec())
}

/// Bounds of a value, where the original has them.
fn range(algorithm: Algorithm) -> (f64, f64) {
    match algorithm {
        Algorithm::NormalizedLcsSimilarity => (-1.0, 1.0),
        Algorithm::NormalizedLcsDistance => (0.0, 2.0),
        Algorithm::Levenshtein
        | Algorithm::DamerauLevenshtein
        | Algorithm::OptimalStringAlignment
        | Algorithm::LongestCommonSubsequence
        | Algorithm::Qgram => (0.0, f64::INFINITY),
        _ => (0.0, 1.0),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn comparison_is_in_range(algorithm in algorithm(), a in text(), b in text()) {
        let [a, b] = [a, b].map(|text| normalize::comparable(&text).unwrap_or_default());
        if let Some(value) = algorithm.compare(&a, &b) {
            let (least, most) = range(algorithm);
            // Sums of products may pass 1 by a rounding error.
            prop_assert!(value >= least - 1e-9 && value <= most + 1e-9, "{algorithm}: {value}");
        }
    }

    #[test]
    fn equal_texts_are_identical(algorithm in algorithm(), a in text()) {
        let a = normalize::comparable(&a).unwrap_or_default();
        let undefined = a.is_empty() && range(algorithm) == (-1.0, 1.0)
            || a.is_empty() && range(algorithm) == (0.0, 2.0);
        let identical = if algorithm.is_similarity() { 1.0 } else { 0.0 };
        prop_assert_eq!(algorithm.compare(&a, &a), (!undefined).then_some(identical));
    }

    #[test]
    fn comparison_is_symmetric(algorithm in algorithm(), a in text(), b in text()) {
        let [a, b] = [a, b].map(|text| normalize::comparable(&text).unwrap_or_default());
        let (there, back) = (algorithm.compare(&a, &b), algorithm.compare(&b, &a));
        match algorithm {
            // Ties of the longest part go to the left text; the window follows the left text
            // when lengths are equal, and 32-bit sums are made in the order of the sides.
            Algorithm::RatcliffObershelp
            | Algorithm::JaroWinklerSimilarity
            | Algorithm::JaroWinklerDistance => {}
            _ => prop_assert_eq!(there, back),
        }
    }

    #[test]
    fn codes_are_made_of_any_text(a in any::<String>(), b in "[ -~]{0,20}") {
        for text in [a, b] {
            phonetic::metaphone(&text);
            phonetic::metaphone_unlimited(&text);
            phonetic::soundex(&text);
            phonetic::double_metaphone(&text);
        }
    }

    #[test]
    fn fuzz_rules_as_text_never_panic(json in any::<String>()) {
        let _ = opencr::parse(&json);
    }

    #[test]
    fn fuzz_rules_as_json_never_panic(rules in mutated_rules()) {
        match opencr::parse(&rules.to_string()) {
            Ok(ruleset) => prop_assert!(!ruleset.rules.is_empty()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// A working rule set in which anything may have been replaced.
fn mutated_rules() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "/rules",
        "/rules/0",
        "/rules/0/matchingType",
        "/rules/0/fields",
        "/rules/0/fields/given",
        "/rules/0/fields/given/algorithm",
        "/rules/0/fields/given/threshold",
        "/rules/0/fields/given/weight",
        "/rules/0/fields/given/fhirpath",
        "/rules/0/fields/given/mValue",
        "/rules/0/fields/given/null_handling",
        "/rules/0/filters",
        "/rules/0/filters/gender",
        "/rules/0/autoMatchThreshold",
        "/rules/0/potentialMatchThreshold",
        "/rules/0/null_handling",
    ]);
    let kind = prop::sample::select(vec!["deterministic", "probabilistic"]);
    (kind, prop::collection::vec((path, json_value()), 0..4)).prop_map(|(kind, changes)| {
        let mut rules = json!({"rules": [{
            "matchingType": kind,
            "fields": {"given": {
                "algorithm": "jaro-winkler-similarity", "threshold": 0.8, "weight": 1,
                "fhirpath": "name.given", "mValue": 0.9, "uValue": 0.1,
                "null_handling": "moderate",
            }},
            "filters": {"gender": {"fhirpath": "gender"}},
            "autoMatchThreshold": 1, "potentialMatchThreshold": 0, "null_handling": "moderate",
        }]});
        for (path, value) in changes {
            if let Some(place) = rules.pointer_mut(path) {
                *place = value;
            }
        }
        rules
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |n| n.is_finite())
            .prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["exact", "phonetic", "levenshtein", "jaro-winkler", "1e999", ""])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z0-9]{0,5}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// Rules over the paths `a`, `b` and `c`, of every kind that is accepted.
fn ruleset() -> impl Strategy<Value = Arc<Ruleset>> {
    let path = || prop::sample::select(vec!["a", "b", "c"]);
    let word = || prop::sample::select(vec!["", "conservative", "moderate", "greedy", "off"]);
    let field = (
        algorithm(),
        path(),
        prop::sample::select(vec![0.0, 0.5, 0.8, 1.0, 2.0]),
        prop::sample::select(vec![-1.0, 0.1, 1.0, 3.0]),
        (word(), word()),
        0..10u8,
    );
    let rule = (
        any::<bool>(),
        prop::collection::vec(field, 1..4),
        prop::collection::vec(path(), 0..2),
        prop::option::of(-1.0..103.0f64),
        -1.0..103.0f64,
    );
    prop::collection::vec(rule, 1..3).prop_map(|rules| {
        let rules: Vec<Value> = rules
            .into_iter()
            .map(|(probabilistic, fields, filters, potential, auto)| {
                let mut entries = serde_json::Map::new();
                for (position, (algorithm, path, threshold, weight, words, dice)) in
                    fields.into_iter().enumerate()
                {
                    let phonetic = dice == 0 && !probabilistic;
                    let name = if phonetic { "phonetic" } else { algorithm.name() };
                    let field = json!({
                        "algorithm": name, "fhirpath": path, "threshold": threshold,
                        "weight": weight, "mValue": 0.9, "uValue": 0.01 + f64::from(dice) / 20.0,
                        "null_handling": words.0, "null_handling_both": words.1,
                    });
                    entries.insert(format!("field {position}"), field);
                }
                let filters: serde_json::Map<String, Value> = filters
                    .into_iter()
                    .map(|path| (path.to_owned(), json!({"fhirpath": path})))
                    .collect();
                let kind = if probabilistic { "probabilistic" } else { "deterministic" };
                json!({
                    "matchingType": kind, "fields": entries, "filters": filters,
                    "potentialMatchThreshold": potential, "autoMatchThreshold": auto,
                })
            })
            .collect();
        Arc::new(opencr::parse(&json!({"rules": rules}).to_string()).unwrap())
    })
}

/// Raw values of one record by path.
type Record = [Vec<String>; 3];

fn record() -> impl Strategy<Value = Record> {
    let value = prop::sample::select(vec![
        "",
        " ",
        "a",
        "ab",
        "ba",
        "Otieno",
        "OTIENO",
        "Oteino",
        "otieno ",
        "1988-03-14",
        "1988-14-03",
        "1988",
        "th",
        "0",
        "Grace Akinyi",
    ]);
    let values = || prop::collection::vec(value.clone().prop_map(str::to_owned), 0..3);
    [values(), values(), values()]
}

fn features(ruleset: &Ruleset, record: &Record) -> Features {
    Features::from_values(&ruleset.features, |feature| {
        let path = ruleset.features[feature].path.as_str();
        record[["a", "b", "c"].iter().position(|known| *known == path).unwrap()].clone()
    })
}

#[derive(Debug, Clone)]
enum Change {
    Put(u32, Record),
    Remove(u32),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    // Numbers on both sides of a chunk's end.
    let number = || prop_oneof![0..12u32, 4090..4100u32];
    let change = prop_oneof![
        4 => (number(), record()).prop_map(|(number, record)| Change::Put(number, record)),
        1 => number().prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..40)
}

fn apply(
    index: &mut Index,
    held: &mut BTreeMap<u32, Features>,
    ruleset: &Ruleset,
    changes: &[Change],
) {
    for change in changes {
        match change {
            Change::Put(number, record) => {
                let features = features(ruleset, record);
                index.insert(*number, features.clone());
                held.insert(*number, features);
            }
            Change::Remove(number) => {
                index.remove(*number);
                held.remove(number);
            }
        }
    }
}

/// Every hit, by scoring each record.
fn scan(ruleset: &Ruleset, held: &BTreeMap<u32, Features>, query: &Features) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (position, rule) in ruleset.rules.iter().enumerate() {
        let of_rule = held.iter().filter_map(|(number, candidate)| {
            let score = score(rule, query, candidate)?.score;
            let band = rule.band(score);
            (band != Band::Below).then_some(Hit { number: *number, rule: position, score, band })
        });
        let mut of_rule: Vec<Hit> = of_rule.collect();
        of_rule.sort_by(|a, b| b.score.cmp(&a.score).then(a.number.cmp(&b.number)));
        hits.extend(of_rule);
    }
    hits
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn index_finds_what_a_scan_by_score_finds(
        ruleset in ruleset(),
        first in changes(),
        second in changes(),
        query in record(),
        potential_max in 0..5usize,
    ) {
        let (mut index, mut held) = (Index::new(Arc::clone(&ruleset)), BTreeMap::new());
        let query = features(&ruleset, &query);
        apply(&mut index, &mut held, &ruleset, &first);
        let (snapshot, before) = (index.snapshot(), held.clone());
        apply(&mut index, &mut held, &ruleset, &second);

        let all = Limits { potential_max: usize::MAX };
        for (snapshot, held) in [(snapshot, before), (index.snapshot(), held)] {
            let expected = scan(&ruleset, &held, &query);
            let found = snapshot.search(&query, &all);
            prop_assert_eq!(&found.hits, &expected);
            let scanned = snapshot.scan(&query, &all);
            prop_assert_eq!(&scanned.hits, &expected);
            prop_assert_eq!(scanned.potential_total, found.potential_total);
            let numbers = |band| -> BTreeSet<u32> {
                expected.iter().filter(|hit| hit.band == band).map(|hit| hit.number).collect()
            };
            let (autos, potentials) = (numbers(Band::Auto), numbers(Band::Potential));
            prop_assert_eq!(found.potential_total, potentials.difference(&autos).count() as u64);
            prop_assert!(!found.is_cut);
            let each = held.len() * ruleset.rules.len();
            prop_assert_eq!(scanned.cost.records_scanned as usize, each);
            prop_assert_eq!(snapshot.len(), held.len());
            for number in (0..12).chain(4090..4100) {
                prop_assert_eq!(snapshot.features(number), held.get(&number).cloned());
            }

            let cut = snapshot.search(&query, &Limits { potential_max });
            let mut left = vec![potential_max; ruleset.rules.len()];
            let all = expected.len();
            let kept: Vec<Hit> = expected.into_iter().filter(|hit| {
                let room = &mut left[hit.rule];
                let keep = hit.band == Band::Auto || *room > 0;
                *room -= usize::from(keep && hit.band == Band::Potential);
                keep
            }).collect();
            prop_assert_eq!(cut.is_cut, kept.len() < all);
            prop_assert_eq!(cut.hits, kept);
            prop_assert_eq!(cut.potential_total, found.potential_total);
        }
    }

    #[test]
    fn explanation_agrees_with_score(ruleset in ruleset(), a in record(), b in record()) {
        let (query, candidate) = (features(&ruleset, &a), features(&ruleset, &b));
        for (position, rule) in ruleset.rules.iter().enumerate() {
            let explained = explain(&ruleset, position, &query, &candidate);
            match score(rule, &query, &candidate) {
                Some(scored) => {
                    prop_assert_eq!(explained.total.to_bits(), scored.total.to_bits());
                    prop_assert_eq!(explained.score, scored.score);
                    prop_assert_eq!(explained.band, rule.band(scored.score));
                    prop_assert_eq!(&explained.excluded_by, &None);
                }
                None => {
                    prop_assert_eq!(explained.band, Band::Below);
                    prop_assert!(explained.excluded_by.is_some());
                }
            }
            let text = serde_json::to_string(&explained).unwrap();
            prop_assert_eq!(serde_json::from_str::<matching::Explanation>(&text).unwrap(), explained);
        }
    }
}
