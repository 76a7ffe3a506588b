//! The shapes of bodies. FHIR's own resources are told as far as the registry reads them.

use serde_json::{Value, json};

use super::operation::{list, shape};

/// All of them, by name.
pub(super) fn schemas() -> Value {
    let parts = [resources(), sent_resources(), answers(), accounts(), decisions()];
    let parts = parts.into_iter().filter_map(|part| match part {
        Value::Object(shapes) => Some(shapes),
        _ => None,
    });
    Value::Object(parts.flatten().collect())
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^\\S+( \\S+)*$" })
}

fn resources() -> Value {
    json!({
        "OperationOutcome": {
            "type": "object",
            "required": ["resourceType", "issue"],
            "properties": {
                "resourceType": { "const": "OperationOutcome" },
                "issue": { "type": "array", "minItems": 1, "items": {
                    "type": "object",
                    "required": ["severity", "code", "diagnostics"],
                    "properties": {
                        "severity": { "enum": ["fatal", "error", "warning", "information"] },
                        "code": { "type": "string" },
                        "diagnostics": { "type": "string" },
                        "expression": { "type": "array", "items": { "type": "string" } },
                    },
                }},
            },
        },
        "Bundle": {
            "type": "object",
            "required": ["resourceType", "type"],
            "properties": {
                "resourceType": { "const": "Bundle" },
                "type": { "enum": ["batch", "transaction", "searchset", "history", "batch-response", "transaction-response"] },
                "total": { "type": "integer", "minimum": 0 },
                "entry": { "type": "array", "items": { "type": "object" } },
            },
        },
        "Resource": {
            "type": "object",
            "required": ["resourceType"],
            "properties": { "resourceType": { "type": "string" } },
        },
    })
}

/// What is sent.
fn sent_resources() -> Value {
    let identifier =
        json!({ "type": "object", "properties": { "system": text(), "value": text() } });
    json!({
        "Patient": patient(),
        "Parameters": {
            "type": "object",
            "required": ["resourceType"],
            "properties": {
                "resourceType": { "const": "Parameters" },
                "parameter": { "type": "array", "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": { "enum": ["sourceIdentifier", "targetSystem"] },
                        "valueString": text(),
                        "valueUri": text(),
                        "valueIdentifier": identifier,
                    },
                }},
            },
        },
        "BundleToProcess": {
            "type": "object",
            "required": ["resourceType", "type", "entry"],
            "properties": {
                "resourceType": { "const": "Bundle" },
                "type": { "enum": ["batch", "transaction"] },
                "entry": { "type": "array", "maxItems": 10, "items": {
                    "type": "object",
                    "required": ["request", "resource"],
                    "properties": {
                        "resource": shape("Patient"),
                        "request": {
                            "type": "object",
                            "required": ["method", "url"],
                            "properties": {
                                "method": { "enum": ["POST", "PUT", "GET", "DELETE"] },
                                "url": { "enum": ["Patient", "Patient/a1", "Patient?identifier=1"] },
                            },
                        },
                    },
                }},
            },
        },
    })
}

/// What a source may send, as far as matching reads it; FHIR has no empty lists or objects.
fn patient() -> Value {
    let day = "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$";
    json!({
        "type": "object",
        "required": ["resourceType", "identifier"],
        "additionalProperties": false,
        "properties": {
            "resourceType": { "const": "Patient" },
            "identifier": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["system", "value"],
                "additionalProperties": false,
                "properties": {
                    "system": { "enum": ["http://clientregistry.org/openmrs"] },
                    "value": text(),
                },
            }},
            "name": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["family"],
                "additionalProperties": false,
                "properties": {
                    "use": { "enum": ["official", "usual", "nickname", "old"] },
                    "family": text(),
                    "given": { "type": "array", "minItems": 1, "items": text() },
                },
            }},
            "gender": { "enum": ["male", "female", "other", "unknown"] },
            "birthDate": { "type": "string", "pattern": day },
            "telecom": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["system", "value"],
                "additionalProperties": false,
                "properties": { "system": { "enum": ["phone", "email", "sms"] }, "value": text() },
            }},
        },
    })
}

fn accounts() -> Value {
    json!({
        "Credentials": {
            "type": "object",
            "required": ["username", "password"],
            "properties": { "username": text(), "password": text() },
        },
        "NewAccount": {
            "type": "object",
            "required": ["userName", "password", "firstName", "surname", "role"],
            "properties": {
                "userName": text(), "password": text(), "firstName": text(), "otherName": text(),
                "surname": text(), "role": text(),
            },
        },
        "Setup": {
            "type": "object",
            "required": ["token", "username", "password", "firstName", "surname"],
            "properties": {
                "token": text(), "username": text(), "password": text(), "firstName": text(),
                "surname": text(),
            },
        },
        "AccountChange": {
            "type": "object",
            "required": ["id", "firstName", "surname", "role", "status"],
            "properties": {
                "id": text(), "firstName": text(), "otherName": text(), "surname": text(),
                "role": text(), "status": { "enum": ["Active", "Inactive"] },
            },
        },
        "PasswordChange": {
            "type": "object",
            "required": ["username", "password", "newpassword"],
            "properties": { "username": text(), "password": text(), "newpassword": text() },
        },
    })
}

fn answers() -> Value {
    let anything = json!({ "type": "object" });
    json!({
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": { "type": "string" } },
        },
        "Status": {
            "type": "object",
            "required": ["status"],
            "properties": { "status": { "type": "string" }, "reason": { "type": "string" } },
        },
        "Object": anything,
        "Objects": list("Object"),
        "Total": {
            "type": "object",
            "required": ["total"],
            "properties": { "total": { "type": "integer", "minimum": 0 } },
        },
        "SignedIn": {
            "type": "object",
            "required": ["token", "userID", "role"],
            "properties": {
                "token": { "type": ["string", "null"] },
                "userID": { "type": ["string", "null"] },
                "username": { "type": "string" },
                "role": { "type": ["string", "null"] },
            },
        },
    })
}

fn decisions() -> Value {
    let reference = json!({ "type": "string", "pattern": "^(Patient/)?[A-Za-z0-9.-]{1,64}$" });
    json!({
        "References": { "type": "array", "items": reference },
        "Pairs": { "type": "array", "items": {
            "type": "object",
            "required": ["id1", "id2"],
            "properties": { "id1": reference, "id2": reference },
        }},
        "Judgement": {
            "type": "object",
            "required": ["id1", "id2"],
            "properties": {
                "id1": reference, "id2": reference,
                "withdrawBroken": { "type": "boolean" }, "reason": { "type": "string" },
            },
        },
        "Undo": {
            "type": "object",
            "required": ["event"],
            "properties": {
                "event": { "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64 },
                "reason": { "type": "string" },
            },
        },
        "Resolution": {
            "type": "object",
            "required": ["resolvingFrom"],
            "properties": {
                "resolvingFrom": reference,
                "flagType": { "enum": ["potentialMatches", "conflictMatches", "autoMatches"] },
                "removeFlag": { "type": "boolean" },
                "withdrawBroken": { "type": "boolean" },
                "reason": { "type": "string" },
                "resolves": { "type": "array", "items": {
                    "type": "object",
                    "required": ["id", "uid"],
                    "properties": { "id": reference, "uid": text(), "ouid": text() },
                }},
            },
        },
    })
}
