//! The cookies of the room. All of them are for `/ui` only and out of reach of scripts.

use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::App;

/// The token of a session.
pub(super) const SESSION: &str = "opencr_ui";
/// What forms are tied to before anybody has signed in.
pub(super) const VISIT: &str = "opencr_visit";
/// Language, theme and keys, as chosen in this browser.
pub(super) const LOOK: &str = "opencr_look";
/// What was just done, to be said on the next page.
pub(super) const DONE: &str = "opencr_done";

/// The value of a cookie.
pub(super) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    all(headers).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Every cookie: names and values.
pub(super) fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Sets a cookie for so many seconds; 0 takes it away.
///
/// `Lax`, so that a link in a mail opens its page; whatever changes something is a form, which the
/// cookie alone does not send (see `form`).
pub(super) fn set(app: &App, name: &str, value: &str, seconds: u64) -> HeaderValue {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/ui; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).expect("values of our cookies are base64, dots and words")
}
