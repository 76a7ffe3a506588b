//! `match_scenarios.json`: the hits of each query, and which rules are refused.
//!
//! Both sides are taken as they stood in Elasticsearch: the query's values from the query, the
//! candidates' from the index documents. Extraction and classing are tested elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use matching::{Band, Features, Index, Limits, Rule, Ruleset, opencr, score};
use serde_json::{Map, Value, json};

use crate::oracle;

/// A query of the original, taken apart.
struct Query<'g> {
    params: &'g Value,
    /// Values by filter field; empty ones left out.
    filters: BTreeMap<String, Vec<String>>,
    /// Values by phonetic field.
    sounds: Map<String, Value>,
    min_score: Option<&'g Value>,
}

impl<'g> Query<'g> {
    fn read(query: &'g Value) -> Query<'g> {
        let outer = &query["query"]["function_score"];
        let mut filters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for term in outer["query"]["bool"]["filter"].as_array().into_iter().flatten() {
            let (field, value) = term["term"].as_object().unwrap().iter().next().unwrap();
            let values = filters.entry(field.clone()).or_default();
            values.extend(Some(oracle::text(Some(value))).filter(|text| !text.is_empty()));
        }
        let mut sounds = Map::new();
        for must in outer["query"]["bool"]["must"].as_array().into_iter().flatten() {
            let (field, value) = must["match"].as_object().unwrap().iter().next().unwrap();
            let field = field.strip_suffix(".phonetic").unwrap();
            sounds.insert(field.to_owned(), value["query"].clone());
        }
        let params = &outer["functions"][0]["script_score"]["script"]["params"];
        Query { params, filters, sounds, min_score: outer.get("min_score") }
    }

    fn as_rules(&self) -> Value {
        let mut rule = oracle::as_rule(self.params);
        for field in self.sounds.keys() {
            rule["fields"][format!("sound of {field}")] =
                json!({"algorithm": "phonetic", "fhirpath": field});
        }
        let filters: Map<String, Value> =
            self.filters.keys().map(|field| (field.clone(), json!({"fhirpath": field}))).collect();
        rule["filters"] = Value::Object(filters);
        if let Some(min_score) = self.min_score {
            rule["potentialMatchThreshold"] = min_score.clone();
        }
        json!({"rules": [rule]})
    }

    fn query_features(&self, ruleset: &Ruleset) -> Features {
        Features::from_values(&ruleset.features, |feature| {
            let path = ruleset.features[feature].path.as_str();
            if path.contains(':') {
                let (position, _) = oracle::position(path);
                return vec![oracle::text(self.params["matchers"][position].get("value"))];
            }
            match (self.filters.get(path), self.sounds.get(path)) {
                (Some(values), None) => values.clone(),
                (None, sound) => vec![oracle::text(sound)],
                (Some(_), Some(_)) => panic!("{path} is filter and sound: tell them apart"),
            }
        })
    }

    /// Whether the original could not find what this filter finds (quirks 28 and 29).
    fn filters_by_design(&self) -> bool {
        let dead = |values: &Vec<String>| {
            values.len() > 1 || values.iter().any(|value| *value != value.to_lowercase())
        };
        self.filters.values().any(dead)
    }

    /// The filters' meaning, said once more.
    fn passes(&self, document: &Value) -> bool {
        self.filters.iter().all(|(field, values)| {
            let stored = oracle::text(document.get(field)).to_lowercase();
            match values.is_empty() {
                true => stored.is_empty(),
                false => values.iter().any(|value| value.to_lowercase() == stored),
            }
        })
    }
}

fn document_features(ruleset: &Ruleset, document: &Value) -> Features {
    Features::from_values(&ruleset.features, |feature| {
        let path = ruleset.features[feature].path.as_str();
        let field = if path.contains(':') { oracle::position(path).1 } else { path };
        vec![oracle::text(document.get(field))]
    })
}

/// `[id, score]` by falling score, equal scores by id.
fn sorted(mut hits: Vec<(String, f64)>) -> Vec<(String, f64)> {
    hits.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    hits
}

fn golden_hits(query: &Value) -> Option<Vec<(String, f64)>> {
    let hits = query["hits"].as_array()?;
    let hit = |hit: &Value| (hit[0].as_str().unwrap().to_owned(), hit[1].as_f64().unwrap());
    Some(sorted(hits.iter().map(hit).collect()))
}

/// Our hits, by the pair and by the index, which must agree.
fn our_hits(ruleset: &Arc<Ruleset>, query: &Features, index: &[Value]) -> Vec<(String, f64)> {
    let rule: &Rule = &ruleset.rules[0];
    let id = |number: usize| index[number]["id"].as_str().unwrap().to_owned();
    let mut by_pair = Vec::new();
    let mut writer = Index::new(Arc::clone(ruleset));
    for (number, entry) in index.iter().enumerate() {
        let candidate = document_features(ruleset, &entry["fields"]);
        let scored = score(rule, query, &candidate);
        writer.insert(number as u32, candidate);
        if let Some(scored) = scored.filter(|scored| rule.band(scored.score) != Band::Below) {
            by_pair.push((id(number), scored.score.as_f64()));
        }
    }
    let found = writer.snapshot().search(query, &Limits { potential_max: usize::MAX });
    let by_index =
        found.hits.iter().map(|hit| (id(hit.number as usize), hit.score.as_f64())).collect();
    let by_pair = sorted(by_pair);
    assert_eq!(by_pair, sorted(by_index));
    by_pair
}

#[derive(Default, Debug)]
struct Counts {
    compared: usize,
    refused: usize,
    phonetic: usize,
    by_design: usize,
    without_query: usize,
}

fn check(name: &Value, golden: &Value, index: &[Value], counts: &mut Counts) {
    let Some(query_text) = golden.get("query") else {
        counts.without_query += 1;
        return;
    };
    let query = Query::read(query_text);
    let parsed = opencr::parse(&query.as_rules().to_string());
    let only_sounds =
        query.params["matchers"].as_array().is_some_and(Vec::is_empty) && !query.sounds.is_empty();
    let refused = oracle::is_refused(query.params) && !only_sounds;
    assert_eq!(parsed.is_err(), refused, "{name}: {parsed:?}");
    let Ok(ruleset) = parsed else {
        counts.refused += 1;
        return;
    };
    let ruleset = Arc::new(ruleset);
    let features = query.query_features(&ruleset);
    let ours = our_hits(&ruleset, &features, index);

    if !query.sounds.is_empty() {
        counts.phonetic += 1;
        check_phonetic(name, &query, golden, index, &ours);
        return;
    }
    let steps: Vec<oracle::Step> =
        index.iter().map(|entry| oracle::total(query.params, &entry["fields"])).collect();
    if !query.filters_by_design() && !steps.iter().any(|step| step.by_design) {
        counts.compared += 1;
        assert_eq!(Some(ours), golden_hits(golden), "{name}");
        return;
    }
    counts.by_design += 1;
    let rule = &ruleset.rules[0];
    let expected = index.iter().zip(&steps).filter(|(entry, _)| query.passes(&entry["fields"]));
    let expected = expected
        .map(|(entry, step)| {
            let score = matching::Score::new(rule.query_score() + step.points);
            (entry["id"].as_str().unwrap().to_owned(), score)
        })
        .filter(|(_, score)| rule.band(*score) != Band::Below)
        .map(|(id, score)| (id, score.as_f64()));
    assert_eq!(ours, sorted(expected.collect()), "{name}");
}

/// Phonetic clauses find the same candidates, but add nothing to their scores (quirk 2).
fn check_phonetic(
    name: &Value,
    query: &Query<'_>,
    golden: &Value,
    index: &[Value],
    ours: &[(String, f64)],
) {
    let mut unlimited = query.as_rules();
    unlimited["rules"][0]["potentialMatchThreshold"] = Value::Null;
    let unlimited = Arc::new(opencr::parse(&unlimited.to_string()).unwrap());
    let all = our_hits(&unlimited, &query.query_features(&unlimited), index);
    let theirs = golden_hits(golden).unwrap();
    let by_id: BTreeMap<&str, f64> = all.iter().map(|(id, score)| (id.as_str(), *score)).collect();
    let ids: Vec<&str> = by_id.keys().copied().collect();
    let mut golden_ids: Vec<&str> = theirs.iter().map(|(id, _)| id.as_str()).collect();
    golden_ids.sort_unstable();
    assert_eq!(ids, golden_ids, "{name}");
    for (id, score) in &theirs {
        let document = index.iter().find(|entry| entry["id"] == **id).unwrap();
        let total = oracle::total(query.params, &document["fields"]).points;
        assert_eq!(by_id[id.as_str()], total, "{name} {id}");
        assert!(*score > total, "{name} {id}: BM25 is above 0");
    }
    // What falls below the threshold without BM25 is no hit.
    let least = oracle::number(query.min_score).unwrap_or(0.0);
    let kept: Vec<_> = all.iter().filter(|(_, score)| *score >= least).cloned().collect();
    assert_eq!(ours, kept, "{name}");
}

#[test]
fn hits_equal_the_original() {
    let golden = crate::load("match_scenarios.json");
    let (mut counts, mut queries) = (Counts::default(), 0);
    for scenario in golden["scenarios"].as_array().unwrap() {
        let population = scenario["population"].as_str().unwrap();
        let index = golden["populations"][population]["index"].as_array().unwrap();
        for query in scenario["queries"].as_array().unwrap() {
            queries += 1;
            check(&scenario["name"], query, index, &mut counts);
        }
    }
    println!("queries: {queries}, {counts:?}");
    let Counts { compared, refused, phonetic, by_design, without_query } = counts;
    assert_eq!(compared + refused + phonetic + by_design + without_query, queries);
    assert!(compared > 25);
}

/// Whether quirk 7, 8 or 42 refuses a rule, by its content.
fn rule_is_refused(rule: &Value) -> bool {
    let probabilistic = rule["matchingType"] == "probabilistic";
    let unknown = !probabilistic && rule["matchingType"] != "deterministic";
    let field_is_refused = |field: &Value| {
        let name = field["algorithm"].as_str().unwrap_or("");
        let threshold = oracle::number(field.get("threshold")).is_some() || name == "exact";
        let inside = |key: &str| {
            oracle::number(field.get(key)).is_some_and(|number| number > 0.0 && number < 1.0)
        };
        let algorithm: Option<matching::Algorithm> = name.parse().ok();
        let distance = algorithm.is_some_and(|algorithm| !algorithm.is_similarity());
        match name {
            "phonetic" => probabilistic,
            _ if algorithm.is_none() && name != "exact" => true,
            _ if probabilistic => !threshold || !inside("mValue") || !inside("uValue"),
            _ => distance && !threshold,
        }
    };
    let fields = rule["fields"].as_object().unwrap();
    unknown
        || oracle::number(rule.get("autoMatchThreshold")).is_none()
        || fields.is_empty()
        || fields.values().any(field_is_refused)
}

#[test]
fn exactly_the_rules_that_cannot_work_are_refused() {
    let golden = crate::load("match_scenarios.json");
    let mut refused = 0;
    for scenario in golden["scenarios"].as_array().unwrap() {
        let rules = scenario["rules"].as_array().unwrap();
        let parsed = opencr::parse(&json!({"rules": rules}).to_string());
        let expected = rules.iter().any(rule_is_refused);
        assert_eq!(parsed.is_err(), expected, "{}: {parsed:?}", scenario["name"]);
        refused += usize::from(expected);
    }
    println!("refused rule sets: {refused}");
    assert!(refused > 0);
}
