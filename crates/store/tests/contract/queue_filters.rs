//! The work queue: what of the open issues a filter leaves, and in which order.

use std::sync::Arc;

use registry::{
    ids::{ClientId, Timestamp},
    state::{IssueKind, MatchIssue},
};
use store::{QueueFilter, Store, Window};

use crate::{
    contract,
    scribe::{Scribe, content, record},
    view::ALL,
};

contract![
    queue_goes_kind_by_kind_each_from_the_oldest_on,
    queue_is_shown_in_windows_over_all_kinds,
    queue_is_filtered_by_the_system_of_the_subject,
    queue_is_filtered_by_score_both_ends_included,
    queue_is_filtered_by_age,
    queue_is_filtered_by_subjects,
    queue_goes_by_score,
    all_filters_hold_at_once,
];

const NOW: Timestamp = Timestamp(1_000);
const DOUBTS: [IssueKind; 2] = [IssueKind::Conflict, IssueKind::Potential];

/// Four records of two systems and five open issues, in order of opening; one more is closed.
async fn with_issues(store: &dyn Store) -> [MatchIssue; 5] {
    let mut scribe = Scribe::default();
    for (id, client) in [("r1", "clinic"), ("r2", "lab"), ("r3", "clinic"), ("r4", "lab")] {
        scribe.submit_from(client, (id, &id.replace('r', "g")), content(id, vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    let mut open = |pair, kind, score| scribe.open_scored_issue(pair, kind, score);
    let closed = open(("r1", "r2"), IssueKind::Conflict, "12.3");
    let issues = [
        open(("r1", "r2"), IssueKind::Potential, "12.3"),
        open(("r2", "r1"), IssueKind::Conflict, "40.0"),
        open(("r3", "r1"), IssueKind::Auto, "55.5"),
        open(("r3", "r4"), IssueKind::Potential, "-0.7"),
        open(("r4", "r1"), IssueKind::Potential, "12.31"),
    ];
    scribe.close_issue(&closed);
    store.commit(scribe.commit()).await.unwrap();
    issues
}

/// The places, in `issues`, of what a filter leaves; all of it in one window.
async fn left(store: &dyn Store, issues: &[MatchIssue], filter: &QueueFilter) -> Vec<usize> {
    let (found, total) = store.queued(filter, NOW, ALL).await.unwrap();
    assert_eq!(found.len() as u64, total);
    let nothing = Window { offset: 0, limit: 0 };
    assert_eq!(store.queued(filter, NOW, nothing).await.unwrap(), (vec![], total));
    let place = |issue| issues.iter().position(|known| known == issue).expect("an open one");
    found.iter().map(place).collect()
}

async fn queue_goes_kind_by_kind_each_from_the_oldest_on(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    for (kinds, expected) in [
        (&DOUBTS[..], &[1, 0, 3, 4][..]),
        (&[IssueKind::Potential, IssueKind::Conflict], &[0, 3, 4, 1]),
        (&[IssueKind::Auto], &[2]),
        (&[], &[]),
    ] {
        assert_eq!(left(&*store, &issues, &QueueFilter::of(kinds)).await, expected, "{kinds:?}");
    }
}

async fn queue_is_shown_in_windows_over_all_kinds(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    let all = [1, 0, 3, 4].map(|at: usize| issues[at].clone());
    let filter = QueueFilter::of(&DOUBTS);
    for offset in 0..6_usize {
        for limit in 0..6_usize {
            let window = Window { offset: offset as u64, limit: limit as u64 };
            let (found, total) = store.queued(&filter, NOW, window).await.unwrap();
            let expected: Vec<_> = all.iter().skip(offset).take(limit).cloned().collect();
            assert_eq!((found, total), (expected, 4), "{offset} {limit}");
        }
    }
    let beyond = Window { offset: u64::MAX, limit: u64::MAX };
    assert_eq!(store.queued(&filter, NOW, beyond).await.unwrap(), (vec![], 4));
}

async fn queue_is_filtered_by_the_system_of_the_subject(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    for (client, expected) in [("clinic", &[0, 3][..]), ("lab", &[1, 4]), ("nobody", &[])] {
        let client = Some(ClientId::new(client));
        let filter = QueueFilter { client, ..QueueFilter::of(&DOUBTS) };
        assert_eq!(left(&*store, &issues, &filter).await, expected, "{:?}", filter.client);
    }
}

async fn queue_is_filtered_by_score_both_ends_included(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    for (score_from, score_to, expected) in [
        (Some(123), None, &[1, 0, 4][..]),
        (Some(124), None, &[1]),
        (None, Some(123), &[0, 3]),
        (None, Some(122), &[3]),
        (Some(-7), Some(-7), &[3]),
        (Some(-6), Some(399), &[0, 4]),
        (Some(400), Some(400), &[1]),
        (Some(401), None, &[]),
        (Some(5), Some(4), &[]),
    ] {
        let filter = QueueFilter { score_from, score_to, ..QueueFilter::of(&DOUBTS) };
        assert_eq!(left(&*store, &issues, &filter).await, expected, "{score_from:?} {score_to:?}");
    }
}

async fn queue_is_filtered_by_age(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    let [first, fourth, last] = [0, 3, 4].map(|at: usize| issues[at].opened_at.0);
    assert!(first < fourth && fourth < last);
    for (by, expected) in [
        (first - 1, &[][..]),
        (first, &[1, 0]),
        (last - 1, &[1, 0, 3]),
        (last, &[1, 0, 3, 4]),
        (i64::MAX, &[1, 0, 3, 4]),
    ] {
        let opened_by = Some(Timestamp(by));
        let filter = QueueFilter { opened_by, ..QueueFilter::of(&DOUBTS) };
        assert_eq!(left(&*store, &issues, &filter).await, expected, "{by}");
    }
}

async fn queue_is_filtered_by_subjects(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    let ids = |ids: &[&str]| ids.iter().map(|id| record(id)).collect::<Vec<_>>();
    for (these, expected) in
        [(&["r1", "r4", "r4", "nobody"][..], &[0, 4][..]), (&["nobody"], &[]), (&[], &[])]
    {
        let among = Some(ids(these));
        let filter = QueueFilter { among, ..QueueFilter::of(&DOUBTS) };
        assert_eq!(left(&*store, &issues, &filter).await, expected, "among {these:?}");
    }
    for (these, expected) in
        [(&["r1", "r4", "nobody"][..], &[1, 3][..]), (&["nobody"], &[1, 0, 3, 4])]
    {
        let filter = QueueFilter { but: ids(these), ..QueueFilter::of(&DOUBTS) };
        assert_eq!(left(&*store, &issues, &filter).await, expected, "but {these:?}");
    }
}

async fn queue_goes_by_score(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    let filter = QueueFilter { is_by_score: true, ..QueueFilter::of(&DOUBTS) };
    assert_eq!(left(&*store, &issues, &filter).await, [1, 4, 0, 3]);
    let second = Window { offset: 1, limit: 2 };
    let (found, _) = store.queued(&filter, NOW, second).await.unwrap();
    assert_eq!(found, [issues[4].clone(), issues[0].clone()]);
}

async fn all_filters_hold_at_once(store: Arc<dyn Store>) {
    let issues = with_issues(&*store).await;
    let filter = QueueFilter {
        client: Some(ClientId::new("lab")),
        score_from: Some(100),
        score_to: Some(130),
        opened_by: Some(issues[4].opened_at),
        among: Some(vec![record("r2"), record("r4"), record("r1")]),
        but: vec![record("r2")],
        ..QueueFilter::of(&DOUBTS)
    };
    assert_eq!(left(&*store, &issues, &filter).await, [4]);
}
