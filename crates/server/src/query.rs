//! Queries of URLs and form bodies as decoded pairs, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::ApiError;

/// Name and value, both decoded, in the order of the query.
pub(crate) type Pairs = Vec<(String, String)>;

/// What stands in a query as it is: RFC 3986's unreserved characters, and those of `query`
/// that FHIR values are full of and that no parser of queries takes for its own.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b',')
    .remove(b':')
    .remove(b'/');

/// Decodes `application/x-www-form-urlencoded` text, which queries are written in, too.
///
/// # Errors
///
/// 400 if an escape does not give UTF-8.
pub(crate) fn decode(text: &str) -> Result<Pairs, ApiError> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Ok((unescape(name)?, unescape(value)?))
    };
    parts.map(pair).collect()
}

fn unescape(text: &str) -> Result<String, ApiError> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| ApiError::query_not_utf8())
}

/// Writes pairs as a query.
pub(crate) fn encode(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| utf8_percent_encode(text, KEPT).to_string();
    let parts: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    parts.join("&")
}

/// The last value of a parameter, if it has one.
pub(crate) fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let given = pairs.iter().rev().find(|(known, value)| known == name && !value.is_empty());
    given.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_survives_the_round_trip() {
        let pairs = decode("identifier=http://x%7C1%2B2&given=Jos%C3%A9+M&flag&=&a=b=c").unwrap();
        let expected = [
            ("identifier", "http://x|1+2"),
            ("given", "José M"),
            ("flag", ""),
            ("", ""),
            ("a", "b=c"),
        ];
        let expected: Pairs =
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(pairs, expected);
        assert_eq!(decode(&encode(&pairs)).unwrap(), pairs);
    }

    #[test]
    fn query_that_is_not_utf8_is_refused() {
        assert!(decode("family=%ff").is_err());
    }
}
