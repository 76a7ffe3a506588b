//! Signing in.

use askama::Template;

use super::Problem;
use crate::Frame;

/// The page to sign in on.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct Login<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// Where to go afterwards.
    pub to: &'a str,
    /// The user name that was tried.
    pub username: &'a str,
    /// What went wrong.
    pub problems: Vec<Problem>,
    /// Whether a session came to its end.
    pub is_over: bool,
    /// Whether there is no account.
    pub can_set_up: bool,
}
