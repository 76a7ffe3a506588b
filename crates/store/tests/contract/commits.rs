//! Committing: whole or not at all, only on the newest revision.

use std::sync::Arc;

use registry::{
    commit::Commit,
    ids::{ContentHash, Revision},
    state::IssueKind,
};
use store::{Store, StoreError};

use crate::{
    contract,
    scribe::{Scribe, content, cruid, record, source_of, tag},
    view::{assert_shows, view},
};

contract![
    fresh_store_is_at_the_start,
    every_state_comes_back,
    batch_of_many_events_is_one_commit,
    stale_commit_writes_nothing,
    commit_from_the_future_is_stale,
    empty_commit_changes_nothing,
    refused_commit_writes_nothing,
    store_works_after_a_refused_commit,
    events_must_continue_the_chain,
    large_commit_is_written_whole,
    golden_records_replaced_in_a_row_are_written,
];

async fn fresh_store_is_at_the_start(store: Arc<dyn Store>) {
    assert_shows(&*store, &Scribe::default()).await;
    assert!(store.check_structure().await.unwrap().is_empty());
}

/// A life with every kind of state, one commit an event.
pub(crate) fn life(mut commit: impl FnMut(&mut Scribe)) -> Scribe {
    let mut scribe = Scribe::default();
    let scribe_ref = &mut scribe;
    scribe_ref.submit("r1", "g1", content("one", vec![]));
    scribe_ref.set_tags("r1", vec![tag(Some("http://x/clientid"), "clinic"), tag(None, "a")]);
    scribe_ref.set_tags("g1", vec![tag(None, "golden")]);
    commit(scribe_ref);
    scribe_ref.submit("r2", "g1", content("two", vec![]));
    commit(scribe_ref);
    scribe_ref.submit("r3", "g3", content("three", vec![]));
    let issue = scribe_ref.open_issue("r3", "r1", IssueKind::Potential);
    commit(scribe_ref);
    scribe_ref.submit("r4", "g4", content("four", vec![]));
    scribe_ref.open_issue("r4", "r3", IssueKind::Conflict);
    scribe_ref.open_issue("r4", "r2", IssueKind::Auto);
    commit(scribe_ref);
    scribe_ref.link("r3", "g1");
    scribe_ref.close_issue(&issue);
    commit(scribe_ref);
    scribe_ref.resubmit("r2", content("two again", vec![]));
    commit(scribe_ref);
    let pair = scribe_ref.break_pair("r2", "r1");
    scribe_ref.link("r2", "g5");
    commit(scribe_ref);
    scribe_ref.unbreak_pair(&pair);
    scribe_ref.break_pair("r4", "r3");
    commit(scribe_ref);
    scribe_ref.withdraw("r4");
    scribe_ref.set_tags("r4", vec![]);
    commit(scribe_ref);
    scribe_ref.withdraw("r3");
    commit(scribe_ref);
    scribe_ref.resubmit("r4", content("four", vec![]));
    commit(scribe_ref);
    scribe
}

async fn every_state_comes_back(store: Arc<dyn Store>) {
    let mut commits = Vec::new();
    let scribe = life(|scribe| commits.push((scribe.commit(), scribe.clone())));
    for (commit, so_far) in commits {
        store.commit(commit).await.unwrap();
        assert_shows(&*store, &so_far).await;
    }
    assert_shows(&*store, &scribe).await;
    assert!(store.check_structure().await.unwrap().is_empty());
}

async fn batch_of_many_events_is_one_commit(store: Arc<dyn Store>) {
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&*store, &scribe).await;
    assert!(store.check_structure().await.unwrap().is_empty());
}

