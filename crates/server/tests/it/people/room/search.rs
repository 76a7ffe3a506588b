//! Looking for persons: who is found, what stands in no address, and what is taken down.

use serde_json::json;

use super::{
    super::matches::{post, submit, twin},
    *,
};

/// A record of somebody with names of choice.
fn somebody(id: &str, given: &str, family: &str, born: &str) -> Value {
    let mut patient = twin(id, id);
    patient["name"] = json!([{ "use": "official", "given": [given], "family": family }]);
    patient["birthDate"] = json!(born);
    patient["identifier"][0]["value"] = json!(format!("CF-{id}"));
    patient["identifier"][1]["value"] = json!(format!("KMC-{id}"));
    patient
}

/// What is filled in, and which persons are found.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c [usize]);

async fn with_people() -> (Plane, Vec<String>) {
    let plane = Plane::start().await;
    let mut cruids = Vec::new();
    for (id, given, family, born) in [
        ("0772000001", "Philip", "Okello", "1987-04-12"),
        ("0772000002", "Filip", "Okelo", "1990-01-01"),
        ("0772000003", "<script>", "O'Brien", "1987-04-30"),
        ("0772000004", "አበበ", "ቢቂላ", "1932-08-07"),
    ] {
        cruids.push(submit(&plane, &somebody(id, given, family, born)).await.1);
    }
    (plane, cruids)
}

/// Sends the form, follows where it leads, and gives the page.
async fn found(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let answer = browser.send("/ui/search", "/ui/search", fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let address = answer.header("location").to_owned();
    let token = address.strip_prefix("/ui/search/r/").expect("results");
    assert!(uuid_like(token), "an address that says nothing: {address}");
    browser.get(&address).await.text
}

fn uuid_like(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|it| it.is_ascii_hexdigit() || it == '-')
}

#[tokio::test]
async fn persons_are_found_by_what_is_typed() {
    let (plane, cruids) = with_people().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let cases: &[Case] = &[
        (&[("q", "okel")], &[0, 1]),
        (&[("q", "OKELLO philip")], &[0]),
        (&[("q", "okel 1987")], &[0]),
        (&[("q", "1987-04")], &[0, 2]),
        (&[("q", "o'brien")], &[2]),
        (&[("q", "<script>")], &[2]),
        (&[("q", "አበ")], &[3]),
        (&[("q", "0772000002")], &[1]),
        (&[("q", "CF-0772000003")], &[2]),
        (&[("q", "nobody")], &[]),
        (&[("family", "okello"), ("spelling", "alike")], &[0, 1]),
        (&[("q", "okello"), ("spelling", "exact")], &[]),
        (&[("q", "Okello"), ("spelling", "exact")], &[0]),
        (&[("q", "okel"), ("birth", "1990")], &[1]),
        (&[("q", "okel"), ("sex", "male")], &[]),
        (&[("q", "okel"), ("source", "openmrs")], &[0, 1]),
        (&[("q", "okel"), ("source", "other")], &[]),
        (&[("q", "okel"), ("flag", "conflict")], &[]),
        (&[("q", "okel"), ("flag", "broken")], &[]),
        (&[("q", "okel"), ("cruid", &cruids[1][..34])], &[1]),
        (&[("cruid", &cruids[3][..34])], &[3]),
        (&[("cruid", &cruids[3])], &[3]),
        (&[("cruid", &cruids[3]), ("q", "okel")], &[]),
        (&[("q", &cruids[0]), ("birth", "1987")], &[0]),
        (&[("q", &cruids[0]), ("birth", "1990")], &[]),
    ];
    for (fields, expected) in cases {
        let page = found(&mut browser, fields).await;
        for (at, cruid) in cruids.iter().enumerate() {
            let is_shown = page.contains(&format!("/ui/persons/{cruid}\""));
            assert_eq!(is_shown, expected.contains(&at), "{fields:?} {at}");
        }
    }
    let page = found(&mut browser, &[("q", &cruids[3])]).await;
    assert!(page.contains(&format!("/ui/persons/{}\"", cruids[3])));
    let page = found(&mut browser, &[("q", "okello"), ("spelling", "alike")]).await;
    assert!(page.contains("<em>exact</em>") && page.contains("<em>sounds alike</em>"), "{page}");
}

