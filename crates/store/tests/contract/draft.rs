//! What a draft keeps is what the reference keeps; what it forgets it says.

use registry::{
    ids::{Cruid, RecordId, RecordNumber, Revision, SourceKey},
    state::{GoldenState, RecordState},
};
use store::{DraftStore, MemoryStore, Reader as _, Store, StoreError};

use crate::{scribe::Scribe, view::ALL};

/// The text of the present state that `store` shows of what `scribe` wrote.
async fn present(store: &dyn Store, scribe: &Scribe) -> String {
    let records: Vec<RecordId> = scribe.standing.records().map(|r| r.id.clone()).collect();
    let goldens: Vec<Cruid> = scribe.standing.goldens().map(|g| g.id.clone()).collect();
    let numbers: Vec<RecordNumber> = scribe.standing.records().map(|r| r.number).collect();
    let sources: Vec<SourceKey> = scribe.standing.records().map(|r| r.source.clone()).collect();
    let by_number = |mut states: Vec<RecordState>| {
        states.sort_by_key(|state| state.number);
        format!("{states:?}")
    };
    let mut lines = vec![
        format!("{:?}", store.head().await.unwrap()),
        by_number(store.records(&records).await.unwrap()),
        by_number(store.records_numbered(&numbers).await.unwrap()),
        by_number(store.records_of_sources(&sources).await.unwrap()),
        format!("{:?}", store.counts().await.unwrap()),
        format!("{:?}", store.goldens_after(Some(0), 3).await.unwrap()),
        format!("{:?}", store.open_issues(ALL).await.unwrap()),
    ];
    let mut states: Vec<GoldenState> = store.goldens(&goldens).await.unwrap();
    states.sort_by_key(|state| state.number);
    lines.push(format!("{states:?}"));
    for record in &records {
        let record = std::slice::from_ref(record);
        lines.push(format!("{:?}", store.open_issues_of(record).await.unwrap()));
        lines.push(format!("{:?}", store.open_issues_raised_by(record).await.unwrap()));
        let mut pairs = store.broken_pairs_of(record).await.unwrap();
        pairs.sort();
        lines.push(format!("{pairs:?}"));
    }
    let mut pairs = store.broken_pairs().await.unwrap();
    pairs.sort();
    lines.push(format!("{pairs:?}"));
    lines.join("\n")
}

#[tokio::test]
async fn a_draft_shows_the_same_present() {
    let (draft, memory) = (DraftStore::default(), MemoryStore::default());
    let mut commits = Vec::new();
    crate::commits::life(|scribe| commits.push((scribe.commit(), scribe.clone())));
    for (commit, scribe) in commits {
        memory.commit(commit.clone()).await.unwrap();
        draft.commit(commit).await.unwrap();
        assert_eq!(present(&draft, &scribe).await, present(&memory, &scribe).await);
    }
}

#[tokio::test]
async fn a_stale_commit_changes_nothing() {
    let draft = DraftStore::default();
    let mut commits = Vec::new();
    crate::commits::life(|scribe| commits.push((scribe.commit(), scribe.clone())));
    let (first, scribe) = &commits[0];
    draft.commit(first.clone()).await.unwrap();
    let before = present(&draft, scribe).await;
    assert!(matches!(draft.commit(first.clone()).await, Err(StoreError::Stale { .. })));
    let mut odd = commits[1].0.clone();
    odd.records.iter_mut().for_each(|state| state.golden = Cruid::new("nobody"));
    odd.goldens.iter_mut().for_each(|state| state.members = [RecordId::new("nobody")].into());
    assert!(matches!(draft.commit(odd).await, Err(StoreError::Refused(_))));
    assert_eq!(present(&draft, scribe).await, before);
}

#[tokio::test]
async fn what_is_forgotten_is_refused() {
    let draft = DraftStore::default();
    assert!(draft.records_after(None, 10).await.unwrap().is_empty());
    assert!(draft.events_after(Revision(0), 10).await.unwrap().is_empty());
    let mut commits = Vec::new();
    crate::commits::life(|scribe| commits.push(scribe.commit()));
    for commit in commits {
        draft.commit(commit).await.unwrap();
    }
    assert!(matches!(draft.records_after(None, 10).await, Err(StoreError::NotKept(_))));
    assert!(matches!(draft.events_after(Revision(0), 10).await, Err(StoreError::NotKept(_))));
    assert!(matches!(draft.patients(&[]).await, Err(StoreError::NotKept(_))));
    assert!(matches!(draft.search(&[], &[], ALL).await, Err(StoreError::NotKept(_))));
}
