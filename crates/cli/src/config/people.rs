//! `[people]`: who signs in, and what OpenCR's web UI is given.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[people]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct People {
    /// Whether people are let in at all.
    pub(crate) enabled: bool,
    /// How long a sign-in lasts.
    pub(crate) session_minutes: u64,
    /// Failures in a row that lock an account.
    pub(crate) attempts_max: u32,
    /// How long it is locked.
    pub(crate) lock_minutes: u64,
    /// Attempts that one address has.
    pub(crate) logins_per_minute: u32,
    /// The shortest password that can be chosen.
    pub(crate) password_chars_min: usize,
    /// Whether administrators also have what stewards have.
    pub(crate) admins_are_stewards: bool,
    /// Identifier systems and what people read for them: a URI, a blank, the label.
    pub(crate) identifier_labels: Vec<String>,
    /// The file of the resource that gives the columns of OpenCR's home page; empty for OpenCR's.
    pub(crate) display_page: PathBuf,
    /// The folder of OpenCR's built UI; empty for none.
    pub(crate) ui_folder: PathBuf,
}
