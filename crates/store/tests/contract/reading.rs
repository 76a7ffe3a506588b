//! Reading states, versions, histories and texts; unknown ids and windows.

use std::sync::Arc;

use registry::{
    commit::Method,
    ids::{ContentHash, RecordNumber, Revision},
    state::GoldenStatus,
    stored::{SourcePatient, StoredPatient},
};
use store::{Reader, Store, Window};

use crate::{
    commits::life,
    contract,
    scribe::{Scribe, content, cruid, record, source_of, tag},
    view::ALL,
};

contract![
    unknown_ids_are_left_out,
    repeated_ids_are_given_once,
    patients_come_in_the_order_asked_for,
    record_is_found_by_source_even_when_withdrawn,
    sources_differ_by_system_and_value,
    every_version_shows_its_own_content,
    history_comes_newest_first_within_the_window,
    golden_history_shows_each_version,
    returning_record_is_in_its_golden_record_again,
    lists_after_a_number_are_pages,
    events_after_a_revision_follow_it,
    explanation_is_kept_once,
    tags_are_replaced,
    counts_tell_live_from_gone,
    unusual_texts_come_back_unchanged,
];

pub(crate) async fn source_patient(store: &dyn Reader, id: &str) -> SourcePatient {
    match store.patients(&[id.to_owned()]).await.unwrap().pop() {
        Some(StoredPatient::Source(source)) => source,
        _ => panic!("{id} is not a source record"),
    }
}

async fn lived(store: &dyn Store) -> Scribe {
    let mut commits = Vec::new();
    let scribe = life(|scribe| commits.push(scribe.commit()));
    for commit in commits {
        store.commit(commit).await.unwrap();
    }
    scribe
}

async fn unknown_ids_are_left_out(store: Arc<dyn Store>) {
    let scribe = lived(&*store).await;
    let known = scribe.record("r1");
    let found = store.records(&[record("nobody"), record("r1"), record("g1")]).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&known));
    let found = store.goldens(&[cruid("nobody"), cruid("g1"), cruid("r1")]).await.unwrap();
    assert_eq!(found, [scribe.golden("g1")]);
    let found = store.records_of_sources(&[source_of("nobody"), source_of("r1")]).await.unwrap();
    assert_eq!(found, [known]);
    assert!(store.patients(&["nobody".to_owned(), String::new()]).await.unwrap().is_empty());
    assert!(store.tags_of(&["nobody".to_owned()]).await.unwrap().is_empty());
    assert!(store.records(&[]).await.unwrap().is_empty());
    assert!(store.records_numbered(&[RecordNumber(99)]).await.unwrap().is_empty());
    assert!(store.record_version(&record("nobody"), 1).await.unwrap().is_none());
    assert!(store.record_version(&record("r1"), 99).await.unwrap().is_none());
    assert!(store.golden_version(&cruid("r1"), 1).await.unwrap().is_none());
    let (versions, total) = store.record_history(&record("g1"), ALL).await.unwrap();
    assert_eq!((versions.len(), total), (0, 0));
    assert_eq!(store.golden_history(&cruid("x"), ALL).await.unwrap(), (vec![], 0));
    assert_eq!(store.explanation(&ContentHash::of("x")).await.unwrap(), None);
}

async fn repeated_ids_are_given_once(store: Arc<dyn Store>) {
    lived(&*store).await;
    let twice = |id: &str| vec![id.to_owned(), id.to_owned()];
    assert_eq!(store.records(&[record("r1"), record("r1")]).await.unwrap().len(), 1);
    assert_eq!(store.goldens(&[cruid("g1"), cruid("g1")]).await.unwrap().len(), 1);
    let sources = [source_of("r1"), source_of("r1")];
    assert_eq!(store.records_of_sources(&sources).await.unwrap().len(), 1);
    let numbers = [RecordNumber(0), RecordNumber(0)];
    assert_eq!(store.records_numbered(&numbers).await.unwrap().len(), 1);
    assert_eq!(store.patients(&twice("r1")).await.unwrap().len(), 1);
    assert_eq!(store.patients(&twice("g1")).await.unwrap().len(), 1);
    assert_eq!(store.tags_of(&twice("g1")).await.unwrap().len(), 1);
}

async fn patients_come_in_the_order_asked_for(store: Arc<dyn Store>) {
    lived(&*store).await;
    let ids = ["g3", "r2", "nobody", "r4", "g1", "r1", "r2"].map(str::to_owned);
    let shown = store.patients(&ids).await.unwrap();
    let shown: Vec<&str> = shown
        .iter()
        .map(|patient| match patient {
            StoredPatient::Source(source) => source.state.id.as_str(),
            StoredPatient::Golden(state) => state.id.as_str(),
        })
        .collect();
    assert_eq!(shown, ["g3", "r2", "r4", "g1", "r1"]);
}

