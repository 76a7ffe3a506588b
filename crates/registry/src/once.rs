//! Acts that are carried out once although they are sent again (`Idempotency-Key`,
//! draft-ietf-httpapi-idempotency-key-header).
//!
//! A client that hears nothing sends its request again, with the same key. What was answered the
//! first time lies beside the commit that carried it out, so the second time nothing is decided.

use serde::{Deserialize, Serialize};

use crate::{
    batch::Receipt,
    ids::{ClientId, ContentHash, Timestamp},
};

/// How long an answer is kept, in microseconds: a day. Clients that give up later than that have
/// to look for themselves what became of their request.
pub const KEPT_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// What a sender says of the acts of one request: that they are to be carried out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Who and under which key, as a hash: nothing that a client made up is kept in words.
    key: ContentHash,
    /// What was sent. The same key for something else is a mistake of the client.
    request: ContentHash,
    /// The place of each act in the request, in the order of the acts.
    places: Vec<usize>,
}

impl Once {
    /// `client` named `request` (a hash of all that it sent) `key`; its acts stand at `places`.
    pub fn new(client: &ClientId, key: &str, request: ContentHash, places: Vec<usize>) -> Self {
        Self { key: ContentHash::of(&format!("{client}\n{key}")), request, places }
    }

    /// The same for some of the acts.
    #[must_use]
    pub fn part(&self, acts: std::ops::Range<usize>) -> Self {
        let places = self.places.get(acts).map(<[usize]>::to_vec).unwrap_or_default();
        Self { places, ..self.clone() }
    }

    /// The key of the act at that place in the order of the acts.
    pub fn key_of(&self, act: usize) -> OnceKey {
        let place = self.places.get(act).copied().unwrap_or(act);
        OnceKey(format!("{}-{place}", self.key))
    }

    /// The keys of all acts.
    pub fn keys(&self) -> impl Iterator<Item = OnceKey> {
        (0..self.places.len()).map(|act| self.key_of(act))
    }

    /// What is kept of an answer.
    pub fn answered(&self, act: usize, at: Timestamp, receipts: &[Receipt]) -> Answered {
        let request = self.request.clone();
        Answered { key: self.key_of(act), at, request, receipts: receipts.to_vec() }
    }

    /// Whether an answer is to this request.
    pub fn is_of(&self, answered: &Answered) -> bool {
        answered.request == self.request
    }
}

/// Names one act of one request of one client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OnceKey(pub String);

/// What was answered to an act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Which act.
    pub key: OnceKey,
    /// When it was decided.
    pub at: Timestamp,
    /// What was sent, as a hash.
    pub request: ContentHash,
    /// The answer.
    pub receipts: Vec<Receipt>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(client: &str, key: &str) -> Once {
        Once::new(&ClientId::new(client), key, ContentHash::of("sent"), vec![0, 3, 4])
    }

    #[test]
    fn keys_are_of_one_client_one_request_and_one_place() {
        let mine = once("a", "k");
        let keys: Vec<OnceKey> = mine.keys().collect();
        assert_eq!(mine.part(1..3).keys().collect::<Vec<_>>(), keys[1..]);
        assert_eq!(mine.part(1..3).key_of(0), mine.key_of(1));
        assert_ne!(mine.key_of(0), mine.key_of(1));
        for other in [once("b", "k"), once("a", "l")] {
            assert_ne!(other.key_of(0), mine.key_of(0));
        }
    }
}
