//! [`Expiry`]: when one of the server's own files ends, and who hears of it.

/// Days before the end at which the log begins to warn.
const WARN_DAYS: u64 = 30;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The end of a certificate or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expiry {
    /// What ends, in words.
    pub(super) what: String,
    /// The last second, of Unix time.
    pub(super) at: u64,
}

/// An end that is near or past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What ends, in words.
    pub(crate) what: String,
    /// In how many days; `None` if it is over.
    pub(crate) days: Option<u64>,
}

impl Expiry {
    /// The end, if it is near or past.
    pub(super) fn ending(&self, now: u64) -> Option<Ending> {
        let days = self.at.checked_sub(now).map(|left| left / DAY_SECONDS);
        let is_near = days.is_none_or(|days| days < WARN_DAYS);
        is_near.then(|| Ending { what: self.what.clone(), days })
    }

    /// Warns if the end is near or past.
    pub(super) fn warn(&self, now: u64) {
        match self.ending(now) {
            None => {}
            Some(Ending { what, days: None }) => tracing::error!("{what} is over: renew it"),
            Some(Ending { what, days: Some(days) }) => {
                tracing::warn!(days, "{what} ends in {days} days: renew it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_from_thirty_days_before() {
        let expiry = Expiry { what: "it".to_owned(), at: 100 * DAY_SECONDS };
        let days = |now: u64| expiry.ending(now * DAY_SECONDS).map(|ending| ending.days);
        assert_eq!(days(70), None);
        assert_eq!(days(71), Some(Some(29)));
        assert_eq!(days(100), Some(Some(0)));
        assert_eq!(days(101), Some(None));
    }
}
