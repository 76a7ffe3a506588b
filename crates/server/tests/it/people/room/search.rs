//! Looking for persons: who is found, what stands in no address, and what is taken down.

use serde_json::json;

use super::{
    super::matches::{submit, twin},
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
