//! One table of refusals, and mutations that must all be answered.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A Patient that uses every element this validator knows.
fn full() -> Value {
    json!({
        "resourceType": "Patient",
        "id": "p-1",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00.000Z",
                 "profile": ["http://x/P|1.0"], "tag": [{"system": "urn:t", "code": "c"}]},
        "implicitRules": "urn:r", "language": "en",
        "text": {"status": "generated", "div": "<div>x</div>"},
        "contained": [{"resourceType": "Organization", "id": "o"}],
        "extension": [
            {"url": "urn:a", "valueDecimal": 1.10},
            {"url": "urn:b", "extension": [{"url": "c", "valueReference": {"reference": "Patient/x"}}]},
            {"url": "urn:q", "valueQuantity": {"value": 1}}],
        "modifierExtension": [{"url": "urn:m", "valueBoolean": true}],
        "identifier": [{"use": "official", "type": {"coding": [{"code": "MR"}]}, "system": "urn:s",
                        "value": "1", "period": {"start": "2020", "end": "2020-06"},
                        "assigner": {"display": "x"}}],
        "active": true,
        "name": [{"use": "usual", "family": "F", "given": ["G", null], "_given": [null, {"id": "g"}],
                  "_family": {"extension": [{"url": "urn:e", "valueString": "x"}]}}],
        "telecom": [{"system": "phone", "value": "0722", "use": "mobile", "rank": 1}],
        "gender": "female",
        "birthDate": "1990-02-28", "_birthDate": {"extension": [{"url": "urn:t", "valueDateTime": "1990-02-28T10:00:00Z"}]},
        "deceasedBoolean": false,
        "address": [{"use": "home", "type": "both", "line": ["Box 1"], "city": "Kisumu"}],
        "maritalStatus": {"text": "M"},
        "multipleBirthInteger": 2,
        "photo": [{"contentType": "image/png", "data": "YQ==", "size": 1}],
        "contact": [{"relationship": [{"text": "mother"}], "name": {"text": "x"}, "gender": "female"}],
        "communication": [{"language": {"text": "Luo"}, "preferred": true}],
        "generalPractitioner": [{"reference": "Practitioner/1"}],
        "managingOrganization": {"reference": "#o"},
        "link": [{"other": {"reference": "Patient/y"}, "type": "refer"}]
    })
}

fn issues(value: Value) -> Vec<Issue> {
    validate_patient(&Resource::from_value(value).unwrap())
}

/// Validates a Patient with these members and gives severity, code and place of each issue.
fn found(members: &Value) -> Vec<(Severity, IssueType, String)> {
    let mut patient = json!({ "resourceType": "Patient" });
    for (name, value) in members.as_object().unwrap() {
        patient[name] = value.clone();
    }
    let found = issues(patient).into_iter();
    found.map(|issue| (issue.severity, issue.code, issue.expression.join(" "))).collect()
}

#[test]
fn full_patient_has_no_issue() {
    assert_eq!(issues(full()), []);
}

/// Checks that each row's members have exactly one issue: an error of this kind, there.
fn refuses(table: &[(Value, IssueType, &str)]) {
    for (members, code, place) in table {
        let expected = [(Severity::Error, *code, (*place).to_owned())];
        assert_eq!(found(members), expected, "{members}");
    }
}

#[test]
fn wrong_shapes_are_named() {
    use IssueType::{CodeInvalid, Structure, TooLong, Value as Lexical};
    let many = vec![json!({ "text": "x" }); ITEMS_MAX + 1];
    refuses(&[
        (json!({"name": {"family": "F"}}), Structure, "Patient.name"),
        (json!({"name": []}), Structure, "Patient.name"),
        (json!({"name": [{}]}), Structure, "Patient.name[0]"),
        (json!({"name": [null]}), Structure, "Patient.name[0]"),
        (json!({"name": ["F"]}), Structure, "Patient.name[0]"),
        (json!({"name": many}), TooLong, "Patient.name"),
        (json!({"name": [{"given": ["G", ""]}]}), Lexical, "Patient.name[0].given[1]"),
        (json!({"name": [{"given": "G"}]}), Structure, "Patient.name[0].given"),
        (json!({"name": [{"given": [1]}]}), Structure, "Patient.name[0].given[0]"),
        (json!({"name": [{"given": ["G", null]}]}), Structure, "Patient.name[0].given[1]"),
        (json!({"name": [{"family": ["F"]}]}), Structure, "Patient.name[0].family"),
        (json!({"name": [{"family": ""}]}), Lexical, "Patient.name[0].family"),
        (json!({"name": [{"family": null}]}), Structure, "Patient.name[0].family"),
        (json!({"name": [{"use": "Official"}]}), CodeInvalid, "Patient.name[0].use"),
        (json!({"name": [{"use": 1}]}), Structure, "Patient.name[0].use"),
        (
            json!({"name": [{"given": ["a", "b"], "_given": [{"id": "x"}]}]}),
            Structure,
            "Patient.name[0].given",
        ),
        (json!({"name": [{"_given": [null, {"id": "x"}]}]}), Structure, "Patient.name[0].given[0]"),
    ]);
}

