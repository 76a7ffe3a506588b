//! Potential matches beyond the bound are left out and counted: each record once, whatever
//! several rules, a batch's own changes or the record's older self add.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::sync::Arc;

use fhir::resource::Resource;
use pipeline::{Operation, Pipeline, Settings, Work};
use registry::{actor::Actor, batch::Receipt, extract::Extractor, ids::ClientId};
use serde_json::json;

/// The given name alone is a doubt by both rules; with the family name or the
/// phone it links by the first.
const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":1,"autoMatchThreshold":2,
   "filters":{"gender":{"fhirpath":"gender"}},
   "fields":{
     "given":{"algorithm":"exact","fhirpath":"name.given","null_handling":"moderate"},
     "family":{"algorithm":"exact","fhirpath":"name.family","null_handling":"moderate"},
     "phone":{"algorithm":"exact","fhirpath":"telecom.value","null_handling":"moderate"}}},
  {"matchingType":"deterministic","potentialMatchThreshold":1,"autoMatchThreshold":9,
   "filters":{"gender":{"fhirpath":"gender"}},
   "fields":{
     "given":{"algorithm":"exact","fhirpath":"name.given","null_handling":"moderate"}}}]}"#;

async fn start() -> Pipeline {
    let ruleset = matching::opencr::parse(RULES).unwrap();
    let extractor = Extractor::compile(Arc::new(ruleset)).unwrap();
    let mut settings = Settings { potential_max: 2, ..Settings::default() };
    settings.policy.doubts_max = 2;
    let store: Arc<dyn store::Store> = Arc::new(store::MemoryStore::default());
    Pipeline::start(store, extractor, settings).await.unwrap()
}

/// Submits `(id, given, family)`, or `family/phone`, in one batch.
async fn submit(pipeline: &Pipeline, people: &[(&str, &str, &str)]) -> Vec<Receipt> {
    let operation = |(id, given, family): &(&str, &str, &str)| {
        let (family, phone) = family.split_once('/').unwrap_or((family, ""));
        let telecom = json!([{"system": "phone", "value": phone}]);
        let mut patient = json!({
            "resourceType": "Patient",
            "identifier": [{"system": "http://clientregistry.org/openmrs", "value": id}],
            "name": [{"given": [given], "family": family}],
            "gender": "female",
        });
        if !phone.is_empty() {
            patient["telecom"] = telecom;
        }
        let patient = Resource::from_value(patient).unwrap();
        let submission = pipeline.decode(patient, &ClientId::new("openmrs"), None).unwrap();
        Operation::Submit(Box::new(submission))
    };
    let operations = people.iter().map(operation).collect();
    let actor = Actor::Job("test".into());
    let answers =
        pipeline.submit(Work { operations, actor, is_atomic: false, once: None }).await.unwrap();
    answers.into_iter().map(|answer| answer.unwrap().remove(0)).collect()
}

async fn totals(pipeline: &Pipeline, people: &[(&str, &str, &str)]) -> Vec<Option<u64>> {
    submit(pipeline, people).await.into_iter().map(|receipt| receipt.candidates_total).collect()
}

const FOUR: [(&str, &str, &str); 4] =
    [("a", "Amina", "A"), ("b", "Amina", "B"), ("c", "Amina", "C"), ("d", "Amina", "D")];

#[tokio::test]
async fn records_that_two_rules_find_are_counted_once() {
    let pipeline = start().await;
    // In one batch: all candidates are in the overlay.
    assert_eq!(totals(&pipeline, &FOUR).await, [None, None, None, Some(3)]);
    // In the next one: all are published.
    assert_eq!(totals(&pipeline, &[("e", "Amina", "E")]).await, [Some(4)]);
    // "D" links, so that it is no doubt, though the second rule finds it potential.
    assert_eq!(totals(&pipeline, &[("f", "Amina", "D")]).await, [Some(4)]);
}

#[tokio::test]
async fn a_record_that_changed_in_the_batch_is_counted_as_it_is_then() {
    let pipeline = start().await;
    submit(&pipeline, &FOUR).await;
    // "a" counts once though it is published and in the overlay, "b" no more.
    let changes = [("a", "Amina", "Z"), ("b", "Grace", "B"), ("e", "Amina", "E")];
    assert_eq!(totals(&pipeline, &changes).await, [Some(3), None, Some(3)]);
}

#[tokio::test]
async fn a_record_is_no_candidate_of_itself() {
    let pipeline = start().await;
    submit(&pipeline, &FOUR).await;
    let twice = [("d", "Amina", "X"), ("d", "Amina", "Y")];
    assert_eq!(totals(&pipeline, &twice).await, [Some(3), Some(3)]);
}

#[tokio::test]
async fn who_sends_the_same_again_is_told_of_candidates_that_came_since() {
    let pipeline = start().await;
    let e = ("e", "Amina", "E");
    submit(&pipeline, &[("b", "Amina", "B"), ("c", "Amina", "C")]).await;
    assert_eq!(totals(&pipeline, &[e]).await, [None]);
    submit(&pipeline, &[("f", "Amina", "F"), ("g", "Amina", "G")]).await;
    for _ in 0..2 {
        assert_eq!(totals(&pipeline, &[e]).await, [Some(4)]);
    }
}

#[tokio::test]
async fn kept_issues_tell_of_the_cut_and_stand_as_long_as_it_does() {
    let pipeline = start().await;
    let e = ("e", "Amina", "E");
    submit(&pipeline, &[("b", "Amina", "B"), ("c", "Amina", "C"), e]).await;
    let head = || async { pipeline.reader().head().await.unwrap().revision };
    submit(&pipeline, &[("f", "Amina", "F")]).await;
    let before = head().await;
    submit(&pipeline, &[e]).await;
    let reopened = head().await;
    submit(&pipeline, &[("g", "Amina", "G"), e]).await;
    assert!(reopened > before);
    // One event of "g", none of "e": its issues tell of a cut already.
    assert_eq!(head().await, reopened.next());
}

#[tokio::test]
async fn a_cut_is_told_also_where_all_that_are_kept_are_linked() {
    let pipeline = start().await;
    let linked = [("a", "Amina", "A/1"), ("b", "Amina", "B/1"), ("c", "Amina", "C/1")];
    let others = [("d", "Amina", "D"), ("e", "Amina", "E")];
    submit(&pipeline, &[&linked[..], &others[..]].concat()).await;
    // Links with "a". "b" and "c" are potential by what they say and linked by "a": no doubts.
    assert_eq!(totals(&pipeline, &[("f", "Amina", "A")]).await, [Some(2)]);
}