#[tokio::test]
async fn results_are_of_their_session_and_refusals_keep_what_was_typed() {
    let (plane, cruids) = with_people().await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let answer = browser.send("/ui/search", "/ui/search", &[("q", "okel")]).await;
    let address = answer.header("location").to_owned();
    let mut other = Browser::signed_in(&plane, Role::Steward).await;
    let page = other.get(&address).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("not kept any more") && !page.text.contains(&cruids[0]));
    for (fields, expected) in [
        (&[("q", " ")][..], "Say who you are looking for"),
        (&[("q", "m")], "at least two letters"),
        (&[("birth", "soon"), ("q", "<b>okello")], "This is no birth date"),
        (&[("cruid", "01a")], "at least four characters"),
        (&[("cruid", "<b>okello")], "at least four characters"),
    ] {
        let answer = browser.send("/ui/search", "/ui/search", fields).await;
        assert!(answer.status == 422 && answer.text.contains(expected), "{answer:?}");
    }
    let kept = browser.send("/ui/search", "/ui/search", &[("q", "<b>"), ("birth", "x")]).await;
    assert!(kept.text.contains("value=\"&#60;b&#62;\""), "{kept:?}");
    let long = "x".repeat(500);
    let refused = browser.send("/ui/search", "/ui/search", &[("q", long.as_str())]).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn many_persons_come_in_pages_that_do_not_repeat_any() {
    let plane = Plane::start().await;
    let mut cruids = Vec::new();
    for number in 0..45 {
        let id = format!("07720001{number:02}");
        let born = format!("19{:02}-01-01", number + 10);
        cruids.push(submit(&plane, &somebody(&id, "Grace", "Nakato", &born)).await.1);
    }
    cruids.dedup();
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let answer = browser.send("/ui/search", "/ui/search", &[("q", "nakato")]).await;
    let address = answer.header("location").to_owned();
    let mut seen = Vec::new();
    for from in [0, 20, 40] {
        let page = browser.get(&format!("{address}?from={from}")).await.text;
        seen.extend(cruids.iter().filter(|it| page.contains(&format!("persons/{it}\""))));
    }
    assert_eq!(seen, cruids.iter().collect::<Vec<_>>());
    assert_eq!(browser.get(&format!("{address}?from=99999999999999999999")).await.status, 200);
}

#[tokio::test]
async fn suggestions_are_a_part_of_the_page_and_are_taken_down_without_names() {
    let (plane, cruids) = with_people().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let part = browser.send("/ui/search", "/ui/search/suggest", &[("q", "phil")]).await;
    assert!(part.status == 200 && !part.text.contains("<html"), "{part:?}");
    assert!(part.text.contains(&cruids[0]) && part.text.len() < 4_000, "{part:?}");
    let short = browser.send("/ui/search", "/ui/search/suggest", &[("q", "p")]).await;
    assert_eq!(short.text.trim(), "");
    found(&mut browser, &[("q", "okello")]).await;
    let entries = plane.audit().await;
    let searches: Vec<_> = entries.iter().filter(|entry| entry.act == Act::Search).collect();
    assert_eq!(searches.len(), 4, "two suggestions, a search, its results");
    assert!(searches.iter().all(|entry| !entry.terms.is_empty()));
    let text = serde_json::to_string(&entries).unwrap();
    assert!(text.contains(&cruids[0]) && !text.to_lowercase().contains("okello"), "{text}");
}

#[tokio::test]
async fn reading_is_changed_by_one_click() {
    let (plane, cruids) = with_people().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let shown = |page: &str, at: usize| page.contains(&format!("/ui/persons/{}\"", cruids[at]));
    let asked = [("q", "philip 1990"), ("source", "openmrs")];
    let page = found(&mut browser, &asked).await;
    assert!(page.contains("Nobody found") && page.contains("OpenMRS"), "{page}");
    let offer = |change: &str| page.matches(&format!("name=\"change\" value=\"{change}\"")).count();
    // One is beside each thing that was read, another says how many would be found.
    assert_eq!([offer("drop:0"), offer("drop:1"), offer("drop:2"), offer("alike")], [2, 2, 1, 1]);
    assert!(page.contains("(1 person)") && !page.contains("0\u{2069} persons)"), "{page}");
    let changed = async |browser: &mut Browser<'_>, change: &str| {
        found(browser, &[asked[0], asked[1], ("change", change)]).await
    };
    let page = changed(&mut browser, "drop:1").await;
    assert!(shown(&page, 0) && !shown(&page, 1) && !page.contains("1990"), "{page}");
    let page = changed(&mut browser, "drop:0").await;
    assert!(shown(&page, 1) && !shown(&page, 0) && !page.contains("philip"), "{page}");
    let page = changed(&mut browser, "alike").await;
    assert!(
        page.contains("Sound or are spelt alike")
            && !page.contains("name=\"change\" value=\"alike\"")
    );
    let page = found(&mut browser, &[("q", "okel"), ("change", "given:0")]).await;
    assert!(page.contains("Nobody found") && page.contains("value=\"family:0\""), "{page}");
    let page = found(&mut browser, &[("q", "okel"), ("change", "family:0")]).await;
    assert!(shown(&page, 0) && shown(&page, 1), "{page}");
    for bad in ["drop:7", "given", "source:0"] {
        let fields = [("q", "okel"), ("change", bad)];
        let answer = browser.send("/ui/search", "/ui/search", &fields).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    let fields = [("q", "okel"), ("change", "drop:0")];
    let nothing = browser.send("/ui/search", "/ui/search", &fields).await;
    assert!(nothing.status == 422 && nothing.text.contains("Say who"), "{nothing:?}");
}

