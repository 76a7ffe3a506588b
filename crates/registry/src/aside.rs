//! [`Aside`]: a record of the work queue that is put aside for a while.
//!
//! It keeps people out of each other's way and decides nothing, so it is no event: it ends when its
//! time is over, when somebody takes it back, when the record changes, and for what is found of it
//! afterwards.

use crate::ids::{RecordId, Revision, Timestamp};

/// Why a record is put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsideKind {
    /// Too little is known; its source may send more.
    Waiting,
    /// Somebody with more say is to decide.
    Escalated,
}

impl AsideKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Waiting, Self::Escalated];

    /// Its name in a store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Escalated => "escalated",
        }
    }

    /// What [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A record that is put aside, with the issues that were open about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The record that raised the issues.
    pub record: RecordId,
    /// Why.
    pub kind: AsideKind,
    /// What was found up to this revision is put aside; what is found later is not.
    pub since: Revision,
    /// When.
    pub at: Timestamp,
    /// Until when; `None` until somebody takes it back.
    pub until: Option<Timestamp>,
    /// By whom: a user name.
    pub by: String,
    /// What they noted; no place for demographics.
    pub note: String,
}
