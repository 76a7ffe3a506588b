//! Events of the registry as the AuditEvents that OpenCR's web UI shows in its History tab
//! (contract 2.5 and 5.4), made when they are asked for: nothing of them is stored.
//!
//! They hold the submitted Patient, so they are for people who may see it. Differences by design:
//! times have a zone (defect D26), a break and its withdrawal have `subtype` as the array that the
//! UI reads, and index hits are ids and scores without a copy of the other record.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use matching::{explain::Explanation, rules::MatchingType};
use serde_json::{Map, Value, json};

use crate::{
    actor::Actor,
    commit::Change,
    event::{EventBody, Verb},
    ids::{ContentHash, Cruid, RecordId},
    state::{Evidence, IssueKind},
};

/// What an event does not say itself.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The golden record of each record before the event.
    pub before: &'a HashMap<RecordId, Cruid>,
    /// The golden record of each record after it.
    pub after: &'a HashMap<RecordId, Cruid>,
    /// Stored contents by hash, JSON text.
    pub contents: &'a HashMap<ContentHash, String>,
    /// Stored explanations by hash.
    pub explanations: &'a HashMap<ContentHash, Explanation>,
}

/// The AuditEvents of one event: one for a submission, one for each record that a person broke
/// out, one for each pair that was put back; none for others.
pub fn opencr_events(event: &EventBody, known: Known<'_>) -> Vec<Value> {
    let entities = if event.verb == Verb::Submit {
        submission(event, known).into_iter().collect()
    } else if event.verb == Verb::Break {
        breaks(event, known)
    } else if event.verb == Verb::Unbreak {
        unbreaks(event, known)
    } else {
        Vec::new()
    };
    let is_new = event.changes.iter().any(|change| matches!(change, Change::CreateRecord { .. }));
    let (action, subtype) = if is_new { ("C", "create") } else { ("U", "update") };
    let numbered = entities.into_iter().enumerate();
    numbered
        .map(|(number, entities)| {
            json!({
                "resourceType": "AuditEvent",
                "id": format!("event-{}-{number}", event.revision),
                "type": {"system": "http://dicom.nema.org/resources/ontology/DCM",
                    "code": "110110", "display": "Patient Record"},
                "subtype": [{"system": "http://hl7.org/fhir/restful-interaction",
                    "code": subtype, "display": subtype}],
                "action": action,
                "recorded": event.at.to_instant(),
                "outcome": "0",
                "outcomeDesc": "Success",
                "agent": [agent(&event.actor)],
                "source": {"observer": {"display": "OpenCR"}, "type": [{
                    "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
                    "code": "4", "display": "Application Server"}]},
                "entity": entities,
            })
        })
        .collect()
}

fn agent(actor: &Actor) -> Value {
    let name = match actor {
        Actor::Client(client) => client.as_str(),
        Actor::User(name) | Actor::Job(name) => name,
    };
    json!({"altId": name, "requestor": true})
}

fn entity(name: &str, id: &str) -> Value {
    json!({"name": name, "what": {"reference": format!("Patient/{id}")}})
}

/// The entities of a submission; `None` if the event names no submitted content.
fn submission(event: &EventBody, known: Known<'_>) -> Option<Value> {
    let (record, content) = event.changes.iter().find_map(|change| match change {
        Change::CreateRecord { record, content, .. } | Change::UpdateRecord { record, content } => {
            Some((record, content))
        }
        _ => None,
    })?;
    let judged = judged(event, record);
    let mut entities: Vec<Value> = Vec::new();
    entities.extend(known.after.get(record).map(|golden| entity("CRUID", golden.as_str())));
    let matched = judged.iter().filter(|(kind, _)| *kind == IssueKind::Auto);
    let mut matched: Vec<&RecordId> = matched.map(|(_, evidence)| &evidence.candidate).collect();
    matched.sort();
    matched.dedup();
    entities.extend(matched.into_iter().map(|id| entity("match", id.as_str())));
    let mut details: Vec<Value> = Vec::new();
    let content = known.contents.get(content);
    details.extend(content.map(|text| json!({"type": "resource", "valueString": text})));
    details.extend(payloads(&judged, known).into_iter().map(|payload| {
        json!({"type": "match", "valueBase64Binary": STANDARD.encode(payload.to_string())})
    }));
    let mut submitted = entity("submittedResource", record.as_str());
    submitted["detail"] = Value::Array(details);
    entities.push(submitted);
    Some(Value::Array(entities))
}

