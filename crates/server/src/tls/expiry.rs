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

impl Expiry {
    /// Warns if the end is near or past.
    pub(super) fn warn(&self, now: u64) {
        let what = &self.what;
        match self.at.checked_sub(now).map(|left| left / DAY_SECONDS) {
            None => tracing::error!("{what} is over: renew it"),
            Some(days) if days < WARN_DAYS => {
                tracing::warn!(days, "{what} ends in {days} days: renew it");
            }
            Some(_) => {}
        }
    }
}
