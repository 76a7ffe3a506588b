//! What is shown instead of a page.

use askama::Template;
use registry::account::Permission;

use crate::Frame;

/// The page for what could not be done.
#[derive(Debug, Template)]
#[template(path = "fault.html")]
pub struct Fault<'a> {
    /// What every page knows.
    pub frame: &'a Frame,
    /// The key of what happened.
    pub title: &'static str,
    /// What to do about it.
    pub text: String,
    /// The permission that is missing.
    pub permission: Option<Permission>,
    /// What the server's log has it as.
    pub reference: Option<&'a str>,
    /// Where it can be tried again.
    pub again: Option<&'a str>,
}
