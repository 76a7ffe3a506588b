//! Everything that a store shows, in one comparable value.

use registry::{
    ids::{Cruid, RecordId, Revision},
    state::{GoldenState, RecordState},
    stored::{StoredPatient, StoredVersion},
};
use store::{Store, Window};

use crate::scribe::Scribe;

pub(crate) const ALL: Window = Window { offset: 0, limit: u64::MAX };

/// The text of all that `store` shows of what `scribe` wrote; equal texts, equal stores.
pub(crate) async fn view(store: &dyn Store, scribe: &Scribe) -> String {
    let mut lines = Vec::new();
    let mut records: Vec<RecordId> = scribe.standing.records().map(|r| r.id.clone()).collect();
    let mut goldens: Vec<Cruid> = scribe.standing.goldens().map(|g| g.id.clone()).collect();
    records.sort();
    goldens.sort();
    let ids: Vec<String> = records.iter().map(ToString::to_string).collect();
    let ids: Vec<String> = ids.into_iter().chain(goldens.iter().map(ToString::to_string)).collect();

    lines.push(format!("{:?}", store.head().await.unwrap()));
    lines.push(format!("{:?}", sorted(store.records(&records).await.unwrap(), |r| r.id.clone())));
    lines.push(format!("{:?}", sorted(store.goldens(&goldens).await.unwrap(), |g| g.id.clone())));
    lines.push(format!("{:?}", store.counts().await.unwrap()));
    lines.push(format!("{:?}", store.records_after(None, u32::MAX).await.unwrap()));
    lines.push(format!("{:?}", store.goldens_after(None, u32::MAX).await.unwrap()));
    lines.push(format!("{:?}", store.events_after(Revision(0), u32::MAX).await.unwrap()));
    lines.push(format!("{:?}", store.open_issues(ALL).await.unwrap()));
    let mut issues = store.open_issues_of(&records).await.unwrap();
    issues.sort_by_key(|issue| issue.id.clone());
    lines.push(format!("{issues:?}"));
    let pairs = sorted(store.broken_pairs().await.unwrap(), Clone::clone);
    lines.push(format!("{pairs:?}"));
    let pairs = sorted(store.broken_pairs_of(&records).await.unwrap(), Clone::clone);
    lines.push(format!("{pairs:?}"));
    lines.push(format!("{:?}", sorted(store.tags_of(&ids).await.unwrap(), |t| t.id.clone())));
    for patient in store.patients(&ids).await.unwrap() {
        lines.push(show(&patient));
    }
    for id in &records {
        let (versions, total) = store.record_history(id, ALL).await.unwrap();
        lines.push(format!("{total} {}", versions.iter().map(show_version).collect::<String>()));
    }
    for id in &goldens {
        lines.push(format!("{:?}", store.golden_history(id, ALL).await.unwrap()));
    }
    lines.push(format!("{:?}", store.search(&[], &[], ALL).await.unwrap()));
    lines.join("\n")
}

/// Checks that `store` shows exactly the state that `scribe` keeps.
pub(crate) async fn assert_shows(store: &dyn Store, scribe: &Scribe) {
    let records: Vec<RecordState> =
        sorted(scribe.standing.records().cloned().collect(), |r| r.number);
    let goldens: Vec<GoldenState> =
        sorted(scribe.standing.goldens().cloned().collect(), |g| g.number);
    let stored = store.records_after(None, u32::MAX).await.unwrap();
    assert_eq!(stored.into_iter().map(|(state, _)| state).collect::<Vec<_>>(), records);
    assert_eq!(store.goldens_after(None, u32::MAX).await.unwrap(), goldens);
    assert_eq!(store.head().await.unwrap(), scribe.head);
    let mut issues = store.open_issues(ALL).await.unwrap();
    issues.sort_by_key(|issue| issue.id.clone());
    assert_eq!(issues, scribe.standing.issues().cloned().collect::<Vec<_>>());
    let pairs = sorted(store.broken_pairs().await.unwrap(), Clone::clone);
    assert_eq!(pairs, scribe.standing.broken_pairs().into_iter().collect::<Vec<_>>());
    let ids: Vec<String> = scribe.tags.keys().cloned().collect();
    for shown in store.tags_of(&ids).await.unwrap() {
        assert_eq!(shown.tags, sorted(scribe.tags[&shown.id].clone(), Clone::clone));
    }
    assert_eq!(store.events_after(Revision(0), u32::MAX).await.unwrap().len(), scribe.events);
}

pub(crate) fn sorted<T, K: Ord>(mut items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    items.sort_by_key(key);
    items
}

pub(crate) fn show(patient: &StoredPatient) -> String {
    match patient {
        StoredPatient::Golden(state) => format!("{state:?}"),
        StoredPatient::Source(source) => {
            let (state, content) = (&source.state, &source.content);
            format!("{state:?} {content} {:?} {:?}", source.issues, source.broken)
        }
    }
}

pub(crate) fn show_version(version: &StoredVersion) -> String {
    format!("[{:?} {}]", version.version, version.content)
}
