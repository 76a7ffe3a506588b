//! Parsing, indexing and meaning of searches.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::date::DAY_US;
use crate::outcome::{Issue, IssueType};
use crate::resource::Resource;

fn parse(query: &[(&str, &str)]) -> Result<SearchRequest, Vec<Issue>> {
    let params: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse_search(&params, &SearchLimits::STANDARD)
}

fn one_filter(name: &str, value: &str) -> Filter {
    let mut filters = parse(&[(name, value)]).unwrap().filters;
    assert_eq!(filters.len(), 1, "{name}={value}");
    filters.remove(0)
}

fn token(system: Option<Option<&str>>, code: Option<&str>) -> TokenMatch {
    TokenMatch {
        system: system.map(|system| system.map(str::to_owned)),
        code: code.map(str::to_owned),
    }
}

fn amina() -> Value {
    json!({
        "resourceType": "Patient",
        "id": "a",
        "identifier": [{"system": "urn:nid", "value": "12,3|4"}, {"value": "77"}],
        "name": [{"family": "Wánjikũ", "given": ["Amina", "Zawadi"], "prefix": ["Dr"],
                  "text": "Mama Tom"}],
        "telecom": [{"system": "phone", "value": "0722 000 111"},
                    {"system": "email", "value": "Amina@X.org"},
                    {"system": "url", "value": "http://a.b/c"}],
        "gender": "female",
        "birthDate": "1990-02",
        "deceasedDateTime": "2020-05-01T10:00:00+03:00",
        "address": [{"use": "home", "line": ["Plot 4"], "city": "Kisumu", "state": "Nyanza",
                     "postalCode": "40100", "country": "KE", "district": "Winam"}],
        "extension": [{"url": crate::patient::MOTHERS_MAIDEN_NAME, "valueString": "Achieng"}]
    })
}

/// Tells whether a search of one parameter finds the Patient.
fn finds(patient: &Value, name: &str, value: &str) -> bool {
    let patient = Resource::from_value(patient.clone()).unwrap();
    let tags = [(Some("urn:t".to_owned()), "c".to_owned()), (None, "golden".to_owned())];
    let links = ["g1".to_owned()];
    let facts = SearchFacts { id: "a", tags: &tags, links: &links, last_updated_us: 10 * DAY_US };
    let entries = index_entries(&patient);
    let request = parse(&[(name, value)]).unwrap();
    request.filters.iter().all(|filter| matches(filter, &facts, &entries))
}

/// Searches the Patient of [`amina`] with each row.
fn check(table: &[(&str, &str, bool)]) {
    let patient = amina();
    for (name, value, expected) in table {
        assert_eq!(finds(&patient, name, value), *expected, "{name}={value}");
    }
}

#[test]
fn texts_are_found_by_start_part_or_whole() {
    check(&[
        ("family", "wan", true),
        ("family", "WANJIKU", true),
        ("family", "jiku", false),
        ("family:contains", "JIKU", true),
        ("family:exact", "Wánjikũ", true),
        ("family:exact", "Wanjiku", false),
        ("family", "x,wan", true),
        ("given", "zaw", true),
        ("given", "wan", false),
        ("name", "wan", true),
        ("name", "dr", true),
        ("name", "mama t", true),
        ("name", "\u{301}", false),
        ("mothersMaidenName", "ach", true),
        ("address", "kis", true),
        ("address", "plot", true),
        ("address", "winam", true),
        ("address-city", "kisumu", true),
        ("address-city", "nyanza", false),
        ("address-state", "nya", true),
        ("address-postalcode", "401", true),
        ("address-country", "ke", true),
    ]);
}

#[test]
fn tokens_are_found_by_system_and_code() {
    check(&[
        ("address-use", "home", true),
        ("address-use", "http://hl7.org/fhir/address-use|home", true),
        ("identifier", "urn:nid|12\\,3\\|4", true),
        ("identifier", "12\\,3|4", false),
        ("identifier", "urn:nid|", true),
        ("identifier", "urn:other|", false),
        ("identifier", "|77", true),
        ("identifier", "77", true),
        ("identifier", "urn:nid|77", false),
        ("identifier", "78,77", true),
        ("identifier:not", "77", false),
        ("identifier:not", "78", true),
        ("gender", "male,female", true),
        ("gender", "http://hl7.org/fhir/administrative-gender|female", true),
        ("gender", "urn:x|female", false),
        ("gender:not", "male", true),
        ("active", "true", true),
        ("active", "false", false),
        ("active:not", "false", true),
        ("active", "true,false", true),
        ("active:not", "true,false", false),
        ("active:missing", "true", true),
        ("deceased", "true", true),
        ("deceased", "false", false),
        ("phone", "0722 000 111", true),
        ("phone", "0722000111", true),
        ("phone", "tel:0722-000-111", true),
        ("phone", "0722", false),
        ("phone", "amina@x.org", false),
        ("email", "AMINA@x.org", true),
        ("email", "mailto:amina@x.org", true),
        ("telecom", "phone|0722000111", true),
        ("telecom", "email|0722000111", false),
        ("telecom", "http://a.b/c", true),
        ("telecom", "url|", true),
        ("phone:missing", "false", true),
    ]);
}

