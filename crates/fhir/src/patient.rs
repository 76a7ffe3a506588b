//! [`PatientRef`], a read-only view of a Patient, and views of the datatypes in it.
//!
//! The view is forgiving: what is not there, has the wrong shape or is blank is absent. It
//! never judges; [`crate::validate`] does. Writing goes through the JSON itself.

mod datatype;

use serde_json::Value;

pub use crate::date::PartialDate;
pub use datatype::{AddressRef, ContactPointRef, ExtensionRef, HumanNameRef};

use datatype::{items, text};

/// URL of the extension that holds the mother's maiden name
/// (R4 extension-patient-mothersmaidenname.html).
pub const MOTHERS_MAIDEN_NAME: &str =
    "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";

/// Views one Patient (R4 patient.html).
#[derive(Clone, Copy)]
pub struct PatientRef<'a>(pub &'a Value);

/// Views one business identifier (R4 datatypes.html#Identifier).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentifierRef<'a> {
    /// The namespace, a URI.
    pub system: Option<&'a str>,
    /// The value, unique within the namespace.
    pub value: Option<&'a str>,
    /// What it is for: `usual`, `official`, `temp`, `secondary`, `old`.
    pub use_code: Option<&'a str>,
}

/// Views one `meta.tag` (R4 resource.html#Meta).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagRef<'a> {
    /// The code system, if any.
    pub system: Option<&'a str>,
    /// The code.
    pub code: Option<&'a str>,
    /// Text for people.
    pub display: Option<&'a str>,
}

/// Views one `Patient.link` (R4 patient-definitions.html#Patient.link).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRef<'a> {
    /// `other.reference` as written.
    pub reference: Option<&'a str>,
    /// `replaced-by`, `replaces`, `refer` or `seealso`.
    pub link_type: Option<&'a str>,
}

impl<'a> LinkRef<'a> {
    /// Gives the bare id of the Patient that the link points to.
    pub fn patient_id(&self) -> Option<&'a str> {
        self.reference.and_then(patient_id)
    }
}

/// Gives the bare id in a reference to a Patient: `x`, `Patient/x`, `Patient/x/_history/1`
/// and `https://server/fhir/Patient/x` all give `x` (R4 references.html#literal).
pub fn patient_id(reference: &str) -> Option<&str> {
    let reference = reference.split_once("/_history/").map_or(reference, |(before, _)| before);
    let id = match reference.rsplit_once('/') {
        Some((before, id)) if before == "Patient" || before.ends_with("/Patient") => id,
        Some(_) => return None,
        None => reference,
    };
    crate::resource::is_valid_id(id).then_some(id)
}

impl<'a> PatientRef<'a> {
    /// Lists the identifiers.
    pub fn identifiers(self) -> impl Iterator<Item = IdentifierRef<'a>> + use<'a> {
        items(self.0, "identifier").map(|identifier| IdentifierRef {
            system: text(identifier, "system"),
            value: text(identifier, "value"),
            use_code: text(identifier, "use"),
        })
    }

    /// Lists the names.
    pub fn names(self) -> impl Iterator<Item = HumanNameRef<'a>> + use<'a> {
        items(self.0, "name").map(HumanNameRef)
    }

    /// Lists phone numbers, mail addresses and the like.
    pub fn telecoms(self) -> impl Iterator<Item = ContactPointRef<'a>> + use<'a> {
        items(self.0, "telecom").map(ContactPointRef)
    }

    /// Lists the addresses.
    pub fn addresses(self) -> impl Iterator<Item = AddressRef<'a>> + use<'a> {
        items(self.0, "address").map(AddressRef)
    }

