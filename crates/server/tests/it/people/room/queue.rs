//! The work queue: what waits, who has it, what is decided on a pair, and how it is taken back.

use registry::audit::AuditEntry;

use super::{
    super::matches::{cruid, submit, twin},
    *,
};

/// Two records that may be one person; gives their ids and persons, the flagged one first.
pub(super) async fn with_doubt(plane: &Plane, n: u32) -> [(String, String); 2] {
    let record = |id: &str, phone: u32| {
        let mut patient = twin(id, &format!("07720000{phone:02}"));
        let text = patient.to_string();
        // A person of its own for each number.
        let text = text.replace("CF1", &format!("CF{n}")).replace("KMC-1", &format!("KMC-{n}"));
        patient = serde_json::from_str(&text.replace("Kintu", &format!("Kintu{n}"))).unwrap();
        patient
    };
    let a = submit(plane, &record(&format!("a{n}"), 2 * n)).await;
    let b = submit(plane, &record(&format!("b{n}"), 2 * n + 1)).await;
    assert_ne!(a.1, b.1);
    [b, a]
}

/// Says a word about a pair and confirms what is told.
pub(super) async fn decided(
    browser: &mut Browser<'_>,
    item: &str,
    fields: &[(&str, &str)],
) -> (String, Answer) {
    let page = format!("/ui/queue/{item}");
    let told = browser.send(&page, &page, fields).await;
    assert_eq!(told.status, 200, "{told:?}");
    let [once, revision] = ["once", "revision"].map(|name| hidden(&told.text, name));
    let more = [("confirmed", "yes"), ("once", &once), ("revision", &revision)];
    let fields = [fields, &more[..]].concat();
    let first = browser.send(&page, &page, &fields).await;
    let again = browser.send(&page, &page, &fields).await;
    assert_eq!(first.header("location"), again.header("location"), "sent twice, done once");
    (told.text, first)
}

/// How many pairs wait.
async fn waiting(plane: &Plane, token: &str) -> Value {
    plane.get("/ocrux/match/count-match-issues", token).await.body["total"].clone()
}

#[tokio::test]
async fn pair_is_shown_decided_and_undone_exactly() {
    let plane = Plane::start().await;
    let [(b, golden_b), (a, golden_a)] = with_doubt(&plane, 1).await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let queue = browser.get("/ui/queue").await.text;
    assert!(queue.contains("Kintu1") && queue.contains(&format!("/ui/queue/{b}?")), "{queue}");
    let shown = browser.get(&format!("/ui/queue/{b}")).await.text;
    for text in ["Same person or not?", "Kintu1", "077200000", "Different people"] {
        assert!(shown.contains(text), "{text} in {shown}");
    }
    let before = plane.get("/ocrux/match/get-match-issues", &token).await.body;
    let (told, done) = decided(&mut browser, &b, &[("verdict", "same"), ("with", &a)]).await;
    assert!(told.contains("leaves") && told.contains("One flag is cleared"), "{told}");
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/ui/queue?kind=all"));
    let now = cruid(&plane, &token, &b).await;
    assert_eq!(now, cruid(&plane, &token, &a).await);
    assert_eq!(waiting(&plane, &token).await, 0);
    // The queue leads to the undo, which puts links, flags and queue back.
    let queue = browser.get("/ui/queue").await.text;
    let undo = queue.split("href=\"").find(|part| part.contains("/undo/")).expect("an undo");
    let undo = undo.split('"').next().unwrap().to_owned();
    let told = browser.send(&undo, &undo, &[("reason", "Wrong")]).await;
    let [once, revision] = ["once", "revision"].map(|name| hidden(&told.text, name));
    let fields =
        [("reason", "Wrong"), ("confirmed", "yes"), ("once", &once), ("revision", &revision)];
    assert_eq!(browser.send(&undo, &undo, &fields).await.status, 303);
    assert_eq!(cruid(&plane, &token, &b).await, golden_b);
    assert_eq!(cruid(&plane, &token, &a).await, golden_a);
    assert_eq!(plane.get("/ocrux/match/get-match-issues", &token).await.body, before);
}

