//! AuditEvents that another registry wrote: kept as they came, and shown with our own.

use fhir::resource::is_valid_id;
use serde_json::Value;

use crate::ids::Timestamp;

/// Patients that one event is found by.
const PATIENTS_MAX: usize = 5_000;

/// An AuditEvent of the registry whose place this one took.
///
/// It holds submitted Patients, as OpenCR's do (contract 2.5). It is outside of our own chain: who
/// wrote it is not known to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedEvent {
    /// Its id there.
    pub id: String,
    /// When it was recorded, as it says.
    pub at: Timestamp,
    /// Ids of the Patients that its entities name, each once.
    pub patients: Vec<String>,
    /// The resource as JSON text.
    pub body: String,
}

impl ArchivedEvent {
    /// Takes in an AuditEvent. `None` if it has no id that FHIR allows.
    ///
    /// OpenCR wrote one kind with `subtype` as an object; its own UI reads a list.
    pub fn of(mut event: Value) -> Option<Self> {
        let id = event["id"].as_str().filter(|id| is_valid_id(id))?.to_owned();
        if event["subtype"].is_object() {
            event["subtype"] = Value::Array(vec![event["subtype"].take()]);
        }
        let recorded = event["recorded"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let at = Timestamp(recorded.map_or(0, jiff::Timestamp::as_microsecond));
        let mut patients: Vec<String> = entities(&event)
            .filter_map(|entity| entity.pointer("/what/reference")?.as_str())
            .filter_map(|reference| reference.rsplit_once("Patient/").map(|(_, id)| id))
            .map(|id| id.split('/').next().unwrap_or(id))
            .filter(|id| is_valid_id(id))
            .map(str::to_owned)
            .collect();
        patients.sort_unstable();
        patients.dedup();
        patients.truncate(PATIENTS_MAX);
        Some(Self { id, at, patients, body: event.to_string() })
    }
}

fn entities(event: &Value) -> impl Iterator<Item = &Value> {
    event["entity"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_is_found_by_the_patients_that_it_names() {
        let patient = |id: &str| json!({ "name": "break", "what": { "reference": id } });
        let event = ArchivedEvent::of(json!({
            "resourceType": "AuditEvent", "id": "e1", "recorded": "2024-02-03T04:05:06+03:00",
            "subtype": { "code": "update" },
            "entity": [patient("Patient/b"), patient("http://hapi/fhir/Patient/a/_history/2"),
                patient("Patient/b"), patient("Device/x"), { "name": "none" }]
        }));
        let event = event.unwrap();
        assert_eq!(event.patients, ["a", "b"]);
        assert_eq!(event.at.to_instant(), "2024-02-03T01:05:06.000000Z");
        let body: Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(body["subtype"], json!([{ "code": "update" }]));
    }

    #[test]
    fn event_without_id_or_time_is_no_reason_to_stop() {
        assert_eq!(ArchivedEvent::of(json!({ "resourceType": "AuditEvent" })), None);
        assert_eq!(ArchivedEvent::of(json!({ "id": "a b" })), None);
        let event = ArchivedEvent::of(json!({ "id": "e", "recorded": "13 o'clock" })).unwrap();
        assert_eq!((event.at, event.patients.len()), (Timestamp(0), 0));
    }
}
