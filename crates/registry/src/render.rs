//! Registry facts become FHIR: tags, links and extensions as OpenCR's clients expect them.
//!
//! Contract 2.1 to 2.4. Facts come from tables and are added here, at the edge; they are never
//! part of the stored content.

use std::collections::BTreeSet;

use fhir::resource::Resource;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{
    commit::TagKey,
    ids::{Cruid, RecordId, Timestamp},
    state::{GoldenState, GoldenStatus, IssueKind, MatchIssue, RecordState},
    stored::{SourcePatient, StoredPatient, StoredVersion},
    vocabulary::{GOLDEN_DISPLAY, Vocabulary},
};

/// A stored content that is not a resource: the store is damaged.
#[derive(Debug, Error)]
#[error("the stored content of Patient/{0} is not a FHIR resource")]
pub struct DamagedContent(pub RecordId);

impl Timestamp {
    /// The FHIR `instant` of this moment, in UTC with microseconds.
    pub fn to_instant(self) -> String {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        format!("{moment:.6}")
    }
}

/// The Patient that FHIR readers get.
///
/// # Errors
///
/// [`DamagedContent`] if what is stored cannot be read.
pub fn patient(
    stored: &StoredPatient,
    vocabulary: &Vocabulary,
) -> Result<Resource, DamagedContent> {
    match stored {
        StoredPatient::Source(source) => source_patient(source, vocabulary),
        StoredPatient::Golden(golden) => Ok(golden_patient(golden, vocabulary)),
    }
}

/// A source record: its content with the registry's tags, link and broken matches.
///
/// # Errors
///
/// [`DamagedContent`] if the content is not a JSON object.
pub fn source_patient(
    source: &SourcePatient,
    vocabulary: &Vocabulary,
) -> Result<Resource, DamagedContent> {
    let state = &source.state;
    let tags = tag_codings(state, &source.issues, vocabulary);
    let facts = Facts {
        id: &state.id,
        version: state.version,
        at: state.updated_at,
        tags,
        golden: (!state.is_withdrawn).then_some(&state.golden),
        broken: &source.broken,
    };
    facts.render(&source.content, vocabulary)
}

/// An earlier version of a source record: its content with the link that it had.
///
/// Tags and broken matches are facts of the present and are not shown with earlier versions.
///
/// # Errors
///
/// [`DamagedContent`] if the content is not a JSON object.
pub fn source_version(
    stored: &StoredVersion,
    vocabulary: &Vocabulary,
) -> Result<Resource, DamagedContent> {
    let version = &stored.version;
    let facts = Facts {
        id: &version.record,
        version: version.version,
        at: version.at,
        tags: Vec::new(),
        golden: Some(&version.golden),
        broken: &[],
    };
    facts.render(&stored.content, vocabulary)
}

struct Facts<'a> {
    id: &'a RecordId,
    version: u32,
    at: Timestamp,
    tags: Vec<Value>,
    golden: Option<&'a Cruid>,
    broken: &'a [RecordId],
}

impl Facts<'_> {
    fn render(self, content: &str, vocabulary: &Vocabulary) -> Result<Resource, DamagedContent> {
        let damaged = || DamagedContent(self.id.clone());
        let Ok(Value::Object(mut submitted)) = serde_json::from_str(content) else {
            return Err(damaged());
        };
        let mut meta = match submitted.shift_remove("meta") {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        };
        let mut tags = self.tags;
        if let Some(Value::Array(own)) = meta.shift_remove("tag") {
            tags.extend(own);
        }
        let mut patient = Map::new();
        patient.insert("resourceType".to_owned(), json!("Patient"));
        patient.insert("id".to_owned(), json!(self.id.as_str()));
        patient.insert("meta".to_owned(), meta_of(self.version, self.at, meta, tags));
        submitted.shift_remove("resourceType");
        patient.extend(submitted);
        if !self.broken.is_empty() {
            let extensions = patient.entry("extension").or_insert_with(|| json!([]));
            if let Value::Array(extensions) = extensions {
                extensions.extend(self.broken.iter().map(|other| {
                    let reference = format!("Patient/{other}");
                    let url = &vocabulary.broken_match_url;
                    json!({"url": url, "valueReference": {"reference": reference}})
                }));
            }
        }
        if let Some(golden) = self.golden {
            patient.insert("link".to_owned(), json!([link(golden.as_str(), "refer")]));
        }
        Resource::from_value(Value::Object(patient)).map_err(|_| damaged())
    }
}

