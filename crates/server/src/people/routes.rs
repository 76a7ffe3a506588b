//! Every route of the people plane. What each needs stands in `access`, and nowhere else.

use axum::{
    Router,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post},
};

use super::{
    People, accounts, config, crux, csv, error::PeopleError, fhir, gate, login, matches, setup,
    terminology, ui,
};
use crate::{App, api::metadata};

/// A route's method (`*` for all) and address, as `access` names it, and what answers it.
pub(super) type Endpoint = ((&'static str, &'static str), MethodRouter<App>);

/// All routes that pass the gate.
pub(super) fn endpoints() -> Vec<Endpoint> {
    [users(), labels(), resources(), matches::endpoints(), csv::endpoints()]
        .into_iter()
        .flatten()
        .collect()
}

fn users() -> Vec<Endpoint> {
    vec![
        (("POST", "/ocrux/user/authenticate"), post(login::authenticate)),
        (("POST", "/ocrux/user/setup"), post(setup::set_up)),
        (("POST", "/ocrux/user/logout"), post(login::log_out)),
        (("POST", "/ocrux/user/changepassword"), post(accounts::change_password)),
        (("POST", "/ocrux/user/addUser"), post(accounts::add)),
        (("POST", "/ocrux/user/editUser"), post(accounts::edit)),
        (("GET", "/ocrux/user/getUsers"), get(accounts::list)),
        (("*", "/ocrux/isTokenActive"), any(login::is_active)),
    ]
}

/// Addresses without `config` are those of OpenCR's `openapi.json` (contract 1.10).
fn labels() -> Vec<Endpoint> {
    vec![
        (("GET", "/ocrux/config/getURI"), get(config::systems)),
        (("GET", "/ocrux/config/getClients"), get(config::clients)),
        (("GET", "/ocrux/getURI"), get(config::systems)),
        (("GET", "/ocrux/getClients"), get(config::clients)),
    ]
}

fn resources() -> Vec<Endpoint> {
    vec![
        (("GET", "/ocrux/fhir/metadata"), get(metadata::statement)),
        (("GET", "/ocrux/fhir/Basic/patientdisplaypage"), get(terminology::page)),
        (("GET", "/ocrux/fhir/ValueSet/{id}"), get(terminology::value_set)),
        (("GET", "/ocrux/fhir/ValueSet/{id}/$expand"), get(terminology::expand)),
        (("GET", "/ocrux/fhir/CodeSystem/$lookup"), get(terminology::lookup)),
        (("GET", "/ocrux/fhir/Person"), get(fhir::persons)),
        (("GET", "/ocrux/fhir/Person/{id}"), get(fhir::person)),
        (("GET", "/ocrux/fhir/AuditEvent"), get(fhir::history)),
        (("GET", "/ocrux/fhir"), get(fhir::turn_page)),
        (("GET", "/ocrux/fhir/Patient"), get(fhir::search)),
        (("GET", "/ocrux/fhir/Patient/{id}"), get(fhir::patient)),
    ]
}

/// Adds the plane to the routes of an app that has one. Each address is served with a slash at
/// its end, too (contract 1.2).
pub(crate) fn add_to(routes: Router<App>, app: &App) -> Router<App> {
    if app.people().is_none() {
        return routes;
    }
    let plane = endpoints().into_iter().fold(Router::new(), |plane, ((_, path), methods)| {
        plane.route(path, methods.clone()).route(&format!("{path}/"), methods)
    });
    // The gate answers for what its table does not have, so it must be reached there, too.
    let plane = ["/ocrux", "/ocrux/", "/ocrux/{*rest}"]
        .into_iter()
        .fold(plane, |plane, path| plane.route(path, any(not_in_the_table)))
        .method_not_allowed_fallback(not_in_the_table)
        .layer(from_fn_with_state(app.clone(), gate::admit));
    let crux = Router::new()
        .route("/crux", get(crux::to_folder))
        .route("/crux/", get(crux::file))
        .route("/crux/tmp/{name}", get(csv::redeem))
        .route("/crux/{*path}", get(crux::file));
    let routes = routes.merge(plane).merge(crux);
    if People::of(app).settings().room.is_some() { ui::add_to(routes, app) } else { routes }
}

/// Never run: the gate has answered.
async fn not_in_the_table() -> Response {
    PeopleError::NotFound("there is nothing at this address").into_response()
}