#[test]
fn dates_are_found_by_their_relation() {
    check(&[
        ("birthdate", "1990", true),
        ("birthdate", "1990-02", true),
        ("birthdate", "1990-02-03", false),
        ("birthdate", "ne1990-02-03", true),
        ("birthdate", "ge1990-02-10", true),
        ("birthdate", "lt1990-02-10", true),
        ("birthdate", "sa1990-02-10", false),
        ("birthdate", "sa1990-01", true),
        ("birthdate", "eb1990-03", true),
        ("birthdate", "ap1991", true),
        ("birthdate", "ap1993", false),
        ("birthdate", "1989,1990", true),
        ("birthdate:missing", "true", false),
        ("death-date", "2020-05-01T07:00:00Z", true),
        ("death-date", "2020-05-01T10:00:00 03:00", true),
        ("_lastUpdated", "1970-01-11", true),
        ("_lastUpdated", "gt1970-01-10", true),
        ("_lastUpdated", "lt1970-01-11", false),
    ]);
}

#[test]
fn records_are_found_by_id_tag_and_link() {
    check(&[
        ("_id", "b,a", true),
        ("_id", "Patient/a", true),
        ("_id", "http://x/fhir/Patient/a", true),
        ("_id", "Person/a", false),
        ("_id", "é", false),
        ("_tag", "urn:t|c", true),
        ("_tag", "c", true),
        ("_tag", "|c", false),
        ("_tag", "|golden", true),
        ("_tag", "urn:t|", true),
        ("_tag:not", "golden", false),
        ("_tag:not", "x,y", true),
        ("link", "g1", true),
        ("link", "Patient/g1", true),
        ("link:Patient", "g1", true),
        ("link", "g2", false),
    ]);
}

#[test]
fn silence_about_life_means_alive_and_active() {
    let silent = json!({ "resourceType": "Patient", "id": "a" });
    assert!(finds(&silent, "active", "true"));
    assert!(finds(&silent, "deceased", "false"));
    assert!(finds(&silent, "deceased:missing", "true"));
    assert!(finds(&silent, "gender:not", "male"));
    assert!(finds(&silent, "family:missing", "true"));
    assert!(!finds(&silent, "birthdate", "ne1990"));
    let retired = json!({ "resourceType": "Patient", "active": false, "deceasedBoolean": false });
    assert!(finds(&retired, "active", "false"));
    assert!(finds(&retired, "deceased", "false"));
    assert!(finds(&retired, "active:missing", "false"));
}

#[test]
fn date_relations_follow_the_ranges() {
    let value = (10, 20);
    for (prefix, inside, across_start, across_end, before, after) in [
        (Prefix::Eq, true, false, false, false, false),
        (Prefix::Ne, false, true, true, true, true),
        (Prefix::Gt, false, false, true, false, true),
        (Prefix::Lt, false, true, false, true, false),
        (Prefix::Ge, true, false, true, false, true),
        (Prefix::Le, true, true, false, true, false),
        (Prefix::Sa, false, false, false, false, true),
        (Prefix::Eb, false, false, false, true, false),
        (Prefix::Ap, true, true, true, false, false),
    ] {
        let relation = DateMatch { prefix, range: value };
        let found = [(12, 13), (5, 15), (15, 25), (1, 10), (20, 25)]
            .map(|(lo, hi)| relation.accepts(lo, hi));
        assert_eq!(found, [inside, across_start, across_end, before, after], "{prefix:?}");
    }
}

