//! What levels a pair reaches, what they add, and what guards say.

use std::sync::Arc;

use super::*;
use crate::features::Features;
use crate::rules::{FeatureKind, FeatureSpec, Ruleset, Several};
use crate::similarity::Algorithm;
use crate::{Normaliser, SkipValues};

mod golden;

/// A rule set with one ladder over one feature.
fn ruleset(normaliser: Normaliser, several: Several, likenesses: Vec<Likeness>) -> Ruleset {
    let skip = SkipValues::standard();
    let spec = FeatureSpec::new("value", "value", FeatureKind::Text);
    let spec = FeatureSpec { normaliser, several, skip, ..spec };
    let tests = likenesses.into_iter().map(|likeness| Test::on(0, likeness)).chain([Test::Else]);
    let levels = tests.map(|test| Level::new("some", test, 0.5, 0.25)).collect();
    let rule = Rule::native("pass", 0.5, vec![Ladder::new("value", levels)], (0.0, 1.0));
    Ruleset::native(vec![spec], vec![rule], "").unwrap()
}

fn record(ruleset: &Ruleset, values: &str) -> Features {
    Features::from_values(&ruleset.features, |_| values.split('|').map(str::to_owned).collect())
}

fn reached(ruleset: &Ruleset, query: &str, candidate: &str) -> u8 {
    levels(&ruleset.rules[0], &record(ruleset, query), &record(ruleset, candidate))[0]
}

/// Checks the level of each pair; several values are parted by `|`.
fn check(ruleset: &Ruleset, table: &[(&str, &str, u8)]) {
    for (query, candidate, level) in table {
        assert_eq!(reached(ruleset, query, candidate), *level, "{query} and {candidate}");
        assert_eq!(reached(ruleset, candidate, query), *level, "{candidate} and {query}");
    }
}

#[test]
fn names_reach_the_first_level_that_holds() {
    let aliases = AliasTable::new("short", [["elizabeth", "liz"].map(str::to_owned)]);
    let ruleset = ruleset(
        Normaliser::Name,
        Several::Join,
        vec![
            Likeness::Equal,
            Likeness::Contains,
            Likeness::Alias(Arc::new(aliases)),
            Likeness::Similar { algorithm: Algorithm::JaroWinkler, threshold: 0.92 },
            Likeness::Initial,
            Likeness::SoundsAlike(Encoder::Metaphone),
            Likeness::Overlap { at_least: 1 },
        ],
    );
    check(
        &ruleset,
        &[
            ("Mary Jane", "MARY-JANE", 0),
            ("Mary Jane", "Jane Mary", 1),
            ("Mary Jane", "Mary", 1),
            ("Liz", "Elizabeth", 2),
            ("Liz Ann", "Elizabeth Joy", 2),
            ("Martha", "Marhta", 3),
            ("M", "Mary", 4),
            ("Philip", "Filip", 5),
            ("Mary Jane", "Octavia Mary", 6),
            ("Mary", "John", 7),
            ("Mary", "", NULL_LEVEL),
            ("Mary", "unknown", NULL_LEVEL),
            ("Mary", "Baby|of Grace", NULL_LEVEL),
        ],
    );
}

#[test]
fn dates_reach_the_first_level_that_holds() {
    use DateLikeness::*;
    let parts = [
        DayMonthSwapped,
        SameAsFarAsKnown,
        WithinDays(2),
        OneDigit,
        SameYearMonth,
        SameYearDay,
        SameMonthDay,
        SameYear,
    ];
    let likenesses = [Likeness::Equal].into_iter().chain(parts.map(Likeness::Date)).collect();
    check(
        &ruleset(Normaliser::Date, Several::First, likenesses),
        &[
            ("1978-02-03", "19780203", 0),
            ("1978-02-03", "1978-03-02", 1),
            ("1978-02-03", "1978-02", 2),
            ("1978-02-03", "1978", 2),
            ("1978-02", "1978-03", 8),
            ("1980-02-28", "1980-03-01", 3),
            ("1979-12-31", "1980-01-01", 3),
            ("1978-02-03", "1978-02-13", 4),
            ("1978-02-03", "1988-02-03", 4),
            ("1978-02-03", "1978-02-28", 5),
            ("1978-02-03", "1978-11-03", 6),
            ("1978-02-03", "1989-02-03", 7),
            ("1978-02-03", "1978-11-24", 8),
            ("1978-02-03", "1989-11-24", 9),
            ("1978-02-03", "1900-01-01", NULL_LEVEL),
        ],
    );
}

