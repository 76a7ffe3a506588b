//! The audit log: who asked for what or did what, when, from where, and what came of it.
//!
//! A chain of its own beside the events: events say how the registry's state came about and are
//! kept for ever; audit entries also tell of reads, searches, refusals and logins, and their
//! beginning may be cut off after a time. Each entry's hash covers the hash before it. A cut
//! leaves an *anchor*, the number and hash of the last entry cut, from which the rest is checked.
//!
//! No demographics: entities are ids of ours, search terms keyed hashes ([`TermKey`]).

use std::fmt;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    actor::Actor,
    ids::{ContentHash, Timestamp, hex},
};

mod archive;
mod fhir_event;
mod opencr;
#[cfg(test)]
mod tests;

pub use archive::ArchivedEvent;
pub use fhir_event::audit_event;
pub use opencr::{Known, opencr_events};

/// Entities that one entry names; a page holds no more than a thousand Patients.
pub const ENTITIES_MAX: usize = 6_100;

/// What kind of act an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Something was submitted that was not there.
    Create,
    /// A resource was read, or one version of it, or its history.
    Read,
    /// A search, or a further page of one.
    Search,
    /// Something that was there was submitted again or changed.
    Update,
    /// A source took its record back.
    Delete,
    /// A Bundle; its entries have entries of their own.
    Bundle,
    /// A named operation, such as `$ihe-pix` or `break-match`.
    Operation,
    /// Somebody signed in, or tried to.
    Login,
    /// Somebody signed out.
    Logout,
    /// Settings, rules, clients or accounts were changed, or took effect at a start.
    Configure,
    /// Data or the audit log itself were handed out as a file.
    Export,
    /// The beginning of the audit log was cut off.
    Cut,
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It was done.
    Done,
    /// The request was at fault, or there was nothing.
    Failed,
    /// Its sender may not.
    Refused,
    /// The server was at fault.
    Broken,
}

impl Ending {
    /// How a request ended that was answered with this HTTP status.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Refused,
            400..=499 => Self::Failed,
            500.. => Self::Broken,
            _ => Self::Done,
        }
    }
}

/// Who acted, and how they proved it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// A client or a person; `None` if nobody was believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The proof, in a word: `gateway`, `certificate`, `session`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// What an act was about: a role, as OpenCR names it, and an id of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// `patient`, or OpenCR's `submittedResource`, `CRUID`, `break` and so on.
    pub name: String,
    /// A relative reference: `Patient/<id>`.
    pub what: String,
}

impl Entity {
    /// A Patient that was read, found or written.
    pub fn patient(id: &str) -> Self {
        Self { name: "patient".to_owned(), what: format!("Patient/{id}") }
    }
}

/// A search term: the parameter, and its value as a keyed hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The parameter with its modifier, such as `family:contains`.
    pub name: String,
    /// [`TermKey::hash`] of the value, or the value if the operator chose so.
    pub value: String,
}

/// One entry, before it has a place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// What kind of act.
    pub act: Act,
    /// Which operation, plane or file, where the act leaves that open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Who.
    pub who: Who,
    /// The network address that it came from, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<Entity>,
    /// What was searched for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Term>,
    /// How it ended.
    pub ending: Ending,
    /// The HTTP status of its answer, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl AuditEntry {
    /// An act of somebody that was done, about nothing yet.
    pub fn new(act: Act, who: Who) -> Self {
        let (what, terms) = (Vec::new(), Vec::new());
        let (detail, from, status) = (None, None, None);
        Self { act, detail, who, from, what, terms, ending: Ending::Done, status }
    }
}

/// An entry in its place, hashed and stored as its JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditBody {
    /// Its place: 1 for the first ever.
    pub number: u64,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// What.
    pub entry: AuditEntry,
}

/// One link of the chain, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// [`AuditBody`] as JSON text, exactly as hashed.
    pub body: String,
    /// SHA-256 over the hash before it, a line feed and `body`.
    pub hash: ContentHash,
}

/// Why an entry does not continue the chain.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A number is missing or repeated.
    #[error("audit entry {found} follows entry {before}")]
    Gap {
        /// The entry before.
        before: u64,
        /// The entry found.
        found: u64,
    },
    /// Something was edited.
    #[error("the hash of audit entry {0} does not fit its content and the entry before it")]
    Hash(u64),
    /// The text is not an entry.
    #[error("audit entry {number} cannot be read")]
    Body {
        /// The entry.
        number: u64,
        /// What the reader said.
        #[source]
        source: serde_json::Error,
    },
    /// The columns beside the text tell another story than the text.
    #[error("audit entry {0} is filed under another number or time than it states")]
    Filing(u64),
}

/// A place in the chain: the end of it, or the anchor before its first kept entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the entry; 0 before the first ever.
    pub number: u64,
    /// Its hash.
    pub hash: ContentHash,
}

impl AuditHead {
    /// The place before the first entry ever.
    pub fn start() -> Self {
        Self { number: 0, hash: ContentHash::of("opencr audit chain 1") }
    }

    /// Appends `entry` and moves onto it.
    ///
    /// # Panics
    ///
    /// Never: an entry always has a JSON form.
    pub fn append(&mut self, at: Timestamp, entry: AuditEntry) -> AuditRecord {
        let number = self.number + 1;
        let body = AuditBody { number, at: at.to_instant(), entry };
        let body = serde_json::to_string(&body).expect("an audit entry has a JSON form");
        let hash = link_hash(&self.hash, &body);
        *self = Self { number, hash: hash.clone() };
        AuditRecord { number, at, body, hash }
    }

    /// Checks that `record` continues the chain here, moves onto it and gives what it says.
    ///
    /// # Errors
    ///
    /// [`AuditError`] tells in which way the chain is broken; the head stays where it was.
    pub fn follow(&mut self, record: &AuditRecord) -> Result<AuditBody, AuditError> {
        let number = record.number;
        if number != self.number + 1 {
            return Err(AuditError::Gap { before: self.number, found: number });
        }
        if link_hash(&self.hash, &record.body) != record.hash {
            return Err(AuditError::Hash(number));
        }
        let body: AuditBody = serde_json::from_str(&record.body)
            .map_err(|source| AuditError::Body { number, source })?;
        if body.number != number || body.at != record.at.to_instant() {
            return Err(AuditError::Filing(number));
        }
        *self = Self { number, hash: record.hash.clone() };
        Ok(body)
    }
}

fn link_hash(before: &ContentHash, body: &str) -> ContentHash {
    let mut hasher = Sha256::new();
    hasher.update(before.as_str().as_bytes());
    hasher.update(b"\n");
    hasher.update(body.as_bytes());
    ContentHash::new(hex(&hasher.finalize()))
}

/// The key of an installation under which search terms are hashed.
///
/// The same term gives the same hash, so that repeated searches for a person can be seen, and
/// who knows a term can look for it; who has the log alone cannot try out names and birth dates.
#[derive(Clone)]
pub struct TermKey([u8; 32]);

impl fmt::Debug for TermKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TermKey")
    }
}

impl TermKey {
    /// The key of these bytes, which come from a generator of secrets.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 (RFC 2104) of a term, in hexadecimal. The parameter's name goes in without
    /// its modifier, so that a term is found again however it was searched for.
    ///
    /// # Panics
    ///
    /// Never: HMAC takes keys of any length.
    pub fn hash(&self, name: &str, value: &str) -> String {
        let name = name.split(':').next().unwrap_or(name);
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length of key will do");
        mac.update(name.as_bytes());
        mac.update(b"=");
        mac.update(value.trim().to_lowercase().as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}
