//! Tests of single behaviours. The suites of HL7 and OpenCR are in `tests/path`.

use serde_json::{Value, json};

use super::*;

fn texts(expression: &str, resource: &Value) -> Result<Vec<String>, EvalError> {
    FhirPath::parse(expression).expect(expression).texts(resource)
}

fn check(expression: &str, resource: &Value, expected: &[&str]) {
    assert_eq!(texts(expression, resource).expect(expression), expected, "{expression}");
}

fn refusal(expression: &str) -> PathError {
    FhirPath::parse(expression).expect_err(expression)
}

#[test]
fn unknown_functions_are_refused_with_place_and_nearest_name() {
    let message = refusal("name.family.uper()").to_string();
    assert_eq!(message, "unknown function uper() at character 13; did you mean upper()?");
    let message = refusal("'é' & name.Where(use = 'x')").to_string();
    assert_eq!(message, "unknown function Where() at character 12; did you mean where()?");
    for function in ["resolve()", "descendants()", "type()", "trace('x')", "é()"] {
        assert!(FhirPath::parse(&format!("name.{function}")).is_err(), "{function}");
    }
}

#[test]
fn wrong_numbers_of_arguments_are_refused() {
    for (expression, message) in [
        ("name.first(1)", "first() takes 0 to 0 arguments, found 1 at character 6"),
        ("gender.substring()", "substring() takes 1 to 2 arguments, found 0 at character 8"),
        ("iif(true)", "iif() takes 2 to 3 arguments, found 1 at character 1"),
        ("name.ofType()", "ofType() takes 1 to 1 arguments, found 0 at character 6"),
        ("name.is(A, B)", "is() takes 1 to 1 arguments, found 2 at character 6"),
    ] {
        assert_eq!(refusal(expression).to_string(), message);
    }
}

#[test]
fn what_is_left_out_is_named() {
    for (expression, message) in [
        ("birthDate < today()", "today() at character 13 needs a clock, which paths do not have"),
        ("now()", "now() at character 1 needs a clock, which paths do not have"),
        ("birthDate + 5 years", "a quantity at character 13 is not supported"),
        ("1 'mg'", "a quantity at character 1 is not supported"),
        ("$total", "$total at character 1 is not supported"),
        ("%sct", "a variable other than %resource and %context at character 1 is not supported"),
        ("name.ofType(string1)", "unknown type string1 at character 13"),
        ("name is System.Patient", "unknown type System.Patient at character 9"),
    ] {
        assert_eq!(refusal(expression).to_string(), message);
    }
}

#[test]
fn malformed_expressions_say_what_was_expected() {
    for (expression, message) in [
        ("", "expected a value or a name at character 1"),
        ("name.where(use='official'", "expected , at character 26"),
        ("name..given", "expected a name at character 6"),
        ("name given", "expected an operator or the end at character 6"),
        ("'open", "expected a closing quote at character 1"),
        ("1 /* open", "expected the end of a comment at character 3"),
        ("@1990-13", "expected a date or time at character 1"),
        ("name[0", "expected ] at character 7"),
        ("{ 1 }", "expected } at character 3"),
        ("name # 1", "expected a name, value or operator at character 6"),
        (r"'\d'", r"expected an escape such as \\, \' or \u0041 at character 2"),
        (r"'\ud83d'", r"expected an escape such as \\, \' or \u0041 at character 2"),
        ("99999999999999999999", "expected a number with fewer digits at character 1"),
        ("gender.matches('(')", "pattern at character 8 cannot be used"),
        ("gender.matches('(?=x)')", "pattern at character 8 cannot be used"),
        (r"gender.matches('(\\w{999}){999}')", "pattern at character 8 cannot be used"),
    ] {
        assert_eq!(refusal(expression).to_string(), message, "{expression}");
    }
}

