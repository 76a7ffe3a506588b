//! Seeded random lives of a registry: submissions, withdrawals, breaks, reopenings.
//!
//! After each life the store is verified whole: event chain, replay, every promise. The seed is
//! in every failure; `SIMULATION_LIVES=1000 cargo test -p pipeline --test simulation` runs more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use fhir::resource::Resource;
use pipeline::{
    Clock, Operation, Pipeline, Settings, Work,
    image::{ImageSettings, IndexOrigin},
    retrace,
    review::Case,
    verify::verify,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use registry::{
    actor::Actor,
    adjudicate::{Adjudication, Grouping},
    batch::Receipt,
    decide::{Policy, Refusal},
    extract::Extractor,
    ids::{ClientId, RecordId},
    state::BrokenPair,
    verdict::Verdict,
    vocabulary::Vocabulary,
};
use serde_json::json;
use store::{Reader, Store};

/// Loose rules on few names, so that a short life has matches, conflicts and doubts.
const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":2,"autoMatchThreshold":3,
   "filters":{"gender":{"fhirpath":"gender","espath":"gender"}},
   "fields":{
     "given":{"algorithm":"jaro-winkler-similarity","threshold":0.85,"fhirpath":"name.given",
       "espath":"given","null_handling":"moderate"},
     "family":{"algorithm":"damerau-levenshtein","threshold":1,"fhirpath":"name.family",
       "espath":"family","null_handling":"moderate"},
     "birthdate":{"algorithm":"exact","fhirpath":"birthDate","espath":"birthDate",
       "null_handling":"moderate"},
     "phone":{"algorithm":"exact","fhirpath":"telecom.where(system='phone').value",
       "espath":"phone","null_handling":"moderate"}}}]}"#;

const LIVES: u64 = 24;
const STEPS: usize = 60;

fn extractor() -> Extractor {
    let ruleset = matching::opencr::parse(RULES).unwrap();
    Extractor::compile(Arc::new(ruleset)).unwrap()
}

/// A clock that ticks by steps and counts ids, so that a seed tells the whole life.
fn clock() -> Clock {
    let time = AtomicI64::new(1_700_000_000_000_000);
    let ids = AtomicU64::new(0);
    Clock::new(
        // Every hundredth tick the machine's clock is set back.
        move || {
            let tick = time.fetch_add(1_000, Ordering::Relaxed);
            if tick % 100_000 == 0 { tick - 3_600_000_000 } else { tick }
        },
        move || uuid::Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)) << 64 | 1),
    )
}

async fn open(store: &Arc<dyn Store>, clock: &Clock, image: Option<&Path>) -> Pipeline {
    let every = Duration::from_millis(3);
    let image = image.map(|path| ImageSettings { path: path.to_owned(), every });
    let settings = Settings { clock: clock.clone(), batch_max: 7, image, ..Settings::default() };
    Pipeline::start(store.clone(), extractor(), settings).await.unwrap()
}

fn patient(rng: &mut StdRng, source: u32) -> Resource {
    let pick = |rng: &mut StdRng, list: &[&str]| list.choose(rng).unwrap().to_string();
    let mut patient = json!({
        "resourceType": "Patient",
        "identifier": [{"system": "http://clientregistry.org/openmrs", "value": source.to_string()}],
        "name": [{"given": [pick(rng, &["Amina", "Aminah", "Brian", "Grace"])],
                  "family": pick(rng, &["Okello", "Okelo", "Otieno", "Wanjiru"])}],
        "gender": pick(rng, &["female", "male"]),
    });
    if rng.random_bool(0.7) {
        patient["birthDate"] = json!(pick(rng, &["1990-01-01", "1985-06-07", "2001"]));
    }
    if rng.random_bool(0.5) {
        let phone = pick(rng, &["0722000111", "0733000222"]);
        patient["telecom"] = json!([{"system": "phone", "value": phone}]);
    }
    Resource::from_value(patient).unwrap()
}

struct Life {
    rng: StdRng,
    pipeline: Pipeline,
    known: BTreeMap<u32, Receipt>,
}

