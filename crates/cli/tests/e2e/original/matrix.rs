//! Every route of both planes against everybody, over TLS: nobody, a forged certificate, a header,
//! systems of each access level, and people of each role.
//!
//! What is expected is written down here, not read from the server's tables.

use rcgen::{CertificateParams, DnType, KeyPair};

use super::site::{Asker, Plan, Site, marie, submit};

/// What the doors make of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// The handler answers, whatever it makes of an empty request.
    Through,
    /// 401: it is not known who asks.
    Unknown,
    /// 403: known, and not allowed.
    Refused,
}

/// Roles that get through, one letter each: Viewer, deduplication (Steward), sUpervisor, Data
/// manager, Rules manager, auditOr, Admin.
const ROLES: [(char, &str); 7] = [
    ('V', "viewer"),
    ('S', "deduplication"),
    ('U', "supervisor"),
    ('D', "data-manager"),
    ('R', "rules-manager"),
    ('O', "auditor"),
    ('A', "admin"),
];

const LEVELS: [&str; 4] = ["submit", "own", "identifiers", "demographics"];

/// Routes of people and the roles that they are for. `*` is everybody, signed in or not.
const OF_PEOPLE: &[(&str, &str, &str)] = &[
    ("POST", "/ocrux/user/authenticate", "*"),
    ("POST", "/ocrux/user/setup", "*"),
    ("POST", "/ocrux/user/changepassword", "VSUDROA"),
    ("POST", "/ocrux/user/addUser", "A"),
    ("POST", "/ocrux/user/editUser", "A"),
    ("GET", "/ocrux/user/getUsers", "A"),
    ("GET", "/ocrux/isTokenActive", "VSUDROA"),
    ("PUT", "/ocrux/isTokenActive", "VSUDROA"),
    ("GET", "/ocrux/config/getURI", "VSUDROA"),
    ("GET", "/ocrux/config/getClients", "VSUDROA"),
    ("GET", "/ocrux/getURI", "VSUDROA"),
    ("GET", "/ocrux/getClients", "VSUDROA"),
    ("GET", "/ocrux/fhir/metadata", "VSUDROA"),
    ("GET", "/ocrux/fhir/Basic/patientdisplaypage", "VSUDROA"),
    ("GET", "/ocrux/fhir/ValueSet/link-type", "VSUDROA"),
    ("GET", "/ocrux/fhir/ValueSet/link-type/$expand", "VSUDROA"),
    ("GET", "/ocrux/fhir/CodeSystem/$lookup", "VSUDROA"),
    ("GET", "/ocrux/fhir/Person", "A"),
    ("GET", "/ocrux/fhir/Person/x", "A"),
    ("GET", "/ocrux/fhir/AuditEvent", "VSUD"),
    ("GET", "/ocrux/fhir", "VSUD"),
    ("GET", "/ocrux/fhir/Patient", "VSUD"),
    ("HEAD", "/ocrux/fhir/Patient", "VSUD"),
    ("GET", "/ocrux/fhir/Patient/x", "VSUD"),
    ("GET", "/ocrux/match/count-match-issues", "VSURO"),
    ("GET", "/ocrux/match/count-new-auto-matches", "VSURO"),
    ("GET", "/ocrux/match/get-match-issues", "VSUD"),
    ("GET", "/ocrux/match/get-new-auto-matches", "VSUD"),
    ("GET", "/ocrux/match/potential-matches/x", "VSUD"),
    ("GET", "/ocrux/csv/getCSVUpload", "VSUD"),
    ("GET", "/ocrux/csv/getCSVReport/x", "VSUD"),
    ("GET", "/ocrux/csv/report/x", "VSUD"),
    ("GET", "/ocrux/potential-matches/x", "VSUD"),
    ("POST", "/ocrux/match/matches", "VSUD"),
    ("POST", "/ocrux/match/break-match", "SU"),
    ("POST", "/ocrux/breakMatch", "SU"),
    ("POST", "/ocrux/match/unbreak-match", "SU"),
    ("POST", "/ocrux/unBreakMatch", "SU"),
    ("POST", "/ocrux/match/resolve-match-issue", "SU"),
    ("POST", "/ocrux/match/mark-different", "SU"),
    ("POST", "/ocrux/match/mark-same", "SU"),
    ("POST", "/ocrux/match/undo", "SU"),
    // Last, since it ends the session.
    ("POST", "/ocrux/user/logout", "VSUDROA"),
];

