//! Reading and writing native files: what is understood, what is refused and where.

use proptest::prelude::*;

mod messages;

use super::*;
use crate::rules::MatchingType;

const SHIPPED: &str = include_str!("../../../../config/rules.toml");
const SCHEMA: &str = include_str!("../../../../config/rules.schema.json");

const SMALL: &str = r#"format = "opencr-rules/1"
name = "small"

[features.family]
paths = ["name.family"]
normaliser = "name"

[[pass]]
name = "one"
prior = 0.001
potential = { bits = 0.0 }
auto = { probability = 0.99 }

[[pass.comparison]]
name = "family"
levels = [
  { label = "same", test = { same = "family" }, m = 0.9, u = 0.01, frequencies = "family" },
  { label = "else", m = 0.1, u = 0.99 },
]

[frequencies.family]
floor = 1e-5
rest = 0.0001

[frequencies.family.shares]
okello = 0.02
"#;

#[test]
fn the_shipped_rules_are_read_without_problems() {
    let ruleset = parse(SHIPPED).unwrap();
    assert!(ruleset.rules.iter().all(|rule| rule.kind == MatchingType::Native));
    assert!(ruleset.warnings.is_empty(), "{:?}", ruleset.warnings);
}

#[test]
fn every_pack_is_read_without_problems() {
    let packs = [
        include_str!("../../../../config/packs/african-hiv-programme.toml"),
        include_str!("../../../../config/packs/us-public-health.toml"),
        include_str!("../../../../config/packs/opencr-default.json"),
        include_str!("../../../../config/packs/opencr-probabilistic.json"),
    ];
    let nicknames = include_str!("../../../../config/packs/us-nicknames.csv");
    for pack in packs {
        rules_from_text_with(pack, &|_| Ok(nicknames.to_owned())).unwrap();
    }
}

#[test]
fn tables_of_names_may_lie_in_files() {
    let level = "{ label = \"else\"";
    let alias = "{ label = \"nickname\", test = { alias = { feature = \"family\", table = \"t\" } }, \
                 m = 0.05, u = 0.01 },\n  { label = \"else\"";
    let text = SMALL.replace(level, alias).replace("m = 0.1,", "m = 0.05,");
    let text = text + "\n[aliases.t]\nfile = \"names.csv\"\n";
    let names = "\u{feff}# a remark\nBeth, ELIZABETH ,liz\n\n";
    let rules = parse_with(&text, &|file| {
        assert_eq!(file, "names.csv");
        Ok(names.to_owned())
    });
    let rules = rules.unwrap();
    let of = |name: &str| crate::Features::from_values(&rules.features, |_| vec![name.to_owned()]);
    let level = |one, other| crate::model::levels(&rules.rules[0], &of(one), &of(other))[0];
    assert_eq!((level("Liz", "Beth"), level("Liz", "Ann")), (1, 2));
    // Another table is another rule set.
    let other = parse_with(&text, &|_| Ok("a,b".to_owned())).unwrap();
    assert_ne!(rules.hash, other.hash);
    assert_eq!(
        to_toml(&read(&to_toml(&read(&text).unwrap())).unwrap()),
        to_toml(&read(&text).unwrap())
    );
    let told = parse(&text).unwrap_err().to_string();
    assert!(told.contains("line 30, column 1: the table of aliases \"t\" in names.csv"), "{told}");
    let told = parse_with(&text, &|_| Ok("ann\n".to_owned())).unwrap_err().to_string();
    assert!(told.contains("line 1: a group has at least two names"), "{told}");
}

#[test]
fn what_is_written_reads_back_and_is_written_the_same() {
    for text in [SHIPPED, SMALL] {
        let file = read(text).unwrap();
        let written = to_toml(&file);
        assert_eq!(read(&written).unwrap(), file);
        assert_eq!(to_toml(&read(&written).unwrap()), written);
        let (one, other) = (parse(text).unwrap(), parse(&written).unwrap());
        assert_eq!(one.hash, other.hash);
    }
    assert_eq!(to_toml(&read(SMALL).unwrap()), SMALL);
}

