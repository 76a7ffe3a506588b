//! Mapping files right and wrong, and which guess wins.

use super::*;

fn targets(header: &[&str], mapping: Option<&str>) -> Vec<Option<Target>> {
    let mapping = mapping.map(|text| Mapping::parse(text).unwrap());
    let header = header.iter().map(|name| (*name).to_owned()).collect();
    columns(header, mapping.as_ref()).unwrap().into_iter().map(|column| column.target).collect()
}

fn refusal(text: &str) -> String {
    Mapping::parse(text).unwrap_err().to_string()
}

#[test]
fn the_usual_name_wins_a_single_target() {
    let found = targets(&["id", "rec_id", "surname", "family_name"], None);
    assert_eq!(found, [None, Some(Target::Id), Some(Target::Family), None]);
}

#[test]
fn a_mapping_outranks_the_guess_and_frees_the_name() {
    let mapping = "[columns]\n'Kolumn' = 'given'\n'given' = 'ignore'\n";
    let found = targets(&["Kolumn", "given", "surname"], Some(mapping));
    assert_eq!(found, [Some(Target::Given), None, Some(Target::Family)]);
}

#[test]
fn guessing_can_be_switched_off() {
    let found = targets(&["a", "surname"], Some("guess = false\n[columns]\na = 'id'"));
    assert_eq!(found, [Some(Target::Id), None]);
}

#[test]
fn an_unknown_target_names_the_nearest() {
    assert_eq!(
        refusal("[columns]\nx = 'famly'"),
        "column 'x': there is no target 'famly'; did you mean 'family'?"
    );
    assert!(refusal("[columns]\nx = 'zzz'").contains("use one of id, given"));
    assert!(refusal("[columns]\nx = 'identifier:'").contains("no target"));
}

#[test]
fn a_mapping_refuses_unknown_keys_and_doubles() {
    assert!(refusal("colums = 1").contains("colums"));
    assert!(refusal("[columns]\na = 'id'\nb = 'id'").contains("cannot both be 'id'"));
}

#[test]
fn a_mapped_column_that_is_missing_is_named_with_the_nearest() {
    let mapping = Mapping::parse("[columns]\nGivenName = 'given'").unwrap();
    let error = columns(vec!["GivenNames".into(), "surname".into()], Some(&mapping));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("did you mean 'GivenNames'?"), "{text}");
}

#[test]
fn a_header_of_unknown_names_is_refused() {
    let error = columns(vec!["foo".into(), "bar".into()], None).unwrap_err();
    assert_eq!(error, HeaderError::NothingKnown);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    })]

    #[test]
    fn fuzz_mapping_files_never_panic(body in "[a-z\\[\\]=\"0-9.\\n _:#{},-]{0,120}") {
        let _ = Mapping::parse(&body);
        let _ = Mapping::parse(&format!("[columns]\n{body}"));
    }
}
