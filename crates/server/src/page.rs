//! Page links: what a later page needs, sealed, so that no search value of a person stands in a
//! URL that this server makes.
//!
//! A token is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) over JSON, with a key that lives
//! as long as the process and the caller's client id as associated data: it cannot be read,
//! altered, or used by another client.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};
use registry::ids::ClientId;
use serde::{Deserialize, Serialize};

use crate::{
    base::Base,
    error::ApiError,
    query::{self, Pairs},
};

/// Longest token; URLs of 64 kB and more are refused by servers and proxies, ours included.
const TOKEN_BYTES_MAX: usize = 32 * 1024;

/// Bytes of the nonce in front of the sealed text.
const NONCE_BYTES: usize = 24;

/// The parameter that carries a token, named as OpenCR's clients know it (contract 2.10).
pub(crate) const PAGE_PARAMETER: &str = "_getpages";

/// What to list, and from where on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    /// What is listed.
    pub(crate) list: List,
    /// How many results are on the pages before.
    pub(crate) offset: u64,
}

/// What can be listed page by page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum List {
    /// The Patients that fit a search.
    Search(Pairs),
    /// The versions of a Patient, and how many to a page.
    History(String, usize),
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Search(_) => f.write_str("Search"),
            Self::History(..) => f.write_str("History"),
        }
    }
}

/// Seals and opens page tokens.
pub(crate) struct PageKey(XChaCha20Poly1305);

impl PageKey {
    /// A fresh key.
    pub(crate) fn random() -> Self {
        Self(XChaCha20Poly1305::new(&XChaCha20Poly1305::generate_key(&mut OsRng)))
    }

    /// Writes a token that only `client` can use.
    ///
    /// # Errors
    ///
    /// 400 if it would not fit into a URL.
    pub(crate) fn seal(&self, page: &Page, client: &ClientId) -> Result<String, ApiError> {
        let text = serde_json::to_vec(page).expect("a page has a JSON form");
        if text.len() > TOKEN_BYTES_MAX {
            return Err(ApiError::search_too_long());
        }
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: &text, aad: client.as_str().as_bytes() };
        let sealed = self.0.encrypt(&nonce, payload).expect("a short text can be sealed");
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Reads a token.
    ///
    /// # Errors
    ///
    /// 400 if it is none, 410 if this process did not give it to this client.
    pub(crate) fn open(&self, token: &str, client: &ClientId) -> Result<Page, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| ApiError::page_token())?;
        let (nonce, sealed) =
            bytes.split_at_checked(NONCE_BYTES).ok_or_else(ApiError::page_token)?;
        let payload = Payload { msg: sealed, aad: client.as_str().as_bytes() };
        let text = self.0.decrypt(XNonce::from_slice(nonce), payload);
        let text = text.map_err(|_| ApiError::page_expired())?;
        serde_json::from_slice(&text).map_err(|_| ApiError::page_expired())
    }
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// How many results are on the pages before.
    pub(crate) offset: u64,
    /// How many a page holds; zero asks for none.
    pub(crate) count: usize,
    /// How many of the list this page settles: fewer than `count` if it ends early.
    pub(crate) settled: usize,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// Writes the links of a page: `self`, then as far as there are any `first`, `previous`, `next`.
pub(crate) struct Links<'a> {
    pub(crate) key: &'a PageKey,
    pub(crate) base: &'a Base,
    pub(crate) client: &'a ClientId,
    pub(crate) list: List,
    /// The link of the first page, as the request is understood.
    pub(crate) own: String,
}

impl Links<'_> {
    /// The links, in the order written.
    ///
    /// # Errors
    ///
    /// 400 if other pages are there and the search is too long for a link.
    pub(crate) fn around(self, place: Place) -> Result<Vec<(String, String)>, ApiError> {
        let Place { offset, count, settled, total } = place;
        // A page that settles nothing must not lead to itself.
        let step = if settled == 0 { count } else { settled } as u64;
        let own = if offset == 0 { self.own.clone() } else { self.to(offset, count)? };
        let mut links = vec![("self".to_owned(), own)];
        if count == 0 {
            return Ok(links);
        }
        if offset > 0 {
            links.push(("first".to_owned(), self.own.clone()));
            let before = offset.saturating_sub(count as u64);
            links.push(("previous".to_owned(), self.to(before, count)?));
        }
        if offset.saturating_add(step) < total {
            links.push(("next".to_owned(), self.to(offset + step, count)?));
        }
        Ok(links)
    }

    /// Checks that further pages could be linked.
    ///
    /// # Errors
    ///
    /// 400 if the search is too long for a link.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        self.to(u64::MAX, usize::MAX).map(drop)
    }

    fn to(&self, offset: u64, count: usize) -> Result<String, ApiError> {
        let page = Page { list: self.list.clone(), offset };
        let token = self.key.seal(&page, self.client)?;
        Ok(format!("{}?{PAGE_PARAMETER}={token}&_count={count}", self.base.as_str()))
    }
}

/// The URL of the first page of a search, repeating the parameters that were honoured (R4
/// search.html#conformance).
pub(crate) fn own_link(base: &Base, path: &str, applied: &[(String, String)]) -> String {
    let query = query::encode(applied);
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}/{path}{mark}{query}", base.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page { list: List::Search(vec![("family".to_owned(), "Made-Up".to_owned())]), offset: 20 }
    }

    #[test]
    fn token_gives_back_the_page_and_hides_it() {
        let (key, client) = (PageKey::random(), ClientId::new("openmrs"));
        let token = key.seal(&page(), &client).unwrap();
        assert!(!token.contains("Made"));
        assert_eq!(key.open(&token, &client).unwrap(), page());
    }

    #[test]
    fn token_of_another_process_or_client_is_refused() {
        let (key, client) = (PageKey::random(), ClientId::new("openmrs"));
        let token = key.seal(&page(), &client).unwrap();
        assert!(PageKey::random().open(&token, &client).is_err());
        assert!(key.open(&token, &ClientId::new("dhis2")).is_err());
        assert!(key.open("", &client).is_err());
        assert!(key.open("AAAA", &client).is_err());
    }
}
