//! Newtypes for what the registry names: records, golden records, sources, revisions, hashes.
//!
//! No behaviour beyond making the wrong identifier impossible to pass. Making new random
//! ids is the edge's business (`pipeline`), because this room has no randomness.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text; its form is checked where it enters (FHIR id rules, rule file).
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// The FHIR logical id of a source record: one system's description of a person.
    RecordId
}
text_id! {
    /// The identifier of a golden record, the registry's one record per person.
    Cruid
}
text_id! {
    /// The id of a submitting system (OpenCR's "client", a point of service).
    ClientId
}
text_id! {
    /// The id of a person's account with us, never reused.
    AccountId
}
text_id! {
    /// Names one sign-in of a person until it ends; a token's `jti`.
    SessionId
}
text_id! {
    /// Names one match issue for ever: `<revision>-<number within the event>`.
    IssueId
}
text_id! {
    /// Lower-case hexadecimal SHA-256 of a content: a submitted resource or an explanation.
    ContentHash
}

impl ContentHash {
    /// The hash of `content`'s bytes.
    pub fn of(content: &str) -> Self {
        Self::new(hex(&Sha256::digest(content.as_bytes())))
    }
}

/// Lower-case hexadecimal text of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What identifies a source record: an internal-id system and the value in it.
///
/// `Debug` hides the value, because it identifies a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceKey {
    /// The identifier system's URI, one of the configured internal-id systems.
    pub system: Arc<str>,
    /// The identifier's value, never empty.
    pub value: Arc<str>,
}

impl fmt::Debug for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceKey({}|…)", self.system)
    }
}

/// The store-wide counter of events: the revision of a state is its newest event's number.
///
/// Zero is the empty registry. (FHIR's `versionId` counts per resource and is another thing.)
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of the next event.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// The dense number of a source record in the match index, given once and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordNumber(pub u32);

/// The dense number of a golden record, given once and never reused; lower means older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GoldenNumber(pub u32);
