//! Breaking apart; the rest of adjudication is tested with decisions.

use super::*;
use crate::{
    ids::{ClientId, ContentHash, RecordNumber, SourceKey, Timestamp},
    state::{BasisKind, LinkBasis},
};

fn group(ids: &[&str]) -> Standing {
    let mut standing = Standing::default();
    let golden = Cruid::new("g0");
    let mut changes =
        vec![Change::CreateGolden { golden: golden.clone(), number: GoldenNumber(0) }];
    changes.extend(ids.iter().zip(0..).map(|(id, number)| Change::CreateRecord {
        record: RecordId::new(*id),
        number: RecordNumber(number),
        source: SourceKey { system: "s".into(), value: (*id).into() },
        client: ClientId::new("c"),
        content: ContentHash::of(id),
        golden: golden.clone(),
        basis: LinkBasis { kind: BasisKind::Alone, revision: Revision(1), evidence: None },
    }));
    standing.apply(Moment { revision: Revision(1), at: Timestamp(1) }, &changes);
    standing
}

#[test]
fn apart_makes_a_person_of_each_and_one_keeps_the_cruid() {
    let mut standing = group(&["a", "b", "c"]);
    let ids = ["a", "b", "c"].map(RecordId::new).into();
    let mut number = 0;
    let mut fresh = || {
        number += 1;
        (Cruid::new(format!("g{number}")), GoldenNumber(number))
    };
    let decision =
        break_records(&ids, Grouping::Apart, &standing, Revision(2), &mut fresh).unwrap();
    standing.apply(Moment { revision: Revision(2), at: Timestamp(2) }, &decision.changes);
    let homes: Vec<String> = ["a", "b", "c"]
        .map(|id| standing.record(&RecordId::new(id)).unwrap().golden.to_string())
        .to_vec();
    assert_eq!(homes, ["g0", "g1", "g2"]);
    assert_eq!(standing.broken_pairs().len(), 3);
    assert_eq!(crate::verify::broken_promises(&standing), Vec::<String>::new());
}

#[test]
fn together_keeps_those_that_leave_in_one_new_golden_record() {
    let mut standing = group(&["a", "b", "c"]);
    let ids = ["a", "b"].map(RecordId::new).into();
    let mut fresh = || (Cruid::new("g1"), GoldenNumber(1));
    let decision =
        break_records(&ids, Grouping::Together, &standing, Revision(2), &mut fresh).unwrap();
    standing.apply(Moment { revision: Revision(2), at: Timestamp(2) }, &decision.changes);
    let home = |id| standing.record(&RecordId::new(id)).unwrap().golden.to_string();
    assert_eq!((home("a"), home("b"), home("c")), ("g1".into(), "g1".into(), "g0".into()));
    assert_eq!(standing.broken_pairs().len(), 2);
}
