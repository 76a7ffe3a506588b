//! One Patient, word by word.

use serde_json::{Value, json};

pub use people::{ART_NUMBER, NATIONAL_ID};

/// A FHIR Patient in the making; [`Person::patient`] hands it out.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Person {
    patient: Value,
}

/// Somebody with one official name, whose only part so far is `given`.
pub fn person(given: &str) -> Person {
    let name = json!({ "use": "official", "given": [given] });
    Person { patient: json!({ "resourceType": "Patient", "name": [name] }) }
}

/// The identifier system that `system` stands for.
///
/// A word is short for one of the sample clients' systems; a URI stands for itself.
pub fn system_uri(system: &str) -> String {
    if system.contains(':') {
        return system.to_owned();
    }
    format!("http://clientregistry.org/{system}")
}

impl Person {
    /// Adds a given name to the first name.
    pub fn given(self, given: &str) -> Self {
        self.push("/name/0", "given", given.into())
    }

    /// Sets the family name of the first name.
    pub fn family(mut self, family: &str) -> Self {
        self.patient["name"][0]["family"] = family.into();
        self
    }

    /// Adds an identifier; `system` as in [`system_uri`].
    pub fn id(self, system: &str, value: &str) -> Self {
        self.push("", "identifier", json!({ "system": system_uri(system), "value": value }))
    }

    /// Adds a national id.
    pub fn national_id(self, value: &str) -> Self {
        self.id(NATIONAL_ID, value)
    }

    /// Adds an ART number.
    pub fn art_number(self, value: &str) -> Self {
        self.id(ART_NUMBER, value)
    }

    /// Sets the birth date: a day, a month or a year, as FHIR writes them.
    pub fn born(self, date: &str) -> Self {
        self.with("birthDate", date.into())
    }

    /// Sets the administrative gender, by FHIR's code.
    pub fn gender(self, code: &str) -> Self {
        self.with("gender", code.into())
    }

    /// Sets the administrative gender to `female`.
    pub fn female(self) -> Self {
        self.gender("female")
    }

    /// Sets the administrative gender to `male`.
    pub fn male(self) -> Self {
        self.gender("male")
    }

    /// Adds a phone number.
    pub fn phone(self, number: &str) -> Self {
        self.push("", "telecom", json!({ "system": "phone", "value": number }))
    }

    /// Adds an address in `district`.
    pub fn lives_in(self, district: &str) -> Self {
        self.push("", "address", json!({ "district": district }))
    }

    /// Sets the resource id.
    pub fn resource_id(self, id: &str) -> Self {
        self.with("id", id.into())
    }

    /// Adds a tag to `meta`.
    pub fn tag(mut self, system: &str, code: &str) -> Self {
        if self.patient.get("meta").is_none() {
            self.patient["meta"] = json!({});
        }
        self.push("/meta", "tag", json!({ "system": system, "code": code }))
    }

    /// Sets any member of the Patient: `person("Amina").with("active", json!(true))`.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.patient[member] = value;
        self
    }

    /// Takes a member of the Patient away.
    pub fn without(mut self, member: &str) -> Self {
        if let Some(patient) = self.patient.as_object_mut() {
            // Not `remove`, which fills the gap with the last member.
            patient.shift_remove(member);
        }
        self
    }

    /// The Patient as it stands.
    pub fn patient(self) -> Value {
        self.patient
    }

    /// Adds `item` to the list `member` of the object at `pointer`, and the list if need be.
    fn push(mut self, pointer: &str, member: &str, item: Value) -> Self {
        let owner = self.patient.pointer_mut(pointer).expect("the builder made what it points to");
        match owner.get_mut(member) {
            Some(Value::Array(items)) => items.push(item),
            Some(_) | None => owner[member] = json!([item]),
        }
        self
    }
}

impl From<Person> for Value {
    fn from(person: Person) -> Value {
        person.patient()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_is_in_the_patient() {
        let patient = person("Amina").id("openmrs", "1").patient();
        let expected = json!({
            "resourceType": "Patient",
            "name": [{ "use": "official", "given": ["Amina"] }],
            "identifier": [{ "system": "http://clientregistry.org/openmrs", "value": "1" }],
        });
        assert_eq!(patient, expected);
    }

    #[test]
    fn words_that_repeat_add_up() {
        let patient = person("Amina").given("Grace").phone("1").phone("2").patient();
        assert_eq!(patient["name"][0]["given"], json!(["Amina", "Grace"]));
        assert_eq!(patient["telecom"][1]["value"], "2");
    }

    #[test]
    fn a_member_can_be_taken_away() {
        let patient = person("Amina").female().without("name").patient();
        assert_eq!(patient, json!({ "resourceType": "Patient", "gender": "female" }));
    }
}
