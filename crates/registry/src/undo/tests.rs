//! The way back; that it restores everything is a property test of `pipeline`.

use super::*;
use crate::{
    actor::Actor,
    batch::{Batch, Note},
    event::{Event, Head},
    ids::{ClientId, GoldenNumber, IssueId, RecordNumber, SourceKey, Timestamp},
    state::{BasisKind, Evidence, LinkBasis},
    vocabulary::Vocabulary,
};

fn decision(verb: Verb, changes: Vec<Change>) -> Decision {
    Decision {
        verb,
        changes,
        content: None,
        explanations: Vec::new(),
        subjects: Vec::new(),
        outcome: Outcome::Adjudicated,
        candidates_total: None,
    }
}

fn basis(kind: BasisKind) -> LinkBasis {
    LinkBasis { kind, revision: Revision(1), evidence: None }
}

/// Records `a`, in golden record `ga`, and so on.
fn people(ids: &[&str]) -> Batch {
    let mut batch = Batch::new(Head::start(), Standing::default(), "rules".into());
    for (id, number) in ids.iter().zip(0..) {
        let golden = Cruid::new(format!("g{id}"));
        let changes = vec![
            Change::CreateGolden { golden: golden.clone(), number: GoldenNumber(number) },
            Change::CreateRecord {
                record: RecordId::new(*id),
                number: RecordNumber(number),
                source: SourceKey { system: "s".into(), value: (*id).into() },
                client: ClientId::new("c"),
                content: ContentHash::of(id),
                golden,
                basis: basis(BasisKind::Alone),
            },
        ];
        batch.push(&Actor::Job("test".into()), Timestamp(1), decision(Verb::Submit, changes));
    }
    batch
}

fn unite(record: &str, golden: &str) -> Vec<Change> {
    let from = Cruid::new(format!("g{record}"));
    let (record, to) = (RecordId::new(record), Cruid::new(golden));
    vec![
        Change::Link {
            record: record.clone(),
            golden: to.clone(),
            basis: basis(BasisKind::Adjudicated),
        },
        Change::RetireGolden { golden: from, replaced_by: Some(to) },
        Change::Adjudicate { record },
    ]
}

fn carry_out(batch: &mut Batch, verb: Verb, changes: Vec<Change>) {
    let note = Note { reason: Some("seen".into()), undoes: None, unseen: false };
    batch.push_noted(&Actor::User("u".into()), Timestamp(2), decision(verb, changes), note);
}

fn last_event(batch: &Batch) -> Event {
    batch.clone().finish(&Vocabulary::default()).events.pop().unwrap()
}

fn body(event: &Event) -> EventBody {
    serde_json::from_str(&event.body).unwrap()
}

#[test]
fn an_event_of_a_submission_reads_and_is_written_as_ever() {
    let event = last_event(&people(&["a"]));
    for word in ["reason", "undoes", "way_back"] {
        assert!(!event.body.contains(word), "{word} would change the hashes of stored events");
    }
    assert_eq!(serde_json::to_string(&body(&event)).unwrap(), event.body);
    assert!(matches!(undo(&body(&event), people(&["a"]).standing()), Err(Refusal::NotPossible(_))));
}

#[test]
fn a_decision_is_taken_back_with_links_persons_and_marks() {
    let mut batch = people(&["a", "b"]);
    let before = batch.standing().clone();
    carry_out(&mut batch, Verb::MarkSame, unite("b", "ga"));
    let event = body(&last_event(&batch));
    assert_eq!(event.reason.as_deref(), Some("seen"));
    let taken_back = undo(&event, batch.standing()).unwrap();
    carry_out(&mut batch, Verb::Undo, taken_back.changes);
    for id in ["a", "b"] {
        let (id, golden) = (RecordId::new(id), Cruid::new(format!("g{id}")));
        let (old, new) = (before.record(&id).unwrap(), batch.standing().record(&id).unwrap());
        assert_eq!(record_print(old), record_print(new));
        let (old, new) =
            (before.golden(&golden).unwrap(), batch.standing().golden(&golden).unwrap());
        assert_eq!(golden_print(old), golden_print(new));
    }
    assert_eq!(
        undo(&event, batch.standing()).unwrap_err(),
        Refusal::RestedOn { event: event.revision, later: vec![] }
    );
}

#[test]
fn a_later_word_that_two_are_different_keeps_an_undo_from_uniting_them() {
    let mut batch = people(&["a", "b", "c"]);
    carry_out(&mut batch, Verb::MarkSame, unite("b", "ga"));
    let broken = Cruid::new("gb");
    let leave = Change::Link {
        record: RecordId::new("b"),
        golden: broken,
        basis: basis(BasisKind::Adjudicated),
    };
    carry_out(&mut batch, Verb::Resolve, vec![leave]);
    let event = body(&last_event(&batch));
    let pair = BrokenPair::new(RecordId::new("a"), RecordId::new("b"));
    assert!(undo(&event, batch.standing()).is_ok());
    carry_out(&mut batch, Verb::MarkDifferent, vec![Change::BreakPair { pair }]);
    assert!(matches!(undo(&event, batch.standing()), Err(Refusal::RestedOn { .. })));
}

#[test]
fn an_issue_that_came_up_later_about_the_two_keeps_an_undo_from_reopening_theirs() {
    let issue = |number: u8| MatchIssue {
        id: IssueId::new(format!("9-{number}")),
        kind: IssueKind::Potential,
        subject: RecordId::new("a"),
        evidence: Evidence {
            candidate: RecordId::new("b"),
            rule: 1,
            score: matching::score::Score::new(1.0),
            explanation: ContentHash::of("x"),
        },
        opened_at: Timestamp(1),
        candidates_total: None,
    };
    let mut batch = people(&["a", "b"]);
    carry_out(&mut batch, Verb::Submit, vec![Change::OpenIssue { issue: issue(1) }]);
    let reason = CloseReason::Decided;
    let close = Change::CloseIssue { issue: issue(1).id, reason };
    carry_out(&mut batch, Verb::Resolve, vec![close]);
    let event = body(&last_event(&batch));
    assert_eq!(
        undo(&event, batch.standing()).unwrap().changes,
        [Change::OpenIssue { issue: issue(1) }]
    );
    carry_out(&mut batch, Verb::Submit, vec![Change::OpenIssue { issue: issue(2) }]);
    assert!(matches!(undo(&event, batch.standing()), Err(Refusal::RestedOn { .. })));
}

#[test]
fn an_event_and_its_undoing_cancel_each_other() {
    let named = |later: &[(u64, Option<u64>)]| {
        let later: Vec<_> = later
            .iter()
            .map(|(revision, undoes)| (Revision(*revision), undoes.map(Revision)))
            .collect();
        resting_on(Revision(3), &later).into_iter().map(|one| one.0).collect::<Vec<_>>()
    };
    assert_eq!(named(&[]), [0u64; 0]);
    assert_eq!(named(&[(5, None), (7, None)]), [5, 7]);
    assert_eq!(named(&[(5, None), (6, Some(5))]), [0u64; 0]);
    // The undoing was undone, so the event counts.
    assert_eq!(named(&[(5, None), (6, Some(5)), (7, Some(6))]), [5]);
    // The event in question was undone itself.
    assert_eq!(named(&[(5, Some(3))]), [5]);
}