async fn stale_commit_writes_nothing(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let mut rival = scribe.clone();
    scribe.submit("r1", "g1", content("one", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    let before = view(&*store, &scribe).await;

    rival.submit("r2", "g2", content("two", vec![]));
    rival.explain(&ContentHash::of("why"), "{}");
    let error = store.commit(rival.commit()).await.unwrap_err();

    let StoreError::Stale { decided_at, current } = error else { panic!("{error}") };
    assert_eq!((decided_at, current), (Revision(0), Revision(1)));
    assert_eq!(view(&*store, &scribe).await, before);
    assert_eq!(store.explanation(&ContentHash::of("why")).await.unwrap(), None);
}

async fn commit_from_the_future_is_stale(store: Arc<dyn Store>) {
    let commit = Commit { decided_at: Revision(7), ..Commit::default() };
    let error = store.commit(commit).await.unwrap_err();
    assert!(matches!(error, StoreError::Stale { .. }), "{error}");
}

async fn empty_commit_changes_nothing(store: Arc<dyn Store>) {
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    let before = view(&*store, &scribe).await;
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(view(&*store, &scribe).await, before);
}

/// Commits that fit nothing, each made from a good one by one fault.
fn faulty_commits() -> Vec<(&'static str, Commit)> {
    let base = life(|_| {});
    let make = |change: &dyn Fn(&mut Commit)| {
        let mut scribe = base.clone();
        scribe.commit();
        scribe.submit("r8", "g8", content("eight", vec![]));
        scribe.open_issue("r8", "r1", IssueKind::Potential);
        scribe.break_pair("r8", "r1");
        scribe.set_tags("r8", vec![tag(None, "x")]);
        scribe.explain(&ContentHash::of("why"), "{}");
        let mut commit = scribe.commit();
        change(&mut commit);
        commit
    };
    vec![
        ("known source identity", make(&|c| c.records[0].source = source_of("r1"))),
        ("known record id", make(&|c| c.records[0].id = record("r1"))),
        ("golden's id for a record", make(&|c| c.records[0].id = record("g1"))),
        ("record's id for a golden", make(&|c| c.goldens[0].id = cruid("r1"))),
        ("known record number", make(&|c| c.records[0].number.0 = 0)),
        ("known golden number", make(&|c| c.goldens[0].number.0 = 0)),
        ("one record twice", make(&|c| c.records.push(c.records[0].clone()))),
        ("one golden twice", make(&|c| c.goldens.push(c.goldens[0].clone()))),
        ("unknown golden", make(&|c| c.records[0].golden = cruid("nobody"))),
        ("golden is a record", make(&|c| c.records[0].golden = cruid("r1"))),
        ("missing content", make(&|c| c.contents.clear())),
        ("version given twice", make(&|c| c.versions.push(c.versions[0].clone()))),
        ("golden version twice", make(&|c| c.golden_versions.push(c.golden_versions[0].clone()))),
        ("version of nobody", make(&|c| c.versions[0].record = record("nobody"))),
        ("issue with nobody", make(&|c| c.issues_opened[0].subject = record("nobody"))),
        ("issue twice", make(&|c| c.issues_opened.push(c.issues_opened[0].clone()))),
        ("tags of nobody", make(&|c| c.tags[0].0 = "nobody".to_owned())),
        ("tags twice", make(&|c| c.tags.push(c.tags[0].clone()))),
        ("gap in the events", make(&|c| c.events[1].revision = Revision(99))),
    ]
}

async fn refused_commit_writes_nothing(store: Arc<dyn Store>) {
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    let before = view(&*store, &scribe).await;
    for (fault, commit) in faulty_commits() {
        let result = store.commit(commit).await;
        assert!(
            matches!(result, Err(StoreError::Refused(_) | StoreError::Database(_))),
            "{fault}: {result:?}"
        );
        assert_eq!(view(&*store, &scribe).await, before, "{fault}");
        let nobody = store.records(&[record("r8")]).await.unwrap();
        assert!(nobody.is_empty(), "{fault}");
        assert_eq!(store.explanation(&ContentHash::of("why")).await.unwrap(), None, "{fault}");
    }
}

async fn store_works_after_a_refused_commit(store: Arc<dyn Store>) {
    let mut scribe = life(|_| {});
    store.commit(scribe.commit()).await.unwrap();
    for (_, commit) in faulty_commits() {
        store.commit(commit).await.unwrap_err();
    }
    scribe.submit("r8", "g8", content("eight", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&*store, &scribe).await;
}

async fn events_must_continue_the_chain(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    scribe.submit("r2", "g2", content("two", vec![]));
    let mut commit = scribe.commit();
    commit.events.remove(0);
    let error = store.commit(commit).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    assert_shows(&*store, &Scribe::default()).await;
}

async fn large_commit_is_written_whole(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    for number in 0..300 {
        let (id, golden) = (format!("r{number}"), format!("g{}", number / 2));
        scribe.submit(&id, &golden, content(&id, vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&*store, &scribe).await;
    let ids: Vec<_> = scribe.standing.records().map(|state| state.id.clone()).collect();
    assert_eq!(store.records(&ids).await.unwrap().len(), 300);
    let sources: Vec<_> = scribe.standing.records().map(|state| state.source.clone()).collect();
    assert_eq!(store.records_of_sources(&sources).await.unwrap().len(), 300);
}

async fn golden_records_replaced_in_a_row_are_written(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    for golden in ["g2", "g3", "g4"] {
        scribe.link("r1", golden);
    }
    store.commit(scribe.commit()).await.unwrap();
    assert_shows(&*store, &scribe).await;
    assert!(store.check_structure().await.unwrap().is_empty());
}
