//! The form of a backup: gzip of JSON lines, as a whole encrypted by age if asked.
//!
//! Both are read by common tools: `age -d FILE | gunzip`. The first line says what it is, the last
//! one holds the SHA-256 of all lines before it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pipeline::moving::Told;
use registry::{
    account::{Account, AccountName, AccountStatus, PasswordHash, Role, TokenKey},
    audit::AuditRecord,
    ids::{AccountId, ContentHash, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The format written, and the newest that is read.
pub(super) const FORMAT: u64 = 1;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// The first.
    OpencrBackup(Header),
    /// A file of the configuration, the rules, or the data folder.
    File(File),
    /// Somebody who signs in.
    Account(StoredAccount),
    /// A key that tokens are signed with.
    TokenKey(StoredKey),
    /// An event with its texts.
    Event(Told),
    /// An entry of the audit log.
    Audit(StoredEntry),
    /// An AuditEvent of the registry before this one.
    Archived(serde_json::Value),
    /// The last.
    End(End),
}

/// What the file holds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Header {
    /// [`FORMAT`].
    pub(super) format: u64,
    /// Of which release.
    pub(super) release: String,
    /// When.
    pub(super) made_at: String,
    /// The newest event.
    pub(super) revision: u64,
    /// Its hash.
    pub(super) head: String,
    /// The number of the last audit entry before those in the file.
    pub(super) audit_anchor: u64,
    /// Its hash.
    pub(super) audit_anchor_hash: String,
}

/// A file beside the store.
#[derive(Serialize, Deserialize)]
pub(super) struct File {
    /// Its path below the folder that it is restored to.
    pub(super) name: String,
    base64: String,
}

impl File {
    pub(super) fn new(name: String, bytes: &[u8]) -> Self {
        Self { name, base64: STANDARD.encode(bytes) }
    }

    /// What is in it; `None` if that cannot be read.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.base64).ok()
    }
}

/// An account as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredAccount {
    id: String,
    username: String,
    first: String,
    other: String,
    surname: String,
    role: String,
    status: String,
    created_at: i64,
    password: String,
}

impl From<Account> for StoredAccount {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            username: account.username,
            first: account.name.first,
            other: account.name.other,
            surname: account.name.surname,
            role: account.role.as_str().to_owned(),
            status: account.status.as_str().to_owned(),
            created_at: account.created_at.0,
            password: account.password.as_str().to_owned(),
        }
    }
}

impl StoredAccount {
    /// The account; `None` if its role or status is none.
    pub(super) fn account(self) -> Option<Account> {
        let name = AccountName { first: self.first, other: self.other, surname: self.surname };
        Some(Account {
            id: AccountId::new(self.id),
            username: self.username,
            name,
            role: Role::parse(&self.role)?,
            status: AccountStatus::parse(&self.status)?,
            created_at: Timestamp(self.created_at),
            password: PasswordHash::new(self.password),
        })
    }
}

/// A key of tokens as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredKey {
    id: String,
    secret: String,
    created_at: i64,
}

impl From<TokenKey> for StoredKey {
    fn from(key: TokenKey) -> Self {
        Self { id: key.id, secret: STANDARD.encode(key.secret), created_at: key.created_at.0 }
    }
}

impl StoredKey {
    /// The key; `None` if it has another length.
    pub(super) fn key(self) -> Option<TokenKey> {
        let secret = STANDARD.decode(&self.secret).ok()?.try_into().ok()?;
        Some(TokenKey { id: self.id, secret, created_at: Timestamp(self.created_at) })
    }
}

/// An audit entry as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredEntry {
    number: u64,
    at: i64,
    body: String,
    hash: String,
}

impl From<AuditRecord> for StoredEntry {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { number, at, body, hash } = record;
        Self { number, at: at.0, body, hash: hash.to_string() }
    }
}

impl From<StoredEntry> for AuditRecord {
    fn from(entry: StoredEntry) -> Self {
        let StoredEntry { number, at, body, hash } = entry;
        Self { number, at: Timestamp(at), body, hash: ContentHash::new(hash) }
    }
}

/// How much there was, and the checksum.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) files: u64,
    pub(super) accounts: u64,
    pub(super) events: u64,
    pub(super) audit_entries: u64,
    #[serde(default)]
    pub(super) archived: u64,
    /// Lower-case hexadecimal SHA-256 of all lines before.
    pub(super) sha256: String,
}
