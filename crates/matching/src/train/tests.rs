//! Training on records that are made up so that the truth is known.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

use super::count::Patterns;
use super::*;
use crate::features::Features;
use crate::model::LevelVec;
use crate::native;

const SHIPPED: &str = include_str!("../../../../config/rules.toml");

fn records(people: &[[&str; 4]]) -> (RuleFile, Records) {
    let file = native::read(SHIPPED).unwrap();
    let ruleset = file.build("").unwrap();
    let names = ["given", "family", "birth", "phone"];
    let mut records = Records::new();
    for person in people {
        records.push(Features::from_values(&ruleset.features, |at| {
            let name = &ruleset.features[at].name;
            let value = names.iter().position(|known| known == name).map(|at| person[at]);
            value.filter(|value| !value.is_empty()).map(str::to_owned).into_iter().collect()
        }));
    }
    (file, records)
}

fn trained(people: &[[&str; 4]]) -> Result<Trained, TrainError> {
    let (file, records) = records(people);
    train(&file, &records, &Judged::default(), &small(), &mut |_| {})
}

/// Few random pairs: what these tests ask does not need more.
fn small() -> Options {
    Options { random_pairs_max: 30_000, ..Options::default() }
}

#[test]
fn em_finds_the_parameters_that_made_the_pairs() {
    let m = vec![vec![0.8, 0.15, 0.05], vec![0.9, 0.1], vec![0.6, 0.4], vec![0.7, 0.3]];
    let u = vec![vec![0.02, 0.08, 0.9], vec![0.1, 0.9], vec![0.05, 0.95], vec![0.01, 0.99]];
    let mut chance = ChaCha8Rng::seed_from_u64(5);
    let mut counts: HashMap<LevelVec, u64> = HashMap::new();
    for _ in 0..200_000 {
        let table = if chance.random_bool(0.3) { &m } else { &u };
        let mut draw = |levels: &Vec<f64>| {
            let mut left = chance.random::<f64>();
            let found = levels.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            // One value in ten is missing.
            if chance.random_bool(0.1) { NULL_LEVEL } else { found.unwrap_or(0) as u8 }
        };
        let levels: LevelVec = table.iter().map(&mut draw).collect();
        *counts.entry(levels).or_default() += 1;
    }
    let begin = vec![vec![0.5, 0.3, 0.2], vec![0.6, 0.4], vec![0.5, 0.5], vec![0.5, 0.5]];
    let start = em::Start { m: &begin, u: &u, held: &[false; 4], still: &[false; 4] };
    let run = em::run(&Patterns::new(counts), &start, 1.0, &Options::default());
    assert!(run.has_converged);
    assert!((run.lambda - 0.3).abs() < 0.01, "{}", run.lambda);
    for (found, truth) in run.m.iter().flatten().zip(m.iter().flatten()) {
        assert!((found - truth).abs() < 0.02, "{found} for {truth}");
    }
    let rising = run.rounds.windows(2).all(|two| {
        // What the rules said before counts as matches seen, so the likelihood may give a little.
        two[1].log_likelihood >= two[0].log_likelihood - 1.0
    });
    assert!(rising, "{:?}", run.rounds);
}

#[test]
fn one_record_is_refused_in_words() {
    let refusal = trained(&[["Amina", "Okello", "1990-01-02", "0772"]]).unwrap_err();
    assert!(refusal.to_string().contains("at least 2"));
}

