//! Facts as a FHIR R4 Patient.

use serde_json::{Map, Value, json};

use crate::facts::Facts;
use crate::options::System;

/// System of the identifiers that are national ids.
pub const NATIONAL_ID: &str = "http://clientregistry.org/nationalid";
/// System of the identifiers that are ART numbers, which HIV programmes give.
pub const ART_NUMBER: &str = "http://clientregistry.org/artnumber";

/// The Patient that `system` would submit, known there as `number`.
///
/// The system's own identifier comes first. What is missing is left out: FHIR knows no empty
/// lists and no empty strings.
pub(crate) fn patient(facts: &Facts, system: &System, number: &str) -> Value {
    let mut patient = Map::new();
    patient.insert("resourceType".into(), "Patient".into());
    patient.insert("identifier".into(), identifiers(facts, system, number));
    patient.extend(name(facts).map(|name| ("name".into(), json!([name]))));
    if let Some(phone) = &facts.phone {
        let telecom = json!([{ "system": "phone", "value": phone, "use": "mobile" }]);
        patient.insert("telecom".into(), telecom);
    }
    patient.extend(facts.gender.map(|gender| ("gender".into(), gender.code().into())));
    patient.extend(facts.birth.map(|birth| ("birthDate".into(), birth.to_string().into())));
    patient.extend(address(facts).map(|address| ("address".into(), json!([address]))));
    Value::Object(patient)
}

fn identifiers(facts: &Facts, system: &System, number: &str) -> Value {
    let mut identifiers = vec![json!({ "system": system.identifier_system, "value": number })];
    let shared = [(NATIONAL_ID, &facts.national_id), (ART_NUMBER, &facts.art_number)];
    for (system, value) in shared {
        identifiers.extend(value.as_ref().map(|value| json!({ "system": system, "value": value })));
    }
    Value::Array(identifiers)
}

fn name(facts: &Facts) -> Option<Value> {
    let mut name = Map::new();
    name.insert("use".into(), "official".into());
    name.extend(facts.family.as_ref().map(|family| ("family".into(), family.as_str().into())));
    if !facts.given.is_empty() {
        name.insert("given".into(), json!(facts.given));
    }
    (name.len() > 1).then_some(Value::Object(name))
}

fn address(facts: &Facts) -> Option<Value> {
    let mut address = Map::new();
    address.insert("use".into(), "home".into());
    address.extend(facts.village.as_ref().map(|village| ("city".into(), village.as_str().into())));
    let district = facts.district.as_ref();
    address.extend(district.map(|district| ("district".into(), district.as_str().into())));
    (address.len() > 1).then_some(Value::Object(address))
}
