//! A native search among more records, where dictionaries are sifted, memos are dense
//! and sketches collide.

use std::sync::Arc;

use crate::index::*;
use crate::model::{
    Condition, DateLikeness, Doubt, Encoder, FrequencyTable, Guard, Ladder, Level, Likeness, Test,
};
use crate::rules::{FeatureKind, FeatureSpec, Rule, Several};
use crate::similarity::Algorithm;
use crate::{Normaliser, SkipValues};

/// Enough for dictionaries to be sifted and sketches to collide.
const RECORDS: u32 = 3_000;

/// A small generator of numbers that look random (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn name(&mut self) -> String {
        const PARTS: [&str; 12] =
            ["ma", "ki", "lo", "wan", "ja", "ru", "ot", "ien", "o", "sa", "be", "the"];
        let parts = 2 + self.below(2);
        (0..parts).map(|_| PARTS[self.below(12).min(self.below(12)) as usize]).collect()
    }
}

fn person(dice: &mut Dice) -> Vec<Vec<String>> {
    let mut given = vec![dice.name()];
    if dice.below(5) == 0 {
        given.push(dice.name());
    }
    let birth =
        format!("{}-{:02}-{:02}", 1950 + dice.below(60), 1 + dice.below(12), 1 + dice.below(28));
    let mut phones = vec![format!("07{:08}", dice.below(3_000) * 31_337)];
    if dice.below(6) == 0 {
        phones.push(format!("07{:08}", dice.below(3_000) * 31_337));
    }
    let id = format!("CM{:06}A", dice.below(900_000));
    let sex = ["female", "male", "unknown"][dice.below(3) as usize].to_owned();
    let mut person = vec![given, vec![dice.name()], vec![birth], phones, vec![id], vec![sex]];
    for values in &mut person {
        if dice.below(12) == 0 {
            values.clear();
        }
    }
    person
}

/// Swaps or replaces a character of some values.
fn damage(person: &mut [Vec<String>], dice: &mut Dice) {
    for value in person.iter_mut().flatten() {
        if dice.below(3) > 0 || value.len() < 2 {
            continue;
        }
        let mut chars: Vec<char> = value.chars().collect();
        let at = dice.below(chars.len() as u64 - 1) as usize;
        match dice.below(3) {
            0 => chars.swap(at, at + 1),
            1 => chars[at] = if chars[at].is_ascii_digit() { '7' } else { 'e' },
            _ => drop(chars.remove(at)),
        }
        *value = chars.into_iter().collect();
    }
}

fn ruleset(potential: f64) -> Ruleset {
    let spec = |name: &str, normaliser, several| FeatureSpec {
        normaliser,
        several,
        skip: SkipValues::standard(),
        ..FeatureSpec::new(name, name, FeatureKind::Text)
    };
    let country = Some("256".to_owned());
    let specs = vec![
        spec("given", Normaliser::Name, Several::Join),
        spec("family", Normaliser::Name, Several::Join),
        spec("birth", Normaliser::Date, Several::First),
        spec("phone", Normaliser::Phone { country }, Several::Each),
        spec("id", Normaliser::Identifier, Several::Each),
        spec("sex", Normaliser::Code, Several::First),
    ];
    let shares = [("makilo", 0.01), ("maki", 0.02)].map(|(name, share)| (name.to_owned(), share));
    let table = FrequencyTable { feature: 1, floor: 1e-4, rest: 0.001, shares: shares.into() };
    let jw = |feature, threshold| Test::similar(feature, Algorithm::JaroWinkler, threshold);
    let edit = |feature| Test::similar(feature, Algorithm::DamerauLevenshtein, 1.0);
    let date = |likeness| Test::on(2, Likeness::Date(likeness));
    let level = |test, m, u| Level::new("some", test, m, u);
    let end = |m, u| level(Test::Else, m, u);
    let crossed = Test::Swapped { a: 0, b: 1, likeness: Likeness::Equal };
    let ladders = vec![
        vec![
            level(Test::equal(0), 0.6, 0.004),
            level(Test::on(0, Likeness::Contains), 0.1, 0.004),
            level(jw(0, 0.9), 0.1, 0.01),
            end(0.2, 0.98),
        ],
        vec![
            level(Test::equal(1), 0.7, 0.004).with_frequencies(Arc::new(table)),
            level(jw(1, 0.92), 0.1, 0.006),
            level(Test::on(1, Likeness::SoundsAlike(Encoder::Metaphone)), 0.05, 0.01),
            end(0.15, 0.98),
        ],
        vec![
            level(Test::equal(2), 0.8, 0.0001),
            level(date(DateLikeness::DayMonthSwapped), 0.02, 0.0001),
            level(date(DateLikeness::OneDigit), 0.05, 0.002),
            level(date(DateLikeness::SameYearMonth), 0.03, 0.002),
            level(date(DateLikeness::SameYear), 0.03, 0.02),
            end(0.07, 0.97),
        ],
        vec![
            level(Test::equal(3), 0.6, 0.0005),
            level(edit(3), 0.1, 0.001),
            level(Test::on(3, Likeness::SameEnd { characters: 7 }), 0.05, 0.0005),
            end(0.25, 0.99),
        ],
        vec![level(Test::equal(4), 0.9, 0.00001), level(edit(4), 0.05, 0.0001), end(0.05, 0.99)],
        vec![level(Test::equal(5), 0.95, 0.5), end(0.05, 0.5)],
        vec![level(crossed, 0.02, 0.0001), end(0.98, 0.9999)],
    ];
    let names = ["given", "family", "birth", "phone", "id", "sex", "crossed"];
    let ladders = names.into_iter().zip(ladders).map(|(name, levels)| Ladder::new(name, levels));
    let when = Condition::Reaches { ladder: 5, levels: vec![1] };
    let (name, reason) = ("sex".to_owned(), "look".to_owned());
    let guard = Guard { name, reason, gives: Doubt::Potential, when };
    let rule =
        Rule::native("pass", 0.001, ladders.collect(), (potential, 8.0)).with_guards([guard]);
    Ruleset::native(specs, vec![rule], "").expect("sound rules")
}

