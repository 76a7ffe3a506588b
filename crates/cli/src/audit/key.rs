//! The installation's key for search terms in the audit log: `audit.key` in the data folder.
//!
//! Beside the store, not in it: a copy of the store alone must not allow trying out names.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

use anyhow::Context as _;
use registry::audit::TermKey;

use crate::{config::Config, usage};

/// The key; made at the first start. A store in memory has one for as long as it lives.
pub(super) fn of(config: &Config) -> anyhow::Result<TermKey> {
    if config.store_url() == "memory:" {
        return Ok(TermKey::new(server::fresh_term_key()));
    }
    at(&config.data.folder.join("audit.key"))
}

fn at(path: &Path) -> anyhow::Result<TermKey> {
    if !path.exists() {
        make(path).with_context(|| format!("cannot make {}", path.display()))?;
    }
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let key = parse(text.trim()).ok_or_else(|| {
        usage(format!(
            "{} must hold 64 hexadecimal digits; put it back from a backup, or move it away to \
             get a new key (terms hashed before can then not be compared with later ones)",
            path.display()
        ))
    })?;
    Ok(TermKey::new(key))
}

fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let digits: String =
        server::fresh_term_key().iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(digits.as_bytes())?;
    file.sync_all()
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        let digits = text.get(2 * at..2 * at + 2).filter(|_| is_hex)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/audit.key");
        let first = at(&path).unwrap();
        assert_eq!(first.hash("a", "b"), at(&path).unwrap().hash("a", "b"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn damaged_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            fs::write(&path, text).unwrap();
            assert!(at(&path).is_err(), "{text}");
        }
    }
}
