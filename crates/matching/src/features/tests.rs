//! Preparing whole records.

use super::*;

fn specs() -> Vec<FeatureSpec> {
    let spec = |kind| FeatureSpec::new("n", "p", kind);
    vec![spec(FeatureKind::Text), spec(FeatureKind::Sound), spec(FeatureKind::Set)]
}

fn features(values: &[&str]) -> Features {
    Features::from_values(&specs(), |_| values.iter().map(|value| (*value).to_owned()).collect())
}

#[test]
fn each_kind_prepares_the_values_its_way() {
    let features = features(&[" Grace", "Akinyi "]);
    assert_eq!(features.text(0), Some("grace akinyi"));
    assert_eq!((features.text(1), features.code(1)), (Some(" grace akinyi "), Some("KRSK")));
    assert_eq!(features.set(2), [" grace", "akinyi "]);
}

#[test]
fn no_value_and_empty_values_are_missing() {
    // Quirk 21, corrected: an absent field was the text `null`.
    assert_eq!(features(&[]), features(&[""]));
    assert_eq!(features(&[]), Features::empty(&specs()));
    assert!((0..3).all(|feature| features(&[]).is_missing(feature)));
}

#[test]
fn white_space_is_missing_as_text_only() {
    // Quirk 22: the notion of empty of the plugin's last version; phonetic terms are untrimmed.
    let features = features(&["  "]);
    assert!(features.is_missing(0));
    assert_eq!(features.text(1), Some("  "));
}

#[test]
fn debug_output_has_no_values() {
    let text = format!("{:?}", features(&["Otieno"]));
    assert_eq!(text, "Features { present: [true, true, true], .. }");
}

#[test]
fn a_code_may_meet_a_text() {
    // Both were terms of one field in Elasticsearch.
    let agree = |a: &str, b: &str| Value::agree(features(&[a]).value(1), features(&[b]).value(1));
    assert!(agree("th", "0") && agree("0", "th"));
    assert!(!agree("12", "34"), "two texts without a code are not alike");
    assert!(!agree("é", "ü"));
}
