//! PatientRelationship.json: where OpenCR's index took its fields from (contract 2.8).
//!
//! OpenCR takes a submitted value by the rule's `fhirpath` and an indexed one by this file. Here
//! both are taken by the rule's, so what is left of the file is a check that they agree.

use serde_json::Value;

use super::read::Found;
use crate::config::DEFAULT_RULES;

/// Tells of every field, by the rules that were given or those inside.
pub(super) fn tell(found: &Found, rules: Option<&Found>) -> anyhow::Result<()> {
    let paths = match rules {
        Some(rules) => compared(&rules.value),
        None => compared(&serde_json::from_str(DEFAULT_RULES)?),
    };
    println!("{}:", found.name());
    for (label, path) in elements(&found.value) {
        let mut of_rules = paths.iter().filter(|(field, _)| *field == label).map(|(_, path)| path);
        let (word, what) = match of_rules.clone().next() {
            None => ("IGNORED", "no rule compares it".to_owned()),
            Some(_) if of_rules.all(|other| *other == path) => {
                ("TAKEN", "by the rules, from the same FHIRPath".to_owned())
            }
            Some(first) => (
                "BY HAND",
                format!("the index took `{path}`, a rule takes `{first}`; here the rule's counts"),
            ),
        };
        println!("  {word:<8} {label}  {what}");
    }
    println!();
    Ok(())
}

/// The fields of the index and their FHIRPaths.
fn elements(basic: &Value) -> Vec<(String, String)> {
    let details = basic["extension"].as_array().into_iter().flatten();
    let elements =
        details.flat_map(|details| details["extension"].as_array().into_iter().flatten());
    elements
        .filter_map(|element| {
            let part = |url: &str| {
                let mut parts = element["extension"].as_array()?.iter();
                let part = parts.find(|part| part["url"] == url)?;
                part["valueString"].as_str().map(str::to_owned)
            };
            Some((part("label")?, part("name")?))
        })
        .collect()
}

/// The index fields that rules compare, and the FHIRPaths of the submitted values.
fn compared(rules: &Value) -> Vec<(String, String)> {
    let rules = rules["rules"].as_array().into_iter().flatten();
    let groups = rules.flat_map(|rule| [&rule["fields"], &rule["filters"]]);
    let fields = groups.filter_map(Value::as_object).flat_map(serde_json::Map::values);
    let text = |field: &Value, name: &str| field[name].as_str().map(str::to_owned);
    fields.filter_map(|field| Some((text(field, "espath")?, text(field, "fhirpath")?))).collect()
}
