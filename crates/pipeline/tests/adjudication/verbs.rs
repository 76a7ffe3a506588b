//! Each verb: what it does, what it refuses, and what stands afterwards.

use std::collections::BTreeMap;

use pipeline::{Operation, review::Case};
use registry::{
    actor::Actor,
    adjudicate::{Adjudication, Grouping, Move, Seen, Target},
    decide::Refusal,
    event::{EventBody, Verb},
    ids::{Cruid, RecordId, Revision},
    state::GoldenStatus,
};

use crate::harness::{
    AMINA, BRIAN, LIKE_AMINA, Registry, breaking, pair, resolving, same, steward,
};

fn unbreak(a: &str, b: &str) -> Adjudication {
    Adjudication::Unbreak { pairs: vec![pair(a, b)] }
}

fn different(a: &str, b: &str) -> Adjudication {
    Adjudication::MarkDifferent { pair: pair(a, b) }
}

async fn event(registry: &Registry, revision: Revision) -> EventBody {
    let before = Revision(revision.0 - 1);
    let events = registry.pipeline.reader().events_after(before, 1).await.unwrap();
    serde_json::from_str(&events[0].body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_come_back_by_an_unbreak_only_if_matching_says_so() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    let home = registry.home("a").await;
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    assert_ne!(registry.home("b").await, home);
    let verdict = registry.judge(unbreak("a", "b")).await.unwrap();
    assert_eq!((verdict.unbroken.len(), verdict.moved.len()), (1, 1));
    assert_eq!(registry.home("a").await, registry.home("b").await);

    // Once b says something else, the withdrawal alone does not bring them together.
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    registry.submit("b", BRIAN).await;
    let verdict = registry.judge(unbreak("a", "b")).await.unwrap();
    assert_eq!((verdict.unbroken.len(), verdict.moved.len()), (1, 0));
    assert_ne!(registry.home("a").await, registry.home("b").await);
    registry.check().await;
}

/// Contract 6.3, D15: reverting one pair re-united others through the group.
#[tokio::test(flavor = "multi_thread")]
async fn d15_unbreaking_one_pair_does_not_unite_another_that_is_still_broken() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    // a is declared different from b and from c, which stay together.
    registry.judge(breaking(&["a"], Grouping::Together)).await.unwrap();
    let alone = registry.home("a").await;
    registry.judge(unbreak("a", "b")).await.unwrap();
    let (a, b, c) = (registry.home("a").await, registry.home("b").await, registry.home("c").await);
    assert_ne!(a, c, "a and c are still declared different");
    // b may be with either of them, but not both.
    assert!(b == a || b == c);
    assert_eq!(a, alone);
    let broken = registry.pipeline.reader().broken_pairs().await.unwrap();
    assert_eq!(broken, [pair("a", "c")]);
    registry.check().await;
}

/// Contract 6.3, D16: a third record re-united a broken pair.
#[tokio::test(flavor = "multi_thread")]
async fn d16_a_submission_does_not_join_a_group_with_one_that_it_is_broken_from() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    // c joins the older of the two, so b's automatic match leads to whom it is broken from.
    let c = registry.submit("c", AMINA).await.golden;
    assert_eq!(c, registry.home("a").await);
    let again = registry.submit("b", ["Amina", "Okello", "1990-01-01", "0722000111"]).await;
    assert_ne!(again.golden, c);
    let mut changed = crate::harness::patient("b", AMINA);
    changed["gender"] = serde_json::json!("female");
    assert_ne!(registry.submit_patient(changed).await.golden, c);
    assert!(registry.issues().await.contains(&"b Conflict c".to_owned()));
    registry.check().await;
}

