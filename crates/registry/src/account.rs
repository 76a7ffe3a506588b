//! People who sign in: accounts, roles, what a role allows, sessions.
//!
//! What people do to the registry is events (`actor`); accounts themselves are no part of the
//! chain, so that an account can be erased. How passwords are checked is the edge's business.

use std::fmt;

use crate::ids::{AccountId, SessionId, Timestamp};

mod permission;

pub use permission::{Permission, Role};

/// Longest user name; longer ones are mistakes or attacks.
pub const USERNAME_CHARS_MAX: usize = 128;
/// Longest given names or surname.
pub const NAME_CHARS_MAX: usize = 256;

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// It can.
    Active,
    /// An administrator has turned it off.
    Inactive,
}

impl AccountStatus {
    /// OpenCR's word for it (contract 1.5).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// Reads OpenCR's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Inactive].into_iter().find(|status| status.as_str() == text)
    }
}

/// What a password is checked against: an Argon2 PHC string, or OpenCR's salt and hash.
///
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// What begins the text of a hash that OpenCR made; salt and hash follow, each after a `$`.
const OPENCR: &str = "$opencr-pbkdf2$";
/// Hexadecimal digits of OpenCR's hashes (contract 2.6).
const OPENCR_HASH_DIGITS: usize = 128;
/// Hexadecimal digits of OpenCR's salts (contract 2.6).
const OPENCR_SALT_DIGITS: usize = 32;

impl PasswordHash {
    /// Wraps a text as it was stored or as the edge made it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes over a hash that OpenCR made (contract 2.6); `None` if they cannot be OpenCR's.
    pub fn of_opencr(salt: &str, hash: &str) -> Option<Self> {
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_right = salt.len() == OPENCR_SALT_DIGITS && hash.len() == OPENCR_HASH_DIGITS;
        (is_right && is_hex(salt) && is_hex(hash)).then(|| {
            // The salt is hashed as text, so its case counts; that of the hash does not.
            Self(format!("{OPENCR}{salt}${}", hash.to_ascii_lowercase()))
        })
    }

    /// Salt and hash of a hash that OpenCR made.
    pub fn opencr(&self) -> Option<(&str, &str)> {
        self.0.strip_prefix(OPENCR)?.split_once('$')
    }

    /// The text, for the store and for the check.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// The names of the person behind an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountName {
    /// The first given name; may be empty.
    pub first: String,
    /// Further given names, with spaces between them; may be empty.
    pub other: String,
    /// The surname; may be empty.
    pub surname: String,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What the person signs in with; unique, upper and lower case are different.
    pub username: String,
    /// What the person is called.
    pub name: AccountName,
    /// What the person may do.
    pub role: Role,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the password is checked against.
    pub password: PasswordHash,
}

/// What an administrator can change about an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountChange {
    /// The new names.
    pub name: AccountName,
    /// The new role.
    pub role: Role,
    /// The new status.
    pub status: AccountStatus,
}

/// One sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// From when on it is over.
    pub expires_at: Timestamp,
}

/// Bytes of a key that tokens are signed with: HMAC-SHA-256's output (RFC 7518 section 3.2).
pub const KEY_BYTES: usize = 32;

/// A key that tokens are signed with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey {
    /// What tokens name it by.
    pub id: String,
    /// The secret.
    pub secret: [u8; KEY_BYTES],
    /// When it was made.
    pub created_at: Timestamp,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.id)
    }
}

/// Whether a text can be a user name: nothing that looks like another name, or like none.
pub fn is_username(text: &str) -> bool {
    let length = text.chars().count();
    (1..=USERNAME_CHARS_MAX).contains(&length)
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Whether a text can be a name of a person.
pub fn is_name(text: &str) -> bool {
    text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opencr_hash_is_taken_over_only_in_its_form() {
        let (salt, hash) = ("0123456789abcdef".repeat(2), "AB".repeat(64));
        let taken = PasswordHash::of_opencr(&salt, &hash).unwrap();
        assert_eq!(taken.opencr(), Some((salt.as_str(), "ab".repeat(64).as_str())));
        assert_eq!(format!("{taken:?}"), "PasswordHash");
        for (salt, hash) in
            [("", hash.as_str()), (&salt, "ab"), (&salt[1..], &hash), (&hash, &salt)]
        {
            assert_eq!(PasswordHash::of_opencr(salt, hash), None);
        }
        assert_eq!(PasswordHash::new("$argon2id$v=19$x").opencr(), None);
    }

    #[test]
    fn user_name_has_no_blanks_and_an_end() {
        for good in ["jane", "root@example.org", "Zoë", "a"] {
            assert!(is_username(good), "{good}");
        }
        for bad in ["", " ", "jane ", "a b", "a\u{a0}b", "a\nb", "\u{0}", &"a".repeat(129)] {
            assert!(!is_username(bad), "{bad:?}");
        }
    }
}
