//! One row of a table as a FHIR R4 Patient.

use std::sync::Arc;

use fhir::resource::{Resource, is_valid_id};
use serde_json::{Map, Value, json};

use super::{Column, DateOrder, MissingIds, RowProblem, RowWarning, Target, values};

/// The code system of identifier types, HL7's table 0203.
const IDENTIFIER_TYPES: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// What a table's columns mean, ready to be applied to its rows.
pub(super) struct Template {
    targets: Vec<(usize, Target, String)>,
    id: Option<(usize, String)>,
    source: Arc<str>,
    missing_ids: MissingIds,
    date_order: Option<DateOrder>,
}

/// A Patient and what was lost on the way.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) patient: Resource,
    pub(super) warnings: Vec<RowWarning>,
}

impl Template {
    pub(super) fn new(
        columns: &[Column],
        source: Arc<str>,
        missing_ids: MissingIds,
        date_order: Option<DateOrder>,
    ) -> Self {
        let mut targets = Vec::new();
        let mut id = None;
        for (index, column) in columns.iter().enumerate() {
            match &column.target {
                Some(Target::Id) => id = Some((index, column.name.clone())),
                Some(target) => targets.push((index, target.clone(), column.name.clone())),
                None => {}
            }
        }
        Self { targets, id, source, missing_ids, date_order }
    }

    /// Makes the Patient of a row with as many fields as there are columns.
    pub(super) fn build(&self, fields: &[String], number: u64) -> Result<Person, RowProblem> {
        let id = self.record_id(fields, number)?;
        let mut parts = Parts::default();
        for (index, target, column) in &self.targets {
            let value = fields.get(*index).map_or("", |field| field.trim());
            // An empty first line still is the one that the street number belongs to.
            if !value.is_empty() || *target == Target::Line {
                parts.take(target, value, column, self.date_order);
            }
        }
        let warnings = std::mem::take(&mut parts.warnings);
        let patient = Resource::from_value(parts.into_patient(&self.source, &id))?;
        Ok(Person { id, patient, warnings })
    }

    fn record_id(&self, fields: &[String], number: u64) -> Result<String, RowProblem> {
        let value = self.id.as_ref().and_then(|(index, _)| fields.get(*index));
        match (value.map(|value| value.trim()).filter(|value| !value.is_empty()), &self.id) {
            (Some(value), _) => Ok(value.to_owned()),
            (None, _) if self.missing_ids == MissingIds::LineNumber => Ok(format!("line-{number}")),
            (None, Some((_, column))) => Err(RowProblem::NoId { column: column.clone() }),
            (None, None) => Err(RowProblem::NoIdentifier),
        }
    }
}

/// The elements of a Patient while its columns are read.
#[derive(Default)]
struct Parts {
    family: Option<String>,
    given: Option<String>,
    middle: Option<String>,
    name_text: Option<String>,
    gender: Option<&'static str>,
    birth_date: Option<String>,
    telecom: Vec<Value>,
    identifiers: Vec<Value>,
    street_number: Option<String>,
    lines: Vec<String>,
    village: Option<String>,
    city: Option<String>,
    district: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    warnings: Vec<RowWarning>,
}

impl Parts {
    fn take(&mut self, target: &Target, value: &str, column: &str, order: Option<DateOrder>) {
        let text = || Some(value.to_owned());
        match target {
            Target::Given => self.given = text(),
            Target::Middle => self.middle = text(),
            Target::Family => self.family = text(),
            Target::Name => self.name_text = text(),
            Target::Gender => {
                self.gender = values::gender(value);
                if self.gender.is_none() {
                    self.warnings.push(RowWarning::GenderLeftOut { column: column.to_owned() });
                }
            }
            Target::BirthDate => {
                self.birth_date = values::date(value, order);
                if self.birth_date.is_none() {
                    self.warnings.push(RowWarning::DateLeftOut { column: column.to_owned() });
                }
            }
            Target::Phone => self.telecom.push(json!({"system": "phone", "value": value})),
            Target::Email => self.telecom.push(json!({"system": "email", "value": value})),
            Target::Identifier { system, code } => {
                self.identifiers.push(identifier(system, value, *code));
            }
            Target::StreetNumber => self.street_number = text(),
            Target::Line => self.lines.push(value.to_owned()),
            Target::Village => self.village = text(),
            Target::City => self.city = text(),
            Target::District => self.district = text(),
            Target::State => self.state = text(),
            Target::PostalCode => self.postal_code = text(),
            Target::Country => self.country = text(),
            // The id is read before the other columns; ignored columns never get here.
            Target::Id | Target::Ignore => {}
        }
    }

    fn into_patient(mut self, source: &str, id: &str) -> Value {
        let mut patient = Map::new();
        patient.insert("resourceType".to_owned(), json!("Patient"));
        if is_valid_id(id) {
            patient.insert("id".to_owned(), json!(id));
        }
        let mut identifiers = vec![identifier(source, id, None)];
        identifiers.append(&mut self.identifiers);
        patient.insert("identifier".to_owned(), Value::Array(identifiers));
        put(&mut patient, "name", self.name());
        if !self.telecom.is_empty() {
            patient.insert("telecom".to_owned(), Value::Array(std::mem::take(&mut self.telecom)));
        }
        put(&mut patient, "gender", self.gender.map(|code| json!(code)));
        put(&mut patient, "birthDate", self.birth_date.take().map(Value::String));
        put(&mut patient, "address", self.address());
        Value::Object(patient)
    }

    fn name(&mut self) -> Option<Value> {
        let mut name = Map::new();
        put(&mut name, "family", self.family.take().map(Value::String));
        let given: Vec<_> = [self.given.take(), self.middle.take()].into_iter().flatten().collect();
        put(&mut name, "given", (!given.is_empty()).then(|| json!(given)));
        put(&mut name, "text", self.name_text.take().map(Value::String));
        if name.is_empty() {
            return None;
        }
        let mut official = Map::new();
        official.insert("use".to_owned(), json!("official"));
        official.append(&mut name);
        Some(json!([official]))
    }

    fn address(&mut self) -> Option<Value> {
        let mut lines = std::mem::take(&mut self.lines);
        if let Some(number) = self.street_number.take() {
            match lines.first_mut() {
                Some(first) => *first = format!("{number} {first}").trim_end().to_owned(),
                None => lines.push(number),
            }
        }
        lines.retain(|line| !line.is_empty());
        let city = match (self.city.take(), self.village.take()) {
            (Some(city), village) => {
                lines.extend(village);
                Some(city)
            }
            (None, village) => village,
        };
        let mut address = Map::new();
        put(&mut address, "line", (!lines.is_empty()).then(|| json!(lines)));
        put(&mut address, "city", city.map(Value::String));
        put(&mut address, "district", self.district.take().map(Value::String));
        put(&mut address, "state", self.state.take().map(Value::String));
        put(&mut address, "postalCode", self.postal_code.take().map(Value::String));
        put(&mut address, "country", self.country.take().map(Value::String));
        (!address.is_empty()).then(|| json!([address]))
    }
}

fn put(object: &mut Map<String, Value>, member: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(member.to_owned(), value);
    }
}

/// One element of `Patient.identifier`.
pub(super) fn identifier(system: &str, value: &str, code: Option<&str>) -> Value {
    match code {
        Some(code) => json!({
            "system": system,
            "value": value,
            "type": {"coding": [{"system": IDENTIFIER_TYPES, "code": code}]}
        }),
        None => json!({"system": system, "value": value}),
    }
}
