//! A submitted Patient becomes a source record: identity found, registry facts stripped.
//!
//! The content is kept whole otherwise (architecture D7). What the registry owns (link, its own
//! tags, broken-match extensions, id and version in `meta`) is left out here and rendered from
//! tables at the FHIR edge, so that a source can neither forge nor wipe it.

use fhir::{
    outcome::{Issue, IssueType},
    resource::Resource,
    search::index_entries,
    validate::validate_patient,
};
use serde_json::{Map, Value};

use crate::{
    commit::{Content, TagKey},
    ids::{ClientId, ContentHash, RecordId, SourceKey},
    vocabulary::Vocabulary,
};

/// One system's description of a person, decoded and ready to be decided on.
#[derive(Clone, Debug)]
pub struct SourceRecord {
    /// The id asked for, by the URL or by the resource itself.
    pub requested_id: Option<RecordId>,
    /// Its identity.
    pub source: SourceKey,
    /// The submitting system.
    pub client: ClientId,
    /// The resource without what the registry owns.
    pub resource: Resource,
    /// The same as text, with its hash and search entries.
    pub content: Content,
}

impl SourceRecord {
    /// Decodes a submitted Patient.
    ///
    /// Identity is the first identifier of a known internal-id system with a value (contract
    /// 2.1). The id asked for is `url_id` or else the resource's own.
    ///
    /// # Errors
    ///
    /// Every problem of the Patient as FHIR issues with the expression at fault; nothing is
    /// accepted in part.
    pub fn decode(
        mut resource: Resource,
        url_id: Option<RecordId>,
        client: &ClientId,
        vocabulary: &Vocabulary,
    ) -> Result<Self, Vec<Issue>> {
        let (requested_id, source) = examine(&mut resource, url_id, vocabulary)?;
        let content = content(&resource, resource.to_json());
        Ok(Self { requested_id, source, client: client.clone(), resource, content })
    }

    /// A record of which nobody asks what it says: its content is an empty Patient.
    pub fn unsaid(source: SourceKey, client: ClientId) -> Self {
        let resource = Resource::empty_patient();
        let content = content(&resource, resource.to_json());
        Self { requested_id: None, source, client, resource, content }
    }
}

/// Checks a submitted Patient as [`SourceRecord::decode`] does, takes out what the registry owns,
/// and gives the id that is asked for and the identity.
///
/// # Errors
///
/// As [`SourceRecord::decode`].
pub fn examine(
    resource: &mut Resource,
    url_id: Option<RecordId>,
    vocabulary: &Vocabulary,
) -> Result<(Option<RecordId>, SourceKey), Vec<Issue>> {
    check_type(resource)?;
    let mut issues: Vec<Issue> =
        validate_patient(resource).into_iter().filter(Issue::is_error).collect();
    let requested_id = requested_id(resource, url_id).map_err(|issue| issues.push(issue));
    let source = identity(resource, vocabulary);
    if source.is_none() {
        issues.push(no_identity(vocabulary));
    }
    let (Ok(requested_id), Some(source), true) = (requested_id, source, issues.is_empty()) else {
        return Err(issues);
    };
    strip(resource, vocabulary);
    Ok((requested_id, source))
}

/// A content as it was stored, with what searches find it by made again; `None` if the text is no
/// resource.
pub fn stored_content(text: String) -> Option<Content> {
    let resource = Resource::parse(text.as_bytes()).ok()?;
    Some(content(&resource, text))
}

fn content(resource: &Resource, text: String) -> Content {
    Content {
        hash: ContentHash::of(&text),
        text,
        index: index_entries(resource),
        tags: tags(resource.value()),
    }
}

fn check_type(resource: &Resource) -> Result<(), Vec<Issue>> {
    if resource.resource_type() == "Patient" {
        return Ok(());
    }
    let text = "a Patient is expected here; this registry keeps no other type of resource";
    Err(vec![Issue::error(IssueType::Invalid, text).at("resourceType")])
}

fn requested_id(resource: &Resource, url_id: Option<RecordId>) -> Result<Option<RecordId>, Issue> {
    let own = resource.id();
    if own.is_some_and(|id| !fhir::resource::is_valid_id(id)) {
        let text = "the id is not a FHIR id: up to 64 letters, digits, dashes and dots";
        return Err(Issue::error(IssueType::Value, text).at("Patient.id"));
    }
    match (url_id, own) {
        (Some(url_id), Some(own)) if url_id.as_str() != own => {
            let text = "the id in the Patient differs from the id in the URL";
            Err(Issue::error(IssueType::Invalid, text).at("Patient.id"))
        }
        (Some(url_id), _) => Ok(Some(url_id)),
        (None, own) => Ok(own.map(RecordId::new)),
    }
}

fn identity(resource: &Resource, vocabulary: &Vocabulary) -> Option<SourceKey> {
    let identifiers = resource.get("identifier")?.as_array()?;
    identifiers.iter().find_map(|identifier| {
        let system = identifier.get("system")?.as_str()?;
        let value = identifier.get("value")?.as_str()?.trim();
        let system = vocabulary.internal_systems.iter().find(|known| known.as_ref() == system)?;
        (!value.is_empty()).then(|| SourceKey { system: system.clone(), value: value.into() })
    })
}

fn no_identity(vocabulary: &Vocabulary) -> Issue {
    let known = vocabulary.internal_systems.join(", ");
    let text = format!(
        "no identifier of a known internal-id system with a value; known systems: {known}. Add \
         the identifier under which the submitting system keeps this patient, or configure its \
         system under `systems.internal_ids`"
    );
    Issue::error(IssueType::Required, text).at("Patient.identifier")
}

/// Takes out what the registry owns.
pub(crate) fn strip(resource: &mut Resource, vocabulary: &Vocabulary) {
    let Some(patient) = resource.value_mut().as_object_mut() else { return };
    for member in ["id", "link", "_link"] {
        patient.shift_remove(member);
    }
    if let Some(Value::Object(meta)) = patient.get_mut("meta") {
        strip_meta(meta, vocabulary);
        if meta.is_empty() {
            patient.shift_remove("meta");
        }
    }
    if let Some(Value::Array(extensions)) = patient.get_mut("extension") {
        extensions.retain(|extension| {
            extension.get("url").and_then(Value::as_str) != Some(&vocabulary.broken_match_url)
        });
        if extensions.is_empty() {
            patient.shift_remove("extension");
        }
    }
}

fn strip_meta(meta: &mut Map<String, Value>, vocabulary: &Vocabulary) {
    for member in ["versionId", "_versionId", "lastUpdated", "_lastUpdated"] {
        meta.shift_remove(member);
    }
    if let Some(Value::Array(tags)) = meta.get_mut("tag") {
        tags.retain(|tag| !tag_key(tag).is_some_and(|key| vocabulary.owns_tag(&key)));
        if tags.is_empty() {
            meta.shift_remove("tag");
        }
    }
}

fn tags(patient: &Value) -> Vec<TagKey> {
    let tags = patient.pointer("/meta/tag").and_then(Value::as_array);
    let mut keys: Vec<TagKey> = tags.into_iter().flatten().filter_map(tag_key).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn tag_key(tag: &Value) -> Option<TagKey> {
    let text = |member: &str| tag.get(member).and_then(Value::as_str).map(str::to_owned);
    Some(TagKey { system: text("system"), code: text("code")? })
}

#[cfg(test)]
mod tests;
