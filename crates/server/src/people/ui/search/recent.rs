//! [`Recent`]: whose pages each account opened last. Ids only, and only in this process's memory: browsers
//! keep nothing of it, and a restart forgets it.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use registry::{account::Permission, ids::Cruid, state::GoldenStatus};
use ui::{Frame, pages::Found};

use super::{
    super::{Fault, Visit, person::read::Known},
    shown,
};
use crate::{App, people::People};

/// Persons that are remembered of an account (ui.md 3.3).
const PERSONS_MAX: usize = 5;
/// Accounts that something is remembered of.
const ACCOUNTS_MAX: usize = 10_000;

/// Whose pages each account opened last, the newest first.
#[derive(Default)]
pub(in crate::people) struct Recent(Mutex<HashMap<String, VecDeque<Cruid>>>);

impl Recent {
    fn open(&self, account: &str, cruid: &Cruid) {
        let mut all = self.0.lock();
        if all.len() >= ACCOUNTS_MAX && !all.contains_key(account) {
            all.clear();
        }
        let own = all.entry(account.to_owned()).or_default();
        own.retain(|it| it != cruid);
        own.push_front(cruid.clone());
        own.truncate(PERSONS_MAX);
    }

    fn of(&self, account: &str) -> Vec<Cruid> {
        self.0.lock().get(account).into_iter().flatten().cloned().collect()
    }
}

/// Remembers that a person's page was opened, if somebody is there.
pub(in crate::people::ui) fn opened(app: &App, visit: &Visit, known: &Known) -> Result<(), Fault> {
    if known.golden.status == GoldenStatus::Live {
        People::of(app).shared.recent.open(visit.user()?.username(), &known.golden.id);
    }
    Ok(())
}

/// The persons that the account opened last, as they are now; nobody for who may not read them.
pub(super) async fn persons(app: &App, visit: &Visit, frame: &Frame) -> Result<Vec<Found>, Fault> {
    if !frame.may(Permission::PatientRead) {
        return Ok(Vec::new());
    }
    let cruids = People::of(app).shared.recent.of(visit.user()?.username());
    visit.notes.about(cruids.iter().map(Cruid::as_str));
    let mut found = shown::persons(app, frame, &cruids, &[]).await?;
    // Who was joined with another meanwhile has no records of their own.
    found.retain(|person| person.count > 0);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_five_are_remembered_once_each_and_by_account() {
        let recent = Recent::default();
        for cruid in ["a", "b", "c", "a", "d", "e", "f"] {
            recent.open("vera", &Cruid::new(cruid));
        }
        let ids = recent.of("vera");
        assert_eq!(ids.iter().map(Cruid::as_str).collect::<Vec<_>>(), ["f", "e", "d", "a", "c"]);
        assert!(recent.of("sami").is_empty());
    }
}