#[test]
fn wrong_values_are_named() {
    use IssueType::{CodeInvalid, Required, Structure, Value as Lexical};
    refuses(&[
        (json!({"_name": [{"id": "x"}]}), Structure, "Patient.name"),
        (json!({"_birthDate": "1990"}), Structure, "Patient.birthDate"),
        (json!({"_birthDate": {}}), Structure, "Patient.birthDate"),
        (
            json!({"birthDate": "1990", "_birthDate": {"extension": [{"valueString": "x"}]}}),
            Required,
            "Patient.birthDate.extension[0].url",
        ),
        (json!({"birthDate": "1990-02-30"}), Lexical, "Patient.birthDate"),
        (json!({"birthDate": "28/02/1990"}), Lexical, "Patient.birthDate"),
        (json!({"birthDate": "1990-02-28T10:00:00Z"}), Lexical, "Patient.birthDate"),
        (json!({"birthDate": 1990}), Structure, "Patient.birthDate"),
        (json!({"gender": "F"}), CodeInvalid, "Patient.gender"),
        (json!({"active": "true"}), Structure, "Patient.active"),
        (json!({"id": "a_b"}), Lexical, "Patient.id"),
        (json!({"meta": {"lastUpdated": "2020"}}), Lexical, "Patient.meta.lastUpdated"),
        (json!({"identifier": [{"system": "a b"}]}), Lexical, "Patient.identifier[0].system"),
        (json!({"identifier": [{"use": "x"}]}), CodeInvalid, "Patient.identifier[0].use"),
        (
            json!({"telecom": [{"system": "tel", "value": "1"}]}),
            CodeInvalid,
            "Patient.telecom[0].system",
        ),
        (json!({"telecom": [{"system": "phone", "rank": 0}]}), Lexical, "Patient.telecom[0].rank"),
        (json!({"address": [{"type": "x"}]}), CodeInvalid, "Patient.address[0].type"),
        (
            json!({"address": [{"period": {"start": "2020-13"}}]}),
            Lexical,
            "Patient.address[0].period.start",
        ),
    ]);
}

