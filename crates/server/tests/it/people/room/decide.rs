//! Deciding on the pages of a person: told first, carried out once, taken back.

use super::{
    super::matches::{cruid, submit, twin},
    *,
};

/// Two records of one person.
async fn with_pair() -> (Plane, String, [String; 2]) {
    let plane = Plane::start().await;
    let (a, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, same) = submit(&plane, &twin("b2", "0772000001")).await;
    assert_eq!(golden, same);
    (plane, golden, [a, b])
}

/// Has a form of a page told and confirmed.
async fn confirmed(browser: &mut Browser<'_>, page: &str, fields: &[(&str, &str)]) -> Answer {
    let told = browser.send(page, page, fields).await;
    assert_eq!(told.status, 200, "{told:?}");
    let [once, revision] = ["once", "revision"].map(|name| hidden(&told.text, name));
    let more = [("confirmed", "yes"), ("once", &once), ("revision", &revision)];
    let fields = [fields, &more[..]].concat();
    let first = browser.send(page, page, &fields).await;
    let again = browser.send(page, page, &fields).await;
    assert_eq!(first.header("location"), again.header("location"), "sent twice, done once");
    first
}

#[tokio::test]
async fn break_is_told_carried_out_once_and_undone() {
    let (plane, golden, [a, b]) = with_pair().await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let page = format!("/ui/persons/{golden}/break");
    let fields = [("chosen", b.as_str()), ("reason", "Twins with one phone")];
    let told = browser.send(&page, &page, &fields).await.text;
    assert!(
        told.contains("becomes a new person") && told.contains("are different people"),
        "{told}"
    );
    assert_eq!(cruid(&plane, &token, &b).await, golden, "telling changes nothing");
    let done = confirmed(&mut browser, &page, &fields).await;
    let history = format!("/ui/persons/{golden}/history");
    assert_eq!((done.status.as_u16(), done.header("location")), (303, history.as_str()));
    let other = cruid(&plane, &token, &b).await;
    assert!(other != golden && cruid(&plane, &token, &a).await == golden);
    let history = browser.get(&history).await.text;
    assert_eq!(history.matches("Broken apart").count(), 1, "{history}");
    let begin = format!("/ui/persons/{golden}/undo/");
    let undo = history.split(&begin).nth(1).expect("an undo").split('"').next().unwrap();
    let undo = format!("{begin}{undo}");
    let mut viewer = Browser::signed_in(&plane, Role::Viewer).await;
    assert_eq!(viewer.get(&undo).await.status, 403);
    confirmed(&mut browser, &undo, &[("reason", "Wrong record")]).await;
    assert_eq!(cruid(&plane, &token, &b).await, golden);
    let again = browser.get(&undo).await;
    let refused = browser.send(&undo, &undo, &[("reason", "Once more")]).await;
    assert!(again.status == 200 && refused.status == 422, "{refused:?}");
}

#[tokio::test]
async fn break_is_taken_back_by_pairs() {
    let (plane, golden, [a, b]) = with_pair().await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Supervisor).await;
    let page = format!("/ui/persons/{golden}/break");
    confirmed(&mut browser, &page, &[("chosen", &b), ("reason", "Twins")]).await;
    let page = format!("/ui/persons/{golden}/broken");
    let shown = browser.get(&page).await.text;
    let pair = shown.split("name=\"chosen\" value=\"").nth(1).expect("a pair");
    let pair = pair.split('"').next().unwrap().to_owned();
    assert!(pair.contains(&a) && pair.contains(&b));
    confirmed(&mut browser, &page, &[("chosen", &pair), ("reason", "Not twins")]).await;
    assert_eq!(cruid(&plane, &token, &a).await, cruid(&plane, &token, &b).await);
    let shown = browser.get(&page).await.text;
    assert!(shown.contains("No pair with a record of this person"), "{shown}");
}

#[tokio::test]
async fn what_cannot_be_decided_is_refused_and_changes_nothing() {
    let (plane, golden, [a, b]) = with_pair().await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let page = format!("/ui/persons/{golden}/break");
    let long = "x".repeat(501);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("chosen", &b)], "Give a reason"),
        (&[("chosen", &b), ("reason", &long)], "Give a reason"),
        (&[("reason", "Twins")], "Choose at least one"),
        (&[("chosen", "somebody-else"), ("reason", "Twins")], "Choose at least one"),
        (&[("chosen", &a), ("chosen", &b), ("reason", "Twins")], "has to stay"),
    ];
    for (fields, expected) in cases {
        let answer = browser.send(&page, &page, fields).await;
        assert!(answer.status == 422 && answer.text.contains(expected), "{fields:?} {answer:?}");
    }
    // Told, then something changes, then confirmed.
    let fields = [("chosen", b.as_str()), ("reason", "Twins")];
    let told = browser.send(&page, &page, &fields).await;
    let [once, revision] = ["once", "revision"].map(|name| hidden(&told.text, name));
    let mut patient = twin("b2", "0772000001");
    patient["id"] = b.as_str().into();
    patient["address"] = serde_json::json!([{ "city": "Laroo" }]);
    let call = plane.call("PUT", &format!("/fhir/Patient/{b}")).json(&patient);
    let sent = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let more = [("confirmed", "yes"), ("once", &once), ("revision", &revision)];
    let stale = browser.send(&page, &page, &[&fields[..], &more[..]].concat()).await;
    assert!(
        stale.status == 422 && stale.text.contains("not possible as things stand"),
        "{stale:?}"
    );
    assert_eq!(cruid(&plane, &token, &b).await, golden);
    let nothing = browser.get(&format!("/ui/persons/{golden}/undo/1")).await;
    assert_eq!(nothing.status, 403, "what a system sent is not undone");
}
