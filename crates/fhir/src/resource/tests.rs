//! Losslessness and refusals of [`Resource`].

use proptest::prelude::*;

use super::*;

fn round_trip(text: &str) {
    assert_eq!(Resource::parse(text.as_bytes()).unwrap().to_json(), text);
}

#[test]
fn nothing_sent_is_lost() {
    round_trip(
        r#"{"id":"a","resourceType":"Patient","zebra":{"b":1.10,"a":[1.0e+400,-0.0,12345678901234567890123]},"birthDate":"1990-02","_birthDate":{"extension":[{"url":"urn:x","valueDecimal":1.50}]},"unknown":[null,true]}"#,
    );
}

#[test]
fn bytes_that_are_not_one_clear_resource_are_refused() {
    let deep = format!(r#"{{"resourceType":"Patient","x":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    let table: Vec<(&[u8], ParseError)> = vec![
        (b"\xff{}", ParseError::NotUtf8 { offset: 0 }),
        (b"", ParseError::NotJson { line: 1, column: 0 }),
        (b"{\"resourceType\":\"Patient\"", ParseError::NotJson { line: 1, column: 25 }),
        (b"[]", ParseError::NotAnObject),
        (b"\"Patient\"", ParseError::NotAnObject),
        (b"{}", ParseError::NoResourceType),
        (b"{\"resourceType\":7}", ParseError::NoResourceType),
        (b"{\"resourceType\":\"\"}", ParseError::NoResourceType),
        (b"{\"resourceType\":\"a b\"}", ParseError::NoResourceType),
        (deep.as_bytes(), ParseError::TooDeep),
        (
            b"{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}",
            ParseError::DuplicateMember { offset: 43 },
        ),
        (
            br#"{"resourceType":"Patient","name":[{"text":"a","\u0074ext":"b"}]}"#,
            ParseError::DuplicateMember { offset: 61 },
        ),
        (
            br#"{"resourceType":"Patient","x":{"$serde_json::private::Number":"1"}}"#,
            ParseError::ReservedMember { offset: 65 },
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(Resource::parse(bytes), Err(expected), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn depth_at_the_limit_is_read() {
    round_trip(&format!(r#"{{"resourceType":"X","x":{}1{}}}"#, "[".repeat(63), "]".repeat(63)));
}

#[test]
fn equal_names_in_different_objects_are_fine() {
    round_trip(
        r#"{"resourceType":"Patient","a":{"id":"1"},"b":[{"id":"1"},{"id":"1"}],"id":"id"}"#,
    );
}

#[test]
fn byte_order_mark_is_skipped() {
    let text = "\u{feff}{\"resourceType\":\"Patient\"}";
    assert_eq!(Resource::parse(text.as_bytes()).unwrap().resource_type(), "Patient");
}

#[test]
fn id_is_put_after_the_type_or_replaced_in_place() {
    let mut fresh = Resource::parse(br#"{"resourceType":"Patient","active":true}"#).unwrap();
    fresh.set_id("p1");
    assert_eq!(fresh.to_json(), r#"{"resourceType":"Patient","id":"p1","active":true}"#);
    fresh.set_id("p2");
    assert_eq!(fresh.to_json(), r#"{"resourceType":"Patient","id":"p2","active":true}"#);
}

#[test]
fn debug_shows_type_and_id_only() {
    let patient =
        Resource::parse(br#"{"resourceType":"Patient","id":"p1","birthDate":"1990"}"#).unwrap();
    assert_eq!(format!("{patient:?}"), "Resource(Patient/p1)");
}

#[test]
fn ids_follow_the_r4_rule() {
    for good in ["a", "A-1.b", &"x".repeat(64)] {
        assert!(is_valid_id(good), "{good}");
    }
    for bad in ["", "a_b", "a/b", "é", " a", &"x".repeat(65)] {
        assert!(!is_valid_id(bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn fuzz_bytes_as_a_resource_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Resource::parse(&bytes);
    }

    #[test]
    fn any_json_like_text_is_answered(text in r#"[\{\}\[\],:"\\a0 ]{0,60}"#) {
        let _ = Resource::parse(format!("{{\"resourceType\":\"Patient\",{text}}}").as_bytes());
    }
}
