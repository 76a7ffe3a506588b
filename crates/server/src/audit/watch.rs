//! The layer that has every request of the FHIR API taken down.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode};
use registry::audit::Act;

use super::{Notes, Unaudited};
use crate::{App, error::ApiError};

/// Takes a place in the audit log, has the request answered, and writes down what came of it.
///
/// `metadata` is about nobody and open to everybody; probes and figures are not of this API.
pub(crate) async fn watch(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some((auditor, act)) = app.auditor().zip(act_of(&request)) else {
        return next.run(request).await;
    };
    let reserved = match auditor.reserve() {
        Ok(reserved) => reserved,
        Err(Unaudited) => return ApiError::Unaudited.into_response(),
    };
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from = from.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string());
    let notes = Notes::new(auditor.clone());
    request.extensions_mut().insert(notes.clone());
    let mut ended = Ended { reserved: Some((reserved, notes, from)), act };
    let response = next.run(request).await;
    ended.write(response.status()).await;
    response
}

/// A request that is being answered. If its sender goes away meanwhile, it is taken down as well.
struct Ended {
    reserved: Option<(super::Reserved, Notes, Option<String>)>,
    act: Act,
}

impl Ended {
    async fn write(&mut self, status: StatusCode) {
        if let Some((reserved, notes, from)) = self.reserved.take() {
            reserved.write(notes.finish(self.act, status, from)).await;
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some((reserved, notes, from)) = self.reserved.take() {
            // nginx's number for a request whose sender closed the connection.
            let status = StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT);
            let entries = notes.finish(self.act, status, from);
            tokio::spawn(reserved.write(entries));
        }
    }
}

/// What a request is by its method and route; `None` if it is not taken down.
fn act_of(request: &Request) -> Option<Act> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let path = route.unwrap_or(request.uri().path()).trim_end_matches('/');
    let method = request.method();
    if let Some(rest) = path.strip_prefix("/ocrux") {
        return act_of_person(rest, method);
    }
    if path == "/crux/tmp/{name}" {
        return Some(Act::Export);
    }
    if let Some(rest) = path.strip_prefix("/ui") {
        return act_in_room(rest, method);
    }
    if !(path == "/fhir" || path.starts_with("/fhir/")) || path == "/fhir/metadata" {
        return None;
    }
    let is_instance = path.contains("{id}");
    Some(match path {
        _ if path.contains("/$") => Act::Operation,
        _ if path.ends_with("/_search") => Act::Search,
        "/fhir" if *method == Method::POST => Act::Bundle,
        _ if *method == Method::POST => Act::Create,
        _ if *method == Method::PUT => Act::Update,
        _ if *method == Method::DELETE => Act::Delete,
        _ if is_instance => Act::Read,
        _ => Act::Search,
    })
}

/// The same in the stewards' room; `path` is what follows `/ui`. Pages that show nobody, styles and
/// choices of language are not taken down.
fn act_in_room(path: &str, method: &Method) -> Option<Act> {
    let is_change = *method == Method::POST;
    Some(match path {
        "/login" | "/setup" if is_change => Act::Login,
        "/logout" => Act::Logout,
        "/look" => return None,
        "/account/password" => Act::Configure,
        "/search" if is_change => Act::Search,
        "/search/suggest" | "/search/r/{token}" | "/queue/{record}/find" => Act::Search,
        _ if is_change => Act::Operation,
        // Has the persons who were opened last.
        "/search" | "/compare" => Act::Read,
        "/queue/next" => return None,
        "/queue" | "/queue/done" => Act::Search,
        _ if path.starts_with("/queue/") => Act::Read,
        _ if path.starts_with("/persons/") || path.starts_with("/records/") => Act::Read,
        _ => return None,
    })
}

/// The same on the plane of people; `path` is what follows `/ocrux`. Labels and value sets say
/// nothing of anybody, and counts are asked for all day long.
fn act_of_person(path: &str, method: &Method) -> Option<Act> {
    let is_change = *method == Method::POST;
    Some(match path {
        "/user/authenticate" | "/user/setup" => Act::Login,
        "/user/logout" => Act::Logout,
        "/user/addUser" | "/user/editUser" | "/user/changepassword" => Act::Configure,
        "/fhir" | "/fhir/Patient" | "/fhir/Person" | "/fhir/AuditEvent" | "/user/getUsers" => {
            Act::Search
        }
        "/fhir/Patient/{id}" | "/fhir/Person/{id}" => Act::Read,
        "/match/get-match-issues" | "/match/get-new-auto-matches" => Act::Search,
        "/match/potential-matches/{id}" | "/potential-matches/{id}" => Act::Operation,
        "/csv/getCSVReport/{id}" => Act::Operation,
        "/csv/report/{id}" => Act::Export,
        _ if is_change => Act::Operation,
        _ => return None,
    })
}