#[test]
fn any_two_of_several_values_count() {
    let edit = Likeness::Similar { algorithm: Algorithm::DamerauLevenshtein, threshold: 1.0 };
    let end = Likeness::SameEnd { characters: 7 };
    let ruleset = ruleset(
        Normaliser::Phone { country: Some("256".to_owned()) },
        Several::Each,
        vec![Likeness::Equal, edit, end],
    );
    check(
        &ruleset,
        &[
            ("0712345678|0733111222", "+256733111222|0799", 0),
            ("0712345678", "0712345687|0799123123", 1),
            ("0712345678", "+254782345678", 2),
            ("0712345678", "0733111222", 3),
            ("0712345678", "0000", NULL_LEVEL),
        ],
    );
}

#[test]
fn given_and_family_may_be_swapped() {
    let specs = ["given", "family"].map(|name| FeatureSpec {
        normaliser: Normaliser::Name,
        ..FeatureSpec::new(name, name, FeatureKind::Text)
    });
    let swapped = Test::Swapped { a: 0, b: 1, likeness: Likeness::Equal };
    let both = Test::All(vec![Test::equal(0), Test::equal(1)]);
    let levels = [both, swapped, Test::Else];
    let levels = levels.map(|test| Level::new("some", test, 0.5, 0.25)).to_vec();
    let rule = Rule::native("pass", 0.5, vec![Ladder::new("names", levels)], (0.0, 1.0));
    let ruleset = Ruleset::native(specs.to_vec(), vec![rule], "").unwrap();
    let person = |names: [&str; 2]| {
        Features::from_values(&ruleset.features, |at| vec![names[at].to_owned()])
    };
    let query = person(["Grace", "Otieno"]);
    let reached = |names| super::levels(&ruleset.rules[0], &query, &person(names))[0];
    assert_eq!(reached(["grace", "otieno"]), 0);
    assert_eq!(reached(["otieno", "grace"]), 1);
    assert_eq!(reached(["otieno", "otieno"]), 2);
    assert_eq!(reached(["grace", ""]), NULL_LEVEL);
}

#[test]
fn a_rare_name_says_more_than_a_common_one() {
    let mut ruleset = ruleset(Normaliser::Name, Several::Each, vec![Likeness::Equal]);
    let shares = [("okello", 0.02), ("nabirye", 0.0001)];
    let table = FrequencyTable {
        feature: 0,
        floor: 0.00001,
        rest: 0.000001,
        shares: shares.map(|(name, share)| (name.to_owned(), share)).into(),
    };
    ruleset.rules[0].ladders[0].levels[0].term_frequency = Some(Arc::new(table));
    let total = |name: &str| {
        let one = record(&ruleset, name);
        judge(&ruleset.rules[0], &one, &one).scored.total
    };
    assert_eq!(total("Okello"), (0.5_f64 / 0.02).log2());
    assert_eq!(total("Nabirye"), (0.5_f64 / 0.0001).log2());
    assert_eq!(total("Nobody Else"), (0.5_f64 / 0.00001).log2());
    // The rarest of several in common.
    assert_eq!(total("Okello|Nabirye"), total("Nabirye"));
}

#[test]
fn rules_that_cannot_work_are_refused() {
    let sound = ruleset(Normaliser::Name, Several::Join, vec![Likeness::Equal]);
    let spoil = |spoil: fn(&mut Rule)| {
        let mut rule = sound.rules[0].clone();
        spoil(&mut rule);
        Ruleset::native(sound.features.clone(), vec![rule], "").is_err()
    };
    assert!(!spoil(|_| {}));
    assert!(spoil(|rule| rule.ladders[0].levels[0].m = 1.0));
    assert!(spoil(|rule| rule.ladders[0].levels[0].u = f64::NAN));
    assert!(spoil(|rule| drop(rule.ladders[0].levels.pop())));
    assert!(spoil(|rule| rule.ladders[0].levels[0].test = Test::equal(1)));
    assert!(spoil(|rule| {
        rule.ladders[0].levels[0].test = Test::on(0, Likeness::Date(DateLikeness::SameYear));
    }));
    assert!(spoil(|rule| rule.ladders.clear()));
    assert!(spoil(|rule| rule.auto_threshold = f64::NAN));
    assert!(Ruleset::native(sound.features.clone(), Vec::new(), "").is_err());
}