/// Searches for intact and damaged records, and gives the hits, records and misses.
fn compare(index: &Index, queries: &[Features]) -> (usize, u64) {
    let (mut hits, mut verified) = (0, 0);
    let (snapshot, limits) = (index.snapshot(), Limits { potential_max: 50 });
    for query in queries {
        let (found, expected) = (snapshot.search(query, &limits), snapshot.scan(query, &limits));
        assert_eq!(found.hits, expected.hits);
        assert_eq!(found.potential_total, expected.potential_total);
        hits += found.hits.len();
        verified += found.cost.records_verified + found.cost.records_scanned;
    }
    (hits, verified)
}

/// Joins some records with those before them, as a scan of all finds them, and gives the hits.
fn join(index: &Index) -> usize {
    let (snapshot, all) = (index.snapshot(), Limits { potential_max: usize::MAX });
    let join = Join::new(index.snapshot(), all);
    let mut hits = 0;
    for number in (0..RECORDS).step_by(10).chain(RECORDS..RECORDS + 100).rev() {
        let Some(features) = snapshot.features(number) else { continue };
        let mut expected = snapshot.scan(&features, &all).hits;
        expected.retain(|hit| hit.number < number);
        let found = join.before(number).1;
        assert_eq!(found.hits, expected);
        hits += found.hits.len();
    }
    hits
}

#[test]
fn what_a_scan_of_many_finds_is_found_by_reading_few() {
    for potential in [-3.0, 7.0] {
        let ruleset = ruleset(potential);
        let mut dice = Dice(7);
        let mut index = Index::new(Arc::new(ruleset.clone()));
        let mut queries = Vec::new();
        for number in 0..RECORDS {
            let mut person = person(&mut dice);
            let features = |person: &[Vec<String>]| {
                Features::from_values(&ruleset.features, |at| person[at].clone())
            };
            index.insert(number, features(&person));
            if number % 300 == 0 {
                queries.push(features(&person));
                damage(&mut person, &mut dice);
                queries.push(features(&person));
            }
        }
        for (number, features) in (RECORDS..).zip(&queries) {
            index.insert(number, features.clone());
        }
        assert!(join(&index) >= queries.len());
        let (hits, read) = compare(&index, &queries);
        assert!(hits >= queries.len(), "{hits} hits");
        // Where less is enough, reading groups of so few records is the cheapest way.
        let all = u64::from(RECORDS) * queries.len() as u64;
        assert!(potential < 7.0 || read * 4 < all, "{read} of {all} records read");
        // Numbers are given again, so codes and lists change places.
        for number in (0..RECORDS).filter(|number| number % 3 > 0) {
            index.remove(number);
        }
        compare(&index, &queries);
        join(&index);
        let snapshot = index.snapshot();
        let back: Vec<Features> =
            (0..RECORDS).filter_map(|number| snapshot.features(number)).collect();
        for (number, features) in (200..1_000).zip(back) {
            index.replace(number, features);
        }
        compare(&index, &queries);
    }
}