#[test]
fn tokens_keep_the_difference_between_any_and_no_system() {
    for (value, expected) in [
        ("v", token(None, Some("v"))),
        ("|v", token(Some(None), Some("v"))),
        ("s|", token(Some(Some("s")), None)),
        ("s|v", token(Some(Some("s")), Some("v"))),
        ("s|v|w", token(Some(Some("s")), Some("v|w"))),
        ("s\\|t|v\\,w\\$\\\\", token(Some(Some("s|t")), Some("v,w$\\"))),
        ("v\\x", token(None, Some("v\\x"))),
        ("v\\", token(None, Some("v\\"))),
    ] {
        let Filter::Token { any, .. } = one_filter("identifier", value) else { panic!("{value}") };
        assert!(any == [expected], "{value}");
    }
}

#[test]
fn refusals_name_the_parameter_and_never_the_value() {
    for (name, value) in [
        ("birthdate", "Wanjiku"),
        ("birthdate", "1990-02-30"),
        ("birthdate", "xx1990"),
        ("birthdate", "ge"),
        ("birthdate:exact", "1990"),
        ("_lastUpdated", "Wanjiku"),
        ("family:text", "Wanjiku"),
        ("family:", "Wanjiku"),
        ("family:missing", "Wanjiku"),
        ("gender:exact", "male"),
        ("active", "Wanjiku"),
        ("identifier", "|"),
        ("_id:not", "a"),
        ("_tag:text", "a"),
        ("link:Person", "a"),
        ("_count", "-1"),
        ("_count", "Wanjiku"),
        ("_sort", "Wanjiku"),
        ("_sort", "family,--_id"),
        ("_summary", "Wanjiku"),
        ("_total", "Wanjiku"),
        ("_elements", "Wanjiku Jane"),
        ("_include:once", "Patient:link"),
    ] {
        let issues = parse(&[(name, value)]).unwrap_err();
        let base = name.split(':').next().unwrap();
        assert_eq!(issues.len(), 1, "{name}={value}");
        assert!(issues[0].diagnostics.contains(base), "{name}");
        assert_eq!(issues[0].expression, [format!("http.{base}")]);
        assert!(!format!("{issues:?}").contains("Wanjiku"), "{name}={value}");
    }
}

#[test]
fn all_bad_parameters_are_reported() {
    assert_eq!(parse(&[("birthdate", "x"), ("_sort", "y"), ("family", "z")]).unwrap_err().len(), 2);
}

#[test]
fn result_parameters_shape_the_answer() {
    let request = parse(&[
        ("_count", "5"),
        ("_sort", "-_lastUpdated,family,-family"),
        ("_summary", "count"),
        ("_elements", "link,Patient.extension"),
        ("_include:recurse", "Patient:link"),
        ("_include", "Patient:link"),
        ("_total", "accurate"),
        ("_format", "json"),
    ])
    .unwrap();
    assert_eq!(request.count, 5);
    assert_eq!(
        request.sort,
        [
            SortKey { field: SortField::LastUpdated, descending: true },
            SortKey { field: SortField::Family, descending: false },
        ]
    );
    assert_eq!(request.summary, Summary::Count);
    assert_eq!(request.elements.unwrap(), ["link", "extension"]);
    assert_eq!(request.includes, IncludeLink::Iterate);
    assert_eq!(request.applied.len(), 8);
    assert!(request.filters.is_empty() && request.ignored.is_empty());
}

#[test]
fn count_is_bounded_and_the_self_link_shows_it() {
    for (asked, count, applied) in [
        ("0", 0, "0"),
        ("1000", 1000, "1000"),
        ("1001", 1000, "1000"),
        ("99999999999999999999999999", 1000, "1000"),
    ] {
        let request = parse(&[("_count", asked)]).unwrap();
        assert_eq!(request.count, count);
        assert_eq!(request.applied, [("_count".to_owned(), applied.to_owned())]);
    }
    assert_eq!(parse(&[]).unwrap().count, 20);
}

#[test]
fn unknown_is_ignored_and_empty_is_absent() {
    let request = parse(&[
        ("shoe-size", "44"),
        ("shoe-size:exact", "44"),
        ("family", ""),
        ("given", "  "),
        ("birthdate", ","),
        ("_include", "Patient:organization"),
        ("family", "wan"),
    ])
    .unwrap();
    assert_eq!(request.ignored, ["shoe-size", "shoe-size:exact", "_include"]);
    assert_eq!(request.filters.len(), 1);
}

#[test]
fn repeated_parameters_are_all_asked() {
    let request = parse(&[("given:contains", "emm"), ("given:contains", "emma")]).unwrap();
    assert_eq!(request.filters.len(), 2);
}

