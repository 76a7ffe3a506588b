//! Managing accounts, in the shapes of OpenCR's UI (contract 1.5).

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use registry::{
    account::{
        Account, AccountChange, AccountName, AccountStatus, NAME_CHARS_MAX, Role,
        USERNAME_CHARS_MAX, is_name, is_username,
    },
    ids::AccountId,
};
use serde_json::{Value, json};
use store::{Changed, Window};

use super::{
    NewAccount, People, User,
    error::{PeopleError, json_reply, text_reply},
    fields::Fields,
    login::verify,
    password::{Password, is_long_enough},
    person,
};
use crate::App;

/// Most accounts in one list; OpenCR's UI has no paging for them.
const LISTED_MAX: u64 = 10_000;

/// `POST /ocrux/user/addUser`: 201 and the account as a Person without its hash.
pub(super) async fn add(
    State(app): State<App>,
    user: User,
    mut fields: Fields,
) -> Result<Response, PeopleError> {
    let people = People::of(&app);
    let username = fields.need("userName")?;
    let name = name_of(&mut fields)?;
    let role = role_of(&mut fields)?;
    let account = new_account(people, username, name, (role, fields.take("password"))).await?;
    if !people.accounts().add_account(&account).await? {
        // Empty, as OpenCR answers; its UI says that the name is taken.
        return Ok(StatusCode::BAD_REQUEST.into_response());
    }
    tracing::info!(user = %account.id, by = %user.id(), role = role.as_str(), "account added");
    Ok(json_reply(StatusCode::CREATED, &person::view(&account)))
}

/// `POST /ocrux/user/editUser`: names, role and status of an account.
pub(super) async fn edit(
    State(app): State<App>,
    user: User,
    mut fields: Fields,
) -> Result<Response, PeopleError> {
    let people = People::of(&app);
    let id = AccountId::new(fields.need("id")?);
    let name = name_of(&mut fields)?;
    let role = role_of(&mut fields)?;
    let status = fields.need("status")?;
    let status = AccountStatus::parse(&status)
        .ok_or_else(|| PeopleError::bad("status must be active or inactive"))?;
    let change = AccountChange { name, role, status };
    let own = &user.account;
    if own.id == id && (own.role, own.status) != (role, status) {
        return Err(PeopleError::Forbidden(
            "you cannot change your own role or status; ask another administrator",
        ));
    }
    match people.accounts().change_account(&id, &change).await? {
        Changed::Done => {
            let (role, status) = (role.as_str(), status.as_str());
            tracing::info!(user = %id, by = %own.id, role, status, "account changed");
            Ok(text_reply(StatusCode::OK, "User Changed"))
        }
        Changed::Unknown => Err(PeopleError::bad("there is no account with this id")),
        Changed::LastAdmin => {
            Err(PeopleError::bad("this is the last active administrator; make another one first"))
        }
    }
}

/// `GET /ocrux/user/getUsers`: every account, as rows of OpenCR's table.
pub(super) async fn list(State(app): State<App>, _user: User) -> Result<Response, PeopleError> {
    let window = Window { offset: 0, limit: LISTED_MAX };
    let (accounts, _) = People::of(&app).accounts().accounts(window).await?;
    let row = |account: &Account| {
        json!({
            "id": account.id.as_str(),
            "userName": account.username,
            "firstName": account.name.first,
            "otherName": account.name.other,
            "surname": account.name.surname,
            "role": account.role.as_str(),
            "status": account.status.as_str(),
        })
    };
    Ok(json_reply(StatusCode::OK, &Value::Array(accounts.iter().map(row).collect())))
}

/// `POST /ocrux/user/changepassword`: one's own, with the current one; ends the other sessions.
///
/// Errors that OpenCR's UI shows to people are texts.
pub(super) async fn change_password(
    State(app): State<App>,
    user: User,
    mut fields: Fields,
) -> Result<Response, PeopleError> {
    let people = People::of(&app);
    if fields.need("username")? != user.username() {
        return Ok(text_reply(StatusCode::FORBIDDEN, "You can change your own password only"));
    }
    let refuse = || json_reply(StatusCode::BAD_REQUEST, &json!("Password mismatch"));
    let Some(current) = Password::new(fields.take("password")) else { return Ok(refuse()) };
    let next = match chosen(people, fields.take("newpassword")) {
        Ok(next) => next,
        Err(error) => return Ok((StatusCode::BAD_REQUEST, error.to_string()).into_response()),
    };
    match replace_password(people, &user, &current, &next).await? {
        true => Ok(text_reply(StatusCode::OK, "Password Changed")),
        false => Ok(refuse()),
    }
}

/// Gives a person another password and ends the other sessions; false if `current` is wrong.
pub(super) async fn replace_password(
    people: &People,
    user: &User,
    current: &Password,
    next: &Password,
) -> Result<bool, PeopleError> {
    if verify(people, Some(&user.account), current).await?.is_none() {
        return Ok(false);
    }
    let hash = people.passwords().hash(next).await;
    people.accounts().set_password(user.id(), &hash, Some(user.session())).await?;
    tracing::info!(user = %user.id(), "password changed");
    Ok(true)
}

/// An account made of what a form says; `access` is its role and the password chosen for it.
pub(super) async fn new_account(
    people: &People,
    username: String,
    name: AccountName,
    access: (Role, String),
) -> Result<Account, PeopleError> {
    if !is_username(&username) {
        let text = format!(
            "a user name has 1 to {USERNAME_CHARS_MAX} characters and no blanks among them"
        );
        return Err(PeopleError::Bad(text));
    }
    let (role, password) = access;
    let password = chosen(people, password)?;
    let hash = people.passwords().hash(&password).await;
    Ok(NewAccount { username, name, role }.with(hash, people.now()))
}

/// A password that somebody chooses.
fn chosen(people: &People, text: String) -> Result<Password, PeopleError> {
    let chars_min = people.settings().password_chars_min;
    let password = Password::new(text);
    password.filter(|password| is_long_enough(password, chars_min)).ok_or_else(|| {
        PeopleError::Bad(format!("a password needs at least {chars_min} characters"))
    })
}

/// The names in a form.
pub(super) fn name_of(fields: &mut Fields) -> Result<AccountName, PeopleError> {
    let mut name = |field: &str| {
        let text = fields.take(field).trim().to_owned();
        let why = || format!("{field} may have {NAME_CHARS_MAX} characters, all of them printable");
        if is_name(&text) { Ok(text) } else { Err(PeopleError::Bad(why())) }
    };
    let (first, other, surname) = (name("firstName")?, name("otherName")?, name("surname")?);
    Ok(AccountName { first, other, surname })
}

fn role_of(fields: &mut Fields) -> Result<Role, PeopleError> {
    let role = Role::parse(&fields.need("role")?);
    role.ok_or_else(|| {
        let known = Role::ALL.map(Role::as_str).join(", ");
        PeopleError::Bad(format!("role must be one of {known}"))
    })
}
