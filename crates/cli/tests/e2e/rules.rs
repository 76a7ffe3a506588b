//! `opencr rules check` and `opencr explain --cost`: what rules cost, before and with people.

use serde_json::Value;

use crate::commands::{check, folder_with, opencr, text};

const PEOPLE: &str = "\
rec_id,given_name,surname,sex,date_of_birth,phone
1,Amina,Okello,f,1990-02-03,0700
2,Amina,Okelo,f,1990-02-03,0700
3,Peter,Mukasa,m,1985-01-01,0701
4,Grace,Mukasa,f,1971-05-20,0702
broken row
";

const LOOSE: &str = r#"{"rules": [{"matchingType": "deterministic", "fields": {
    "family": {"algorithm": "dice-similarity", "threshold": 0.6, "fhirpath": "name.family",
               "null_handling": "moderate"},
    "phone": {"algorithm": "exact", "fhirpath": "telecom.value", "null_handling": "moderate"}},
    "filters": {"gender": {"fhirpath": "gender"}},
    "potentialMatchThreshold": 1, "autoMatchThreshold": 2}]}"#;

#[test]
fn check_tells_how_the_configured_rules_are_searched() {
    let folder = folder_with(&[]);
    let told = check(folder.path(), &["rules", "check", "--strict"]);
    assert!(told.contains("agree on birthdate or phone or nationalid"), "{told}");
    assert!(told.contains("No warnings."), "{told}");
}

#[test]
fn check_warns_of_loose_rules_and_of_values_that_cannot_be_pruned() {
    let folder = folder_with(&[("rules.json", LOOSE)]);
    let told = check(folder.path(), &["rules", "check", "rules.json"]);
    assert!(told.contains("rule 1 is loose: whoever agrees on family alone"), "{told}");
    assert!(told.contains("family (dice-similarity) compares every distinct value"), "{told}");
    let strict = opencr(folder.path(), &["rules", "check", "rules.json", "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn check_refuses_wrong_files_with_the_place() {
    let old = LOOSE.replace("dice-similarity", "soundex");
    let path = LOOSE.replace("name.family", "name.zzz()");
    let folder = folder_with(&[
        ("syntax.json", "{\n \"rules\": [,]\n}"),
        ("old.json", &old),
        ("path.json", &path),
    ]);
    for (file, expected) in [
        ("path.json", "line 2, column 78: field `family`: the fhirpath `name.zzz()`"),
        ("old.json", "line 2, column 16: "),
        ("syntax.json", "line 2, column 12"),
        ("old.json", "rule 1, \"family\": algorithm \"soundex\""),
        ("nowhere.json", "cannot read nowhere.json"),
    ] {
        let output = opencr(folder.path(), &["rules", "check", file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        let told = text(&output.stderr);
        assert!(told.contains(expected), "{file}: {told}");
    }
}

#[test]
fn check_measures_on_people_and_tells_nothing_of_them() {
    let folder = folder_with(&[("rules.json", LOOSE), ("people.csv", PEOPLE)]);
    let arguments = ["rules", "check", "rules.json", "--sample", "people.csv", "--take", "3"];
    let told = check(folder.path(), &arguments);
    assert!(told.contains("\n4 records, ") && told.contains(" of index, 3 searches\n"), "{told}");
    assert!(told.contains("1 left out: nobody"), "{told}");
    let candidates = told.lines().find(|line| line.starts_with("candidates")).unwrap();
    let numbers: Vec<_> = candidates.split_whitespace().skip(1).collect();
    assert_eq!(numbers, ["1", "1", "1"], "1 and 2 find each other, 3 nobody: {told}");
    assert!(!told.to_lowercase().contains("okello") && !told.contains("0700"), "{told}");
}

#[test]
fn check_measures_on_a_store() {
    let folder = folder_with(&[("people.csv", PEOPLE)]);
    check(folder.path(), &["import", "people.csv", "--source", "openmrs", "--data", "data"]);
    let told = check(folder.path(), &["rules", "check", "--data", "data"]);
    assert!(told.contains("\n4 records, ") && told.contains(" of index, 4 searches\n"), "{told}");
    let missing = opencr(folder.path(), &["rules", "check", "--data", "nowhere"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn explain_tells_what_the_search_costs() {
    let patient = |phone: &str| {
        format!(
            r#"{{"resourceType": "Patient", "gender": "female", "name": [{{"family": "Okello"}}],
                "telecom": [{{"system": "phone", "value": "{phone}"}}]}}"#
        )
    };
    let files = [("a.json", patient("0700")), ("b.json", patient("0799"))];
    let files: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_str())).collect();
    let all = [files.as_slice(), &[("people.csv", PEOPLE), ("rules.json", LOOSE)]].concat();
    let folder = folder_with(&all);
    let arguments = ["explain", "a.json", "b.json", "--rules", "rules.json", "--cost"];

    let told = check(folder.path(), &arguments);
    assert!(told.contains("searching A among 1 records"), "{told}");
    assert!(told.contains("B is found by rule 1: potential match"), "{told}");

    let more = [&arguments[..], &["--among", "people.csv", "--json"]].concat();
    let json: Value = serde_json::from_str(&check(folder.path(), &more)).unwrap();
    assert_eq!(json["explanations"][0]["rule"], 1);
    let cost = &json["cost"];
    assert_eq!((&cost["records"], &cost["hits"]), (&5.into(), &3.into()), "{cost}");
    assert_eq!((&cost["found"]["rule"], &cost["found"]["band"]), (&1.into(), &"potential".into()));
    assert_eq!(cost["scan"]["records_scanned"], 5);
    assert!(cost["search_us"].as_f64() > Some(0.0) && cost["scan_us"].as_f64() > Some(0.0));
}

#[test]
fn link_tells_whose_candidates_were_cut() {
    let folder = folder_with(&[
        ("rules.json", LOOSE),
        ("people.csv", "id,surname,sex\n1,Mukasa,f\n2,Mukasa,f\n3,Mukasa,f\n4,Mukasa,f\n"),
        ("opencr.toml", "[matching]\npotential_max = 2\n"),
    ]);
    let arguments = ["link", "people.csv", "--rules", "rules.json", "--config", "opencr.toml"];
    let told = check(folder.path(), &arguments);
    assert!(told.contains("records cut short             1\n"), "{told}");
    assert!(told.contains("their candidates              3\n"), "{told}");
    let json = check(folder.path(), &[&arguments[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["cut_records"], &json["cut_candidates"]), (&1.into(), &3.into()));
}
