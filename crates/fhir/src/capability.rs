//! The CapabilityStatement that `GET [base]/metadata` answers
//! (R4 http.html#capabilities, capabilitystatement.html).

use serde_json::{Map, Value, json};

use crate::resource::Resource;
use crate::search::PARAMETERS;

/// What can be done with a Patient (R4 valueset-type-restful-interaction.html).
const PATIENT_INTERACTIONS: [&str; 7] =
    ["read", "vread", "update", "delete", "history-instance", "create", "search-type"];

/// Writes the statement of this server.
///
/// `base_url` is the URL that clients reach it under, `date` a dateTime: when the statement
/// last changed.
pub fn capability_statement(software_version: &str, base_url: &str, date: &str) -> Resource {
    let statement = json!({
        "status": "active",
        "date": date,
        "publisher": "OpenCR",
        "kind": "instance",
        "software": { "name": "OpenCR", "version": software_version },
        "implementation": {
            "description": "OpenCR client registry (master patient index)",
            "url": base_url
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "documentation": "A Patient is a record of a source system or a golden record; \
                              the registry links each to one golden record.",
            "resource": [patient()],
            "interaction": [{ "code": "transaction" }, { "code": "batch" }]
        }]
    });
    let members: Map<String, Value> = match statement {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    Resource::author("CapabilityStatement", members)
}

fn patient() -> Value {
    let interactions: Vec<Value> =
        PATIENT_INTERACTIONS.iter().map(|code| json!({ "code": code })).collect();
    json!({
        "type": "Patient",
        "profile": "http://hl7.org/fhir/StructureDefinition/Patient",
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalUpdate": true,
        "conditionalDelete": "single",
        "searchInclude": ["Patient:link"],
        "searchParam": search_params(),
        "operation": [{
            "name": "ihe-pix",
            "definition": "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"
        }]
    })
}

fn search_params() -> Vec<Value> {
    let param = |parameter: &crate::search::Parameter| {
        json!({
            "name": parameter.name,
            "definition": parameter.definition,
            "type": parameter.kind.search_type()
        })
    };
    PARAMETERS.iter().map(param).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_promises_what_the_server_does() {
        let statement = capability_statement("1.2.3", "http://x/fhir", "2026-11-22");
        let value = statement.value();
        assert_eq!(statement.resource_type(), "CapabilityStatement");
        assert_eq!((&value["fhirVersion"], &value["kind"]), (&json!("4.0.1"), &json!("instance")));
        assert_eq!(value["software"], json!({ "name": "OpenCR", "version": "1.2.3" }));
        assert_eq!(value["implementation"]["url"], "http://x/fhir");
        let patient = &value["rest"][0]["resource"][0];
        assert_eq!(patient["interaction"].as_array().unwrap().len(), 7);
        assert_eq!(patient["conditionalDelete"], "single");
    }

    #[test]
    fn statement_lists_every_parameter_pdqm_requires() {
        let statement = capability_statement("1", "http://x", "2026");
        let params = &statement.value()["rest"][0]["resource"][0]["searchParam"];
        let names: Vec<&str> =
            params.as_array().unwrap().iter().filter_map(|param| param["name"].as_str()).collect();
        // IHE PDQm 3.2.0, ITI-78 section 2:3.78.4.1.2.1.
        for name in [
            "_id",
            "active",
            "family",
            "given",
            "identifier",
            "telecom",
            "birthdate",
            "address",
            "address-city",
            "address-country",
            "address-postalcode",
            "address-state",
            "gender",
            "mothersMaidenName",
            "_lastUpdated",
        ] {
            assert!(names.contains(&name), "{name}");
        }
    }
}
