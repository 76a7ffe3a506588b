//! Guards of whole golden records, through the one writer: what rules link by themselves never
//! contradicts itself, whatever comes together in a batch, changes or comes back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::{collections::BTreeMap, sync::Arc};

use fhir::resource::Resource;
use matching::{explain::Explanation, features::Features, model::Joining};
use pipeline::{Operation, Pipeline, Settings, Work};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use registry::{
    actor::Actor,
    batch::Receipt,
    extract::Extractor,
    ids::{ClientId, RecordId},
    state::{IssueKind, MatchIssue},
};
use serde_json::{Value, json};
use store::{Store, Window};

const LIVES: u64 = 6;
const STEPS: usize = 40;

const SHIPPED: &str = include_str!("../../../config/rules.toml");

/// Guards that make fewer exceptions than the shipped ones, and golden records that are full soon.
const STRICT: &str = r#"
[[golden.guard]]
name = "contradicting sex"
reason = "both sexes"
when = { contradicts = { feature = "sex", unless = { same = "national" } } }

[[golden.guard]]
name = "contradicting national identifier"
reason = "two identifiers"
when = { contradicts = { feature = "national", kind = "national_system", unless = { similar = { feature = "national", algorithm = "damerau-levenshtein", at-most = 1.0 } } } }

[[golden.guard]]
name = "twin in the golden record"
reason = "a twin"
when = { pair-guard = ["twins"] }

[[golden.guard]]
name = "too many records"
reason = "large"
when = { more-records-than = 4 }
"#;

fn extractor_of(text: &str) -> Extractor {
    let ruleset = matching::native::parse(text).unwrap();
    assert_eq!(ruleset.golden_guards.len(), 4);
    Extractor::compile(Arc::new(ruleset)).unwrap()
}

/// The shipped rules with the strict guards.
fn extractor() -> Extractor {
    let rules = SHIPPED.split("[[golden.guard]]").next().unwrap();
    extractor_of(&format!("{rules}{STRICT}"))
}

async fn start() -> Pipeline {
    start_with(extractor()).await
}

async fn start_with(extractor: Extractor) -> Pipeline {
    let store = store::open("memory:").await.unwrap();
    Pipeline::start(store, extractor, Settings::default()).await.unwrap()
}

/// A patient from `key=value` words; `given`, `family`, `sex`, `born`, `phone`, `town`, `ni`, `ppn`.
fn patient(id: &str, words: &str) -> Value {
    let said: BTreeMap<&str, &str> =
        words.split(' ').filter_map(|word| word.split_once('=')).collect();
    let mut patient = json!({
        "resourceType": "Patient",
        "identifier": [{"system": "http://clientregistry.org/openmrs", "value": id}],
        "name": [{"given": [said.get("given").unwrap_or(&"Grace")],
                  "family": said.get("family").unwrap_or(&"Wanjiru")}],
    });
    for (word, key) in [("sex", "gender"), ("born", "birthDate")] {
        if let Some(value) = said.get(word) {
            patient[key] = json!(value);
        }
    }
    if let Some(phone) = said.get("phone") {
        patient["telecom"] = json!([{"system": "phone", "value": phone}]);
    }
    if let Some(town) = said.get("town") {
        patient["address"] = json!([{"city": town}]);
    }
    for (word, code) in [("ni", "NI"), ("ppn", "PPN")] {
        if let Some(value) = said.get(word) {
            patient["identifier"].as_array_mut().unwrap().push(json!({
                "system": format!("http://example.org/{word}"), "value": value,
                "type": {"coding": [{"code": code}]}}));
        }
    }
    patient
}

fn submission(pipeline: &Pipeline, patient: Value) -> Operation {
    let resource = Resource::from_value(patient).unwrap();
    let submission = pipeline.decode(resource, &ClientId::new("openmrs"), None).unwrap();
    Operation::Submit(Box::new(submission))
}

async fn carry_out(pipeline: &Pipeline, operations: Vec<Operation>) -> Vec<Receipt> {
    let work = Work { operations, actor: Actor::Job("test".into()), is_atomic: false, once: None };
    let answers = pipeline.submit(work).await.unwrap();
    answers.into_iter().map(|answer| answer.unwrap().remove(0)).collect()
}

/// Submits `(id, words)` in one batch and gives the CRUIDs.
async fn submit(pipeline: &Pipeline, people: &[(&str, &str)]) -> Vec<String> {
    let operations =
        people.iter().map(|(id, words)| submission(pipeline, patient(id, words))).collect();
    let receipts = carry_out(pipeline, operations).await;
    receipts.iter().map(|receipt| receipt.golden.to_string()).collect()
}

async fn issues(pipeline: &Pipeline) -> Vec<(MatchIssue, Explanation)> {
    let reader = pipeline.reader();
    let mut all = Vec::new();
    for issue in reader.open_issues(Window { offset: 0, limit: 1_000 }).await.unwrap() {
        let text = reader.explanation(&issue.evidence.explanation).await.unwrap().unwrap();
        all.push((issue, serde_json::from_str(&text).unwrap()));
    }
    all
}

