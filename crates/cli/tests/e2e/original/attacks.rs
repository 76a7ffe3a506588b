//! What the original gave away to strangers, systems and people without rights (contract 6.1,
//! S1 to S12), tried against the real binary. The rest is in `attacks/`.

use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::site::{Answer, Asker, PASSWORD, Plan, Site, form, marie, submit};

mod content;
mod proof;

/// A registry with a record of each system and somebody of each kind.
struct Target {
    site: Site,
    openmrs: Asker,
    lims: Asker,
    jane: Asker,
    root: Asker,
    /// The record of `openmrs`, and its CRUID.
    record: (String, String),
}

impl Target {
    fn new() -> Self {
        let site = Site::open(&Plan {
            systems: &[("openmrs", "demographics"), ("lims", "own"), ("ghost", "demographics")],
            people: &[("jane", "deduplication"), ("gone", "viewer"), ("root", "admin")],
            more: "",
        });
        let (openmrs, lims) = (site.system("openmrs"), site.system("lims"));
        let record = submit(&openmrs, &marie("openmrs", "a1", "0772000001"));
        submit(&lims, &marie("lims", "b2", "0772000001"));
        let (jane, root) = (site.person("jane"), site.person("root"));
        Self { site, openmrs, lims, jane, root, record }
    }
}

/// Fails unless an answer refuses, without a word of anybody's.
fn assert_refused(what: &str, answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    assert_tells_nothing(what, answer);
}

fn assert_tells_nothing(what: &str, answer: &Answer) {
    for word in ["Kintu", "0772000001", "argon2", "salt"] {
        assert!(!answer.text.contains(word), "{what} tells {word}: {answer:?}");
    }
}

/// Requests that let strangers at people and accounts, in the original.
const PRIZES: [(&str, &str); 10] = [
    ("GET", "/fhir/Patient?family=Kintu"),
    ("GET", "/fhir/Person"),
    ("GET", "/fhir/AuditEvent"),
    ("GET", "/user/getUsers"),
    ("POST", "/user/addUser"),
    ("GET", "/match/get-match-issues"),
    ("GET", "/csv/getCSVUpload"),
    ("GET", "/ocrux/user/getUsers"),
    ("GET", "/ocrux/fhir/Patient"),
    ("POST", "/updateConfig"),
];

fn try_all(what: &str, asker: &Asker) {
    for (method, path) in PRIZES {
        let answer = asker.send(method, path, None, String::new());
        assert_refused(&format!("{what}: {method} {path}"), &answer);
    }
}

#[test]
fn s01_no_request_opens_the_gate_for_another() {
    let target = Target::new();
    let nobody = target.site.nobody();
    try_all("at first", &nobody);
    for path in ["/ocrux/x", "/ocrux/user/authenticate", "/ocrux/fhir/Patient"] {
        nobody.send("OPTIONS", path, None, String::new());
    }
    try_all("after OPTIONS", &nobody);
    let query = form(&[("username", "root"), ("password", "wrong wrong wrong")]);
    nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
    try_all("after a failed sign-in", &nobody);
    assert_eq!(target.root.get("/ocrux/isTokenActive/").status, 200);
    assert_eq!(target.openmrs.get("/fhir/Patient?identifier=CF1&_id=x").status, 200);
    try_all("after good proofs of others", &nobody);
}

#[test]
fn s02_certificate_that_signs_itself_names_nobody() {
    let target = Target::new();
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "openmrs");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let forger = target.site.bearer_of(certificate.as_bytes(), key.serialize_pem().as_bytes());
    for _ in 0..2 {
        try_all("with a forged certificate", &forger);
        let answer = forger.post("/fhir/Patient", &marie("openmrs", "z1", "1"));
        assert_eq!(answer.status, 403, "{answer:?}");
        target.site.nobody().send("OPTIONS", "/ocrux/x", None, String::new());
    }
}

