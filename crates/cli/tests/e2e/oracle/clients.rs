//! What the clients of a run do, and what they were promised.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use people::{Options, generate};
use serde_json::{Value, json};

use super::nodes::Nodes;
use crate::kill::scramble;

/// Whom the clients have to do with.
const PEOPLE: u64 = 200;
/// Records that a client may have of one of them.
const RECORDS_EACH: u64 = 3;
const SYSTEM: &str = "http://clientregistry.org/openmrs";

/// A version that the registry has promised to keep.
pub(super) struct Acknowledged {
    record: String,
    version: u64,
    cruid: String,
    content: Value,
}

/// What a run came to.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) submitted: u64,
    pub(super) withdrawn: u64,
    pub(super) decided: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    pub(super) unavailable: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.submitted += other.submitted;
        self.withdrawn += other.withdrawn;
        self.decided += other.decided;
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.unavailable += other.unavailable;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { submitted, withdrawn, decided, refused, unanswered, unavailable } = self;
        write!(
            f,
            "{submitted} submitted, {withdrawn} withdrawn, {decided} decisions, {refused} refused, \
             {unavailable} times 503, {unanswered} unanswered"
        )
    }
}

/// One client at work.
struct Client<'n> {
    nodes: &'n Nodes<'n>,
    token: &'n str,
    agent: ureq::Agent,
    /// What a population says of people, to be submitted under any number.
    sayings: Vec<Value>,
    known: Vec<String>,
    acknowledged: Vec<Acknowledged>,
    counts: Counts,
}

/// Works until the run is over.
pub(super) fn work(
    nodes: &Nodes<'_>,
    token: &str,
    seed: u64,
    is_over: &AtomicBool,
) -> (Vec<Acknowledged>, Counts) {
    let people = generate(&Options::usual(1, usize::try_from(PEOPLE * 2).expect("few")));
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build();
    let mut client = Client {
        nodes,
        token,
        agent: config.into(),
        sayings: people.map(|made| made.patient).collect(),
        known: Vec::new(),
        acknowledged: Vec::new(),
        counts: Counts::default(),
    };
    for step in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        client.step(scramble(seed << 24 | step));
    }
    (client.acknowledged, client.counts)
}

