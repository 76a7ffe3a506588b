//! What a Patient says, field by field, exactly as it was submitted.

use fhir::resource::Resource;
use serde_json::Value;
use ui::compare::{Facts, Field, Group, Label};

/// Members of a Patient that have fields of their own, or say nothing of the person.
const KNOWN: [&str; 16] = [
    "resourceType",
    "id",
    "meta",
    "implicitRules",
    "text",
    "contained",
    "identifier",
    "name",
    "telecom",
    "address",
    "gender",
    "birthDate",
    "extension",
    "link",
    "photo",
    "contact",
];

/// Names of systems as people know them, by their URIs.
pub(super) type SystemNames<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Collects values; empty ones say nothing.
struct Collector(Facts);

impl Collector {
    fn add(&mut self, field: Field, value: &Value) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => return,
            other => other.to_string(),
        };
        let values = self.0.entry(field).or_default();
        if !text.is_empty() && !values.contains(&text) {
            values.push(text);
        }
    }
}

fn key(group: Group, place: u8, key: &'static str, is_ltr: bool) -> Field {
    Field { group, label: Label::Key { place, key }, is_ltr }
}

fn given(group: Group, name: &str, is_ltr: bool) -> Field {
    Field { group, label: Label::Given(name.to_owned()), is_ltr }
}

fn all<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value[member].as_array().into_iter().flatten()
}

/// Texts of a list as one value, as names are read.
fn joined(value: &Value, member: &str) -> Value {
    let texts: Vec<&str> = all(value, member).filter_map(Value::as_str).collect();
    Value::String(texts.join(" "))
}

/// The fields of a Patient.
pub(super) fn of(patient: &Resource, systems: SystemNames<'_>) -> Facts {
    let patient = patient.value();
    let mut facts = Collector(Facts::new());
    names(&mut facts, patient);
    facts.add(key(Group::Birth, 0, "birth-date", true), &patient["birthDate"]);
    facts.add(key(Group::Birth, 1, "sex", true), &patient["gender"]);
    for identifier in all(patient, "identifier") {
        let system = identifier["system"].as_str().unwrap_or_default();
        let name = systems(system).unwrap_or_else(|| system.to_owned());
        facts.add(given(Group::Identifiers, &name, true), &identifier["value"]);
    }
    for telecom in all(patient, "telecom") {
        let field = match telecom["system"].as_str() {
            Some("phone") => key(Group::Contact, 0, "phone", true),
            Some("email") => key(Group::Contact, 1, "email", true),
            _ => key(Group::Contact, 2, "contact-other", true),
        };
        facts.add(field, &telecom["value"]);
    }
    for address in all(patient, "address") {
        for (place, name, member) in [
            (0, "address-text", "text"),
            (2, "address-city", "city"),
            (3, "address-district", "district"),
            (4, "address-state", "state"),
            (5, "address-postal-code", "postalCode"),
            (6, "address-country", "country"),
        ] {
            facts.add(key(Group::Address, place, name, false), &address[member]);
        }
        facts.add(key(Group::Address, 1, "address-line", false), &joined(address, "line"));
    }
    for contact in all(patient, "contact") {
        let name = &contact["name"];
        facts.add(key(Group::Relations, 0, "relative-family-name", false), &name["family"]);
        facts.add(key(Group::Relations, 1, "relative-given-names", false), &joined(name, "given"));
        for telecom in all(contact, "telecom") {
            facts.add(key(Group::Relations, 2, "relative-contact", true), &telecom["value"]);
        }
    }
    rest(&mut facts, patient);
    facts.0.retain(|_, values| !values.is_empty());
    facts.0
}

fn names(facts: &mut Collector, patient: &Value) {
    for name in all(patient, "name") {
        facts.add(key(Group::Names, 0, "family-name", false), &name["family"]);
        facts.add(key(Group::Names, 1, "given-names", false), &joined(name, "given"));
        facts.add(key(Group::Names, 2, "name-text", false), &name["text"]);
        facts.add(key(Group::Names, 3, "name-prefix", false), &joined(name, "prefix"));
        facts.add(key(Group::Names, 4, "name-suffix", false), &joined(name, "suffix"));
    }
}

/// Extensions, and members that have no field of their own.
fn rest(facts: &mut Collector, patient: &Value) {
    for extension in all(patient, "extension") {
        let url = extension["url"].as_str().unwrap_or_default();
        let members = extension.as_object().into_iter().flatten();
        for (_, value) in members.filter(|(name, _)| name.starts_with("value")) {
            facts.add(given(Group::Extensions, url, true), value);
        }
    }
    for (name, value) in patient.as_object().into_iter().flatten() {
        if !KNOWN.contains(&name.as_str()) {
            facts.add(given(Group::Other, name, true), value);
        }
    }
}

/// The name that stands for a record: the official one, else the first. Empty if there is none.
pub(in crate::people::ui) fn name(patient: &Resource) -> String {
    let patient = patient.value();
    let official = all(patient, "name").find(|name| name["use"] == "official");
    let Some(name) = official.or_else(|| all(patient, "name").next()) else {
        return String::new();
    };
    let parts = [joined(name, "given"), name["family"].clone()];
    let parts: Vec<&str> =
        parts.iter().filter_map(Value::as_str).filter(|part| !part.is_empty()).collect();
    match (parts.is_empty(), name["text"].as_str()) {
        (true, Some(text)) => text.to_owned(),
        _ => parts.join(" "),
    }
}

/// The key of a Patient's sex; empty if it is not said.
pub(in crate::people::ui) fn sex(patient: &Resource) -> &'static str {
    match patient.value()["gender"].as_str() {
        Some("male") => "sex-male",
        Some("female") => "sex-female",
        Some("other") => "sex-other",
        Some("unknown") => "sex-unknown",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patient(value: Value) -> Resource {
        Resource::from_value(value).expect("a Patient")
    }

    #[test]
    fn values_are_as_they_were_submitted() {
        let patient = patient(json!({
            "resourceType": "Patient", "gender": "female", "birthDate": "1987-04",
            "name": [{"family": " O'Brien ", "given": ["<script>", "አበበ"]}, {"family": "Dube"}],
            "identifier": [{"system": "urn:a", "value": "1"}], "maritalStatus": {"text": "M"},
        }));
        let facts = of(&patient, &|system| (system == "urn:a").then(|| "National id".to_owned()));
        let of = |group, label: &str| {
            let found = facts.iter().find(|(field, _)| {
                field.group == group
                    && match &field.label {
                        Label::Key { key, .. } => *key == label,
                        Label::Given(name) => name == label,
                    }
            });
            found.map(|(_, values)| values.clone()).unwrap_or_default()
        };
        assert_eq!(of(Group::Names, "family-name"), [" O'Brien ", "Dube"]);
        assert_eq!(of(Group::Names, "given-names"), ["<script> አበበ"]);
        assert_eq!(of(Group::Birth, "birth-date"), ["1987-04"]);
        assert_eq!(of(Group::Identifiers, "National id"), ["1"]);
        assert_eq!(of(Group::Other, "maritalStatus"), ["{\"text\":\"M\"}"]);
        assert_eq!(name(&patient), "<script> አበበ  O'Brien ");
    }

    #[test]
    fn mononyms_and_missing_names_are_names() {
        let check = |names: Value, expected: &str| {
            let patient = patient(json!({"resourceType": "Patient", "name": names}));
            assert_eq!(name(&patient), expected);
        };
        check(json!([{"given": ["Suharto"]}]), "Suharto");
        check(json!([{"text": "U Nu"}]), "U Nu");
        check(json!([]), "");
    }
}
