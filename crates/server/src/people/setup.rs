//! The first administrator, made with a token that only whoever runs the process can read.

use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use http::StatusCode;
use registry::account::Role;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    People,
    accounts::{name_of, new_account},
    arrivals::address,
    error::{PeopleError, json_reply},
    fields::Fields,
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
    first_admin(people, fields).await.map_err(IntoResponse::into_response)
}

async fn first_admin(people: &People, mut fields: Fields) -> Result<Response, PeopleError> {
    let token = fields.take("token");
    let fits = people.shared.invitation.lock().as_ref().is_some_and(|known| known.fits(&token));
    if !fits {
        return Err(PeopleError::Forbidden(
            "the one-time token is wrong or used; it is printed at the start of a registry that \
             has no account, and `opencr user add` does without",
        ));
    }
    let username = fields.need("username")?;
    let account = new_account(
        people,
        username,
        name_of(&mut fields)?,
        (Role::Admin, fields.take("password")),
    )
    .await?;
    let is_first = people.accounts().add_first_account(&account).await?;
    // Used, or useless because somebody was faster.
    people.shared.invitation.lock().take();
    if !is_first {
        return Err(PeopleError::Conflict("there is an account already"));
    }
    tracing::info!(user = %account.id, "the first administrator was made");
    Ok(json_reply(StatusCode::CREATED, &person::view(&account)))
}
