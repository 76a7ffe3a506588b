//! What is taken down of requests, and what happens when nothing can be.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use registry::{
    actor::Actor,
    audit::{Act, AuditEntry, AuditHead, AuditRecord, Ending, TermKey, Who},
    ids::{ClientId, Timestamp},
};
use serde_json::json;
use store::{AuditLog, StoreError};
use testkit::person;

use crate::app::{Answer, TestApp, amina, other};

fn whats(entry: &AuditEntry) -> Vec<&str> {
    entry.what.iter().map(|entity| entity.what.as_str()).collect()
}

#[tokio::test]
async fn every_interaction_is_taken_down_with_who_what_and_outcome() {
    let app = TestApp::start().await;
    let (id, cruid) = app.submit(amina("openmrs", "1")).await;
    app.put(&format!("/fhir/Patient/{id}"), amina("openmrs", "1").given("Amine")).await;
    app.get(&format!("/fhir/Patient/{id}")).await;
    app.get(&format!("/fhir/Patient/{id}/_history/1")).await;
    app.get(&format!("/fhir/Patient/{id}/_history")).await;
    app.get("/fhir/Patient?family=Okello&_count=5").await;
    app.request("POST", "/fhir/Patient/_search")
        .body("application/x-www-form-urlencoded", "family=Okello")
        .send()
        .await;
    app.delete(&format!("/fhir/Patient/{id}")).await;
    app.get("/fhir/metadata").await;
    app.get("/healthz").await;

    let entries = app.audit().await;
    let acts: Vec<Act> = entries.iter().map(|entry| entry.act).collect();
    use Act::{Create, Delete, Read, Search, Update};
    assert_eq!(acts, [Create, Update, Read, Read, Read, Search, Search, Delete]);
    let record = format!("Patient/{id}");
    for entry in &entries {
        assert_eq!(entry.who.actor, Some(Actor::Client(ClientId::new("openmrs"))));
        assert_eq!(entry.who.proof.as_deref(), Some("gateway"));
        assert_eq!(entry.from.as_deref(), Some("10.0.0.1"));
        assert_eq!(entry.ending, Ending::Done);
        assert_eq!(whats(entry)[0], record, "{entry:?}");
    }
    assert_eq!(whats(&entries[0]), [record, format!("Patient/{cruid}")]);
}

#[tokio::test]
async fn search_terms_are_keyed_hashes_and_no_entry_holds_demographics() {
    let app = TestApp::start().await;
    app.submit(amina("openmrs", "1")).await;
    app.get("/fhir/Patient?family=Okello&birthdate=1990-02-11&_count=5").await;
    let entries = app.audit().await;
    let text = serde_json::to_string(&entries).unwrap();
    for secret in ["Okello", "Amina", "1990-02-11", "CM90001"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let key = TermKey::new([7; 32]);
    let terms = entries[1].terms.iter().map(|term| (term.name.as_str(), term.value.clone()));
    let expected = [
        ("family", key.hash("family", "Okello")),
        ("birthdate", key.hash("birthdate", "1990-02-11")),
    ];
    assert_eq!(terms.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn refusals_are_taken_down_with_the_whole_address() {
    let app = TestApp::start().await;
    let stranger = app.request("GET", "/fhir/Patient/a1").from(Some("[2001:db8::1]:9"));
    assert_eq!(stranger.header("x-forwarded-for", "1.2.3.4").send().await.status, 403);
    let unknown = app.request("GET", "/fhir/Patient").client("nobody").send().await;
    assert_eq!(unknown.status, 403);
    let entries = app.audit().await;
    for entry in &entries {
        assert_eq!((entry.ending, entry.status), (Ending::Refused, Some(403)));
        assert_eq!(entry.who, Who::default());
    }
    // S19: OpenCR cut IPv6 addresses to their last group and believed X-Forwarded-For.
    assert_eq!(entries[0].from.as_deref(), Some("2001:db8::1"));
}

#[tokio::test]
async fn parts_of_a_bundle_are_taken_down_each() {
    let app = TestApp::start().await;
    let (id, _) = app.submit(other("Okot", "Lam", "9")).await;
    let patient: serde_json::Value = person("Akello").id("openmrs", "10").into();
    let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        {"resource": patient, "request": {"method": "POST", "url": "Patient"}},
        {"request": {"method": "GET", "url": format!("Patient/{id}")}},
        {"request": {"method": "GET", "url": "Patient?family=Lam"}},
        {"request": {"method": "GET", "url": "Patient/nobody"}},
        {"request": {"method": "DELETE", "url": format!("Patient/{id}")}},
    ]});
    assert_eq!(app.post("/fhir", bundle).await.status, 200);
    let entries = app.audit().await;
    let told: Vec<_> = entries[1..].iter().map(|entry| (entry.act, entry.status)).collect();
    let expected = [
        (Act::Bundle, Some(200)),
        (Act::Create, Some(201)),
        (Act::Read, Some(410)),
        (Act::Search, Some(200)),
        (Act::Read, Some(404)),
        (Act::Delete, Some(204)),
    ];
    assert_eq!(told, expected);
    // Reads come after the writes.
    assert_eq!(whats(&entries[3])[0], format!("Patient/{id}"));
}

#[tokio::test]
async fn acts_of_other_planes_are_taken_down_through_the_same_log() {
    let log = store::open("memory:").await.unwrap();
    let settings = server::AuditSettings::new(TermKey::new([1; 32]));
    let auditor = server::Auditor::start(log.clone(), pipeline::Clock::system(), settings);
    let auditor = auditor.await.unwrap();
    let actor = Some(Actor::User("steward".to_owned()));
    auditor.record(AuditEntry::new(Act::Login, Who { actor, proof: None })).unwrap();
    auditor.stop().await;
    assert_eq!(log.audit_after(0, 9).await.unwrap().len(), 1, "a stop loses nothing");
    let late = auditor.record(AuditEntry::new(Act::Login, Who::default()));
    assert!(late.is_err(), "after the stop nothing is taken");
}

/// A log that can be made to fail.
struct Failing(AtomicBool, Arc<dyn AuditLog>);

#[async_trait::async_trait]
impl AuditLog for Failing {
    async fn audit_ends(&self) -> Result<(AuditHead, AuditHead), StoreError> {
        self.1.audit_ends().await
    }

    async fn begin_audit_at(&self, anchor: AuditHead) -> Result<(), StoreError> {
        self.1.begin_audit_at(anchor).await
    }

    async fn append_audit(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(StoreError::Database("the disk is full".into()));
        }
        self.1.append_audit(records).await
    }

    async fn audit_after(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        self.1.audit_after(after, limit).await
    }

    async fn cut_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.1.cut_audit(before).await
    }
}

/// Asks until the answer has this status.
async fn until(app: &TestApp, status: u16) -> Answer {
    loop {
        let answer = app.get("/fhir/Patient").await;
        if answer.status == status {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_read_while_the_audit_log_cannot_be_written_and_nothing_is_lost() {
    let store = store::open("memory:").await.unwrap();
    let log = Arc::new(Failing(AtomicBool::new(true), store.clone()));
    let app = TestApp::auditing(store, log.clone(), |_, _| {}).await;
    let refused = until(&app, 503).await;
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(app.get("/fhir/metadata").await.status, 200);
    log.0.store(false, Ordering::Relaxed);
    until(&app, 200).await;
    let entries = app.audit().await;
    assert!(entries.len() >= 2, "the one before the failure was seen, and the one after it");
    assert!(entries.iter().all(|entry| entry.status == Some(200)), "refused ones were not done");
}
