//! What a Patient is in a row of the report (contract 3.16).

use registry::state::RecordState;
use serde_json::Value;

/// The headings of a Patient's cells.
pub(super) const HEADINGS: [&str; 11] = [
    "OpenCR_UID",
    "last_modified",
    "source_id",
    "patient_id",
    "names",
    "sex",
    "dob",
    "telecom (phone)",
    "telecom (email)",
    "address",
    "ids",
];

/// The cells of a Patient, in the order of [`HEADINGS`].
pub(super) type Cells = [String; HEADINGS.len()];

/// The cells of a source record.
pub(super) fn cells(state: &RecordState, patient: &Value) -> Cells {
    let text = |member: &str| patient[member].as_str().unwrap_or_default().to_owned();
    [
        format!("Patient/{}", state.golden),
        state.updated_at.to_instant(),
        state.client.to_string(),
        state.source.value.to_string(),
        join(each(&patient["name"]).map(name), ", "),
        text("gender"),
        text("birthDate"),
        telecoms(patient, "phone"),
        telecoms(patient, "email"),
        join(each(&patient["address"]).map(address), " | "),
        join(
            each(&patient["identifier"])
                .map(|one| one["value"].as_str().unwrap_or_default().to_owned()),
            ", ",
        ),
    ]
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn join(parts: impl Iterator<Item = String>, between: &str) -> String {
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(between)
}

fn texts<'v>(values: impl Iterator<Item = &'v Value>, between: &str) -> String {
    join(values.filter_map(Value::as_str).map(str::to_owned), between)
}

fn name(name: &Value) -> String {
    texts(each(&name["given"]).chain([&name["family"]]), " ")
}

fn telecoms(patient: &Value, system: &str) -> String {
    let of_system = each(&patient["telecom"]).filter(|one| one["system"] == system);
    texts(of_system.map(|one| &one["value"]), ", ")
}

fn address(address: &Value) -> String {
    let before = [&address["type"], &address["text"]].into_iter();
    let after = ["city", "district", "state", "postalCode", "country"];
    texts(
        before.chain(each(&address["line"])).chain(after.iter().map(|member| &address[*member])),
        ", ",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_joined_and_missing_ones_left_out() {
        let one = json!({"given": ["Ada", "Eve"], "family": "Made-Up"});
        assert_eq!(name(&one), "Ada Eve Made-Up");
        assert_eq!(name(&json!({})), "");
        let home = json!({"type": "postal", "line": ["1 Road", ""], "country": "UG", "text": 5});
        assert_eq!(address(&home), "postal, 1 Road, UG");
        let patient = json!({"telecom": [
            {"system": "phone", "value": "1"}, {"system": "email", "value": "a@b.test"},
            {"system": "phone", "value": "2"},
        ]});
        assert_eq!(telecoms(&patient, "phone"), "1, 2");
    }
}
