//! Accounts as OpenCR kept them: a Person with its details in an extension (contract 2.6).

use registry::{
    account::{Account, AccountName, AccountStatus, PasswordHash, Role, is_name, is_username},
    ids::{AccountId, Timestamp},
};
use serde_json::Value;
use thiserror::Error;

use super::{password::is_published, person::DETAILS};

/// Why a resource does not become an account. Nothing in it says whose it is.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotAnAccount {
    /// It is no Person with an id and OpenCR's extension.
    #[error("it is no Person with an id and OpenCR's details of an account")]
    NoDetails,
    /// It has a user name or names that we do not take.
    #[error("its user name or a name is missing, too long or has unprintable characters")]
    Names,
    /// Its role or status is none of ours.
    #[error("its role or status is none that is known")]
    Access,
    /// Its hash or salt is not one that OpenCR makes.
    #[error("its password's hash or salt is not in OpenCR's form")]
    Hash,
    /// Everybody knows its password.
    #[error(
        "it has the password that OpenCR is delivered with, which everybody knows; make a new \
         account by `opencr user add`"
    )]
    PublishedPassword,
}

/// Reads the account of a Person of OpenCR's; its id stays. Without a role it is an
/// administrator's, without a status active (contract 1.5).
///
/// # Errors
///
/// [`NotAnAccount`]: leave it out and tell the operator.
pub fn account_of_person(person: &Value, now: Timestamp) -> Result<Account, NotAnAccount> {
    let id = person["id"].as_str().filter(|id| ::fhir::is_valid_id(id));
    let id = id.filter(|_| person["resourceType"] == "Person").ok_or(NotAnAccount::NoDetails)?;
    let extensions = |value: &Value| value["extension"].as_array().cloned().unwrap_or_default();
    let details = extensions(person).into_iter().find(|extension| extension["url"] == DETAILS);
    let details = extensions(&details.ok_or(NotAnAccount::NoDetails)?);
    let detail = |name: &str| {
        let found = details.iter().find(|detail| detail["url"] == name)?;
        found["valueString"].as_str()
    };
    let username =
        detail("username").filter(|name| is_username(name)).ok_or(NotAnAccount::Names)?;
    let role = detail("role").map_or(Some(Role::Admin), Role::parse);
    let status = detail("status").map_or(Some(AccountStatus::Active), AccountStatus::parse);
    let (role, status) = role.zip(status).ok_or(NotAnAccount::Access)?;
    let hash = detail("salt").zip(detail("password"));
    let password = hash.and_then(|(salt, hash)| PasswordHash::of_opencr(salt, hash));
    let password = password.ok_or(NotAnAccount::Hash)?;
    if is_published(&password) {
        return Err(NotAnAccount::PublishedPassword);
    }
    let name = name_of(&person["name"][0]).ok_or(NotAnAccount::Names)?;
    let (id, username) = (AccountId::new(id), username.to_owned());
    // When OpenCR made it is told in many forms; the account is ours from now on.
    Ok(Account { id, username, name, role, status, created_at: now, password })
}

fn name_of(name: &Value) -> Option<AccountName> {
    let given = name["given"].as_array().cloned().unwrap_or_default();
    let mut given = given.iter().filter_map(Value::as_str);
    let first = given.next().unwrap_or_default().to_owned();
    let other = given.collect::<Vec<_>>().join(" ");
    let surname = name["family"].as_str().unwrap_or_default().to_owned();
    let is_good = [&first, &other, &surname].into_iter().all(|name| is_name(name));
    is_good.then_some(AccountName { first, other, surname })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(change: impl FnOnce(&mut Vec<(&str, String)>)) -> Value {
        let salt = "000102030405060708090a0b0c0d0e0f".to_owned();
        let hash = include_str!("password/opencr_hash.txt").trim().to_owned();
        let mut details = vec![("username", "jane".to_owned()), ("password", hash), ("salt", salt)];
        change(&mut details);
        let details: Vec<Value> = details
            .into_iter()
            .map(|(url, value)| json!({ "url": url, "valueString": value }))
            .collect();
        json!({ "resourceType": "Person", "id": "p1",
                "name": [{ "given": ["Jane", "Mary", "Ann"], "family": "Made-Up" }],
                "extension": [{ "url": DETAILS, "extension": details }] })
    }

    fn read(person: &Value) -> Result<Account, NotAnAccount> {
        account_of_person(person, Timestamp(5))
    }

    #[test]
    fn account_of_opencr_keeps_its_id_names_and_rights() {
        let account = read(&person(|_| {})).unwrap();
        assert_eq!((account.id.as_str(), account.username.as_str()), ("p1", "jane"));
        assert_eq!((account.role, account.status), (Role::Admin, AccountStatus::Active));
        assert_eq!(account.name.other, "Mary Ann");
        let steward = person(|details| {
            details.push(("role", "deduplication".into()));
            details.push(("status", "inactive".into()));
        });
        let account = read(&steward).unwrap();
        assert_eq!((account.role, account.status), (Role::Steward, AccountStatus::Inactive));
    }

    #[test]
    fn s6_account_with_the_published_password_is_left_out() {
        // PBKDF2 of OpenCR's published password over a salt made up for this test.
        let known = person(|details| details[1].1 = PUBLISHED.into());
        assert_eq!(read(&known), Err(NotAnAccount::PublishedPassword));
    }

    #[test]
    fn what_is_no_account_is_told() {
        assert_eq!(read(&json!({})), Err(NotAnAccount::NoDetails));
        let mut patient = person(|_| {});
        patient["resourceType"] = json!("Patient");
        assert_eq!(read(&patient), Err(NotAnAccount::NoDetails));
        let mut plain = person(|_| {});
        plain["extension"] = json!([]);
        assert_eq!(read(&plain), Err(NotAnAccount::NoDetails));
        let check = |at: usize, value: &str, expected| {
            let person = person(|details| details[at].1 = value.into());
            assert_eq!(read(&person), Err(expected), "{value}");
        };
        check(0, "a b", NotAnAccount::Names);
        check(1, "abc", NotAnAccount::Hash);
        check(2, "", NotAnAccount::Hash);
        let king = person(|details| details.push(("role", "king".into())));
        assert_eq!(read(&king), Err(NotAnAccount::Access));
    }

    const PUBLISHED: &str = include_str!("import/published_hash.txt").trim_ascii();
}