#[test]
fn odd_records_give_rules_and_warnings() {
    let same = [["Amina", "Okello", "1990-01-02", "0772123456"]; 30];
    let empty = [[""; 4]; 30];
    let alone: Vec<[String; 4]> = (0..40)
        .map(|n| {
            [format!("a{n}b"), format!("c{n}d"), format!("{}-01-02", 1900 + n), format!("7{n}")]
        })
        .collect();
    let alone: Vec<[&str; 4]> = alone.iter().map(|p| p.each_ref().map(String::as_str)).collect();
    let only_phone: Vec<[&str; 4]> = alone.iter().map(|person| ["", "", "", person[3]]).collect();
    let no_phone: Vec<[&str; 4]> = alone.iter().map(|p| [p[0], p[1], p[2], ""]).collect();
    let one_name = [["Amina", "", "", ""]; 400];
    for people in [
        &same[..],
        &empty[..],
        &alone[..],
        &same[..2],
        &alone[..2],
        &only_phone[..],
        &no_phone[..],
        &one_name[..],
    ] {
        let trained = trained(people).unwrap();
        assert!(!trained.report.warnings.is_empty());
        let told =
            format!("{} {}", trained.report, serde_json::to_string(&trained.report).unwrap());
        assert!(!told.contains("NaN") && !told.contains("inf") && !told.contains("null"), "{told}");
        let text = native::to_toml(&trained.file);
        assert!(!text.contains("nan") && !text.contains("inf"), "{text}");
        native::parse(&text).unwrap();
    }
    let report = trained(&same).unwrap().report;
    assert!(report.warnings.iter().any(|w| w.contains("never disagrees")), "{report}");
    let report = trained(&empty).unwrap().report;
    assert!(report.warnings.iter().any(|w| w.contains("no two records agree")), "{report}");
}

/// Made-up people of whom every fourth is there twice, half of those with another number.
fn population() -> Vec<[String; 4]> {
    let mut chance = ChaCha8Rng::seed_from_u64(3);
    let mut people = Vec::new();
    for _ in 0..600 {
        let mut word = |from: u32| format!("q{}z", chance.random_range(0..from));
        let (given, family) = (word(80), word(200));
        let born = format!(
            "19{:02}-0{}-1{}",
            chance.random_range(30..99),
            chance.random_range(1..9),
            chance.random_range(0..9)
        );
        let phone = format!("77{:07}", chance.random_range(0..9_999_999));
        let person = [given, family, born, phone];
        if chance.random_bool(0.25) {
            let mut again = person.clone();
            if chance.random_bool(0.5) {
                again[3] = format!("78{:07}", chance.random_range(0..9_999_999));
            }
            people.push(again);
        }
        people.push(person);
    }
    people
}

#[test]
fn one_seed_gives_one_file_and_the_numbers_are_near_the_truth() {
    let people = population();
    let people: Vec<[&str; 4]> = people.iter().map(|p| p.each_ref().map(String::as_str)).collect();
    let (one, other) = (trained(&people).unwrap(), trained(&people).unwrap());
    assert_eq!(native::to_toml(&one.file), native::to_toml(&other.file));
    assert_eq!(one.report, other.report);
    let twice = people.len() as f64 - 600.0;
    let pairs = people.len() as f64 * (people.len() as f64 - 1.0) / 2.0;
    let prior = one.file.pass[0].prior;
    assert!((0.7..1.4).contains(&(prior / (twice / pairs))), "{prior}");
    let phone = one.report.comparisons.iter().find(|c| c.name == "telephone").unwrap();
    let same = phone.levels[0].m[1];
    assert!((0.4..0.65).contains(&same), "{same}");
}

#[test]
fn labels_decide_m_by_counting() {
    let mut people = vec![["Amina", "Okello", "1990-01-02", "0772123456"]; 20];
    people.push(["Amina", "Mukasa", "1990-01-02", "0772999888"]);
    let (file, records) = records(&people);
    let same = (0..20).map(|at| (Some((at, 20)), true));
    let sample = Some(Labels::of(same));
    let judged = Judged { sample, decisions: None };
    let trained = train(&file, &records, &judged, &Options::default(), &mut |_| {}).unwrap();
    let family = trained.report.comparisons.iter().find(|c| c.name == "family name").unwrap();
    // 20 pairs differ and what the rules said before counts as 10.
    let (before, after) = (family.levels[0].m[0], family.levels[0].m[1]);
    assert!((after - before / 3.0).abs() < 0.01, "{after}");
}