/// Routes of systems, and whether the level `submit` is kept out of them. The others narrow what is
/// found and do not refuse; `{own}` is a record of the asking system.
const OF_SYSTEMS: &[(&str, &str, bool)] = &[
    // Pages belong to who was given their links, which `submit` never is.
    ("GET", "/fhir", false),
    ("POST", "/fhir", false),
    ("GET", "/fhir/Patient?_id=x", true),
    ("HEAD", "/fhir/Patient?_id=x", true),
    ("POST", "/fhir/Patient/_search?_id=x", true),
    ("GET", "/fhir/Patient/{own}", true),
    ("GET", "/fhir/Patient/{own}/_history", true),
    ("GET", "/fhir/Patient/{own}/_history/1", true),
    ("GET", "/fhir/Patient/$ihe-pix", false),
    ("POST", "/fhir/Patient/$ihe-pix", false),
    ("POST", "/fhir/Patient", false),
    ("PUT", "/fhir/Patient/{own}", false),
    ("PUT", "/fhir/Patient?_id=x", false),
    ("DELETE", "/fhir/Patient?_id=x", false),
    ("DELETE", "/fhir/Patient/nobody", false),
];

/// Routes of the original without a prefix, and types that only people have: for nobody.
const OF_NOBODY: &[(&str, &str)] = &[
    ("GET", "/user/getUsers"),
    ("POST", "/user/addUser"),
    ("POST", "/user/editUser"),
    ("POST", "/user/authenticate"),
    ("GET", "/match/get-match-issues"),
    ("GET", "/match/potential-matches/x"),
    ("POST", "/match/matches"),
    ("POST", "/match/break-match"),
    ("POST", "/match/resolve-match-issue"),
    ("GET", "/csv/getCSVUpload"),
    ("GET", "/csv/getCSVReport/x"),
    ("GET", "/crux/tmp/00000000-0000-0000-0000-000000000000-0123456789.xlsx"),
    ("GET", "/config/getURI"),
    ("POST", "/updateConfig"),
    ("POST", "/ocrux/updateConfig"),
    ("GET", "/fhir/Person"),
    ("PUT", "/fhir/Person/default-admin-user"),
    ("GET", "/fhir/AuditEvent"),
    ("GET", "/fhir/Basic/patientdisplaypage"),
    ("POST", "/fhir/SearchParameter"),
    ("GET", "/fhir/DocumentReference"),
];

/// Everybody who knocks.
struct Knockers {
    strangers: Vec<(&'static str, Asker)>,
    /// With the id of an own record.
    systems: Vec<(&'static str, Asker, String)>,
    people: Vec<(char, Asker)>,
}

impl Knockers {
    fn of(site: &Site) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "demographics");
        let forged = params.self_signed(&key).expect("a certificate").pem();
        let forger = site.bearer_of(forged.as_bytes(), key.serialize_pem().as_bytes());
        let mut pretender = site.nobody().with("X-OpenHIM-ClientID", "demographics");
        pretender.token = Some("e30.e30.x".to_owned());
        let strangers =
            vec![("nobody", site.nobody()), ("a header", pretender), ("a forgery", forger)];
        let systems = LEVELS.into_iter().map(|level| {
            let system = site.system(level);
            let (own, _) = submit(&system, &marie("openmrs", level, "0772000001"));
            (level, system, own)
        });
        let systems = systems.collect();
        let people = ROLES.into_iter().map(|(letter, role)| (letter, site.person(role))).collect();
        Self { strangers, systems, people }
    }
}

