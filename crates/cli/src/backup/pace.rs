//! Telling on standard error how far long work is, every few seconds.

use std::time::{Duration, Instant};

/// How often a line is written.
const EVERY: Duration = Duration::from_secs(5);

/// What is counted, and when it was told last.
pub(crate) struct Pace {
    what: &'static str,
    told: Instant,
}

impl Pace {
    /// Counts `what`.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, told: Instant::now() }
    }

    /// Says how many of how many are done, if nothing was said for a while.
    pub(crate) fn tell(&mut self, done: u64, total: u64) {
        if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            eprintln!("{done} of {total} {}", self.what);
        }
    }
}
