//! Another candidate than those that wait: found by the rules or by looking, and decided as any other.

use super::{
    super::matches::cruid,
    queue::{decided, with_doubt},
    *,
};

#[tokio::test]
async fn candidate_is_found_by_the_rules_down_to_a_score() {
    let plane = Plane::start().await;
    let [(b, _), (a, _)] = with_doubt(&plane, 1).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let pair = browser.get(&format!("/ui/queue/{b}?kind=all&days=1")).await.text;
    assert!(pair.contains(&format!("/ui/queue/{b}/find?kind=all&#38;days=1")), "{pair}");
    let beside = format!("/ui/queue/{b}?kind=all&#38;other={a}");
    for (down, is_there) in [("", true), ("5", true), ("-3.5", true), ("5.1", false)] {
        let page = browser.get(&format!("/ui/queue/{b}/find?down={down}")).await;
        assert_eq!((page.status.as_u16(), page.text.contains(&beside)), (200, is_there), "{down}");
        assert_eq!(page.text.contains("The rules find nobody else."), !is_there, "{down}");
    }
    let page = browser.get(&format!("/ui/queue/{b}/find")).await.text;
    assert!(page.contains("Kintu1") && page.contains("5.00"), "{page}");
    let wrong = browser.get(&format!("/ui/queue/{b}/find?down=5,1")).await;
    assert!(wrong.status == 422 && wrong.text.contains("such as 12 or 12.5"), "{wrong:?}");
    // One that waits is shown as what waits.
    let pair = browser.get(&format!("/ui/queue/{b}?other={a}")).await.text;
    assert!(!pair.contains("Found by you") && pair.contains("value=\"same\""), "{pair}");
}

