//! `[openhim]`: being a mediator of an OpenHIM.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[openhim]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenHim {
    /// Whether this registry registers with it.
    pub(crate) enabled: bool,
    /// The core's API.
    pub(crate) url: String,
    /// Its user.
    pub(crate) username: String,
    /// The file of that user's password; empty for the environment.
    pub(crate) password_file: PathBuf,
    /// How the user is proven.
    pub(crate) authentication: Authentication,
    /// The CA of its certificate; empty for those that browsers know.
    pub(crate) ca: PathBuf,
    /// Whether any certificate is taken.
    pub(crate) trust_self_signed: bool,
    /// The mediator's URN; empty for OpenCR's.
    pub(crate) urn: String,
    /// Seconds between heartbeats.
    pub(crate) heartbeat_seconds: u64,
    /// Where OpenHIM reaches this registry.
    pub(crate) host: String,
    /// At which port; 0 for the one listened on.
    pub(crate) port: u16,
    /// Roles of clients that its channel lets through.
    pub(crate) roles: Vec<String>,
}

/// How a user of OpenHIM's API is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Authentication {
    /// Name and password with each request.
    Basic,
    /// A hash of the password and the time, for OpenHIM before version 8.
    Token,
}