async fn record_is_found_by_source_even_when_withdrawn(store: Arc<dyn Store>) {
    let scribe = lived(&*store).await;
    let found = store.records_of_sources(&[source_of("r3")]).await.unwrap();
    assert_eq!(found, [scribe.record("r3")]);
    assert!(found[0].is_withdrawn);
    let found = store.records_numbered(&[found[0].number]).await.unwrap();
    assert_eq!(found, [scribe.record("r3")]);
}

async fn sources_differ_by_system_and_value(store: Arc<dyn Store>) {
    lived(&*store).await;
    let mut other = source_of("r1");
    other.system = "http://other.example".into();
    assert!(store.records_of_sources(&[other]).await.unwrap().is_empty());
    let mut other = source_of("r1");
    other.value = other.value.to_uppercase().into();
    assert!(store.records_of_sources(&[other]).await.unwrap().is_empty());
}

async fn every_version_shows_its_own_content(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let texts = ["first", "second", "first"].map(|word| content(word, vec![]));
    scribe.submit("r1", "g1", texts[0].clone());
    store.commit(scribe.commit()).await.unwrap();
    scribe.resubmit("r1", texts[1].clone());
    store.commit(scribe.commit()).await.unwrap();
    scribe.resubmit("r1", texts[2].clone());
    scribe.link("r1", "g2");
    store.commit(scribe.commit()).await.unwrap();
    scribe.link("r1", "g3");
    store.commit(scribe.commit()).await.unwrap();
    scribe.withdraw("r1");
    store.commit(scribe.commit()).await.unwrap();

    let expected = [
        (Method::Post, 0, "g1"),
        (Method::Put, 1, "g1"),
        (Method::Put, 2, "g1"),
        (Method::Put, 2, "g2"),
        (Method::Put, 2, "g3"),
        (Method::Delete, 2, "g3"),
    ];
    for (number, (method, text, golden)) in (1..).zip(expected) {
        let shown = store.record_version(&record("r1"), number).await.unwrap().unwrap();
        assert_eq!(shown.version.version, number);
        assert_eq!(shown.version.method, method, "version {number}");
        assert_eq!(shown.version.content, texts[text].hash, "version {number}");
        assert_eq!(shown.content, texts[text].text, "version {number}");
        assert_eq!(shown.version.golden, cruid(golden), "version {number}");
    }
    assert_eq!(source_patient(&*store, "r1").await.content, texts[0].text);
}

async fn history_comes_newest_first_within_the_window(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("0", vec![]));
    scribe.submit("r2", "g2", content("other", vec![]));
    for round in 1..7 {
        scribe.resubmit("r1", content(&round.to_string(), vec![]));
    }
    store.commit(scribe.commit()).await.unwrap();
    for (offset, limit, expected) in [
        (0, 100, vec![7, 6, 5, 4, 3, 2, 1]),
        (0, 2, vec![7, 6]),
        (5, 2, vec![2, 1]),
        (6, 2, vec![1]),
        (7, 2, vec![]),
        (0, 0, vec![]),
        (u64::MAX, u64::MAX, vec![]),
    ] {
        let window = Window { offset, limit };
        let (versions, total) = store.record_history(&record("r1"), window).await.unwrap();
        let numbers: Vec<u32> = versions.iter().map(|version| version.version.version).collect();
        assert_eq!((numbers, total), (expected, 7), "{window:?}");
    }
}

async fn golden_history_shows_each_version(store: Arc<dyn Store>) {
    lived(&*store).await;
    let (versions, total) = store.golden_history(&cruid("g3"), ALL).await.unwrap();
    assert_eq!(total, 2);
    assert_eq!(versions[0].status, GoldenStatus::Replaced(cruid("g1")));
    assert!(versions[0].members.is_empty());
    assert_eq!(versions[1].status, GoldenStatus::Live);
    assert!(versions[1].members.contains(&record("r3")));
    let one = store.golden_version(&cruid("g3"), 1).await.unwrap();
    assert_eq!(one.as_ref(), Some(&versions[1]));
    let window = Window { offset: 1, limit: 1 };
    let page = store.golden_history(&cruid("g3"), window).await.unwrap();
    assert_eq!(page, (vec![versions[1].clone()], 2));
}

