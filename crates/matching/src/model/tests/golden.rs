//! When a record and a golden record go together, and when a person should look.

use super::*;

/// [`guarded`], with guards of golden records.
fn golden() -> Ruleset {
    let guard = |name: &str, when| GoldenGuard {
        name: name.to_owned(),
        reason: "somebody should look".to_owned(),
        gives: Doubt::Potential,
        when,
    };
    let near = Test::similar(5, Algorithm::DamerauLevenshtein, 1.0);
    let sex = Contradiction {
        feature: 3,
        kind: None,
        unless: Some(Test::equal(5)),
        sure_from_bits: None,
    };
    let id = Contradiction { feature: 5, kind: Some(4), unless: Some(near), sure_from_bits: None };
    let twins = PairGuard { rule: 0, guard: 0 };
    let guards = vec![
        guard("sex", GoldenCondition::Contradicts(sex)),
        guard("id", GoldenCondition::Contradicts(id)),
        guard("twins", GoldenCondition::PairGuards(vec![twins])),
        guard("size", GoldenCondition::MoreRecordsThan(2)),
    ];
    guarded().with_golden_guards(guards).unwrap()
}

/// Given name, family name, birth date, sex, phone (here what kind of id) and id.
fn person(ruleset: &Ruleset, values: [&str; 6]) -> Features {
    Features::from_values(&ruleset.features, |at| vec![values[at].to_owned()])
}

#[test]
fn a_golden_record_takes_nobody_who_contradicts_one_of_its_records() {
    let ruleset = golden();
    let grace = ["Grace", "Otieno", "1988-03-14", "female", "7001", "A1234"];
    let record = person(&ruleset, grace);
    let with = |changes: &[(usize, &'static str)]| {
        let mut values = grace;
        changes.iter().for_each(|(at, value)| values[*at] = value);
        values
    };
    let table: [(&str, [&str; 6], &[usize]); 9] = [
        ("the same", grace, &[]),
        ("another sex and id, of another kind", with(&[(3, "male"), (5, "B9"), (4, "7002")]), &[0]),
        ("another sex with the same id", with(&[(3, "male")]), &[]),
        ("sex not known", with(&[(3, ""), (5, "")]), &[]),
        ("a placeholder for a sex", with(&[(3, "unknown"), (5, "")]), &[]),
        ("another id", with(&[(5, "B9876")]), &[1]),
        ("an id one edit apart", with(&[(5, "A1243")]), &[]),
        ("an id of unknown kind", with(&[(5, "B9876"), (4, "")]), &[]),
        ("a twin", with(&[(0, "Faith"), (5, "")]), &[2]),
    ];
    for (what, other, expected) in table {
        let other = person(&ruleset, other);
        let others = std::slice::from_ref(&other);
        let joining = Joining { record: &record, others, is_member: false };
        let holding = ruleset.golden_guards_of(joining);
        assert!(holding.iter().all(|holding| holding.other == Some(0)));
        let guards: Vec<usize> = holding.iter().map(|holding| holding.guard).collect();
        assert_eq!(guards, expected, "{what}");
        let turned = Joining { record: &other, others: std::slice::from_ref(&record), ..joining };
        assert_eq!(ruleset.golden_guards_of(turned), holding, "{what}");
    }
}

#[test]
fn a_golden_record_does_not_grow_beyond_its_bound() {
    let ruleset = golden();
    let record = person(&ruleset, ["Grace", "Otieno", "1988-03-14", "female", "", ""]);
    let others = vec![record.clone(); 2];
    let count = |others: &[Features], is_member| {
        ruleset.golden_guards_of(Joining { record: &record, others, is_member })
    };
    assert_eq!(count(&others, false), [Holding { guard: 3, other: None }]);
    assert_eq!(count(&others, true), [], "it is one of them already");
    assert_eq!(count(&others[..1], false), []);
}

#[test]
fn a_guard_that_gives_a_conflict_holds_at_any_score() {
    let mut ruleset = guarded();
    let lent = person(&ruleset, ["Grace", "Otieno", "1988-03-14", "female", "", "A1234"]);
    let other = person(&ruleset, ["Peter", "Mukasa", "1950-01-01", "", "", "A1234"]);
    assert_eq!(doubt(&ruleset.rules[0], &lent, &other), Doubt::Potential);
    ruleset.rules[0].guards[2].gives = Doubt::Conflict;
    assert_eq!(doubt(&ruleset.rules[0], &lent, &other), Doubt::Conflict);
    assert_eq!(doubt(&ruleset.rules[0], &lent, &lent), Doubt::Potential);
}

#[test]
fn what_leaves_no_doubt_contradicts_nothing() {
    let with = |bits| {
        let id = Contradiction { feature: 5, kind: None, unless: None, sure_from_bits: Some(bits) };
        let guard = GoldenGuard {
            name: "id".to_owned(),
            reason: "somebody should look".to_owned(),
            gives: Doubt::Potential,
            when: GoldenCondition::Contradicts(id),
        };
        guarded().with_golden_guards(vec![guard]).map_err(|problems| problems[0].message.clone())
    };
    let ruleset = with(0.0).unwrap();
    let one = person(&ruleset, ["Grace", "Otieno", "1988-03-14", "female", "", "A1234"]);
    let other = person(&ruleset, ["Grace", "Otieno", "1988-03-14", "female", "", "B9876"]);
    let total = judge(&ruleset.rules[0], &one, &other).scored.total;
    let joining = Joining { record: &one, others: std::slice::from_ref(&other), is_member: false };
    assert_eq!(with(total).unwrap().golden_guards_of(joining), []);
    assert_eq!(with(total + 0.001).unwrap().golden_guards_of(joining).len(), 1);
    assert!(with(f64::NAN).unwrap_err().contains("finite"));
}
