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

#[test]
fn a_native_pair_is_told_level_by_level() {
    let text = include_str!("../../../../config/rules.toml");
    let ruleset = crate::native::parse(text).unwrap();
    let of = |given: &str, family: &str, born: &str| {
        Features::from_values(&ruleset.features, |at| {
            let value = match ruleset.features[at].name.as_str() {
                "given" => given,
                "family" => family,
                "birth" => born,
                _ => "",
            };
            Some(value.to_owned()).filter(|value| !value.is_empty()).into_iter().collect()
        })
    };
    let query = of("Amina", "Okello", "1990-02-03");
    let explained = explain(&ruleset, 0, &query, &of("Baby of Grace", "Okello", "1990-03-02"));
    let table = explained.to_string();
    let row = |table: &str, name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let given = row(&table, "given name");
    assert_eq!(
        given,
        "given name amina (missing) placeholder, not counted [baby of grace] - - - +0.00"
    );
    assert!(row(&table, "family name").starts_with("family name okello okello same 0."), "{table}");
    assert!(row(&table, "birth date").contains("day and month exchanged"), "{table}");
    assert!(table.contains("prior -") && table.contains("bits: probability 0."), "{table}");
    let json = serde_json::to_value(&explained).unwrap();
    let first = &json["comparisons"][0];
    assert_eq!(first["label"], "placeholder, not counted");
    assert_eq!(first["values"][0]["placeholders"][0], "baby of grace");
    let second = &json["comparisons"][1];
    for key in ["m", "u", "bits"] {
        assert!(second[key].is_number(), "{second}");
    }
    assert!(
        json["probability"].is_number() && json["base"].is_number() && json["total"].is_number()
    );

    // Where the two names are exchanged, both are shown.
    let swapped = explain(&ruleset, 0, &query, &of("Okello", "Amina", "1990-02-03"));
    let given = row(&swapped.to_string(), "given name");
    assert!(
        given.starts_with("given name amina / okello okello / amina given and family"),
        "{given}"
    );
}

#[test]
fn guards_and_frequencies_are_told() {
    let text = include_str!("../../../../config/rules.toml");
    let text = format!(
        "{text}\n[frequencies.family]\nfloor = 1e-5\nrest = 1e-5\n[frequencies.family.shares]\nokello = 0.05\n"
    );
    let ruleset = crate::native::parse(&text).unwrap();
    let of = |given: &str| {
        Features::from_values(&ruleset.features, |at| match ruleset.features[at].name.as_str() {
            "given" => vec![given.to_owned()],
            "family" => vec!["Okello".to_owned()],
            "birth" => vec!["1990-02-03".to_owned()],
            "phone" => vec!["0772123456".to_owned()],
            "city" => vec!["Gulu".to_owned()],
            _ => Vec::new(),
        })
    };
    let explained = explain(&ruleset, 0, &of("Amina"), &of("Zuwena"));
    assert_eq!(explained.band, Band::Potential);
    let table = explained.to_string();
    assert!(table.contains("0.0500 ("), "{table}");
    assert!(table.contains("guard twins: same birth date"), "{table}");
    let json = serde_json::to_value(&explained).unwrap();
    assert_eq!(json["guards"][0]["name"], "twins");
    let term = &json["comparisons"][1]["term_frequency"];
    assert_eq!(term["share"].as_f64(), Some(0.05));
    assert!(term["bits"].as_f64() < Some(0.0));
}
