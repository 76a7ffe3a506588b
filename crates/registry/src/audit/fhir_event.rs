//! An audit entry as a FHIR AuditEvent, by the patterns of IHE BALP 1.1 (Create, Read, Query,
//! Update, Delete) and, for logins and the like, R4's own codes.
//!
//! Our entries name parameters and keyed hashes, so `entity.query` holds those, not the query.

use fhir::resource::is_valid_id;
use serde_json::{Value, json};

use super::{Act, AuditBody, Ending, Entity};
use crate::actor::Actor;

const AUDIT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const REST: &str = "http://hl7.org/fhir/restful-interaction";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const BALP: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition";

/// The AuditEvent of an entry; `observer` names this installation.
///
/// Its id is `audit-<number>`.
pub fn audit_event(body: &AuditBody, observer: &str) -> Value {
    let entry = &body.entry;
    let (kind, action, subtype, profile) = coded(entry.act);
    let (outcome, told) = match entry.ending {
        Ending::Done => ("0", "Success"),
        Ending::Failed => ("4", "The request was at fault"),
        Ending::Refused => ("4", "Access refused"),
        Ending::Broken => ("8", "The server was at fault"),
    };
    let mut event = json!({
        "resourceType": "AuditEvent",
        "id": format!("audit-{}", body.number),
        "type": kind,
        "action": action,
        "recorded": body.at,
        "outcome": outcome,
        "outcomeDesc": entry.status.map_or(told.to_owned(), |status| format!("{told} ({status})")),
        "agent": agents(body, observer),
        "source": {"observer": {"display": observer}, "type": [{
            "system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "4",
            "display": "Application Server"}]},
    });
    // FHIR has neither empty lists nor null.
    let entities = entities(body);
    if !entities.is_empty() {
        event["entity"] = json!(entities);
    }
    if let Some(code) = subtype {
        event["subtype"] = json!([{"system": REST, "code": code}]);
    }
    let subtypes = event.get_mut("subtype").and_then(Value::as_array_mut);
    if let (Some(detail), Some(subtypes)) = (&entry.detail, subtypes) {
        // IHE PIXm ITI-83 has its event type beside the base one (standards CP-PIX-28).
        if detail == "$ihe-pix" {
            subtypes.push(json!({"system": "urn:ihe:event-type-code", "code": "ITI-83"}));
        }
    }
    if let Some(profile) = profile {
        let profile = format!("{BALP}/{profile}");
        event["meta"] = json!({"profile": [profile]});
    }
    event
}

/// Type, action, subtype and BALP profile of an act.
fn coded(act: Act) -> (Value, &'static str, Option<&'static str>, Option<&'static str>) {
    let rest = || json!({"system": AUDIT_TYPE, "code": "rest", "display": "RESTful Operation"});
    let dicom =
        |code: &str, display: &str| json!({"system": DICOM, "code": code, "display": display});
    match act {
        Act::Create => (rest(), "C", Some("create"), Some("IHE.BasicAudit.PatientCreate")),
        Act::Read => (rest(), "R", Some("read"), Some("IHE.BasicAudit.PatientRead")),
        Act::Search => (rest(), "E", Some("search"), Some("IHE.BasicAudit.PatientQuery")),
        Act::Update => (rest(), "U", Some("update"), Some("IHE.BasicAudit.PatientUpdate")),
        Act::Delete => (rest(), "D", Some("delete"), Some("IHE.BasicAudit.PatientDelete")),
        Act::Bundle => (rest(), "E", Some("batch"), None),
        Act::Operation => (rest(), "E", Some("operation"), Some("IHE.BasicAudit.PatientQuery")),
        Act::Login => (dicom("110114", "User Authentication"), "E", None, None),
        Act::Logout => (dicom("110114", "User Authentication"), "E", None, None),
        Act::Configure => (dicom("110129", "Security Configuration"), "U", None, None),
        Act::Export => (dicom("110106", "Export"), "R", None, None),
        Act::Cut => (dicom("110101", "Audit Log Used"), "D", None, None),
    }
}

/// The caller, and this server.
fn agents(body: &AuditBody, observer: &str) -> Value {
    let entry = &body.entry;
    let (who, kind) = match &entry.who.actor {
        Some(Actor::Client(client)) => (json!({"display": client.as_str()}), "110153"),
        Some(Actor::User(name)) => (json!({"display": name}), "110153"),
        Some(Actor::Job(name)) => (json!({"display": name}), "110150"),
        None => (json!({"display": "unknown"}), "110153"),
    };
    let name = if kind == "110153" { "Source Role ID" } else { "Application" };
    let mut caller = json!({
        "type": {"coding": [{"system": DICOM, "code": kind, "display": name}]},
        "who": who,
        "requestor": true,
    });
    if let Some(Actor::User(name)) = &entry.who.actor {
        caller["altId"] = json!(name);
    }
    if let Some(proof) = &entry.who.proof {
        caller["policy"] = json!([format!("urn:opencr:proof:{proof}")]);
    }
    if let Some(from) = &entry.from {
        caller["network"] = json!({"address": from, "type": "2"});
    }
    let server = json!({
        "type": {"coding": [{"system": DICOM, "code": "110152",
            "display": "Destination Role ID"}]},
        "who": {"display": observer},
        "requestor": false,
    });
    json!([caller, server])
}

fn entities(body: &AuditBody) -> Vec<Value> {
    let entry = &body.entry;
    let mut entities: Vec<Value> = entry.what.iter().map(entity).collect();
    if let (false, Act::Search | Act::Operation) = (entry.terms.is_empty(), entry.act) {
        let detail: Vec<Value> = entry
            .terms
            .iter()
            .map(|term| json!({"type": term.name, "valueString": term.value}))
            .collect();
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": OBJECT_ROLE, "code": "24", "display": "Query"},
            "name": entry.detail.as_deref().unwrap_or("search"),
            "detail": detail,
        }));
    }
    if let (Some(detail), Act::Configure | Act::Export | Act::Cut) = (&entry.detail, entry.act) {
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "description": detail,
        }));
    }
    entities
}

fn entity(entity: &Entity) -> Value {
    let Entity { name, what } = entity;
    if what.strip_prefix("Patient/").is_some_and(is_valid_id) {
        return json!({
            "what": {"reference": what},
            "type": {"system": ENTITY_TYPE, "code": "1", "display": "Person"},
            "role": {"system": OBJECT_ROLE, "code": "1", "display": "Patient"},
            "name": name,
        });
    }
    json!({
        "what": {"display": what},
        "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
        "name": name,
    })
}
