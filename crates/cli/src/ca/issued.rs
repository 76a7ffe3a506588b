//! [`Issued`]: what the CA has signed, in a file beside it.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::files;

/// Days before its end at which a certificate is told of.
pub(crate) const WARN_DAYS: i64 = 30;

/// A certificate that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issued {
    /// Its serial number, in hexadecimal.
    pub(crate) serial: String,
    /// Its common name.
    pub(crate) name: String,
    /// Whom it is for.
    pub(crate) purpose: Purpose,
    /// Its last second, of Unix time.
    pub(crate) not_after: i64,
    /// When it was taken back, of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<i64>,
}

/// Whom a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// Clients.
    Client,
    /// Servers.
    Server,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    certificates: Vec<Issued>,
}

impl Issued {
    /// How many whole days it is still good at `now`; negative once it is over.
    pub(crate) fn days_left(&self, now: OffsetDateTime) -> i64 {
        (self.not_after - now.unix_timestamp()).div_euclid(24 * 60 * 60)
    }

    /// Its state in words.
    pub(crate) fn state(&self, now: OffsetDateTime) -> String {
        let days = self.days_left(now);
        match self.revoked_at {
            Some(_) => "revoked".to_owned(),
            None if days < 0 => "over".to_owned(),
            None if days < WARN_DAYS => format!("ENDS IN {days} DAYS"),
            None => format!("good for {days} days"),
        }
    }

    /// Whether it is neither revoked nor over.
    pub(crate) fn is_good(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.days_left(now) >= 0
    }
}

/// Reads what was signed.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Issued>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read what the CA signed ({})", path.display()))?;
    let file: File = toml::from_str(&text)
        .with_context(|| format!("{} is not as this program wrote it", path.display()))?;
    Ok(file.certificates)
}

/// Writes what was signed.
pub(super) fn write(path: &Path, certificates: Vec<Issued>) -> anyhow::Result<()> {
    files::replace(path, toml::to_string_pretty(&File { certificates })?.as_bytes())
}