#[tokio::test]
async fn pair_declared_different_does_not_come_back() {
    let plane = Plane::start().await;
    let [(b, _), (a, golden_a)] = with_doubt(&plane, 1).await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let fields = [("verdict", "different"), ("with", a.as_str()), ("reason", "Sisters")];
    let (told, _) = decided(&mut browser, &b, &fields).await;
    assert!(told.contains("are different people") && told.contains("Sisters"), "{told}");
    assert_eq!(waiting(&plane, &token).await, 0);
    // The source sends it again, nearer than before.
    let mut patient = twin("b1", "0772000002");
    patient["name"][0]["family"] = "Kintu1".into();
    let call = plane.call("PUT", &format!("/fhir/Patient/{b}")).json(&patient);
    let sent = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_ne!(cruid(&plane, &token, &b).await, golden_a);
    assert_eq!(waiting(&plane, &token).await, 0);
}

#[tokio::test]
async fn only_the_record_moves_if_that_is_said() {
    let plane = Plane::start().await;
    let [(b, golden_b), (a, golden_a)] = with_doubt(&plane, 1).await;
    let token = plane.token(Role::Steward).await;
    // A second record of b's person.
    let mut twin_of_b = twin("c1", "0772000003");
    twin_of_b = serde_json::from_str(&twin_of_b.to_string().replace("Kintu", "Kintu1")).unwrap();
    let (c, golden_c) = submit(&plane, &twin_of_b).await;
    assert_eq!(golden_c, golden_b);
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let shown = browser.get(&format!("/ui/queue/{b}?with={a}")).await.text;
    assert!(shown.contains("Only record A moves"), "{shown}");
    let fields = [("verdict", "same"), ("with", a.as_str()), ("alone", "yes")];
    decided(&mut browser, &b, &fields).await;
    assert_eq!(cruid(&plane, &token, &b).await, golden_a);
    assert_eq!(cruid(&plane, &token, &c).await, golden_b);
}

#[tokio::test]
async fn item_is_one_stewards_until_it_is_left_given_back_or_taken_over() {
    let plane = Plane::start().await;
    let [(b, _), (a, _)] = with_doubt(&plane, 1).await;
    let [(d, _), _] = with_doubt(&plane, 2).await;
    let mut steward = Browser::signed_in(&plane, Role::Steward).await;
    let mut boss = Browser::signed_in(&plane, Role::Supervisor).await;
    let next = |answer: &Answer| answer.header("location").to_owned();
    assert_eq!(next(&steward.get("/ui/queue/next").await), format!("/ui/queue/{b}?kind=all"));
    let page = format!("/ui/queue/{b}");
    assert!(steward.get(&page).await.text.contains("value=\"same\""));
    // Another one sees who has it, and is led to the next.
    let seen = boss.get(&page).await.text;
    assert!(seen.contains("Somebody else is working on this") && !seen.contains("value=\"same\""));
    assert_eq!(next(&boss.get("/ui/queue/next").await), format!("/ui/queue/{d}?kind=all"));
    let refused = boss.send(&page, &page, &[("verdict", "same"), ("with", &a)]).await;
    assert!(refused.status == 422 && refused.text.contains("taken this over"), "{refused:?}");
    // Taken over, it is lost to the first, who can save nothing.
    let taken = boss.send(&page, &page, &[("verdict", "take-over")]).await;
    assert_eq!(taken.status, 303);
    let lost = steward.send("/ui/account", &page, &[("verdict", "same"), ("with", &a)]).await;
    assert_eq!(lost.status, 422);
    let not_mine = steward.send("/ui/account", &page, &[("verdict", "take-over")]).await;
    assert_eq!(not_mine.status, 403);
    // Given back, it is the next one's; left for later, it comes last.
    boss.send(&page, &page, &[("verdict", "release")]).await;
    let skipped = steward.send(&page, &page, &[("verdict", "skip")]).await;
    assert_eq!(next(&skipped), format!("/ui/queue/{d}?kind=all"));
    assert_eq!(next(&steward.get("/ui/queue/next").await), format!("/ui/queue/{d}?kind=all"));
    assert!(steward.get("/ui/queue").await.text.contains("left for later"));
    assert_eq!(steward.send(&page, &page, &[("verdict", "nonsense")]).await.status, 400);
}