async fn returning_record_is_in_its_golden_record_again(store: Arc<dyn Store>) {
    let scribe = lived(&*store).await;
    let golden = &store.goldens(&[cruid("g4")]).await.unwrap()[0];
    assert_eq!(golden, &scribe.golden("g4"));
    assert_eq!(golden.status, GoldenStatus::Live);
    assert!(golden.members.contains(&record("r4")));
}

async fn lists_after_a_number_are_pages(store: Arc<dyn Store>) {
    lived(&*store).await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.records_after(after, 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(last.number);
        for (state, text) in page {
            assert_eq!(ContentHash::of(&text), state.content);
            seen.push(state.number);
        }
    }
    assert_eq!(seen, [0, 1, 2, 3].map(RecordNumber));
    let goldens = store.goldens_after(Some(0), 2).await.unwrap();
    assert_eq!(goldens.iter().map(|golden| golden.number.0).collect::<Vec<_>>(), [1, 2]);
    assert!(store.goldens_after(Some(3), 2).await.unwrap().is_empty());
    assert!(store.records_after(None, 0).await.unwrap().is_empty());
}

async fn events_after_a_revision_follow_it(store: Arc<dyn Store>) {
    let scribe = lived(&*store).await;
    let events = store.events_after(Revision(0), 1000).await.unwrap();
    let mut head = registry::event::Head::start();
    for event in &events {
        head.follow(event).unwrap();
    }
    assert_eq!(head, scribe.head);
    assert_eq!(store.events_after(Revision(2), 3).await.unwrap(), events[2..5]);
    assert!(store.events_after(scribe.head.revision, 3).await.unwrap().is_empty());
    assert!(store.events_after(Revision(u64::MAX), 3).await.unwrap().is_empty());
}

async fn explanation_is_kept_once(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let hash = ContentHash::of("why");
    for round in 0..2 {
        let id = format!("r{round}");
        scribe.submit(&id, "g1", content(&id, vec![]));
        scribe.explain(&hash, "{\"score\":1.50}");
        scribe.explain(&hash, "{\"score\":1.50}");
        store.commit(scribe.commit()).await.unwrap();
    }
    assert_eq!(store.explanation(&hash).await.unwrap().as_deref(), Some("{\"score\":1.50}"));
}

async fn tags_are_replaced(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    scribe.submit("r1", "g1", content("one", vec![]));
    scribe.set_tags("r1", vec![tag(Some("b"), "1"), tag(None, "2"), tag(Some("a"), "3")]);
    store.commit(scribe.commit()).await.unwrap();
    let ids = ["r1".to_owned()];
    let shown = &store.tags_of(&ids).await.unwrap()[0];
    assert_eq!(shown.tags, [tag(None, "2"), tag(Some("a"), "3"), tag(Some("b"), "1")]);
    scribe.set_tags("r1", vec![tag(Some("b"), "4")]);
    store.commit(scribe.commit()).await.unwrap();
    assert_eq!(store.tags_of(&ids).await.unwrap()[0].tags, [tag(Some("b"), "4")]);
    scribe.set_tags("r1", vec![]);
    store.commit(scribe.commit()).await.unwrap();
    assert!(store.tags_of(&ids).await.unwrap()[0].tags.is_empty());
}

async fn counts_tell_live_from_gone(store: Arc<dyn Store>) {
    lived(&*store).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.records, counts.withdrawn), (3, 1));
    assert_eq!((counts.persons, counts.retired), (3, 1));
}

async fn unusual_texts_come_back_unchanged(store: Arc<dyn Store>) {
    let mut scribe = Scribe::default();
    let odd = "it's \"odd\" %_\\ \u{0} \u{1F469}\u{200D}\u{2695} e\u{301} ? $1 ; -- ";
    let mut content = content("x", vec![]);
    content.text = format!("{{\"n\":1.10,\"o\":{:?}}}", odd);
    content.hash = ContentHash::of(&content.text);
    scribe.submit(odd, "g1", content.clone());
    scribe.set_tags(odd, vec![tag(Some(odd), odd), tag(Some(""), "")]);
    store.commit(scribe.commit()).await.unwrap();
    let shown = source_patient(&*store, odd).await;
    assert_eq!(shown.content, content.text);
    assert_eq!(shown.state, scribe.record(odd));
    assert_eq!(store.records_of_sources(&[source_of(odd)]).await.unwrap().len(), 1);
    let tags = store.tags_of(&[odd.to_owned()]).await.unwrap();
    assert_eq!(tags[0].tags, [tag(Some(""), ""), tag(Some(odd), odd)]);
}
