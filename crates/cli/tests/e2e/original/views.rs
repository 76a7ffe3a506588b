//! Every request of OpenCR's web UI, view by view, in the order that somebody at work sends them
//! (contract 5.3 and 5.4). Numbers in comments are those of contract 5.3.

use serde_json::{Value, json};

use super::{
    shape::{check, check_whole},
    shapes,
    site::{Asker, PASSWORD, Plan, Site, form, marie, somebody, submit},
};

/// The code of golden records, which OpenCR's UI has compiled in.
const GOLDEN: &str = "5c827da5-4858-4f3d-a50c-62ece001efea";
const BROKEN: &str = "http://clientregistry.org/brokenMatch";
const HISTORY: &str = "submittedResource,breakTo,breakFrom,unBreak,unBreakFromResource";

/// A registry as a UI user finds it: two systems, a steward, an administrator, the UI's folder.
fn site(ui: &tempfile::TempDir) -> Site {
    std::fs::write(ui.path().join("index.html"), "<!doctype html>made up").expect("written");
    let more = format!("[people]\nui_folder = '{}'\n", ui.path().display());
    Site::open(&Plan {
        systems: &[("openmrs", "own"), ("lims", "own")],
        people: &[("jane", "deduplication"), ("root", "admin")],
        more: &more,
    })
}

fn fhir(person: &Asker, kind: &str, pairs: &[(&str, &str)]) -> Value {
    let answer = person.get(&format!("/ocrux/fhir/{kind}?{}", form(pairs)));
    assert_eq!(answer.status, 200, "{kind} {pairs:?}: {answer:?}");
    answer.body
}

fn totals(person: &Asker) -> [u64; 2] {
    ["count-match-issues", "count-new-auto-matches"].map(|name| {
        let answer = person.get(&format!("/ocrux/match/{name}"));
        check_whole(name, &answer.body, shapes::COUNT);
        answer.body["total"].as_u64().expect("a number")
    })
}

fn ids(bundle: &Value) -> Vec<&str> {
    let entries = bundle["entry"].as_array().expect("always a list");
    entries.iter().filter_map(|entry| entry["resource"]["id"].as_str()).collect()
}

fn golden_of(person: &Asker, id: &str) -> String {
    let links = fhir(person, "Patient", &[("_elements", "link,extension"), ("_id", id)]);
    let link = links["entry"][0]["resource"]["link"][0]["other"]["reference"].as_str();
    link.expect("a link").strip_prefix("Patient/").expect("a Patient").to_owned()
}

#[test]
fn page_load_and_login_answer_as_the_ui_reads() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let nobody = site.nobody();
    let moved = nobody.get("/crux");
    assert_eq!((moved.status, moved.header("location")), (301, "/crux/"));
    assert_eq!(nobody.get("/crux/").text, "<!doctype html>made up");
    // 1 and 2, before anybody has signed in.
    for name in ["count-match-issues", "count-new-auto-matches"] {
        let answer = nobody.get(&format!("/ocrux/match/{name}"));
        assert_eq!((answer.status, &answer.body), (401, &json!({ "error": "Token is missing" })));
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="Token is required""#);
    }
    // 6: a falsy token is "Authentication failed".
    let query = form(&[("username", "jane"), ("password", "wrong wrong wrong")]);
    let refused = nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
    assert_eq!(refused.body, json!({ "token": null, "role": null, "userID": null }));
    let query = form(&[("username", "jane"), ("password", PASSWORD)]);
    let signed_in = nobody.post(&format!("/ocrux/user/authenticate?{query}"), &Value::Null);
    assert_eq!(signed_in.status, 200);
    check_whole("login", &signed_in.body, shapes::SIGNED_IN);
    assert_eq!(signed_in.body["role"], "deduplication");
    let jane = site.person("jane");
    // 3, 4, 5, and the badges.
    let active = jane.get("/ocrux/isTokenActive/");
    assert_eq!((active.status, &active.body), (200, &json!(true)));
    let systems = jane.get("/ocrux/config/getURI").body;
    check_whole("getURI", &systems, shapes::SYSTEMS);
    let clients = jane.get("/ocrux/config/getClients").body;
    check_whole("getClients", &clients, shapes::CLIENTS);
    assert!(clients.as_array().is_some_and(|all| all.iter().any(|it| it["id"] == "lims")));
    assert_eq!(totals(&jane), [0, 0]);
    // The UI keeps its token in a cookie, too; that alone says nothing.
    let token = format!("token={}", jane.token.as_deref().expect("she is signed in"));
    let by_cookie = site.nobody().with("Cookie", &token).get("/ocrux/isTokenActive/");
    assert_eq!(by_cookie.status, 401);
    // Signing out is no request; a token that is none is a 401 that ends the page's session.
    let mut stranger = site.nobody();
    stranger.token = Some("x.y.z".to_owned());
    let expired = stranger.get("/ocrux/isTokenActive/");
    assert_eq!((expired.status, &expired.body), (401, &json!({ "error": "Token expired" })));
    assert_eq!(expired.header("access-control-allow-origin"), "*");
}

