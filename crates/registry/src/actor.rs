//! Who is accountable for an event: a submitting system, a person or a job of our own.
//!
//! How somebody proved to be that actor is the edge's business (`server`'s `Caller`).

use serde::{Deserialize, Serialize};

use crate::ids::ClientId;

/// The accountable party of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "lowercase")]
pub enum Actor {
    /// A point-of-service system, by its client id.
    Client(ClientId),
    /// A person signed in, by the user name.
    User(String),
    /// A job of the registry itself, such as an import or a re-link.
    Job(String),
}