#[test]
fn wrong_combinations_are_named() {
    use IssueType::{CodeInvalid, Invariant, Required, Structure, Value as Lexical};
    refuses(&[
        (
            json!({"deceasedBoolean": true, "deceasedDateTime": "2020"}),
            Invariant,
            "Patient.deceased",
        ),
        (json!({"deceasedDateTime": "2020-01-01T10:00"}), Lexical, "Patient.deceased"),
        (json!({"multipleBirthInteger": 1.5}), Lexical, "Patient.multipleBirth"),
        (json!({"link": [{"type": "refer"}]}), Required, "Patient.link[0].other"),
        (
            json!({"link": [{"other": {"reference": "Patient/x"}, "type": "see"}]}),
            CodeInvalid,
            "Patient.link[0].type",
        ),
        (
            json!({"communication": [{"preferred": true}]}),
            Required,
            "Patient.communication[0].language",
        ),
        (json!({"extension": [{"url": "urn:x"}]}), Invariant, "Patient.extension[0]"),
        (
            json!({"extension": [{"url": "urn:x", "valueString": "a", "valueCode": "b"}]}),
            Invariant,
            "Patient.extension[0].value",
        ),
        (
            json!({"extension": [{"url": "urn:x", "valueQuantity": 1}]}),
            Structure,
            "Patient.extension[0].value",
        ),
        (json!({"text": {"status": "generated"}}), Required, "Patient.text.div"),
        (json!({"contained": [{"id": "x"}]}), Structure, "Patient.contained[0]"),
        (
            json!({"contained": [{"resourceType": "Patient", "contained": []}]}),
            Invariant,
            "Patient.contained[0]",
        ),
    ]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let members = json!({"gender": "F", "birthDate": "x", "name": [{"family": ""}]});
    assert_eq!(found(&members).len(), 3);
}

#[test]
fn what_stays_readable_is_a_warning() {
    for (members, place) in [
        (json!({"telecom": [{"value": "0722"}]}), "Patient.telecom[0]"),
        (json!({"contact": [{"gender": "male"}]}), "Patient.contact[0]"),
        (json!({"photo": [{"data": "YQ=="}]}), "Patient.photo[0]"),
        (json!({"name": [{"family": "  "}]}), "Patient.name[0].family"),
        (
            json!({"name": [{"text": "x", "period": {"start": "2021", "end": "2020"}}]}),
            "Patient.name[0].period",
        ),
    ] {
        let expected = (Severity::Warning, IssueType::Invariant, place.to_owned());
        assert_eq!(found(&members), [expected], "{members}");
    }
}

#[test]
fn unknown_members_are_remarked_only() {
    for (members, place) in [
        (json!({"animal": {}}), "Patient.animal"),
        (json!({"name": [{"text": "x", "middle": []}]}), "Patient.name[0].middle"),
        (json!({"John 1990-01-01": 1}), "Patient"),
        (json!({"extension": [{"url": "u", "valueFoo": 1}]}), "Patient.extension[0].valueFoo"),
    ] {
        let (severity, code) = (Severity::Information, IssueType::Informational);
        assert_eq!(found(&members), [(severity, code, place.to_owned())], "{members}");
    }
}

#[test]
fn other_resources_are_not_patients() {
    let found = issues(json!({ "resourceType": "Person" }));
    assert_eq!((found.len(), found[0].code), (1, IssueType::Invalid));
}

#[test]
fn list_of_issues_is_bounded_and_says_so() {
    let names = vec![json!({ "family": "" }); ERRORS_MAX * 2];
    let found = issues(json!({ "resourceType": "Patient", "name": names }));
    assert_eq!(found.len(), ERRORS_MAX);
    assert_eq!(found[ERRORS_MAX - 1].code, IssueType::Incomplete);
}

#[test]
fn remarks_never_crowd_out_an_error() {
    let mut patient = json!({ "resourceType": "Patient" });
    for number in 0..REMARKS_MAX * 2 {
        patient[format!("x{number}")] = json!(1);
    }
    patient["gender"] = json!("F");
    assert!(issues(patient).iter().any(Issue::is_error));
}

#[test]
fn issues_never_repeat_a_value() {
    let secret = "Wanjiku-1990";
    let patient = json!({
        "resourceType": "Patient", "id": "Wanjiku_1990", "gender": secret, "birthDate": secret,
        "active": secret, "name": [{"use": secret}], "identifier": secret,
        "extension": [{"url": secret}], "Wanjiku-1990 x": 1
    });
    assert!(!format!("{:?}", issues(patient)).contains("Wanjiku"));
}

/// Puts `junk` at the `target`th place of the tree, counting in order of the walk.
fn mutate(value: &mut Value, target: &mut usize, junk: &Value) {
    if *target == 0 {
        *value = junk.clone();
        *target = usize::MAX;
        return;
    }
    *target -= 1;
    match value {
        Value::Object(members) => members.values_mut().for_each(|v| mutate(v, target, junk)),
        Value::Array(items) => items.iter_mut().for_each(|v| mutate(v, target, junk)),
        _ => {}
    }
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null])),
        Just(json!([[]])),
        Just(json!({ "extension": [{}] })),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn fuzz_mutated_patients_are_answered(target in 1usize..140, junk in junk()) {
        let mut value = full();
        mutate(&mut value, &mut target.clone(), &junk);
        if let Ok(resource) = Resource::from_value(value) {
            let found = validate_patient(&resource);
            prop_assert!(found.len() <= ERRORS_MAX + REMARKS_MAX);
            crate::search::index_entries(&resource);
        }
    }

    #[test]
    fn any_value_of_an_element_is_answered(member in "[a-z]{1,12}|name|_given|deceasedBoolean", junk in junk()) {
        found(&json!({ member: junk }));
    }
}
