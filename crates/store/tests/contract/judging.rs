//! Match issues and pairs declared different.

use std::sync::Arc;

use registry::state::{IssueKind, MatchIssue};
use store::{Reader, Store, StoreError, Window};

use crate::{
    contract,
    scribe::{Scribe, content, record},
    view::{ALL, assert_shows, sorted},
};

contract![
    open_issue_is_found_from_both_sides,
    closed_issue_is_open_no_more,
    closed_issue_can_be_opened_again_and_an_open_one_cannot,
    issue_opened_and_closed_in_one_commit_is_not_open,
    issues_come_in_order_of_opening,
    open_issues_are_counted_by_kind,
    open_issues_are_listed_by_kind,
    patient_shows_the_issues_of_which_it_is_the_subject,
    broken_pair_is_found_from_both_sides,
    unbroken_pair_is_gone,
    pair_broken_twice_is_one_pair,
    patient_shows_its_broken_pairs,
];

async fn four_records(store: &dyn Store) -> Scribe {
    let mut scribe = Scribe::default();
    for id in ["r1", "r2", "r3", "r4"] {
        scribe.submit(id, &id.replace('r', "g"), content(id, vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    scribe
}

async fn issues_of(store: &dyn Reader, id: &str) -> Vec<MatchIssue> {
    sorted(store.open_issues_of(&[record(id)]).await.unwrap(), |issue| issue.id.clone())
}

async fn open_issue_is_found_from_both_sides(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let issue = scribe.open_issue("r1", "r2", IssueKind::Potential);
    store.commit(scribe.commit()).await.unwrap();

    assert_eq!(issues_of(&*store, "r1").await, std::slice::from_ref(&issue));
    assert_eq!(issues_of(&*store, "r2").await, std::slice::from_ref(&issue));
    assert!(issues_of(&*store, "r3").await.is_empty());
    assert!(issues_of(&*store, "nobody").await.is_empty());
    let both = [record("r1"), record("r2"), record("r1"), record("nobody")];
    assert_eq!(store.open_issues_of(&both).await.unwrap(), [issue]);
}

async fn closed_issue_is_open_no_more(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let issue = scribe.open_issue("r1", "r2", IssueKind::Conflict);
    let other = scribe.open_issue("r1", "r3", IssueKind::Conflict);
    store.commit(scribe.commit()).await.unwrap();
    scribe.close_issue(&issue);
    store.commit(scribe.commit()).await.unwrap();

    assert_eq!(store.open_issues(ALL).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(issues_of(&*store, "r1").await, [other]);
    assert!(issues_of(&*store, "r2").await.is_empty());
}

async fn closed_issue_can_be_opened_again_and_an_open_one_cannot(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let issue = scribe.open_issue("r1", "r2", IssueKind::Conflict);
    store.commit(scribe.commit()).await.unwrap();
    scribe.close_issue(&issue);
    store.commit(scribe.commit()).await.unwrap();
    scribe.reopen_issue(&issue);
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(store.open_issues(ALL).await.unwrap(), std::slice::from_ref(&issue));
    assert_eq!(issues_of(&*store, "r2").await, std::slice::from_ref(&issue));
    assert_eq!(store.counts().await.unwrap().conflicts, 1);

    let before = store.head().await.unwrap();
    scribe.reopen_issue(&issue);
    let refused = store.commit(scribe.commit()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(store.head().await.unwrap(), before);
}

async fn issue_opened_and_closed_in_one_commit_is_not_open(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let issue = scribe.open_issue("r1", "r2", IssueKind::Conflict);
    scribe.close_issue(&issue);
    store.commit(scribe.commit()).await.unwrap();
    assert!(store.open_issues(ALL).await.unwrap().is_empty());
    assert_eq!(store.counts().await.unwrap().conflicts, 0);
}

async fn issues_come_in_order_of_opening(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let mut opened = Vec::new();
    // Event numbers of one and of two digits: the order is not that of their texts.
    for round in 0..9 {
        let candidate = ["r2", "r3", "r4"][round % 3];
        opened.push(scribe.open_issue("r1", candidate, IssueKind::Potential));
    }
    store.commit(scribe.commit()).await.unwrap();

    assert_eq!(store.open_issues(ALL).await.unwrap(), opened);
    let window = Window { offset: 4, limit: 3 };
    assert_eq!(store.open_issues(window).await.unwrap(), opened[4..7]);
    let window = Window { offset: 8, limit: 3 };
    assert_eq!(store.open_issues(window).await.unwrap(), opened[8..]);
    for (offset, limit) in [(9, 3), (u64::MAX, u64::MAX), (0, 0)] {
        assert!(store.open_issues(Window { offset, limit }).await.unwrap().is_empty());
    }
}

async fn open_issues_are_counted_by_kind(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    scribe.open_issue("r1", "r2", IssueKind::Potential);
    scribe.open_issue("r1", "r3", IssueKind::Potential);
    scribe.open_issue("r1", "r4", IssueKind::Auto);
    store.commit(scribe.commit()).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.potential, counts.conflicts, counts.auto), (2, 0, 1));
}

async fn open_issues_are_listed_by_kind(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let potential = scribe.open_issue("r1", "r2", IssueKind::Potential);
    let auto = scribe.open_issue("r1", "r3", IssueKind::Auto);
    let conflict = scribe.open_issue("r2", "r3", IssueKind::Conflict);
    let closed = scribe.open_issue("r2", "r4", IssueKind::Conflict);
    store.commit(scribe.commit()).await.unwrap();
    scribe.close_issue(&closed);
    store.commit(scribe.commit()).await.unwrap();

    let doubts = [IssueKind::Potential, IssueKind::Conflict];
    let listed = store.open_issues_of_kinds(&doubts, ALL).await.unwrap();
    assert_eq!(listed, (vec![potential, conflict.clone()], 2));
    let second = Window { offset: 1, limit: 1 };
    let listed = store.open_issues_of_kinds(&doubts, second).await.unwrap();
    assert_eq!(listed, (vec![conflict], 2));
    let listed = store.open_issues_of_kinds(&[IssueKind::Auto], ALL).await.unwrap();
    assert_eq!(listed, (vec![auto], 1));
    assert_eq!(store.open_issues_of_kinds(&[], ALL).await.unwrap(), (vec![], 0));
}

async fn patient_shows_the_issues_of_which_it_is_the_subject(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    scribe.open_issue("r1", "r2", IssueKind::Auto);
    scribe.open_issue("r1", "r3", IssueKind::Potential);
    scribe.open_issue("r1", "r4", IssueKind::Potential);
    store.commit(scribe.commit()).await.unwrap();
    let shown = crate::reading::source_patient(&*store, "r1").await;
    assert_eq!(
        shown.issues.into_iter().collect::<Vec<_>>(),
        [IssueKind::Potential, IssueKind::Auto]
    );
    assert!(crate::reading::source_patient(&*store, "r2").await.issues.is_empty());
}

async fn broken_pair_is_found_from_both_sides(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let pair = scribe.break_pair("r3", "r1");
    store.commit(scribe.commit()).await.unwrap();
    for ids in [vec![record("r1")], vec![record("r3")], vec![record("r1"), record("r3")]] {
        assert_eq!(store.broken_pairs_of(&ids).await.unwrap(), std::slice::from_ref(&pair));
    }
    assert!(store.broken_pairs_of(&[record("r2")]).await.unwrap().is_empty());
    assert!(store.broken_pairs_of(&[]).await.unwrap().is_empty());
}

async fn unbroken_pair_is_gone(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let pair = scribe.break_pair("r3", "r1");
    scribe.break_pair("r3", "r2");
    store.commit(scribe.commit()).await.unwrap();
    scribe.unbreak_pair(&pair);
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&*store, &scribe).await;
    assert!(store.broken_pairs_of(&[record("r1")]).await.unwrap().is_empty());
}

async fn pair_broken_twice_is_one_pair(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    let pair = scribe.break_pair("r3", "r1");
    store.commit(scribe.commit()).await.unwrap();
    scribe.unbreak_pair(&pair);
    scribe.break_pair("r1", "r3");
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(store.broken_pairs().await.unwrap(), [pair]);
}

async fn patient_shows_its_broken_pairs(store: Arc<dyn Store>) {
    let mut scribe = four_records(&*store).await;
    scribe.break_pair("r4", "r2");
    scribe.break_pair("r2", "r1");
    store.commit(scribe.commit()).await.unwrap();
    let shown = crate::reading::source_patient(&*store, "r2").await;
    assert_eq!(shown.broken, [record("r1"), record("r4")]);
}
