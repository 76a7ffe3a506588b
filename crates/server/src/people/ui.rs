//! The stewards' room, `/ui/**`: pages for people, of the room `ui` (docs/decisions/0021-stewards-room.md).
//!
//! Everything passes one layer (`guard`), which finds out who asks, looks at the same table as the
//! rest of the plane, gives what went wrong a page, and sets the headers. A handler takes a
//! [`Visit`], and a [`Form`] if something is sent; it gives a page or a [`Fault`].

use axum::{
    Router,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::{HeaderValue, StatusCode, header::LOCATION};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use super::routes::Endpoint;
use crate::App;

mod account;
mod assets;
mod cookies;
mod fault;
mod follow;
mod form;
mod form_token;
mod guard;
mod home;
mod look;
mod once;
mod person;
mod queue;
mod reply;
mod search;
mod session;
mod setup;
mod style;
mod visit;

use fault::Fault;
pub(crate) use follow::follow;
use form::Form;
pub(super) use once::Repeats;
pub(super) use queue::Leases;
pub(super) use search::{Recent, Searches};
use visit::Visit;

/// Every page and form. What each needs stands in `access`.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        (("GET", "/ui"), get(home::page)),
        (("GET", "/ui/assets/{file}"), get(assets::file)),
        (("GET", "/ui/login"), get(session::page)),
        (("POST", "/ui/login"), post(session::sign_in)),
        (("POST", "/ui/logout"), post(session::sign_out)),
        (("GET", "/ui/setup"), get(setup::page)),
        (("POST", "/ui/setup"), post(setup::set_up)),
        (("POST", "/ui/look"), post(look::choose)),
        (("GET", "/ui/account"), get(account::page)),
        (("POST", "/ui/account/password"), post(account::change_password)),
        (("GET", "/ui/search"), get(search::page)),
        (("POST", "/ui/search"), post(search::find)),
        (("POST", "/ui/search/suggest"), post(search::suggest)),
        (("GET", "/ui/search/r/{token}"), get(search::results)),
        (("GET", "/ui/compare"), get(person::beside::page)),
        (("GET", "/ui/persons/{cruid}"), get(person::compare)),
        (("GET", "/ui/persons/{cruid}/links"), get(person::links)),
        (("GET", "/ui/persons/{cruid}/history"), get(person::history)),
        (("GET", "/ui/persons/{cruid}/break"), get(person::decide::break_page)),
        (("POST", "/ui/persons/{cruid}/break"), post(person::decide::break_out)),
        (("GET", "/ui/persons/{cruid}/broken"), get(person::decide::broken_page)),
        (("POST", "/ui/persons/{cruid}/broken"), post(person::decide::revert)),
        (("GET", "/ui/persons/{cruid}/undo/{event}"), get(person::decide::undo_page)),
        (("POST", "/ui/persons/{cruid}/undo/{event}"), post(person::decide::undo)),
        (("GET", "/ui/queue"), get(queue::page)),
        (("GET", "/ui/automatches"), get(queue::checked::page)),
        (("POST", "/ui/automatches"), post(queue::checked::mark)),
        (("GET", "/ui/queue/next"), get(queue::next)),
        (("GET", "/ui/queue/done"), get(queue::done::page)),
        (("GET", "/ui/queue/{record}"), get(queue::pair::page)),
        (("POST", "/ui/queue/{record}"), post(queue::pair::decide)),
        (("GET", "/ui/queue/{record}/matrix"), get(queue::matrix::page)),
        (("GET", "/ui/queue/{record}/find"), get(queue::find::page)),
        (("POST", "/ui/queue/{record}/find"), post(queue::find::look)),
        (("GET", "/ui/queue/{record}/workbench"), get(queue::workbench::page)),
        (("POST", "/ui/queue/{record}/workbench"), post(queue::workbench::decide)),
        (("GET", "/ui/records/{id}"), get(person::of_record)),
        (("GET", "/ui/records/{id}/versions"), get(person::versions)),
        (("GET", "/ui/records/{id}/explanations/{hash}"), get(person::explanation)),
        (("GET", "/ui/dev/components"), get(style::page)),
    ]
}

/// Adds the room to the routes of an app whose people plane has one.
pub(super) fn add_to(routes: Router<App>, app: &App) -> Router<App> {
    let room = endpoints().into_iter().fold(Router::new(), |room, ((_, path), methods)| {
        room.route(path, methods.clone()).route(&format!("{path}/"), methods)
    });
    let room = room
        .route("/ui/{*rest}", any(nothing))
        .method_not_allowed_fallback(nothing)
        .layer(CatchPanicLayer::custom(|_| Fault::crashed().into_response()))
        .layer(from_fn_with_state(app.clone(), guard::admit))
        .layer(CompressionLayer::new());
    routes.merge(room).route("/", get(to_room))
}

/// Never run: the guard has answered.
async fn nothing() -> Response {
    Fault::Missing.into_response()
}

/// `GET /`: people who know only the host find the room.
async fn to_room() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, HeaderValue::from_static("/ui/"))]).into_response()
}
