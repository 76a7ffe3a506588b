//! `opencr evaluate`, `opencr train` and `opencr rules convert` on made-up people.

use serde_json::Value;

use crate::commands::{check, folder_with, opencr, text};

/// Three persons; the second record of the first was typed badly, and the last two are twins.
const PEOPLE: &str = "\
rec_id,given_name,surname,sex,date_of_birth,phone,city
a1,Amina,Okello,f,1990-02-03,0772123456,Gulu
a2,Amina,Okello,f,1990-02-03,0772123456,Gulu
a3,<b>Zuwena</b>,Achieng,m,1970-02-03,0700111222,Lira
b1,Peter,Mukasa,m,1985-01-01,0701999888,Gulu
b2,Peter,Mukasa,m,1985-01-01,0701999888,Gulu
c1,Grace,Nankya,f,2010-05-20,0702333444,Mbale
c2,Esther,Nankya,f,2010-05-20,0702333444,Mbale
d1,,,,,,
d2,Q,,,,,
";
const TRUTH: &str = "rec_id,cluster\na1,a\na2,a\na3,a\nb1,b\nb2,b\nc1,c\nc2,d\n";
const LABELS: &str =
    "rec_id_1,rec_id_2,label\na1,a2,same\nb1,b2,same\nc1,c2,different\na1,a3,same\n";

#[test]
fn every_figure_is_told_to_people_and_to_machines() {
    let folder = folder_with(&[("people.csv", PEOPLE), ("truth.csv", TRUTH)]);
    let command = ["evaluate", "people.csv", "--truth", "truth.csv", "--wrong", "5"];
    let command = [&command[..], &["--rules", NATIVE]].concat();
    let told = check(folder.path(), &command);
    for expected in [
        "precision (95 %)",
        "specificity",
        "linked without a person",
        "persons as opencr link decides",
        "persons, links closed",
        "B-cubed precision",
        "For a precision of 0.99 put the auto threshold at",
        "By sex, over pairs within each:",
        "By decade of birth",
        "one of each of two",
        "By threshold",
        "Missed: a1 and a3",
        "Too little is known of these records: d1, d2",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let json = check(folder.path(), &[&command[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    let auto = &json["auto"];
    assert_eq!((&auto["true_positives"], &auto["false_positives"]), (&2.into(), &0.into()));
    assert_eq!(auto["f1"]["value"].as_f64(), Some(2.0 * 2.0 / 6.0));
    assert!(auto["f1"]["low"].as_f64() < auto["f1"]["high"].as_f64());
    assert_eq!(json["linked"]["pairwise"]["true_positives"], 2);
    assert!(json["persons"]["b_cubed"]["recall"].as_f64() > Some(0.5));
    assert_eq!(json["passes"][0]["auto"]["true_positives"], 2);
    let kinds = json["groups"].as_array().unwrap();
    assert_eq!(kinds[0]["between"]["false_negatives"], 2);
    let missed = &json["wrong_pairs"][0];
    assert_eq!(
        (&missed["kind"], &missed["explanation"]["band"]),
        (&"missed".into(), &"below".into())
    );
    assert_eq!(json["unlinkable_records"], serde_json::json!(["d1", "d2"]));
    assert!(json["curve"].as_array().unwrap().len() > 1);
}

const NATIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/rules.toml");

#[test]
fn labels_have_groups_and_examples_too() {
    let folder = folder_with(&[("people.csv", PEOPLE), ("labels.csv", LABELS)]);
    let command = ["evaluate", "people.csv", "--labels", "labels.csv", "--rules", NATIVE, "--json"];
    let json: Value = serde_json::from_str(&check(folder.path(), &command)).unwrap();
    assert_eq!(json["auto"]["true_negatives"], 1);
    let sex = &json["groups"][0];
    assert_eq!((&sex["kind"], &sex["between"]["false_negatives"]), (&"sex".into(), &1.into()));
    assert_eq!(json["persons"], Value::Null);
    let both = format!("{LABELS}a2,a1,different\n");
    let folder = folder_with(&[("people.csv", PEOPLE), ("labels.csv", &both)]);
    let output = opencr(folder.path(), &command);
    assert!(text(&output.stderr).contains("Labels of 1 pairs are not used: they were judged both"));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["scored_pairs"], 3);
}

#[test]
fn the_page_can_be_read_without_seeing_it_and_runs_nothing() {
    let folder = folder_with(&[("people.csv", PEOPLE), ("truth.csv", TRUTH)]);
    let command = ["evaluate", "people.csv", "--truth", "truth.csv", "--rules", NATIVE];
    check(folder.path(), &[&command[..], &["--html", "page.html"]].concat());
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    for expected in [
        "<html lang=\"en\">",
        "<meta name=\"viewport\"",
        "prefers-color-scheme:dark",
        "@media print",
        "<title id=\"histogram-t\">",
        "<desc id=\"histogram-d\">",
        "<desc id=\"curve-d\">",
        "The same as a table",
        "m above u",
        "Linked and right: a usual pair",
        "<th scope=\"col\">specificity</th>",
        "By sex",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert_eq!(page.matches("role=\"img\"").count(), page.matches("<desc").count());
    // What people are called is no markup, and nothing is fetched or run.
    for forbidden in ["<b>", "<script", "http:", "https:", "NaN", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn training_says_what_it_cannot_learn() {
    let head = "rec_id,given_name,surname,sex,date_of_birth,phone,city\n";
    let one = format!("{head}a1,Amina,Okello,f,1990-02-03,0772123456,Gulu\n");
    let two = format!("{one}a2,Peter,Mukasa,m,1985-01-01,0701999888,Lira\n");
    let names = (0..500).map(|at| format!("{at},Amina,,,,,\n")).collect::<String>();
    let names = format!("{head}{names}");
    let (one, two, names) = (one.as_str(), two.as_str(), names.as_str());
    let folder = folder_with(&[("one.csv", one), ("two.csv", two), ("names.csv", names)]);
    let refused = opencr(folder.path(), &["train", "one.csv"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("at least 2 records"));
    for file in ["two.csv", "names.csv"] {
        let told = check(folder.path(), &["train", file, "--out", "trained.toml"]);
        assert!(told.contains("Warnings:") && !told.contains("NaN"), "{told}");
        check(folder.path(), &["rules", "check", "trained.toml"]);
    }
    let refused = opencr(folder.path(), &["train", "two.csv", "--decisions"]);
    assert_eq!(refused.status.code(), Some(2), "decisions are in stores");
}

#[test]
fn training_is_the_same_on_any_number_of_threads() {
    let folder = folder_with(&[("people.csv", PEOPLE)]);
    let train = |threads: &str| {
        let mut command = crate::process::opencr();
        command.current_dir(folder.path()).env("RAYON_NUM_THREADS", threads);
        let output = command.args(["train", "people.csv", "--out", "out.toml"]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        (text(&output.stdout), std::fs::read_to_string(folder.path().join("out.toml")).unwrap())
    };
    assert_eq!(train("1"), train("4"));
}

#[test]
fn a_store_without_decisions_is_told_as_such() {
    let folder = folder_with(&[("people.csv", PEOPLE)]);
    check(folder.path(), &["import", "people.csv", "--source", "openmrs", "--data", "data"]);
    let told = check(folder.path(), &["train", "--data", "data", "--decisions"]);
    assert!(told.contains("decisions: 0 the same, 0 different"), "{told}");
}
