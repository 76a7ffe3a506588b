//! The one table of what each route of the people plane needs. A route that is not here is
//! refused to everybody, and a test says so before that.

use http::Method;
use registry::account::{Permission, Role};

/// What a route needs of who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: it is how people get in.
    Nothing,
    /// A person, whatever the role.
    Person,
    /// A person whose role brings this permission.
    Permission(Permission),
}

use Need as N;
use Permission as P;

/// Method (`*` for all), address without a slash at its end, and what it needs.
pub(crate) const ACCESS: &[(&str, &str, Need)] = &[
    ("POST", "/ocrux/user/authenticate", N::Nothing),
    ("POST", "/ocrux/user/setup", N::Nothing),
    ("POST", "/ocrux/user/logout", N::Person),
    ("POST", "/ocrux/user/changepassword", N::Person),
    ("POST", "/ocrux/user/addUser", N::Permission(P::UserManage)),
    ("POST", "/ocrux/user/editUser", N::Permission(P::UserManage)),
    ("GET", "/ocrux/user/getUsers", N::Permission(P::UserManage)),
    ("*", "/ocrux/isTokenActive", N::Person),
    // Labels that every view of OpenCR's UI loads; they say nothing of patients.
    ("GET", "/ocrux/config/getURI", N::Person),
    ("GET", "/ocrux/config/getClients", N::Person),
    ("GET", "/ocrux/getURI", N::Person),
    ("GET", "/ocrux/getClients", N::Person),
    ("GET", "/ocrux/fhir/metadata", N::Person),
    ("GET", "/ocrux/fhir/Basic/patientdisplaypage", N::Person),
    ("GET", "/ocrux/fhir/ValueSet/{id}", N::Person),
    ("GET", "/ocrux/fhir/ValueSet/{id}/$expand", N::Person),
    ("GET", "/ocrux/fhir/CodeSystem/$lookup", N::Person),
    ("GET", "/ocrux/fhir/Person", N::Permission(P::UserManage)),
    ("GET", "/ocrux/fhir/Person/{id}", N::Permission(P::UserManage)),
    // What was submitted is in it.
    ("GET", "/ocrux/fhir/AuditEvent", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/fhir", N::Permission(P::PatientSearch)),
    ("GET", "/ocrux/fhir/Patient", N::Permission(P::PatientSearch)),
    ("GET", "/ocrux/fhir/Patient/{id}", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/match/count-match-issues", N::Permission(P::MatchRead)),
    ("GET", "/ocrux/match/count-new-auto-matches", N::Permission(P::MatchRead)),
    // These show what people are called.
    ("GET", "/ocrux/match/get-match-issues", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/match/get-new-auto-matches", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/match/potential-matches/{id}", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/potential-matches/{id}", N::Permission(P::PatientRead)),
    ("POST", "/ocrux/match/matches", N::Permission(P::PatientRead)),
    ("POST", "/ocrux/match/break-match", N::Permission(P::MatchBreak)),
    ("POST", "/ocrux/breakMatch", N::Permission(P::MatchBreak)),
    ("POST", "/ocrux/match/unbreak-match", N::Permission(P::MatchBreak)),
    ("POST", "/ocrux/unBreakMatch", N::Permission(P::MatchBreak)),
    ("POST", "/ocrux/match/resolve-match-issue", N::Permission(P::MatchDecide)),
    ("POST", "/ocrux/match/mark-different", N::Permission(P::MatchDecide)),
    ("POST", "/ocrux/match/mark-same", N::Permission(P::MatchDecide)),
    // The reports show what people are called. OpenCR shows the list to whoever decides.
    ("GET", "/ocrux/csv/getCSVUpload", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/csv/getCSVReport/{id}", N::Permission(P::PatientRead)),
    ("GET", "/ocrux/csv/report/{id}", N::Permission(P::PatientRead)),
    // Others' decisions ask for more; that is looked at where the event is known.
    ("POST", "/ocrux/match/undo", N::Permission(P::MatchDecide)),
    // The stewards' room.
    ("GET", "/ui", N::Person),
    ("GET", "/ui/assets/{file}", N::Nothing),
    ("GET", "/ui/login", N::Nothing),
    ("POST", "/ui/login", N::Nothing),
    ("POST", "/ui/logout", N::Person),
    ("GET", "/ui/setup", N::Nothing),
    ("POST", "/ui/setup", N::Nothing),
    ("POST", "/ui/look", N::Nothing),
    ("GET", "/ui/account", N::Person),
    ("POST", "/ui/account/password", N::Person),
    ("GET", "/ui/search", N::Permission(P::PatientSearch)),
    ("POST", "/ui/search", N::Permission(P::PatientSearch)),
    ("POST", "/ui/search/suggest", N::Permission(P::PatientSearch)),
    ("GET", "/ui/search/r/{token}", N::Permission(P::PatientSearch)),
    ("GET", "/ui/compare", N::Permission(P::PatientRead)),
    ("GET", "/ui/persons/{cruid}", N::Permission(P::PatientRead)),
    ("GET", "/ui/persons/{cruid}/links", N::Permission(P::PatientRead)),
    ("GET", "/ui/persons/{cruid}/history", N::Permission(P::PatientRead)),
    ("GET", "/ui/persons/{cruid}/break", N::Permission(P::MatchBreak)),
    ("POST", "/ui/persons/{cruid}/break", N::Permission(P::MatchBreak)),
    ("GET", "/ui/persons/{cruid}/broken", N::Permission(P::MatchBreak)),
    ("POST", "/ui/persons/{cruid}/broken", N::Permission(P::MatchBreak)),
    ("GET", "/ui/persons/{cruid}/undo/{event}", N::Permission(P::MatchDecide)),
    ("POST", "/ui/persons/{cruid}/undo/{event}", N::Permission(P::MatchDecide)),
    // Names are shown to who may read patients.
    ("GET", "/ui/queue", N::Permission(P::MatchRead)),
    ("GET", "/ui/automatches", N::Permission(P::MatchRead)),
    ("POST", "/ui/automatches", N::Permission(P::MatchSupervise)),
    ("GET", "/ui/queue/next", N::Permission(P::MatchDecide)),
    ("GET", "/ui/queue/done", N::Permission(P::MatchDecide)),
    // Asks for patient.read as well, in its handler.
    ("GET", "/ui/queue/{record}", N::Permission(P::MatchRead)),
    ("POST", "/ui/queue/{record}", N::Permission(P::MatchDecide)),
    ("GET", "/ui/queue/{record}/matrix", N::Permission(P::MatchRead)),
    // Ask for patient.read and, to look for people, patient.search as well, in their handlers.
    ("GET", "/ui/queue/{record}/find", N::Permission(P::MatchDecide)),
    ("POST", "/ui/queue/{record}/find", N::Permission(P::MatchDecide)),
    ("GET", "/ui/queue/{record}/workbench", N::Permission(P::MatchRead)),
    ("POST", "/ui/queue/{record}/workbench", N::Permission(P::MatchDecide)),
    ("GET", "/ui/records/{id}", N::Permission(P::PatientRead)),
    ("GET", "/ui/records/{id}/versions", N::Permission(P::PatientRead)),
    ("GET", "/ui/records/{id}/explanations/{hash}", N::Permission(P::PatientRead)),
    ("GET", "/ui/dev/components", N::Person),
];

/// What a request needs, by its method and the template of its route; `None` if the table does
/// not know it.
pub(super) fn need(method: &Method, route: &str) -> Option<Need> {
    let route = route.trim_end_matches('/');
    // A HEAD is a GET whose body is not sent.
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let entry = ACCESS
        .iter()
        .find(|(known, address, _)| (*known == "*" || *known == method) && *address == route);
    entry.map(|(_, _, need)| *need)
}

/// The methods that the table has for a route; empty if it does not know the route.
pub(super) fn methods(route: &str) -> Vec<&'static str> {
    let route = route.trim_end_matches('/');
    ACCESS.iter().filter(|(_, address, _)| *address == route).map(|(method, ..)| *method).collect()
}

/// Everything that a role allows, here.
pub(super) fn allowed(role: Role, admins_are_stewards: bool) -> Vec<Permission> {
    let all = Permission::ALL.into_iter();
    all.filter(|permission| allows(role, *permission, admins_are_stewards)).collect()
}

/// Whether a role allows what a permission stands for, here.
pub(super) fn allows(role: Role, permission: Permission, admins_are_stewards: bool) -> bool {
    role.allows(permission)
        || (admins_are_stewards && role == Role::Admin && Role::Steward.allows(permission))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::people::{routes, ui};

    #[test]
    fn s4_every_route_has_an_entry_and_every_entry_a_route() {
        let all = routes::endpoints().into_iter().chain(ui::endpoints());
        let routes: Vec<_> = all.map(|(key, _)| key).collect();
        let entries: Vec<_> = ACCESS.iter().map(|(method, path, _)| (*method, *path)).collect();
        let set =
            |keys: &[(&'static str, &'static str)]| keys.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(set(&routes), set(&entries));
        assert_eq!(set(&entries).len(), entries.len(), "an entry stands twice");
    }

    #[test]
    fn entry_is_found_by_method_and_address() {
        let manage = Some(Need::Permission(P::UserManage));
        assert_eq!(need(&Method::GET, "/ocrux/user/getUsers/"), manage);
        assert_eq!(need(&Method::HEAD, "/ocrux/user/getUsers"), manage);
        assert_eq!(need(&Method::POST, "/ocrux/user/getUsers"), None);
        assert_eq!(need(&Method::DELETE, "/ocrux/isTokenActive/"), Some(Need::Person));
        assert_eq!(need(&Method::GET, "/ocrux/{*rest}"), None);
        assert_eq!(need(&Method::GET, ""), None);
    }

    #[test]
    fn administrators_see_patients_only_where_it_is_switched_on() {
        assert!(!allows(Role::Admin, P::PatientSearch, false));
        assert!(allows(Role::Admin, P::PatientSearch, true));
        assert!(!allows(Role::Viewer, P::MatchBreak, true));
    }
}
