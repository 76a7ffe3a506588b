//! Signing in and out (contract 1.5).
//!
//! Whatever is wrong, the answer is the same and comes no sooner (contract 6, S12): OpenCR's UI
//! takes both the status and the empty token for a failure. The form of the URL is OpenCR's; the
//! URL is never logged.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, SET_COOKIE},
};
use registry::{
    account::{Account, AccountStatus, PasswordHash, Session},
    ids::{SessionId, Timestamp},
};
use serde_json::{Value, json};
use store::AttemptLimit;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::{
    People, User,
    arrivals::address,
    error::{PeopleError, json_reply},
    fields::{Fields, media_type, read},
    gate::{COOKIE_NAME, who},
    password::{Password, Verdict},
};
use crate::{App, audit::Notes, query};

/// A user name and a password. No `Debug`.
pub(super) struct Credentials {
    /// What the person signs in with.
    pub(super) username: String,
    /// The password that was typed.
    pub(super) password: Password,
    /// Whether our own UI asks, which keeps the token in a cookie.
    pub(super) wants_cookie: bool,
}

/// `POST /ocrux/user/authenticate`: the query string of OpenCR's UI, or a JSON object.
pub(super) async fn authenticate(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PeopleError> {
    let begun = Instant::now();
    let people = People::of(&app);
    let notes = request.extensions().get::<Notes>().cloned().unwrap_or_default();
    let (address, credentials) = credentials(&app, request).await?;
    people.shared.arrivals.admit(address).map_err(PeopleError::TooOften)?;
    let Some(credentials) = credentials else { return Ok(refused()) };
    let opened = match sign_in(people, &credentials).await? {
        Some(account) => open(people, account).await?,
        None => None,
    };
    let Some((account, token)) = opened else {
        sleep_until(begun + people.settings().refusal_after).await;
        return Ok(refused());
    };
    notes.sent_by(who(&account, "password"));
    let answer = json!({
        "token": token,
        "userID": account.id.as_str(),
        "username": account.username,
        "role": account.role.as_str(),
    });
    let mut response = json_reply(StatusCode::OK, &answer);
    if credentials.wants_cookie {
        let seconds = people.settings().session.as_secs();
        response.headers_mut().insert(SET_COOKIE, cookie(&app, &token, seconds));
    }
    Ok(response)
}

/// `POST /ocrux/user/logout`: ends the session, so that its token is worth nothing any more.
pub(super) async fn log_out(State(app): State<App>, user: User) -> Result<Response, PeopleError> {
    People::of(&app).accounts().end_session(user.session()).await?;
    let mut response = json_reply(StatusCode::OK, &Value::Bool(true));
    response.headers_mut().insert(SET_COOKIE, cookie(&app, "", 0));
    Ok(response)
}

/// Any method at `/ocrux/isTokenActive/`: the gate has let it through (contract 1.3).
pub(super) async fn is_active(_user: User) -> Response {
    json_reply(StatusCode::OK, &Value::Bool(true))
}

async fn credentials(
    app: &App,
    request: Request,
) -> Result<(Option<IpAddr>, Option<Credentials>), PeopleError> {
    let is_json = media_type(&request) == "application/json";
    let (parts, body): (_, Body) = request.into_parts();
    let address = address(&parts, app.settings());
    let (username, password) = if is_json {
        let mut fields = Fields::of_json(&read(body, app).await?)?;
        (fields.take("username"), fields.take("password"))
    } else {
        let pairs = query::decode(parts.uri.query().unwrap_or_default());
        let pairs = pairs.map_err(|_| PeopleError::bad("the query is not UTF-8"))?;
        let value = |name| query::value(&pairs, name).unwrap_or_default().to_owned();
        (value("username"), value("password"))
    };
    let credentials = Password::new(password).filter(|_| !username.is_empty());
    let credentials =
        credentials.map(|password| Credentials { username, password, wants_cookie: is_json });
    Ok((address, credentials))
}

/// The account that the credentials belong to, with the hash that now proves it.
pub(super) async fn sign_in(
    people: &People,
    credentials: &Credentials,
) -> Result<Option<Account>, PeopleError> {
    let accounts = people.accounts();
    let account = accounts.account_named(&credentials.username).await?;
    let is_passed = verify(people, account.as_ref(), &credentials.password).await?;
    let Some(password) = is_passed else { return Ok(None) };
    Ok(account
        .filter(|account| account.status == AccountStatus::Active)
        .map(|account| Account { password, ..account }))
}

/// Checks a password as an attempt that counts; gives the hash that is kept if it is right.
///
/// Takes as long for no account, for a locked and for an inactive one.
pub(super) async fn verify(
    people: &People,
    account: Option<&Account>,
    password: &Password,
) -> Result<Option<PasswordHash>, PeopleError> {
    let accounts = people.accounts();
    let admitted = match account {
        Some(account) => {
            accounts.begin_attempt(&account.id, limit(people)).await?.then_some(account)
        }
        None => None,
    };
    let known = admitted.map(|account| &account.password);
    let rehashed = match people.passwords().check(password, known).await {
        Verdict::Wrong => return Ok(None),
        Verdict::Right => None,
        Verdict::RightButOld(better) => Some(better),
    };
    // An inactive account stays locked: its password is nobody's to try.
    let Some(account) = admitted.filter(|account| account.status == AccountStatus::Active) else {
        return Ok(None);
    };
    accounts.pass_attempt(&account.id, &account.password, rehashed.as_ref()).await?;
    Ok(Some(rehashed.unwrap_or_else(|| account.password.clone())))
}

fn limit(people: &People) -> AttemptLimit {
    let settings = people.settings();
    let now = people.now();
    AttemptLimit { attempts_max: settings.attempts_max, now, lock_until: after(now, settings.lock) }
}

fn after(at: Timestamp, duration: std::time::Duration) -> Timestamp {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Timestamp(at.0.saturating_add(micros))
}

/// Opens a session and signs its token; `None` if the account changed meanwhile.
pub(super) async fn open(
    people: &People,
    account: Account,
) -> Result<Option<(Account, String)>, PeopleError> {
    let now = people.now();
    let session = Session {
        id: SessionId::new(Uuid::new_v4().to_string()),
        account: account.id.clone(),
        created_at: now,
        expires_at: after(now, people.settings().session),
    };
    if !people.accounts().open_session(&session, &account.password).await? {
        return Ok(None);
    }
    let token = people.shared.keys.sign(&session).await?;
    tracing::info!(user = %account.id, "signed in");
    Ok(Some((account, token)))
}

fn refused() -> Response {
    tracing::info!("a sign-in was refused");
    let nothing = json!({ "token": null, "role": null, "userID": null });
    let mut response = json_reply(StatusCode::BAD_REQUEST, &nothing);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.into_response()
}

fn cookie(app: &App, token: &str, seconds: u64) -> HeaderValue {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE_NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text).expect("tokens are base64 and dots")
}