#[tokio::test]
async fn candidate_is_looked_for_and_decided_on() {
    let plane = Plane::start().await;
    let [(b, _), _] = with_doubt(&plane, 1).await;
    let [(d, _), (c, golden_c)] = with_doubt(&plane, 2).await;
    let token = plane.token(Role::Steward).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let find = format!("/ui/queue/{b}/find");
    let sent = browser.send(&find, &find, &[("kind", "all"), ("q", "Kintu")]).await;
    let address = sent.header("location").to_owned();
    assert!(sent.status == 303 && address.starts_with(&format!("{find}?kind=all&found=")));
    assert!(!address.contains("Kintu"), "{address}");
    let page = browser.get(&address).await.text;
    for other in [&c, &d] {
        assert!(page.contains(&format!("?kind=all&#38;other={other}\"")), "{other} in {page}");
    }
    // It is nobody else's, and not kept for good.
    let mut boss = Browser::signed_in(&plane, Role::Supervisor).await;
    let theirs = boss.get(&address).await.text;
    assert!(!theirs.contains("Kintu2") && theirs.contains("not kept"), "{theirs}");
    // Different people: declared as with any other pair, and what waits still waits.
    let pair = browser.get(&format!("/ui/queue/{b}?kind=all&other={d}")).await.text;
    assert!(pair.contains("Found by you") && pair.contains("Kintu2"), "{pair}");
    assert_eq!(hidden(&pair, "other"), "yes");
    let page = format!("/ui/queue/{b}");
    let lost = browser.send(&page, &page, &[("verdict", "same"), ("with", &d)]).await;
    assert_eq!(lost.status, 422, "without a word of who found it, it is no candidate");
    let fields = [("verdict", "different"), ("with", d.as_str()), ("other", "yes")];
    let (told, done) = decided(&mut browser, &b, &fields).await;
    assert!(told.contains("are different people"), "{told}");
    assert_eq!(done.header("location"), format!("/ui/queue/{b}?kind=all"));
    let again = [("verdict", "same"), ("with", d.as_str()), ("other", "yes")];
    assert_eq!(browser.send(&page, &page, &again).await.status, 422);
    // The same person: only the record moves, if that is said.
    let fields = [("verdict", "same"), ("with", c.as_str()), ("other", "yes"), ("alone", "yes")];
    decided(&mut browser, &b, &fields).await;
    assert_eq!(cruid(&plane, &token, &b).await, golden_c);
    let mine = browser.send(&find, &find, &[("q", "Kintu")]).await.header("location").to_owned();
    let mine = browser.get(&mine).await.text;
    assert!(mine.contains("Of the same person as record A already."), "{mine}");
    let entries = plane.audit().await;
    let looked = entries.iter().filter(|entry| entry.act == Act::Search && !entry.terms.is_empty());
    // Twice, each time once to look and once to see.
    assert_eq!(looked.count(), 4, "{entries:?}");
    assert!(!format!("{entries:?}").contains("Kintu"));
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused() {
    let plane = Plane::start().await;
    let [(b, golden_b), _] = with_doubt(&plane, 1).await;
    let [(d, _), _] = with_doubt(&plane, 2).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    for (query, status) in [
        (format!("other={b}"), 400),
        (format!("kind=auto&other={d}"), 400),
        ("other=nobody".to_owned(), 404),
        (format!("other={golden_b}"), 404),
    ] {
        let page = browser.get(&format!("/ui/queue/{b}?{query}")).await;
        assert_eq!(page.status, status, "{query}");
    }
    for (path, status) in [("nobody/find", 404), ("nobody/find?from=x", 400)] {
        assert_eq!(browser.get(&format!("/ui/queue/{path}")).await.status, status, "{path}");
    }
    let find = format!("/ui/queue/{b}/find");
    let ended = browser.get(&format!("{find}?found=nothing")).await.text;
    assert!(ended.contains("not kept"), "{ended}");
    let empty = browser.send(&find, &find, &[("q", "")]).await;
    assert_eq!(empty.status, 422, "{empty:?}");
    let page = format!("/ui/queue/{b}");
    let fields = [("verdict", "right"), ("kind", "auto"), ("with", d.as_str()), ("other", "yes")];
    assert_eq!(browser.send(&page, &page, &fields).await.status, 400);
}

#[tokio::test]
async fn persons_are_put_on_the_workbench_beside_those_that_the_rules_named() {
    let plane = Plane::start().await;
    let token = plane.token(Role::Steward).await;
    let [(b, golden_b), _] = with_doubt(&plane, 1).await;
    let [(d, golden_d), (_, golden_c)] = with_doubt(&plane, 2).await;
    let mut browser = Browser::signed_in(&plane, Role::Steward).await;
    let bench = format!("/ui/queue/{b}/workbench");
    let legends = |page: &str| page.matches("<fieldset").count();
    let before = browser.get(&bench).await.text;
    assert!(legends(&before) == 2 && !before.contains(&golden_d), "{before}");
    // From the bench to the search and back, more and more are on it.
    assert!(before.contains(&format!("/ui/queue/{b}/find?kind=all\"")), "{before}");
    let find = format!("/ui/queue/{b}/find");
    let fields = [("q", "Kintu"), ("add", golden_c.as_str())];
    let leads = browser.send(&find, &find, &fields).await.header("location").to_owned();
    assert!(leads.ends_with(&format!("&add={golden_c}")), "{leads}");
    let found = browser.get(&leads).await.text;
    let link = format!("{bench}?kind=all&amp;add={golden_c},{golden_d}").replace("&amp;", "&#38;");
    assert!(found.contains(&link) || found.contains(&link.replace("&#38;", "&amp;")), "{found}");
    let added = format!("{golden_c},{golden_d}");
    let page = browser.get(&format!("{bench}?kind=all&add={added}")).await.text;
    assert_eq!(legends(&page), 4, "{page}");
    assert_eq!(hidden(&page, "add"), added);
    let place = format!("to-{d}");
    let said = [("add", added.as_str()), (&place, &golden_b), ("reason", "Both cards were shown")];
    let told = browser.send(&bench, &bench, &said).await;
    assert_eq!(told.status, 200, "{told:?}");
    let revision = hidden(&told.text, "revision");
    let once = hidden(&told.text, "once");
    let mut confirmed = said.to_vec();
    confirmed.extend([("confirmed", "yes"), ("revision", &revision), ("once", &once)]);
    assert_eq!(browser.send(&bench, &bench, &confirmed).await.status, 303);
    assert_eq!(cruid(&plane, &token, &d).await, golden_b);
    // Who is gone since, or was never there, is not on it.
    let page = browser.get(&format!("{bench}?add={golden_d},nobody")).await.text;
    assert!(!page.contains(&format!("/ui/persons/{golden_d}")), "{page}");
    let many = [golden_c.as_str(); 9].join(",");
    for (wrong, status) in [("a%20b", 404), (many.as_str(), 400)] {
        assert_eq!(browser.get(&format!("{bench}?add={wrong}")).await.status, status, "{wrong}");
    }
}
