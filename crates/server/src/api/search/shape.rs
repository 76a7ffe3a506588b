//! [`Shape`]: how much of each resource is answered (R4 search.html#summary, #elements).

use fhir::{
    Resource,
    search::{SearchLimits, SearchRequest, Summary, parse_search},
};
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// Elements of every resource that say what it is; they are never cut.
const ALWAYS: [&str; 4] = ["resourceType", "id", "meta", "implicitRules"];

/// The elements that R4 marks as summary (patient.html, column Flags: Σ).
const SUMMARY: [&str; 11] = [
    "identifier",
    "active",
    "name",
    "telecom",
    "gender",
    "birthDate",
    "deceasedBoolean",
    "deceasedDateTime",
    "address",
    "managingOrganization",
    "link",
];

/// Which elements of a resource are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    summary: Summary,
    elements: Option<Vec<String>>,
}

impl Shape {
    /// The shape that a search asks for.
    pub(crate) fn of(request: &SearchRequest) -> Self {
        Self { summary: request.summary, elements: request.elements.clone() }
    }

    /// The shape that a read asks for, by the same two parameters; others are ignored.
    ///
    /// # Errors
    ///
    /// 400 for values that cannot be read.
    pub(crate) fn of_read(
        query: &[(String, String)],
        limits: &SearchLimits,
    ) -> Result<Self, ApiError> {
        let is_shape = |name: &str| matches!(name, "_summary" | "_elements");
        let pairs: Vec<_> = query.iter().filter(|(name, _)| is_shape(name)).cloned().collect();
        let request = parse_search(&pairs, limits).map_err(ApiError::invalid)?;
        Ok(Self::of(&request))
    }

    /// Leaves out what is not wanted and, if anything may be missing, says so by a tag.
    pub(crate) fn cut(&self, resource: &mut Resource) {
        let whole = self.elements.is_none() && matches!(self.summary, Summary::None);
        let Some(patient) = resource.value_mut().as_object_mut().filter(|_| !whole) else {
            return;
        };
        patient.retain(|member, _| ALWAYS.contains(&member.as_str()) || self.wants(member));
        mark_as_subset(patient);
    }

    fn wants(&self, member: &str) -> bool {
        // `_birthDate` holds the extensions of `birthDate` (R4 json.html#primitive).
        let element = member.strip_prefix('_').unwrap_or(member);
        if let Some(elements) = &self.elements {
            return elements.iter().any(|wanted| {
                let wanted = wanted.split('.').next().unwrap_or(wanted);
                element == wanted || is_choice(element, wanted)
            });
        }
        match self.summary {
            Summary::None => true,
            Summary::True => SUMMARY.contains(&element),
            // Without resources, a count has nothing to cut; a read of one gives its identity.
            Summary::Text | Summary::Count => element == "text",
            Summary::Data => element != "text",
        }
    }
}

/// Whether `element` is the choice element `wanted[x]`: `deceasedBoolean` of `deceased`.
fn is_choice(element: &str, wanted: &str) -> bool {
    matches!(wanted, "deceased" | "multipleBirth")
        && element
            .strip_prefix(wanted)
            .is_some_and(|kind| kind.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// Adds the tag of incomplete resources at the end: the golden record's own stays the first.
fn mark_as_subset(patient: &mut Map<String, Value>) {
    let tag = json!({
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "SUBSETTED"
    });
    let meta = patient.entry("meta").or_insert_with(|| json!({}));
    let Some(meta) = meta.as_object_mut() else { return };
    match meta.get_mut("tag").and_then(Value::as_array_mut) {
        Some(tags) => tags.push(tag),
        None => _ = meta.insert("tag".to_owned(), json!([tag])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &[(&str, &str)], expected: &[&str]) {
        let patient = json!({
            "resourceType": "Patient", "id": "a", "meta": {"versionId": "1"},
            "text": {"status": "generated"}, "birthDate": "1990",
            "_birthDate": {"id": "x"}, "deceasedBoolean": true, "contact": [{}]
        });
        let mut resource = Resource::from_value(patient).unwrap();
        let query: Vec<_> = query.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Shape::of_read(&query, &SearchLimits::STANDARD).unwrap().cut(&mut resource);
        let members: Vec<&str> =
            resource.value().as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members[3..], *expected, "{query:?}");
        let is_marked = resource.value().pointer("/meta/tag/0/code").is_some();
        assert_eq!(is_marked, !query.is_empty());
    }

    #[test]
    fn only_wanted_elements_stay() {
        let all = ["text", "birthDate", "_birthDate", "deceasedBoolean", "contact"];
        check(&[], &all);
        check(&[("_elements", "birthDate")], &["birthDate", "_birthDate"]);
        check(&[("_elements", "deceased,contact")], &["deceasedBoolean", "contact"]);
        check(&[("_summary", "true")], &["birthDate", "_birthDate", "deceasedBoolean"]);
        check(&[("_summary", "text")], &["text"]);
        check(&[("_summary", "data")], &all[1..]);
    }
}
