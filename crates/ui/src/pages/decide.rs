//! A decision about a person: what it is about, what would become of it, and why it is taken.

use askama::Template;

use super::{Problem, of, person::Named};
use crate::Frame;

/// Something that a decision can be about. No `Debug`: these are people.
pub struct Choice {
    /// What the form sends for it.
    pub value: String,
    /// The record.
    pub record: Named,
    /// The other record of a pair.
    pub other: Option<Named>,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// What a decision would come to.
pub struct Preview {
    /// In words, one line a thing.
    pub lines: Vec<String>,
    /// The revision that this was told of; whatever changes after it refuses the decision.
    pub revision: u64,
}

/// The page to decide on.
#[derive(Template)]
#[template(path = "decide.html")]
pub struct Decide<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The person.
    pub cruid: String,
    /// The key of what is decided.
    pub title: &'static str,
    /// The key of what that means.
    pub hint: &'static str,
    /// Where the form goes.
    pub address: String,
    /// What it can be about; empty where there is nothing to choose.
    pub choices: Vec<Choice>,
    /// Whether there is nothing that could be decided.
    pub is_empty: bool,
    /// Whether records that leave may stay together or not.
    pub has_grouping: bool,
    /// Whether each that leaves becomes a person of its own.
    pub is_apart: bool,
    /// Why.
    pub reason: String,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// What would become of it; `None` before it is known.
    pub preview: Option<Preview>,
}

impl Decide<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }
}