    /// Gives the administrative gender.
    pub fn gender(self) -> Option<&'a str> {
        text(self.0, "gender")
    }

    /// Gives the birth date as written.
    pub fn birth_date_text(self) -> Option<&'a str> {
        text(self.0, "birthDate")
    }

    /// Gives the birth date, if it is one.
    pub fn birth_date(self) -> Option<PartialDate> {
        self.birth_date_text().and_then(|date| PartialDate::parse(date).ok())
    }

    /// Gives `active` if it was said; R4 assumes true otherwise.
    pub fn active(self) -> Option<bool> {
        self.0.get("active").and_then(Value::as_bool)
    }

    /// Tells whether the person is dead, if it was said: `deceasedBoolean`, or true with any
    /// `deceasedDateTime`.
    pub fn deceased(self) -> Option<bool> {
        if self.deceased_date_time().is_some() {
            return Some(true);
        }
        self.0.get("deceasedBoolean").and_then(Value::as_bool)
    }

    /// Gives the time of death as written.
    pub fn deceased_date_time(self) -> Option<&'a str> {
        text(self.0, "deceasedDateTime")
    }

    /// Lists the tags.
    pub fn tags(self) -> impl Iterator<Item = TagRef<'a>> + use<'a> {
        let meta = self.0.get("meta").unwrap_or(&Value::Null);
        items(meta, "tag").map(|tag| TagRef {
            system: text(tag, "system"),
            code: text(tag, "code"),
            display: text(tag, "display"),
        })
    }

    /// Lists the links to other Patients.
    pub fn links(self) -> impl Iterator<Item = LinkRef<'a>> + use<'a> {
        items(self.0, "link").map(|link| LinkRef {
            reference: link.get("other").and_then(|other| text(other, "reference")),
            link_type: text(link, "type"),
        })
    }

    /// Lists the extensions of the Patient itself.
    pub fn extensions(self) -> impl Iterator<Item = ExtensionRef<'a>> + use<'a> {
        items(self.0, "extension").map(ExtensionRef)
    }

    /// Lists the extensions with this URL.
    pub fn extensions_at<'u>(
        self,
        url: &'u str,
    ) -> impl Iterator<Item = ExtensionRef<'a>> + use<'a, 'u> {
        self.extensions().filter(move |extension| extension.url() == Some(url))
    }

    /// Tells whether an extension changes the meaning of the Patient
    /// (R4 extensibility.html#modifierExtension).
    pub fn has_modifier_extension(self) -> bool {
        items(self.0, "modifierExtension").next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn view_finds_what_is_there() {
        let value = json!({
            "resourceType": "Patient",
            "meta": {"tag": [{"system": "urn:t", "code": "c"}]},
            "identifier": [{"system": "urn:s", "value": "1"}, {"value": " "}, "odd"],
            "name": [{"use": "official", "family": "F", "given": ["G", "", "H"]}],
            "telecom": [{"system": "phone", "value": "0722"}],
            "address": [{"city": "Kisumu", "line": ["Box 1"]}],
            "birthDate": "1990-02",
            "deceasedDateTime": "2020",
            "link": [{"other": {"reference": "Patient/x"}, "type": "refer"}],
            "extension": [{"url": MOTHERS_MAIDEN_NAME, "valueString": "M"}]
        });
        let patient = PatientRef(&value);
        let identifiers: Vec<_> = patient.identifiers().map(|found| found.value).collect();
        assert_eq!(identifiers, [Some("1"), None]);
        let name = patient.names().next().unwrap();
        assert_eq!((name.family(), name.use_code()), (Some("F"), Some("official")));
        assert_eq!(name.given().collect::<Vec<_>>(), ["G", "H"]);
        assert_eq!(patient.telecoms().next().unwrap().value(), Some("0722"));
        assert_eq!(patient.addresses().next().unwrap().city(), Some("Kisumu"));
        assert_eq!(patient.birth_date().unwrap().to_string(), "1990-02");
        assert_eq!(patient.deceased(), Some(true));
        assert_eq!(patient.tags().next().unwrap().code, Some("c"));
        assert_eq!(patient.links().next().unwrap().patient_id(), Some("x"));
        let maiden = patient.extensions_at(MOTHERS_MAIDEN_NAME).next().unwrap();
        assert_eq!(maiden.value_text(), Some("M"));
        assert_eq!(maiden.value().unwrap().0, "valueString");
    }

    #[test]
    fn wrong_shapes_are_absent() {
        let value =
            json!({"name": {"family": "F"}, "birthDate": 1990, "meta": [], "active": "yes"});
        let patient = PatientRef(&value);
        assert_eq!(patient.names().count(), 0);
        assert_eq!(patient.birth_date(), None);
        assert_eq!(patient.tags().count(), 0);
        assert_eq!(patient.active(), None);
    }

    #[test]
    fn references_give_bare_ids() {
        for (reference, id) in [
            ("x", Some("x")),
            ("Patient/x", Some("x")),
            ("Patient/x/_history/2", Some("x")),
            ("https://a.b/fhir/Patient/x", Some("x")),
            ("Person/x", None),
            ("NotPatient/x", None),
            ("#p", None),
            ("", None),
        ] {
            assert_eq!(patient_id(reference), id, "{reference}");
        }
    }
}