impl Life {
    async fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..70 => self.submit().await,
            70..80 => self.withdraw().await,
            80..92 => self.break_out().await,
            _ => self.unbreak().await,
        }
    }

    fn submission(&mut self) -> (u32, Operation) {
        let source = self.rng.random_range(0..25);
        let resource = patient(&mut self.rng, source);
        let client = ClientId::new("openmrs");
        let submission = self.pipeline.decode(resource, &client, None).unwrap();
        (source, Operation::Submit(Box::new(submission)))
    }

    /// Several requests at once, now and then as one transaction.
    async fn submit(&mut self) {
        let count = self.rng.random_range(1..6);
        let (sources, operations): (Vec<u32>, Vec<Operation>) =
            (0..count).map(|_| self.submission()).unzip();
        let answers = if self.rng.random_bool(0.3) {
            self.carry_out(operations, true).await
        } else {
            let requests = operations.into_iter().map(|one| self.work(vec![one], false));
            let answers = requests.map(|work| {
                let pipeline = self.pipeline.clone();
                tokio::spawn(async move { pipeline.submit(work).await.unwrap().remove(0) })
            });
            let mut all = Vec::new();
            for answer in answers.collect::<Vec<_>>() {
                all.push(answer.await.unwrap());
            }
            all
        };
        for (source, answer) in sources.into_iter().zip(answers) {
            self.known.insert(source, answer.unwrap().remove(0));
        }
    }

    fn work(&self, operations: Vec<Operation>, is_atomic: bool) -> Work {
        Work { operations, actor: Actor::Job("simulation".into()), is_atomic, once: None }
    }

    async fn carry_out(&mut self, operations: Vec<Operation>, atomic: bool) -> pipeline::Answers {
        self.pipeline.submit(self.work(operations, atomic)).await.unwrap()
    }

    async fn judge(&self, adjudication: Adjudication) -> Result<Verdict, Refusal> {
        let case = Case::new(adjudication, Actor::Job("simulation".into()));
        self.pipeline.adjudicate(case).await.unwrap()
    }

    fn some_record(&mut self) -> Option<RecordId> {
        let ids: Vec<RecordId> = self.known.values().map(|one| one.record.clone()).collect();
        ids.choose(&mut self.rng).cloned()
    }

    async fn withdraw(&mut self) {
        let Some(record) = self.some_record() else { return };
        let answers =
            self.carry_out(vec![Operation::Withdraw { record, if_match: None }], false).await;
        assert!(answers[0].is_ok());
    }

    async fn break_out(&mut self) {
        let records: Vec<RecordId> =
            (0..self.rng.random_range(1..3)).filter_map(|_| self.some_record()).collect();
        let apart = self.rng.random_bool(0.5);
        let grouping = if apart { Grouping::Apart } else { Grouping::Together };
        // A withdrawn record or a lone one is refused; that must leave no trace.
        let records = records.into_iter().collect();
        _ = self.judge(Adjudication::Break { records, grouping }).await;
    }

    async fn unbreak(&mut self) {
        let broken = self.pipeline.reader().broken_pairs().await.unwrap();
        let Some(pair) = broken.choose(&mut self.rng).cloned() else { return };
        assert!(self.judge(Adjudication::Unbreak { pairs: vec![pair] }).await.is_ok());
    }
}

async fn live(seed: u64, store: Arc<dyn Store>, image: Option<&Path>) {
    let clock = clock();
    let pipeline = open(&store, &clock, image).await;
    let mut life = Life { rng: StdRng::seed_from_u64(seed), pipeline, known: BTreeMap::new() };
    for step in 0..STEPS {
        life.step().await;
        if life.rng.random_bool(0.05) {
            life.pipeline.stop().await;
            life.pipeline = open(&store, &clock, image).await;
            let from_image = matches!(life.pipeline.index_origin(), IndexOrigin::Image(_));
            // Even the first step may have been refused, and an empty registry has no image.
            assert_eq!(from_image, image.is_some_and(Path::exists), "seed {seed}, step {step}");
            check_index(seed, step, &life).await;
        }
        if step % 20 == 19 {
            check(seed, step, &life).await;
        }
    }
    life.pipeline.stop().await;
    // Whatever was batched, it came out as if one act had come after another.
    let report = decide_again(&*store, &Settings::default()).await;
    assert_eq!(report.findings, Vec::<String>::new(), "seed {seed}");
    assert!(report.decided > 0 && report.by_other_rules == 0, "seed {seed}");
}