/// The one Patient that stands for the person: no demographics, links only (contract 2.2).
///
/// A golden record that stands for nobody any more says `active: false`; a replaced one links
/// to the golden record that replaced it.
///
/// # Panics
///
/// Never: what is built here is a resource.
pub fn golden_patient(golden: &GoldenState, vocabulary: &Vocabulary) -> Resource {
    let tag = json!({"code": vocabulary.golden_code, "display": GOLDEN_DISPLAY});
    let mut patient = Map::new();
    patient.insert("resourceType".to_owned(), json!("Patient"));
    patient.insert("id".to_owned(), json!(golden.id.as_str()));
    let meta = meta_of(golden.version, golden.updated_at, Map::new(), vec![tag]);
    patient.insert("meta".to_owned(), meta);
    let links: Vec<Value> = match &golden.status {
        GoldenStatus::Live => {
            golden.members.iter().map(|member| link(member.as_str(), "seealso")).collect()
        }
        GoldenStatus::Replaced(other) => vec![link(other.as_str(), "replaced-by")],
        GoldenStatus::Retired => Vec::new(),
    };
    if golden.status != GoldenStatus::Live {
        patient.insert("active".to_owned(), json!(false));
    }
    if !links.is_empty() {
        patient.insert("link".to_owned(), Value::Array(links));
    }
    Resource::from_value(Value::Object(patient)).expect("a golden record has a FHIR form")
}

fn link(id: &str, kind: &str) -> Value {
    json!({"other": {"reference": format!("Patient/{id}")}, "type": kind})
}

fn meta_of(version: u32, at: Timestamp, rest: Map<String, Value>, tags: Vec<Value>) -> Value {
    let mut meta = Map::new();
    meta.insert("versionId".to_owned(), json!(version.to_string()));
    meta.insert("lastUpdated".to_owned(), json!(at.to_instant()));
    meta.extend(rest);
    if !tags.is_empty() {
        meta.insert("tag".to_owned(), Value::Array(tags));
    }
    Value::Object(meta)
}

/// The kinds of open issues of which `record` is the subject.
pub fn issue_kinds<'a>(
    record: &RecordId,
    issues: impl Iterator<Item = &'a MatchIssue>,
) -> BTreeSet<IssueKind> {
    issues.filter(|issue| issue.subject == *record).map(|issue| issue.kind).collect()
}

/// The registry's own tags of a source record as searches see them, sorted.
pub fn tags(
    state: &RecordState,
    issues: &BTreeSet<IssueKind>,
    vocabulary: &Vocabulary,
) -> Vec<TagKey> {
    let mut keys: Vec<TagKey> = tag_triples(state, issues, vocabulary)
        .into_iter()
        .map(|(system, code, _)| TagKey { system: Some(system), code })
        .collect();
    keys.sort();
    keys
}

fn tag_codings(
    state: &RecordState,
    issues: &BTreeSet<IssueKind>,
    vocabulary: &Vocabulary,
) -> Vec<Value> {
    tag_triples(state, issues, vocabulary)
        .into_iter()
        .map(|(system, code, display)| json!({"system": system, "code": code, "display": display}))
        .collect()
}

fn tag_triples(
    state: &RecordState,
    issues: &BTreeSet<IssueKind>,
    vocabulary: &Vocabulary,
) -> Vec<(String, String, String)> {
    let name = vocabulary.client_names.get(&state.client).cloned().unwrap_or_default();
    let mut tags = vec![(vocabulary.client_system(), state.client.to_string(), name)];
    if !state.is_withdrawn {
        tags.extend(issues.iter().map(|kind| {
            let (system, code, display) = vocabulary.issue_tag(*kind);
            (system, code.to_owned(), display.to_owned())
        }));
    }
    if state.is_adjudicated {
        let code = "humanAdjudication".to_owned();
        tags.push((vocabulary.adjudication_system(), code, "Matched By Human".to_owned()));
    }
    tags
}

#[cfg(test)]
mod tests;
