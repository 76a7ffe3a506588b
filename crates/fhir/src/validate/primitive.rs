//! The lexical rules of R4's primitive types (datatypes.html#primitive).

use serde_json::Value;

use crate::date::{DateError, Moment, PartialDate, is_time};
use crate::outcome::IssueType;
use crate::resource::is_valid_id;

/// Longest string in characters: "SHALL NOT exceed 1MB (1024*1024 characters)"
/// (R4 datatypes.html#string).
pub(super) const TEXT_MAX: usize = 1024 * 1024;

/// Names a primitive type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Base64Binary,
    Boolean,
    /// Also canonical and url: they have one lexical rule.
    Uri,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    /// Also markdown.
    String,
    Oid,
    PositiveInt,
    Time,
    UnsignedInt,
    Uuid,
    Xhtml,
}

/// Code and text of an issue.
pub(super) type Problem = (IssueType, &'static str);

/// Checks one value; null is the caller's.
pub(super) fn check(primitive: Primitive, value: &Value) -> Result<(), Problem> {
    match primitive {
        Primitive::Boolean => match value {
            Value::Bool(_) => Ok(()),
            _ => Err((IssueType::Structure, "must be true or false without quotes")),
        },
        Primitive::Decimal => number(value).map(|_| ()),
        Primitive::Integer => integer(value, i32::MIN),
        Primitive::UnsignedInt => integer(value, 0),
        Primitive::PositiveInt => integer(value, 1),
        _ => match value {
            Value::String(text) => check_text(primitive, text),
            _ => Err((IssueType::Structure, "must be a string")),
        },
    }
}

/// Gives the digits of a number as they were sent.
fn number(value: &Value) -> Result<String, Problem> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        _ => Err((IssueType::Structure, "must be a number without quotes")),
    }
}

fn integer(value: &Value, min: i32) -> Result<(), Problem> {
    let number = number(value)?.parse::<i32>();
    match number {
        Ok(number) if number >= min => Ok(()),
        _ => Err((IssueType::Value, "must be a whole number of 32 bits in the range of its type")),
    }
}

fn check_text(primitive: Primitive, text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err((IssueType::Value, "must not be an empty string; leave the element out"));
    }
    // Databases that end texts at NUL would store half of it.
    if text.contains('\0') {
        return Err((IssueType::Value, "must not contain the character U+0000"));
    }
    if text.len() > TEXT_MAX
        && primitive != Primitive::Base64Binary
        && text.chars().count() > TEXT_MAX
    {
        return Err((IssueType::TooLong, "must not be longer than 1048576 characters"));
    }
    let rule = |holds: bool, text: &'static str| match holds {
        true => Ok(()),
        false => Err((IssueType::Value, text)),
    };
    match primitive {
        Primitive::String => Ok(()),
        Primitive::Uri => rule(!has_space(text), "a URI must not contain white space"),
        Primitive::Code => rule(
            is_code(text),
            "a code must not begin or end with white space, \
             nor have two white spaces in a row",
        ),
        Primitive::Id => rule(is_valid_id(text), "an id has 1 to 64 letters, digits, - and ."),
        Primitive::Oid => rule(is_oid(text), "must be urn:oid: and an OID"),
        Primitive::Uuid => rule(is_uuid(text), "must be urn:uuid: and a UUID in lower case"),
        Primitive::Base64Binary => rule(is_base64(text), "must be base64"),
        Primitive::Time => rule(is_time(text), "must be a time of day: hh:mm:ss"),
        Primitive::Xhtml => rule(text.trim_start().starts_with("<div"), "must be an XHTML div"),
        Primitive::Date => dated(PartialDate::parse(text).map(|_| ())),
        Primitive::DateTime => dated(Moment::parse_date_time(text).map(|_| ())),
        Primitive::Instant => dated(Moment::parse_instant(text).map(|_| ())),
        Primitive::Boolean
        | Primitive::Decimal
        | Primitive::Integer
        | Primitive::PositiveInt
        | Primitive::UnsignedInt => Err((IssueType::Structure, "must not be a string")),
    }
}