#[test]
fn s03_certificate_of_a_system_opens_no_door_of_people() {
    let target = Target::new();
    for system in [&target.openmrs, &target.lims] {
        for path in [
            "/user/getUsers",
            "/user/authenticate",
            "/match/get-match-issues",
            "/match/potential-matches/x",
            "/match/count-match-issues",
            "/csv/getCSVUpload",
            "/config/getURI",
            "/config/getClients",
            "/fhir/Person",
            "/fhir/AuditEvent",
            "/fhir/Basic/patientdisplaypage",
            "/fhir/DocumentReference",
            "/ocrux/user/getUsers",
            "/ocrux/config/getURI",
            "/ocrux/match/get-match-issues",
            "/ocrux/fhir/Patient",
            "/ocrux/fhir/AuditEvent?entity=x",
        ] {
            assert_refused(path, &system.get(path));
        }
        let body = json!([{ "auth:secret": "mine" }]);
        for path in
            ["/updateConfig", "/match/break-match", "/match/matches", "/ocrux/match/break-match"]
        {
            assert_refused(path, &system.post(path, &body));
        }
    }
}

#[test]
fn s05_configuration_is_written_by_nobody() {
    let target = Target::new();
    let body = json!([{ "auth:secret": "mine" }, { "__proto__:x": 1 }]);
    let nobody = target.site.nobody();
    for asker in [&nobody, &target.openmrs, &target.jane, &target.root] {
        for path in ["/updateConfig", "/ocrux/updateConfig", "/ocrux/config/updateConfig"] {
            assert_refused(path, &asker.post(path, &body));
        }
    }
    assert_eq!(target.root.get("/ocrux/isTokenActive/").status, 200, "its key is what it was");
}

#[test]
fn s06_published_secrets_open_nothing() {
    let target = Target::new();
    let mut nobody = target.site.nobody();
    for name in ["root@intrahealth.org", "root"] {
        let query = form(&[("username", name), ("password", "intrahealth")]);
        let answer = nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
        assert_eq!((answer.status, &answer.body["token"]), (400, &Value::Null));
    }
    // A key of one installation signs nothing for another, and no token goes unsigned.
    let other = Target::new();
    nobody.token.clone_from(&other.root.token);
    assert_eq!(nobody.get("/ocrux/isTokenActive/").status, 401);
    let token = target.root.token.clone().expect("she is signed in");
    let parts: Vec<&str> = token.split('.').collect();
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for forged in [format!("{unsigned}.{}.", parts[1]), format!("{}.{}.", parts[0], parts[1])] {
        nobody.token = Some(forged);
        assert_eq!(nobody.get("/ocrux/isTokenActive/").status, 401);
    }
}

#[test]
fn s07_restart_resets_no_password() {
    let target = Target::new();
    let site = target.site.restart();
    let nobody = site.nobody();
    for password in ["intrahealth", "wrong wrong wrong"] {
        let query = form(&[("username", "root"), ("password", password)]);
        let answer = nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
        assert_eq!(answer.status, 400);
    }
    let setup = json!({ "token": "x", "username": "eve", "password": PASSWORD });
    assert_refused("a second first account", &nobody.post("/ocrux/user/setup", &setup));
    assert_eq!(site.person("root").get("/ocrux/user/getUsers").status, 200);
}

#[test]
fn s08_server_certificate_proves_nobody() {
    let target = Target::new();
    let read = |name: &str| std::fs::read(target.site.file(name)).expect("there");
    let holder = target.site.bearer_of(&read("server.pem"), &read("server.key"));
    try_all("with the server's certificate", &holder);
    assert_eq!(holder.get("/fhir/Patient").status, 403);
}