#[tokio::test]
async fn what_changed_meanwhile_refuses_the_verdict() {
    let plane = Plane::start().await;
    let [(b, golden_b), (a, _)] = with_doubt(&plane, 1).await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let page = format!("/ui/queue/{b}");
    let fields = [("verdict", "same"), ("with", a.as_str())];
    let told = browser.send(&page, &page, &fields).await;
    let [once, revision] = ["once", "revision"].map(|name| hidden(&told.text, name));
    let mut patient = twin("b1", "0772000003");
    patient["name"][0]["family"] = "Kintu1".into();
    patient["address"] = serde_json::json!([{ "city": "Laroo" }]);
    let call = plane.call("PUT", &format!("/fhir/Patient/{b}")).json(&patient);
    call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
    let more = [("confirmed", "yes"), ("once", &once), ("revision", &revision)];
    let stale = browser.send(&page, &page, &[&fields[..], &more[..]].concat()).await;
    assert!(stale.status == 422 && stale.text.contains("as things stand"), "{stale:?}");
    assert_eq!(cruid(&plane, &token, &b).await, golden_b);
    // Decided by somebody else: nothing is left, and that is said.
    decided(&mut browser, &b, &[("verdict", "different"), ("with", &a)]).await;
    let over = browser.get(&page).await;
    assert!(over.status == 200 && over.text.contains("Nothing is left to decide"), "{over:?}");
    let long = "x".repeat(501);
    for fields in [&fields[..], &[("verdict", "same"), ("with", &a), ("reason", &long)]] {
        assert_eq!(browser.send(&page, &page, fields).await.status, 422);
    }
}

#[tokio::test]
async fn looking_is_for_who_may_look_and_is_in_the_audit_log() {
    let plane = Plane::start().await;
    let [(b, _), (a, _)] = with_doubt(&plane, 1).await;
    let mut viewer = Browser::signed_in(&plane, Role::Viewer).await;
    let page = format!("/ui/queue/{b}");
    let shown = viewer.get(&page).await;
    assert!(shown.status == 200 && !shown.text.contains("value=\"same\""), "{shown:?}");
    let mut auditor = Browser::signed_in(&plane, Role::Auditor).await;
    let queue = auditor.get("/ui/queue").await.text;
    assert!(queue.contains(">b1<") && !queue.contains("Kintu"), "{queue}");
    assert_eq!(auditor.get(&page).await.status, 403);
    assert_eq!(viewer.get("/ui/queue/next").await.status, 403);
    assert_eq!(viewer.get("/ui/queue/nobody").await.status, 404);
    let entries = plane.audit().await;
    let names = |entry: &&AuditEntry, id: &str| {
        serde_json::to_string(&entry.what).unwrap().contains(&format!("/{id}\""))
    };
    let read = entries.iter().find(|entry| entry.act == Act::Read && names(entry, &b));
    assert!(read.is_some_and(|entry| names(&entry, &a)), "{entries:?}");
}

#[tokio::test]
async fn filters_hold_for_the_list_for_start_and_for_the_next_item() {
    let plane = Plane::start().await;
    let [(b, _), _] = with_doubt(&plane, 1).await;
    let [(d, _), _] = with_doubt(&plane, 2).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let all = async |browser: &mut Browser<'_>, filters: &str| {
        let shown = browser.get(&format!("/ui/queue?kind=all&{filters}")).await;
        assert_eq!(shown.status, 200, "{filters} {shown:?}");
        [&b, &d].map(|id| shown.text.contains(&format!("/ui/queue/{id}?")))
    };
    for good in ["", "source=openmrs", "score-from=0", "score-to=999999.9", "held=nobody"] {
        assert_eq!(all(&mut browser, good).await, [true, true], "{good}");
    }
    for none in ["source=elsewhere", "score-from=999999.9", "score-to=0", "days=1", "held=mine"] {
        assert_eq!(all(&mut browser, none).await, [false, false], "{none}");
        let page = browser.get(&format!("/ui/queue?kind=all&{none}")).await.text;
        assert!(page.contains("Nothing to review with these filters."), "{page}");
        assert!(page.contains("Clear filters") && page.contains("All (0)"), "{page}");
        // They go along into other tabs.
        assert!(page.contains(&format!("/ui/queue?kind=conflict&#38;{none}")), "{page}");
        let next = browser.get(&format!("/ui/queue/next?kind=all&{none}")).await;
        assert_eq!(next.header("location"), format!("/ui/queue?kind=all&{none}"));
    }
    // What is held is found by who holds it, and left out for who wants what is free.
    let pair = browser.get(&format!("/ui/queue/{b}?kind=all&held=nobody")).await.text;
    assert_eq!(hidden(&pair, "filters"), "held=nobody");
    assert_eq!(all(&mut browser, "held=mine").await, [true, false]);
    assert_eq!(all(&mut browser, "held=nobody").await, [false, true]);
    let mut boss = Browser::signed_in(&plane, Role::Supervisor).await;
    assert_eq!(all(&mut boss, "held=mine").await, [false, false]);
    let next = browser.get("/ui/queue/next?held=nobody").await;
    assert_eq!(next.header("location"), format!("/ui/queue/{d}?kind=all&held=nobody"));
    let page = format!("/ui/queue/{b}");
    let fields = [("verdict", "skip"), ("kind", "all"), ("filters", "score-from=1&score-to=90")];
    let skipped = browser.send(&page, &page, &fields).await;
    let on = format!("/ui/queue/{d}?kind=all&score-from=1&score-to=90");
    assert_eq!(skipped.header("location"), on);
}