/// Names of guards of golden records in the explanations of potential matches.
async fn reasons(pipeline: &Pipeline) -> Vec<String> {
    let open = issues(pipeline).await;
    let open = open.iter().filter(|(issue, _)| issue.kind == IssueKind::Potential);
    let names = open.flat_map(|(_, explained)| &explained.golden_guards);
    names.map(|guard| guard.name.clone()).collect()
}

/// Certain by name, birth date and telephone.
const GRACE: &str = "born=1988-03-14 phone=0712345678";

#[tokio::test]
async fn a_member_that_no_rule_finds_keeps_a_record_out() {
    // b belongs to a by its identifier, c to b by name and telephone; a and c have nothing in
    // common but that one is male and the other female.
    let people = [
        ("a", "given=Mercy family=Achieng sex=male born=1988-03-14 ni=A12345".to_owned()),
        ("b", format!("{GRACE} ni=A12345")),
        ("c", format!("{GRACE} sex=female")),
    ];
    let people: Vec<(&str, &str)> = people.iter().map(|(id, words)| (*id, &**words)).collect();
    for in_one_batch in [true, false] {
        let pipeline = start().await;
        let mut goldens = Vec::new();
        for batch in people.chunks(if in_one_batch { 3 } else { 1 }) {
            goldens.extend(submit(&pipeline, batch).await);
        }
        assert_eq!(goldens[0], goldens[1]);
        assert_ne!(goldens[1], goldens[2]);
        assert_eq!(reasons(&pipeline).await, ["contradicting sex"]);
        let open = issues(&pipeline).await;
        let (issue, explained) = open.iter().find(|(_, e)| !e.golden_guards.is_empty()).unwrap();
        let member = explained.golden_guards[0].member.as_deref().unwrap();
        assert_ne!(member, issue.evidence.candidate.as_str(), "it names the other member");
        assert!(explained.to_string().contains("guard of the golden record contradicting sex"));
    }
}

#[tokio::test]
async fn two_identifiers_of_one_kind_are_two_people_unless_one_is_mistyped() {
    let table = [
        ("ni=A12345", "ni=B98765", false),
        ("ni=A12345", "ni=A12354", true),
        ("ni=A12345", "ppn=B98765", true),
        ("ni=A12345", "", true),
    ];
    for (one, other, are_one) in table {
        let pipeline = start().await;
        let (one, other) = (format!("{GRACE} {one}"), format!("{GRACE} sex=female {other}"));
        let goldens = submit(&pipeline, &[("a", &one), ("b", &other)]).await;
        assert_eq!(goldens[0] == goldens[1], are_one, "{one} and {other}");
    }
}

#[tokio::test]
async fn the_next_best_person_is_still_considered() {
    let pipeline = start().await;
    let words = |more: &str| format!("{GRACE} {more}");
    let (male, female) = (words("sex=male town=Kisumu"), words("sex=female"));
    let first = submit(&pipeline, &[("a", &male), ("b", &female)]).await;
    assert_ne!(first[0], first[1]);
    let third = submit(&pipeline, &[("c", &words("sex=female town=Kisumu"))]).await;
    assert_eq!(third[0], first[1]);
}

#[tokio::test]
async fn a_record_whose_sex_changes_leaves() {
    let pipeline = start().await;
    let words = |sex: &str| format!("{GRACE} {sex}");
    let before = submit(&pipeline, &[("a", &words("sex=female")), ("b", &words(""))]).await;
    assert_eq!(before[0], before[1]);
    let after = submit(&pipeline, &[("b", &words("sex=male"))]).await;
    assert_ne!(after[0], before[0]);
    let again = submit(&pipeline, &[("b", &words("sex=other"))]).await;
    assert_eq!(again[0], before[0], "other contradicts nothing");
}

#[tokio::test]
async fn a_shared_identifier_with_all_else_different_is_a_conflict() {
    let others = [
        "given=Grace family=Wanjiru sex=female born=1988-03-14 phone=0712345678 town=Nairobi",
        "given=Peter family=Mukasa sex=male born=1950-11-30 phone=0799999999 town=Kampala",
        "given=Peter family=Mukasa",
    ];
    let one = format!("{} ni=A12345", others[0]);
    for other in &others[1..] {
        let pipeline = start().await;
        let other = format!("{other} ni=A12345");
        let goldens = submit(&pipeline, &[("a", &one), ("b", &other)]).await;
        assert_ne!(goldens[0], goldens[1]);
        let open = issues(&pipeline).await;
        let kinds: Vec<IssueKind> = open.iter().map(|(issue, _)| issue.kind).collect();
        assert_eq!(kinds, [IssueKind::Conflict], "{other}");
        assert!(open[0].1.to_string().contains("a conflict"), "{}", open[0].1);
        let ids = [open[0].0.subject.to_string()];
        let tags = pipeline.reader().tags_of(&ids).await.unwrap();
        assert!(format!("{tags:?}").contains("conflictMatches"), "{tags:?}");
    }
}

