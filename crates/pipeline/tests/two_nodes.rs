//! Two nodes on one PostgreSQL: nothing is lost, and nobody is linked twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fhir::resource::Resource;
use metrics_exporter_prometheus::PrometheusBuilder;
use pipeline::{Meters, Operation, Pipeline, Settings, Work, verify::verify};
use registry::{
    actor::Actor, extract::Extractor, ids::ClientId, state::RecordState, vocabulary::Vocabulary,
};
use serde_json::json;
use store::{Reader, Store};

/// Records with the same name and birth date are the same person.
const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":3,"autoMatchThreshold":3,
   "fields":{
     "given":{"algorithm":"exact","fhirpath":"name.given","espath":"given",
       "null_handling":"conservative"},
     "family":{"algorithm":"exact","fhirpath":"name.family","espath":"family",
       "null_handling":"conservative"},
     "birthdate":{"algorithm":"exact","fhirpath":"birthDate","espath":"birthDate",
       "null_handling":"conservative"}}}]}"#;

const GIVEN: [&str; PEOPLE] =
    ["Amina", "Brian", "Grace", "Joseph", "Wanjiru", "Otieno", "Fatuma", "Esther", "Peter", "Lucy"];
const PEOPLE: usize = 10;
const RECORDS_EACH: usize = 12;

async fn node(store: Arc<dyn Store>, meters: Arc<Meters>) -> Pipeline {
    let ruleset = matching::opencr::parse(RULES).unwrap();
    let extractor = Extractor::compile(Arc::new(ruleset)).unwrap();
    // Who is refused gets a turn, in which nobody else commits: once more is enough, but for a turn
    // that ends too soon on a machine that does other things.
    let settings = Settings { batch_max: 3, stale_retries_max: 2, meters, ..Settings::default() };
    Pipeline::start(store, extractor, settings).await.unwrap()
}

fn work(node: &Pipeline, person: usize, record: usize) -> Work {
    let patient = json!({
        "resourceType": "Patient",
        "identifier": [{"system": "http://clientregistry.org/openmrs",
                        "value": format!("{person}-{record}")}],
        "name": [{"given": [GIVEN[person]], "family": "Okello"}],
        "birthDate": format!("1990-01-{:02}", person + 1),
    });
    let resource = Resource::from_value(patient).unwrap();
    let submission = node.decode(resource, &ClientId::new("openmrs"), None).unwrap();
    let operations = vec![Operation::Submit(Box::new(submission))];
    Work { operations, actor: Actor::Job("test".into()), is_atomic: false, once: None }
}

/// Submits every record once, alternately to one node and the other, all at once.
async fn submit_all(nodes: &[Pipeline; 2]) -> Vec<bool> {
    let mut tasks = Vec::new();
    for record in 0..RECORDS_EACH {
        for person in 0..PEOPLE {
            let node = nodes[(record + person) % 2].clone();
            tasks.push(tokio::spawn(async move {
                let work = work(&node, person, record);
                node.submit(work).await.is_ok_and(|answers| answers[0].is_ok())
            }));
        }
    }
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.push(task.await.unwrap());
    }
    acknowledged
}

/// What contradicts a serial order: unsound tables, lost or doubled records, split persons.
async fn violations(reader: &dyn Reader) -> Vec<String> {
    let report = verify(reader, &Vocabulary::default(), &mut |_| {}).await;
    let mut violations = match report {
        Ok(report) => report.findings,
        Err(error) => vec![error.to_string()],
    };
    let records = match reader.records_after(None, 10_000).await {
        Ok(records) => records,
        Err(error) => return vec![error.to_string()],
    };
    if records.len() != PEOPLE * RECORDS_EACH {
        violations.push(format!("{} records instead of {}", records.len(), PEOPLE * RECORDS_EACH));
    }
    let mut persons: BTreeMap<String, Vec<&RecordState>> = BTreeMap::new();
    for (state, _) in &records {
        let person = state.source.value.split('-').next().unwrap_or_default();
        persons.entry(person.to_owned()).or_default().push(state);
    }
    for (person, states) in persons {
        if states.iter().any(|state| state.golden != states[0].golden) {
            violations.push(format!("person {person} has two golden records"));
        }
    }
    violations
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_lose_nothing_and_split_nobody() {
    let url = testkit::postgres::url();
    let stores = [store::open(&url).await.unwrap(), store::open(&url).await.unwrap()];
    let recorder = PrometheusBuilder::new().build_recorder();
    let meters = Arc::new(metrics::with_local_recorder(&recorder, Meters::register));
    let nodes = [
        node(stores[0].clone(), meters.clone()).await,
        node(stores[1].clone(), meters.clone()).await,
    ];
    let acknowledged = submit_all(&nodes).await;
    assert!(acknowledged.iter().all(|is_durable| *is_durable));
    assert_eq!(violations(&*stores[0]).await, Vec::<String>::new());
    let told = recorder.handle().render();
    let met = !told.contains("opencr_batches_stale_total 0");
    assert!(met && told.contains("opencr_batches_stale_total"), "else nothing was tried: {told}");
    let counts = stores[0].counts().await.unwrap();
    assert_eq!(counts.persons as usize, PEOPLE);
    // A node that is idle follows the other one by itself.
    for node in &nodes {
        let followed = async {
            while node.index().len() < PEOPLE * RECORDS_EACH {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), followed).await.unwrap();
        node.stop().await;
    }
}
