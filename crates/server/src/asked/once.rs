//! `Idempotency-Key`: a request that is carried out once, however often it is sent
//! (draft-ietf-httpapi-idempotency-key-header).

use http::{
    HeaderName,
    header::{IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};
use registry::{
    ids::{ClientId, ContentHash},
    once::Once,
};

use super::text;
use crate::error::ApiError;

const NAME: HeaderName = HeaderName::from_static("idempotency-key");
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// Longest key; a UUID has 36 characters.
const KEY_MAX: usize = 255;

/// What a client said of its request, besides the body.
#[derive(Clone, Debug)]
pub(crate) struct OnceAsked {
    key: String,
    /// What is asked for: the same key for something else is a mistake.
    request: String,
}

impl OnceAsked {
    /// Reads the header, if there is one.
    ///
    /// # Errors
    ///
    /// 400 if it is no key: it must not become a request that may be carried out twice.
    pub(super) fn of(parts: &Parts) -> Result<Option<Self>, ApiError> {
        let Some(told) = text(&parts.headers, &NAME)? else { return Ok(None) };
        let key = told.trim();
        let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
        if key.is_empty() || key.len() > KEY_MAX {
            let wanted = format!("a text of 1 to {KEY_MAX} characters, such as a fresh UUID");
            return Err(ApiError::header(NAME.as_str(), &wanted));
        }
        let mut request = format!("{} {}", parts.method, parts.uri);
        for name in [IF_MATCH, IF_NONE_MATCH, IF_NONE_EXIST] {
            request.push('\n');
            request.push_str(text(&parts.headers, &name)?.unwrap_or_default());
        }
        Ok(Some(Self { key: key.to_owned(), request }))
    }

    /// For the registry: whose request it is, what its body was, and where in it each act stands.
    pub(crate) fn told(
        &self,
        client: &ClientId,
        body: Option<&ContentHash>,
        places: Vec<usize>,
    ) -> Once {
        let body = body.map_or("", ContentHash::as_str);
        let request = ContentHash::of(&format!("{}\n{body}", self.request));
        Once::new(client, &self.key, request, places)
    }
}

/// Whether a body has to be hashed.
pub(crate) fn is_asked(headers: &http::HeaderMap) -> bool {
    headers.contains_key(NAME)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn read(key: &str) -> Result<Option<OnceAsked>, ApiError> {
        let request = Request::post("/Patient").header(NAME, key).body(()).unwrap();
        OnceAsked::of(&request.into_parts().0)
    }

    #[test]
    fn key_is_a_text_with_or_without_quotes() {
        let key = |told| read(told).unwrap().unwrap().key;
        assert_eq!(key("\"8e03978e\""), "8e03978e");
        assert_eq!(key(" 8e03978e "), "8e03978e");
        for wrong in ["", "\"\"", " ", &"x".repeat(256)] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn request_is_all_that_was_sent() {
        let client = ClientId::new("a");
        let told = |path: &str, version: &str, body: &str| {
            let request = Request::put(path).header(NAME, "k").header(IF_MATCH, version);
            let asked = OnceAsked::of(&request.body(()).unwrap().into_parts().0).unwrap().unwrap();
            asked.told(&client, Some(&ContentHash::of(body)), vec![0])
        };
        let first = told("/Patient/1", "W/\"1\"", "b");
        assert_eq!(first, told("/Patient/1", "W/\"1\"", "b"));
        for other in [
            told("/Patient/2", "W/\"1\"", "b"),
            told("/Patient/1", "W/\"2\"", "b"),
            told("/Patient/1", "W/\"1\"", "c"),
        ] {
            assert_ne!(first, other);
            assert_eq!(first.key_of(0), other.key_of(0));
        }
    }
}
