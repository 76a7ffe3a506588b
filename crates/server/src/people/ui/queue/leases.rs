//! [`Leases`]: who is working on what of the queue, what each left for later, and what each decided.
//!
//! Kept in memory: it only keeps people out of each other's way. What is decided is checked where it
//! is committed, so a lease that is lost with the process, or unknown to another node, harms nothing.

use std::collections::HashMap;

use parking_lot::Mutex;
use registry::ids::{RecordId, Revision, SessionId, Timestamp};

use super::pace::Pace;

/// For how long an item stays somebody's without a sign of them.
const HELD_MICROS: i64 = 10 * 60 * 1_000_000;
/// For how long what a session left or decided is remembered after its last sign.
const KEPT_MICROS: i64 = 8 * 3_600 * 1_000_000;
/// Sessions that are remembered.
const SESSIONS_MAX: usize = 10_000;
/// Items that one session leaves for later; the first ones come again.
const SKIPPED_MAX: usize = 1_000;
/// Decisions of one session that are remembered, the last ones (ui.md 3.5).
const DECIDED_MAX: usize = 50;

/// Who works on an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The session.
    pub(super) session: SessionId,
    /// The user name.
    pub(super) name: String,
    /// Until when it is theirs.
    pub(super) until: Timestamp,
}

/// What a session decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// The item.
    pub(super) item: RecordId,
    /// The key of what was decided.
    pub(super) what: &'static str,
    /// The person on whose page it is undone.
    pub(super) cruid: String,
    /// The event.
    pub(super) event: Revision,
    /// When.
    pub(super) at: Timestamp,
}

/// What one session left and did.
#[derive(Default)]
struct Sitting {
    at: Timestamp,
    skipped: Vec<RecordId>,
    decided: Vec<Decided>,
    pace: Pace,
}

#[derive(Default)]
struct Inner {
    held: HashMap<RecordId, Held>,
    sittings: HashMap<SessionId, Sitting>,
}

/// Who works on what.
#[derive(Default)]
pub(in crate::people) struct Leases(Mutex<Inner>);

impl Leases {
    /// Takes an item for a session, or keeps it; fails with who else has it. What a person has in another
    /// session comes along: whoever signs in again is not kept from their own work.
    pub(super) fn hold(&self, item: &RecordId, mine: &Held, now: Timestamp) -> Result<(), Held> {
        {
            let mut inner = self.0.lock();
            inner.held.retain(|_, held| held.until > now);
            if let Some(held) = inner.held.get(item).filter(|held| held.name != mine.name) {
                return Err(held.clone());
            }
            inner.held.insert(item.clone(), mine.clone());
        }
        self.sitting(&mine.session, now, |sitting| sitting.pace.looked(item, now));
        Ok(())
    }

    /// The same, whoever had it.
    pub(super) fn take_over(&self, item: &RecordId, mine: &Held) {
        self.0.lock().held.insert(item.clone(), mine.clone());
    }

    /// Gives an item back, if it is the session's.
    pub(super) fn release(&self, item: &RecordId, session: &SessionId) {
        let mut inner = self.0.lock();
        if inner.held.get(item).is_some_and(|held| held.session == *session) {
            inner.held.remove(item);
        }
    }

    /// Who has an item.
    pub(super) fn holder(&self, item: &RecordId, now: Timestamp) -> Option<Held> {
        self.0.lock().held.get(item).filter(|held| held.until > now).cloned()
    }

    /// The items that a session has.
    pub(super) fn held_by(&self, session: &SessionId, now: Timestamp) -> Vec<RecordId> {
        self.items(now, |held| held.session == *session)
    }

    /// The items that anybody has.
    pub(super) fn all_held(&self, now: Timestamp) -> Vec<RecordId> {
        self.items(now, |_| true)
    }

    fn items(&self, now: Timestamp, wanted: impl Fn(&Held) -> bool) -> Vec<RecordId> {
        let inner = self.0.lock();
        let held = inner.held.iter().filter(|(_, held)| held.until > now && wanted(held));
        held.map(|(item, _)| item.clone()).collect()
    }

    /// Leaves an item for later.
    pub(super) fn skip(&self, item: &RecordId, session: &SessionId, now: Timestamp) {
        self.release(item, session);
        self.sitting(session, now, |sitting| {
            sitting.skipped.retain(|known| known != item);
            if sitting.skipped.len() >= SKIPPED_MAX {
                sitting.skipped.remove(0);
            }
            sitting.skipped.push(item.clone());
        });
    }

    /// What a session left for later, longest first.
    pub(super) fn skipped(&self, session: &SessionId) -> Vec<RecordId> {
        let inner = self.0.lock();
        inner.sittings.get(session).map(|sitting| sitting.skipped.clone()).unwrap_or_default()
    }