/// Contract 6.3, D17: a break across persons could lose a new golden record.
#[tokio::test(flavor = "multi_thread")]
async fn d17_a_break_across_persons_founds_one_for_each() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    for id in ["x", "y"] {
        registry.submit(id, BRIAN).await;
    }
    let verdict = registry.judge(breaking(&["b", "c", "y"], Grouping::Together)).await.unwrap();
    assert_eq!((verdict.created.len(), verdict.broken.len()), (2, 3));
    assert_eq!(registry.home("b").await, registry.home("c").await);
    assert_ne!(registry.home("b").await, registry.home("y").await);
    registry.check().await;
    registry.undo(verdict.event.unwrap()).await.unwrap();
    assert_eq!(registry.home("x").await, registry.home("y").await);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_moves_records_closes_issues_on_both_sides_and_stays() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    assert_eq!(registry.issues().await, ["b Potential a"]);
    let (a, b) = (registry.home("a").await, registry.home("b").await);
    let resolve = resolving("b", vec![("b", Target::Golden(a.clone()))]);
    let verdict = registry.judge(Adjudication::Resolve(resolve)).await.unwrap();
    assert_eq!(verdict.moved.len(), 1);
    assert_eq!(verdict.retired, [(b.clone(), Some(a.clone()))], "D18: an empty CRUID forwards");
    assert_eq!(registry.status(&b).await, GoldenStatus::Replaced(a.clone()));
    assert_eq!(registry.issues().await, Vec::<String>::new(), "D36, and no auto flag (D10)");
    assert_eq!(verdict.adjudicated, [RecordId::new("b")]);
    // What a person linked stays when it is submitted again, and D8: its CRUID is answered.
    let again = registry.submit("b", BRIAN).await;
    assert_eq!(again.golden, a);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d11_equal_texts_make_one_new_person_and_different_texts_several() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c", "d"] {
        registry.submit(id, AMINA).await;
    }
    let old = registry.home("a").await;
    let new = |number: u8| Target::from_text(&format!("New CR ID {number}"));
    let resolve = resolving("a", vec![("b", new(1)), ("c", new(1)), ("d", new(2))]);
    let verdict = registry.judge(Adjudication::Resolve(resolve)).await.unwrap();
    assert_eq!(verdict.created.len(), 2);
    assert_eq!(registry.home("b").await, registry.home("c").await);
    assert_ne!(registry.home("b").await, registry.home("d").await);
    assert_eq!(registry.home("a").await, old);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_flag_moves_nobody_and_nothing_asked_changes_nothing() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let mut asked = resolving("b", vec![]);
    asked.remove_flag = false;
    let verdict = registry.judge(Adjudication::Resolve(asked)).await.unwrap();
    assert_eq!((verdict.is_change, verdict.event), (false, None));
    let verdict = registry.judge(Adjudication::Resolve(resolving("b", vec![]))).await.unwrap();
    assert_eq!((verdict.moved.len(), verdict.closed.len()), (0, 1));
    assert_eq!(verdict.adjudicated, [RecordId::new("b")]);
    assert_eq!(registry.issues().await, Vec::<String>::new());
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_whom_one_was_declared_different_from_must_say_so() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    let home = registry.home("a").await;
    let mut asked = resolving("b", vec![("b", Target::Golden(home.clone()))]);
    let refusal = registry.judge(Adjudication::Resolve(asked.clone())).await.unwrap_err();
    assert_eq!(refusal, Refusal::DeclaredDifferent { pairs: vec![pair("a", "b")] });
    let refusal = registry.judge(same("a", "b")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::DeclaredDifferent { .. }));
    asked.withdraw_broken = true;
    let verdict = registry.judge(Adjudication::Resolve(asked)).await.unwrap();
    assert_eq!(verdict.unbroken, [pair("a", "b")]);
    assert_eq!(registry.home("b").await, home);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_resolved_is_refused() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let home = registry.home("a").await;
    let refused = async |asked| registry.judge(Adjudication::Resolve(asked)).await.unwrap_err();
    let nowhere = resolving("b", vec![("b", Target::Golden(Cruid::new("nowhere")))]);
    assert!(matches!(refused(nowhere).await, Refusal::NotPossible(_)));
    let nobody = resolving("z", vec![]);
    assert_eq!(refused(nobody).await, Refusal::Unknown(RecordId::new("z")));
    let new = |text: &str| Target::New(text.to_owned());
    let twice = resolving("b", vec![("b", new("New CR ID 1")), ("b", new("New CR ID 2"))]);
    assert!(matches!(refused(twice).await, Refusal::NotPossible(_)));
    // D20: b is no longer where the steward saw it.
    let mut stale = resolving("b", vec![]);
    stale.moves.push(Move {
        record: RecordId::new("b"),
        from: Some(Cruid::new("seen-long-ago")),
        to: Target::Golden(home.clone()),
    });
    assert!(matches!(refused(stale).await, Refusal::Stale(_)));
    registry.judge(same("a", "b")).await.unwrap();
    registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    let emptied = resolving("b", vec![("b", Target::Golden(Cruid::new("b")))]);
    assert!(matches!(refused(emptied).await, Refusal::NotPossible(_)));
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_people_never_link_by_themselves() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let verdict = registry.judge(different("a", "b")).await.unwrap();
    assert_eq!((verdict.broken.len(), verdict.closed.len()), (1, 1));
    assert_eq!(registry.issues().await, Vec::<String>::new());
    let b = registry.submit("b", AMINA).await.golden;
    assert_ne!(b, registry.home("a").await);
    let refusal = registry.judge(different("a", "b")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotPossible(_)), "already");
    let refusal = registry.judge(different("a", "a")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotPossible(_)), "one record");
    registry.submit("c", BRIAN).await;
    registry.submit("d", BRIAN).await;
    let refusal = registry.judge(different("c", "d")).await.unwrap_err();
    assert!(refusal.to_string().contains("break one of them out instead"), "{refusal}");
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_keeps_the_older_cruid_with_all_members() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    for id in ["b", "c"] {
        registry.submit(id, BRIAN).await;
    }
    let (older, younger) = (registry.home("a").await, registry.home("b").await);
    let verdict = registry.judge(same("b", "a")).await.unwrap();
    assert_eq!(verdict.moved.len(), 2);
    assert_eq!(verdict.retired, [(younger, Some(older.clone()))]);
    for id in ["a", "b", "c"] {
        assert_eq!(registry.home(id).await, older);
        // Submitted again, all of them stay.
        registry.submit(id, LIKE_AMINA).await;
        assert_eq!(registry.home(id).await, older);
    }
    let refusal = registry.judge(same("a", "c")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotPossible(_)));
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automatic_match_is_confirmed_once_and_keeps_its_links() {
    let registry = Registry::new().await;
    for id in ["a", "b", "c"] {
        registry.submit(id, AMINA).await;
    }
    let before = registry.issues().await;
    let home = registry.home("a").await;
    let verdict = registry.judge(same("a", "b")).await.unwrap();
    assert_eq!((verdict.moved.len(), verdict.retired.len(), verdict.closed.len()), (0, 0, 1));
    assert_eq!(registry.issues().await.len(), before.len() - 1, "others wait as before");
    let refusal = registry.judge(same("b", "a")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotPossible(_)), "{refusal}");
    // What a person confirmed is not moved by the rules.
    registry.submit("b", BRIAN).await;
    assert_eq!(registry.home("b").await, home);
    registry.undo(verdict.event.unwrap()).await.unwrap_err();
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_is_undone_whole() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    let before = registry.facts().await;
    let event = registry.judge(same("a", "b")).await.unwrap().event.unwrap();
    registry.undo(event).await.unwrap();
    assert_eq!(registry.facts().await, before);
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_names_the_later_events_that_rest_on_it() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    registry.submit("z", BRIAN).await;
    let verdict = registry.judge(breaking(&["b"], Grouping::Together)).await.unwrap();
    let broken = verdict.event.unwrap();
    // Somebody else's submission does not matter; the next one joins the new person.
    registry.submit("y", ["Yusuf", "Ali", "", ""]).await;
    let joined = registry.judge(same("b", "z")).await.unwrap().event.unwrap();
    let refusal = registry.undo(broken).await.unwrap_err();
    assert_eq!(refusal, Refusal::RestedOn { event: broken, later: vec![joined] });
    // Once that is undone the way is free, and undoing twice is not.
    registry.undo(joined).await.unwrap();
    let undone = registry.undo(broken).await.unwrap().event.unwrap();
    assert_eq!(registry.home("a").await, registry.home("b").await);
    let refusal = registry.undo(broken).await.unwrap_err();
    assert_eq!(refusal, Refusal::RestedOn { event: broken, later: vec![undone] });
    registry.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn submissions_and_what_never_happened_cannot_be_undone() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    for event in [0, 1, 2, 99] {
        let refusal = registry.undo(Revision(event)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::NotPossible(_)), "{event}: {refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_tells_who_decided_and_why() {
    let registry = Registry::new().await;
    registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let mut case = Case::new(same("a", "b"), steward());
    case.reason = Some("same card shown at the desk".to_owned());
    let revision = registry.case(case.clone()).await.unwrap().event.unwrap();
    let body = event(&registry, revision).await;
    assert_eq!((body.verb, body.actor), (Verb::MarkSame, Actor::User("steward".to_owned())));
    assert_eq!(body.reason.as_deref(), Some("same card shown at the desk"));
    let undone = registry.undo(revision).await.unwrap().event.unwrap();
    assert_eq!(event(&registry, undone).await.undoes, Some(revision));
    case.reason = Some("x".repeat(2_001));
    assert!(matches!(registry.case(case).await, Err(Refusal::NotPossible(_))));
}

