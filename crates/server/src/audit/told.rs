//! [`opencr_history`]: the AuditEvents of a Patient as OpenCR's web UI asks for them
//! (`GET AuditEvent?entity=…&entity-name=…`, contract 5.3 row 14), from the registry's events.
//!
//! Events are not indexed by record. Those that gave a record or its golden records a version are
//! found by the time of that version: the chain is in order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use registry::{
    audit::{Known, opencr_events},
    commit::Change,
    event::{Event, EventBody},
    ids::{ContentHash, Cruid, RecordId, Revision, Timestamp},
    stored::StoredVersion,
};
use serde_json::{Value, json};
use store::{Reader, StoreError, Window};

/// Versions of each Patient whose events are looked for; the UI shows twenty AuditEvents.
const VERSIONS: Window = Window { offset: 0, limit: 50 };

/// Golden records that are looked at for one source record.
pub(super) const GOLDENS_MAX: usize = 8;

/// Events of the registry before this one that are shown with ours.
const ARCHIVED_MAX: u32 = 50;

/// Events read at once.
const CHUNK: u32 = 100;

/// The newest AuditEvents, in OpenCR's shape, with an entity that is `Patient/<id>` and one whose
/// name is among `names` (all if that is empty), newest first.
///
/// They hold submitted Patients: only for people who may see those.
///
/// # Errors
///
/// [`StoreError`] if the store does not answer or is damaged.
pub async fn opencr_history(
    reader: &dyn Reader,
    id: &str,
    names: &[&str],
) -> Result<Vec<Value>, StoreError> {
    let mut told = Vec::new();
    for event in events_about(reader, &[id.to_owned()]).await?.iter().rev() {
        told.extend(render(reader, event).await?);
    }
    for body in reader.archived_of(id, ARCHIVED_MAX).await? {
        let event = serde_json::from_str(&body);
        let event = event.map_err(|_| StoreError::Damaged("an archived event".to_owned()))?;
        told.push(marked(event));
    }
    let reference = format!("Patient/{id}");
    told.retain(|event| {
        let entities = event["entity"].as_array().map_or(&[][..], Vec::as_slice);
        let is_about = entities.iter().any(|entity| entity["what"]["reference"] == reference);
        let is_named = |entity: &Value| names.iter().any(|name| entity["name"] == *name);
        is_about && (names.is_empty() || entities.iter().any(is_named))
    });
    Ok(told)
}

/// Says of an event that another registry wrote it.
fn marked(mut event: Value) -> Value {
    let tag = json!({"system": "urn:opencr:history", "code": "archived",
        "display": "Taken over from another registry"});
    if !event["meta"].is_object() {
        event["meta"] = json!({});
    }
    match event["meta"]["tag"].as_array_mut() {
        Some(tags) => tags.push(tag),
        None => event["meta"]["tag"] = json!([tag]),
    }
    event
}

/// The events that gave Patients, or golden records that they belonged to, a version, and that name
/// one of the Patients; oldest first.
///
/// # Errors
///
/// [`StoreError`] if the store does not answer or is damaged.
pub(crate) async fn events_about(
    reader: &dyn Reader,
    ids: &[String],
) -> Result<Vec<EventBody>, StoreError> {
    let mut moments = BTreeSet::new();
    for id in ids {
        moments.extend(times(reader, id).await?);
    }
    let mentions: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    let mut found: BTreeMap<Revision, EventBody> = BTreeMap::new();
    for at in moments {
        for event in events_at(reader, at).await? {
            if mentions.iter().any(|mention| event.body.contains(mention)) {
                let body = serde_json::from_str(&event.body)
                    .map_err(|_| StoreError::Damaged(format!("event {}", event.revision)))?;
                found.insert(event.revision, body);
            }
        }
    }
    Ok(found.into_values().collect())
}

/// When versions of a Patient and of the golden records that it belonged to came about.
async fn times(reader: &dyn Reader, id: &str) -> Result<BTreeSet<Timestamp>, StoreError> {
    let (versions, _) = reader.record_history(&RecordId::new(id), VERSIONS).await?;
    let mut times: BTreeSet<Timestamp> = versions.iter().map(|stored| stored.version.at).collect();
    let mut goldens: Vec<Cruid> = vec![Cruid::new(id)];
    for stored in &versions {
        if !goldens.contains(&stored.version.golden) {
            goldens.push(stored.version.golden.clone());
        }
    }
    for golden in goldens.iter().take(GOLDENS_MAX) {
        let (versions, _) = reader.golden_history(golden, VERSIONS).await?;
        times.extend(versions.iter().map(|golden| golden.updated_at));
    }
    Ok(times)
}

/// Every event of this moment.
pub(super) async fn events_at(
    reader: &dyn Reader,
    at: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let (mut low, mut high) = (0, reader.head().await?.revision.0);
    while low < high {
        let middle = u64::midpoint(low, high);
        let event = reader.events_after(Revision(middle), 1).await?.pop();
        if event.is_some_and(|event| event.at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(Revision(low), |event| event.revision);
        let before = events.len();
        let more = reader.events_after(after, CHUNK).await?;
        events.extend(more.into_iter().take_while(|event| event.at == at));
        if events.len() - before < CHUNK as usize {
            return Ok(events);
        }
    }
}

async fn render(reader: &dyn Reader, event: &EventBody) -> Result<Vec<Value>, StoreError> {
    let (mut before, mut after) = (HashMap::new(), HashMap::new());
    let (mut contents, mut explanations) = (HashMap::new(), HashMap::new());
    for record in records_of(event) {
        let (versions, _) = reader.record_history(&record, VERSIONS).await?;
        let golden = |is_of: &dyn Fn(Timestamp) -> bool| {
            let version = versions.iter().find(|stored| is_of(stored.version.at));
            version.map(|stored| stored.version.golden.clone())
        };
        let earlier = golden(&|at| at < event.at).map(|golden| (record.clone(), golden));
        before.extend(earlier);
        after.extend(golden(&|at| at <= event.at).map(|golden| (record.clone(), golden)));
        contents.extend(versions.into_iter().map(by_content));
    }
    for hash in explanations_of(event) {
        let Some(text) = reader.explanation(&hash).await? else { continue };
        let explanation = serde_json::from_str(&text)
            .map_err(|_| StoreError::Damaged(format!("explanation {hash}")))?;
        explanations.insert(hash, explanation);
    }
    let known =
        Known { before: &before, after: &after, contents: &contents, explanations: &explanations };
    Ok(opencr_events(event, known))
}

fn by_content(stored: StoredVersion) -> (ContentHash, String) {
    (ContentHash::of(&stored.content), stored.content)
}

/// The records that an event's rendering asks about.
fn records_of(event: &EventBody) -> BTreeSet<RecordId> {
    let records = event.changes.iter().flat_map(|change| match change {
        Change::CreateRecord { record, .. }
        | Change::UpdateRecord { record, .. }
        | Change::Link { record, .. } => vec![record.clone()],
        Change::UnbreakPair { pair } => vec![pair.low().clone(), pair.high().clone()],
        _ => Vec::new(),
    });
    records.collect()
}

fn explanations_of(event: &EventBody) -> BTreeSet<ContentHash> {
    let explanations = event.changes.iter().filter_map(|change| match change {
        Change::CreateRecord { basis, .. } | Change::Link { basis, .. } => {
            basis.evidence.as_ref().map(|evidence| evidence.explanation.clone())
        }
        Change::OpenIssue { issue } => Some(issue.evidence.explanation.clone()),
        _ => None,
    });
    explanations.collect()
}
