//! [`ClientAccess`]: what a client of the FHIR API may see and assert (contract 7.3).

use serde::{Deserialize, Serialize};

/// How much of the registry a client sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It submits and learns the CRUID; it reads nothing.
    Submit,
    /// It reads the records that it submitted, and their golden records reduced to links.
    #[default]
    Own,
    /// As `own`, and `$ihe-pix` gives all identifiers of linked records.
    Identifiers,
    /// It searches and reads the records of all clients, within limits.
    Demographics,
}

impl Access {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Own => "own",
            Self::Identifiers => "identifiers",
            Self::Demographics => "demographics",
        }
    }
}

/// What one client may see and assert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAccess {
    /// How much it sees.
    pub access: Access,
    /// The identifier systems that it may submit identifiers of; empty for any.
    pub systems: Vec<String>,
    /// At `own`: the identifier systems whose identifiers `$ihe-pix` gives of other clients'
    /// records. Empty for none.
    pub target_systems: Vec<String>,
}

/// Whether access levels are kept to, or only what would be refused is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessMode {
    /// They are kept to.
    #[default]
    Enforce,
    /// Everybody reads everything, and the log says what would be withheld.
    LogOnly,
}

/// Bounds of what clients with `demographics` search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchBounds {
    /// Least criteria of a search: names, dates, addresses and so on. An identifier with its
    /// system, an id or a link is enough by itself.
    pub criteria_min: usize,
    /// Most Patients that one search gives, over all its pages.
    pub results_max: usize,
    /// Searches that one client may make in a minute.
    pub per_minute: u32,
}

impl Default for SearchBounds {
    fn default() -> Self {
        Self { criteria_min: 2, results_max: 100, per_minute: 120 }
    }
}
