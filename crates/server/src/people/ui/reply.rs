//! What handlers answer: a page, or where to go.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, LOCATION, SET_COOKIE},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ui::Template;

use super::{cookies, fault::Fault};
use crate::App;

/// For how long something that was done may wait to be said.
const DONE_SECONDS: u64 = 60;

/// A page, or a part of one.
pub(super) fn page(page: &impl Template) -> Response {
    page_with(StatusCode::OK, page)
}

/// A page with another status than 200.
pub(super) fn page_with(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            (status, [(CONTENT_TYPE, kind)], html).into_response()
        }
        Err(error) => Fault::of_server(&error).into_response(),
    }
}

/// Sends the browser to another page by a GET.
pub(super) fn go(address: &str) -> Response {
    let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/ui/"));
    (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response()
}

/// The same, and says there what was done: a key of `visit::SAID`.
pub(super) fn go_and_say(app: &App, address: &str, key: &str) -> Response {
    let mut response = go(address);
    let cookie = cookies::set(app, cookies::DONE, key, DONE_SECONDS);
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// Where to sign in on the way to a page of the room.
pub(super) fn sign_in_address(target: &str) -> String {
    match own_address(target) {
        "/ui/" => "/ui/login".to_owned(),
        target => format!("/ui/login?to={}", utf8_percent_encode(target, NON_ALPHANUMERIC)),
    }
}

/// An address that a form or a URL names, if it is one of the room; else the first page. Nobody
/// is sent to another site.
pub(super) fn own_address(address: &str) -> &str {
    let is_own = address.starts_with("/ui/")
        && !address.contains("//")
        && !address.contains("..")
        && address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
    if is_own { address } else { "/ui/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for good in ["/ui/", "/ui/queue?reason=conflict&page=2", "/ui/account"] {
            assert_eq!(own_address(good), good);
        }
        for bad in [
            "",
            "/",
            "/ui",
            "/uix/",
            "//evil.test/ui/",
            "/ui//evil.test",
            "https://evil.test/ui/",
            "/ui/\\evil.test",
            "/ui/\r\nset-cookie: a=b",
            "/ui/../crux",
            "/ui/ü",
            "javascript:1",
        ] {
            assert_eq!(own_address(bad), "/ui/", "{bad}");
        }
    }

    #[test]
    fn page_that_was_asked_for_is_remembered() {
        assert_eq!(sign_in_address("/ui/"), "/ui/login");
        assert_eq!(sign_in_address("/ui/queue?a=b"), "/ui/login?to=%2Fui%2Fqueue%3Fa%3Db");
    }
}
