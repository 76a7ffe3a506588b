//! Automatic matches that were looked at: how often the rules were wrong, and marking many as right.

use askama::Template;
use registry::account::Permission;

use super::{Problem, of};
use crate::Frame;

/// What was found of a band of scores.
#[derive(Clone, Debug)]
pub struct CheckedBand {
    /// The rule's name.
    pub rule: String,
    /// From this score on, and less than one more.
    pub from: i64,
    /// Looked at.
    pub checked: u64,
    /// Wrong.
    pub wrong: u64,
    /// Between these two shares of all are wrong, with a probability of 95 %.
    pub errors: (f64, f64),
}

impl CheckedBand {
    /// More than this share of wrong links is worth a word.
    const MANY: f64 = 0.01;

    fn share(&self) -> String {
        format!("{:.1} %", self.wrong as f64 / self.checked.max(1) as f64 * 100.0)
    }

    fn interval(&self) -> String {
        format!("{:.1} – {:.1} %", self.errors.0 * 100.0, self.errors.1 * 100.0)
    }

    fn scores(&self) -> String {
        let sign = |score: i64| score.to_string().replace('-', "−");
        format!("{} … {}", sign(self.from), sign(self.from + 1))
    }

    /// Whether the rules are wrong too often here, as far as can be known.
    fn is_bad(&self) -> bool {
        self.errors.0 > Self::MANY
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "checked.html")]
pub struct Checked<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// What was found so far.
    pub bands: Vec<CheckedBand>,
    /// Automatic matches that nobody has looked at.
    pub waiting: u64,
    /// Numbers and names of the rules in force.
    pub rules: Vec<(u32, String)>,
    /// What the form says.
    pub rule: u32,
    /// The same.
    pub score: String,
    /// The same.
    pub reason: String,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What would be marked.
    pub preview: Option<Marked>,
}

/// What would be marked as right.
#[derive(Clone, Copy, Debug)]
pub struct Marked {
    /// Matches that fit.
    pub fitting: u64,
    /// How many of them would be marked at once, the oldest first.
    pub marked: u64,
    /// What came later is not among them: microseconds since 1970.
    pub until: i64,
}

impl Checked<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }

    fn is_chosen(&self, rule: &u32) -> bool {
        *rule == self.rule
    }

    fn may_mark(&self) -> bool {
        self.frame.may(Permission::MatchSupervise)
    }
}
