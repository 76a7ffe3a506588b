//! What is counted of which event.

use super::*;
use crate::{
    ids::{ClientId, ContentHash, Cruid, IssueId, RecordId, RecordNumber, SourceKey},
    state::{BasisKind, MatchIssue},
};
use matching::score::Score;

const NOON: Timestamp = Timestamp(1_795_435_200_000_000);

fn evidence(rule: u32, score: f64) -> Evidence {
    Evidence {
        candidate: RecordId::new("other"),
        rule,
        score: Score::new(score),
        explanation: ContentHash::of("why"),
    }
}

fn created(id: &str, client: &str, linked_by: Option<Evidence>) -> Change {
    let kind = if linked_by.is_some() { BasisKind::Auto } else { BasisKind::Alone };
    Change::CreateRecord {
        record: RecordId::new(id),
        number: RecordNumber(0),
        source: SourceKey { system: "s".into(), value: id.into() },
        client: ClientId::new(client),
        content: ContentHash::of(id),
        golden: Cruid::new("g"),
        basis: LinkBasis { kind, revision: Revision(1), evidence: linked_by },
    }
}

fn raised(subject: &str, rule: u32, score: f64) -> Change {
    let issue = MatchIssue {
        id: IssueId::new(format!("{subject}-{rule}-{score}")),
        kind: IssueKind::Potential,
        subject: RecordId::new(subject),
        evidence: evidence(rule, score),
        opened_at: NOON,
        candidates_total: None,
    };
    Change::OpenIssue { issue }
}

fn event(verb: Verb, actor: Actor, changes: Vec<Change>) -> EventBody {
    EventBody {
        revision: Revision(1),
        at: NOON,
        actor,
        verb,
        ruleset: "71fd".to_owned(),
        changes,
        reason: None,
        undoes: None,
        unseen: false,
        way_back: None,
    }
}

fn client() -> Actor {
    Actor::Client(ClientId::new("emr"))
}

fn told(events: &[EventBody]) -> Vec<(TallyKind, String, String, u64)> {
    let line = |tally: Tally| (tally.key.kind, tally.key.period, tally.key.name, tally.count);
    count(events).into_iter().map(line).collect()
}

#[test]
fn registrations_are_counted_by_day_and_system_and_by_their_best_match() {
    let events = [
        event(Verb::Submit, client(), vec![created("a", "emr", None)]),
        event(Verb::Submit, client(), vec![created("b", "emr", Some(evidence(1, 6.29)))]),
        event(
            Verb::Submit,
            client(),
            vec![
                created("c", "lab", None),
                raised("c", 2, 9.9),
                raised("c", 1, 5.04),
                raised("c", 1, 5.51),
                raised("d", 1, 5.9),
            ],
        ),
        event(Verb::Submit, client(), vec![Change::Adjudicate { record: RecordId::new("a") }]),
    ];
    let day = || "2026-11-23".to_owned();
    let month = || "2026-11".to_owned();
    let expected = [
        (TallyKind::Registered, day(), "emr".to_owned(), 2),
        (TallyKind::Registered, day(), "lab".to_owned(), 1),
        (TallyKind::Matched, month(), "71fd/auto/1/62".to_owned(), 1),
        (TallyKind::Matched, month(), "71fd/none".to_owned(), 1),
        (TallyKind::Matched, month(), "71fd/review/1/55".to_owned(), 1),
    ];
    assert_eq!(told(&events), expected);
}

#[test]
fn what_was_taken_over_is_registered_but_was_not_matched() {
    let adopted = event(Verb::Adopt, Actor::Job("migrate".into()), vec![created("a", "emr", None)]);
    let told = told(&[adopted]);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, TallyKind::Registered);
}

#[test]
fn decisions_are_counted_by_person_and_undone_ones_apart() {
    let amina = || Actor::User("amina".to_owned());
    let events = [
        event(Verb::MarkSame, amina(), Vec::new()),
        event(Verb::Break, amina(), Vec::new()),
        event(Verb::Undo, amina(), Vec::new()),
        event(Verb::Undo, Actor::Job("night".into()), Vec::new()),
    ];
    let day = || "2026-11-23".to_owned();
    let expected = [
        (TallyKind::Decided, day(), "amina".to_owned(), 2),
        (TallyKind::Undone, day(), "amina".to_owned(), 1),
    ];
    assert_eq!(told(&events), expected);
}

#[test]
fn best_matches_are_read_as_they_were_written() {
    let of = |found| Best { ruleset: "71fd".to_owned(), found };
    let score = |tenths| BestScore { rule: 3, is_automatic: false, tenths };
    for best in [of(None), of(Some(score(55))), of(Some(score(-12)))] {
        assert_eq!(Best::parse(&best.to_name()), Some(best));
    }
    for wrong in ["", "71fd", "71fd/none/1", "71fd/auto", "71fd/auto/1", "71fd/auto/x/1", "a/b/1/2"]
    {
        assert_eq!(Best::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn scores_below_zero_are_rounded_down_too() {
    let mut of_bits = evidence(1, 0.0);
    of_bits.score = Score::of_bits(-0.25);
    let events = [event(Verb::Submit, client(), vec![created("a", "emr", Some(of_bits))])];
    assert_eq!(told(&events)[1].2, "71fd/auto/1/-3");
}

#[test]
fn checked_matches_are_read_as_they_were_written() {
    for (is_right, is_undone) in [(true, false), (false, false), (true, true), (false, true)] {
        let ruleset = "71fd".to_owned();
        let checked = Checked { ruleset, rule: 2, tenths: -61, is_right, is_undone };
        assert_eq!(Checked::parse(&checked.to_name()), Some(checked));
    }
    for wrong in
        ["", "71fd/right", "71fd/odd/1/2", "71fd/right/1/2/done", "71fd/wrong/1/2/undone/x"]
    {
        assert_eq!(Checked::parse(wrong), None, "{wrong}");
    }
}
