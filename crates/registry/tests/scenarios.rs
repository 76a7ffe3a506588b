//! OpenCR's own matching scenarios, end to end through the pure rooms.
//!
//! Made by running the original against a real Elasticsearch. Rule file, FHIRPath extraction,
//! search, classing and decision must agree with it, except for the differences by design of
//! the scoring specification's chapters 11 and 12. Those are recognised by what a scenario
//! holds, not by its name; what we do instead is pinned where it lives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use fhir::resource::Resource;
use matching::{
    explain::explain,
    features::Features,
    index::{Index, Limits},
    model::Doubt,
    score::Band,
};
use registry::{
    commit::Change,
    decide::{Candidate, Decision, Fresh, Grounds, Matches, Policy, Submitted, decide},
    extract::Extractor,
    ids::{
        ClientId, ContentHash, Cruid, GoldenNumber, RecordId, RecordNumber, Revision, SourceKey,
        Timestamp,
    },
    record::SourceRecord,
    standing::{Moment, Standing},
    state::{BasisKind, BrokenPair, IssueKind, LinkBasis},
    vocabulary::Vocabulary,
};
use serde_json::{Value, json};

const SCENARIOS: &str = include_str!("../../matching/tests/golden/match_scenarios.json");
const SUBJECT: &str = "subject-of-the-scenario";

type Ids = BTreeSet<String>;

#[derive(Debug, PartialEq)]
struct Classing {
    auto: Ids,
    potential: Ids,
    conflict: Ids,
    golden: Option<String>,
}

/// Why a scenario ends differently here, by quirk number of the scoring specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ByDesign {
    RulesRefused,
    PhoneticAddsNothing,
    SearchDoesNotFail,
    OnePathForBothSides,
    ObjectsAreNoValues,
    FiltersAnyOfLowerCased,
    OnlyAutomaticMatchesWin,
}

#[test]
fn scenarios_of_the_original_end_the_same_way_except_by_design() {
    let file: Value = serde_json::from_str(SCENARIOS).unwrap();
    let scenarios = file["scenarios"].as_array().unwrap();
    let mut same = 0;
    let mut by_design: BTreeMap<ByDesign, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for scenario in scenarios {
        let population = &file["populations"][scenario["population"].as_str().unwrap()];
        let name = scenario["name"].as_str().unwrap();
        match run(scenario, population) {
            Ok(()) => same += 1,
            Err(Difference::ByDesign(reason)) => *by_design.entry(reason).or_default() += 1,
            Err(Difference::Wrong(found)) => wrong.push(format!("{name}: {found}")),
        }
    }
    println!("{same} the same, by design: {by_design:?}");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(same + by_design.values().sum::<usize>(), scenarios.len());
    assert!(same * 3 > scenarios.len(), "most scenarios are comparable");
}

enum Difference {
    ByDesign(ByDesign),
    Wrong(String),
}

fn run(scenario: &Value, population: &Value) -> Result<(), Difference> {
    let text = json!({"rules": scenario["rules"]}).to_string();
    let ruleset = match matching::opencr::parse(&text) {
        Ok(ruleset) => Arc::new(ruleset),
        Err(_) if must_be_refused(scenario) => {
            return Err(Difference::ByDesign(ByDesign::RulesRefused));
        }
        Err(error) => return Err(Difference::Wrong(format!("refused: {error}"))),
    };
    if must_be_refused(scenario) {
        return Err(Difference::Wrong("these rules should be refused".to_owned()));
    }
    let extractor = Extractor::compile(ruleset).expect("the scenarios' paths are in scope");
    let found = Registry::of(population, &extractor).decide(scenario, &extractor);
    let expected = expected(scenario);
    if found == expected {
        return Ok(());
    }
    match reason(scenario, population, &extractor) {
        Some(reason) => Err(Difference::ByDesign(reason)),
        None => Err(Difference::Wrong(format!("found {found:?}, expected {expected:?}"))),
    }
}

