//! What guards of pairs and of golden records do to a decision.

use super::*;

#[test]
fn a_guarded_golden_record_takes_nobody_and_the_next_best_does() {
    let mut desk = Desk::new();
    desk.submit("a", &[]);
    desk.submit("b", &[]);
    desk.submit("e", &[("a", 2.0)]);
    desk.enemies = vec!["e"];
    desk.submit("c", &[("a", 3.0), ("b", 2.0)]);
    assert_eq!(desk.home("c"), desk.home("b"));
    assert_eq!(desk.issues(), ["c Auto b", "c Potential a", "e Auto a"]);
    desk.submit("d", &[("a", 3.0)]);
    assert_eq!(desk.golden(&desk.home("d")).members.len(), 1, "it founds its own");
}

#[test]
fn a_guard_of_a_golden_record_is_told_in_the_explanation() {
    let mut desk = Desk::new();
    desk.submit("a", &[]);
    desk.enemies = vec!["a"];
    let decision = desk.decide(&Desk::record("b", "Okello"), &[("a", 3.0)]).unwrap();
    let (_, text) = decision.explanations.first().unwrap();
    let explanation: Explanation = serde_json::from_str(text).unwrap();
    assert_eq!(explanation.golden_guards[0].name, "sex");
    assert_eq!(explanation.golden_guards[0].member.as_deref(), Some("a"));
}

#[test]
fn a_guard_may_give_a_conflict() {
    let mut desk = Desk::new();
    desk.submit("a", &[]);
    desk.submit("b", &[]);
    desk.submit("c", &[("a", LENT), ("b", 1.5)]);
    assert_eq!(desk.issues(), ["c Conflict a", "c Potential b"]);
    desk.gives = Doubt::Conflict;
    desk.enemies = vec!["b"];
    desk.submit("d", &[("b", 3.0)]);
    assert!(desk.issues().contains(&"d Conflict b".to_owned()));
}

#[test]
fn a_record_leaves_a_golden_record_that_its_new_content_contradicts() {
    let mut desk = Desk::new();
    desk.submit("a", &[]);
    desk.submit("b", &[("a", 2.0)]);
    desk.enemies = vec!["a"];
    desk.submit_as("b", "Changed", &[("a", 2.0)]);
    assert_ne!(desk.home("b"), desk.home("a"));
    assert_eq!(desk.issues(), ["b Potential a"]);
}

#[test]
fn what_a_person_decided_is_not_undone_by_a_guard() {
    let mut desk = Desk::new();
    desk.submit("a", &[]);
    desk.submit("b", &[("a", 2.0)]);
    adjudicate(&mut desk, "b");
    desk.enemies = vec!["a"];
    desk.submit_as("b", "Changed", &[("a", 2.0)]);
    assert_eq!(desk.home("b"), desk.home("a"));
}
