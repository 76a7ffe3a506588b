//! Language, theme and keys: kept in the browser, and with the account of who is signed in.

use axum::{extract::State, response::Response};
use http::{HeaderValue, header::SET_COOKIE};
use ui::{Language, Theme};

use super::{Fault, Form, Visit, cookies, reply, visit::Look};
use crate::{App, people::People};

/// For how long a browser keeps what was chosen: a year.
const KEPT_SECONDS: u64 = 365 * 24 * 3600;

/// `POST /ui/look`: `language`, `theme`, `keys`, and the page `to` go back to.
pub(super) async fn choose(
    State(app): State<App>,
    visit: Visit,
    mut form: Form,
) -> Result<Response, Fault> {
    let language = Language::of_tag(&form.take("language"));
    let pages = visit.frame(&app);
    let language = language.filter(|language| pages.languages().contains(language));
    let theme = Theme::parse(&form.take("theme"));
    let (language, theme) = language.zip(theme).ok_or(Fault::Bad)?;
    let look = Look { language, theme, has_keys: form.take("keys") == "on" };
    if let Some(user) = &visit.user {
        People::of(&app).accounts().set_preferences(user.id(), &look.to_text()).await?;
    }
    let to = form.take("to");
    let mut response = reply::go_and_say(&app, reply::own_address(&to), "done-look");
    response.headers_mut().append(SET_COOKIE, cookie(&app, look));
    Ok(response)
}

/// What keeps a choice in the browser.
pub(super) fn cookie(app: &App, look: Look) -> HeaderValue {
    cookies::set(app, cookies::LOOK, &look.to_text(), KEPT_SECONDS)
}