fn expected(scenario: &Value) -> Classing {
    let ids = |class: &str| {
        let list = scenario["result"][class].as_array();
        list.into_iter().flatten().map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    let golden = scenario["result"]["golden"].as_array().and_then(|list| list.first());
    Classing {
        auto: ids("auto"),
        potential: ids("potential"),
        conflict: ids("conflict"),
        golden: golden.and_then(Value::as_str).map(str::to_owned),
    }
}

/// Quirks 7, 8 and 42: what the original would choke on, or turn upside down.
fn must_be_refused(scenario: &Value) -> bool {
    let rules = scenario["rules"].as_array().unwrap();
    rules.iter().any(|rule| {
        let is_deterministic = rule["matchingType"] == "deterministic";
        let is_probabilistic = rule["matchingType"] == "probabilistic";
        let fields = rule["fields"].as_object().into_iter().flatten();
        let is_bad_field = |field: &Value| {
            let name = field["algorithm"].as_str().unwrap_or_default();
            let algorithm = name.parse::<matching::similarity::Algorithm>().ok();
            let is_special = name == "exact" || name == "phonetic";
            let has_threshold = as_number(&field["threshold"]).is_some();
            let is_distance = algorithm.is_some_and(|one| !one.is_similarity());
            let inside = |key: &str| as_number(&field[key]).is_some_and(|p| p > 0.0 && p < 1.0);
            (algorithm.is_none() && !is_special)
                || (is_deterministic && is_distance && !has_threshold)
                || (is_probabilistic
                    && (name == "phonetic"
                        || (!has_threshold && name != "exact")
                        || !inside("mValue")
                        || !inside("uValue")))
        };
        !(is_deterministic || is_probabilistic)
            || as_number(&rule["autoMatchThreshold"]).is_none()
            || fields.into_iter().any(|(_, field)| is_bad_field(field))
    })
}

fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Which difference by design the scenario shows, if any.
fn reason(scenario: &Value, population: &Value, extractor: &Extractor) -> Option<ByDesign> {
    let rules = scenario["rules"].as_array().unwrap();
    let queries = scenario["queries"].as_array().unwrap();
    let has_phonetic = rules.iter().any(|rule| {
        let fields = rule["fields"].as_object().into_iter().flatten();
        fields.into_iter().any(|(_, field)| field["algorithm"] == "phonetic")
    });
    let is_zero_distance = rules.iter().any(|rule| {
        let fields = rule["fields"].as_object().into_iter().flatten();
        fields.into_iter().any(|(_, field)| as_number(&field["threshold"]) == Some(0.0))
    });
    let filters: Vec<&str> = queries.iter().flat_map(filter_terms).collect();
    let filter_count: usize =
        rules.iter().map(|rule| rule["filters"].as_object().map_or(0, |all| all.len())).sum();
    if has_phonetic {
        Some(ByDesign::PhoneticAddsNothing)
    } else if queries.iter().any(|query| query["hits"].is_null()) || is_zero_distance {
        Some(ByDesign::SearchDoesNotFail)
    } else if scenario.to_string().contains("[object Object]") {
        Some(ByDesign::ObjectsAreNoValues)
    } else if filters.iter().any(|term| term.to_lowercase() != **term)
        || filters.len() > filter_count
    {
        Some(ByDesign::FiltersAnyOfLowerCased)
    } else if paths_differ(scenario, population, extractor) {
        Some(ByDesign::OnePathForBothSides)
    } else if rules.len() > 1 || scenario["rules"].to_string().contains("Threshold\":0") {
        Some(ByDesign::OnlyAutomaticMatchesWin)
    } else {
        None
    }
}

fn filter_terms(query: &Value) -> Vec<&str> {
    let inner = &query["query"]["query"]["function_score"]["query"]["bool"]["filter"];
    let terms = inner.as_array().into_iter().flatten();
    terms.filter_map(|term| term["term"].as_object()?.values().next()?.as_str()).collect()
}

/// Quirks 21 and 23: whether the index of the original holds other values than the rule's path.
fn paths_differ(scenario: &Value, population: &Value, extractor: &Extractor) -> bool {
    let rules = scenario["rules"].as_array().unwrap();
    let fields = rules.iter().flat_map(|rule| {
        let fields = rule["fields"].as_object().into_iter().flatten();
        let filters = rule["filters"].as_object().into_iter().flatten();
        fields.chain(filters).map(|(_, field)| field).collect::<Vec<_>>()
    });
    let documents = population["index"].as_array().unwrap();
    let patients = population["patients"].as_array().unwrap();
    let _ = extractor;
    fields.into_iter().any(|field| {
        let path = fhir::path::FhirPath::parse(field["fhirpath"].as_str().unwrap()).unwrap();
        documents.iter().any(|document| {
            let patient = patients.iter().find(|one| one["resource"]["id"] == document["id"]);
            let own = path.texts(&patient.unwrap()["resource"]).unwrap().join(" ");
            document["fields"][field["espath"].as_str().unwrap()].as_str() != Some(own.as_str())
        })
    })
}

/// A population of a scenario, linked as it says.
struct Registry {
    standing: Standing,
    index: Index,
    features: Vec<Features>,
    ids: Vec<String>,
}

impl Registry {
    fn of(population: &Value, extractor: &Extractor) -> Self {
        let mut registry = Self {
            standing: Standing::default(),
            index: Index::new(extractor.ruleset().clone()),
            features: Vec::new(),
            ids: Vec::new(),
        };
        let patients = population["patients"].as_array().unwrap();
        // Index order is the original's last word on ties; ours is the golden record's age.
        for document in population["index"].as_array().unwrap() {
            let patient = patients.iter().find(|one| one["resource"]["id"] == document["id"]);
            let patient = patient.unwrap();
            let id = document["id"].as_str().unwrap();
            let features = extractor.extract(&patient["resource"]).unwrap();
            registry.add(id, patient["golden"].as_str().unwrap(), Some(features));
        }
        registry
    }

    fn add(&mut self, id: &str, golden: &str, features: Option<Features>) {
        let number = u32::try_from(self.ids.len()).unwrap();
        let golden = Cruid::new(golden);
        let mut changes = Vec::new();
        if self.standing.golden(&golden).is_none() {
            let number = GoldenNumber(number);
            changes.push(Change::CreateGolden { golden: golden.clone(), number });
        }
        changes.push(Change::CreateRecord {
            record: RecordId::new(id),
            number: RecordNumber(number),
            source: SourceKey {
                system: "http://clientregistry.org/openmrs".into(),
                value: id.into(),
            },
            client: ClientId::new("openmrs"),
            content: ContentHash::of(id),
            golden,
            basis: LinkBasis { kind: BasisKind::Alone, revision: Revision(1), evidence: None },
        });
        self.standing.apply(Moment { revision: Revision(1), at: Timestamp(1) }, &changes);
        self.ids.push(id.to_owned());
        if let Some(features) = features {
            self.index.insert(number, features.clone());
            self.features.push(features);
        }
    }

    fn decide(mut self, scenario: &Value, extractor: &Extractor) -> Classing {
        if let Some(golden) = scenario["current_golden"].as_str() {
            self.add(SUBJECT, golden, None);
        }
        self.break_pairs(&scenario["source"]);
        let query = extractor.extract(&scenario["source"]).unwrap();
        let found = self.index.snapshot().search(&query, &Limits { potential_max: 1_000 });
        let ignored: Vec<&str> =
            scenario["ignore"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let candidates = found.hits.iter().map(|hit| Candidate {
            record: RecordId::new(self.ids[hit.number as usize].as_str()),
            rule: u32::try_from(hit.rule + 1).unwrap(),
            score: hit.score,
            band: hit.band,
            doubt: Doubt::Potential,
        });
        let candidates: Vec<Candidate> = candidates
            .filter(|one| !ignored.contains(&one.record.as_str()) && one.band != Band::Below)
            .collect();
        let matches = Matches { candidates, potential_total: None };
        let number = |id: &RecordId| self.ids.iter().position(|one| one == id.as_str()).unwrap();
        let grounds = Grounds {
            matches: &matches,
            standing: &self.standing,
            policy: Policy::default(),
            explain: &|id, rule| {
                let rule = rule as usize - 1;
                explain(extractor.ruleset(), rule, &query, &self.features[number(id)])
            },
            hold_back: &|_| Vec::new(),
        };
        let decision = decide(&subject(&scenario["source"]), &fresh(), grounds);
        classing(&decision.unwrap())
    }

    /// The original reads broken matches from the source's extensions; here they are facts.
    fn break_pairs(&mut self, source: &Value) {
        for extension in source["extension"].as_array().into_iter().flatten() {
            let is_broken = extension["url"] == "http://clientregistry.org/brokenMatch";
            let other = extension["valueReference"]["reference"].as_str();
            if let (true, Some(other)) = (is_broken, other) {
                if !self.ids.iter().any(|id| id == SUBJECT) {
                    self.add(SUBJECT, "golden-of-the-subject", None);
                }
                let other = RecordId::new(other.trim_start_matches("Patient/"));
                self.standing.load_broken(&BrokenPair::new(RecordId::new(SUBJECT), other));
            }
        }
    }
}

/// The scenario's patient under an identity of its own.
fn subject(source: &Value) -> Submitted {
    let json = json!({"resourceType": "Patient", "identifier": [
        {"system": "http://clientregistry.org/openmrs", "value": SUBJECT}], "gender": source["gender"]
        .as_str().unwrap_or("unknown")});
    let resource = Resource::from_value(json).unwrap();
    let client = ClientId::new("openmrs");
    let mut record = SourceRecord::decode(resource, None, &client, &Vocabulary::default()).unwrap();
    record.requested_id = Some(RecordId::new(SUBJECT));
    Submitted { record, if_match: None, only_create: false }
}

fn fresh() -> Fresh {
    Fresh {
        revision: Revision(2),
        at: Timestamp(2),
        record: RecordId::new("new-record"),
        record_number: RecordNumber(1_000),
        golden: Cruid::new("new-golden"),
        golden_number: GoldenNumber(1_000),
    }
}

fn classing(decision: &Decision) -> Classing {
    let of_kind = |wanted: IssueKind| {
        let issues = decision.changes.iter().filter_map(|change| match change {
            Change::OpenIssue { issue } if issue.kind == wanted => Some(issue),
            _ => None,
        });
        issues.map(|issue| issue.evidence.candidate.to_string()).collect()
    };
    let golden = decision.changes.iter().find_map(|change| match change {
        Change::CreateRecord { golden, basis, .. } | Change::Link { golden, basis, .. } => {
            (basis.kind == BasisKind::Auto).then(|| golden.to_string())
        }
        _ => None,
    });
    Classing {
        auto: of_kind(IssueKind::Auto),
        potential: of_kind(IssueKind::Potential),
        conflict: of_kind(IssueKind::Conflict),
        golden,
    }
}
