//! The append-only, hash-chained history: what happened, when, by whom.
//!
//! Each event's hash covers the hash before it, so an edit anywhere breaks every later link.
//! Replaying all changes in order from nothing gives the state (see [`crate::verify`]).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    actor::Actor,
    commit::Change,
    ids::{ContentHash, Revision, Timestamp, hex},
    undo::WayBack,
};

/// What kind of act an event records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// A source submitted a record.
    Submit,
    /// A source withdrew its record.
    Withdraw,
    /// A person declared records to be different people.
    Break,
    /// A person withdrew such a declaration.
    Unbreak,
    /// A person closed match issues, with or without moving records.
    Resolve,
    /// A person declared two records to be different people that were not linked.
    MarkDifferent,
    /// A person declared two records to be one person.
    MarkSame,
    /// A person took back an earlier decision.
    Undo,
    /// What another registry had decided was taken over as it stood.
    Adopt,
}

impl Verb {
    /// Whether a person decides by it, so that it can be undone.
    pub fn is_adjudication(self) -> bool {
        match self {
            Self::Submit | Self::Withdraw | Self::Adopt => false,
            Self::Break
            | Self::Unbreak
            | Self::Resolve
            | Self::MarkDifferent
            | Self::MarkSame
            | Self::Undo => true,
        }
    }
}

/// The readable part of an event, hashed and stored as its JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventBody {
    /// Its place in the chain: 1 for the first.
    pub revision: Revision,
    /// When it was decided.
    pub at: Timestamp,
    /// Who is accountable.
    pub actor: Actor,
    /// What kind of act.
    pub verb: Verb,
    /// The rule set in force, by its hash.
    pub ruleset: String,
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// Why a person decided so, in that person's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The event that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub undoes: Option<Revision>,
    /// It was decided with many others, and nobody looked at it by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unseen: bool,
    /// How a person's decision is taken back; `None` for what cannot be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub way_back: Option<WayBack>,
}

/// One link of the chain, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the chain.
    pub revision: Revision,
    /// When it was decided.
    pub at: Timestamp,
    /// [`EventBody`] as JSON text, exactly as hashed.
    pub body: String,
    /// SHA-256 over the hash before it, a line feed and `body`.
    pub hash: ContentHash,
}

/// Why an event does not continue a chain.
#[derive(Debug, Error)]
pub enum ChainError {
    /// A number is missing or repeated.
    #[error("event {found} follows event {before}")]
    Gap {
        /// The event before.
        before: Revision,
        /// The event found.
        found: Revision,
    },
    /// Something was edited.
    #[error("the hash of event {0} does not fit its content and the event before it")]
    Hash(Revision),
    /// The text is not an event.
    #[error("event {revision} cannot be read")]
    Body {
        /// The event.
        revision: Revision,
        /// What the reader said.
        #[source]
        source: serde_json::Error,
    },
    /// The columns beside the text tell another story than the text.
    #[error("event {0} is filed under another number or time than it states")]
    Filing(Revision),
}

/// The end of the chain and the next free numbers: all that a writer must know of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest event.
    pub revision: Revision,
    /// Its hash; [`Head::start`] gives the hash before the first event.
    pub hash: ContentHash,
    /// The number that the next new source record gets.
    pub next_record: u32,
    /// The number that the next new golden record gets.
    pub next_golden: u32,
}

impl Head {
    /// The head of an empty registry.
    pub fn start() -> Self {
        Self {
            revision: Revision(0),
            hash: ContentHash::of("opencr event chain 1"),
            next_record: 0,
            next_golden: 0,
        }
    }

    /// Appends `body` to the chain and moves the head onto it.
    ///
    /// # Panics
    ///
    /// Never: an event body always has a JSON form.
    pub fn append(&mut self, body: &EventBody) -> Event {
        let text = serde_json::to_string(body).expect("an event body has a JSON form");
        let hash = link_hash(&self.hash, &text);
        for change in &body.changes {
            match change {
                Change::CreateRecord { number, .. } => self.next_record = number.0 + 1,
                Change::CreateGolden { number, .. } => self.next_golden = number.0 + 1,
                _ => {}
            }
        }
        self.revision = body.revision;
        self.hash = hash.clone();
        Event { revision: body.revision, at: body.at, body: text, hash }
    }

    /// Checks that `event` continues the chain here, moves onto it and gives what it says.
    ///
    /// # Errors
    ///
    /// [`ChainError`] tells in which way the chain is broken; the head stays where it was.
    pub fn follow(&mut self, event: &Event) -> Result<EventBody, ChainError> {
        if event.revision != self.revision.next() {
            return Err(ChainError::Gap { before: self.revision, found: event.revision });
        }
        if link_hash(&self.hash, &event.body) != event.hash {
            return Err(ChainError::Hash(event.revision));
        }
        let body: EventBody = serde_json::from_str(&event.body)
            .map_err(|source| ChainError::Body { revision: event.revision, source })?;
        if body.revision != event.revision || body.at != event.at {
            return Err(ChainError::Filing(event.revision));
        }
        self.append(&body);
        self.hash = event.hash.clone();
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
