//! Language, theme and keys, as chosen in a browser.

use axum::{extract::State, response::Response};
use http::header::SET_COOKIE;
use ui::{Language, Theme};

use super::{Fault, Form, Visit, cookies, reply, visit::Look};
use crate::App;

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
    let to = form.take("to");
    let mut response = reply::go_and_say(&app, reply::own_address(&to), "done-look");
    let cookie = cookies::set(&app, cookies::LOOK, &look.to_text(), KEPT_SECONDS);
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}
