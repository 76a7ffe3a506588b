//! Native rules: the scan against pairs, and the search against the scan.

use std::sync::Arc;

use proptest::prelude::*;

use crate::index::search::search_along;
use crate::index::*;
use crate::model::{
    AliasTable, Condition, DateLikeness, Doubt, Encoder, FrequencyTable, Guard, Ladder, Level,
    Likeness, NULL_LEVEL, Test,
};
use crate::rules::{FeatureKind, FeatureSpec, FilterSpec, Rule, Several};
use crate::similarity::Algorithm;
use crate::{Normaliser, SkipValues, model, score};

const GIVEN: usize = 0;
const FAMILY: usize = 1;
const BIRTH: usize = 2;
const PHONE: usize = 3;
const ID: usize = 4;
const SEX: usize = 5;
const GATE: usize = 6;

fn features() -> Vec<FeatureSpec> {
    let feature = |name: &str, kind, normaliser, several| FeatureSpec {
        normaliser,
        several,
        skip: SkipValues::standard(),
        ..FeatureSpec::new(name, name, kind)
    };
    let country = Some("256".to_owned());
    let (text, join, each) = (FeatureKind::Text, Several::Join, Several::Each);
    vec![
        feature("given", text, Normaliser::Name, join),
        feature("family", text, Normaliser::Name, each),
        feature("birth", text, Normaliser::Date, Several::First),
        feature("phone", text, Normaliser::Phone { country }, each),
        feature("id", text, Normaliser::Identifier, each),
        feature("sex", text, Normaliser::Code, join),
        feature("gate", FeatureKind::Set, Normaliser::Code, each),
    ]
}

/// Raw values of a record, as positions in [`value`]'s lists.
type Person = [usize; 7];

/// Lists are short, so that values meet; some have placeholders, some several values.
fn value(feature: usize, at: usize) -> Vec<String> {
    let list: &[&str] = match feature {
        GIVEN => &["", "Grace", "Grace Akinyi", "Gracie", "G", "Akinyi Grace", "unknown", "Liz"],
        FAMILY => &["", "Otieno", "Oteino", "Elizabeth", "Grace", "O'Tieno", "Baby of Ann", "Ode"],
        BIRTH => &[
            "",
            "1988-03-14",
            "1988-14-03",
            "1988-03",
            "1988",
            "1987-03-14",
            "1988-03-24",
            "1900-01-01",
            "1988-03-15",
        ],
        PHONE => &["", "0712345678", "+256712345678", "0712345687", "0733111222", "000"],
        ID => &["", "A-100", "A100", "A101", "B200", "C30000"],
        SEX => &["female", "male", "", "unknown"],
        _ => &["x", "y", ""],
    };
    let value = list[at % list.len()];
    let second = (at % 7 == 6).then(|| list[(at / 7) % list.len()]);
    [Some(value), second].into_iter().flatten().map(str::to_owned).collect()
}

fn person_features(ruleset: &Ruleset, person: &Person) -> Features {
    Features::from_values(&ruleset.features, |feature| value(feature, person[feature]))
}

fn person() -> impl Strategy<Value = Person> {
    let at = || prop_oneof![1 => Just(0_usize), 8 => 0..100usize];
    [at(), at(), at(), at(), at(), at(), at()]
}

fn likeness(feature: usize) -> BoxedStrategy<Likeness> {
    let similar = |algorithm, threshold| Likeness::Similar { algorithm, threshold };
    match feature {
        GIVEN | FAMILY => {
            let groups = [vec!["liz".to_owned(), "elizabeth".to_owned(), "grace".to_owned()]];
            let aliases = Arc::new(AliasTable::new("short", groups));
            prop::sample::select(vec![
                Likeness::Equal,
                similar(Algorithm::JaroWinkler, 0.88),
                similar(Algorithm::JaroWinkler, 0.7),
                similar(Algorithm::DamerauLevenshtein, 1.0),
                similar(Algorithm::JaroWinklerSimilarity, 0.8),
                similar(Algorithm::Qgram, 4.0),
                Likeness::SoundsAlike(Encoder::Metaphone),
                Likeness::SoundsAlike(Encoder::Soundex),
                Likeness::Alias(aliases),
                Likeness::Initial,
                Likeness::Contains,
                Likeness::Overlap { at_least: 1 },
            ])
            .boxed()
        }
        BIRTH => prop::sample::select(vec![
            Likeness::Equal,
            similar(Algorithm::DamerauLevenshtein, 1.0),
            Likeness::Date(DateLikeness::SameYearMonth),
            Likeness::Date(DateLikeness::SameYearDay),
            Likeness::Date(DateLikeness::SameMonthDay),
            Likeness::Date(DateLikeness::SameYear),
            Likeness::Date(DateLikeness::DayMonthSwapped),
            Likeness::Date(DateLikeness::SameAsFarAsKnown),
            Likeness::Date(DateLikeness::WithinDays(3)),
            Likeness::Date(DateLikeness::WithinDays(500)),
            Likeness::Date(DateLikeness::OneDigit),
        ])
        .boxed(),
        PHONE | ID => prop::sample::select(vec![
            Likeness::Equal,
            similar(Algorithm::DamerauLevenshtein, 1.0),
            similar(Algorithm::Levenshtein, 1.0),
            Likeness::SameEnd { characters: 3 },
            Likeness::SameEnd { characters: 7 },
        ])
        .boxed(),
        _ => Just(Likeness::Equal).boxed(),
    }
}

