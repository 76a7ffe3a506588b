//! What a wrong rule file is told, word by word, in TOML and in JSON.

use super::*;

/// Wrong in seven places, of three kinds: unknown keys, a wrong word, and what makes no sense.
const WRONG: &str = r#"format = "opencr-rules/1"
nmae = "wrong"

[features.family]
paths = ["name.family"]
normaliser = "name"
cuontry = "256"

[[pass]]
name = "one"
prior = 1.5
potential = { bits = 0.0 }
auto = { probability = 99 }

[[pass.comparison]]
name = "family"
levels = [
  { label = "same", test = { same = "famliy" }, m = 0.9, u = 0.01 },
  { label = "near", test = { similar = { feature = "family", algorithm = "jaro-wnkler", at-least = 0.9 } }, m = 0.1, u = 0.1 },
  { label = "else", m = 0.1, u = 0 },
]
"#;

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told = parse(WRONG).unwrap_err().to_string();
    let expected = "\
7 problems in the rules:
- line 2, column 1: unknown field `nmae`, expected one of `format`, `name`, `description`, \
`trained`, `training`, `features`, `aliases`, `frequencies`, `pass`, `golden`; did you mean `name`?
- line 7, column 1: unknown field `cuontry`, expected one of `paths`, `gather`, `normaliser`, \
`country`, `several`, `standard_skip`, `skip`, `check`; did you mean `country`?
- line 11, column 1: rule 1: `prior` is a probability, strictly between 0 and 1
- line 13, column 1: rule 1: `auto`: a probability is strictly between 0 and 1
- line 18, column 3: rule 1, \"family\": there is no feature \"famliy\"; did you mean \"family\"?
- line 19, column 3: rule 1, \"family\": there is no algorithm \"jaro-wnkler\"; did you mean \
\"jaro-winkler\"?
- line 20, column 30: rule 1, \"family\": `u` of the level \"else\" must be strictly between 0 and 1, \
it is 0";
    assert_eq!(told, expected);
}

#[test]
fn json_is_told_the_same_with_its_own_places() {
    let json = serde_json::to_string_pretty(&toml::from_str::<toml::Value>(WRONG).unwrap());
    let json = json.unwrap();
    let told = parse(&json).unwrap_err().to_string();
    for (message, key) in [
        ("unknown field `nmae`", "\"nmae\""),
        ("unknown field `cuontry`", "\"cuontry\""),
        ("`prior` is a probability", "\"prior\""),
        ("`auto`: a probability", "\"auto\""),
        ("must be strictly between 0 and 1, it is 0", "\"u\": 0\n"),
    ] {
        let at = json.find(key).unwrap();
        let (line, column) = place::line_and_column(&json, at);
        let line = format!("line {line}, column {column}: ");
        let is_told = told.lines().any(|told| told.contains(&line) && told.contains(message));
        assert!(is_told, "{line}{message}\n{told}");
    }
    assert!(told.starts_with("7 problems"), "{told}");
}

#[test]
fn what_is_needed_and_not_understood_does_not_hide_the_rest() {
    let text = SMALL
        .replace("normaliser = \"name\"", "normaliser = \"nmae\"")
        .replace("prior = 0.001", "prior = \"low\"")
        .replace("label = \"else\", ", "");
    let told = parse(&text).unwrap_err().to_string();
    for expected in [
        "3 problems",
        "line 6, column 14: unknown variant `nmae`",
        "line 10, column 9: invalid type: string \"low\", expected f64",
        "line 18, column 3: missing field `label`",
    ] {
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn every_line_that_is_no_toml_is_told() {
    let text = SMALL.replace("name = \"small\"", "name = ").replace("prior = 0.001", "prior 0.001");
    let told = parse(&text).unwrap_err().to_string();
    assert!(told.contains("line 2, column") && told.contains("line 10, column"), "{told}");
    let json = "{\n \"format\": \"opencr-rules/1\",\n \"pass\": [,]\n}";
    let told = parse(json).unwrap_err().to_string();
    assert!(told.starts_with("line 3, column 11: expected value"), "{told}");
    let twice = "{\"format\": \"opencr-rules/1\",\n \"format\": 1, \"zzz\": 2}";
    let told = parse(twice).unwrap_err().to_string();
    assert!(told.contains("line 2, column 2: `format` stands here twice"), "{told}");
}

#[test]
fn chances_that_do_not_come_to_one_are_warned_of() {
    let text = SMALL.replace("m = 0.1, u = 0.99", "m = 0.5, u = 0.99");
    let warnings = parse(&text).unwrap().warnings;
    let is_told =
        warnings.iter().any(|w| w.contains("one, family: m of its levels comes to 1.400"));
    assert!(is_told, "{warnings:?}");
}