#[test]
fn home_lists_filters_and_turns_pages() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let openmrs = site.system("openmrs");
    let (marie_id, cruid) = submit(&openmrs, &marie("openmrs", "m1", "0772000001"));
    for number in 0..24 {
        let (given, national_id) = (format!("Nambi{number}"), format!("CX{number}"));
        let facts = [&*given, "Achieng", &*national_id, "0700"];
        submit(&openmrs, &somebody("openmrs", &format!("x{number}"), facts));
    }
    submit(&site.system("lims"), &somebody("lims", "l1", ["Émma", "Okot", "CY1", "0701"]));
    let jane = site.person("jane");
    // 7, which the UI sends twice.
    for _ in 0..2 {
        let page = jane.get("/ocrux/fhir/Basic/patientdisplaypage");
        check("patientdisplaypage", &page.body, shapes::DISPLAY_PAGE);
    }
    // 8: golden records are kept out by their tag alone.
    let first = [("_count", "10"), ("_total", "accurate"), ("_tag:not", GOLDEN)];
    let page = fhir(&jane, "Patient", &first);
    check("home", &page, shapes::HOME);
    assert_eq!((page["total"].as_u64(), ids(&page).len()), (Some(26), 10));
    // 9: the query of `next` and `previous`, on the base.
    let mut seen: Vec<String> = ids(&page).into_iter().map(str::to_owned).collect();
    let second = turn(&jane, &page, "next");
    check("second page", &second, shapes::HOME);
    seen.extend(ids(&second).into_iter().map(str::to_owned));
    let third = turn(&jane, &second, "next");
    assert_eq!((ids(&third).len(), third["total"].as_u64()), (6, Some(26)));
    seen.extend(ids(&third).into_iter().map(str::to_owned));
    assert_eq!(seen.iter().collect::<std::collections::HashSet<_>>().len(), 26);
    assert_eq!(ids(&turn(&jane, &third, "previous")), ids(&second));
    // A change of the sort order on a later page; no 5xx and no 401.
    assert_eq!(jane.get("/ocrux/fhir?undefined").status, 400);
    // 8 with each filter of the default page, and with what editing one leaves behind.
    let openmrs = "http://openclientregistry.org/fhir/clientid|openmrs";
    let lims = "http://openclientregistry.org/fhir/clientid|lims";
    let golden = format!("Patient/{cruid}");
    for (filters, total) in [
        (&[("given:contains", "MARI")][..], 1),
        (&[("given:contains", "emm"), ("given:contains", "emma")], 1),
        (&[("family:contains", "chien")], 24),
        (&[("gender", "male,female")], 26),
        (&[("gender", "male")], 0),
        (&[("link", &cruid)], 1),
        (&[("link", &golden)], 1),
        (&[("_tag", openmrs)], 25),
        (&[("_tag", lims), ("given:contains", "emm")], 1),
        (&[("identifier", "CF1")], 1),
        (&[("identifier", "http://clientregistry.org/openmrs|m1")], 1),
    ] {
        let found = fhir(&jane, "Patient", &[&first[..], filters].concat());
        assert_eq!(found["total"].as_u64(), Some(total), "{filters:?}");
        check("filtered", &found, if total > 0 { shapes::HOME } else { shapes::NOBODY });
    }
    let found = fhir(&jane, "Patient", &[&first[..], &[("link", &cruid)]].concat());
    assert_eq!(ids(&found), [&marie_id]);
    // 10, and what it falls back to.
    let expanded = fhir(&jane, "ValueSet/administrative-gender/$expand", &[]);
    check("$expand", &expanded, shapes::EXPANSION);
    let inline = fhir(&jane, "ValueSet/administrative-gender", &[]);
    let concepts = ["compose include [] concept [] code: filled"];
    check("ValueSet", &inline, &concepts);
}

