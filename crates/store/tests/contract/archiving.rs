//! AuditEvents of another registry: kept once, found by the Patients that they name.

use std::sync::Arc;

use registry::audit::ArchivedEvent;
use serde_json::{Value, json};
use store::Store;

use crate::contract;

contract!(
    archived_events_are_found_by_patient_newest_first,
    archived_events_are_kept_once_and_told_in_order_of_ids,
);

fn event(id: &str, minute: u32, patients: &[&str]) -> ArchivedEvent {
    let entities: Vec<Value> = patients
        .iter()
        .map(|id| json!({ "name": "break", "what": { "reference": format!("Patient/{id}") } }))
        .collect();
    let recorded = format!("2024-02-03T04:{minute:02}:00Z");
    let event = json!({ "resourceType": "AuditEvent", "id": id, "recorded": recorded,
        "outcomeDesc": "a\u{0}b", "entity": entities });
    ArchivedEvent::of(event).unwrap()
}

fn ids(bodies: &[String]) -> Vec<String> {
    let id = |body: &String| serde_json::from_str::<Value>(body).unwrap()["id"].clone();
    bodies.iter().map(|body| id(body).as_str().unwrap().to_owned()).collect()
}

async fn archived_events_are_found_by_patient_newest_first(store: Arc<dyn Store>) {
    let events = vec![
        event("e1", 5, &["a", "b"]),
        event("e2", 7, &["a", "a"]),
        event("e3", 6, &["a"]),
        event("e4", 9, &[]),
    ];
    let body = events[0].body.clone();
    assert_eq!(store.archive(events).await.unwrap(), 4);
    assert_eq!(ids(&store.archived_of("a", 10).await.unwrap()), ["e2", "e3", "e1"]);
    assert_eq!(ids(&store.archived_of("a", 1).await.unwrap()), ["e2"]);
    assert_eq!(store.archived_of("b", 10).await.unwrap(), [body]);
    assert!(store.archived_of("c", 10).await.unwrap().is_empty());
}

async fn archived_events_are_kept_once_and_told_in_order_of_ids(store: Arc<dyn Store>) {
    assert_eq!(store.archive(vec![event("B", 1, &["a"]), event("a", 2, &[])]).await.unwrap(), 2);
    // Another of that id, and one twice in a batch.
    let again = vec![event("B", 9, &["z"]), event("c", 3, &["a"]), event("c", 3, &["a"])];
    assert_eq!(store.archive(again).await.unwrap(), 1);
    assert!(store.archived_of("z", 10).await.unwrap().is_empty());
    assert_eq!(ids(&store.archived_after("", 10).await.unwrap()), ["B", "a", "c"]);
    assert_eq!(ids(&store.archived_after("B", 1).await.unwrap()), ["a"]);
    assert_eq!(store.archive(Vec::new()).await.unwrap(), 0);
}
