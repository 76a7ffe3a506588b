//! The first page: what there is to do.

use askama::Template;
use jiff::Timestamp;

use crate::Frame;

/// The first page.
#[derive(Debug, Template)]
#[template(path = "home.html", blocks = ["work"])]
pub struct Home<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// What waits; `None` for people who may not see matches.
    pub work: Option<Work>,
}

/// What waits for stewards.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Records with a potential match.
    pub potential: u64,
    /// Records that reached several persons.
    pub conflicts: u64,
    /// Automatic matches that nobody has looked at.
    pub automatic: u64,
    /// When this was counted.
    pub as_of: Timestamp,
}

impl Work {
    fn is_done(&self) -> bool {
        self.potential + self.conflicts + self.automatic == 0
    }
}