#[test]
fn literals_know_escapes_and_comments() {
    check(r"'\u0041\ud83d\ude00\t\'\`'", &json!({}), &["A😀\t'`"]);
    check("/* a */ 1 // b\n + 1", &json!({}), &["2"]);
    check(
        "{} | true | 1.50 | @2014-12 | @T10:30",
        &json!({}),
        &["true", "1.5", "2014-12", "10:30"],
    );
}

#[test]
fn choice_elements_are_found_by_both_spellings() {
    let patient = json!({
        "resourceType": "Patient",
        "deceasedDateTime": "2020-05",
        "multipleBirthInteger": 2,
        "birthDate": "1990-01-01",
        "extension": [{"url": "u", "valueString": "Luo"}, {"url": "v", "valueDecimal": 1.50}],
    });
    check("deceased", &patient, &["2020-05"]);
    check("deceasedDateTime", &patient, &["2020-05"]);
    check("deceased > @2020-04", &patient, &["true"]);
    check("multipleBirth | multipleBirthInteger", &patient, &["2"]);
    check("extension('u').value", &patient, &["Luo"]);
    check("extension.value.ofType(decimal)", &patient, &["1.5"]);
    check("extension.valueString is string", &patient, &["true"]);
    check("deceased is Period", &patient, &["false"]);
    check("birth", &patient, &[]);
    check(
        "extension('v').value",
        &json!({"extension": [{"url": "v", "value": "plain", "valueCode": "c"}]}),
        &["plain"],
    );
}

#[test]
fn primitives_with_only_an_extension_have_no_value_but_keep_it() {
    let patient = json!({
        "_birthDate": {"extension": [{"url": "t", "valueTime": "10:00"}]},
        "name": [{"given": ["A", null, "B", null], "_given": [null, null, {"id": "b"}, {"extension": [{"url": "x", "valueCode": "c"}]}]}],
    });
    check("birthDate", &patient, &[]);
    check("birthDate.exists()", &patient, &["false"]);
    check("birthDate.extension('t').value", &patient, &["10:00"]);
    check("birthDate.hasValue()", &patient, &["false"]);
    check("birthDate.where(extension.exists())", &patient, &[]);
    check("(birthDate).extension('t').exists()", &patient, &["true"]);
    check("(birthDate | gender).extension('t').exists()", &patient, &["true"]);
    check("(birthDate | name.given).extension.value", &patient, &["10:00", "c"]);
    check("name.given", &patient, &["A", "B"]);
    check("name.given.count()", &patient, &["2"]);
    check("name.given.id", &patient, &["b"]);
    check("name.given.where(id = 'b')", &patient, &["B"]);
    check("name.given.extension('x').value", &patient, &["c"]);
    check("name.given.select(hasValue())", &patient, &["true", "true", "false"]);
    check("name.given.getValue()", &patient, &[]);
    let value = json!({"_valueString": {"extension": [{"url": "x", "valueCode": "c"}]}});
    check("value", &value, &[]);
    check("value.extension('x').value", &value, &["c"]);
}

#[test]
fn complex_values_have_no_text_but_are_items() {
    let patient = json!({"name": [{"family": "A"}], "gender": "female", "odd": [["x"]]});
    check("name | gender | odd", &patient, &["female"]);
    assert_eq!(FhirPath::parse("name").unwrap().evaluate(&patient).unwrap().len(), 1);
    check("name.toString()", &patient, &[]);
}

#[test]
fn a_path_may_begin_with_the_type_of_the_resource() {
    let patient = json!({"resourceType": "Patient", "gender": "male"});
    check("Patient.gender", &patient, &["male"]);
    check("Resource.gender | DomainResource.gender", &patient, &["male"]);
    check("Person.gender", &patient, &[]);
    check("%resource.gender & %context.gender", &patient, &["malemale"]);
}

