//! Passwords: hashed with Argon2id, checked in the time of one hash whatever the case.
//!
//! Costs follow OWASP's Password Storage Cheat Sheet (Argon2id, 19 MiB, 2 passes, 1 lane).
//! Hashes that OpenCR made (contract 2.6) are checked with exactly its parameters and replaced
//! at the first sign-in.

use std::{fmt, sync::Arc};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::{
        self, SaltString,
        rand_core::{OsRng, RngCore},
    },
};
use pbkdf2::pbkdf2_hmac;
use registry::account::PasswordHash;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use tokio::{sync::Semaphore, task};

/// Hashes at once: each takes a core and `memory_kib`.
const AT_ONCE: usize = 4;
/// Longest password; what is longer only costs time.
const BYTES_MAX: usize = 1024;
/// Letters of a password that we make, of 5 bits each; as many as the longest minimum that the
/// configuration may set.
const FRESH_CHARS: usize = 24;
/// OpenCR's parameters (contract 2.6).
const OPENCR_ROUNDS: u32 = 1000;
const OPENCR_BYTES: usize = 64;

/// What somebody typed as a password. `Debug` does not show it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Wraps it; `None` if it is empty or too long to be one.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (1..=BYTES_MAX).contains(&text.len()).then_some(Self(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A password that nobody guesses, in letters that are not taken for each other.
pub fn fresh_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; FRESH_CHARS];
    OsRng.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// Whether a password that somebody chooses has so many characters.
pub fn is_long_enough(password: &Password, chars_min: usize) -> bool {
    password.0.chars().count() >= chars_min
}

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl PasswordCost {
    /// What OWASP recommends.
    pub const STANDARD: Self = Self { memory_kib: 19_456, passes: 2 };
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is not the password, or there was none to compare with.
    Wrong,
    /// It is.
    Right,
    /// It is, and should be kept as this hash from now on.
    RightButOld(PasswordHash),
}

/// Hashes and checks passwords on threads that may block.
#[derive(Clone)]
pub struct Passwords {
    params: Params,
    /// What is checked where there is nothing to check, for the time that it takes.
    decoy: Arc<str>,
    places: Arc<Semaphore>,
}

