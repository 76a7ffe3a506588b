//! Readers beside a writer, and writers beside each other.

use std::sync::Arc;

use registry::commit::Commit;
use store::{Store, StoreError};

use crate::{
    contract,
    scribe::{Scribe, content, cruid},
    view::assert_shows,
};

contract![reads_during_commits_see_whole_revisions, of_rival_commits_one_wins];

async fn reads_during_commits_see_whole_revisions(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    for id in ["r1", "r2"] {
        scribe.submit(id, "g0", content(id, vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    // Both records move together, from golden record to golden record, one commit a move.
    let commits: Vec<Commit> = (1..60)
        .map(|round| {
            let golden = format!("g{round}");
            scribe.link("r1", &golden);
            scribe.link("r2", &golden);
            scribe.commit()
        })
        .collect();
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for commit in commits {
                store.commit(commit).await.unwrap();
            }
        })
    };
    let mut states = std::collections::BTreeSet::new();
    loop {
        let is_last_look = writer.is_finished();
        let ids: Vec<_> = (0..60).map(|round| cruid(&format!("g{round}"))).collect();
        let goldens = store.goldens(&ids).await.unwrap();
        let sizes: Vec<usize> =
            goldens.iter().map(|golden| golden.members.len()).filter(|size| *size > 0).collect();
        assert_eq!(sizes, [2]);
        let patients = store.patients(&["r1".into(), "r2".into()]).await.unwrap();
        let shown: Vec<String> = patients.iter().map(crate::view::show).collect();
        let golden_of = |text: &str| text.split("golden: ").nth(1).unwrap()[..12].to_owned();
        assert_eq!(golden_of(&shown[0]), golden_of(&shown[1]));
        states.insert(golden_of(&shown[0]));
        if is_last_look {
            break;
        }
    }
    writer.await.unwrap();
    assert!(states.len() > 1 || store.location() == "memory", "nothing was read in between");
    assert_shows(&*store, &scribe).await;
}

async fn of_rival_commits_one_wins(store: Arc<dyn Store>) {
    let rivals: Vec<_> = (0..8)
        .map(|number| {
            let mut scribe = Scribe::default();
            scribe.submit(&format!("r{number}"), "g", content("x", vec![]));
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(scribe.commit()).await })
        })
        .collect();
    let mut won = 0;
    for rival in rivals {
        match rival.await.unwrap() {
            Ok(()) => won += 1,
            Err(StoreError::Stale { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(store.counts().await.unwrap().records, 1);
}
