//! The image of the match index: a restart takes it, unless anything about it is odd.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fhir::resource::Resource;
use matching::index::image::{Image, MAGIC};
use pipeline::{
    Operation, Pipeline, Settings, Work,
    image::{ImageSettings, IndexOrigin},
};
use registry::{
    actor::Actor,
    extract::Extractor,
    ids::{ClientId, RecordId, Revision},
};
use serde_json::json;
use store::Store;

const RULES: &str = r#"{"rules":[
  {"matchingType":"deterministic","potentialMatchThreshold":1,"autoMatchThreshold":2,
   "filters":{"gender":{"fhirpath":"gender"}},
   "fields":{
     "given":{"algorithm":"jaro-winkler-similarity","threshold":0.85,"fhirpath":"name.given"},
     "family":{"algorithm":"damerau-levenshtein","threshold":1,"fhirpath":"name.family"}}}]}"#;

/// A registry that is stopped and started.
struct Registry {
    folder: tempfile::TempDir,
    rules: String,
}

impl Registry {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), rules: RULES.to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn image(&self) -> PathBuf {
        self.path("registry.index")
    }

    async fn open(&self, name: &str) -> Arc<dyn Store> {
        let url = format!("sqlite:{}", self.path(name).display());
        store::open(&url).await.expect("a store")
    }

    /// Writes the image once more, with another stamp.
    fn stamp_anew(&self, change: impl Fn(&mut serde_json::Value)) {
        let ruleset = Arc::new(matching::opencr::parse(&self.rules).expect("rules"));
        let bytes = std::fs::read(self.image()).expect("an image");
        let image = Image::open(ruleset, bytes.as_slice()).expect("an image");
        let mut stamp = serde_json::from_slice(image.stamp()).expect("a stamp");
        change(&mut stamp);
        let index = image.load().expect("an index");
        let mut out = Vec::new();
        let stamp = serde_json::to_vec(&stamp).expect("a stamp");
        index.snapshot().write_image(&stamp, &mut out).expect("written");
        std::fs::write(self.image(), out).expect("written");
    }

    async fn start_on(&self, store: &Arc<dyn Store>, image: Option<PathBuf>) -> Pipeline {
        let ruleset = matching::opencr::parse(&self.rules).expect("rules");
        let extractor = Extractor::compile(Arc::new(ruleset)).expect("paths");
        // Never during a test: images are written when it stops.
        let every = Duration::from_secs(86_400);
        let image = image.map(|path| ImageSettings { path, every });
        let settings = Settings { image, ..Settings::default() };
        Pipeline::start(store.clone(), extractor, settings).await.expect("a start")
    }

    async fn start(&self) -> Running {
        let store = self.open("registry.sqlite").await;
        let pipeline = self.start_on(&store, Some(self.image())).await;
        Running { store, pipeline }
    }

    /// Lives for a while without an image, so that the one there grows old.
    async fn start_without(&self) -> Running {
        let store = self.open("registry.sqlite").await;
        let pipeline = self.start_on(&store, None).await;
        Running { store, pipeline }
    }
}

struct Running {
    store: Arc<dyn Store>,
    pipeline: Pipeline,
}

impl Running {
    async fn submit(&self, number: u32, given: &str, family: &str) -> RecordId {
        let patient = Resource::from_value(json!({
            "resourceType": "Patient",
            "identifier": [{"system": "http://clientregistry.org/openmrs",
                            "value": number.to_string()}],
            "name": [{"given": [given], "family": family}],
            "gender": "female",
        }))
        .expect("a Patient");
        let submission = self.pipeline.decode(patient, &ClientId::new("openmrs"), None);
        let operation = Operation::Submit(Box::new(submission.expect("decoded")));
        self.carry_out(operation).await
    }

    async fn carry_out(&self, operation: Operation) -> RecordId {
        let actor = Actor::Job("test".into());
        let work = Work { operations: vec![operation], actor, is_atomic: false, once: None };
        let mut answers = self.pipeline.submit(work).await.expect("answered");
        answers.remove(0).expect("accepted").remove(0).record
    }

    async fn stop(self) {
        self.pipeline.stop().await;
        self.store.close().await;
    }

    fn origin(&self) -> IndexOrigin {
        self.pipeline.index_origin()
    }

    /// That the index has the features of every live record, and no others.
    async fn check(&self) {
        let index = self.pipeline.index();
        let records = self.store.records_after(None, 1_000).await.expect("records");
        let live = records.iter().filter(|(state, _)| !state.is_withdrawn).count();
        assert_eq!(index.len(), live);
        let limits = matching::Limits { potential_max: 100 };
        for (state, content) in &records {
            let patient = serde_json::from_str(content).expect("stored JSON");
            let features = self.pipeline.extractor().extract(&patient).expect("features");
            let found = index.search(&features, &limits);
            assert!(found.hits == index.scan(&features, &limits).hits);
            let own = found.hits.iter().any(|hit| hit.number == state.number.0);
            assert!(own != state.is_withdrawn, "record {}", state.number.0);
            let held = index.features(state.number.0);
            assert!(held == (!state.is_withdrawn).then_some(features));
        }
    }
}

/// A registry with an image of its three records; `Revision(3)`.
async fn stopped() -> Registry {
    let registry = Registry::new();
    let running = registry.start().await;
    assert_eq!(running.origin(), IndexOrigin::Store);
    running.submit(1, "Amina", "Okello").await;
    running.submit(2, "Aminah", "Okelo").await;
    running.submit(3, "Grace", "Otieno").await;
    running.stop().await;
    registry
}