impl Client<'_> {
    fn step(&mut self, dice: u64) {
        let pick = scramble(dice);
        let two = (self.some_record(pick), self.some_record(scramble(pick)));
        match (dice % 100, two) {
            (0..65, _) | (_, (None, _) | (_, None)) => self.submit(pick),
            (65..70, (Some(one), _)) => self.withdraw(pick, &one),
            (70..80, (Some(one), _)) => {
                self.decide(pick, "break-match", &json!([format!("Patient/{one}")]));
            }
            (80..86, (Some(one), Some(two))) => {
                self.decide(pick, "mark-same", &json!({ "id1": one, "id2": two }));
            }
            (86..92, (Some(one), Some(two))) => {
                self.decide(pick, "mark-different", &json!({ "id1": one, "id2": two }));
            }
            (92..96, (Some(one), Some(two))) => {
                let pair = json!([{ "id1": one, "id2": two }]);
                self.decide(pick, "unbreak-match", &pair);
            }
            (_, (Some(one), _)) => {
                let body = json!({
                    "resolvingFrom": one, "flagType": "potentialMatches", "removeFlag": true,
                    "resolves": [],
                });
                self.decide(pick, "resolve-match-issue", &body);
            }
        }
    }

    fn some_record(&self, pick: u64) -> Option<String> {
        let count = self.known.len() as u64;
        let at = usize::try_from(pick.checked_rem(count)?).ok()?;
        self.known.get(at).cloned()
    }

    /// Submits what somebody says of a person under one of the person's numbers.
    fn submit(&mut self, pick: u64) {
        let count = self.sayings.len() as u64;
        let at = usize::try_from(pick % count).expect("few");
        let mut patient = self.sayings[at].clone();
        let number = pick % PEOPLE * RECORDS_EACH + (pick >> 32) % RECORDS_EACH;
        patient["identifier"][0] = json!({ "system": SYSTEM, "value": number.to_string() });
        let Some(base) = self.nodes.base(pick >> 16) else { return };
        let request = self.agent.post(format!("{base}/Patient"));
        let request = request.header("X-OpenHIM-ClientID", "openmrs");
        let request = request.header("Content-Type", "application/fhir+json");
        let Some(answer) = self.read(request.send(patient.to_string())) else { return };
        assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.text);
        self.counts.submitted += 1;
        let record = answer.location.trim_start_matches("Patient/").to_owned();
        if !self.known.contains(&record) {
            self.known.push(record.clone());
        }
        let digits = answer.etag.trim_start_matches("W/\"").trim_end_matches('"');
        let version = digits.parse().expect("ETag is a weak version");
        let (cruid, content) = (answer.cruid, patient);
        self.acknowledged.push(Acknowledged { record, version, cruid, content });
    }

    fn withdraw(&mut self, pick: u64, record: &str) {
        let Some(base) = self.nodes.base(pick >> 16) else { return };
        let request = self.agent.delete(format!("{base}/Patient/{record}"));
        let request = request.header("X-OpenHIM-ClientID", "openmrs");
        if let Some(answer) = self.read(request.call()) {
            assert_eq!(answer.status, 204, "{}", answer.text);
            self.counts.withdrawn += 1;
        }
    }

    fn decide(&mut self, pick: u64, verb: &str, body: &Value) {
        let Some(base) = self.nodes.base(pick >> 16) else { return };
        let root = base.trim_end_matches("/fhir");
        let request = self.agent.post(format!("{root}/ocrux/match/{verb}"));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let request = request.header("Content-Type", "application/json");
        let Some(answer) = self.read(request.send(body.to_string())) else { return };
        match answer.status {
            200..300 => self.counts.decided += 1,
            // What is asked for may make no sense by then; that is told, and nothing is done.
            400 | 404 | 409 | 410 | 422 => self.counts.refused += 1,
            status => panic!("{verb}: {status} {}", answer.text),
        }
    }

    /// An answer; none if the node died or is not available, which is counted.
    fn read(
        &mut self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Option<Answer> {
        let Ok(mut response) = response else {
            self.counts.unanswered += 1;
            std::thread::park_timeout(Duration::from_millis(5));
            return None;
        };
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (location, cruid, etag) = (header("Location"), header("LocationCRUID"), header("ETag"));
        let status = response.status().as_u16();
        let Ok(text) = response.body_mut().read_to_string() else {
            self.counts.unanswered += 1;
            return None;
        };
        if status == 503 {
            assert!(text.contains("OperationOutcome") || text.contains("error"), "{text}");
            self.counts.unavailable += 1;
            std::thread::park_timeout(Duration::from_millis(20));
            return None;
        }
        Some(Answer { status, location, cruid, etag, text })
    }
}

struct Answer {
    status: u16,
    location: String,
    cruid: String,
    etag: String,
    text: String,
}

/// Every acknowledged version is there, as it was answered.
pub(super) fn check(nodes: &Nodes<'_>, seed: u64, acknowledged: &[Acknowledged]) {
    let base = nodes.base(0).expect("it runs");
    let agent = ureq::Agent::new_with_defaults();
    for known in acknowledged {
        let url = format!("{base}/Patient/{}/_history/{}", known.record, known.version);
        let response = agent.get(&url).header("X-OpenHIM-ClientID", "openmrs").call();
        let place = format!("seed {seed}: {} version {}", known.record, known.version);
        let mut response = response.unwrap_or_else(|error| panic!("{place}: {error}"));
        let text = response.body_mut().read_to_string().expect("a text");
        let mut shown: Value = serde_json::from_str(&text).expect("JSON");
        let link = shown["link"][0]["other"]["reference"].as_str();
        assert_eq!(link, Some(known.cruid.as_str()), "{place}");
        let members = shown.as_object_mut().expect("a resource");
        for registry_owned in ["id", "meta", "link", "extension"] {
            members.remove(registry_owned);
        }
        assert!(shown == known.content, "{place} shows other content");
    }
}
