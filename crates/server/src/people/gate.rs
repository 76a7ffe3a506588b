//! The gate before everything under `/ocrux`: each request is known by what it brings itself,
//! and nothing is remembered from one to the next (contract 6, S1).

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ALLOW, AUTHORIZATION, COOKIE, HOST, ORIGIN},
    request::Parts,
};
use registry::{
    account::{Account, AccountStatus},
    actor::Actor,
    audit::Who,
    ids::SessionId,
};

use super::{
    People, User,
    access::{Need, allows, methods, need},
    error::PeopleError,
};
use crate::{App, audit::Notes};

/// The cookie of our own UI. OpenCR's UI keeps its token in one called `token`, which is not
/// read here: it sends the header, too, and cookies alone invite requests of other pages.
pub(super) const COOKIE_NAME: &str = "opencr_session";

/// Lets a request through if who sends it may do what it asks for.
pub(super) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        let methods = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
        return (StatusCode::NO_CONTENT, [(ALLOW, methods)]).into_response();
    }
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str).unwrap_or_default();
    let need = need(request.method(), route);
    if need == Some(Need::Nothing) {
        return next.run(request).await;
    }
    let people = People::of(&app);
    let mut user = match identify(people, request.method(), request.headers()).await {
        Ok(user) => user,
        Err(error) => return error.into_response(),
    };
    if let Some(notes) = request.extensions().get::<Notes>() {
        notes.sent_by(who(&user.account, "session"));
        user.notes = notes.clone();
    }
    tracing::Span::current().record("user", user.id().as_str());
    if let Some(Need::Permission(permission)) = need {
        let are_stewards = people.settings().admins_are_stewards;
        if !allows(user.account.role, permission, are_stewards) {
            return PeopleError::NotAllowed(permission).into_response();
        }
    }
    // Without an entry in the table nothing is run, whatever the router knows.
    if need.is_none() {
        return nothing_to_do(route);
    }
    request.extensions_mut().insert(user);
    next.run(request).await
}

/// The answer for a method or an address that the table does not have.
fn nothing_to_do(route: &str) -> Response {
    let methods = methods(route);
    if methods.is_empty() {
        return PeopleError::NotFound("there is nothing at this address").into_response();
    }
    let mut response = PeopleError::WrongMethod.into_response();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

/// A person in the audit log, by the user name.
pub(super) fn who(account: &Account, proof: &str) -> Who {
    Who { actor: Some(Actor::User(account.username.clone())), proof: Some(proof.to_owned()) }
}

/// Who sends a request.
async fn identify(
    people: &People,
    method: &Method,
    headers: &HeaderMap,
) -> Result<User, PeopleError> {
    let token = match bearer(headers) {
        Some(token) => token?,
        None => cookie(method, headers)?,
    };
    known_by(people, token).await
}

/// The person whose session a token names.
pub(super) async fn known_by(people: &People, token: &str) -> Result<User, PeopleError> {
    let claims = people.shared.keys.read(token).ok_or(PeopleError::TokenOver)?;
    let session = SessionId::new(claims.jti);
    let account = people.accounts().account_in_session(&session, people.now()).await?;
    let account = account
        .filter(|account| account.status == AccountStatus::Active)
        .filter(|account| account.id.as_str() == claims.id)
        .ok_or(PeopleError::TokenOver)?;
    Ok(User { account: Arc::new(account), session, notes: Notes::default() })
}

/// The second word of the header, if there is the header; the first is not looked at
/// (contract 1.3).
fn bearer(headers: &HeaderMap) -> Option<Result<&str, PeopleError>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?;
    let words = value.to_str().ok().filter(|_| values.next().is_none());
    let words: Vec<&str> = words.unwrap_or_default().split(' ').collect();
    Some(match words.as_slice() {
        [_, token] => Ok(token),
        _ => Err(PeopleError::NoToken),
    })
}

/// The token of our own UI. It changes nothing for a page of another site, whatever the browser
/// makes of `SameSite`.
fn cookie<'h>(method: &Method, headers: &'h HeaderMap) -> Result<&'h str, PeopleError> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == COOKIE_NAME).ok_or(PeopleError::NoToken)?;
    let changes_nothing = matches!(*method, Method::GET | Method::HEAD);
    if changes_nothing || is_of_our_page(headers) {
        return Ok(token);
    }
    Err(PeopleError::OtherSite)
}

/// Whether the browser says that a page of ours sends the request.
pub(super) fn is_of_our_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text(ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    matches!((origin, text(HOST.as_str())), (Some((_, origin)), Some(host)) if origin == host)
}

impl FromRequestParts<App> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Response> {
        let user = parts.extensions.get::<Self>().cloned();
        user.ok_or_else(|| PeopleError::NoToken.into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn bearer_token_is_the_second_of_two_words() {
        let token = |value: &str| {
            let headers = headers(&[("authorization", value)]);
            bearer(&headers).and_then(Result::ok).map(str::to_owned)
        };
        assert_eq!(token("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("anything a.b.c").as_deref(), Some("a.b.c"));
        for bad in ["Bearer", "Bearer  a.b.c", "Bearer a b", ""] {
            assert_eq!(token(bad), None, "{bad}");
        }
        assert!(bearer(&headers(&[])).is_none());
        let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert!(bearer(&twice).is_some_and(|token| token.is_err()));
    }

    #[test]
    fn cookie_changes_things_only_for_our_own_pages() {
        let check = |method: Method, more: &[(&'static str, &str)], expected: bool| {
            let cookie_header = [("cookie", "token=x; opencr_session=a.b.c"), ("host", "mpi.test")];
            let headers = headers(&[&cookie_header, more].concat());
            assert_eq!(cookie(&method, &headers).is_ok(), expected, "{method} {more:?}");
        };
        check(Method::GET, &[], true);
        check(Method::POST, &[], false);
        check(Method::POST, &[("origin", "https://mpi.test")], true);
        check(Method::POST, &[("origin", "https://evil.test")], false);
        check(Method::POST, &[("origin", "null")], false);
        check(Method::POST, &[("sec-fetch-site", "same-origin")], true);
        check(Method::POST, &[("sec-fetch-site", "same-site")], false);
        check(
            Method::POST,
            &[("sec-fetch-site", "cross-site"), ("origin", "https://mpi.test")],
            false,
        );
        assert!(cookie(&Method::GET, &headers(&[("cookie", "token=a.b.c")])).is_err());
    }
}
