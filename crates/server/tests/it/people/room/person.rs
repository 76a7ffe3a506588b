//! The pages of one person: what they show, to whom, and what is taken down of it.

use serde_json::json;

use super::{
    super::matches::{post, submit, twin},
    *,
};

/// The first address in a page that begins like this.
fn address(html: &str, begin: &str) -> String {
    let rest = html.split(begin).nth(1).unwrap_or_else(|| panic!("no {begin} in {html}"));
    format!("{begin}{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn records_stand_side_by_side_exactly_as_submitted() {
    let plane = Plane::start().await;
    let mut patient = twin("a1", "0772000001");
    patient["name"][0]["given"] = json!(["<script>alert(1)</script>", "አበበ"]);
    patient["address"] = json!([{ "city": "Laroo" }]);
    let (a, golden) = submit(&plane, &patient).await;
    patient["address"] = json!([{ "city": "Laroa" }]);
    patient["identifier"][2]["value"] = json!("b2");
    let (_, same) = submit(&plane, &patient).await;
    assert_eq!(golden, same);
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let page = browser.get(&format!("/ui/persons/{golden}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let text = &page.text;
    assert!(!text.contains("<script>alert") && text.contains("&#60;script&#62;alert(1)"));
    assert!(text.contains("አበበ") && text.contains("Laro<mark>a</mark>"), "{text}");
    assert!(
        !text.split("</title>").next().unwrap().contains("Kintu"),
        "titles are kept by browsers"
    );
    let only = browser.get(&format!("/ui/persons/{golden}?only=differences&base={a}")).await.text;
    assert!(!only.contains("1980-02-03</bdi></div>") && only.contains("<mark>a</mark>"));
    let leads = browser.get(&format!("/ui/records/{a}")).await;
    assert_eq!(leads.header("location"), format!("/ui/persons/{golden}?base={a}"));
    for path in ["/ui/persons/nobody", "/ui/persons/%3Cscript%3E", "/ui/records/nothing/versions"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn break_is_seen_in_links_and_history_and_the_explanation_adds_up() {
    let plane = Plane::start().await;
    let (a, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, _) = submit(&plane, &twin("b2", "0772000001")).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let links = browser.get(&format!("/ui/persons/{golden}/links")).await.text;
    assert!(links.contains("Linked by the rules"), "{links}");
    let path = address(&links, &format!("/ui/records/{b}/explanations/"));
    let explained = browser.get(&path).await.text;
    assert!(explained.contains("Starts from") && explained.contains("Total"), "{explained}");
    // A hash opens only for the record whose match it explains.
    let other = path.replace(&b, &a);
    assert_eq!(browser.get(&other).await.status, 404);
    // The rules are the same and so is what both say, so today's score stands beside it, equal.
    assert!(explained.contains("?today=yes") && !explained.contains("By the rules of today"));
    let beside = browser.get(&format!("{path}?today=yes")).await.text;
    let (then, today) = beside.split_once("By the rules of today").expect("both are there");
    let total =
        |text: &str| text.split("Total").nth(1).unwrap().split("</tr>").next().map(str::to_owned);
    assert_eq!(total(then), total(today), "{beside}");
    let token = plane.token(Role::Steward).await;
    let body = json!([format!("Patient/{b}")]);
    let path = "/ocrux/match/break-match?reason=Twins%20with%20one%20phone";
    assert_eq!(post(&plane, path, &token, &body).await.status, 200);
    let links = browser.get(&format!("/ui/persons/{golden}/links")).await.text;
    let broken = links.split("id=\"different\"").nth(1).unwrap();
    assert!(broken.contains("Twins with one phone") && broken.contains("deduplication"), "{links}");
    let history = browser.get(&format!("/ui/persons/{golden}/history")).await.text;
    let place = |text: &str| history.find(text).unwrap_or_else(|| panic!("{text} in {history}"));
    assert!(place("Broken apart") < place("Received"), "newest first");
    let versions = browser.get(&format!("/ui/records/{b}/versions")).await.text;
    assert!(versions.contains("id=\"v2\"") && versions.contains("record was moved"), "{versions}");
}

#[tokio::test]
async fn score_of_today_follows_what_the_records_say() {
    let plane = Plane::start().await;
    let (_, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    let (b, _) = submit(&plane, &twin("b2", "0772000001")).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let links = browser.get(&format!("/ui/persons/{golden}/links")).await.text;
    let path = address(&links, &format!("/ui/records/{b}/explanations/"));
    let mut patient = twin("b2", "0772000001");
    patient["id"] = json!(b);
    patient["birthDate"] = json!("1951-12-31");
    let openmrs = ("x-openhim-clientid", "openmrs");
    let put = plane.call("PUT", &format!("/fhir/Patient/{b}")).json(&patient);
    assert_eq!(put.header(openmrs.0, openmrs.1).from("10.0.0.1:1").send().await.status, 200);
    let beside = browser.get(&format!("{path}?today=yes")).await.text;
    let (then, today) = beside.split_once("By the rules of today").expect("both are there");
    assert!(!then.contains("(differs)") && today.contains("<mark>51</mark>"), "{beside}");
    let delete = plane.call("DELETE", &format!("/fhir/Patient/{b}"));
    let gone = delete.header(openmrs.0, openmrs.1).from("10.0.0.1:1").send().await;
    assert!(gone.status.is_success(), "{gone:?}");
    let alone = browser.get(&format!("{path}?today=yes")).await.text;
    assert!(alone.contains("not there any more") && !alone.contains("By the rules of today"));
}

#[tokio::test]
async fn versions_tell_what_changed() {
    let plane = Plane::start().await;
    let (a, _) = submit(&plane, &twin("a1", "0772000001")).await;
    let mut patient = twin("a1", "0772000009");
    patient["id"] = json!(a);
    let call = plane.call("PUT", &format!("/fhir/Patient/{a}")).json(&patient);
    let answer = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut browser = Browser::signed_in(&plane, Role::DataManager).await;
    let page = browser.get(&format!("/ui/records/{a}/versions")).await.text;
    assert!(page.contains("077200000<mark>9</mark>") && !page.contains("Kintu"), "{page}");
}

#[tokio::test]
async fn who_was_looked_at_is_in_the_audit_log() {
    let plane = Plane::start().await;
    let (a, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    Browser::signed_in(&plane, Role::Viewer).await.get(&format!("/ui/persons/{golden}")).await;
    let mut auditor = Browser::signed_in(&plane, Role::Auditor).await;
    let refused = auditor.get(&format!("/ui/persons/{golden}")).await;
    assert!(refused.status == 403 && !refused.text.contains("Kintu"), "{refused:?}");
    let entries = plane.audit().await;
    let reads: Vec<_> = entries.iter().filter(|entry| entry.act == Act::Read).collect();
    assert_eq!(reads.len(), 2, "{entries:?}");
    let about: Vec<String> = reads[0].what.iter().map(|it| format!("{it:?}")).collect();
    let about = about.join(" ");
    assert!(about.contains(&golden) && about.contains(&a), "{about}");
    assert_eq!(reads[0].ending, Ending::Done);
    assert_eq!(reads[1].ending, Ending::Refused);
}

#[tokio::test]
async fn history_goes_on_beyond_a_hundred_events() {
    const UPDATES: usize = 230;
    let plane = Plane::start().await;
    let (a, golden) = submit(&plane, &twin("a1", "0772000001")).await;
    for number in 0..UPDATES {
        let mut patient = twin("a1", &format!("0773{number:06}"));
        patient["id"] = json!(a);
        let call = plane.call("PUT", &format!("/fhir/Patient/{a}")).json(&patient);
        let answer = call.header("x-openhim-clientid", "openmrs").from("10.0.0.1:1").send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let mut browser = Browser::signed_in(&plane, Role::Viewer).await;
    let path = format!("/ui/persons/{golden}/history");
    let numbers = |page: &str| -> Vec<u64> {
        let cards = page.split("<li class=\"card\" value=\"").skip(1);
        cards.map(|card| card.split('"').next().unwrap().parse().unwrap()).collect()
    };
    let newest = browser.get(&path).await.text;
    let mut seen = numbers(&newest);
    assert_eq!(seen.len(), 100);
    assert!(!newest.contains("Newest</a>"));
    let mut page = newest;
    for expected in [100, UPDATES + 1 - 200] {
        page = browser.get(&address(&page, &format!("{path}?before="))).await.text;
        let more = numbers(&page);
        assert_eq!(more.len(), expected);
        assert!(page.contains("Newest</a>"));
        seen.extend(more);
    }
    assert!(!page.contains("?before="), "there is nothing older");
    assert!(seen.windows(2).all(|two| two[0] > two[1]), "newest first, each once: {seen:?}");
    assert_eq!(seen.len(), UPDATES + 1);
    for bad in ["x", "-1", "1%3Cscript%3E"] {
        assert_eq!(browser.get(&format!("{path}?before={bad}")).await.status, 400, "{bad}");
    }
    let nothing = browser.get(&format!("{path}?before=999999")).await;
    assert!(nothing.status == 200 && nothing.text.contains("No event is known"), "{nothing:?}");
}
