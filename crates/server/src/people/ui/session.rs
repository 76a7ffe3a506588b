//! Signing in and out.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::{StatusCode, header::SET_COOKIE};
use tokio::time::{Instant, sleep_until};
use ui::pages::{Login, Problem};

use super::{Fault, Form, Visit, cookies, look, reply, visit::Look};
use crate::{
    App,
    people::{
        People,
        gate::who,
        login::{Credentials, open, sign_in as check},
        password::Password,
    },
    query,
};

/// `GET /ui/login`: the form; who is signed in is sent on.
pub(super) async fn page(
    State(app): State<App>,
    visit: Visit,
    RawQuery(asked): RawQuery,
) -> Result<Response, Fault> {
    let pairs = query::decode(&asked.unwrap_or_default()).map_err(|_| Fault::Bad)?;
    let asked = query::value(&pairs, "to");
    let to = reply::own_address(asked.unwrap_or_default());
    if visit.user.is_some() {
        return Ok(reply::go(to));
    }
    let people = People::of(&app);
    let page = Login {
        frame: &visit.frame(&app),
        to,
        username: "",
        problems: Vec::new(),
        is_over: asked.is_some(),
        can_set_up: people.shared.invitation.lock().is_some(),
    };
    Ok(reply::page(&page))
}

/// `POST /ui/login`: `username`, `password`, and the page to go `to`.
///
/// Whatever is wrong, the answer is the same and comes no sooner (contract 6, S12).
pub(super) async fn sign_in(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let begun = Instant::now();
    let people = People::of(&app);
    people.shared.arrivals.admit(visit.address).map_err(Fault::Often)?;
    let (username, to) = (form.take("username"), form.take("to"));
    let to = reply::own_address(&to);
    let password = Password::new(form.take("password")).filter(|_| !username.is_empty());
    let credentials = password.map(|password| Credentials {
        username: username.clone(),
        password,
        wants_cookie: true,
    });
    let known = match &credentials {
        Some(credentials) => check(people, credentials).await?,
        None => None,
    };
    let opened = match known {
        Some(account) => open(people, account).await?,
        None => None,
    };
    let Some((account, token)) = opened else {
        tracing::info!("a sign-in was refused");
        sleep_until(begun + people.settings().refusal_after).await;
        return Ok(refused(&app, &visit, &username, to));
    };
    visit.notes.sent_by(who(&account, "password"));
    let mut response = reply::go(to);
    let seconds = people.settings().session.as_secs();
    let cookie = cookies::set(&app, cookies::SESSION, &token, seconds);
    response.headers_mut().append(SET_COOKIE, cookie);
    // What the person chose anywhere outranks what this browser was last told.
    let chosen = people.accounts().preferences(&account.id).await?;
    if let Some(look) = chosen.as_deref().and_then(Look::parse) {
        response.headers_mut().append(SET_COOKIE, look::cookie(&app, look));
    }
    Ok(response)
}

fn refused(app: &App, visit: &Visit, username: &str, to: &str) -> Response {
    let frame = visit.frame(app);
    let settings = People::of(app).settings();
    let lock = frame.texts.with(
        "sign-in-lock",
        &[
            ("count", settings.attempts_max.into()),
            ("minutes", settings.lock.as_secs().div_ceil(60).into()),
        ],
    );
    let text = format!("{} {lock}", frame.say("sign-in-refused"));
    let page = Login {
        frame: &frame,
        to,
        username,
        problems: vec![Problem { field: "username", text }],
        is_over: false,
        can_set_up: false,
    };
    reply::page_with(StatusCode::UNAUTHORIZED, &page)
}

/// `POST /ui/logout`: ends the session, so that its token is worth nothing any more.
pub(super) async fn sign_out(
    State(app): State<App>,
    visit: Visit,
    _form: Form,
) -> Result<Response, Fault> {
    let session = visit.user()?.session();
    People::of(&app).accounts().end_session(session).await?;
    let mut response = reply::go_and_say(&app, "/ui/login", "done-signed-out");
    response.headers_mut().append(SET_COOKIE, cookies::set(&app, cookies::SESSION, "", 0));
    Ok(response)
}
