//! OpenCR's keys and variables, the right ones and the wrong ones.

use serde_json::json;

use super::*;
use crate::config::{Config, DEFAULT};

fn of(value: &Json) -> Translation {
    Translation::of(value.as_object().unwrap())
}

fn fate(translation: &Translation, key: &str) -> Fate {
    translation.told.iter().find(|told| told.key == key).unwrap().fate.clone()
}

fn load(env: &[(&str, &str)]) -> Result<Config, String> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(None, env).map_err(|error| error.to_string())
}

#[test]
fn keys_become_ours_with_their_types() {
    let translation = of(&json!({
        "app": {"port": 3001, "installed": true},
        "auth": {"secret": "s3cret", "tokenDuration": 5401},
        "matching": {"tool": "elasticsearch", "autoMatchPatientWithHumanAdjudTag": true},
        "clients": [{"id": "emr", "displayName": "The EMR"}, {"id": "lab"}],
        "systems": {
            "CRBaseURI": "http://base",
            "internalid": {"uri": ["http://a", "http://b"], "displayName": "Internal ID"},
            "passport": {"uri": ["http://p", "http://q"], "displayName": "Passport No"},
            "nameless": {"uri": "http://n"},
        },
        "extra": {"thing": 1},
    }));
    let table = &translation.table;
    assert_eq!(table["server"]["port"].as_integer(), Some(3001));
    assert_eq!(table["people"]["session_minutes"].as_integer(), Some(91));
    assert_eq!(table["matching"]["rematch_adjudicated"].as_bool(), Some(true));
    assert_eq!(table["systems"]["base_uri"].as_str(), Some("http://base"));
    assert_eq!(table["systems"]["internal_ids"].as_array().unwrap().len(), 2);
    assert_eq!(table["clients"][0]["name"].as_str(), Some("The EMR"));
    assert_eq!(table["clients"][1]["name"].as_str(), Some("lab"));
    let labels = table["people"]["identifier_labels"].clone();
    assert_eq!(labels, texts(vec!["http://p Passport No".into(), "http://q Passport No".into()]));
    assert_eq!(fate(&translation, "extra.thing"), Fate::Unknown);
    assert!(matches!(fate(&translation, "systems.nameless.uri"), Fate::Ignored(_)));
    assert!(matches!(fate(&translation, "systems.passport.uri"), Fate::Taken(..)));
    assert!(matches!(fate(&translation, "app.installed"), Fate::Ignored(_)));
    assert_eq!(fate(&translation, "app.port"), Fate::Taken("server.port", "3001".to_owned()));
    // A secret is not even in what could be shown.
    assert!(!format!("{translation:?}").contains("s3cret"));
}

#[test]
fn values_of_a_wrong_type_are_refused_by_key() {
    for (config, key) in [
        (json!({"app": {"port": "x"}}), "app.port"),
        (json!({"app": {"port": -1}}), "app.port"),
        (json!({"app": {"port": 3.5}}), "app.port"),
        (json!({"auth": {"tokenDuration": null}}), "auth.tokenDuration"),
        (json!({"clients": [{"displayName": "x"}]}), "clients"),
        (json!({"clients": {}}), "clients"),
        (json!({"systems": {"internalid": {"uri": [1]}}}), "systems.internalid.uri"),
        (json!({"systems": {"x": {"uri": "a b"}}}), "systems.x.uri"),
        (
            json!({"matching": {"autoMatchPatientWithHumanAdjudTag": "maybe"}}),
            "matching.autoMatchPatientWithHumanAdjudTag",
        ),
    ] {
        let translation = of(&config);
        assert!(matches!(fate(&translation, key), Fate::Refused(_)), "{config}");
        assert!(translation.table.is_empty(), "{config}");
    }
}

#[test]
fn every_key_taken_is_one_of_ours() {
    let schema: Table = DEFAULT.parse().unwrap();
    let translation = of(&json!({
        "app": {"port": 1}, "auth": {"tokenDuration": 60}, "codes": {"goldenRecord": "g"},
        "matching": {"autoMatchPatientWithHumanAdjudTag": false},
        "clients": [{"id": "a"}],
        "systems": {"CRBaseURI": "http://b", "internalid": {"uri": "http://i"},
            "brokenMatch": {"uri": "http://m"}, "x": {"uri": "http://x", "displayName": "X"}},
    }));
    for told in &translation.told {
        let Fate::Taken(ours, _) = &told.fate else { panic!("{told:?}") };
        let whole = Value::Table(schema.clone());
        let found = ours.split('.').try_fold(&whole, |value, part| value.get(part));
        assert!(found.is_some(), "{ours}");
    }
}

#[test]
fn variables_of_opencr_count_below_ours_and_are_typed() {
    let config = load(&[
        ("app__port", "3001"),
        ("auth:tokenDuration", "600"),
        ("matching__autoMatchPatientWithHumanAdjudTag", "false"),
        ("systems__internalid__uri", "http://a, http://b"),
        ("systems__nationalid__uri", "http://clientregistry.org/nationalid"),
        ("systems__nationalid__displayName", "NIN"),
        ("systems__passport__uri", "[\"http://p\"]"),
        ("systems__passport__displayName", "Passport"),
        ("OPENCR__PEOPLE__SESSION_MINUTES", "7"),
        ("other__program", "x"),
        ("PATH", "/bin:/usr/bin"),
    ])
    .unwrap();
    assert_eq!(config.server.port, 3001);
    assert_eq!(config.people.session_minutes, 7);
    assert!(!config.matching.rematch_adjudicated);
    assert_eq!(config.systems.internal_ids, ["http://a", "http://b"]);
    assert_eq!(
        config.people.identifier_labels,
        [
            "http://clientregistry.org/artnumber ART Number",
            "http://clientregistry.org/nationalid NIN",
            "http://p Passport",
        ]
    );
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(config.describe().contains("# server.port: from app__port"));
}

#[test]
fn variables_that_say_nothing_here_are_told_without_their_values() {
    let config = load(&[
        ("fhirServer__password", "s3cret"),
        ("mediator__api__password", "s3cret"),
        ("mediator__register", "false"),
        ("mediator__api__trustSelfSigned", "true"),
        ("app__prot", "s3cret"),
        ("systems__passport__uri", "http://p"),
    ])
    .unwrap();
    let told = config.warnings.join("\n");
    for expected in [
        "fhirServer__password is ignored: the store is inside",
        "mediator__api__password is not used",
        "app__prot is ignored: OpenCR has no such key",
        "systems__passport__uri and systems__passport__displayName only work together",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!told.contains("s3cret"));
    assert!(!config.openhim.enabled && config.openhim.trust_self_signed);
    assert_eq!(config.people.identifier_labels.len(), 2);
}

#[test]
fn one_key_in_two_spellings_has_one_value() {
    assert_eq!(load(&[("app__port", "1"), ("app:port", "1")]).unwrap().server.port, 1);
    let error = load(&[("app__port", "1"), ("app:port", "2")]).unwrap_err();
    assert!(error.contains("app.port is set twice"), "{error}");
}

#[test]
fn variables_with_wrong_values_are_refused_by_name() {
    for (name, value, expected) in [
        ("app__port", "s3cret", "environment variable app__port: app.port must be a whole number"),
        ("app:port", "", "environment variable app:port"),
        ("app__port", "70000", "app__port: server.port must be from 0 to 65535"),
        ("matching__autoMatchPatientWithHumanAdjudTag", "yes", "must be true or false"),
    ] {
        let error = load(&[(name, value)]).unwrap_err();
        assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
    }
}
