//! Every route against everybody: nobody, a system of a trusted gateway, and each role.
//!
//! What is expected is written down here a second time, so that a slip in the server's table is
//! one in two places before it passes.

use super::*;

/// Method, address, and the roles that get through; `None` is everybody, signed in or not.
const EXPECTED: &[(&str, &str, Option<&[Role]>)] = &[
    ("POST", "/ocrux/user/authenticate", None),
    ("POST", "/ocrux/user/setup", None),
    ("POST", "/ocrux/user/changepassword", Some(&Role::ALL)),
    ("POST", "/ocrux/user/addUser", Some(ADMINS)),
    ("POST", "/ocrux/user/editUser", Some(ADMINS)),
    ("GET", "/ocrux/user/getUsers", Some(ADMINS)),
    ("HEAD", "/ocrux/user/getUsers", Some(ADMINS)),
    ("GET", "/ocrux/isTokenActive", Some(&Role::ALL)),
    ("DELETE", "/ocrux/isTokenActive", Some(&Role::ALL)),
    ("GET", "/ocrux/config/getURI", Some(&Role::ALL)),
    ("GET", "/ocrux/config/getClients", Some(&Role::ALL)),
    ("GET", "/ocrux/getURI", Some(&Role::ALL)),
    ("GET", "/ocrux/getClients", Some(&Role::ALL)),
    ("GET", "/ocrux/fhir/metadata", Some(&Role::ALL)),
    ("GET", "/ocrux/fhir/Basic/patientdisplaypage", Some(&Role::ALL)),
    ("GET", "/ocrux/fhir/ValueSet/link-type", Some(&Role::ALL)),
    ("GET", "/ocrux/fhir/ValueSet/link-type/$expand", Some(&Role::ALL)),
    ("GET", "/ocrux/fhir/CodeSystem/$lookup", Some(&Role::ALL)),
    ("GET", "/ocrux/fhir/Person", Some(ADMINS)),
    ("GET", "/ocrux/fhir/Person/x", Some(ADMINS)),
    ("GET", "/ocrux/fhir/AuditEvent", Some(READERS)),
    ("GET", "/ocrux/fhir", Some(READERS)),
    ("GET", "/ocrux/fhir/Patient", Some(READERS)),
    ("HEAD", "/ocrux/fhir/Patient", Some(READERS)),
    ("GET", "/ocrux/fhir/Patient/x", Some(READERS)),
    ("GET", "/ocrux/match/count-match-issues", Some(WATCHERS)),
    ("GET", "/ocrux/match/count-new-auto-matches", Some(WATCHERS)),
    ("GET", "/ocrux/match/get-match-issues", Some(READERS)),
    ("GET", "/ocrux/match/get-new-auto-matches", Some(READERS)),
    ("GET", "/ocrux/match/potential-matches/x", Some(READERS)),
    ("GET", "/ocrux/potential-matches/x", Some(READERS)),
    ("POST", "/ocrux/match/matches", Some(READERS)),
    ("POST", "/ocrux/match/break-match", Some(DECIDERS)),
    ("POST", "/ocrux/breakMatch", Some(DECIDERS)),
    ("POST", "/ocrux/match/unbreak-match", Some(DECIDERS)),
    ("POST", "/ocrux/unBreakMatch", Some(DECIDERS)),
    ("POST", "/ocrux/match/resolve-match-issue", Some(DECIDERS)),
    ("POST", "/ocrux/match/mark-different", Some(DECIDERS)),
    ("POST", "/ocrux/match/mark-same", Some(DECIDERS)),
    ("POST", "/ocrux/match/undo", Some(DECIDERS)),
    ("GET", "/ocrux/csv/getCSVUpload", Some(READERS)),
    ("GET", "/ocrux/csv/getCSVReport/x", Some(READERS)),
    ("GET", "/ocrux/csv/report/x", Some(READERS)),
    // Last, since it ends the session.
    ("POST", "/ocrux/user/logout", Some(&Role::ALL)),
];

const ADMINS: &[Role] = &[Role::Admin];
const DECIDERS: &[Role] = &[Role::Steward, Role::Supervisor];
const WATCHERS: &[Role] =
    &[Role::Viewer, Role::Steward, Role::Supervisor, Role::RulesManager, Role::Auditor];
const READERS: &[Role] = &[Role::Viewer, Role::Steward, Role::Supervisor, Role::DataManager];

/// What the gate made of a request.
#[derive(Debug, PartialEq, Eq)]
enum Gate {
    Through,
    Unknown,
    Refused,
}

fn gate(answer: &Answer) -> Gate {
    match answer.status.as_u16() {
        401 => Gate::Unknown,
        // `setup` and `changepassword` refuse, too, with words of their own.
        403 if answer.text.is_empty() || answer.text.contains("needs the permission") => {
            Gate::Refused
        }
        405 => panic!("the route is not there: {answer:?}"),
        _ => Gate::Through,
    }
}

#[tokio::test]
async fn s4_matrix_of_routes_and_roles_is_as_written_here() {
    let plane = Plane::start().await;
    let mut cells = 0;
    for slash in ["", "/"] {
        for (method, path, roles) in EXPECTED {
            let path = format!("{path}{slash}");
            let expected = if roles.is_none() { Gate::Through } else { Gate::Unknown };
            let nobody = plane.call(method, &path).send().await;
            assert_eq!(gate(&nobody), expected, "nobody {method} {path}");
            let system = plane.call(method, &path).from("10.0.0.1:1");
            let system = system.header("x-openhim-clientid", "openmrs").send().await;
            assert_eq!(gate(&system), expected, "a system {method} {path}");
            cells += 2;
        }
        for role in Role::ALL {
            let token = plane.token(role).await;
            for (method, path, roles) in EXPECTED {
                let path = format!("{path}{slash}");
                let is_through = roles.is_none_or(|roles| roles.contains(&role));
                let expected = if is_through { Gate::Through } else { Gate::Refused };
                let answer = plane.call(method, &path).token(&token).send().await;
                assert_eq!(gate(&answer), expected, "{role:?} {method} {path}");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 2 * 9 * EXPECTED.len());
}