#[tokio::test]
async fn who_has_a_twin_in_the_golden_record_stays_out() {
    let pipeline = start().await;
    let home = "born=1988-03-14 town=Nairobi";
    // b is a by telephone and has no given name that could tell.
    let a = format!("given=Grace {home} phone=0712345678 sex=female");
    let b = format!("given=unknown {home} phone=0712345678 sex=female");
    let c = format!("given=Faith {home} phone=0712345678 sex=female");
    let goldens = submit(&pipeline, &[("a", &a), ("b", &b), ("c", &c)]).await;
    assert_eq!(goldens[0], goldens[1]);
    assert_ne!(goldens[0], goldens[2]);
    assert!(reasons(&pipeline).await.contains(&"twin in the golden record".to_owned()));
}

fn some_patient(rng: &mut StdRng, id: u32) -> Value {
    let pick = |rng: &mut StdRng, list: &[&str]| list.choose(rng).unwrap().to_string();
    let mut words = format!(
        "given={} family={}",
        pick(rng, &["Grace", "Grase", "Faith", "unknown"]),
        pick(rng, &["Wanjiru", "Wanjiro", "Otieno"])
    );
    let rare = [
        ("sex", ["male", "female", "other"], 0.7),
        ("born", ["1988-03-14", "1988-04-14", "1950-11-30"], 0.8),
        ("phone", ["0712345678", "0712345687", "0799999999"], 0.7),
        ("town", ["Nairobi", "Kisumu", "Nairobi"], 0.5),
        ("ni", ["A12345", "A12354", "B98765"], 0.4),
        ("ppn", ["P77777", "A12345", "Q88888"], 0.2),
    ];
    for (word, values, share) in rare {
        if rng.random_bool(share) {
            words.push_str(&format!(" {word}={}", pick(rng, &values)));
        }
    }
    patient(&id.to_string(), &words)
}

/// Every golden record asked of each of its records as if that one were to join the rest.
async fn check(pipeline: &Pipeline, extractor: &Extractor, seed: u64) {
    let records = pipeline.reader().records_after(None, 10_000).await.unwrap();
    let mut persons: BTreeMap<String, Vec<Features>> = BTreeMap::new();
    for (state, content) in records.iter().filter(|(state, _)| !state.is_withdrawn) {
        let patient: Value = serde_json::from_str(content).unwrap();
        let features = extractor.extract(&patient).unwrap();
        persons.entry(state.golden.to_string()).or_default().push(features);
    }
    for members in persons.values() {
        for at in 0..members.len() {
            let mut others = members.clone();
            let record = others.remove(at);
            let joining = Joining { record: &record, others: &others, is_member: false };
            let holding = extractor.ruleset().golden_guards_of(joining);
            assert_eq!(holding, [], "seed {seed}");
        }
    }
}

#[tokio::test]
async fn no_golden_record_that_rules_made_contradicts_a_strict_guard() {
    let struck = live(extractor).await;
    assert_eq!(struck.len(), 4, "some guard never struck: {struck:?}");
}

#[tokio::test]
async fn no_golden_record_that_rules_made_contradicts_a_shipped_guard() {
    live(|| extractor_of(SHIPPED)).await;
}

/// Random lives with batches, changes and withdrawals; how often each guard held at their ends.
async fn live(extractor: impl Fn() -> Extractor) -> BTreeMap<String, usize> {
    let mut struck: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..LIVES {
        let mut rng = StdRng::seed_from_u64(seed);
        let pipeline = start_with(extractor()).await;
        let mut known: BTreeMap<u32, RecordId> = BTreeMap::new();
        for _ in 0..STEPS {
            let mut operations = Vec::new();
            let mut ids = Vec::new();
            for _ in 0..rng.random_range(1..6) {
                let id = rng.random_range(0..30);
                let withdrawn = known.get(&id).filter(|_| rng.random_bool(0.15));
                operations.push(match withdrawn.cloned() {
                    Some(record) => Operation::Withdraw { record, if_match: None },
                    None => submission(&pipeline, some_patient(&mut rng, id)),
                });
                ids.push(id);
            }
            let receipts = carry_out(&pipeline, operations).await;
            known.extend(ids.into_iter().zip(receipts.into_iter().map(|receipt| receipt.record)));
            check(&pipeline, &extractor(), seed).await;
        }
        for name in reasons(&pipeline).await {
            *struck.entry(name).or_default() += 1;
        }
        pipeline.stop().await;
    }
    struck
}

/// `opencr link` decides over a store that keeps only the present.
#[tokio::test]
async fn a_draft_heeds_the_guards_too() {
    let store: Arc<dyn Store> = Arc::new(store::DraftStore::default());
    let pipeline = Pipeline::start(store, extractor(), Settings::default()).await.unwrap();
    let a = "given=Mercy family=Achieng sex=male born=1988-03-14 ni=A12345";
    let (b, c) = (format!("{GRACE} ni=A12345"), format!("{GRACE} sex=female"));
    let mut goldens = Vec::new();
    for person in [("a", a), ("b", &b), ("c", &c)] {
        goldens.extend(submit(&pipeline, &[person]).await);
    }
    assert_eq!(goldens[0], goldens[1]);
    assert_ne!(goldens[1], goldens[2]);
}