/// What the next start makes the index of; it must be right in any case.
async fn next_origin(registry: &Registry) -> IndexOrigin {
    let running = registry.start().await;
    running.check().await;
    let origin = running.origin();
    running.stop().await;
    origin
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_takes_the_image_and_matches_as_before() {
    let registry = stopped().await;
    let running = registry.start().await;
    assert_eq!(running.origin(), IndexOrigin::Image(Revision(3)));
    running.check().await;
    running.submit(4, "Aminna", "Okello").await;
    let golden = running.store.goldens_after(None, 10).await.unwrap();
    assert_eq!(golden.iter().map(|golden| golden.members.len()).max(), Some(3));
    running.check().await;
    running.stop().await;
    assert_eq!(next_origin(&registry).await, IndexOrigin::Image(Revision(4)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_image_catches_up_with_changes_and_withdrawals() {
    let registry = stopped().await;
    let running = registry.start_without().await;
    running.submit(2, "Faith", "Kariuki").await;
    let gone = running.submit(4, "Joy", "Achieng").await;
    running.carry_out(Operation::Withdraw { record: gone, if_match: None }).await;
    running.submit(5, "Amina", "Okello").await;
    let record = running.submit(1, "Amina", "Okello").await;
    running.carry_out(Operation::Withdraw { record, if_match: None }).await;
    running.stop().await;
    assert_eq!(next_origin(&registry).await, IndexOrigin::Image(Revision(3)));
    let newer = next_origin(&registry).await;
    assert!(matches!(newer, IndexOrigin::Image(revision) if revision > Revision(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_image_is_discarded_and_replaced() {
    let registry = stopped().await;
    let whole = std::fs::read(registry.image()).unwrap();
    for damage in [Damage::Byte(whole.len() / 2), Damage::Byte(8), Damage::Cut(whole.len() - 9)] {
        let mut bytes = whole.clone();
        match damage {
            Damage::Byte(at) => bytes[at] ^= 4,
            Damage::Cut(len) => bytes.truncate(len),
        }
        std::fs::write(registry.image(), bytes).unwrap();
        assert_eq!(next_origin(&registry).await, IndexOrigin::Store);
        assert_eq!(next_origin(&registry).await, IndexOrigin::Image(Revision(3)));
    }
    std::fs::remove_file(registry.image()).unwrap();
    assert_eq!(next_origin(&registry).await, IndexOrigin::Store);
}

enum Damage {
    Byte(usize),
    Cut(usize),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_of_another_store_is_discarded() {
    let (registry, other) = (stopped().await, stopped().await);
    std::fs::copy(other.image(), registry.image()).unwrap();
    assert_eq!(next_origin(&registry).await, IndexOrigin::Store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_newer_than_a_restored_backup_is_discarded() {
    let registry = stopped().await;
    let database = registry.path("registry.sqlite");
    std::fs::copy(&database, registry.path("backup")).unwrap();
    let running = registry.start().await;
    running.submit(4, "Joy", "Achieng").await;
    running.stop().await;
    std::fs::copy(registry.path("backup"), &database).unwrap();
    let running = registry.start().await;
    assert_eq!(running.origin(), IndexOrigin::Store);
    running.check().await;
    // As many events as before, but others: the image of the first life must not be taken.
    let newer = std::fs::read(registry.image()).unwrap();
    running.submit(4, "Faith", "Kariuki").await;
    running.stop().await;
    std::fs::write(registry.image(), newer).unwrap();
    assert_eq!(next_origin(&registry).await, IndexOrigin::Store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_discard_the_image() {
    let mut registry = stopped().await;
    registry.rules = RULES.replace("0.85", "0.95");
    assert_eq!(next_origin(&registry).await, IndexOrigin::Store);
    assert_eq!(next_origin(&registry).await, IndexOrigin::Image(Revision(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_extraction_discards_the_image() {
    let registry = stopped().await;
    registry.stamp_anew(|_| {});
    assert_eq!(next_origin(&registry).await, IndexOrigin::Image(Revision(3)));
    registry.stamp_anew(|stamp| stamp["extraction"] = "as in other code".into());
    assert_eq!(next_origin(&registry).await, IndexOrigin::Store);
    assert_eq!(next_origin(&registry).await, IndexOrigin::Image(Revision(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_cannot_be_written_stops_nothing_and_replaces_nothing_else() {
    let registry = Registry::new();
    let precious = b"not an image".to_vec();
    std::fs::write(registry.image(), &precious).unwrap();
    let running = registry.start().await;
    running.submit(1, "Amina", "Okello").await;
    running.stop().await;
    assert_eq!(std::fs::read(registry.image()).unwrap(), precious);
    let store = registry.open("registry.sqlite").await;
    let nowhere = registry.path("no such folder").join("image");
    let pipeline = registry.start_on(&store, Some(nowhere)).await;
    let running = Running { store, pipeline };
    running.submit(2, "Grace", "Otieno").await;
    running.check().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_registry_has_no_image_and_leftovers_go() {
    let registry = Registry::new();
    let leftover = registry.path("registry.index.tmp");
    let other = registry.path("other.index.tmp");
    std::fs::write(&leftover, MAGIC).unwrap();
    std::fs::write(&other, b"of somebody else").unwrap();
    registry.start().await.stop().await;
    assert!(!registry.image().exists());
    assert!(!leftover.exists());
    let store = registry.open("registry.sqlite").await;
    let pipeline = registry.start_on(&store, Some(registry.path("other.index"))).await;
    pipeline.stop().await;
    assert!(other.exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_for_its_owner_only() {
    let registry = stopped().await;
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&registry.image()), 0o600);
}
