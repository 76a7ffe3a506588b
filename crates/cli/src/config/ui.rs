//! `[ui]`: the stewards' room.

use serde::{Deserialize, Serialize};

/// `[ui]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ui {
    /// Whether there is one.
    pub(crate) enabled: bool,
    /// What people call the installation.
    pub(crate) name: String,
    /// Whether its people are made up.
    pub(crate) test: bool,
    /// What people read before they sign in.
    pub(crate) notice: String,
    /// Whether there are the page of components and the languages for tests.
    pub(crate) development: bool,
}
