//! Media types: which bodies are read and in which form answers may go out (R4 http.html#mime-type).

use http::{
    HeaderMap,
    header::{ACCEPT, CONTENT_TYPE},
};

use crate::error::ApiError;

/// The JSON types that FHIR clients use, old ones included.
const JSON_TYPES: [&str; 4] =
    ["application/fhir+json", "application/json", "application/json+fhir", "text/json"];

/// What also covers JSON in an `Accept` header.
const WILDCARDS: [&str; 2] = ["*/*", "application/*"];

/// A media type or range with its parameters, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// Type and subtype.
    pub(crate) essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads one; `None` if it has no type.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next().filter(|essence| essence.contains('/'))?;
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        });
        Some(Self { essence, parameters: parameters.collect() })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn is_r4(&self) -> bool {
        self.parameter("fhirversion").is_none_or(|version| matches!(version, "4.0" | "4.0.1"))
    }

    fn is_utf8(&self) -> bool {
        self.parameter("charset").is_none_or(|charset| matches!(charset, "utf-8" | "utf8"))
    }
}

/// Whether the body says that it is FHIR JSON of R4 in UTF-8.
pub(crate) fn is_fhir_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(MediaType::parse).is_some_and(|kind| {
        JSON_TYPES[..3].contains(&kind.essence.as_str()) && kind.is_utf8() && kind.is_r4()
    })
}

/// Checks that the answer may be FHIR JSON; `_format` outranks `Accept` (R4 http.html#parameters).
///
/// # Errors
///
/// 406 if only something else would do.
pub(crate) fn check_accept(headers: &HeaderMap, format: Option<&str>) -> Result<(), ApiError> {
    if let Some(format) = format {
        // An unescaped plus reads as a space.
        let format = format.trim().replace(' ', "+").to_ascii_lowercase();
        let is_json = format == "json"
            || MediaType::parse(&format)
                .is_some_and(|kind| JSON_TYPES.contains(&kind.essence.as_str()) && kind.is_r4());
        return if is_json { Ok(()) } else { Err(ApiError::not_acceptable("_format")) };
    }
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .filter(|range| !range.trim().is_empty())
        .peekable();
    let accepts_json = |range: &str| {
        let Some(range) = MediaType::parse(range) else { return false };
        let quality = range.parameter("q").and_then(|q| q.parse::<f32>().ok());
        let essence = range.essence.as_str();
        let names_json = JSON_TYPES.contains(&essence) || WILDCARDS.contains(&essence);
        names_json && range.is_r4() && quality.is_none_or(|quality| quality > 0.0)
    };
    if ranges.peek().is_none() || ranges.any(accepts_json) {
        return Ok(());
    }
    Err(ApiError::not_acceptable("Accept"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &str, format: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, accept.parse().unwrap());
        }
        assert_eq!(check_accept(&headers, format).is_ok(), expected, "{accept} {format:?}");
    }

    #[test]
    fn json_in_all_its_spellings_is_acceptable() {
        check("", None, true);
        check("*/*", None, true);
        check("application/fhir+json", None, true);
        check("application/fhir+json; fhirVersion=4.0", None, true);
        check("text/html,application/xhtml+xml,*/*;q=0.8", None, true);
        check("application/fhir+xml, application/json;q=0.5", None, true);
        check("application/fhir+xml", Some("json"), true);
        check("", Some("application/fhir json"), true);
    }

    #[test]
    fn other_forms_are_not_acceptable() {
        check("application/fhir+xml", None, false);
        check("text/html", None, false);
        check("application/fhir+json;q=0", None, false);
        check("application/fhir+json;fhirVersion=5.0", None, false);
        check("*/*", Some("xml"), false);
        check("", Some("ttl"), false);
    }
}