#[test]
fn decisions_settle_pairs_where_they_lie() {
    let people = population();
    let people: Vec<[&str; 4]> = people.iter().map(|p| p.each_ref().map(String::as_str)).collect();
    let (file, records) = records(&people);
    // Everybody with two telephones is declared to be two people.
    let is_other =
        |at: &usize| people[at - 1][..3] == people[*at][..3] && people[at - 1][3] != people[*at][3];
    let other: Vec<usize> = (1..people.len()).filter(is_other).collect();
    let different = other.iter().map(|at| (Some((*at as u32, *at as u32 - 1)), false));
    let decisions = Some(Labels::of(different));
    let learn = |judged: &Judged| train(&file, &records, judged, &small(), &mut |_| {}).unwrap();
    let (plain, told) = (learn(&Judged::default()), learn(&Judged { sample: None, decisions }));
    let same_phone = |trained: &Trained| {
        let phone = trained.report.comparisons.iter().find(|c| c.name == "telephone").unwrap();
        phone.levels[0].m[1]
    };
    assert!(same_phone(&told) > 0.85, "{} {}", same_phone(&told), same_phone(&plain));
    assert!(told.file.pass[0].prior < 0.75 * plain.file.pass[0].prior);
    let report = told.report.decisions.clone().unwrap();
    assert_eq!((report.same, report.different), (0, other.len()));
    let text = told.report.to_string();
    assert!(text.contains(&format!("decisions: 0 the same, {} different", other.len())), "{text}");
    assert!(text.contains("of them judged"), "{text}");
}

#[test]
fn one_seed_gives_one_file_on_any_number_of_threads() {
    let people = population();
    let people: Vec<[&str; 4]> = people.iter().map(|p| p.each_ref().map(String::as_str)).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| native::to_toml(&trained(&people).unwrap().file))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn rare_values_are_not_listed() {
    let mut people = vec![["Amina", "Okello", "1990-01-02", ""]; 12];
    people.extend([["Grace", "Unusualname", "1991-01-02", ""]; 3]);
    let text = native::to_toml(&trained(&people).unwrap().file);
    assert!(text.contains("okello = ") && !text.contains("unusualname"), "{text}");
}

/// People of households of `size` who share family name and telephone; nobody is there twice.
fn households(size: usize) -> Vec<[String; 4]> {
    let mut chance = ChaCha8Rng::seed_from_u64(11);
    let mut people = Vec::new();
    for _ in 0..1_500 / size {
        let family = format!("q{}z", chance.random_range(0..60));
        let phone = format!("77{:07}", chance.random_range(0..9_999_999));
        for _ in 0..size {
            let given = format!("w{}v", chance.random_range(0..90));
            let (year, day) = (chance.random_range(1930..2020), chance.random_range(10..28));
            people.push([given, family.clone(), format!("{year}-05-{day}"), phone.clone()]);
        }
    }
    // A few are there twice, so that there is something to link.
    let again: Vec<[String; 4]> = people.iter().step_by(9).cloned().collect();
    people.extend(again);
    people
}

/// Bits of a level after training: m against u.
fn bits(report: &Report, comparison: &str, label: &str) -> f64 {
    let comparison = report.comparisons.iter().find(|c| c.name == comparison).unwrap();
    let level = comparison.levels.iter().find(|level| level.label == label).unwrap();
    (level.m[1] / level.u[1]).log2()
}

#[test]
fn what_a_household_shares_is_evidence_once() {
    let told = |size| {
        let people = households(size);
        let people: Vec<[&str; 4]> =
            people.iter().map(|p| p.each_ref().map(String::as_str)).collect();
        let report = trained(&people).unwrap().report;
        let shared = bits(&report, "family name", "same") + bits(&report, "telephone", "same");
        (shared, bits(&report, "household", "the same family name and telephone"))
    };
    let (alone, correction) = told(1);
    assert!(alone > 8.0, "{alone}");
    // Nobody shares anything: there is nothing to take away.
    assert!((-3.0..=0.0).contains(&correction), "{correction}");
    let (shared, correction) = told(5);
    // Name and telephone together say no more than that two are of one household.
    assert!(shared > 8.0, "{shared}");
    assert!(correction < -3.0, "{correction}");
    assert!(shared + correction > 0.0, "{shared} {correction}");
}
