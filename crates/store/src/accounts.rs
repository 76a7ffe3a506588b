//! [`Accounts`]: who may sign in. Kept beside the registry, and no part of its commits.
//!
//! Whatever must not be torn apart by two requests at once is one method here: counting an
//! attempt, ending sessions with the change that ends them, keeping one administrator.

use async_trait::async_trait;
use registry::{
    account::{Account, AccountChange, KEY_BYTES, PasswordHash, Session, TokenKey},
    ids::{AccountId, SessionId, Timestamp},
};

use crate::{StoreError, Window};

/// Most sessions of one account at once; opening another ends the oldest.
pub const SESSIONS_MAX: usize = 20;

/// How often a password may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimit {
    /// So many attempts in a row may fail.
    pub attempts_max: u32,
    /// When this attempt is.
    pub now: Timestamp,
    /// Until when the account is locked if this attempt is one too many.
    pub lock_until: Timestamp,
}

/// What became of a change to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is made.
    Done,
    /// There is no such account.
    Unknown,
    /// It would have left nobody who can manage accounts, and is not made.
    LastAdmin,
}

/// The accounts of people, their sessions, and the keys of their tokens.
///
/// All errors are [`StoreError`]s of the kinds `Database` and `Damaged`.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Adds an account; false if its id or user name is taken.
    async fn add_account(&self, account: &Account) -> Result<bool, StoreError>;

    /// Adds the first account; false if there is one already.
    async fn add_first_account(&self, account: &Account) -> Result<bool, StoreError>;

    /// The account with this id.
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError>;

    /// The account with exactly this user name.
    async fn account_named(&self, username: &str) -> Result<Option<Account>, StoreError>;

    /// Accounts in order of user name, within the window; and how many there are.
    async fn accounts(&self, window: Window) -> Result<(Vec<Account>, u64), StoreError>;

    /// Changes an account. Another role or status ends its sessions.
    async fn change_account(
        &self,
        id: &AccountId,
        change: &AccountChange,
    ) -> Result<Changed, StoreError>;

    /// Gives an account another password, unlocks it, and ends all its sessions but `keep`;
    /// false if there is no such account.
    async fn set_password(
        &self,
        id: &AccountId,
        password: &PasswordHash,
        keep: Option<&SessionId>,
    ) -> Result<bool, StoreError>;

    /// How an account wants to see pages, in words that are the edge's; `None` until it chose.
    async fn preferences(&self, id: &AccountId) -> Result<Option<String>, StoreError>;

    /// Keeps them; false if there is no such account.
    async fn set_preferences(&self, id: &AccountId, words: &str) -> Result<bool, StoreError>;

    /// Counts an attempt to sign in as one that fails, before its password is looked at; false
    /// if the account is locked or unknown, so that it must not be looked at.
    ///
    /// Counting first keeps many attempts at once from all passing under the limit.
    async fn begin_attempt(&self, id: &AccountId, limit: AttemptLimit) -> Result<bool, StoreError>;

    /// Takes back what was counted, because the password was right; and keeps `rehashed`, if
    /// the password is still the one with the hash `was`.
    async fn pass_attempt(
        &self,
        id: &AccountId,
        was: &PasswordHash,
        rehashed: Option<&PasswordHash>,
    ) -> Result<(), StoreError>;

    /// Opens a session, and ends those of its account that are over or too many; false if the
    /// account is not active, or its password is not the one with the hash `proof` any more.
    async fn open_session(
        &self,
        session: &Session,
        proof: &PasswordHash,
    ) -> Result<bool, StoreError>;

    /// The account whose session this is, if it is not over at `now`.
    async fn account_in_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError>;

    /// Ends a session.
    async fn end_session(&self, id: &SessionId) -> Result<(), StoreError>;

    /// The keys of tokens, newest first.
    async fn token_keys(&self) -> Result<Vec<TokenKey>, StoreError>;

    /// Adds a key, and drops those made before `drop_before`.
    async fn add_token_key(&self, key: &TokenKey, drop_before: Timestamp)
    -> Result<(), StoreError>;
}

/// The secret that these hexadecimal digits stand for; `None` if they are not all and only that.
pub(crate) fn secret_of(digits: &str) -> Option<[u8; KEY_BYTES]> {
    let mut secret = [0; KEY_BYTES];
    if digits.len() != secret.len() * 2 || !digits.is_ascii() {
        return None;
    }
    for (at, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(secret)
}
