//! The work queue: what is put aside is left out until its time is over or something new is found.

use std::sync::Arc;

use registry::{
    aside::{Aside, AsideKind},
    ids::{Revision, Timestamp},
    state::{IssueKind, MatchIssue},
};
use store::{QueueFilter, Store, StoreError, Window};

use crate::{
    contract,
    scribe::{Scribe, content, record},
};

contract![
    what_is_put_aside_is_in_its_own_list_only,
    time_that_is_over_and_taking_back_end_it,
    what_is_found_later_is_not_aside,
    record_that_changes_is_not_aside,
    nobody_is_put_aside_who_is_not_there,
];

const NOW: Timestamp = Timestamp(1_000);

/// Three pairs that wait: r1 with r2, r3 with r2, r4 with r1 (automatic).
async fn three_pairs(store: &dyn Store) -> (Scribe, [MatchIssue; 3]) {
    let mut scribe = Scribe::default();
    for id in ["r1", "r2", "r3", "r4"] {
        scribe.submit(id, &id.replace('r', "g"), content(id, vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    let issues = [
        scribe.open_issue("r1", "r2", IssueKind::Potential),
        scribe.open_issue("r3", "r2", IssueKind::Conflict),
        scribe.open_issue("r4", "r1", IssueKind::Auto),
    ];
    store.commit(scribe.commit()).await.unwrap();
    (scribe, issues)
}

async fn aside(store: &dyn Store, id: &str, kind: AsideKind, until: Option<i64>) -> Aside {
    Aside {
        record: record(id),
        kind,
        since: store.head().await.unwrap().revision,
        at: NOW,
        until: until.map(Timestamp),
        by: "amina".to_owned(),
        note: "ask the clinic \u{0}".to_owned(),
    }
}

async fn listed(store: &dyn Store, aside: Option<AsideKind>, now: i64) -> Vec<MatchIssue> {
    let kinds = [IssueKind::Potential, IssueKind::Conflict];
    let filter = QueueFilter { aside, ..QueueFilter::of(&kinds) };
    let all = Window { offset: 0, limit: 10 };
    let (issues, total) = store.queued(&filter, Timestamp(now), all).await.unwrap();
    assert_eq!(issues.len() as u64, total);
    issues
}

async fn what_is_put_aside_is_in_its_own_list_only(store: Arc<dyn Store>) {
    let (_, [first, second, _]) = three_pairs(&*store).await;
    assert_eq!(listed(&*store, None, 1_000).await, [first.clone(), second.clone()]);
    assert_eq!(store.aside_of(&record("r1"), NOW).await.unwrap(), None);
    let told = aside(&*store, "r1", AsideKind::Escalated, None).await;
    store.put_aside(told.clone()).await.unwrap();
    assert_eq!(store.aside_of(&record("r1"), NOW).await.unwrap(), Some(told));
    assert_eq!(listed(&*store, None, 1_000).await, std::slice::from_ref(&second));
    assert_eq!(listed(&*store, Some(AsideKind::Escalated), 1_000).await, [first]);
    assert!(listed(&*store, Some(AsideKind::Waiting), 1_000).await.is_empty());
    // On the other side of a pair it is not aside.
    store.put_aside(aside(&*store, "r2", AsideKind::Waiting, None).await).await.unwrap();
    assert_eq!(listed(&*store, None, 1_000).await, std::slice::from_ref(&second));
    // Windows count what is left.
    let none = Window { offset: 0, limit: 0 };
    let filter = QueueFilter::of(&[IssueKind::Conflict, IssueKind::Auto]);
    let (issues, total) = store.queued(&filter, NOW, none).await.unwrap();
    assert_eq!((issues.len(), total), (0, 2));
    let one = Window { offset: 1, limit: 1 };
    let (issues, _) = store.queued(&filter, NOW, one).await.unwrap();
    assert_eq!(issues[0].kind, IssueKind::Auto);
}

async fn time_that_is_over_and_taking_back_end_it(store: Arc<dyn Store>) {
    let (_, [first, second, _]) = three_pairs(&*store).await;
    let both = [first.clone(), second.clone()];
    store.put_aside(aside(&*store, "r1", AsideKind::Waiting, Some(2_000)).await).await.unwrap();
    assert_eq!(listed(&*store, None, 1_999).await, std::slice::from_ref(&second));
    assert_eq!(listed(&*store, None, 2_000).await, both);
    assert!(store.aside_of(&record("r1"), Timestamp(2_000)).await.unwrap().is_none());
    // Put aside anew, it is as was said last.
    store.put_aside(aside(&*store, "r1", AsideKind::Escalated, None).await).await.unwrap();
    assert_eq!(listed(&*store, Some(AsideKind::Escalated), 9_000).await, [first]);
    assert!(store.take_back(&record("r1")).await.unwrap());
    assert!(!store.take_back(&record("r1")).await.unwrap());
    assert_eq!(listed(&*store, None, 9_000).await, both);
}

async fn what_is_found_later_is_not_aside(store: Arc<dyn Store>) {
    let (mut scribe, [first, second, _]) = three_pairs(&*store).await;
    store.put_aside(aside(&*store, "r1", AsideKind::Escalated, None).await).await.unwrap();
    scribe.close_issue(&first);
    let later = scribe.open_issue("r1", "r4", IssueKind::Potential);
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(listed(&*store, None, 1_000).await, [later, second]);
    assert_eq!(store.aside_of(&record("r1"), NOW).await.unwrap(), None);
}

async fn nobody_is_put_aside_who_is_not_there(store: Arc<dyn Store>) {
    three_pairs(&*store).await;
    let mut wrong = aside(&*store, "nobody", AsideKind::Waiting, None).await;
    wrong.since = Revision(0);
    let refused = store.put_aside(wrong).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert!(!store.take_back(&record("nobody")).await.unwrap());
}

async fn record_that_changes_is_not_aside(store: Arc<dyn Store>) {
    let (mut scribe, [first, second, _]) = three_pairs(&*store).await;
    store.put_aside(aside(&*store, "r1", AsideKind::Waiting, None).await).await.unwrap();
    scribe.resubmit("r3", content("r3 anew", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(listed(&*store, None, 1_000).await, std::slice::from_ref(&second));
    scribe.resubmit("r1", content("r1 anew", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(listed(&*store, None, 1_000).await, [first, second]);
    assert_eq!(store.aside_of(&record("r1"), NOW).await.unwrap(), None);
}
