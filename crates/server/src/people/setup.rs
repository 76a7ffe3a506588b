//! The first administrator, made with a token that only whoever runs the process can read.

use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use http::StatusCode;
use registry::account::{Account, AccountName, Role};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    NewAccount, People,
    accounts::{name_of, new_account},
    arrivals::address,
    error::{PeopleError, json_reply},
    fields::Fields,
    password::Password,
    person,
};
use crate::App;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 24;

/// The hash of the token that was shown.
pub(super) struct Invitation([u8; 32]);

impl Invitation {
    /// A fresh one, and the token to show.
    pub(super) fn fresh() -> (Self, String) {
        let mut bytes = [0; TOKEN_BYTES];
        OsRng.fill_bytes(&mut bytes);
        let shown = URL_SAFE_NO_PAD.encode(bytes);
        (Self(Sha256::digest(&shown).into()), shown)
    }

    /// Whether this is the token; hashes of equal length are compared in constant time.
    fn fits(&self, token: &str) -> bool {
        self.0.ct_eq(Sha256::digest(token).as_slice()).into()
    }
}

/// `POST /ocrux/user/setup`: `token`, `username`, `password`, `firstName`, `surname`. Works once,
/// while there is no account.
pub(super) async fn set_up(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let people = People::of(&app);
    let (parts, body) = request.into_parts();
    let admitted = people.shared.arrivals.admit(address(&parts, app.settings()));
    admitted.map_err(|seconds| PeopleError::TooOften(seconds).into_response())?;
    let fields = Fields::from_request(Request::from_parts(parts, body), &app).await?;
    by_fields(people, fields).await.map_err(IntoResponse::into_response)
}

async fn by_fields(people: &People, mut fields: Fields) -> Result<Response, PeopleError> {
    if !is_invited(people, &fields.take("token")) {
        return Err(PeopleError::Forbidden(
            "the one-time token is wrong or used; it is printed at the start of a registry that \
             has no account, and `opencr user add` does without",
        ));
    }
    let username = fields.need("username")?;
    let name = name_of(&mut fields)?;
    let account =
        new_account(people, username, name, (Role::Admin, fields.take("password"))).await?;
    match add_first(people, account).await? {
        Made::First(account) => Ok(json_reply(StatusCode::CREATED, &person::view(&account))),
        Made::TooLate => Err(PeopleError::Conflict("there is an account already")),
    }
}

/// Whether a token is the one that was shown and not used.
pub(super) fn is_invited(people: &People, token: &str) -> bool {
    people.shared.invitation.lock().as_ref().is_some_and(|known| known.fits(token))
}

/// What came of making the first administrator.
pub(super) enum Made {
    /// The account.
    First(Account),
    /// Somebody was faster.
    TooLate,
}

/// Makes the first administrator, for somebody who is invited.
pub(super) async fn first_admin(
    people: &People,
    username: String,
    name: AccountName,
    password: Password,
) -> Result<Made, PeopleError> {
    let hash = people.passwords().hash(&password).await;
    let account = NewAccount { username, name, role: Role::Admin }.with(hash, people.now());
    add_first(people, account).await
}

async fn add_first(people: &People, account: Account) -> Result<Made, PeopleError> {
    let is_first = people.accounts().add_first_account(&account).await?;
    // Used, or useless because somebody was faster.
    people.shared.invitation.lock().take();
    if !is_first {
        return Ok(Made::TooLate);
    }
    tracing::info!(user = %account.id, "the first administrator was made");
    Ok(Made::First(account))
}
