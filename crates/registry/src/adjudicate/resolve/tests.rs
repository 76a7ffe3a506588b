//! Where moved records leave issues and emptied golden records; the rest is tested in `pipeline`.

use super::*;
use crate::{
    ids::{ClientId, ContentHash, GoldenNumber, RecordNumber, Revision, SourceKey, Timestamp},
    standing::Moment,
    state::{BasisKind, Evidence, LinkBasis, MatchIssue},
    verify::broken_promises,
};

/// Golden records `g0`, `g1`, … with the records of each group.
fn persons(groups: &[&[&str]]) -> Standing {
    let mut changes = Vec::new();
    let mut number = 0;
    for (members, golden_number) in groups.iter().zip(0..) {
        let golden = Cruid::new(format!("g{golden_number}"));
        let number_of_golden = GoldenNumber(golden_number);
        changes.push(Change::CreateGolden { golden: golden.clone(), number: number_of_golden });
        for id in *members {
            changes.push(Change::CreateRecord {
                record: RecordId::new(*id),
                number: RecordNumber(number),
                source: SourceKey { system: "s".into(), value: (*id).into() },
                client: ClientId::new("c"),
                content: ContentHash::of(id),
                golden: golden.clone(),
                basis: LinkBasis { kind: BasisKind::Alone, revision: Revision(1), evidence: None },
            });
            number += 1;
        }
    }
    let mut standing = Standing::default();
    standing.apply(Moment { revision: Revision(1), at: Timestamp(1) }, &changes);
    standing
}

fn issue(standing: &mut Standing, id: &str, kind: IssueKind, subject: &str, candidate: &str) {
    standing.load_issue(MatchIssue {
        id: IssueId::new(id),
        kind,
        subject: RecordId::new(subject),
        evidence: Evidence {
            candidate: RecordId::new(candidate),
            rule: 1,
            score: matching::score::Score::new(1.0),
            explanation: ContentHash::of("x"),
        },
        opened_at: Timestamp(1),
        candidates_total: None,
    });
}

fn asked(resolving: &str, moves: &[(&str, &str)]) -> Resolve {
    let moves = moves.iter().map(|(record, to)| Move {
        record: RecordId::new(*record),
        from: None,
        to: Target::from_text(to),
    });
    Resolve {
        resolving: RecordId::new(resolving),
        flag: None,
        remove_flag: false,
        moves: moves.collect(),
        withdraw_broken: false,
    }
}

fn carry_out(asked: &Resolve, standing: &mut Standing) {
    let mut supply = Supply {
        revision: Revision(2),
        at: Timestamp(2),
        next_golden: 50,
        issues_opened: 0,
        cruid: &|| Cruid::new("fresh"),
    };
    let decision = resolve(asked, standing, &mut supply).unwrap();
    standing.apply(Moment { revision: Revision(2), at: Timestamp(2) }, &decision.changes);
    assert_eq!(broken_promises(standing), Vec::<String>::new());
}

fn open(standing: &Standing) -> Vec<&str> {
    standing.issues().map(|issue| issue.id.as_str()).collect()
}

#[test]
fn the_texts_of_the_original_screens_are_read() {
    assert_eq!(Target::from_text("New CR ID 2"), Target::New("New CR ID 2".to_owned()));
    assert_eq!(Target::from_text("abc"), Target::Golden(Cruid::new("abc")));
}

#[test]
fn an_emptied_golden_record_forwards_to_where_most_of_it_went() {
    let mut standing = persons(&[&["a", "b", "c"], &["d"], &["e"]]);
    carry_out(&asked("a", &[("a", "g1"), ("b", "g2"), ("c", "g2")]), &mut standing);
    let status = &standing.golden(&Cruid::new("g0")).unwrap().status;
    assert_eq!(*status, GoldenStatus::Replaced(Cruid::new("g2")));
}

#[test]
fn two_persons_may_swap_their_records() {
    let mut standing = persons(&[&["a"], &["b"]]);
    carry_out(&asked("a", &[("a", "g1"), ("b", "g0")]), &mut standing);
    let home = |id| standing.record(&RecordId::new(id)).unwrap().golden.to_string();
    assert_eq!((home("a"), home("b")), ("g1".to_owned(), "g0".to_owned()));
    assert!(standing.goldens().all(|golden| golden.status == GoldenStatus::Live));
}

#[test]
fn moving_settles_the_pairs_that_it_unites_and_automatic_ones_that_it_parts() {
    let mut standing = persons(&[&["a", "b"], &["c"], &["d"]]);
    issue(&mut standing, "1-1", IssueKind::Auto, "b", "a");
    issue(&mut standing, "1-2", IssueKind::Conflict, "b", "c");
    issue(&mut standing, "1-3", IssueKind::Potential, "b", "d");
    carry_out(&asked("b", &[("b", "g1")]), &mut standing);
    // d is still to be looked at.
    assert_eq!(open(&standing), ["1-3"]);
    assert!(standing.record(&RecordId::new("b")).unwrap().is_adjudicated);
    assert!(!standing.record(&RecordId::new("c")).unwrap().is_adjudicated);
}

#[test]
fn a_flag_is_removed_alone_where_records_move_and_with_all_others_where_none_does() {
    let mut standing = persons(&[&["a"], &["b"], &["c"], &["d"]]);
    issue(&mut standing, "1-1", IssueKind::Potential, "a", "b");
    issue(&mut standing, "1-2", IssueKind::Conflict, "c", "a");
    issue(&mut standing, "1-3", IssueKind::Potential, "b", "c");
    let mut moving = asked("a", &[("d", "g2")]);
    (moving.remove_flag, moving.flag) = (true, Some(IssueKind::Potential));
    let mut other = standing.clone();
    carry_out(&moving, &mut standing);
    assert_eq!(open(&standing), ["1-2", "1-3"]);
    moving.moves.clear();
    carry_out(&moving, &mut other);
    assert_eq!(open(&other), ["1-3"], "on both sides of the record that was resolved");
}
