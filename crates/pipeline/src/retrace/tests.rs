//! The oracle is believed because it finds what a broken store does: two nodes on one store, once
//! with the check for stale commits and once without.

mod careless;

use std::sync::Arc;

use fhir::resource::Resource;
use registry::{actor::Actor, extract::Extractor, ids::ClientId, vocabulary::Vocabulary};
use serde_json::json;
use store::Store;

use super::retrace;
use crate::{Operation, Pipeline, Settings, Work, verify::verify};
use careless::{Careless, Manner};

/// Records with the same name and birth date are the same person.
const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":2,"autoMatchThreshold":2,
   "fields":{
     "family":{"algorithm":"exact","fhirpath":"name.family","espath":"family",
       "null_handling":"conservative"},
     "birthdate":{"algorithm":"exact","fhirpath":"birthDate","espath":"birthDate",
       "null_handling":"conservative"}}}]}"#;

const PEOPLE: usize = 6;
const ROUNDS: usize = 12;

fn extractor() -> Arc<Extractor> {
    let ruleset = matching::opencr::parse(RULES).unwrap();
    Arc::new(Extractor::compile(Arc::new(ruleset)).unwrap())
}

async fn node(store: Arc<dyn Store>) -> Pipeline {
    let ruleset = matching::opencr::parse(RULES).unwrap();
    let extractor = Extractor::compile(Arc::new(ruleset)).unwrap();
    let settings = Settings { batch_max: 3, stale_retries_max: 1_000, ..Settings::default() };
    Pipeline::start(store, extractor, settings).await.unwrap()
}

/// A record that says to be one person now and another one in the next round.
fn work(node: &Pipeline, number: usize, round: usize) -> Work {
    let patient = json!({
        "resourceType": "Patient",
        "identifier": [{"system": "http://clientregistry.org/openmrs",
                        "value": number.to_string()}],
        "name": [{"family": "Okello"}],
        "birthDate": format!("1990-01-{:02}", (number + round) % PEOPLE + 1),
    });
    let resource = Resource::from_value(patient).unwrap();
    let submission = node.decode(resource, &ClientId::new("openmrs"), None).unwrap();
    let operations = vec![Operation::Submit(Box::new(submission))];
    Work { operations, actor: Actor::Job("test".into()), is_atomic: false, once: None }
}

/// What came of a run.
#[derive(Debug)]
struct Outcome {
    acknowledged: usize,
    /// What deciding again finds.
    violations: Vec<String>,
    /// What is wrong with the tables, or between them and the events.
    unsound: Vec<String>,
}

/// Two nodes submit about the same people at the same time.
async fn run(manner: Manner) -> Outcome {
    let store: Arc<Careless> = Arc::new(Careless::new(manner));
    let nodes = [node(store.clone()).await, node(store.clone()).await];
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut tasks = Vec::new();
        for number in 0..PEOPLE * 2 {
            let node = nodes[(number + round) % 2].clone();
            let work = work(&node, number, round);
            tasks.push(tokio::spawn(async move { node.submit(work).await }));
        }
        for task in tasks {
            acknowledged +=
                usize::from(task.await.unwrap().is_ok_and(|answers| answers[0].is_ok()));
        }
    }
    for node in &nodes {
        node.stop().await;
    }
    let report = retrace(&*store, extractor(), &Settings::default(), &mut |_| {}).await;
    let violations = report.map_or_else(|error| vec![error.to_string()], |report| report.findings);
    let sound = verify(&*store, &Vocabulary::default(), &mut |_| {}).await.unwrap();
    Outcome { acknowledged, violations, unsound: sound.findings }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_on_a_store_that_refuses_stale_commits_decide_in_a_serial_order() {
    // Filing anew by itself is no violation, so what is found below is what stale commits did.
    for manner in [Manner::Checking, Manner::CheckingAndRefiling] {
        let outcome = run(manner).await;
        assert_eq!(outcome.acknowledged, PEOPLE * 2 * ROUNDS, "{outcome:?}");
        assert_eq!((outcome.violations, outcome.unsound), (Vec::new(), Vec::new()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_on_a_store_that_takes_stale_commits_are_found_out() {
    let outcome = run(Manner::Careless).await;
    println!("{} violations found", outcome.violations.len());
    assert!(outcome.acknowledged > PEOPLE * 2 && !outcome.violations.is_empty(), "{outcome:?}");
}
