//! One's own account.

use askama::Template;
use jiff::Timestamp;
use registry::account::Permission;

use super::{Problem, of};
use crate::Frame;

/// The page of one's own account.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct Account<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// What the person is called.
    pub name: &'a str,
    /// What the person signs in with.
    pub username: &'a str,
    /// When the account was made.
    pub created_at: Timestamp,
    /// What the person may do.
    pub permissions: Vec<Permission>,
    /// Characters of the shortest password.
    pub chars_min: usize,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
}

impl Account<'_> {
    fn of(&self, field: &str) -> &str {
        of(&self.problems, field)
    }
}
