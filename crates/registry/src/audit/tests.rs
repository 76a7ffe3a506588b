//! The audit chain, its hashes of terms, and its FHIR form.

use super::*;
use crate::ids::ClientId;

fn entry(act: Act) -> AuditEntry {
    let actor = Some(Actor::Client(ClientId::new("openmrs")));
    let mut entry = AuditEntry::new(act, Who { actor, proof: Some("gateway".to_owned()) });
    entry.what.push(Entity::patient("a1"));
    entry.from = Some("10.0.0.1".to_owned());
    entry
}

/// 2026-03-01T17:18:00Z, an afternoon: defect D26 made 05:18 of it.
const AT: Timestamp = Timestamp(1_772_385_480_000_000);

fn chain(length: usize) -> Vec<AuditRecord> {
    let mut head = AuditHead::start();
    (0..length).map(|_| head.append(AT, entry(Act::Read))).collect()
}

#[test]
fn chain_is_followed_from_its_start_and_from_any_anchor() {
    let records = chain(3);
    let mut head = AuditHead::start();
    for record in &records {
        head.follow(record).unwrap();
    }
    assert_eq!(head.number, 3);
    let mut anchor = AuditHead { number: 2, hash: records[1].hash.clone() };
    assert_eq!(anchor.follow(&records[2]).unwrap().entry, entry(Act::Read));
}

#[test]
fn edited_missing_and_misfiled_entries_are_found() {
    let records = chain(3);
    let mut head = AuditHead::start();
    assert!(matches!(head.follow(&records[1]), Err(AuditError::Gap { before: 0, found: 2 })));
    let mut edited = records[0].clone();
    edited.body = edited.body.replace("a1", "b2");
    assert!(matches!(head.follow(&edited), Err(AuditError::Hash(1))));
    let mut misfiled = records[0].clone();
    misfiled.at = Timestamp(0);
    assert!(matches!(head.follow(&misfiled), Err(AuditError::Filing(1))));
    assert_eq!(head, AuditHead::start());
}

#[test]
fn terms_are_hashed_under_the_key_of_the_installation() {
    let (one, other) = (TermKey::new([1; 32]), TermKey::new([2; 32]));
    let hash = one.hash("family", "Okello");
    assert_eq!(hash.len(), 64);
    assert_eq!(hash, one.hash("family:contains", " OKELLO "));
    assert_ne!(hash, other.hash("family", "Okello"));
    assert_ne!(hash, one.hash("given", "Okello"));
    assert_eq!(format!("{one:?}"), "TermKey");
}

#[test]
fn d26_times_have_a_zone_and_the_afternoon_stays_one() {
    let mut head = AuditHead::start();
    let record = head.append(AT, entry(Act::Create));
    let body: AuditBody = serde_json::from_str(&record.body).unwrap();
    let event = audit_event(&body, "test");
    assert_eq!(event["recorded"], "2026-03-01T17:18:00.000000Z");
}

#[test]
fn events_follow_the_patterns_of_balp() {
    for (act, action, subtype, profile) in [
        (Act::Create, "C", "create", "PatientCreate"),
        (Act::Read, "R", "read", "PatientRead"),
        (Act::Search, "E", "search", "PatientQuery"),
        (Act::Update, "U", "update", "PatientUpdate"),
        (Act::Delete, "D", "delete", "PatientDelete"),
    ] {
        let mut entry = entry(act);
        entry.terms.push(Term { name: "family".to_owned(), value: "ab12".to_owned() });
        let body = AuditBody { number: 7, at: AT.to_instant(), entry };
        let event = audit_event(&body, "registry.test");
        assert_eq!(event["action"], action);
        assert_eq!(event["subtype"][0]["code"], subtype);
        assert!(event["meta"]["profile"][0].as_str().unwrap().ends_with(profile), "{event}");
        assert_eq!(event["agent"].as_array().unwrap().len(), 2);
        assert_eq!(event["agent"][0]["network"]["address"], "10.0.0.1");
        assert_eq!(event["entity"][0]["what"]["reference"], "Patient/a1");
        let queries = event["entity"].as_array().unwrap().len() - 1;
        assert_eq!(queries, usize::from(act == Act::Search));
    }
}

/// FHIR's JSON has neither null nor empty lists and objects.
fn holds_something(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Array(items) => !items.is_empty() && items.iter().all(holds_something),
        serde_json::Value::Object(members) => {
            !members.is_empty() && members.values().all(holds_something)
        }
        _ => true,
    }
}

#[test]
fn events_hold_nothing_empty_and_tell_what_was_set() {
    for act in [Act::Configure, Act::Export, Act::Cut, Act::Login, Act::Bundle, Act::Operation] {
        for detail in [None, Some("searches_per_minute 5".to_owned())] {
            let is_told = detail.is_some();
            let mut entry = entry(act);
            (entry.what, entry.detail) = (Vec::new(), detail);
            let body = AuditBody { number: 7, at: AT.to_instant(), entry };
            let event = audit_event(&body, "registry.test");
            assert!(holds_something(&event), "{event}");
            let is_setting = matches!(act, Act::Configure | Act::Export | Act::Cut);
            let told = &event["entity"][0]["description"];
            assert_eq!(told == "searches_per_minute 5", is_told && is_setting, "{event}");
        }
    }
}

#[test]
fn refusals_and_logins_are_told_as_such() {
    let mut refused = entry(Act::Login);
    refused.ending = Ending::of_status(401);
    let body = AuditBody { number: 1, at: AT.to_instant(), entry: refused };
    let event = audit_event(&body, "registry.test");
    assert_eq!(event["outcome"], "4");
    assert_eq!(event["type"]["code"], "110114");
    assert_eq!(Ending::of_status(304), Ending::Done);
    assert_eq!(Ending::of_status(503), Ending::Broken);
}
