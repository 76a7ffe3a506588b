//! Breaking apart; the rest of adjudication is tested with decisions.

use super::*;
use crate::{ids::Timestamp, standing::of_one_person};

#[test]
fn apart_makes_a_person_of_each_and_one_keeps_the_cruid() {
    let mut standing = of_one_person(&["a", "b", "c"]);
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
    let mut standing = of_one_person(&["a", "b", "c"]);
    let ids = ["a", "b"].map(RecordId::new).into();
    let mut fresh = || (Cruid::new("g1"), GoldenNumber(1));
    let decision =
        break_records(&ids, Grouping::Together, &standing, Revision(2), &mut fresh).unwrap();
    standing.apply(Moment { revision: Revision(2), at: Timestamp(2) }, &decision.changes);
    let home = |id| standing.record(&RecordId::new(id)).unwrap().golden.to_string();
    assert_eq!((home("a"), home("b"), home("c")), ("g1".into(), "g1".into(), "g0".into()));
    assert_eq!(standing.broken_pairs().len(), 2);
}