/// Every scored pair that the event tells of, with how it was judged.
fn judged<'e>(event: &'e EventBody, record: &RecordId) -> Vec<(IssueKind, &'e Evidence)> {
    let judged = |change: &'e Change| match change {
        Change::CreateRecord { basis, .. } | Change::Link { basis, .. } => {
            basis.evidence.as_ref().map(|evidence| (IssueKind::Auto, evidence))
        }
        Change::OpenIssue { issue } if issue.subject == *record => {
            Some((issue.kind, &issue.evidence))
        }
        _ => None,
    };
    event.changes.iter().filter_map(judged).collect()
}

/// One payload for each decision rule that had hits, in the order of the rules.
fn payloads(judged: &[(IssueKind, &Evidence)], known: Known<'_>) -> Vec<Value> {
    let mut by_rule: BTreeMap<u32, Vec<(IssueKind, &Evidence)>> = BTreeMap::new();
    for (kind, evidence) in judged {
        by_rule.entry(evidence.rule).or_default().push((*kind, *evidence));
    }
    let payload = |hits: Vec<(IssueKind, &Evidence)>| {
        let of = |wanted: IssueKind| {
            let mut seen = Vec::new();
            let of_kind = hits.iter().filter(|(kind, _)| *kind == wanted);
            let mut list = Vec::new();
            for (_, evidence) in of_kind {
                // An automatic match is both the reason of the link and an issue to review.
                if !seen.contains(&&evidence.candidate) {
                    seen.push(&evidence.candidate);
                    let id = evidence.candidate.as_str();
                    list.push(json!({"_id": id, "_score": evidence.score, "_source": {}}));
                }
            }
            list
        };
        let explained = hits.iter().find_map(|(_, hit)| known.explanations.get(&hit.explanation));
        json!({
            "rule": explained.map(rule),
            "autoMatches": of(IssueKind::Auto),
            "potentialMatches": of(IssueKind::Potential),
            "conflictMatches": of(IssueKind::Conflict),
            "query": {},
        })
    };
    by_rule.into_values().map(payload).collect()
}

/// The decision rule, in the words of `decisionRules.json`, as an explanation remembers it.
fn rule(explanation: &Explanation) -> Value {
    let fields = explanation.fields.iter().map(|field| {
        let (algorithm, path) = (&field.algorithm, &field.path);
        let mut told = json!({"algorithm": algorithm, "fhirpath": path});
        if let Some(threshold) = field.threshold {
            told["threshold"] = json!(threshold);
        }
        (field.name.clone(), told)
    });
    let fields: Map<String, Value> = fields.collect();
    let filters = explanation.filters.iter();
    let filters: Map<String, Value> =
        filters.map(|filter| (filter.name.clone(), json!({"fhirpath": filter.path}))).collect();
    let matching_type = match explanation.matching_type {
        MatchingType::Deterministic => "deterministic",
        MatchingType::Probabilistic => "probabilistic",
        MatchingType::Native => "native",
    };
    json!({
        "matchingType": matching_type,
        "fields": fields,
        "filters": filters,
        "autoMatchThreshold": explanation.auto_threshold,
        "potentialMatchThreshold": explanation.potential_threshold,
    })
}

/// For each record that left: `break`, `oldCRUID`, and everyone whom it left behind.
fn breaks(event: &EventBody, known: Known<'_>) -> Vec<Value> {
    let moved = event.changes.iter().filter_map(|change| match change {
        Change::Link { record, .. } => Some(record),
        _ => None,
    });
    let of = |record: &RecordId| {
        let mut entities = vec![entity("break", record.as_str())];
        let old = known.before.get(record);
        entities.extend(old.map(|golden| entity("oldCRUID", golden.as_str())));
        let others = event.changes.iter().filter_map(|change| match change {
            Change::BreakPair { pair } if pair.low() == record => Some(pair.high()),
            Change::BreakPair { pair } if pair.high() == record => Some(pair.low()),
            _ => None,
        });
        entities.extend(others.map(|other| entity("breakFrom", other.as_str())));
        Value::Array(entities)
    };
    moved.map(of).collect()
}

