//! The index as its owner uses it; that it finds what a scan finds is in `tests/golden`.

mod image;
mod lossless;
mod native;
mod native_sizes;

use super::*;
use crate::opencr;

const RULES: &str = r#"{"rules": [
    {"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "jaro-winkler-similarity", "fhirpath": "family"}},
     "filters": {"gender": {"fhirpath": "gender"}},
     "potentialMatchThreshold": 0.5, "autoMatchThreshold": 1},
    {"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "jaro-winkler-similarity", "fhirpath": "family", "threshold": 0.9}},
     "filters": {"gender": {"fhirpath": "gender"}},
     "potentialMatchThreshold": 1, "autoMatchThreshold": 2}]}"#;

const ALL: Limits = Limits { potential_max: usize::MAX };

fn index() -> Index {
    Index::new(Arc::new(opencr::parse(RULES).unwrap()))
}

fn person(index: &Index, family: &str) -> Features {
    Features::from_values(&index.table.ruleset.features, |feature| {
        vec![[family, "female"][feature].to_owned()]
    })
}

fn put(index: &mut Index, number: u32, family: &str) {
    let features = person(index, family);
    index.insert(number, features);
}

fn found(index: &Index, family: &str, limits: &Limits) -> Found {
    index.snapshot().search(&person(index, family), limits)
}

#[test]
fn hits_are_ordered_by_rule_then_score_then_number() {
    let mut index = index();
    for (number, family) in [(9, "Mukasa"), (4, "Mukassa"), (7, "Mukasa"), (5, "Zzz")] {
        put(&mut index, number, family);
    }
    let hits: Vec<_> = found(&index, "Mukasa", &ALL)
        .hits
        .iter()
        .map(|hit| (hit.rule, hit.number, hit.band))
        .collect();
    let (auto, potential) = (Band::Auto, Band::Potential);
    let by_first = [(0, 7, auto), (0, 9, auto), (0, 4, potential)];
    let by_second = [(1, 4, potential), (1, 7, potential), (1, 9, potential)];
    assert_eq!(hits, [by_first, by_second].concat());
}

#[test]
fn potentials_are_cut_and_counted_but_autos_never() {
    let mut index = index();
    for number in 0..10 {
        put(&mut index, number, if number % 2 == 0 { "Mukasa" } else { "Mukassa" });
    }
    let found = found(&index, "Mukasa", &Limits { potential_max: 2 });
    let count =
        |rule, band| found.hits.iter().filter(|hit| hit.rule == rule && hit.band == band).count();
    assert_eq!((count(0, Band::Auto), count(0, Band::Potential)), (5, 2));
    assert_eq!((count(1, Band::Auto), count(1, Band::Potential)), (0, 2));
    // By the second rule alone the other five are potential, too; they are linked.
    assert_eq!((found.potential_total, found.is_cut), (5, true));
    let all = self::found(&index, "Mukasa", &ALL);
    assert_eq!((all.potential_total, all.is_cut), (5, false));
}

#[test]
fn a_value_is_compared_once_however_often_it_occurs() {
    let mut index = index();
    for number in 0..1000 {
        put(&mut index, number, if number % 2 == 0 { "Mukasa" } else { "Okello" });
    }
    let query = person(&index, "Mukasa");
    // Two families and one gender; the second rule compares the same columns alike.
    let scanned = Cost { records_scanned: 2000, values_compared: 3, ..Cost::default() };
    assert_eq!(index.snapshot().scan(&query, &ALL).cost, scanned);
    let searched = index.snapshot().search(&query, &ALL).cost;
    assert!(searched.values_compared <= 4, "{searched:?}");
}

#[test]
fn a_snapshot_does_not_see_later_changes() {
    let mut index = index();
    put(&mut index, 0, "Mukasa");
    let before = index.snapshot();
    let changed = person(&index, "Okello");
    index.replace(0, changed);
    put(&mut index, 1, "Mukasa");
    let query = person(&index, "Mukasa");
    assert_eq!(before.search(&query, &ALL).hits.len(), 2);
    assert_eq!((before.len(), index.snapshot().len()), (1, 2));
    assert_eq!(before.features(0), Some(query));
    assert_eq!(before.features(1), None);
}

#[test]
fn values_that_no_record_has_are_forgotten() {
    let mut index = index();
    for round in 0..100 {
        put(&mut index, 0, &format!("name {round}"));
    }
    index.remove(0);
    index.remove(0);
    let snapshot = index.snapshot();
    assert!(snapshot.is_empty());
    // One code is given up only after its successor is assigned, so two take turns.
    assert!(snapshot.columns[0].codes() <= 3);
    assert!((0..3).all(|code| !snapshot.columns[0].is_used(code)));
}

#[test]
fn numbers_may_have_gaps_and_be_given_again() {
    let mut index = index();
    put(&mut index, 10_000, "Mukasa");
    index.remove(10_000);
    index.remove(77);
    put(&mut index, 10_000, "Okello");
    assert_eq!(found(&index, "Mukasa", &ALL).hits, []);
    assert_eq!(found(&index, "Okello", &ALL).hits[0].number, 10_000);
}

/// The name of a record: some are shared, most are not.
fn name(number: u32, round: u32) -> String {
    match number % 3 {
        0 => format!("family {}", number % 50),
        _ => format!("name {number} of round {round}"),
    }
}

#[test]
fn memory_does_not_grow_while_the_same_records_change() {
    let mut index = index();
    let mut bytes = Vec::new();
    for round in 0..30 {
        for number in 0..500 {
            put(&mut index, number, &name(number, 10 + round));
        }
        bytes.push(index.snapshot().bytes());
    }
    let (early, late) = (&bytes[5..10], &bytes[25..]);
    // Texts of other lengths leave room in other places.
    let early_max = early.iter().max().unwrap();
    assert!(late.iter().all(|late| *late < early_max + early_max / 50), "{bytes:?}");
}

#[test]
fn memory_is_given_back_after_removals() {
    let mut index = index();
    for number in 0..5_000 {
        put(&mut index, number, &name(number, 0));
    }
    let full = index.snapshot().bytes();
    for number in (0..5_000).filter(|number| number % 100 != 7) {
        index.remove(number);
    }
    let snapshot = index.snapshot();
    // What is left by number is not given back: a number is given again by whoever gave it.
    let rows = 2 * ROWS_CHUNK * (2 * size_of::<u32>() + size_of::<bool>() + size_of::<u16>());
    let left = snapshot.bytes() - rows;
    assert!(left * 4 < full - rows, "{left} of {full}");
    for number in (0..5_000).filter(|number| number % 100 == 7) {
        let query = person(&index, &name(number, 0));
        assert_eq!(snapshot.features(number), Some(query.clone()));
        assert_eq!(snapshot.search(&query, &ALL).hits, snapshot.scan(&query, &ALL).hits);
    }
}

#[test]
fn snapshots_are_for_many_readers() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    shared(&index().snapshot());
}

#[test]
fn debug_output_has_no_values() {
    let mut index = index();
    put(&mut index, 0, "Mukasa");
    assert!(!format!("{index:?}").to_lowercase().contains("mukasa"));
}