    /// Remembers what a session decided.
    pub(super) fn decided(&self, session: &SessionId, decided: Decided) {
        self.sitting(session, decided.at, |sitting| {
            sitting.pace.decided(decided.at);
            if sitting.decided.len() >= DECIDED_MAX {
                sitting.decided.remove(0);
            }
            sitting.decided.push(decided);
        });
    }

    /// What a session decided, the last first.
    pub(super) fn done(&self, session: &SessionId) -> Vec<Decided> {
        let inner = self.0.lock();
        let sitting = inner.sittings.get(session);
        sitting.map(|one| one.decided.iter().rev().cloned().collect()).unwrap_or_default()
    }

    /// How many seconds a session's decisions take, and whether it is time for a break.
    pub(in crate::people::ui) fn pace(
        &self,
        session: &SessionId,
        now: Timestamp,
    ) -> (Option<u64>, bool) {
        let inner = self.0.lock();
        let pace = inner.sittings.get(session).map(|sitting| &sitting.pace);
        pace.map_or((None, false), |pace| (pace.median_seconds(), pace.is_tired(now)))
    }

    fn sitting(&self, session: &SessionId, now: Timestamp, change: impl FnOnce(&mut Sitting)) {
        let mut inner = self.0.lock();
        let sittings = &mut inner.sittings;
        sittings.retain(|_, sitting| now.0 - sitting.at.0 < KEPT_MICROS);
        if sittings.len() >= SESSIONS_MAX && !sittings.contains_key(session) {
            let oldest = sittings.iter().min_by_key(|(_, sitting)| sitting.at.0);
            if let Some(oldest) = oldest.map(|(session, _)| session.clone()) {
                sittings.remove(&oldest);
            }
        }
        let sitting = sittings.entry(session.clone()).or_default();
        sitting.at = now;
        change(sitting);
    }
}

/// A session's claim from now on.
pub(super) fn claim(session: &SessionId, name: &str, now: Timestamp) -> Held {
    let until = Timestamp(now.0.saturating_add(HELD_MICROS));
    Held { session: session.clone(), name: name.to_owned(), until }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_is_one_sessions_until_it_shows_no_sign() {
        let (leases, item) = (Leases::default(), RecordId::new("r"));
        let (mine, other) = (SessionId::new("a"), SessionId::new("b"));
        let at = |micros| Timestamp(micros);
        assert!(leases.hold(&item, &claim(&mine, "anna", at(0)), at(0)).is_ok());
        let refused = leases.hold(&item, &claim(&other, "ben", at(1)), at(1));
        assert_eq!(refused.unwrap_err().name, "anna");
        // A sign of the first keeps it.
        assert!(leases.hold(&item, &claim(&mine, "anna", at(5)), at(5)).is_ok());
        let later = at(HELD_MICROS + 2);
        assert!(leases.hold(&item, &claim(&other, "ben", later), later).is_err());
        let again = claim(&SessionId::new("c"), "anna", later);
        assert!(leases.hold(&item, &again, later).is_ok(), "it is her own");
        assert!(leases.hold(&item, &claim(&mine, "anna", at(5)), at(5)).is_ok());
        let over = at(HELD_MICROS + 6);
        assert!(leases.holder(&item, over).is_none());
        assert!(leases.hold(&item, &claim(&other, "ben", over), over).is_ok());
        leases.release(&item, &mine);
        assert!(leases.holder(&item, over).is_some(), "nobody gives back what is another's");
        assert_eq!((leases.held_by(&mine, over), leases.all_held(over).len()), (vec![], 1));
        assert_eq!(leases.held_by(&other, over), std::slice::from_ref(&item));
        let long_over = at(3 * HELD_MICROS);
        assert!(
            leases.held_by(&other, long_over).is_empty() && leases.all_held(long_over).is_empty()
        );
        leases.take_over(&item, &claim(&mine, "anna", over));
        assert_eq!(leases.holder(&item, over).unwrap().name, "anna");
        leases.release(&item, &mine);
        assert!(leases.holder(&item, over).is_none());
    }

    #[test]
    fn what_is_left_comes_last_and_what_was_decided_is_the_sessions_own() {
        let (leases, now) = (Leases::default(), Timestamp(0));
        let (mine, other) = (SessionId::new("a"), SessionId::new("b"));
        for item in ["1", "2", "1"] {
            leases.skip(&RecordId::new(item), &mine, now);
        }
        assert_eq!(leases.skipped(&mine), [RecordId::new("2"), RecordId::new("1")]);
        let decided = |event| Decided {
            item: RecordId::new("1"),
            what: "verb-mark-same",
            cruid: "cruid".to_owned(),
            event: Revision(event),
            at: now,
        };
        for event in 1..=51 {
            leases.decided(&mine, decided(event));
        }
        let done = leases.done(&mine);
        assert_eq!((done.len(), &done[0], &done[49]), (50, &decided(51), &decided(2)));
        assert!(leases.skipped(&other).is_empty() && leases.done(&other).is_empty());
    }
}