#[test]
fn partial_dates_compare_as_far_as_both_are_known() {
    let patient = json!({"birthDate": "1990-01"});
    check("birthDate < @1991", &patient, &["true"]);
    check("birthDate = @1990-01", &patient, &["true"]);
    check("birthDate = @1990-01-05", &patient, &[]);
    check("birthDate = @1990-02-05", &patient, &["false"]);
    check("birthDate >= @1990", &patient, &[]);
    check("birthDate ~ @1990", &patient, &["false"]);
    assert!(texts("birthDate < @1990", &json!({"birthDate": "unknown"})).is_err());
    check("birthDate = @1990", &json!({"birthDate": "unknown"}), &["false"]);
}

#[test]
fn texts_count_characters_not_bytes() {
    let patient = json!({"family": "Ñandú😀"});
    check("family.length()", &patient, &["6"]);
    check("family.substring(1, 4)", &patient, &["andú"]);
    check("family.substring(5)", &patient, &["😀"]);
    check("family.substring(6)", &patient, &[]);
    check("family.substring(0, -1)", &patient, &[""]);
    check("family.indexOf('😀')", &patient, &["5"]);
    check("family.toChars().count()", &patient, &["6"]);
    check("family.split('')", &patient, &["Ñ", "a", "n", "d", "ú", "😀"]);
}

#[test]
fn substitutions_name_groups_as_javascript_does() {
    let patient = json!({"phone": "0722-123"});
    check("phone.replaceMatches('([0-9]+)-([0-9]+)', '$2a$1')", &patient, &["123a0722"]);
    check("phone.replaceMatches('(?P<n>[0-9]+)-', '${n}$$$x')", &patient, &["0722$$x123"]);
    check("phone.matches(phone)", &patient, &["true"]);
    assert!(texts("phone.matches(phone & '(')", &patient).is_err());
}

#[test]
fn errors_name_the_operation_and_no_value() {
    let patient = json!({"name": [{"family": "Secret"}, {"family": "Hidden"}], "born": 5});
    for (expression, message) in [
        ("name.family.lower()", "lower() at character 13 needs one value, found 2"),
        ("born.upper()", "upper() at character 6 needs a text"),
        ("name.family > 'A'", "> at character 13 needs one value, found 2"),
        ("born < 'A'", "< at character 6 needs two numbers, two texts or two dates"),
        ("'a' - 1", "- at character 5 needs numbers"),
        ("-'a'", "- at character 1 needs a number"),
        ("iif(born, 1, 2)", "iif() at character 1 needs a boolean"),
        ("name['x']", "[] at character 5 needs a whole number"),
        ("name.single()", "single() at character 6 needs one value, found 2"),
    ] {
        let error = texts(expression, &patient).expect_err(expression).to_string();
        assert_eq!(error.replace("()", ""), message.replace("()", ""), "{expression}");
    }
    let items = FhirPath::parse("name.family").unwrap().evaluate(&patient).unwrap();
    assert!(!format!("{items:?}").contains("Secret"));
}

#[test]
fn undecided_logic_follows_the_tables() {
    let table = [
        ("and", ["true", "false", "-", "false", "false", "false", "-", "false", "-"]),
        ("or", ["true", "true", "true", "true", "false", "-", "true", "-", "-"]),
        ("xor", ["false", "true", "-", "true", "false", "-", "-", "-", "-"]),
        ("implies", ["true", "false", "-", "true", "true", "true", "true", "-", "-"]),
    ];
    let sides = ["true", "false", "{}"];
    for (operator, expected) in table {
        let pairs = sides.iter().flat_map(|left| sides.map(|right| (left, right)));
        for ((left, right), expected) in pairs.zip(expected) {
            let found = texts(&format!("{left} {operator} {right}"), &json!({})).unwrap();
            assert_eq!(
                found.first().map_or("-", |text| text),
                expected,
                "{left} {operator} {right}"
            );
        }
    }
}