/// Contract 6.3, D20: decisions and submissions overwrote each other.
#[tokio::test(flavor = "multi_thread")]
async fn d20_a_decision_on_what_has_changed_since_is_refused() {
    let registry = Registry::new().await;
    let a = registry.submit("a", AMINA).await;
    registry.submit("b", LIKE_AMINA).await;
    let shown = registry.pipeline.reader().head().await.unwrap().revision;
    registry.submit("z", BRIAN).await;
    let mut case = Case::new(same("a", "b"), steward());
    case.dry_run = true;
    case.seen = Seen { revision: Some(shown), versions: BTreeMap::new() };
    registry.case(case.clone()).await.expect("nothing that it names has changed");
    case.seen.versions = [("a".to_owned(), a.version), (a.golden.to_string(), 1)].into();
    registry.case(case.clone()).await.expect("the versions are as shown");
    registry.submit("a", ["Amina", "Okello", "1990-01-01", ""]).await;
    let refusal = registry.case(case.clone()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Stale(_)), "{refusal}");
    case.seen.versions.clear();
    let refusal = registry.case(case.clone()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Stale(_)), "{refusal}");
    case.seen = Seen { revision: Some(Revision(999)), versions: BTreeMap::new() };
    assert!(matches!(registry.case(case).await, Err(Refusal::Stale(_))), "never shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_records_are_not_decided_about() {
    let registry = Registry::new().await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    let record = RecordId::new("b");
    registry.carry_out(Operation::Withdraw { record, if_match: None }).await.unwrap();
    for adjudication in [same("a", "b"), different("a", "b"), breaking(&["b"], Grouping::Apart)] {
        let refusal = registry.judge(adjudication).await.unwrap_err();
        assert_eq!(refusal, Refusal::Unknown(RecordId::new("b")));
    }
    let refusal = registry.judge(unbreak("a", "b")).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotPossible(_)));
    let refusal = registry.judge(breaking(&[], Grouping::Apart)).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotPossible(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_and_its_undoing_work_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("verbs.db").display());
    let registry = Registry::on(store::open(&url).await.unwrap()).await;
    for id in ["a", "b"] {
        registry.submit(id, AMINA).await;
    }
    registry.submit("c", LIKE_AMINA).await;
    let home = registry.home("a").await;
    let decisions = [
        breaking(&["b"], Grouping::Together),
        unbreak("a", "b"),
        different("b", "c"),
        same("a", "c"),
        Adjudication::Resolve(resolving("c", vec![("c", Target::Golden(home))])),
    ];
    for decision in decisions {
        let before = registry.facts().await;
        // Declared different from b, c joins a's person only where that is withdrawn.
        let Ok(verdict) = registry.judge(decision).await else { continue };
        registry.check().await;
        let after = registry.facts().await;
        let undone = registry.undo(verdict.event.unwrap()).await.unwrap();
        registry.check().await;
        assert_eq!(registry.facts().await, before);
        registry.undo(undone.event.unwrap()).await.unwrap();
        registry.check().await;
        assert_eq!(registry.facts().await, after);
    }
    registry.pipeline.stop().await;
}
