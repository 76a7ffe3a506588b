//! Bundles of Patients to submit.

use serde_json::{Value, json};

/// A Bundle of `kind` whose entries create `patients`, in their order.
pub fn bundle(kind: &str, patients: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    let create = |patient: Value| {
        let request = json!({ "method": "POST", "url": "Patient" });
        json!({ "resource": patient, "request": request })
    };
    let entries: Vec<Value> = patients.into_iter().map(Into::into).map(create).collect();
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

/// A batch that creates `patients`: each stands or falls alone.
pub fn batch(patients: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    bundle("batch", patients)
}

/// A transaction that creates `patients`: all or none.
pub fn transaction(patients: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    bundle("transaction", patients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person;

    #[test]
    fn entries_keep_the_order() {
        let bundle = batch([person("Amina"), person("Okot")]);
        assert_eq!(bundle["entry"][1]["resource"]["name"][0]["given"][0], "Okot");
        assert_eq!(bundle["entry"][0]["request"]["method"], "POST");
    }
}