/// The page that a link of a page leads to, as the UI asks for it: by what follows its `?`.
fn turn(person: &Asker, page: &Value, relation: &str) -> Value {
    let links = page["link"].as_array().expect("links");
    let link = links.iter().find(|link| link["relation"] == relation).expect("there is one");
    let url = link["url"].as_str().expect("a text");
    let (_, query) = url.split_once('?').expect("a query");
    let answer = person.get(&format!("/ocrux/fhir?{query}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[test]
fn record_shows_history_break_and_revert() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let (a, golden) = submit(&site.system("openmrs"), &marie("openmrs", "a1", "0772000001"));
    let (b, same) = submit(&site.system("lims"), &marie("lims", "b2", "0772000001"));
    assert_eq!(golden, same);
    let jane = site.person("jane");
    // 11, 13, 14.
    let links = fhir(&jane, "Patient", &[("_elements", "link,extension"), ("_id", &b)]);
    check("links", &links, shapes::LINKS);
    let members = fhir(&jane, "Patient", &[("_include", "Patient:link"), ("_id", &golden)]);
    check("detail", &members, shapes::DETAIL);
    assert_eq!(ids(&members).len(), 3, "the golden record and both of its records");
    let tag = &members["entry"][0]["resource"]["meta"]["tag"][0];
    assert_eq!((&tag["code"], &tag["system"]), (&json!(GOLDEN), &Value::Null));
    let events = history(&jane, &b);
    let submitted = events.iter().find_map(|event| entity(event, "submittedResource"));
    let detail = submitted.and_then(|it| it["detail"].as_array()).expect("it is required");
    let payload = detail.iter().find_map(|it| it["valueBase64Binary"].as_str()).expect("a match");
    check("payload", &decoded(payload), shapes::HISTORY_MATCH);
    // 15, then 11 to 14 again, with the broken match.
    let broken = json!([format!("Patient/{b}")]);
    let done = jane.post("/ocrux/match/break-match?username=jane", &broken);
    assert_eq!((done.status, &*done.text), (200, "Match Broken"));
    let links = fhir(&jane, "Patient", &[("_elements", "link,extension"), ("_id", &b)]);
    check("links after the break", &links, shapes::BROKEN);
    let extension = &links["entry"][0]["resource"]["extension"][0];
    assert_eq!(extension["url"], BROKEN);
    assert_eq!(extension["valueReference"]["reference"], json!(format!("Patient/{a}")));
    assert_ne!(golden_of(&jane, &b), golden);
    let both = fhir(&jane, "Patient", &[("_id", &format!("{a},{b}"))]);
    check("broken records", &both, shapes::HOME_ENTRIES);
    assert_eq!(ids(&both).len(), 2);
    assert!(history(&jane, &b).iter().any(|event| entity(event, "break").is_some()));
    assert!(history(&jane, &a).iter().any(|event| entity(event, "breakFrom").is_some()));
    // 16: every broken record with every record of the person.
    let pairs = json!([{ "id1": format!("Patient/{b}"), "id2": format!("Patient/{a}") }]);
    let done = jane.post("/ocrux/match/unbreak-match?username=jane", &pairs);
    assert_eq!(done.status, 201);
    check("unbreak", &done.body, shapes::UNBROKEN);
    assert_eq!(golden_of(&jane, &a), golden_of(&jane, &b));
    let events = history(&jane, &b);
    assert!(events.iter().any(|event| entity(event, "unBreak").is_some()
        || entity(event, "unBreakFromResource").is_some()));
    assert!(events.iter().any(|event| event["agent"][0]["altId"] == "jane"));
}

/// Request 14.
fn history(person: &Asker, id: &str) -> Vec<Value> {
    let pairs = [("entity", id), ("entity-name", HISTORY), ("_sort", "-_lastUpdated")];
    let bundle = fhir(person, "AuditEvent", &pairs);
    check("history", &bundle, shapes::HISTORY);
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let events: Vec<Value> = entries.into_iter().map(|mut it| it["resource"].take()).collect();
    for event in &events {
        let is_submission = entity(event, "break").is_none() && entity(event, "unBreak").is_none();
        let submitted = entity(event, "submittedResource");
        assert!(!is_submission || submitted.is_some_and(|it| it["detail"].is_array()), "{event}");
    }
    events
}

fn entity<'e>(event: &'e Value, name: &str) -> Option<&'e Value> {
    event["entity"].as_array()?.iter().find(|entity| entity["name"] == name)
}