#[test]
fn s09_no_other_resource_is_read_or_written() {
    let target = Target::new();
    let (record, cruid) = &target.record;
    for kind in ["Person", "SearchParameter", "AuditEvent", "Basic", "StructureDefinition"] {
        let body = json!({ "resourceType": kind, "id": "default-admin-user" });
        for system in [&target.openmrs, &target.lims] {
            assert_refused(kind, &system.get(&format!("/fhir/{kind}")));
            assert_refused(kind, &system.get(&format!("/fhir/{kind}/default-admin-user")));
            assert_refused(kind, &system.post(&format!("/fhir/{kind}"), &body));
            assert_refused(kind, &system.put(&format!("/fhir/{kind}/default-admin-user"), &body));
        }
    }
    // Through a Bundle, by the verbs of its entries.
    let person = json!({ "resourceType": "Person", "id": "default-admin-user" });
    for kind in ["batch", "transaction"] {
        for (method, url) in [
            ("PUT", "Person/default-admin-user".to_owned()),
            ("POST", "Person".to_owned()),
            ("DELETE", format!("Patient/{record}")),
            ("DELETE", format!("Patient/{cruid}")),
            ("GET", format!("Patient/{record}")),
            ("GET", "AuditEvent?entity=x".to_owned()),
        ] {
            let mut entry = json!({ "request": { "method": method, "url": url } });
            if url.starts_with("Person") {
                entry["resource"] = person.clone();
            }
            let bundle = json!({ "resourceType": "Bundle", "type": kind, "entry": [entry] });
            let answer = target.lims.post("/fhir", &bundle);
            let inner = &answer.body["entry"][0]["response"]["status"];
            let is_refused = (400..500).contains(&answer.status)
                || inner.as_str().is_some_and(|status| status.starts_with('4'));
            assert!(is_refused, "{kind} {method} {url}: {answer:?}");
            assert_tells_nothing(&url, &answer);
        }
    }
    assert_eq!(target.openmrs.get(&format!("/fhir/Patient/{record}")).status, 200);
}

#[test]
fn s10_header_of_a_gateway_is_believed_from_a_gateway_only() {
    let target = Target::new();
    let stranger = target.site.nobody().with("X-OpenHIM-ClientID", "openmrs");
    try_all("with the header alone", &stranger);
    // A system stays who its certificate says.
    let lims = target.site.system("lims").with("X-OpenHIM-ClientID", "openmrs");
    let answer = lims.get(&format!("/fhir/Patient/{}", target.record.0));
    assert_eq!(answer.status, 404, "{answer:?}");
    let (id, _) = submit(&lims, &marie("lims", "c3", "0772000001"));
    let tags = target.jane.get(&format!("/ocrux/fhir/Patient/{id}")).body["meta"]["tag"].clone();
    let mut tags = tags.as_array().expect("tags").iter();
    assert!(tags.any(|tag| tag["code"] == "lims"));
    // Nor is anything answered without TLS.
    let plain = format!("{}/fhir/metadata", target.site.root().replace("https", "http"));
    let answer = ureq::get(&plain).config().http_status_as_error(false).build().call();
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status().as_u16() >= 400));
}

#[test]
fn s11_address_says_nothing_of_who_decides() {
    let target = Target::new();
    let (id, _) = &target.record;
    let broken = json!([format!("Patient/{id}")]);
    let path = "/ocrux/match/break-match?username=somebody-else";
    assert_eq!(target.jane.post(path, &broken).status, 200);
    let history = target.jane.get(&format!("/ocrux/fhir/AuditEvent?entity={id}&entity-name=break"));
    assert_eq!(history.body["entry"][0]["resource"]["agent"][0]["altId"], "jane");
    assert!(!history.text.contains("somebody-else"));
}

#[test]
fn s12_refused_sign_ins_are_alike() {
    let site = {
        let target = Target::new();
        target.site.restart_after(&["user", "disable", "gone"])
    };
    let nobody = site.nobody();
    let ask = |name: &str, password: &str| {
        let query = form(&[("username", name), ("password", password)]);
        let answer = nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
        (answer.status, answer.text)
    };
    let unknown = ask("nobody", "wrong wrong wrong");
    assert_eq!(unknown.0, 400);
    assert_eq!(ask("root", "wrong wrong wrong"), unknown);
    assert_eq!(ask("gone", PASSWORD), unknown, "an inactive account, with its password");
    assert_eq!(ask("gone", "wrong wrong wrong"), unknown);
}
