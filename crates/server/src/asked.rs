//! [`Asked`]: what a request asks for besides its body: query, form of the answer, conditions.

use axum::extract::FromRequestParts;
use http::{
    HeaderMap, HeaderName,
    header::{IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};

use crate::{
    App,
    base::Base,
    error::ApiError,
    query::{self, Pairs},
};

pub(crate) mod media;
mod once;

pub(crate) use once::{OnceAsked, is_asked};

/// What a request asks for, read from its URL and headers and checked before anything is done.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The query, decoded.
    pub(crate) query: Pairs,
    /// What links begin with.
    pub(crate) base: Base,
    /// `_pretty=true`.
    pub(crate) is_pretty: bool,
    /// `Prefer: return=…`, if given.
    pub(crate) returns: Option<Returns>,
    /// `Prefer: handling=strict`.
    pub(crate) is_strict: bool,
    /// What must be true for it to be done.
    pub(crate) conditions: Conditions,
    /// `Idempotency-Key`: it is to be done once.
    pub(crate) once: Option<OnceAsked>,
}

/// What the answer to a write holds (R4 http.html#ops, `Prefer: return`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    /// Headers only.
    Minimal,
    /// The resource.
    Representation,
    /// An OperationOutcome.
    Outcome,
}

/// Preconditions of a request (R4 http.html#concurrency, #ccreate).
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    /// `If-Match`: the version that must be current.
    pub(crate) if_match: Option<u32>,
    /// `If-None-Match: *`: there must be nothing yet.
    pub(crate) only_create: bool,
    /// `If-None-Match` of a read: the version that the client has.
    pub(crate) known_version: Option<u32>,
    /// `If-None-Exist`: nothing may fit this search.
    pub(crate) if_none_exist: Option<Pairs>,
}

impl FromRequestParts<App> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let query = query::decode(parts.uri.query().unwrap_or_default())?;
        let headers = &parts.headers;
        media::check_accept(headers, query::value(&query, "_format"))?;
        let preferences = preferences(headers);
        let prefers = |wanted: &str| preferences.iter().any(|known| known == wanted);
        let returns = [
            ("return=minimal", Returns::Minimal),
            ("return=representation", Returns::Representation),
            ("return=operationoutcome", Returns::Outcome),
        ];
        Ok(Self {
            is_pretty: query::value(&query, "_pretty") == Some("true"),
            base: Base::new(app.settings(), headers),
            returns: returns.iter().find(|(text, _)| prefers(text)).map(|(_, returns)| *returns),
            is_strict: prefers("handling=strict"),
            conditions: Conditions::of_headers(headers)?,
            once: OnceAsked::of(parts)?,
            query,
        })
    }
}

impl Conditions {
    fn of_headers(headers: &HeaderMap) -> Result<Self, ApiError> {
        let if_none_exist = text(headers, &HeaderName::from_static("if-none-exist"))?;
        Self::new(text(headers, &IF_MATCH)?, text(headers, &IF_NONE_MATCH)?, if_none_exist)
    }

    /// Reads the three conditions as headers or entries of Bundles spell them.
    ///
    /// # Errors
    ///
    /// 400 if one cannot be understood: it must not become no condition.
    pub(crate) fn new(
        if_match: Option<&str>,
        if_none_match: Option<&str>,
        if_none_exist: Option<&str>,
    ) -> Result<Self, ApiError> {
        let only_create = if_none_match.map(str::trim) == Some("*");
        Ok(Self {
            if_match: if_match.map(one_version).transpose()?,
            only_create,
            // A tag that is not ours is simply another version (RFC 9110 section 13.1.2).
            known_version: if_none_match.and_then(self::version),
            if_none_exist: if_none_exist.map(criteria).transpose()?,
        })
    }
}

/// The query of `If-None-Exist`, which some clients write with its question mark or type.
fn criteria(text: &str) -> Result<Pairs, ApiError> {
    let query = text.rsplit_once('?').map_or(text, |(_, query)| query);
    query::decode(query.trim())
}

/// The one version of `If-Match`. A list and `*` (RFC 9110 section 13.1.1) would have to be
/// compared before the write, and so not hold at its moment.
fn one_version(text: &str) -> Result<u32, ApiError> {
    version(text).ok_or_else(ApiError::if_match)
}

/// The version in an entity tag: `W/"3"`, `"3"`, and `3` as some clients write it.
fn version(tag: &str) -> Option<u32> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(tag);
    let is_number = inner.bytes().all(|byte| byte.is_ascii_digit());
    inner.parse().ok().filter(|_| is_number)
}

/// The one value of a header.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), other) = (values.next(), values.next()) else { return Ok(None) };
    let refuse = || ApiError::header(name.as_str(), "given once, as readable text");
    match (value.to_str(), other) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err(refuse()),
    }
}

/// Every preference, in lower case and without spaces around `=` (RFC 7240).
fn preferences(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let parts = values.flat_map(|value| value.split([',', ';']));
    parts.map(|part| part.replace([' ', '"'], "").to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tag_gives_its_version() {
        for (tag, expected) in [
            ("W/\"3\"", Some(3)),
            ("\"3\"", Some(3)),
            ("3", Some(3)),
            ("W/\"x\"", None),
            ("", None),
            ("\"\"", None),
            ("+3", None),
            ("W/\"99999999999\"", None),
        ] {
            assert_eq!(version(tag), expected, "{tag}");
        }
    }

    #[test]
    fn condition_that_is_not_understood_is_refused() {
        assert!(Conditions::new(Some("W/\"x\""), None, None).is_err());
        for list in ["*", "\"1\", \"2\"", "W/\"1\",W/\"2\""] {
            assert!(Conditions::new(Some(list), None, None).is_err(), "{list}");
        }
        assert!(Conditions::new(None, None, Some("family=%ff")).is_err());
        assert!(Conditions::new(None, Some("*"), None).unwrap().only_create);
    }
}
