//! What systems ask for, and whoever runs the process.

use serde_json::json;

use super::operation::{FHIR, JSON, Operation, shape};

/// The FHIR API, the probes and this description.
pub(super) fn operations() -> Vec<Operation> {
    [operators(), patients(), searches(), versions(), cross_references()]
        .into_iter()
        .flatten()
        .collect()
}

fn operators() -> Vec<Operation> {
    let status = || (JSON, shape("Status"));
    vec![
        Operation::of_operators("/healthz", "Whether the process lives").answers(
            200,
            "It does",
            status(),
        ),
        Operation::of_operators("/readyz", "Whether it can serve")
            .answers(200, "It can", status())
            .answers(503, "It cannot, and why", status()),
        Operation::of_operators("/metrics", "Figures for Prometheus, for who may read them")
            .answers(200, "The figures", ("text/plain", json!({ "type": "string" }))),
        Operation::of_operators("/openapi.json", "This description").answers(
            200,
            "The description",
            (JSON, json!({ "type": "object" })),
        ),
        Operation::of_systems("GET", "/fhir/metadata", "The CapabilityStatement").answers(
            200,
            "The statement",
            (FHIR, shape("Resource")),
        ),
    ]
}

fn patients() -> Vec<Operation> {
    let patient = shape("Patient");
    let stored = || (FHIR, shape("Resource"));
    let write = |method, path, summary| {
        Operation::of_systems(method, path, summary)
            .takes(&[FHIR, JSON], &patient)
            .header("Idempotency-Key", "Sent again with the same key, it is carried out once")
            .answers(200, "Updated, or known already", stored())
            .answers(201, "Created; Location and LocationCRUID tell where", stored())
    };
    let bundle = (FHIR, shape("Bundle"));
    vec![
        write("POST", "/fhir/Patient", "Submit a Patient")
            .header("If-None-Exist", "Only if no Patient fits this search"),
        write("PUT", "/fhir/Patient", "Submit a Patient found by a search")
            .needs("identifier", "Whose Patient it is, as system|value"),
        write("PUT", "/fhir/Patient/{id}", "Submit a Patient under an id")
            .header("If-Match", "The version that is stored, as W/\"1\""),
        Operation::of_systems("GET", "/fhir/Patient/{id}", "Read a Patient or a golden record")
            .answers(200, "As far as the caller's level goes", stored())
            .ends(304, "It has not changed"),
        Operation::of_systems("DELETE", "/fhir/Patient/{id}", "Withdraw a Patient")
            .header("Idempotency-Key", "Sent again with the same key, it is carried out once")
            .ends(204, "Withdrawn"),
        Operation::of_systems("DELETE", "/fhir/Patient", "Withdraw a Patient found by a search")
            .needs("identifier", "Whose Patient it is, as system|value")
            .ends(204, "Withdrawn, or there was none"),
        Operation::of_systems("POST", "/fhir", "Submit a batch or transaction")
            .takes(&[FHIR, JSON], &shape("BundleToProcess"))
            .header("Idempotency-Key", "Sent again with the same key, it is carried out once")
            .answers(200, "An answer for each entry", bundle),
    ]
}

fn searches() -> Vec<Operation> {
    let bundle = || (FHIR, shape("Bundle"));
    let form = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    vec![
        search(Operation::of_systems("GET", "/fhir/Patient", "Search Patients")).answers(
            200,
            "A page",
            bundle(),
        ),
        Operation::of_systems("POST", "/fhir/Patient/_search", "Search by a form")
            .takes(&["application/x-www-form-urlencoded"], &form)
            .answers(200, "A page", bundle()),
        Operation::of_systems("GET", "/fhir", "A further page of a search or history")
            .needs("_getpages", "The token in the link of the page before")
            .query("_count", "Entries of a page")
            .answers(200, "The page", bundle()),
    ]
}

/// The parameters of a search, the same for systems and for people.
pub(super) fn search(operation: Operation) -> Operation {
    let parameters = [
        "_id",
        "identifier",
        "name",
        "family",
        "given",
        "gender",
        "birthdate",
        "phone",
        "email",
        "telecom",
        "address",
        "address-city",
        "link",
        "_tag",
        "_lastUpdated",
        "_sort",
        "_count",
        "_total",
        "_summary",
        "_elements",
        "_include",
    ];
    parameters.iter().fold(operation, |operation, name| {
        operation.query(name, "As in FHIR R4, Patient and search")
    })
}

fn versions() -> Vec<Operation> {
    vec![
        Operation::of_systems("GET", "/fhir/Patient/{id}/_history", "All versions, newest first")
            .query("_count", "Entries of a page")
            .answers(200, "A page", (FHIR, shape("Bundle"))),
        Operation::of_systems("GET", "/fhir/Patient/{id}/_history/{version}", "One version")
            .answers(200, "The version", (FHIR, shape("Resource"))),
    ]
}

fn cross_references() -> Vec<Operation> {
    let paths = ["/fhir/Patient/$ihe-pix", "/fhir/{kind}/$ihe-pix"];
    let mut operations = Vec::new();
    for path in paths {
        let found = || (FHIR, shape("Resource"));
        let summary = "Under which identifiers a person is known elsewhere (IHE ITI-83)";
        operations.push(
            Operation::of_systems("GET", path, summary)
                .needs("sourceIdentifier", "The known identifier, as system|value")
                .query("targetSystem", "Only identifiers of this system")
                .answers(200, "Parameters", found()),
        );
        operations.push(
            Operation::of_systems("POST", path, summary)
                .takes(&[FHIR, JSON], &shape("Parameters"))
                .answers(200, "Parameters", found()),
        );
    }
    operations
}
