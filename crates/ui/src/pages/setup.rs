//! Making the first administrator.

use askama::Template;

use super::{Problem, of};
use crate::Frame;

/// The page on which the first administrator is made.
#[derive(Debug, Template)]
#[template(path = "setup.html")]
pub struct Setup<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The user name chosen.
    pub username: &'a str,
    /// The given name.
    pub first_name: &'a str,
    /// The surname.
    pub surname: &'a str,
    /// Characters of the shortest password.
    pub chars_min: usize,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Setup<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }
}
