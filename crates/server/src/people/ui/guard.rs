//! The layer before every page: who asks, whether they may, and what surrounds the answer.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, Method,
    header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, SET_COOKIE, VARY},
    request::Parts,
};
use ui::pages;

use super::{cookies, fault::Fault, reply, visit::Visit};
use crate::{
    App,
    people::{
        People,
        access::{Need, allows, methods, need},
        gate::{known_by, who},
    },
};

/// Nothing but our own files, nothing inline, no frames, no other hosts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

/// Tells htmx to leave for another page.
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// Lets a request through if who sends it may do what it asks for, and gives faults a face.
pub(super) async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let (parts, body) = request.into_parts();
    let mut visit = Visit::of(&app, &method, &parts);
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let is_asset = parts.uri.path().starts_with("/ui/assets/");
    let response = match enter(&app, &parts, &mut visit).await {
        Err(fault) => fault.into_response(),
        Ok(()) => {
            let mut request = Request::from_parts(parts, body);
            let limit = app.settings().request_timeout + app.settings().body_timeout;
            request.extensions_mut().insert(visit.clone());
            let answered = tokio::time::timeout(limit, next.run(request)).await;
            answered.unwrap_or_else(|_| Fault::Busy.into_response())
        }
    };
    let mut response = match response.extensions().get::<Fault>().cloned() {
        Some(fault) => face(&app, &visit, &fault, (&method, &target)),
        None => response,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if is_asset {
        return response;
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(VARY, HeaderValue::from_static("HX-Request-Type"));
    if visit.secret.is_fresh {
        // For as long as a form may lie open: half a day.
        let cookie = cookies::set(&app, cookies::VISIT, &visit.secret.text, 12 * 3600);
        headers.append(SET_COOKIE, cookie);
    }
    if visit.done.is_some() {
        headers.append(SET_COOKIE, cookies::set(&app, cookies::DONE, "", 0));
    }
    response
}

/// Finds out who asks, and refuses what they may not.
async fn enter(app: &App, parts: &Parts, visit: &mut Visit) -> Result<(), Fault> {
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str).unwrap_or_default();
    let need = need(&parts.method, route);
    let people = People::of(app);
    // Only the cookie: a token in a header is for the API, whose requests are no pages.
    if let Some(token) = cookies::value(&parts.headers, cookies::SESSION) {
        match known_by(people, token).await {
            Ok(mut user) => {
                visit.notes.sent_by(who(&user.account, "session"));
                user.notes = visit.notes.clone();
                tracing::Span::current().record("user", user.id().as_str());
                visit.user = Some(user);
            }
            // A session that is over is none; a store that fails is told.
            Err(error) => match Fault::from(error) {
                Fault::SignedOut => {}
                fault => return Err(fault),
            },
        }
    }
    if need == Some(Need::Nothing) {
        return Ok(());
    }
    let user = visit.user()?;
    match need {
        Some(Need::Permission(permission)) => {
            let are_stewards = people.settings().admins_are_stewards;
            let may = allows(user.account.role, permission, are_stewards);
            if may { Ok(()) } else { Err(Fault::Forbidden(permission)) }
        }
        Some(_) => Ok(()),
        // Without an entry in the table nothing is run, whatever the router knows.
        None => match methods(route) {
            known if known.is_empty() => Err(Fault::Missing),
            known => Err(Fault::Method(known)),
        },
    }
}

/// What is shown of a fault. Who asks for a page and is not signed in is sent to do so.
fn face(app: &App, visit: &Visit, fault: &Fault, (method, target): (&Method, &str)) -> Response {
    let is_page = *method == Method::GET && !visit.is_part;
    if *fault == Fault::SignedOut && is_page {
        return reply::go(&reply::sign_in_address(target));
    }
    let frame = visit.frame(app);
    let (title, text) = fault.texts();
    let text = match fault {
        Fault::Often(seconds) => frame.with(text, "count", *seconds),
        _ => frame.say(text),
    };
    let reference = match fault {
        Fault::Server(reference) => Some(reference.as_str()),
        _ => None,
    };
    let permission = match fault {
        Fault::Forbidden(permission) => Some(*permission),
        _ => None,
    };
    let repairs = matches!(fault, Fault::Server(_) | Fault::Busy | Fault::Often(_));
    let again = (repairs && is_page).then_some(target);
    let page = pages::Fault { frame: &frame, title, text, permission, reference, again };
    let mut response = reply::page_with(fault.status(), &page);
    let headers = response.headers_mut();
    headers.extend(fault.clone().into_response().headers().clone());
    if let Fault::Method(known) = fault
        && let Ok(known) = HeaderValue::from_str(&known.join(", "))
    {
        headers.insert(ALLOW, known);
    }
    if *fault == Fault::SignedOut && visit.is_part {
        headers.insert(HX_REDIRECT, HeaderValue::from_static("/ui/login"));
    }
    response
}
