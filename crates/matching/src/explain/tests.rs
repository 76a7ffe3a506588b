//! What an explanation says, and what it does not say in logs.

use super::*;
use crate::opencr;

const RULES: &str = r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "phonetic", "fhirpath": "family"},
        "given": {"algorithm": "jaro-winkler-similarity", "threshold": 0.8, "fhirpath": "given",
                  "null_handling": "moderate"},
        "birthdate": {"algorithm": "exact", "fhirpath": "birthDate", "weight": 2,
                      "null_handling": "moderate"},
        "phone": {"algorithm": "jaro-winkler-similarity", "fhirpath": "phone",
                  "null_handling": "conservative"}},
    "filters": {"gender": {"fhirpath": "gender"}},
    "potentialMatchThreshold": 2, "autoMatchThreshold": 4}]}"#;

fn explained(query: &[(&str, &str)], candidate: &[(&str, &str)]) -> Explanation {
    let ruleset = opencr::parse(RULES).unwrap();
    let [query, candidate] = [query, candidate].map(|record| {
        Features::from_values(&ruleset.features, |feature| {
            let path = &ruleset.features[feature].path;
            record
                .iter()
                .filter(|(key, _)| key == path)
                .map(|(_, text)| (*text).to_owned())
                .collect()
        })
    });
    explain(&ruleset, 0, &query, &candidate)
}

const QUERY: [(&str, &str); 4] =
    [("family", "Otieno"), ("given", "Grace"), ("birthDate", "1988-03-14"), ("gender", "female")];

#[test]
fn each_field_tells_its_outcome() {
    let candidate =
        [("family", "Oteino"), ("given", "Gracie"), ("phone", "0772"), ("gender", "Female")];
    let explained = explained(&QUERY, &candidate);
    let outcomes: Vec<Outcome> = explained.fields.iter().map(|field| field.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::SoundsAlike, Outcome::Agree, Outcome::MissingOne, Outcome::MissingOne]
    );
    let points: Vec<f64> = explained.fields.iter().map(|field| field.points).collect();
    assert_eq!(points, [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(explained.fields[1].query.as_deref(), Some("grace"));
    assert_eq!(explained.fields[2].candidate, None);
    assert_eq!(explained.filters[0].agreeing, ["female"]);
    assert_eq!((explained.total, explained.band), (1.0, Band::Below));
    assert_eq!(explained.excluded_by, None);
}

#[test]
fn an_excluded_candidate_is_explained_too() {
    let candidate = [("family", "Mukasa"), ("given", "Grace"), ("birthDate", "1988-03-14")];
    let by_filter = explained(&QUERY, &candidate);
    assert_eq!(by_filter.excluded_by.as_deref(), Some("gender"));
    assert_eq!((by_filter.total, by_filter.band), (3.0, Band::Below));

    let with_gender = [&candidate[..], &[("gender", "female")]].concat();
    let by_sound = explained(&QUERY, &with_gender);
    assert_eq!(by_sound.excluded_by.as_deref(), Some("family"));
    assert_eq!(by_sound.fields[0].codes, Some([Some("OTN".to_owned()), Some("MKS".to_owned())]));
}

#[test]
fn the_table_reads_as_a_table() {
    let candidate = [
        ("family", "Oteino"),
        ("given", "Gracie"),
        ("birthDate", "1988-03-14"),
        ("gender", "female"),
    ];
    let table = explained(&QUERY, &candidate).to_string();
    let expected = "\
filter gender: female / female: agrees

field      query       candidate   algorithm                          value / threshold  outcome        points
family     otieno      oteino      phonetic                           OTN / OTN          sounds alike  +0.0000
given      grace       gracie      jaro-winkler-similarity            0.9667 / 0.8       agree         +1.0000
birthdate  1988-03-14  1988-03-14  normalized-levenshtein-similarity  1.0000 / 1         agree         +2.0000
phone      (missing)   (missing)   jaro-winkler-similarity            - / -              both missing  +0.0000

base 0, with points 3.0000, query +0: score 3
potential from 2, auto from 4: potential
";
    let (title, rest) = table.split_once('\n').unwrap();
    assert!(title.starts_with("rule 1 (deterministic), rule set "), "{title}");
    assert_eq!(rest, expected);
}

#[test]
fn debug_output_has_no_values() {
    let explained = explained(&QUERY, &QUERY);
    let text = format!("{explained:?}").to_lowercase();
    assert!(!text.contains("otieno") && !text.contains("1988") && !text.contains("female"));
}
