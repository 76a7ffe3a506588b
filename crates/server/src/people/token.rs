//! Bearer tokens: JWT (RFC 7519) signed with HMAC-SHA-256, with keys of this installation.
//!
//! Written by hand on `hmac`, because all that the plane needs is one algorithm and one header,
//! and libraries for more bring code that decides by what the token says
//! (docs/decisions/0014-people-plane.md). A token is only a handle: its session is in the store.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use hmac::{Hmac, Mac};
use parking_lot::RwLock;
use pipeline::Clock;
use registry::{
    account::{KEY_BYTES, Session, TokenKey},
    ids::Timestamp,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::{Accounts, StoreError};
use uuid::Uuid;

use super::PeopleSettings;

/// Longest token that is looked at; ours have about 300 bytes.
const TOKEN_BYTES_MAX: usize = 1024;

const MICROS: i64 = 1_000_000;

/// What is said of the signature; anything else is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// What a token says: OpenCR's claims (contract 1.3) and its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The account.
    pub(super) id: String,
    /// The session.
    pub(super) jti: String,
    /// When it was made, in seconds since 1970.
    iat: i64,
    /// From when on it is worth nothing, in seconds since 1970.
    exp: i64,
}

/// The keys of tokens: the newest signs, the others still check.
pub(super) struct Keyring {
    accounts: Arc<dyn Accounts>,
    clock: Clock,
    key_age: Duration,
    session: Duration,
    keys: RwLock<Vec<TokenKey>>,
}

impl Keyring {
    /// Reads the keys, and makes one if there is none or the newest is old.
    pub(super) async fn start(
        accounts: Arc<dyn Accounts>,
        clock: Clock,
        settings: &PeopleSettings,
    ) -> Result<Self, StoreError> {
        let keys = RwLock::new(accounts.token_keys().await?);
        let (key_age, session) = (settings.key_age, settings.session);
        let keyring = Self { accounts, clock, key_age, session, keys };
        keyring.newest().await?;
        Ok(keyring)
    }

    /// Writes the token of a session.
    pub(super) async fn sign(&self, session: &Session) -> Result<String, StoreError> {
        let key = self.newest().await?;
        let header = Header { alg: "HS256".into(), typ: "JWT".into(), kid: key.id.clone() };
        let claims = Claims {
            id: session.account.to_string(),
            jti: session.id.to_string(),
            iat: session.created_at.0 / MICROS,
            exp: session.expires_at.0 / MICROS,
        };
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(mac(&key, &signed).finalize().into_bytes());
        Ok(format!("{signed}.{signature}"))
    }

    /// Reads a token; `None` unless one of the keys signed it and its time is not over.
    pub(super) fn read(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        if header.alg != "HS256" || header.typ != "JWT" {
            return None;
        }
        let key = self.keys.read().iter().find(|key| key.id == header.kid).cloned()?;
        // `verify_slice` compares in constant time.
        mac(&key, signed).verify_slice(&decode(signature)?).ok()?;
        let claims: Claims = serde_json::from_slice(&decode(claims)?).ok()?;
        (claims.exp > self.clock.now().0 / MICROS).then_some(claims)
    }

    /// The key that signs. When it gets old another takes its place, and it stays for as long
    /// as tokens of its own may be about.
    async fn newest(&self) -> Result<TokenKey, StoreError> {
        let now = self.clock.now();
        let before = |ages: &[Duration]| {
            let micros: u128 = ages.iter().map(Duration::as_micros).sum();
            Timestamp(now.0.saturating_sub(i64::try_from(micros).unwrap_or(i64::MAX)))
        };
        let newest = self.keys.read().first().cloned();
        if let Some(key) = newest.filter(|key| key.created_at > before(&[self.key_age])) {
            return Ok(key);
        }
        let mut secret = [0; KEY_BYTES];
        OsRng.fill_bytes(&mut secret);
        let key = TokenKey { id: Uuid::new_v4().to_string(), secret, created_at: now };
        let drop_before = before(&[self.key_age, self.session]);
        self.accounts.add_token_key(&key, drop_before).await?;
        *self.keys.write() = self.accounts.token_keys().await?;
        Ok(key)
    }
}

fn mac(key: &TokenKey, signed: &str) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(&key.secret).expect("any length will do");
    mac.chain_update(signed)
}

fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).expect("texts and numbers have a JSON form"))
}

#[cfg(test)]
mod tests;
