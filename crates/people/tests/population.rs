//! What a population promises, seen from outside.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use people::{MadeUp, Options, generate};
use serde_json::{Value, json};

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn near(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 0.02, "{actual:.3} is not near {expected}");
}

/// The Patient without the identifier that its source gave it.
fn shared_content(record: &MadeUp) -> Value {
    let mut patient = record.patient.clone();
    patient["identifier"].as_array_mut().expect("identifiers are a list").remove(0);
    patient
}

fn by_person(records: &[MadeUp]) -> BTreeMap<u32, Vec<&MadeUp>> {
    let mut persons: BTreeMap<u32, Vec<&MadeUp>> = BTreeMap::new();
    for record in records {
        persons.entry(record.person).or_default().push(record);
    }
    persons
}

#[test]
fn a_seed_means_the_same_people_and_another_seed_others() {
    let first: Vec<_> = generate(&Options::usual(1, 3_000)).collect();
    assert_eq!(first, generate(&Options::usual(1, 3_000)).collect::<Vec<_>>());
    assert_ne!(first, generate(&Options::usual(2, 3_000)).collect::<Vec<_>>());
}

#[test]
fn the_first_people_of_the_demonstration_are_pinned() {
    // Written down so that a change of the generator, or a platform that draws otherwise, shows.
    let digest = generate(&Options::demo()).fold(0_u64, |digest, record| {
        let text = format!("{} {} {}", record.client, record.person, record.patient);
        text.bytes().fold(digest, |d, byte| (d ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    });
    assert_eq!(digest, 17_792_061_907_943_831_707);
}

#[test]
fn as_many_records_as_asked_for() {
    for records in [0, 1, 7, 2_000] {
        let population = generate(&Options::usual(5, records));
        assert_eq!(population.len(), records);
        assert_eq!(population.count(), records);
    }
}

#[test]
fn truth_is_consistent() {
    let records: Vec<_> = generate(&Options::usual(3, 10_000)).collect();
    let persons = by_person(&records);
    assert_eq!(*persons.keys().last().unwrap() as usize, persons.len() - 1, "numbers have gaps");
    for (person, records) in persons {
        let firsts: BTreeSet<_> = records
            .iter()
            .filter(|r| r.mistakes.is_empty())
            .map(|r| shared_content(r).to_string())
            .collect();
        assert_eq!(firsts.len(), 1, "records of {person} without mistakes differ");
    }
}

#[test]
fn nobody_shares_an_identifier_with_somebody_else() {
    let mut owners: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut own = BTreeSet::new();
    for record in generate(&Options::usual(4, 10_000)) {
        for (at, identifier) in record.patient["identifier"].as_array().unwrap().iter().enumerate()
        {
            let key = (identifier["system"].to_string(), identifier["value"].to_string());
            if at == 0 {
                assert!(own.insert(key), "two records under one own identifier");
            } else if record.mistakes.is_empty() {
                let person = record.person;
                assert_eq!(*owners.entry(key).or_insert(person), person);
            }
        }
    }
}

#[test]
fn shares_are_those_asked_for() {
    let options = Options {
        duplicate_share: 0.3,
        identical_share: 0.25,
        national_id_share: 0.6,
        ..Options::usual(6, 20_000)
    };
    let records: Vec<_> = generate(&options).collect();
    let persons = by_person(&records);
    let duplicates = records.len() - persons.len();
    near(share(duplicates, records.len()), 0.3);

    let clean = records.iter().filter(|r| r.mistakes.is_empty()).count();
    near(share(clean - persons.len(), duplicates), 0.25);

    let with_national_id =
        |r: &&MadeUp| r.patient["identifier"].to_string().contains("/nationalid");
    let firsts =
        persons.values().filter_map(|rs| rs.iter().find(|r| r.mistakes.is_empty()).copied());
    near(share(firsts.filter(with_national_id).count(), persons.len()), 0.6);
}

#[test]
fn mistakes_are_few_and_follow_each_other_with_even_odds() {
    let records: Vec<_> = generate(&Options::usual(8, 20_000)).collect();
    let spoilt: Vec<_> = records.iter().filter(|r| !r.mistakes.is_empty()).collect();
    assert!(spoilt.iter().all(|r| r.mistakes.len() <= 4));
    let one = spoilt.iter().filter(|r| r.mistakes.len() == 1).count();
    near(share(one, spoilt.len()), 0.5);
    let kinds: BTreeSet<_> = spoilt.iter().flat_map(|r| &r.mistakes).collect();
    assert!(kinds.len() >= 30, "only {kinds:?}");
}

#[test]
fn every_record_is_a_patient_that_fhir_accepts() {
    for record in generate(&Options::usual(9, 10_000)) {
        let patient = record.patient.as_object().unwrap();
        assert_eq!(patient["resourceType"], "Patient");
        assert_no_empty(&record.patient);
        if let Some(birth) = patient.get("birthDate") {
            assert_date(birth.as_str().unwrap());
        }
        if let Some(gender) = patient.get("gender") {
            assert!([json!("female"), json!("male")].contains(gender));
        }
        let own = patient["identifier"][0]["system"].as_str().unwrap();
        assert_eq!(own, format!("http://clientregistry.org/{}", record.client));
    }
}

/// No empty list, object or text, and no blanks around a text: FHIR R4, section 2.24.0.1.
fn assert_no_empty(value: &Value) {
    match value {
        Value::Array(items) => {
            assert!(!items.is_empty());
            items.iter().for_each(assert_no_empty);
        }
        Value::Object(members) => {
            assert!(!members.is_empty());
            members.values().for_each(assert_no_empty);
        }
        Value::String(text) => assert!(!text.is_empty() && text.trim() == text, "{text:?}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => panic!("no such value is made"),
    }
}

fn assert_date(text: &str) {
    let full = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let date: Date = full.parse().expect("a date that exists");
    assert!((1930..=2024).contains(&date.year()), "{text}");
}

#[test]
fn one_system_is_enough() {
    let options =
        Options { systems: vec![people::System::sample("clinic")], ..Options::usual(10, 500) };
    assert!(generate(&options).all(|record| record.client == "clinic"));
}