fn dated(read: Result<(), DateError>) -> Result<(), Problem> {
    read.map_err(|error| {
        let text = match error {
            DateError::Shape => {
                "must be a date: YYYY, YYYY-MM or YYYY-MM-DD, with a time only \
                                 where the type allows one"
            }
            DateError::NoSuchDay => "the calendar has no such day",
            DateError::Time => "must have a time of day with seconds: hh:mm:ss",
            DateError::Zone => "a time needs a zone: Z, +hh:mm or -hh:mm",
        };
        (IssueType::Value, text)
    })
}

fn has_space(text: &str) -> bool {
    text.contains(char::is_whitespace)
}

/// `[^\s]+(\s[^\s]+)*`
fn is_code(text: &str) -> bool {
    text.split(char::is_whitespace).all(|part| !part.is_empty())
}

/// `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`
fn is_oid(text: &str) -> bool {
    let Some(oid) = text.strip_prefix("urn:oid:") else { return false };
    let mut arcs = oid.split('.');
    let is_root = arcs.next().is_some_and(|arc| matches!(arc, "0" | "1" | "2"));
    let is_arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    is_root && oid.contains('.') && arcs.all(is_arc)
}

/// `urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
fn is_uuid(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else { return false };
    let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && uuid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

fn is_base64(text: &str) -> bool {
    let mut digits = 0usize;
    let mut padding = 0usize;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => digits += 1,
            _ => return false,
        }
    }
    digits > 0 && padding <= 2 && (digits + padding).is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_table(primitive: Primitive, good: &[Value], bad: &[Value]) {
        for value in good {
            assert_eq!(check(primitive, value), Ok(()), "{primitive:?} {value}");
        }
        for value in bad {
            assert!(check(primitive, value).is_err(), "{primitive:?} {value}");
        }
    }

    #[test]
    fn primitives_follow_their_lexical_rules() {
        check_table(Primitive::Boolean, &[json!(true)], &[json!("true"), json!(1)]);
        check_table(Primitive::Decimal, &[json!(1), json!(1.5)], &[json!("1")]);
        check_table(Primitive::Integer, &[json!(-1)], &[json!(1.0), json!(3_000_000_000_u64)]);
        check_table(Primitive::UnsignedInt, &[json!(0)], &[json!(-1)]);
        check_table(Primitive::PositiveInt, &[json!(1)], &[json!(0), json!("1")]);
        check_table(Primitive::String, &[json!("x y"), json!("-")], &[json!(""), json!("a\0")]);
        check_table(Primitive::Uri, &[json!("urn:x")], &[json!("a b"), json!("a\n"), json!("")]);
        check_table(Primitive::Code, &[json!("a b")], &[json!(" a"), json!("a  b"), json!("a ")]);
        check_table(Primitive::Id, &[json!("a-1.B")], &[json!("a_1")]);
        check_table(
            Primitive::Oid,
            &[json!("urn:oid:1.2.840"), json!("urn:oid:2.0")],
            &[json!("1.2"), json!("urn:oid:3.1"), json!("urn:oid:1"), json!("urn:oid:1.02")],
        );
        check_table(
            Primitive::Uuid,
            &[json!("urn:uuid:c757873d-ec9a-4326-a141-556f43239520")],
            &[json!("c757873d-ec9a-4326-a141-556f43239520"), json!("urn:uuid:c757873d")],
        );
        check_table(
            Primitive::Base64Binary,
            &[json!("YQ=="), json!("YWI=\n"), json!("YWJj")],
            &[json!("YQ"), json!("Y==="), json!("Y=Q="), json!("===="), json!("a*bc")],
        );
        check_table(Primitive::Time, &[json!("10:00:00")], &[json!("10:00")]);
        check_table(Primitive::Xhtml, &[json!("<div>a</div>")], &[json!("a")]);
    }

    #[test]
    fn text_over_the_limit_is_refused() {
        let long = Value::from("x".repeat(TEXT_MAX + 1));
        assert_eq!(check(Primitive::String, &long).map_err(|e| e.0), Err(IssueType::TooLong));
    }
}
