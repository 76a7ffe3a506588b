//! What was answered to acts that may be sent again: kept with the commit, for a day.

use std::sync::Arc;

use registry::{
    batch::Receipt,
    commit::Commit,
    decide::Outcome,
    ids::{ClientId, ContentHash, Cruid, RecordId, Timestamp},
    once::{Answered, KEPT_MICROS, Once},
};
use store::{Store, StoreError};

use crate::{
    contract,
    scribe::{Scribe, content},
};

contract!(
    answers_are_kept_with_the_commit,
    answers_alone_are_a_commit,
    stale_commit_keeps_no_answer,
    act_is_answered_once,
    old_answers_are_forgotten,
);

fn once(key: &str) -> Once {
    Once::new(&ClientId::new("clinic"), key, ContentHash::of("sent"), vec![0, 1])
}

fn answer(key: &str, at: i64) -> Answered {
    let receipt = Receipt {
        record: RecordId::new("r1"),
        golden: Cruid::new("g1"),
        version: 1,
        at: Timestamp(at),
        outcome: Outcome::Created,
        candidates_total: Some(3),
    };
    once(key).answered(0, Timestamp(at), &[receipt])
}

async fn found(store: &dyn Store, keys: &[&str]) -> Vec<Answered> {
    let keys: Vec<_> = keys.iter().flat_map(|key| once(key).keys().collect::<Vec<_>>()).collect();
    store.answered(&keys).await.unwrap()
}

async fn alone(store: &dyn Store, answered: Vec<Answered>) -> Result<(), StoreError> {
    let decided_at = store.head().await.unwrap().revision;
    store.commit(Commit { decided_at, answered, ..Commit::default() }).await
}

async fn answers_are_kept_with_the_commit(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    let commit = Commit { answered: vec![answer("a", 5), answer("b", 6)], ..scribe.commit() };
    store.commit(commit).await.unwrap();
    assert_eq!(found(&*store, &["a"]).await, [answer("a", 5)]);
    assert_eq!(found(&*store, &["b", "a", "c"]).await.len(), 2);
    assert!(found(&*store, &["c"]).await.is_empty());
}

async fn answers_alone_are_a_commit(store: Arc<dyn Store>) {
    let before = store.head().await.unwrap();
    alone(&*store, vec![answer("a", 5)]).await.unwrap();
    assert_eq!(store.head().await.unwrap(), before);
    assert_eq!(found(&*store, &["a"]).await, [answer("a", 5)]);
}

async fn stale_commit_keeps_no_answer(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    store.commit(scribe.commit()).await.unwrap();
    let stale = Commit { answered: vec![answer("a", 5)], ..Commit::default() };
    assert!(matches!(store.commit(stale).await, Err(StoreError::Stale { .. })));
    assert!(found(&*store, &["a"]).await.is_empty());
}

async fn act_is_answered_once(store: Arc<dyn Store>) {
    alone(&*store, vec![answer("a", 5)]).await.unwrap();
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    let again = Commit { answered: vec![answer("b", 7), answer("a", 7)], ..scribe.commit() };
    assert!(store.commit(again).await.is_err());
    assert_eq!(found(&*store, &["a", "b"]).await, [answer("a", 5)]);
    assert!(store.records(&[RecordId::new("r1")]).await.unwrap().is_empty());
}

async fn old_answers_are_forgotten(store: Arc<dyn Store>) {
    alone(&*store, vec![answer("old", 5), answer("newer", 6)]).await.unwrap();
    alone(&*store, vec![answer("new", KEPT_MICROS + 6)]).await.unwrap();
    assert!(found(&*store, &["old"]).await.is_empty());
    assert_eq!(found(&*store, &["newer", "new"]).await.len(), 2);
}
