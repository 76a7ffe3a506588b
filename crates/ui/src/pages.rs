//! The pages: one struct for each, which holds what it shows, and a template of the same name.

use crate::Frame;

mod account;
mod checked;
mod decide;
mod done;
mod evidence;
mod fault;
mod find;
mod home;
mod login;
mod matrix;
mod person;
mod queue;
mod search;
mod setup;
mod style;
mod view;
mod workbench;

pub use account::Account;
pub use checked::{Checked, CheckedBand, Marked};
pub use decide::{Choice, Decide, Preview};
pub use done::{Done, DoneRow};
pub use evidence::Evidence;
pub use fault::Fault;
pub use find::{Find, FoundBy, Rival};
pub use home::{Day, Home, KINDS_MAX, Panel, Registrations, RuleScores, Scores, Waits, Work};
pub use login::Login;
pub use matrix::{Band, Matrix, Meeting, Met};
pub use person::{
    Beside, Change, Compare, Different, End, Event, Explanation, Head, History, Link, Links, Named,
    NearMiss, Scored, Version, Versions,
};
pub use queue::{AsideTold, Candidate, Cluster, Facing, Holder, Pair, Queue, Tab, Totals, Waiting};
pub use search::{Found, FoundRecord, Reading, Results, Search, Terms, Without};
pub use setup::Setup;
pub use style::Style;
pub use view::{Filters, Held, Order, View};
pub use workbench::{Card, Column, NEW_MAX, Place, Workbench};

/// What is wrong with a form.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The id of the field that it is about.
    pub field: &'static str,
    /// What is wrong, in the reader's language.
    pub text: String,
}

impl Problem {
    /// What the key says about a field.
    pub fn of(frame: &Frame, field: &'static str, key: &str) -> Self {
        Self { field, text: frame.say(key) }
    }
}

/// What is wrong with one field; empty for nothing.
fn of<'p>(problems: &'p [Problem], field: &str) -> &'p str {
    let problem = problems.iter().find(|problem| problem.field == field);
    problem.map_or("", |problem| problem.text.as_str())
}