fn decoded(base64: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn review_lists_compare_and_resolve() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let (openmrs, lims) = (site.system("openmrs"), site.system("lims"));
    let (a, golden_a) = submit(&openmrs, &marie("openmrs", "a1", "0772000001"));
    let (b, golden_b) = submit(&lims, &marie("lims", "b2", "0772000002"));
    let jane = site.person("jane");
    assert_eq!(totals(&jane), [1, 0]);
    // 17.
    let list = jane.get("/ocrux/match/get-match-issues").body;
    check_whole("worklist", &list, shapes::WORKLIST);
    assert_eq!((&list[0]["source"], &list[0]["source_id"]), (&json!("lims"), &json!("b2")));
    assert_eq!(list[0]["reasonCode"], "potentialMatches");
    // 19.
    let rows = jane.get(&format!("/ocrux/match/potential-matches/{b}")).body;
    check_whole("matrix", &rows, shapes::MATRIX);
    assert_eq!((&rows[0]["id"], &rows[0]["scores"]["a1"]), (&json!(b), &json!(5.0)));
    assert_eq!(rows[1]["source"], "The openmrs");
    // 20: the UI sends the rows back whole, its own members among them.
    let move_to = |row: usize, uid: &str| {
        let mut row = rows[row].clone();
        row["a1"] = json!(4);
        row["uid"] = json!(uid);
        row
    };
    let save = |from: &str, flag: &str, is_idle: bool, rows: Vec<Value>| {
        let body = json!({ "resolvingFrom": from, "flagType": flag, "removeFlag": is_idle,
            "resolves": rows });
        let answer = jane.post("/ocrux/match/resolve-match-issue", &body);
        (answer.status, answer.text)
    };
    let moved = vec![move_to(0, &golden_a), move_to(1, &golden_a)];
    assert_eq!(save(&b, "potentialMatches", false, moved), (200, String::new()));
    assert_eq!(golden_of(&jane, &b), golden_a);
    assert_eq!(totals(&jane), [0, 0]);
    let old = fhir(&jane, "Patient", &[("_id", &golden_b)]);
    assert_eq!(old["entry"][0]["resource"]["link"][0]["type"], "replaced-by");
    // A new record of the same person is an automatic match, to be looked at: 18.
    let (c, _) = submit(&openmrs, &marie("openmrs", "c3", "0772000001"));
    assert_eq!(totals(&jane)[1], 1);
    let list = jane.get("/ocrux/match/get-new-auto-matches").body;
    check_whole("auto-matches", &list, shapes::WORKLIST);
    assert_eq!((&list[0]["id"], &list[0]["reasonCode"]), (&json!(c), &json!("autoMatches")));
    // 20 with "New CR ID": c and b are another person.
    let rows = jane.get(&format!("/ocrux/match/potential-matches/{c}")).body;
    check_whole("matrix of an automatic match", &rows, shapes::MATRIX);
    let rows = rows.as_array().expect("rows").to_vec();
    let moved = rows.into_iter().map(|mut row| {
        if row["id"] != json!(a) {
            row["uid"] = json!("New CR ID 1");
        }
        row
    });
    assert_eq!(save(&c, "autoMatches", false, moved.collect()), (200, String::new()));
    let new = golden_of(&jane, &c);
    assert!(new == golden_of(&jane, &b) && new != golden_of(&jane, &a));
    // Nothing moved: with `removeFlag` the flag goes; without, there was nothing to do.
    let (d, _) = submit(&lims, &marie("lims", "d4", "0772000003"));
    assert!(totals(&jane)[0] > 0);
    assert_eq!(save(&d, "potentialMatches", false, Vec::new()).0, 202);
    assert_eq!(save(&d, "potentialMatches", true, Vec::new()), (200, String::new()));
    let list = jane.get("/ocrux/match/get-match-issues").body;
    assert!(list.as_array().is_some_and(|rows| rows.iter().all(|row| row["id"] != json!(d))));
}

#[test]
fn names_without_given_parts_break_no_view() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let mut patient = marie("openmrs", "a1", "0772000001");
    patient["name"] = json!([
        { "use": "official", "given": ["Marie"], "family": "Kintu" },
        { "use": "maiden", "family": "Okello" },
        { "text": "Mama Marie" },
    ]);
    let openmrs = site.system("openmrs");
    let (id, cruid) = submit(&openmrs, &patient);
    let jane = site.person("jane");
    // The detail page joins `given` of every name, unguarded (contract 5.4).
    for pairs in [
        &[("_include", "Patient:link"), ("_id", &*cruid)][..],
        &[("_id", &id)],
        &[("_count", "10"), ("_tag:not", GOLDEN)],
    ] {
        let bundle = fhir(&jane, "Patient", pairs);
        let entries = bundle["entry"].as_array().expect("entries").iter();
        let names = entries.filter_map(|entry| entry["resource"]["name"].as_array()).flatten();
        let names: Vec<&Value> = names.collect();
        assert!(names.len() == 3 && names.iter().all(|name| name["given"].is_array()), "{bundle}");
    }
    // Systems get what was sent: FHIR has no empty lists.
    let sent = openmrs.get(&format!("/fhir/Patient/{id}")).body;
    assert_eq!(sent["name"], patient["name"]);
}

