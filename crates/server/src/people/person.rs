//! An account as FHIR's Person (contract 2.6), without what passwords are checked against
//! (contract 6, S20).

use registry::account::{Account, AccountName};
use serde_json::{Value, json};

/// The extension that OpenCR keeps an account in.
pub(super) const DETAILS: &str =
    "http://openclientregistry.org/fhir/StructureDefinition/OCRUserDetails";

/// The account as a Person.
pub(super) fn view(account: &Account) -> Value {
    let details = [
        ("username", account.username.clone()),
        ("role", account.role.as_str().to_owned()),
        ("status", account.status.as_str().to_owned()),
        ("created", account.created_at.to_instant()),
    ];
    let details = details.map(|(url, value)| json!({ "url": url, "valueString": value }));
    let mut person = json!({
        "resourceType": "Person",
        "id": account.id.as_str(),
        "extension": [{ "url": DETAILS, "extension": details }],
    });
    if let Some(name) = name(&account.name) {
        person["name"] = json!([name]);
    }
    person["active"] = json!(account.status.as_str() == "active");
    person
}

/// A HumanName; FHIR has no empty texts or lists.
fn name(name: &AccountName) -> Option<Value> {
    let other = name.other.split(' ');
    let given: Vec<&str> =
        std::iter::once(name.first.as_str()).chain(other).filter(|part| !part.is_empty()).collect();
    let mut human = json!({ "use": "official" });
    if !given.is_empty() {
        human["given"] = json!(given);
    }
    if !name.surname.is_empty() {
        human["family"] = json!(name.surname);
    }
    (human.as_object().is_some_and(|members| members.len() > 1)).then_some(human)
}

/// A list of accounts as a searchset.
pub(super) fn bundle(accounts: &[Account], total: u64) -> Value {
    let entry =
        |account: &Account| json!({ "resource": view(account), "search": { "mode": "match" } });
    let entries: Vec<Value> = accounts.iter().map(entry).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "total": total, "entry": entries })
}
