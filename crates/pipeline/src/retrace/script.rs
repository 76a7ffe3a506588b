//! The time and the ids that an event got, given out once more.

use registry::{commit::Change, event::EventBody};
use uuid::Uuid;

use crate::clock::Clock;

/// A clock that stands where the event says, and gives the CRUID that the event made, if it made
/// one; otherwise one that nobody has.
pub(super) fn clock(body: &EventBody) -> Clock {
    let made = body.changes.iter().find_map(|change| match change {
        Change::CreateGolden { golden, .. } => Uuid::parse_str(golden.as_str()).ok(),
        _ => None,
    });
    let (at, id) = (body.at.0, made.unwrap_or(Uuid::nil()));
    Clock::new(move || at, move || id)
}
