//! What a store holds against what its events say: agreement, and each way to differ.

use super::*;
use crate::{
    ids::{ContentHash, RecordNumber, Timestamp},
    standing::{Moment, of_one_person},
    state::Evidence,
};

fn person() -> Standing {
    let mut standing = of_one_person(&["a", "b"]);
    let moment = Moment { revision: crate::ids::Revision(2), at: Timestamp(2) };
    let evidence = Evidence {
        candidate: RecordId::new("b"),
        rule: 1,
        score: matching::score::Score::new(2.0),
        explanation: ContentHash::of("why"),
    };
    let issue = MatchIssue {
        id: IssueId::new("2-1"),
        kind: IssueKind::Potential,
        subject: RecordId::new("a"),
        evidence,
        opened_at: Timestamp(2),
        candidates_total: None,
    };
    standing.apply(moment, &[crate::commit::Change::OpenIssue { issue }]);
    standing
}

/// What is found if the store holds `stored` and the events say what [`person`] is.
fn found(stored: &Standing) -> (Vec<String>, Standing) {
    let mut compared = Comparison::new(person());
    stored.issues().for_each(|issue| compared.issue(issue.clone()));
    compared.pairs(stored.broken_pairs());
    stored.goldens().for_each(|golden| compared.golden(golden.clone()));
    stored.records().for_each(|record| compared.record(record.clone()));
    compared.end()
}

fn altered(alter: impl FnOnce(&mut Standing)) -> Standing {
    let mut stored = person();
    alter(&mut stored);
    stored
}

#[test]
fn what_the_events_say_is_no_difference() {
    assert_eq!(found(&person()), (Vec::new(), person()));
}

#[test]
fn altered_rows_are_named_and_judged_as_they_are_stored() {
    let stored = altered(|stored| {
        let mut record = stored.record(&RecordId::new("a")).expect("it is there").clone();
        record.golden = Cruid::new("elsewhere");
        stored.replace_record(record);
        let mut golden = stored.golden(&Cruid::new("g0")).expect("it is there").clone();
        golden.version += 1;
        stored.replace_golden(golden);
    });
    let (differences, state) = found(&stored);
    assert_eq!(
        differences,
        ["golden g0 is not what the events say", "record a is not what the events say"]
    );
    assert_eq!(state, stored);
    assert_eq!(broken_promises(&state), ["record a is not a member of its golden elsewhere"]);
}

#[test]
fn rows_that_no_event_made_are_named() {
    let stored = altered(|stored| {
        let mut record = stored.record(&RecordId::new("a")).expect("it is there").clone();
        (record.id, record.number) = (RecordId::new("z"), RecordNumber(9));
        stored.replace_record(record);
    });
    assert_eq!(found(&stored).0, ["record z is not what the events say"]);
}

#[test]
fn rows_that_are_missing_are_named() {
    let (nothing, state) = found(&Standing::default());
    let expected = [
        "golden g0 is not what the events say",
        "record a is not what the events say",
        "record b is not what the events say",
        OF_ISSUES,
    ];
    assert_eq!(
        (nothing.as_slice(), state),
        (&expected.map(str::to_owned)[..], Standing::default())
    );
}

#[test]
fn pairs_declared_different_only_in_the_tables_are_told() {
    let pair = BrokenPair::new(RecordId::new("a"), RecordId::new("b"));
    let (differences, state) = found(&altered(|stored| stored.load_broken(&pair)));
    assert_eq!(differences, [OF_PAIRS]);
    let told = "records a and b are declared different, yet both in golden g0";
    assert!(broken_promises(&state).contains(&told.to_owned()));
}
