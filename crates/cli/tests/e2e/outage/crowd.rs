//! Clients that go on whatever happens, and remember what they were promised.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use people::{Options, generate};
use serde_json::{Value, json};

use crate::kill::scramble;

const SYSTEM: &str = "http://clientregistry.org/openmrs";
/// How many people there are, so that records meet each other.
const PEOPLE: u64 = 200;

/// A version that the registry has promised to keep.
struct Promise {
    record: String,
    version: String,
    cruid: String,
    content: Value,
}

/// Everybody who submits, and what they have seen.
pub(super) struct Crowd {
    sayings: Vec<Value>,
    /// The longest that an answer may take.
    bound: Duration,
    promises: Mutex<Vec<Promise>>,
    /// How often each status came; 0 for a connection that broke.
    answers: Mutex<BTreeMap<u16, u64>>,
    longest_ms: AtomicU64,
    is_over: AtomicBool,
}

impl Crowd {
    /// A crowd that takes no answer that took longer than `bound`.
    pub(super) fn new(bound: Duration) -> Self {
        let people = generate(&Options::usual(1, usize::try_from(PEOPLE * 2).expect("few")));
        Self {
            sayings: people.map(|made| made.patient).collect(),
            bound,
            promises: Mutex::default(),
            answers: Mutex::default(),
            longest_ms: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// `clients` submit to `bases` while `meanwhile` goes on.
    pub(super) fn work(&self, clients: u64, bases: &[&str], meanwhile: impl FnOnce()) {
        self.is_over.store(false, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for client in 0..clients {
                let client = u32::try_from(client).expect("few");
                scope.spawn(move || self.submit_on(client, bases));
            }
            // Whatever happens in the meantime, the clients end.
            let _end = End(&self.is_over);
            meanwhile();
        });
    }

    fn submit_on(&self, client: u32, bases: &[&str]) {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(self.bound + Duration::from_secs(30)))
            .build();
        let agent: ureq::Agent = config.into();
        for step in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let pick = scramble(u64::from(client) << 32 | step);
            let base = bases[usize::try_from(pick >> 40).expect("64 bits") % bases.len()];
            if self.submit(&agent, base, pick) != 200 {
                // As `Retry-After` asks, at a test's pace.
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
    }

    /// Submits what somebody says of a person under one of the person's numbers; gives 200 for
    /// success, the status of a refusal, 0 for none.
    fn submit(&self, agent: &ureq::Agent, base: &str, pick: u64) -> u16 {
        let at = usize::try_from(pick % (PEOPLE * 2)).expect("few");
        let mut patient = self.sayings[at].clone();
        let number = pick % PEOPLE * 3 + (pick >> 32) % 3;
        patient["identifier"][0] = json!({ "system": SYSTEM, "value": number.to_string() });
        let began = Instant::now();
        let request = agent.post(format!("{base}/Patient"));
        let request = request.header("X-OpenHIM-ClientID", "openmrs");
        let request = request.header("Content-Type", "application/fhir+json");
        let answer = request.send(patient.to_string());
        let took = began.elapsed();
        let status = self.judge(answer, patient);
        self.longest_ms.fetch_max(took.as_millis().try_into().expect("short"), Ordering::Relaxed);
        assert!(took < self.bound, "{status} took {} ms", took.as_millis());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(status).or_default() += 1;
        status
    }

    fn judge(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        content: Value,
    ) -> u16 {
        let Ok(mut answer) = answer else { return 0 };
        let Ok(text) = answer.body_mut().read_to_string() else { return 0 };
        let header = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        match answer.status().as_u16() {
            200 | 201 => {
                let record = header("Location").trim_start_matches("Patient/").to_owned();
                let version = header("ETag").trim_start_matches("W/").trim_matches('"').to_owned();
                let cruid = header("LocationCRUID");
                let promise = Promise { record, version, cruid, content };
                self.promises.lock().unwrap_or_else(PoisonError::into_inner).push(promise);
                200
            }
            503 => {
                assert!(!header("Retry-After").is_empty(), "503 without Retry-After: {text}");
                assert!(text.contains("OperationOutcome"), "{text}");
                503
            }
            status => panic!("{status}: {text}"),
        }
    }

    /// How often that status was answered by now; 0 for connections that broke.
    pub(super) fn count(&self, status: u16) -> u64 {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&status).copied().unwrap_or_default()
    }

    /// Waits until `more` submissions succeeded after now.
    pub(super) fn await_more(&self, more: u64, within: Duration) {
        self.await_count(200, more, within);
    }

    /// Waits until a status was answered `more` times after now.
    pub(super) fn await_count(&self, status: u16, more: u64, within: Duration) {
        let (began, before) = (Instant::now(), self.count(status));
        while self.count(status) < before + more {
            let told = self.told();
            assert!(began.elapsed() < within, "no {status} within {} s: {told}", within.as_secs());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Every promise is kept: each acknowledged version shows what was sent and whom it was
    /// said to be. Gives how many there were.
    pub(super) fn check(&self, base: &str) -> usize {
        let agent = ureq::Agent::new_with_defaults();
        let promises = self.promises.lock().unwrap_or_else(PoisonError::into_inner);
        for Promise { record, version, cruid, content } in promises.iter() {
            let place = format!("{record} version {version}");
            let url = format!("{base}/Patient/{record}/_history/{version}");
            let answer = agent.get(&url).header("X-OpenHIM-ClientID", "openmrs").call();
            let mut answer = answer.unwrap_or_else(|error| panic!("{place}: {error}"));
            let text = answer.body_mut().read_to_string().expect("a text");
            let mut shown: Value = serde_json::from_str(&text).expect("JSON");
            let link = shown["link"][0]["other"]["reference"].as_str();
            assert_eq!(link, Some(cruid.as_str()), "{place}");
            let members = shown.as_object_mut().expect("a resource");
            for registry_owned in ["id", "meta", "link", "extension"] {
                members.remove(registry_owned);
            }
            assert!(shown == *content, "{place} shows other content");
        }
        promises.len()
    }

    /// What the crowd has seen, in words.
    pub(super) fn told(&self) -> String {
        let (success, refused, broken) = (self.count(200), self.count(503), self.count(0));
        let longest = self.longest_ms.load(Ordering::Relaxed);
        format!(
            "{success} acknowledged, {refused} times 503, {broken} connections broken, the \
             longest answer took {longest} ms"
        )
    }
}

/// Ends the clients' work when dropped.
struct End<'c>(&'c AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