/// Given name, family name, birth date, sex, phone and national id, with guards.
fn guarded() -> Ruleset {
    let spec = |name: &str, normaliser| FeatureSpec {
        normaliser,
        skip: SkipValues::standard(),
        ..FeatureSpec::new(name, name, FeatureKind::Text)
    };
    let phone = Normaliser::Phone { country: None };
    let specs = vec![
        spec("given", Normaliser::Name),
        spec("family", Normaliser::Name),
        spec("birth", Normaliser::Date),
        spec("sex", Normaliser::Code),
        spec("phone", phone),
        spec("id", Normaliser::Identifier),
    ];
    let ladder = |feature: usize, u: f64| {
        let same = Level::new("same", Test::equal(feature), 0.9, u);
        Ladder::new(
            specs[feature].name.as_str(),
            vec![same, Level::new("else", Test::Else, 0.1, 0.9)],
        )
    };
    let shares = [0.001, 0.001, 0.0001, 0.5, 0.00001, 0.0000001];
    let ladders = shares.into_iter().enumerate().map(|(at, u)| ladder(at, u)).collect();
    let reaches = |ladder, level| Condition::Reaches { ladder, levels: vec![level] };
    let guard = |name: &str, when| Guard {
        name: name.to_owned(),
        reason: "somebody should look".to_owned(),
        gives: Doubt::Potential,
        when,
    };
    let guards = [
        guard("twins", Condition::All(vec![reaches(1, 0), reaches(2, 0), reaches(0, 1)])),
        guard("sex", reaches(3, 1)),
        guard(
            "shared id",
            Condition::All(vec![
                reaches(5, 0),
                Condition::RestAtMost { without: vec![5], bits: 0.0 },
            ]),
        ),
    ];
    let rule = Rule::native("pass", 0.01, ladders, (0.0, 5.0)).with_guards(guards);
    Ruleset::native(specs, vec![rule], "").unwrap()
}

#[test]
fn guards_keep_what_only_looks_certain_from_being_linked() {
    let ruleset = guarded();
    let person = |values: [&str; 6]| {
        Features::from_values(&ruleset.features, |at| vec![values[at].to_owned()])
    };
    let query = person(["Grace", "Otieno", "1988-03-14", "female", "0712345678", "A1234"]);
    let table = [
        (["Grace", "Otieno", "1988-03-14", "female", "0712345678", "A1234"], Band::Auto, None),
        (["Faith", "Otieno", "1988-03-14", "female", "0712345678", ""], Band::Potential, Some(0)),
        (["Grace", "Otieno", "1988-03-14", "male", "0712345678", ""], Band::Potential, Some(1)),
        (["Peter", "Mukasa", "1950-01-01", "", "", "A1234"], Band::Potential, Some(2)),
        (["Peter", "Mukasa", "1950-01-01", "female", "", ""], Band::Below, None),
    ];
    for (candidate, band, guard) in table {
        let candidate = person(candidate);
        let scored = judge(&ruleset.rules[0], &query, &candidate).scored;
        assert_eq!((scored.band(&ruleset.rules[0]), scored.guard), (band, guard));
        let explained = crate::explain(&ruleset, 0, &query, &candidate);
        assert_eq!(explained.band, band);
        if let Some(guard) = guard {
            assert_eq!(explained.guards[0].name, ruleset.rules[0].guards[guard].name);
            assert!(explained.to_string().contains("somebody should look"));
        }
    }
}

#[test]
fn the_table_of_a_native_rule_reads_as_a_table() {
    let ruleset = guarded();
    let person = |values: [&str; 6]| {
        Features::from_values(&ruleset.features, |at| vec![values[at].to_owned()])
    };
    let query = person(["Grace", "Otieno", "1988-03-14", "female", "0712345678", "unknown"]);
    let candidate = person(["Gracie", "Otieno", "1988-03-14", "female", "", "A1234"]);
    let table = crate::explain(&ruleset, 0, &query, &candidate).to_string();
    let expected = "
comparison  query       candidate   level                               m      u         frequency  bits
given       grace       gracie      else                                0.100  0.900     -          -3.17
family      otieno      otieno      same                                0.900  0.00100   -          +9.81
birth       1988-03-14  1988-03-14  same                                0.900  0.000100  -          +13.14
sex         female      female      same                                0.900  0.500     -          +0.85
phone       712345678   (missing)   missing                             -      -         -          +0.00
id          (missing)   A1234       placeholder, not counted [UNKNOWN]  -      -         -          +0.00

prior -6.63, in all +14.00 bits: probability 0.999939
potential from +0.00, auto from +5.00: potential
guard twins: somebody should look
";
    let (_, rest) = table.split_once('\n').unwrap();
    // Columns are as wide as their cells; only those are the claim.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(rest), words(expected));
    let explained = crate::explain(&ruleset, 0, &query, &candidate);
    let shown = format!("{explained:?}").to_lowercase();
    assert!(!shown.contains("otieno") && !shown.contains("1988") && !shown.contains("a1234"));
}
