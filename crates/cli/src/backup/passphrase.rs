//! Where the passphrase of a backup comes from: a variable, a file or the terminal, and never the
//! command line, which every user of the machine can read.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use age::secrecy::SecretString;
use clap::Args;

use crate::usage;

/// The variable.
const VARIABLE: &str = "OPENCR_BACKUP_PASSPHRASE";

/// Shorter ones are found by trying.
const CHARS_MIN: usize = 8;

/// Where the passphrase comes from.
#[derive(Args)]
pub(super) struct PassphraseFrom {
    /// The file whose first line is the passphrase; without it OPENCR_BACKUP_PASSPHRASE, else it is
    /// asked for.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseFrom {
    /// Whether a file is named.
    pub(super) fn is_named(&self) -> bool {
        self.passphrase_file.is_some()
    }

    /// The passphrase; a new one is asked for twice and must not be too short.
    pub(super) fn ask(&self, is_new: bool) -> anyhow::Result<SecretString> {
        let text = match (&self.passphrase_file, std::env::var(VARIABLE)) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path);
                let text = text
                    .map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
            (None, Ok(text)) => text,
            (None, Err(_)) if io::stdin().is_terminal() => prompt(is_new)?,
            (None, Err(_)) => {
                return Err(usage(format!(
                    "a passphrase is needed: give it in {VARIABLE}, or in a file by \
                     --passphrase-file"
                )));
            }
        };
        if is_new && text.chars().count() < CHARS_MIN {
            return Err(usage(format!("a passphrase needs at least {CHARS_MIN} characters")));
        }
        Ok(SecretString::from(text))
    }
}

fn prompt(is_new: bool) -> anyhow::Result<String> {
    let text = rpassword::prompt_password("Passphrase: ")?;
    if is_new && rpassword::prompt_password("Once more: ")? != text {
        return Err(usage("the two are not the same"));
    }
    Ok(text)
}
