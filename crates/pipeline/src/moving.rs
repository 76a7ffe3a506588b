//! Moving a registry: told event by event with the texts that each names, and loaded from that.
//!
//! Events and versions never change, so what is told up to a revision is one consistent state even
//! while others write. Loading replays the events through the one way to write, so it works on
//! every store, continues where it was broken off, and ends with the same chain or not at all.

use registry::{
    batch::ReplayError,
    event::Event,
    ids::{ContentHash, Revision, Timestamp},
};
use serde::{Deserialize, Serialize};
use store::StoreError;
use thiserror::Error;

mod archive;
mod compare;
mod copy;
mod load;
mod tell;

pub use archive::ArchiveTeller;
pub use compare::{Comparison, Difference, compare};
pub use copy::{ACCOUNTS_MAX, Copied, copy, give_accounts, give_keys};
pub use load::Loader;
pub use tell::{AuditTeller, Teller};

/// One event with the texts that it names: contents and explanations, each known by its hash.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The event's revision.
    pub revision: u64,
    /// Its time, in microseconds since 1970.
    pub at: i64,
    /// Its text, exactly as hashed.
    pub body: String,
    /// Its hash.
    pub hash: String,
    /// The submitted contents that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<String>,
    /// The explanations that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explanations: Vec<String>,
}

impl Told {
    fn event(&self) -> Event {
        Event {
            revision: Revision(self.revision),
            at: Timestamp(self.at),
            body: self.body.clone(),
            hash: ContentHash::new(self.hash.as_str()),
        }
    }

    fn bytes(&self) -> usize {
        let texts = self.contents.iter().chain(&self.explanations);
        self.body.len() + texts.map(String::len).sum::<usize>()
    }
}

/// Why a registry could not be moved.
#[derive(Debug, Error)]
pub enum MovingError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The source contradicts itself.
    #[error("what is to be moved is damaged: {0}; run `opencr verify` on it")]
    Damaged(String),
    /// An event does not continue what was loaded so far.
    #[error("what is to be loaded is damaged or of another registry: {0}")]
    Replay(#[from] ReplayError),
    /// The target holds something else than a part of the source.
    #[error("the target is no part of the source: {0}; give an empty store")]
    Foreign(String),
    /// The audit log was cut where it was being read.
    #[error("the audit log was cut while it was read; try again")]
    Cut,
}