fn test(features: Vec<usize>) -> BoxedStrategy<Test> {
    let on = prop::sample::select(features.clone()).prop_flat_map(|feature| {
        likeness(feature).prop_map(move |likeness| Test::On { feature, likeness })
    });
    let swapped =
        likeness(GIVEN).prop_map(|likeness| Test::Swapped { a: GIVEN, b: FAMILY, likeness });
    let leaf = match features.len() {
        1 => on.boxed(),
        _ => prop_oneof![4 => on, 1 => swapped].boxed(),
    };
    let several = prop::collection::vec(leaf.clone(), 1..3);
    prop_oneof![
        6 => leaf,
        1 => several.clone().prop_map(Test::All),
        1 => several.prop_map(Test::Any),
    ]
    .boxed()
}

fn table(feature: usize) -> impl Strategy<Value = Option<Arc<FrequencyTable>>> {
    let values = ["grace", "otieno", "female", "712345678", "A100", "1988-03-14"];
    let table = prop::collection::vec(0.00001..0.5f64, values.len()).prop_map(move |shares| {
        let shares = values.map(str::to_owned).into_iter().zip(shares).collect();
        Arc::new(FrequencyTable { feature, floor: 0.0001, rest: 0.001, shares })
    });
    prop::option::weighted(0.4, table)
}

fn ladder() -> impl Strategy<Value = Ladder> {
    let features = prop_oneof![
        6 => (GIVEN..=SEX).prop_map(|feature| vec![feature]),
        1 => Just(vec![GIVEN, FAMILY]),
    ];
    let level = |features: Vec<usize>| {
        let (m, u) = (0.01..0.99f64, -12.0..0.0f64);
        (test(features.clone()), m, u, table(features[0])).prop_map(|(test, m, u, table)| {
            let level = Level::new("some", test, m, u.exp().min(0.98));
            Level { term_frequency: table, ..level }
        })
    };
    (features, any::<bool>()).prop_flat_map(move |(features, is_needed)| {
        let levels = prop::collection::vec(level(features), 1..4);
        (levels, 0.01..0.5f64).prop_map(move |(mut levels, m)| {
            levels.push(Level::new("else", Test::Else, m, 0.9));
            let mut ladder = Ladder::new("one", levels);
            if !is_needed {
                ladder.needs.truncate(0);
            }
            ladder
        })
    })
}

fn guard(ladders: usize) -> impl Strategy<Value = Guard> {
    let levels = vec![0, 1, NULL_LEVEL];
    let condition = prop_oneof![
        (0..ladders)
            .prop_map(move |ladder| { Condition::Reaches { ladder, levels: levels.clone() } }),
        Just(Condition::Holds(Test::equal(PHONE))),
        (0..ladders, -5.0..15.0f64)
            .prop_map(|(ladder, bits)| Condition::RestAtMost { without: vec![ladder], bits }),
    ];
    prop::collection::vec(condition, 1..3).prop_map(|parts| {
        let when =
            Condition::All(vec![parts[0].clone(), Condition::Not(Box::new(Condition::Any(parts)))]);
        let when = Condition::Any(vec![when, Condition::Holds(Test::equal(ID))]);
        Guard { name: "some".to_owned(), reason: "look".to_owned(), gives: Doubt::Potential, when }
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let ladders = prop::collection::vec(ladder(), 1..7);
    let potential = prop_oneof![5 => (-8.0..12.0f64).prop_map(Some), 1 => Just(None)];
    let guards = prop::collection::vec(guard(1), 0..2);
    let filters = prop::option::weighted(0.3, Just(GATE));
    (ladders, potential, 0.0..12.0f64, -12.0..2.0f64, guards, filters).prop_map(
        |(ladders, potential, more, prior, guards, filter)| {
            let auto = potential.unwrap_or(0.0) + more;
            let filter = filter.map(|feature| FilterSpec { name: "gate".to_owned(), feature });
            Rule {
                potential_threshold: potential,
                prior_bits: prior,
                ..Rule::native("pass", 0.5, ladders, (0.0, auto))
                    .with_guards(guards)
                    .with_filters(filter)
            }
        },
    )
}

fn ruleset() -> impl Strategy<Value = Ruleset> {
    prop::collection::vec(rule(), 1..3).prop_map(|rules| {
        Ruleset::native(features(), rules, "").expect("generated rules are sound")
    })
}

#[derive(Debug, Clone)]
enum Change {
    Put(u32, Person),
    Remove(u32),
}

fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    let number = || prop_oneof![8 => 0..60u32, 1 => 4090..4100u32];
    let change = prop_oneof![
        4 => (number(), person()).prop_map(|(number, person)| Change::Put(number, person)),
        1 => number().prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..most)
}

fn apply(index: &mut Index, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(number, person) => {
                let features = person_features(&index.table.ruleset, person);
                index.insert(*number, features);
            }
            Change::Remove(number) => index.remove(*number),
        }
    }
}