#[tokio::test]
async fn filters_that_make_no_sense_are_refused() {
    let plane = Plane::start().await;
    let [(b, _), _] = with_doubt(&plane, 1).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    for (filters, said) in [
        ("score-from=1,5", "such as 12 or 12.5"),
        ("score-to=1.25", "such as 12 or 12.5"),
        ("score-from=3&score-to=2.9", "The lowest score is above the highest."),
        ("days=0", "Write whole days"),
        ("days=1.5", "Write whole days"),
    ] {
        let shown = browser.get(&format!("/ui/queue?{filters}")).await;
        assert!(shown.status == 422 && shown.text.contains(said), "{filters} {shown:?}");
        assert!(!shown.text.contains(&b), "nothing is shown: {filters}");
        assert_eq!(browser.get(&format!("/ui/queue/next?{filters}")).await.status, 400);
        assert_eq!(browser.get(&format!("/ui/queue/{b}?{filters}")).await.status, 400);
        let page = format!("/ui/queue/{b}");
        let fields = [("verdict", "skip"), ("filters", filters)];
        assert_eq!(browser.send(&page, &page, &fields).await.status, 400);
    }
    for bad in ["held=ann", "from=-1", "source=%ff"] {
        assert_eq!(browser.get(&format!("/ui/queue?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn what_was_decided_in_a_session_is_listed_with_its_undo() {
    let plane = Plane::start().await;
    let [(b, _), (a, _)] = with_doubt(&plane, 1).await;
    let [(d, _), (c, _)] = with_doubt(&plane, 2).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let nothing = browser.get("/ui/queue/done").await.text;
    assert!(nothing.contains("You have decided nothing here"), "{nothing}");
    decided(&mut browser, &b, &[("verdict", "same"), ("with", &a)]).await;
    decided(&mut browser, &d, &[("verdict", "different"), ("with", &c)]).await;
    let done = browser.get("/ui/queue/done?kind=potential&days=2").await.text;
    let places = ["Declared different people", "Kintu2", "Declared the same person", "Kintu1"];
    for text in places {
        assert!(done.contains(text), "{text} in {done}");
    }
    assert!(done.find("Kintu2") < done.find("Kintu1"), "the last comes first: {done}");
    assert_eq!(done.matches("/undo/").count(), 2);
    let queue = browser.get("/ui/queue").await.text;
    assert!(queue.contains("Done (mine) (2)") && queue.contains("/ui/queue/done?kind=all"));
    // It leads to the undo, which works.
    let undo = done.split("href=\"").find(|part| part.contains("/undo/")).expect("an undo");
    let undo = undo.split('"').next().unwrap().to_owned();
    let told = browser.send(&undo, &undo, &[("reason", "A slip")]).await;
    assert!(told.status == 200 && !hidden(&told.text, "revision").is_empty(), "{told:?}");
    // Nobody else's, and not for who decides nothing.
    let mut other = Browser::signed_in(&plane, Role::Steward).await;
    assert!(other.get("/ui/queue/done").await.text.contains("You have decided nothing here"));
    let mut viewer = Browser::signed_in(&plane, Role::Viewer).await;
    assert!(!viewer.get("/ui/queue").await.text.contains("Done (mine)"));
}
