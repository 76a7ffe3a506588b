//! A file at once gives the people that its rows give one by one.

use std::{collections::BTreeMap, sync::Arc};

use fhir::resource::Resource;
use people::{Options, generate};
use pipeline::{
    Operation, Pipeline, Settings, Work,
    roll::{Roll, Twice},
};
use registry::{
    actor::Actor,
    batch::Receipt,
    extract::Extractor,
    ids::{ClientId, RecordId},
    state::IssueKind,
};
use store::{DraftStore, MemoryStore, Store, Window};

/// Loose enough that people are merged, doubted and in conflict.
const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":2,"autoMatchThreshold":3,
   "filters":{"gender":{"fhirpath":"gender"}},
   "fields":{
     "given":{"algorithm":"jaro-winkler-similarity","threshold":0.8,"fhirpath":"name.given",
       "null_handling":"moderate"},
     "family":{"algorithm":"damerau-levenshtein","threshold":2,"fhirpath":"name.family",
       "null_handling":"moderate"},
     "birthdate":{"algorithm":"exact","fhirpath":"birthDate.substring(0,4)",
       "null_handling":"moderate"}}}]}"#;

/// What linking gave, in terms that do not depend on random ids: per row the number of its golden
/// record, and every doubt as two rows.
#[derive(Debug, PartialEq)]
struct Outcome {
    golden_of: Vec<u32>,
    doubts: Vec<(usize, usize, IssueKind)>,
}

/// The rules that come with OpenCR: guards of pairs and of golden records among them.
const NATIVE: &str = include_str!("../../../config/rules.toml");

fn extractor(rules: &str) -> Extractor {
    let no_tables = |file: &str| Err(format!("{file} is not asked for"));
    let ruleset = matching::native::rules_from_text_with(rules, &no_tables).expect("rules");
    Extractor::compile(Arc::new(ruleset)).expect("paths")
}

fn everybody() -> Vec<people::MadeUp> {
    generate(&Options::usual(11, 700)).collect()
}

async fn link(rules: &str, store: Arc<dyn Store>, chunk: usize) -> Outcome {
    let extractor = extractor(rules);
    let settings = Settings { turn_max: chunk, batch_max: chunk, ..Settings::default() };
    let pipeline = Pipeline::start(store, extractor, settings).await.expect("a pipeline");
    let mut rows: BTreeMap<RecordId, usize> = BTreeMap::new();
    for people in everybody().chunks(chunk) {
        let operations = people.iter().map(|one| {
            let resource = Resource::from_value(one.patient.clone()).expect("a Patient");
            let client = ClientId::new(one.client.as_str());
            let submission = pipeline.decode(resource, &client, None).expect("a submission");
            Operation::Submit(Box::new(submission))
        });
        let actor = Actor::Job("link".to_owned());
        let work = Work { operations: operations.collect(), actor, is_atomic: false, once: None };
        for answer in pipeline.submit(work).await.expect("answers") {
            let receipt = answer.expect("a receipt").remove(0);
            rows.insert(receipt.record, rows.len());
        }
    }
    let outcome = outcome(&**pipeline.reader(), &rows).await;
    pipeline.stop().await;
    outcome
}

async fn outcome(reader: &dyn store::Reader, rows: &BTreeMap<RecordId, usize>) -> Outcome {
    let mut golden_of = vec![0; rows.len()];
    for golden in reader.goldens_after(None, u32::MAX).await.expect("golden records") {
        for member in &golden.members {
            golden_of[rows[member]] = golden.number.0;
        }
    }
    let all = Window { offset: 0, limit: u64::MAX };
    let issues = reader.open_issues(all).await.expect("issues");
    let doubts = issues
        .iter()
        .map(|issue| (rows[&issue.subject], rows[&issue.evidence.candidate], issue.kind));
    Outcome { golden_of, doubts: doubts.collect() }
}

/// All on a roll before the first is decided on.
async fn call(rules: &str) -> Outcome {
    let mut roll = Roll::new(extractor(rules), Settings::default());
    let decoder = roll.decoder();
    for one in everybody() {
        let resource = Resource::from_value(one.patient).expect("a Patient");
        roll.add(decoder.decode(resource).expect("an entry")).expect("nobody comes twice");
    }
    let mut rows: BTreeMap<RecordId, usize> = BTreeMap::new();
    let actor = Actor::Job("link".to_owned());
    let mut on_done = |receipt: Receipt| _ = rows.insert(receipt.record, rows.len());
    let store = roll.decide(ClientId::new("link"), actor, &mut on_done).await.expect("a state");
    outcome(&store, &rows).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_at_once_gives_the_people_of_its_rows_one_by_one() {
    for (rules, chunks) in [(RULES, &[37, 500][..]), (NATIVE, &[500])] {
        let one_by_one = link(rules, Arc::new(MemoryStore::default()), 1).await;
        let merged = one_by_one.golden_of.len()
            - one_by_one.golden_of.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert!(merged > 20, "the rules merge people");
        assert!(one_by_one.doubts.len() > 20 || rules == NATIVE, "and find people to doubt");
        for chunk in chunks.iter().copied() {
            assert_eq!(link(rules, Arc::new(MemoryStore::default()), chunk).await, one_by_one);
            assert_eq!(link(rules, Arc::new(DraftStore::default()), chunk).await, one_by_one);
        }
        assert_eq!(call(rules).await, one_by_one);
    }
}

#[test]
fn nobody_is_on_a_roll_twice() {
    let mut roll = Roll::new(extractor(RULES), Settings::default());
    let decoder = roll.decoder();
    let one = everybody().remove(0);
    let entry = || {
        let resource = Resource::from_value(one.patient.clone()).expect("a Patient");
        decoder.decode(resource).expect("an entry")
    };
    assert_eq!(roll.add(entry()), Ok(()));
    assert_eq!(roll.add(entry()), Err(Twice));
}