/// What comparing pair by pair finds, in the order of a search.
fn pair_by_pair(snapshot: &Snapshot, query: &Features) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (at, rule) in snapshot.ruleset().rules.iter().enumerate() {
        let candidates = (0..5000).filter_map(|number| Some((number, snapshot.features(number)?)));
        let scored = candidates
            .filter_map(|(number, candidate)| Some((number, score(rule, query, &candidate)?)));
        let mut of_rule: Vec<Hit> = scored
            .map(|(number, scored)| Hit {
                number,
                rule: at,
                score: scored.score,
                band: scored.band(rule),
            })
            .filter(|hit| hit.band != Band::Below)
            .collect();
        of_rule.sort_by_key(|hit| (std::cmp::Reverse(hit.score), hit.number));
        hits.append(&mut of_rule);
    }
    hits
}

fn check(
    snapshot: &Snapshot,
    query: &Person,
    limits: &Limits,
    ways: &[usize],
) -> Result<(), TestCaseError> {
    let query = person_features(snapshot.ruleset(), query);
    let all = Limits { potential_max: usize::MAX };
    prop_assert_eq!(&snapshot.scan(&query, &all).hits, &pair_by_pair(snapshot, &query));
    let expected = snapshot.scan(&query, limits);
    for forced in ways.iter().copied().map(Some).chain([None]) {
        let found = search_along(snapshot, &query, limits, forced);
        prop_assert_eq!(&found.hits, &expected.hits, "way {:?}", forced);
        prop_assert_eq!(found.potential_total, expected.potential_total, "way {:?}", forced);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 200,
        ..Default::default()
    })]

    #[test]
    fn every_way_of_searching_finds_what_pairs_score(
        ruleset in ruleset(),
        first in changes(100),
        second in changes(50),
        queries in prop::collection::vec(person(), 1..4),
        potential_max in prop_oneof![0..6usize, Just(usize::MAX)],
        ways in prop::collection::vec(any::<usize>(), 4),
    ) {
        let mut index = Index::new(Arc::new(ruleset));
        apply(&mut index, &first);
        let before = index.snapshot();
        let mut image = Vec::new();
        before.write_image(b"", &mut image).unwrap();
        let image = image::Image::open(Arc::clone(before.ruleset()), &image[..]).unwrap();
        let mut loaded = image.load().unwrap();
        let as_loaded = loaded.snapshot();
        apply(&mut index, &second);
        apply(&mut loaded, &second);
        for query in &queries {
            for snapshot in [&before, &as_loaded, &index.snapshot(), &loaded.snapshot()] {
                check(snapshot, query, &Limits { potential_max }, &ways)?;
            }
        }
    }

    #[test]
    fn every_record_is_joined_with_those_before_it(
        ruleset in ruleset(),
        changes in changes(60),
        potential_max in prop_oneof![0..6usize, Just(usize::MAX)],
        way in any::<usize>(),
    ) {
        let (ruleset, limits) = (Arc::new(ruleset), Limits { potential_max });
        let mut index = Index::new(Arc::clone(&ruleset));
        apply(&mut index, &changes);
        let (snapshot, mut grown) = (index.snapshot(), Index::new(ruleset));
        let join = Join::new(index.snapshot(), limits);
        for number in 0..5_000 {
            let Some(features) = snapshot.features(number) else {
                prop_assert_eq!(join.before(number).1, Found::default());
                continue;
            };
            let expected = grown.snapshot().scan(&features, &limits);
            for forced in [None, Some(way), Some(way.rotate_right(7))] {
                let (query, found) = join.before_along(number, forced);
                prop_assert_eq!(&query, &features);
                prop_assert_eq!(&found.hits, &expected.hits, "way {:?}", forced);
                prop_assert_eq!(found.potential_total, expected.potential_total);
                prop_assert_eq!(found.is_cut, expected.is_cut);
            }
            grown.insert(number, features);
        }
    }

    #[test]
    fn an_explanation_says_what_a_pair_scores(
        ruleset in ruleset(),
        pair in [person(), person()],
    ) {
        let [query, candidate] = pair.map(|person| person_features(&ruleset, &person));
        for (at, rule) in ruleset.rules.iter().enumerate() {
            let explained = crate::explain(&ruleset, at, &query, &candidate);
            if let Some(scored) = score(rule, &query, &candidate) {
                prop_assert_eq!(explained.total.to_bits(), scored.total.to_bits());
                prop_assert_eq!(explained.score, scored.score);
                prop_assert_eq!(explained.band, scored.band(rule));
            } else {
                prop_assert_eq!(explained.band, Band::Below);
            }
            let stored = serde_json::to_string(&explained).unwrap();
            prop_assert_eq!(&serde_json::from_str::<crate::Explanation>(&stored).unwrap(), &explained);
            let levels = model::levels(rule, &query, &candidate);
            prop_assert_eq!(levels.len(), explained.comparisons.len());
            // Every test is symmetric.
            prop_assert_eq!(levels, model::levels(rule, &candidate, &query));
        }
    }
}