#[test]
fn json_of_the_same_shape_means_the_same() {
    let file = read(SHIPPED).unwrap();
    let json = serde_json::to_string(&file).unwrap();
    assert_eq!(read(&json).unwrap(), file);
    assert!(is_native(&json));
    assert!(!is_native(r#"{"rules": []}"#));
    assert!(rules_from_text(r#"{"rules": []}"#).is_err());
}

#[test]
fn refusals_name_the_place_and_what_would_be_right() {
    let refusal = |from: &str, to: &str| {
        assert!(SMALL.contains(from), "{from}");
        parse(&SMALL.replace(from, to)).unwrap_err().to_string()
    };
    let table = [
        ("prior = 0.001", "priro = 0.001", "line 10, column 1", "did you mean `prior`"),
        ("opencr-rules/1", "opencr-rules/9", "line 1, column 1", "opencr-rules/1"),
        ("same = \"family\"", "same = \"famliy\"", "line 17, column 3", "did you mean \"family\""),
        ("normaliser = \"name\"", "normaliser = \"nmae\"", "line 6", "did you mean `name`"),
        ("m = 0.9,", "m = 1.9,", "line 17, column 49", "strictly between 0 and 1"),
        ("{ probability = 0.99 }", "{ probability = 99 }", "line 12, column 1", "between 0 and 1"),
    ];
    for (from, to, place, hint) in table {
        let text = refusal(from, to);
        assert!(text.contains(place) && text.contains(hint), "{text}");
    }
}

#[test]
fn the_schema_knows_every_key_and_no_other() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let mut known = std::collections::BTreeSet::new();
    collect(&schema, &mut known);
    // Every key of a struct is named by the reader's own message about an unknown one.
    let mut asked = 0;
    let probes = [
        ("name = \"small\"", "zzz = 1"),
        ("normaliser = \"name\"", "zzz = 1"),
        ("prior = 0.001", "zzz = 1"),
        ("{ bits = 0.0 }", "{ zzz = 0.0 }"),
        ("rest = 0.0001", "zzz = 1"),
        ("m = 0.1,", "zzz = 1,"),
        ("same = \"family\"", "zzz = \"family\""),
        ("name = \"family\"\nlevels", "name = \"family\"\nzzz = 1\nlevels"),
        ("\n[frequencies.family]", "\n[[golden.guard]]\nzzz = 1\n[frequencies.family]"),
        ("\n[frequencies.family]", "\n[[pass.guard]]\nzzz = 1\n[frequencies.family]"),
        (
            "\n[frequencies.family]",
            "\n[[golden.guard]]\nname = \"a\"\nreason = \"b\"\nwhen = { zzz = 1 }\n\
             [frequencies.family]",
        ),
        (
            "\n[frequencies.family]",
            "\n[[golden.guard]]\nname = \"a\"\nreason = \"b\"\n\
             when = { contradicts = { zzz = 1 } }\n[frequencies.family]",
        ),
    ];
    for (from, to) in probes {
        let message = parse(&SMALL.replacen(from, to, 1)).unwrap_err().to_string();
        let expected = message.split("expected").nth(1).unwrap_or_default();
        for key in expected.split('`').skip(1).step_by(2) {
            assert!(known.contains(key), "the schema lacks {key}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
}

const GUARDED: &str = r#"
[[pass.guard]]
name = "namesakes"
reason = "look"
when = { reaches = { comparison = "family", levels = ["same"] } }
gives = "conflict"

[[golden.guard]]
name = "two families"
reason = "look"
when = { contradicts = { feature = "family", sure-from = { bits = 9.5 }, unless = { initial = "family" } } }

[[golden.guard]]
name = "namesake inside"
reason = "look"
when = { pair-guard = ["namesakes"] }
gives = "conflict"

[[golden.guard]]
name = "large"
reason = "look"
when = { more-records-than = 3 }

[frequencies.family]
"#;

fn guarded() -> String {
    SMALL.replacen("\n[frequencies.family]\n", GUARDED, 1)
}

#[test]
fn guards_of_golden_records_read_back_as_they_were() {
    let file = read(&guarded()).unwrap();
    assert_eq!(to_toml(&file), guarded());
    let json = serde_json::to_string(&file).unwrap();
    assert_eq!(read(&json).unwrap(), file);
    let ruleset = parse(&guarded()).unwrap();
    assert_eq!(ruleset.golden_guards.len(), 3);
    assert_ne!(ruleset.hash, parse(SMALL).unwrap().hash);
    let text = describe(&ruleset);
    for words in [
        "has another family, with an exception, and fewer than +9.5 bits",
        "namesakes",
        "more than 3",
        "a conflict",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn guards_of_golden_records_that_cannot_work_are_told_with_their_place() {
    let table = [
        ("feature = \"family\",", "feature = \"famly\",", "line 27", "did you mean \"family\""),
        ("[\"namesakes\"]", "[\"namesake\"]", "line 32", "did you mean \"namesakes\""),
        ("[\"namesakes\"]", "[]", "line 32", "does not exist"),
        ("than = 3", "than = 0", "line 38", "at least one"),
        ("\"large\"", "\"two families\"", "line 38", "have this name"),
        ("than = 3", "than = 3, less = 2", "line", "wanted"),
    ];
    for (from, to, place, hint) in table {
        let text = parse(&guarded().replacen(from, to, 1)).unwrap_err().to_string();
        assert!(text.contains(place) && (hint == "wanted" || text.contains(hint)), "{text}");
    }
}

#[test]
fn a_check_digit_is_for_identifiers_and_reads_back() {
    let checked = SMALL.replacen(
        "normaliser = \"name\"\n",
        "normaliser = \"identifier\"\ncheck = \"iso-7064-mod-11-2\"\n",
        1,
    );
    let file = read(&checked).unwrap();
    assert_eq!(to_toml(&file), checked);
    let ruleset = file.build("").unwrap();
    assert!(describe(&ruleset).contains("where the check digit is right"));
    let wrong = checked.replacen("\"identifier\"", "\"name\"", 1);
    let text = parse(&wrong).unwrap_err().to_string();
    assert!(text.contains("line 7") && text.contains("\"identifier\" only"), "{text}");
    let unknown = checked.replacen("iso-7064-mod-11-2", "mod-11", 1);
    let text = parse(&unknown).unwrap_err().to_string();
    assert!(text.contains("line 7") && text.contains("verhoeff"), "{text}");
}

#[test]
fn a_value_with_a_wrong_check_digit_is_told_and_not_counted() {
    let checked = SMALL.replacen(
        "normaliser = \"name\"\n",
        "normaliser = \"identifier\"\nseveral = \"each\"\ncheck = \"luhn\"\n",
        1,
    );
    let ruleset = parse(&checked).unwrap();
    let person = |values: &[&str]| {
        crate::Features::from_values(&ruleset.features, |_| {
            values.iter().map(|value| (*value).to_owned()).collect()
        })
    };
    let (wrong, right) = (person(&["79927398710"]), person(&["7992-7398-710", "79927398713"]));
    assert!(wrong.is_missing(0));
    assert_eq!(right.values_of(0).collect::<Vec<_>>(), ["79927398713"]);
    let explained = crate::explain(&ruleset, 0, &wrong, &wrong);
    assert_eq!(explained.comparisons[0].label, "check digit wrong, not counted");
    assert_eq!(explained.comparisons[0].bits, 0.0);
    assert!(explained.to_string().contains("not counted [79927398710"), "{explained}");
}

/// Keys of all `properties`, and all words of enumerations.
fn collect(schema: &serde_json::Value, known: &mut std::collections::BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                if key == "properties" {
                    known.extend(value.as_object().into_iter().flat_map(|map| map.keys().cloned()));
                }
                collect(value, known);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| collect(value, known)),
        _ => {}
    }
}

#[test]
fn opencrs_rules_keep_their_sums() {
    let json = r#"{"rules": [{"matchingType": "probabilistic", "fields": {
        "family": {"algorithm": "levenshtein", "threshold": 2, "fhirpath": "name.family",
                   "mValue": 0.9, "uValue": 0.01, "null_handling": "moderate"},
        "phone": {"algorithm": "levenshtein", "threshold": 0, "fhirpath": "telecom.value",
                  "mValue": 0.8, "uValue": 0.001}},
        "potentialMatchThreshold": 100.5, "autoMatchThreshold": 103},
        {"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "exact", "fhirpath": "name.family", "weight": 1}},
        "potentialMatchThreshold": 1, "autoMatchThreshold": 1}]}"#;
    let json = json
        .replace("exact", "levenshtein")
        .replace(r#""weight": 1"#, r#""threshold": 0, "weight": 1"#);
    let ruleset = crate::opencr::parse(&json).unwrap();
    let converted = convert(&ruleset);
    assert_eq!(converted.lost.len(), 3, "{:?}", converted.lost);
    let native = converted.file.build("").unwrap();
    let people = |ruleset: &Ruleset, family: &str, phone: &str| {
        crate::Features::from_values(&ruleset.features, |at| {
            let is_family = ruleset.features[at].path == "name.family";
            vec![if is_family { family } else { phone }.to_owned()]
        })
    };
    for (family, phone) in [("okello", "077"), ("okelo", "077"), ("mukasa", "078")] {
        let score = |ruleset: &Ruleset| {
            let (one, other) = (people(ruleset, "okello", "077"), people(ruleset, family, phone));
            crate::score(&ruleset.rules[0], &one, &other).unwrap().total
        };
        let (old, new) = (score(&ruleset) - 100.0, score(&native));
        assert!((old * 10.0_f64.log2() - new).abs() < 1e-9, "{old} and {new}");
    }
}

#[test]
fn opencrs_default_rules_link_what_they_linked() {
    let pack = include_str!("../../../../config/packs/opencr-default.json");
    let old = crate::opencr::parse(pack).unwrap();
    let converted = convert(&old);
    assert_eq!(converted.lost.len(), 1, "{:?}", converted.lost);
    let text = to_toml(&converted.file);
    let native = parse(&text).unwrap();
    assert!(native.warnings.is_empty(), "{:?}", native.warnings);
    let values = ["grace", "otieno", "1988-03-14", "0722", "n1", "a1"];
    let of = |ruleset: &Ruleset, differing: u32, missing: u32| {
        crate::Features::from_values(&ruleset.features, |at| {
            let path = &ruleset.features[at].path;
            let field =
                old.rules[0].fields.iter().position(|f| old.features[f.feature].path == *path);
            let Some(field) = field else { return vec!["female".to_owned()] };
            if missing >> field & 1 == 1 {
                return Vec::new();
            }
            let other = if differing >> field & 1 == 1 { "q" } else { "" };
            vec![format!("{other}{}{other}{other}", values[field])]
        })
    };
    for differing in 0..64 {
        for missing in [0, 1, 32, 63] {
            let judge = |ruleset: &Ruleset| {
                let (one, other) = (of(ruleset, 0, 0), of(ruleset, differing, missing));
                let scored = crate::score(&ruleset.rules[0], &one, &other).unwrap();
                (scored.score.as_f32(), scored.band(&ruleset.rules[0]))
            };
            assert_eq!(judge(&old), judge(&native), "{differing} {missing}");
        }
    }
}

#[test]
fn what_cannot_be_converted_is_told() {
    let json = r#"{"rules": [{"matchingType": "deterministic", "fields": {
        "family": {"algorithm": "phonetic", "fhirpath": "name.family"},
        "given": {"algorithm": "jaro-winkler-similarity", "fhirpath": "name.given"},
        "phone": {"algorithm": "exact", "fhirpath": "telecom.value", "null_handling": "greedy"}},
        "autoMatchThreshold": 1}]}"#;
    let converted = convert(&crate::opencr::parse(json).unwrap());
    let lost = converted.lost.join("\n");
    for expected in [
        "family: is left out: a condition by sound",
        "given: is left out: without a threshold",
        "phone: a missing value counted as agreement",
        "every candidate was kept",
    ] {
        assert!(lost.contains(expected), "{lost}");
    }
    assert_eq!(converted.file.pass[0].comparison.len(), 1);
}

#[test]
fn the_description_is_for_people() {
    let text = describe(&parse(SHIPPED).unwrap());
    assert!(text.contains("sounds alike") && text.contains("linked without a person"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn fuzz_native_files_never_panic(
        at in 0usize..SMALL.len(),
        length in 0usize..12,
        put in "[\\PC\n]{0,12}",
    ) {
        let end = (at + length).min(SMALL.len());
        let mut bytes = SMALL.as_bytes().to_vec();
        bytes.splice(at..end, put.bytes());
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(file) = read(&text) {
            prop_assert_eq!(read(&to_toml(&file)).unwrap(), file);
        }
        let _ = rules_from_text(&text);
    }

    #[test]
    fn fuzz_any_text_is_refused_or_read(text in "\\PC{0,60}") {
        let _ = rules_from_text(&text);
    }
}