impl Passwords {
    /// Hashes at this cost; below Argon2's own minimum, at that.
    pub fn new(cost: PasswordCost) -> Self {
        let memory_kib = cost.memory_kib.max(Params::MIN_M_COST);
        let passes = cost.passes.max(Params::MIN_T_COST);
        let params = Params::new(memory_kib, passes, 1, None).unwrap_or_default();
        let decoy = Arc::from(hash(&params, "nobody's password"));
        Self { params, decoy, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The hash to keep of a password.
    pub async fn hash(&self, password: &Password) -> PasswordHash {
        let (params, password) = (self.params.clone(), password.clone());
        PasswordHash::new(self.off_thread(move || hash(&params, &password.0)).await)
    }

    /// Compares a password with a hash, or with nothing for as long.
    pub(crate) async fn check(&self, password: &Password, known: Option<&PasswordHash>) -> Verdict {
        let (params, decoy) = (self.params.clone(), self.decoy.clone());
        let (password, known) = (password.clone(), known.cloned());
        self.off_thread(move || check(&params, &decoy, &password.0, known.as_ref())).await
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let place = self.places.clone().acquire_owned().await.expect("never closed");
        let done = task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.expect("hashing does not panic")
    }
}

fn check(params: &Params, decoy: &str, password: &str, known: Option<&PasswordHash>) -> Verdict {
    let Some(known) = known else {
        verify(decoy, password);
        return Verdict::Wrong;
    };
    if let Some((salt, expected)) = known.opencr() {
        // Either way one Argon2 hash, so that the time does not tell old accounts.
        if is_opencrs(password, salt, expected) {
            return Verdict::RightButOld(PasswordHash::new(hash(params, password)));
        }
        verify(decoy, password);
        return Verdict::Wrong;
    }
    if !verify(known.as_str(), password) {
        return Verdict::Wrong;
    }
    if is_as_costly(known.as_str(), params) {
        return Verdict::Right;
    }
    Verdict::RightButOld(PasswordHash::new(hash(params, password)))
}

fn argon2(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

fn hash(params: &Params, password: &str) -> String {
    let salt = SaltString::generate(&mut OsRng);
    let hash = argon2(params).hash_password(password.as_bytes(), &salt);
    hash.expect("the parameters and the salt were made by Argon2 itself").to_string()
}

/// Whether `known`, a PHC string, is a hash of `password`; its own parameters count.
fn verify(known: &str, password: &str) -> bool {
    let parsed = password_hash::PasswordHash::new(known);
    parsed.is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok())
}

fn is_as_costly(known: &str, params: &Params) -> bool {
    let parsed = password_hash::PasswordHash::new(known).ok();
    let known = parsed.and_then(|known| Params::try_from(&known).ok());
    known
        .is_some_and(|known| known.m_cost() >= params.m_cost() && known.t_cost() >= params.t_cost())
}

/// Whether a hash is that of the password which every OpenCR was delivered with (contract S6).
pub(super) fn is_published(known: &PasswordHash) -> bool {
    known.opencr().is_some_and(|(salt, expected)| is_opencrs("intrahealth", salt, expected))
}

/// PBKDF2-HMAC-SHA512 with the salt's hexadecimal text as bytes.
fn is_opencrs(password: &str, salt: &str, expected: &str) -> bool {
    let mut bytes = [0; OPENCR_BYTES];
    pbkdf2_hmac::<Sha512>(password.as_bytes(), salt.as_bytes(), OPENCR_ROUNDS, &mut bytes);
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.as_bytes().ct_eq(expected.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1 };

    fn password(text: &str) -> Password {
        Password::new(text).expect("a password")
    }

    #[tokio::test]
    async fn s13_password_is_kept_as_argon2id_and_checked() {
        let passwords = Passwords::new(CHEAP);
        let hash = passwords.hash(&password("made up")).await;
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert_eq!(passwords.check(&password("made up"), Some(&hash)).await, Verdict::Right);
        for wrong in ["Made up", "made up ", "x"] {
            assert_eq!(passwords.check(&password(wrong), Some(&hash)).await, Verdict::Wrong);
        }
        assert_eq!(passwords.check(&password("made up"), None).await, Verdict::Wrong);
        let damaged = PasswordHash::new("$argon2id$nonsense");
        assert_eq!(passwords.check(&password("x"), Some(&damaged)).await, Verdict::Wrong);
        assert_ne!(passwords.hash(&password("made up")).await, hash);
    }

    #[tokio::test]
    async fn opencr_hash_is_checked_with_its_parameters_and_replaced() {
        // crypto.pbkdf2Sync("made up", salt, 1000, 64, "sha512").toString("hex") of Node.
        let salt = "000102030405060708090a0b0c0d0e0f";
        let hash = include_str!("password/opencr_hash.txt").trim();
        let old = PasswordHash::of_opencr(salt, hash).unwrap();
        let passwords = Passwords::new(CHEAP);
        let verdict = passwords.check(&password("made up"), Some(&old)).await;
        let Verdict::RightButOld(new) = verdict else { panic!("{verdict:?}") };
        assert_eq!(passwords.check(&password("made up"), Some(&new)).await, Verdict::Right);
        assert_eq!(passwords.check(&password("made  up"), Some(&old)).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn cheap_hash_is_replaced_by_a_dear_one() {
        let cheap = Passwords::new(CHEAP).hash(&password("made up")).await;
        let dear = Passwords::new(PasswordCost { memory_kib: 64, passes: 2 });
        let verdict = dear.check(&password("made up"), Some(&cheap)).await;
        assert!(matches!(verdict, Verdict::RightButOld(_)));
    }

    #[test]
    fn password_has_an_end_and_is_not_shown() {
        assert!(Password::new("").is_none());
        assert!(Password::new("x".repeat(1025)).is_none());
        assert_eq!(format!("{:?}", password("made up")), "Password");
        assert!(is_long_enough(&password("äöü"), 3) && !is_long_enough(&password("äöü"), 4));
    }
}