#[test]
fn oversized_searches_are_refused() {
    let many: Vec<(&str, &str)> = vec![("family", "a"); 65];
    assert_eq!(parse(&many).unwrap_err()[0].code, IssueType::TooCostly);
    let ids = vec!["a"; 501].join(",");
    assert_eq!(parse(&[("_id", &ids)]).unwrap_err()[0].code, IssueType::TooCostly);
    let long = "x".repeat(32 * 1024 + 1);
    assert_eq!(parse(&[("family", &long)]).unwrap_err()[0].code, IssueType::TooLong);
}

#[test]
fn long_texts_are_clipped_alike_on_both_sides() {
    let long = "é".repeat(INDEX_TEXT_MAX + 50);
    let patient = json!({"resourceType": "Patient", "name": [{"family": long}],
                         "identifier": [{"value": long}]});
    assert!(finds(&patient, "family:exact", &long));
    assert!(finds(&patient, "family", &long));
    assert!(finds(&patient, "identifier", &long));
}

#[test]
fn index_of_other_resources_is_empty() {
    let person = Resource::from_value(json!({"resourceType": "Person", "gender": "male"})).unwrap();
    assert_eq!(index_entries(&person), []);
}

#[test]
fn debug_shows_no_patient_data() {
    let request = parse(&[("family", "Wanjiku"), ("identifier", "777"), ("birthdate", "1990")]);
    let entries = index_entries(&Resource::from_value(amina()).unwrap());
    let shown = format!("{:?} {entries:?}", request.unwrap());
    for secret in ["anjik", "777", "1990", "Kisumu", "0722"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

/// Escapes a value as a client must.
fn escaped(value: &str) -> String {
    let escape = |c: char| if ",|$\\".contains(c) { vec!['\\', c] } else { vec![c] };
    value.chars().flat_map(escape).collect()
}

proptest! {
    #[test]
    fn fuzz_searches_are_answered(params in proptest::collection::vec((any::<String>(), any::<String>()), 0..5)) {
        let _ = parse_search(&params, &SearchLimits::STANDARD);
    }

    #[test]
    fn fuzz_parameter_values_are_answered(
        at in 0..PARAMETERS.len(),
        modifier in "|:exact|:contains|:not|:missing|:x",
        value in r"[a-zé,|\\$0-9 :T\-]{0,20}",
    ) {
        let name = format!("{}{modifier}", PARAMETERS[at].name);
        let _ = parse(&[(&name, &value)]);
    }

    #[test]
    fn what_is_indexed_is_found(
        family in any::<String>(),
        value in any::<String>(),
        phone in any::<String>(),
        year in 1u16..10_000,
        month in 1u8..13,
    ) {
        let birth_date = format!("{year:04}-{month:02}");
        let patient = json!({
            "resourceType": "Patient", "birthDate": birth_date,
            "name": [{"family": family}], "identifier": [{"system": "urn:s", "value": value}],
            "telecom": [{"system": "phone", "value": phone}]
        });
        if !fold(&family).is_empty() {
            for name in ["family", "family:contains", "family:exact", "name"] {
                prop_assert!(finds(&patient, name, &escaped(&family)), "{}", name);
            }
        }
        if !value.trim().is_empty() {
            let query = format!("urn:s|{}", escaped(&value));
            prop_assert!(finds(&patient, "identifier", &query));
            prop_assert!(finds(&patient, "identifier", &escaped(&value)));
        }
        if !phone.trim().is_empty() {
            prop_assert!(finds(&patient, "phone", &escaped(&phone)));
            prop_assert!(finds(&patient, "telecom", &escaped(&phone)));
        }
        for prefix in ["", "eq", "ge", "le", "ap"] {
            let query = format!("{prefix}{birth_date}");
            prop_assert!(finds(&patient, "birthdate", &query));
        }
        for prefix in ["ne", "gt", "lt", "sa", "eb"] {
            let query = format!("{prefix}{birth_date}");
            prop_assert!(!finds(&patient, "birthdate", &query));
        }
    }

    #[test]
    fn prefix_of_a_text_finds_it(family in "[a-zA-ZéØß' -]{1,20}", take in 1usize..10) {
        let patient = json!({ "resourceType": "Patient", "name": [{"family": family}] });
        let start: String = family.chars().take(take).collect();
        if !fold(&start).is_empty() {
            prop_assert!(finds(&patient, "family", &start));
            prop_assert!(finds(&patient, "family:contains", &start));
        }
    }
}