async fn decide_again(store: &dyn Store, settings: &Settings) -> retrace::Report {
    let extractor = Arc::new(extractor());
    let reader: &dyn Reader = store;
    retrace::retrace(reader, extractor, settings, &mut |_| {}).await.unwrap()
}

async fn check(seed: u64, step: usize, life: &Life) {
    let reader = &**life.pipeline.reader();
    let report = verify(reader, &Vocabulary::default(), &mut |_| {}).await.unwrap();
    assert_eq!(report.findings, Vec::<String>::new(), "seed {seed}, step {step}");
    assert!(report.events > 0);
    check_index(seed, step, life).await;
}

/// The index holds exactly the live records, with the features of their newest content.
async fn check_index(seed: u64, step: usize, life: &Life) {
    let extractor = extractor();
    let index = life.pipeline.index();
    let records = life.pipeline.reader().records_after(None, 10_000).await.unwrap();
    let live = records.iter().filter(|(state, _)| !state.is_withdrawn).count();
    assert_eq!(index.len(), live, "seed {seed}, step {step}");
    for (state, content) in &records {
        let patient: serde_json::Value = serde_json::from_str(content).unwrap();
        let features = extractor.extract(&patient).unwrap();
        let expected = (!state.is_withdrawn).then_some(features);
        assert!(index.features(state.number.0) == expected, "seed {seed}, step {step}");
    }
}

fn lives() -> u64 {
    std::env::var("SIMULATION_LIVES").ok().and_then(|text| text.parse().ok()).unwrap_or(LIVES)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_holds_through_random_lives_in_memory() {
    for seed in 0..lives() {
        live(seed, store::open("memory:").await.unwrap(), None).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_holds_through_random_lives_on_sqlite() {
    for seed in 1_000..1_000 + lives() / 4 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("life.db").display());
        let image = folder.path().join("life.index");
        live(seed, store::open(&url).await.unwrap(), Some(&image)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_pair_is_never_linked_again_by_rules() {
    let store = store::open("memory:").await.unwrap();
    let pipeline = open(&store, &clock(), None).await;
    let mut life = Life { rng: StdRng::seed_from_u64(7), pipeline, known: BTreeMap::new() };
    for _ in 0..200 {
        life.step().await;
        let pairs = life.pipeline.reader().broken_pairs().await.unwrap();
        for pair in pairs {
            assert!(!together(&life, &pair).await, "{pair:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deciding_again_by_another_policy_tells_where_the_events_part() {
    let mut findings = Vec::new();
    for seed in 2_000..2_010 {
        let store = store::open("memory:").await.unwrap();
        let pipeline = open(&store, &clock(), None).await;
        let mut life = Life { rng: StdRng::seed_from_u64(seed), pipeline, known: BTreeMap::new() };
        for _ in 0..STEPS {
            life.step().await;
        }
        life.pipeline.stop().await;
        let policy = Policy { doubts_max: 1, ..Policy::default() };
        let other = Settings { policy, ..Settings::default() };
        findings.extend(decide_again(&*store, &other).await.findings);
        assert!(decide_again(&*store, &Settings::default()).await.is_same());
    }
    assert!(
        findings.iter().any(|finding| finding.contains("is open-issue, and would be")),
        "{findings:?}"
    );
}

async fn together(life: &Life, pair: &BrokenPair) -> bool {
    let ids = [pair.low().clone(), pair.high().clone()];
    let records = life.pipeline.reader().records(&ids).await.unwrap();
    records.iter().all(|record| !record.is_withdrawn) && records[0].golden == records[1].golden
}
