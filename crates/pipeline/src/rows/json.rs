//! FHIR JSON, a value a line: Patients, or Bundles of them.

use std::collections::VecDeque;

use fhir::resource::Resource;
use serde_json::Value;

use super::{
    Input, MissingIds, Options, RESOURCE_BYTES_MAX, Row, RowProblem, RowWarning, RowsError,
    lines::Lines, person,
};

/// The rows of NDJSON.
pub(super) struct LinePeople {
    lines: Lines,
    options: Options,
    waiting: VecDeque<Row>,
}

impl LinePeople {
    pub(super) fn new(input: Input, options: Options) -> Self {
        let lines = Lines::new(input, RESOURCE_BYTES_MAX);
        Self { lines, options, waiting: VecDeque::new() }
    }

    /// Gives the next row, `None` at the end; blank lines and empty Bundles are no rows.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, RowsError> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                return Ok(Some(row));
            }
            let line = self
                .lines
                .next_line()
                .map_err(|source| RowsError::Read { line: self.lines.last_number(), source })?;
            let Some(line) = line else {
                return Ok(None);
            };
            if line.is_too_long {
                let problem = RowProblem::TooLong { max: RESOURCE_BYTES_MAX };
                return Ok(Some(bad(line.number, Vec::new(), problem)));
            }
            if !line.is_blank() {
                self.waiting = rows_of(line.bytes, line.number, &self.options);
            }
        }
    }
}

/// Makes the rows of one JSON text: one for a Patient, one an entry for a Bundle.
pub(super) fn rows_of(bytes: Vec<u8>, number: u64, options: &Options) -> VecDeque<Row> {
    match Resource::parse(&bytes) {
        Ok(resource) if resource.resource_type() == "Bundle" => {
            let mut bundle = resource.into_value();
            let entries = match bundle.get_mut("entry").map(Value::take) {
                Some(Value::Array(entries)) => entries,
                _ => Vec::new(),
            };
            entries.into_iter().map(|entry| entry_row(entry, number, options)).collect()
        }
        Ok(resource) => VecDeque::from([row(resource, bytes, number, options)]),
        Err(error) => VecDeque::from([bad(number, bytes, error.into())]),
    }
}

/// Makes the row of one entry of a Bundle.
pub(super) fn entry_row(mut entry: Value, number: u64, options: &Options) -> Row {
    match entry.get_mut("resource").map(Value::take) {
        None => bad(number, Vec::new(), RowProblem::NoResource),
        Some(resource) => match Resource::from_value(resource) {
            Ok(resource) => {
                let raw = resource.to_json().into_bytes();
                row(resource, raw, number, options)
            }
            Err(error) => bad(number, Vec::new(), error.into()),
        },
    }
}

/// Makes a row without a Patient.
pub(super) fn bad(number: u64, raw: Vec<u8>, problem: RowProblem) -> Row {
    Row { number, id: String::new(), result: Err(problem), raw, warnings: Vec::new() }
}

fn row(mut patient: Resource, raw: Vec<u8>, number: u64, options: &Options) -> Row {
    if patient.resource_type() != "Patient" {
        return bad(number, raw, RowProblem::NotAPatient);
    }
    let own_id = patient.id().map(str::to_owned);
    let source_id = source_identifier(&patient, &options.source);
    let mut warnings = Vec::new();
    let id = match (own_id, source_id) {
        (Some(id), Some(_)) | (None, Some(id)) => id,
        (own_id, None) => {
            let id = match (own_id, first_identifier(&patient), options.missing_ids) {
                (Some(id), _, _) => id,
                (None, Some(value), MissingIds::LineNumber) => value,
                (None, None, MissingIds::LineNumber) => format!("line-{number}"),
                (None, _, MissingIds::Refuse) => {
                    return bad(number, raw, RowProblem::NoIdentifier);
                }
            };
            if add_identifier(&mut patient, &options.source, &id) {
                warnings.push(RowWarning::IdentifierAdded);
            }
            id
        }
    };
    Row { number, id, result: Ok(patient), raw, warnings }
}

fn identifiers(patient: &Resource) -> impl Iterator<Item = (Option<&str>, &str)> {
    let list = patient.get("identifier").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|identifier| {
        let value = identifier.get("value")?.as_str()?;
        Some((identifier.get("system").and_then(Value::as_str), value))
    })
}

fn source_identifier(patient: &Resource, source: &str) -> Option<String> {
    identifiers(patient)
        .find(|(system, value)| *system == Some(source) && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

fn first_identifier(patient: &Resource) -> Option<String> {
    identifiers(patient).next().map(|(_, value)| value.to_owned())
}

/// Adds the identifier; leaves a malformed `identifier` for validation to refuse.
fn add_identifier(patient: &mut Resource, source: &str, id: &str) -> bool {
    let Some(object) = patient.value_mut().as_object_mut() else {
        return false;
    };
    let list = object.entry("identifier").or_insert_with(|| Value::Array(Vec::new()));
    match list.as_array_mut() {
        Some(list) => {
            list.push(person::identifier(source, id, None));
            true
        }
        None => false,
    }
}
