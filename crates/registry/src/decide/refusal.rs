//! Why the registry refuses an act, in words for whoever asked for it.

use thiserror::Error;

use crate::{
    ids::{RecordId, Revision},
    state::BrokenPair,
};

/// Why an act is refused. Nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The id asked for belongs to another record.
    #[error(
        "Patient/{0} is another record: its identity (identifier of the internal-id system) is \
         not the submitted one. Submit without an id, or under the id of your own record"
    )]
    IdTaken(RecordId),
    /// The id asked for is a CRUID.
    #[error("Patient/{0} is a golden record, which only the registry writes")]
    GoldenIsOurs(RecordId),
    /// `If-Match` names another version than the stored one.
    #[error("the stored version is {current}, `If-Match` asks for {wanted}: read it again first")]
    VersionConflict {
        /// What the sender wants to have.
        wanted: u32,
        /// What is stored.
        current: u32,
    },
    /// `If-Match` was given for a record that does not exist.
    #[error("`If-Match` asks for version {0} of a record that does not exist")]
    NothingToMatch(u32),
    /// There is no such source record.
    #[error("there is no source record Patient/{0}")]
    Unknown(RecordId),
    /// The id or the identity is another system's, or a CRUID. The text is the same for all of
    /// them, and names none.
    #[error(
        "the id or the identity (identifier of the internal-id system) of this Patient is not the \
         submitting system's own. Submit without an id, or under the id and identity of your own \
         record"
    )]
    NotYours,
    /// The decision would change nothing or is not possible as things stand.
    #[error("{0}")]
    NotPossible(String),
    /// What a person looked at when deciding has changed since.
    #[error("{0} has changed since it was looked at: look again, then decide")]
    Stale(String),
    /// Records would come together that a person declared to be different people.
    #[error(
        "declared different people: {}. Withdraw that first, or say that it is to be withdrawn",
        list(pairs)
    )]
    DeclaredDifferent {
        /// The pairs in the way.
        pairs: Vec<BrokenPair>,
    },
    /// Later events rest on the one that is to be undone.
    #[error("event {event} cannot be undone, because {}", rests(later))]
    RestedOn {
        /// The event.
        event: Revision,
        /// Those that rest on it, oldest first; the first of many.
        later: Vec<Revision>,
    },
    /// Another act of the same transaction was refused, so this one was not carried out.
    #[error("not carried out, because entry {0} of the transaction was refused")]
    Transaction(usize),
    /// The registry stopped taking acts before it came to this one of a batch.
    #[error("not carried out: {0}. Send this entry again")]
    NotReached(String),
    /// The `Idempotency-Key` is that of another request.
    #[error(
        "this `Idempotency-Key` was sent before, with another request: use a new key for each \
         request, and the same one only to send that request again"
    )]
    KeyUsed,
    /// A fault of the registry itself, in this act alone.
    #[error("an internal fault kept the registry from deciding; its log tells more")]
    Fault,
}

fn list(pairs: &[BrokenPair]) -> String {
    let pairs =
        pairs.iter().map(|pair| format!("Patient/{} and Patient/{}", pair.low(), pair.high()));
    pairs.collect::<Vec<_>>().join(", ")
}

fn rests(later: &[Revision]) -> String {
    if later.is_empty() {
        return "what it decided on is not as the event left it".to_owned();
    }
    let later: Vec<String> = later.iter().map(ToString::to_string).collect();
    format!("later events rest on it: {}. Undo or settle these first", later.join(", "))
}