#[test]
fn uploads_are_listed_and_a_report_is_fetched_by_navigation() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let openmrs = site.system("openmrs");
    let upload = json!({
        "system": "http://openclientregistry.org/fhir/tag/csv", "code": "u1", "display": "Labs.csv",
    });
    for number in ["1", "2"] {
        let mut patient = marie("openmrs", number, "0772000001");
        patient["meta"] = json!({ "tag": [upload] });
        submit(&openmrs, &patient);
    }
    let jane = site.person("jane");
    // 21.
    let uploads = jane.get("/ocrux/csv/getCSVUpload").body;
    check_whole("getCSVUpload", &uploads, shapes::UPLOADS);
    assert_eq!((&uploads[0]["uuid"], &uploads[0]["name"]), (&json!("u1"), &json!("Labs.csv")));
    // 22: the body is opened in the same tab, without the token.
    let report = uploads[0]["reportId"].as_str().expect("an id");
    let link = jane.get(&format!("/ocrux/csv/getCSVReport/{report}"));
    assert!(link.text.starts_with(&format!("/crux/tmp/{report}-")), "{link:?}");
    assert!(link.header("content-type").starts_with("text/html"), "{link:?}");
    let nobody = site.nobody();
    let file = nobody.get(&link.text);
    assert_eq!((file.status, &file.text[..2]), (200, "PK"));
    assert_eq!(nobody.get(&link.text).status, 404);
    assert_eq!(openmrs.get("/ocrux/csv/getCSVUpload").status, 401);
}

#[test]
fn accounts_are_listed_edited_added_and_get_other_passwords() {
    let ui = tempfile::tempdir().expect("a folder");
    let site = site(&ui);
    let root = site.person("root");
    // 25.
    let fields = [("firstName", "Amos"), ("otherName", "Okot"), ("password", PASSWORD)];
    let more = [("userName", "amos"), ("role", "admin"), ("surname", "Ladu")];
    let added = root.post_form("/ocrux/user/addUser/", &[fields, more].concat());
    assert_eq!(added.status, 201, "{added:?}");
    check_whole("addUser", &added.body, shapes::PERSON);
    let taken = root.post_form("/ocrux/user/addUser/", &[fields, more].concat());
    assert_eq!((taken.status, &*taken.text), (400, ""));
    // 23.
    let users = root.get("/ocrux/user/getUsers/").body;
    check_whole("getUsers", &users, shapes::USERS);
    let amos = users.as_array().and_then(|all| all.iter().find(|it| it["userName"] == "amos"));
    let amos = amos.expect("he is in it");
    assert_eq!((&amos["firstName"], &amos["otherName"]), (&json!("Amos"), &json!("Okot")));
    assert_eq!((&amos["role"], &amos["status"]), (&json!("admin"), &json!("active")));
    // 24.
    let id = amos["id"].as_str().expect("an id");
    let fields = [("firstName", "Amos"), ("otherName", ""), ("surname", "Lado"), ("id", id)];
    let rights = [("role", "deduplication"), ("status", "active")];
    let edited = root.post_form("/ocrux/user/editUser/", &[&fields[..], &rights].concat());
    assert_eq!((edited.status, &*edited.text), (200, "User Changed"));
    // 26: errors are shown to people as they are.
    let amos = site.person("amos");
    let change = |current: &str| {
        let fields =
            [("username", "amos"), ("password", current), ("newpassword", "another long one")];
        let answer = amos.post_form("/ocrux/user/changepassword/", &fields);
        (answer.status, answer.text)
    };
    assert_eq!(change("wrong wrong wrong"), (400, r#""Password mismatch""#.to_owned()));
    assert_eq!(change(PASSWORD), (200, "Password Changed".to_owned()));
    let jane = site.person("jane");
    assert_eq!(jane.get("/ocrux/user/getUsers/").status, 403);
}