fn door(asker: &Asker, method: &str, path: &str) -> Door {
    let answer = asker.send(method, path, None, String::new());
    let is_ours = answer.text.contains("needs the permission")
        || answer.text.contains("certificate")
        || answer.text.contains("access");
    match answer.status {
        401 => Door::Unknown,
        // Handlers refuse, too, in words of their own.
        403 if is_ours || answer.text.is_empty() => Door::Refused,
        404 | 405 if OF_NOBODY.contains(&(method, path)) => Door::Refused,
        405 => panic!("the route is not there: {method} {path}"),
        500.. => panic!("{method} {path}: {answer:?}"),
        _ => Door::Through,
    }
}

#[test]
fn s04_matrix_of_routes_roles_and_planes_is_as_written_here() {
    let kept: Vec<(&str, &str)> = LEVELS.iter().map(|level| (*level, *level)).collect();
    let people: Vec<(&str, &str)> = ROLES.iter().map(|(_, role)| (*role, *role)).collect();
    let site = Site::open(&Plan { systems: &kept, people: &people, more: "" });
    let knockers = Knockers::of(&site);
    let cells = of_people(&knockers) + of_systems(&knockers) + of_nobody(&knockers);
    let routes = OF_PEOPLE.len() + OF_SYSTEMS.len() + OF_NOBODY.len();
    println!("{cells} cells: {routes} routes, 14 kinds of callers");
    assert_eq!(cells, routes * (3 + LEVELS.len() + ROLES.len()));
}

fn of_people(knockers: &Knockers) -> usize {
    let mut cells = 0;
    for (method, path, roles) in OF_PEOPLE {
        let is_open = *roles == "*";
        let systems = knockers.systems.iter().map(|(name, system, _)| (*name, system));
        let strangers = knockers.strangers.iter().map(|(name, stranger)| (*name, stranger));
        for (name, asker) in systems.chain(strangers) {
            let found = door(asker, method, path);
            let expected = match name {
                // A bad certificate is refused on every route.
                "a forgery" => Door::Refused,
                _ if is_open => Door::Through,
                _ => Door::Unknown,
            };
            assert_eq!(found, expected, "{name} {method} {path}");
            cells += 1;
        }
        for (letter, person) in &knockers.people {
            let is_through = is_open || roles.contains(*letter);
            let expected = if is_through { Door::Through } else { Door::Refused };
            assert_eq!(door(person, method, path), expected, "{letter} {method} {path}");
            cells += 1;
        }
    }
    cells
}

fn of_systems(knockers: &Knockers) -> usize {
    let mut cells = 0;
    for (method, path, is_for_readers) in OF_SYSTEMS {
        for (level, system, own) in &knockers.systems {
            let path = path.replace("{own}", own);
            let is_kept_out = *is_for_readers && *level == "submit";
            let expected = if is_kept_out { Door::Refused } else { Door::Through };
            assert_eq!(door(system, method, &path), expected, "{level} {method} {path}");
            cells += 1;
        }
        let path = path.replace("{own}", &knockers.systems[1].2);
        for (name, stranger) in &knockers.strangers {
            let expected = if *name == "a forgery" { Door::Refused } else { Door::Unknown };
            assert_eq!(door(stranger, method, &path), expected, "{name} {method} {path}");
            cells += 1;
        }
        for (letter, person) in &knockers.people {
            assert_eq!(door(person, method, &path), Door::Unknown, "{letter} {method} {path}");
            cells += 1;
        }
    }
    cells
}

fn of_nobody(knockers: &Knockers) -> usize {
    let systems = knockers.systems.iter().map(|(_, system, _)| system);
    let strangers = knockers.strangers.iter().map(|(_, stranger)| stranger);
    let people = knockers.people.iter().map(|(_, person)| person);
    let all: Vec<&Asker> = systems.chain(strangers).chain(people).collect();
    for (method, path) in OF_NOBODY {
        for asker in &all {
            assert_ne!(door(asker, method, path), Door::Through, "{method} {path}");
        }
    }
    OF_NOBODY.len() * all.len()
}
