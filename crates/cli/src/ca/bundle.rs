//! A key and its certificates in one PKCS#12 file (RFC 7292), for clients that take nothing else.

use std::path::Path;

use anyhow::Context as _;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};

use crate::usage;

/// Shortest password: whoever has the file can try as many as he likes.
const PASSWORD_CHARS_MIN: usize = 12;

/// Builds the file; `is_old` for Java before 8u301 and Windows before 2019.
pub(crate) fn encode(
    name: &str,
    key: &[u8],
    certificates: &[&[u8]],
    (password, is_old): (&str, bool),
) -> anyhow::Result<Vec<u8>> {
    let certificates = certificates.iter().map(|der| Certificate::from_der(der));
    let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKey::from_der(key)?;
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(name.as_bytes(), key, certificates);
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
    let writer = store.writer(password);
    let writer = if is_old {
        writer
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .mac_algorithm(MacAlgorithm::HmacSha1)
    } else {
        writer
    };
    writer.write().context("cannot write PKCS#12")
}

/// Reads the password from a file: a command line is seen by everybody on the machine.
pub(crate) fn password(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the password file {}", path.display()))?;
    let password = text.lines().next().unwrap_or("").trim().to_owned();
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(usage(format!(
            "the password in the first line of {} must have at least {PASSWORD_CHARS_MIN} characters",
            path.display()
        )));
    }
    Ok(password)
}
