//! [`Searches`]: what was looked for and who was found, kept for a while with the session under a number
//! that says nothing, so that no address holds what somebody is called.

use std::collections::HashMap;

use parking_lot::Mutex;
use registry::ids::{Cruid, SessionId, Timestamp};
use ui::pages::Terms;

/// For how long a search is kept after it was last looked at.
const KEPT_MICROS: i64 = 30 * 60 * 1_000_000;
/// Searches that one session has: the last ones, so that Back works.
const OF_SESSION_MAX: usize = 20;
/// Searches in all: at a thousand persons each, some hundred megabytes at the most.
const SEARCHES_MAX: usize = 5_000;

/// A search and what it found. No `Debug`: it holds what people are called.
#[derive(Clone)]
pub(super) struct Kept {
    /// What the form said.
    pub(super) terms: Terms,
    /// Names that were looked for, folded.
    pub(super) names: Vec<String>,
    /// Who was found, in order of age.
    pub(super) persons: Vec<Cruid>,
    /// Whether there were more records than are looked at.
    pub(super) is_cut: bool,
}

struct Entry {
    session: SessionId,
    at: Timestamp,
    kept: Kept,
}

/// The searches of the last half hour, by their numbers.
#[derive(Default)]
pub(in crate::people) struct Searches(Mutex<HashMap<String, Entry>>);

impl Searches {
    /// Keeps a search under a number.
    pub(super) fn keep(&self, token: String, session: &SessionId, now: Timestamp, kept: Kept) {
        let mut all = self.0.lock();
        all.retain(|_, entry| now.0 - entry.at.0 < KEPT_MICROS);
        let is_own = |entry: &Entry| entry.session == *session;
        if all.values().filter(|it| is_own(it)).count() >= OF_SESSION_MAX {
            forget_oldest(&mut all, is_own);
        }
        if all.len() >= SEARCHES_MAX {
            forget_oldest(&mut all, |_| true);
        }
        all.insert(token, Entry { session: session.clone(), at: now, kept });
    }

    /// The search with this number, if it is of this session.
    pub(super) fn find(&self, token: &str, session: &SessionId, now: Timestamp) -> Option<Kept> {
        let mut all = self.0.lock();
        let entry = all.get_mut(token)?;
        if entry.session != *session || now.0 - entry.at.0 >= KEPT_MICROS {
            return None;
        }
        entry.at = now;
        Some(entry.kept.clone())
    }
}

fn forget_oldest(all: &mut HashMap<String, Entry>, which: impl Fn(&Entry) -> bool) {
    let oldest = all.iter().filter(|(_, entry)| which(entry)).min_by_key(|(_, entry)| entry.at.0);
    if let Some(token) = oldest.map(|(token, _)| token.clone()) {
        all.remove(&token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept { terms: Terms::default(), names: Vec::new(), persons: Vec::new(), is_cut: false }
    }

    #[test]
    fn search_is_its_sessions_own_and_ends() {
        let (searches, now) = (Searches::default(), Timestamp(0));
        let (mine, other) = (SessionId::new("a"), SessionId::new("b"));
        searches.keep("1".to_owned(), &mine, now, kept());
        assert!(searches.find("1", &mine, now).is_some());
        assert!(searches.find("1", &other, now).is_none());
        assert!(searches.find("2", &mine, now).is_none());
        assert!(searches.find("1", &mine, Timestamp(KEPT_MICROS)).is_none());
    }

    #[test]
    fn session_keeps_its_last_searches_only() {
        let (searches, mine) = (Searches::default(), SessionId::new("a"));
        for at in 0..=OF_SESSION_MAX {
            searches.keep(at.to_string(), &mine, Timestamp(at as i64), kept());
        }
        let now = Timestamp(100);
        assert!(
            searches.find("0", &mine, now).is_none() && searches.find("1", &mine, now).is_some()
        );
    }
}
