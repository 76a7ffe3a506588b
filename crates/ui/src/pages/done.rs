//! What somebody decided in the queue in this session.

use askama::Template;
use jiff::Timestamp;
use registry::account::Permission;

use super::{
    person::Named,
    queue::{Tab, Totals},
    view::View,
};
use crate::Frame;

/// A decision. No `Debug`: this is about people.
pub struct DoneRow {
    /// The key of what was decided.
    pub what: &'static str,
    /// The record that the item was about.
    pub record: Named,
    /// What it says of its person; empty where that may not be seen.
    pub says: String,
    /// The person that it came to.
    pub cruid: String,
    /// When.
    pub at: Timestamp,
    /// Where it is undone.
    pub undo: String,
}

/// What was decided, the last first.
#[derive(Template)]
#[template(path = "queue_done.html")]
pub struct Done<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The part of the queue that was come from.
    pub view: View,
    /// How many wait.
    pub totals: Totals,
    /// The decisions.
    pub rows: Vec<DoneRow>,
}

impl Done<'_> {
    fn is_shown(&self, _: Tab) -> bool {
        false
    }

    fn is_done(&self) -> bool {
        true
    }
}