/// For each pair that was put back: `unBreak`, and the other with its golden record.
fn unbreaks(event: &EventBody, known: Known<'_>) -> Vec<Value> {
    let pairs = event.changes.iter().filter_map(|change| match change {
        Change::UnbreakPair { pair } => Some(pair),
        _ => None,
    });
    let of = |(one, other): (&RecordId, &RecordId)| {
        let mut entities = vec![entity("unBreak", one.as_str())];
        let golden = known.before.get(other);
        entities.extend(golden.map(|golden| entity("unBreakFromCRUID", golden.as_str())));
        entities.push(entity("unBreakFromResource", other.as_str()));
        Value::Array(entities)
    };
    pairs.map(|pair| of((pair.low(), pair.high()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(verb: &str, changes: Value) -> EventBody {
        let body = json!({
            "revision": 7, "at": 1_772_385_480_000_000_i64, "ruleset": "r",
            "actor": {"kind": "user", "name": "steward"}, "verb": verb, "changes": changes,
        });
        serde_json::from_str(&body.to_string()).expect("an event")
    }

    fn goldens(of: &[(&str, &str)]) -> HashMap<RecordId, Cruid> {
        of.iter().map(|(record, golden)| (RecordId::new(*record), Cruid::new(*golden))).collect()
    }

    fn told(event: &EventBody, before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<Value> {
        let (contents, explanations) =
            (HashMap::from([(ContentHash::new("c"), "{}".to_owned())]), HashMap::new());
        let (before, after) = (goldens(before), goldens(after));
        let known = Known {
            before: &before,
            after: &after,
            contents: &contents,
            explanations: &explanations,
        };
        opencr_events(event, known)
    }

    fn pairs(event: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let entities = event["entity"].as_array().expect("entities");
        let pair = |entity: &Value| (text(&entity["name"]), text(&entity["what"]["reference"]));
        entities.iter().map(pair).collect()
    }

    fn named(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(name, id)| ((*name).to_owned(), format!("Patient/{id}"))).collect()
    }

    #[test]
    fn submission_has_the_entities_and_details_that_the_history_tab_reads() {
        let evidence = json!({"candidate": "b", "rule": 1, "score": 6.0, "explanation": "x"});
        let basis = json!({"kind": "auto", "revision": 7, "evidence": evidence});
        let created = event(
            "submit",
            json!([{"create-record": {"record": "a", "number": 1,
            "source": {"system": "s", "value": "v"}, "client": "openmrs", "content": "c",
            "golden": "g", "basis": basis}}]),
        );
        let events = told(&created, &[], &[("a", "g")]);
        assert_eq!(events.len(), 1);
        let expected = named(&[("CRUID", "g"), ("match", "b"), ("submittedResource", "a")]);
        assert_eq!(pairs(&events[0]), expected);
        assert_eq!(events[0]["subtype"][0]["code"], "create");
        assert_eq!(events[0]["recorded"], "2026-03-01T17:18:00.000000Z", "D26");
        let details = &events[0]["entity"][2]["detail"];
        assert_eq!(details[0], json!({"type": "resource", "valueString": "{}"}));
        let payload = details[1]["valueBase64Binary"].as_str().expect("base64");
        let payload = STANDARD.decode(payload).expect("base64");
        let payload: Value = serde_json::from_slice(&payload).expect("JSON");
        assert_eq!(payload["autoMatches"][0]["_id"], "b");
        assert_eq!(payload["potentialMatches"], json!([]));
    }

    #[test]
    fn break_is_told_for_each_record_that_left() {
        let basis = json!({"kind": "adjudicated", "revision": 7});
        let broken = event(
            "break",
            json!([
                {"link": {"record": "a", "golden": "g2", "basis": basis}},
                {"break-pair": {"pair": {"low": "a", "high": "b"}}},
                {"break-pair": {"pair": {"low": "a", "high": "c"}}},
            ]),
        );
        let events = told(&broken, &[("a", "g1")], &[("a", "g2")]);
        let expected =
            named(&[("break", "a"), ("oldCRUID", "g1"), ("breakFrom", "b"), ("breakFrom", "c")]);
        assert_eq!(pairs(&events[0]), expected);
        assert_eq!(events[0]["agent"][0]["altId"], "steward");
        assert!(events[0]["subtype"].is_array());
    }

    #[test]
    fn withdrawn_break_names_both_records() {
        let pair = json!([{"unbreak-pair": {"pair": {"low": "a", "high": "b"}}}]);
        let events = told(&event("unbreak", pair), &[("b", "g2")], &[]);
        let expected =
            named(&[("unBreak", "a"), ("unBreakFromCRUID", "g2"), ("unBreakFromResource", "b")]);
        assert_eq!(pairs(&events[0]), expected);
        assert!(events[0]["subtype"].is_array());
    }
}
