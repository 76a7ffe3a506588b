//! Passwords, tokens, addresses and input that ended the original's process (S13 to S15, S18, S19,
//! S25).

use serde_json::{Value, json};

use super::{
    super::site::{PASSWORD, Plan, Site, form, marie},
    Target, assert_refused, try_all,
};
use crate::process::{opencr, run};

#[test]
fn s13_passwords_are_kept_as_argon2id() {
    let Target { site, .. } = Target::new();
    let folder = site.stop();
    let bytes = std::fs::read(folder.path().join("data/opencr.sqlite")).expect("the store");
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("$argon2id$v=19$m=19456,t=2"), "the cost that OWASP names");
    assert!(!has(PASSWORD));
}

#[test]
fn s14_guessing_is_slowed_and_sessions_end_with_rights() {
    let more = "[people]\nattempts_max = 3\nlogins_per_minute = 12\n";
    let site = Site::open(&Plan {
        systems: &[],
        people: &[("jane", "deduplication"), ("amos", "viewer"), ("root", "admin")],
        more,
    });
    let (jane, root) = (site.person("jane"), site.person("root"));
    // Locked after three, for the right password, too.
    let nobody = site.nobody();
    let ask = |name: &str, password: &str| {
        let query = form(&[("username", name), ("password", password)]);
        nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null).status
    };
    for _ in 0..3 {
        assert_eq!(ask("amos", "wrong wrong wrong"), 400);
    }
    assert_eq!(ask("amos", PASSWORD), 400);
    let statuses: Vec<u16> = (0..12).map(|_| ask("nobody", "wrong wrong wrong")).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    // A token is worth nothing from the moment its account is switched off.
    assert_eq!(jane.get("/ocrux/isTokenActive/").status, 200);
    let users = root.get("/ocrux/user/getUsers").body;
    let id = users.as_array().and_then(|all| all.iter().find(|it| it["userName"] == "jane"));
    let id = id.and_then(|it| it["id"].as_str()).expect("she is in it");
    let fields = [("id", id), ("firstName", "Ada"), ("surname", "X"), ("status", "inactive")];
    let edited =
        root.post_form("/ocrux/user/editUser", &[&fields[..], &[("role", "viewer")]].concat());
    assert_eq!(edited.status, 200, "{edited:?}");
    assert_eq!(jane.get("/ocrux/isTokenActive/").status, 401);
    root.post("/ocrux/user/logout", &Value::Null);
    assert_eq!(root.get("/ocrux/user/getUsers").status, 401);
}

#[test]
fn s15_no_report_lies_where_everybody_reads() {
    let ui = tempfile::tempdir().expect("a folder");
    std::fs::write(ui.path().join("index.html"), "made up").expect("written");
    let more = format!("[people]\nui_folder = '{}'\n", ui.path().display());
    let site = Site::open(&Plan { systems: &[], people: &[], more: &more });
    let nobody = site.nobody();
    assert_eq!(nobody.get("/crux/").status, 200);
    for path in ["/crux/tmp/", "/crux/tmp/report.xlsx", "/crux/..%2fdata/opencr.sqlite"] {
        assert_refused(path, &nobody.get(path));
    }
    let left: Vec<_> = std::fs::read_dir(ui.path()).expect("there").collect();
    assert_eq!(left.len(), 1, "nothing is written into it");
}

#[test]
fn s18_system_that_is_not_listed_is_refused() {
    let target = Target::new();
    let ghost = target.site.system("ghost");
    assert_eq!(ghost.get("/fhir/Patient?_id=x").status, 200);
    let path = target.site.file("data/clients.toml");
    let text = std::fs::read_to_string(&path).expect("there");
    let mut file: toml::Table = toml::from_str(&text).expect("TOML");
    let clients = file["clients"].as_array_mut().expect("a list");
    clients.retain(|client| client["id"].as_str() != Some("ghost"));
    std::fs::write(&path, file.to_string()).expect("written");
    try_all("with the certificate of nobody's system", &ghost);
    let answer = ghost.post("/fhir/Patient", &marie("openmrs", "z9", "1"));
    assert_eq!(answer.status, 403, "{answer:?}");
}

#[test]
fn s19_address_in_the_audit_log_is_the_callers() {
    let target = Target::new();
    let openmrs = target.site.system("openmrs").with("X-Forwarded-For", "6.6.6.6, ::7");
    assert_eq!(openmrs.get(&format!("/fhir/Patient/{}", target.record.0)).status, 200);
    let folder = target.site.stop();
    let mut export = opencr();
    let output = run(export.args(["audit", "export", "--data", "data"]).current_dir(folder.path()));
    let log = String::from_utf8(output.stdout).expect("text");
    assert!(log.contains(r#""address":"127.0.0.1""#), "{log}");
    assert!(!log.contains("6.6.6.6"));
}

#[test]
fn s25_sign_in_without_its_parts_ends_nothing() {
    let target = Target::new();
    let nobody = target.site.nobody();
    for query in ["", "?username=root", "?password=x", "?username=root&password=", "?username=%ff"]
    {
        let path = format!("/ocrux/user/authenticate{query}");
        assert_refused(&path, &nobody.post(&path, &Value::Null));
    }
    for body in [json!({}), json!([]), json!("x"), json!({ "username": ["root"] })] {
        assert_refused("a body", &nobody.post("/ocrux/user/authenticate", &body));
    }
    let fields = [("id", "nobody"), ("firstName", "x"), ("surname", "x"), ("status", "active")];
    let edit = [&fields[..], &[("role", "viewer")]].concat();
    assert_refused("editUser", &target.root.post_form("/ocrux/user/editUser", &edit));
    assert_eq!(target.root.get("/ocrux/isTokenActive/").status, 200);
}