#[test]
fn numbers_are_exact_and_overflow_gives_nothing() {
    let data = json!({"big": 9_223_372_036_854_775_807_i64});
    check("0.1 + 0.2 = 0.3", &data, &["true"]);
    check("1 / 3", &data, &["0.3333333333333333"]);
    check("4 / 2 | 7 div 2 | -7 mod 2", &data, &["2", "3", "-1"]);
    check("-(-9223372036854775807.0 - 1) * 18446744073709551616.0", &data, &[]);
    check("-((-9223372036854775807.0 - 1) * 18446744073709551616.0)", &data, &[]);
    check("big + 1 | big * big | 1 / 0 | 1 mod 0", &data, &[]);
    check("1.50.toString() & ' ' & 1.50", &data, &["1.50 1.5"]);
    let huge: Value = serde_json::from_str(r#"{"a": 1e400, "b": 1e400, "c": 2e400}"#).unwrap();
    check("a", &huge, &["1e+400"]);
    check("%resource = %resource", &huge, &["true"]);
}

#[test]
fn long_paths_are_fine_and_deep_ones_are_refused() {
    let path = vec!["a"; 2000].join(".");
    check(&path, &json!({"a": {"a": 1}}), &[]);
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("iif(true,", "1", ")"),
        ("-", "1", ""),
        ("a[", "0", "]"),
        ("1|(", "1", ")"),
    ] {
        let hostile = format!("{}{inner}{}", open.repeat(400), close.repeat(400));
        assert!(matches!(refusal(&hostile), PathError::TooDeep { .. }), "{open}");
    }
    assert!(matches!(refusal(&vec!["1"; 500].join(" and ")), PathError::TooDeep { .. }));
    assert!(matches!(refusal(&"a".repeat(5000)), PathError::TooLong { found: 5000, .. }));
}

#[test]
fn the_deepest_expression_allowed_fits_a_thread() {
    // Test threads have the two megabytes that NESTING_MAX counts on.
    for (open, inner, close) in [
        ("a.where(", "a.exists()", ")"),
        ("iif(true and ", "true", ", true)"),
        ("(1 | ", "1", ")"),
        ("-", "1", ""),
        ("a.select(iif(true, ", "$this", "))"),
        ("'x'.replace('x', ", "'y'", ")"),
    ] {
        let nested = |depth| format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
        let deepest =
            (1..=NESTING_MAX).rev().find_map(|depth| FhirPath::parse(&nested(depth)).ok());
        let resource = (0..120).fold(json!(1), |inside, _| json!({"a": inside}));
        assert!(deepest.unwrap().texts(&resource).is_ok(), "{open}");
    }
}

#[test]
fn hostile_expressions_run_out_of_work_and_not_of_time() {
    let many =
        json!({"a": (0..2000).map(|n| json!({"b": n, "c": vec![n; 50]})).collect::<Vec<_>>()});
    for expression in [
        "a.b.distinct().count()",
        "a.where(%resource.a.where(%resource.a.exists(b = 1)).exists())",
        "a.select(%resource.a.c).count()",
        "a ~ (a | a)",
    ] {
        let error = texts(expression, &many).expect_err(expression);
        assert_eq!(error, EvalError::TooMuchWork { max: WORK_MAX }, "{expression}");
    }
    let doubling = format!("'aaaaaaaa'{}", ".replace('a', 'aaaaaaaaaaaaaaaa')".repeat(100));
    let groups = format!("t.replaceMatches('(a+)', '{}')", "$1".repeat(1000));
    let text = json!({"t": "a".repeat(60_000)});
    let long = EvalError::TextTooLong { max: TEXT_BYTES_MAX };
    assert_eq!(texts(&doubling, &text), Err(long.clone()));
    assert_eq!(texts(&groups, &text), Err(long));
    assert!(texts("t.replaceMatches('a*b|a', 'c')", &text).is_err());
}

#[test]
fn a_path_can_be_shared_between_threads_and_shows_its_text() {
    fn shared<T: Send + Sync + Clone>(value: &T) -> T {
        value.clone()
    }
    let path = shared(&FhirPath::parse("name.given").unwrap());
    assert_eq!(path.expression(), "name.given");
    assert_eq!(format!("{path:?}"), r#"FhirPath("name.given")"#);
}