#[tokio::test]
async fn person_with_a_broken_match_is_found_by_that() {
    let plane = Plane::start().await;
    submit(&plane, &twin("a1", "0772000001")).await;
    let (b, _) = submit(&plane, &twin("b2", "0772000001")).await;
    submit(&plane, &somebody("0772000003", "Ann", "Kintu", "1990-01-01")).await;
    let token = plane.token(Role::Steward).await;
    let path = "/ocrux/match/break-match?reason=Twins";
    let body = json!([format!("Patient/{b}")]);
    assert_eq!(post(&plane, path, &token, &body).await.status, 200);
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let page = found(&mut browser, &[("q", "kintu"), ("flag", "broken")]).await;
    assert!(
        page.contains("2\u{2069} persons found") && page.contains("Has a broken match"),
        "{page}"
    );
    let page = found(&mut browser, &[("q", "kintu")]).await;
    assert!(page.contains("3\u{2069} persons found"), "{page}");
}

#[tokio::test]
async fn persons_opened_last_are_shown_to_who_opened_them() {
    let (plane, cruids) = with_people().await;
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    assert!(!browser.get("/ui/search").await.text.contains("Opened last"));
    browser.get(&format!("/ui/persons/{}", cruids[3])).await;
    browser.get(&format!("/ui/persons/{}/history", cruids[0])).await;
    assert_eq!(browser.get("/ui/persons/nobody").await.status, 404);
    let page = browser.get("/ui/search").await;
    let place = |cruid: &str| page.text.find(&format!("/ui/persons/{cruid}\"")).unwrap();
    assert!(place(&cruids[0]) < place(&cruids[3]) && page.text.contains("Philip Okello"));
    assert!(!page.text.contains(&cruids[1]));
    assert!(browser.cookies.iter().all(|(_, value)| !value.contains(&cruids[0])));
    let mut other = Browser::signed_in(&plane, Role::Steward).await;
    assert!(!other.get("/ui/search").await.text.contains(&cruids[0]));
    let mut auditor = Browser::signed_in(&plane, Role::Auditor).await;
    assert_eq!(auditor.get("/ui/search").await.status, 403);
    let entries = plane.audit().await;
    let about = entries.iter().filter(|it| it.act == Act::Read && it.ending == Ending::Done);
    let about: Vec<String> = about.map(|it| format!("{:?}", it.what)).collect();
    assert!(about.iter().any(|it| it.contains(&cruids[0]) && it.contains(&cruids[3])), "{about:?}");
}

#[tokio::test]
async fn two_persons_are_compared_and_put_on_the_workbench() {
    let plane = Plane::start().await;
    let (_, first) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, second) = submit(&plane, &twin("b2", "0772000002")).await;
    assert_ne!(first, second);
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let page = found(&mut browser, &[("q", "kintu")]).await;
    assert!(
        page.contains("action=\"/ui/compare\"") && page.contains(&format!("value=\"{second}\""))
    );
    assert!(page.contains(&format!("/ui/queue/{b}/workbench")), "{page}");
    let path = format!("/ui/compare?person={first}&person={second}");
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.text.contains("07720000<mark>") || page.text.contains("077200000<mark>"),
        "{page:?}"
    );
    // What waits is about the second; the first is on the bench with it.
    assert!(page.text.contains(&format!("/ui/queue/{b}/workbench?add={first}")));
    assert!(!page.text.split("</title>").next().unwrap().contains("Kintu"));
    for wrong in ["", "?person=x", &format!("?person={first}&person={first}")] {
        assert_eq!(browser.get(&format!("/ui/compare{wrong}")).await.status, 422, "{wrong}");
    }
    let gone = browser.get(&format!("/ui/compare?person={first}&person=nobody")).await;
    assert_eq!(gone.status, 404);
    let mut manager = Browser::signed_in(&plane, Role::DataManager).await;
    let page = found(&mut manager, &[("q", "kintu")]).await;
    assert!(page.contains(&first) && !page.contains("/workbench"), "{page}");
    assert!(!manager.get(&path).await.text.contains("/workbench"));
    let entries = plane.audit().await;
    let both = |it: &&registry::audit::AuditEntry| {
        let about = format!("{:?}", it.what);
        it.act == Act::Read && about.contains(&first) && about.contains(&second)
    };
    assert_eq!(entries.iter().filter(both).count(), 2);
}
