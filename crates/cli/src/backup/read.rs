//! Reading a backup line by line, and what is told of one that is not as it was written.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use age::{DecryptError, Decryptor, scrypt, secrecy::SecretString};
use anyhow::Context as _;
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::format::{End, FORMAT, Header, Line};
use crate::usage;

/// The longest line: an event with the largest content and its explanations.
const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The largest work factor of age that is taken: some seconds and 1 GB.
const WORK_MAX: u8 = 20;

/// How files encrypted by age begin.
const AGE: &[u8] = b"age-encryption.org/";

/// How gzip files begin (RFC 1952 section 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b];

/// A backup being read.
pub(super) struct Lines {
    lines: BufReader<Box<dyn Read>>,
    sum: Sha256,
    header: Header,
}

/// Whether the file at `path` is encrypted.
pub(super) fn is_encrypted(path: &Path) -> anyhow::Result<bool> {
    Ok(begins(&mut open(path)?, AGE)?)
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path);
    let file = file.map_err(|error| usage(format!("cannot read {}: {error}", path.display())))?;
    Ok(BufReader::with_capacity(64 * 1024, file))
}

fn begins(file: &mut BufReader<File>, with: &[u8]) -> io::Result<bool> {
    Ok(file.fill_buf()?.starts_with(with))
}

fn foreign() -> anyhow::Error {
    usage("the file is no backup of opencr")
}

/// What is wrong with a file that cannot be read to its end.
fn broken(error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => cut(),
        _ => anyhow::anyhow!("the backup is damaged or was altered: {error}"),
    }
}

fn cut() -> anyhow::Error {
    anyhow::anyhow!("the backup is cut short: it ends before its last line")
}

fn damaged(what: &str) -> anyhow::Error {
    anyhow::anyhow!("the backup is damaged or was altered: {what}")
}

impl Lines {
    /// Opens the backup at `path` and reads its first line.
    pub(super) fn open(path: &Path, passphrase: Option<&SecretString>) -> anyhow::Result<Self> {
        let mut file = open(path)?;
        let packed: Box<dyn BufRead> = if begins(&mut file, AGE)? {
            let passphrase = passphrase.context("the backup is encrypted")?;
            Box::new(BufReader::new(decrypt(file, passphrase)?))
        } else if begins(&mut file, GZIP)? {
            Box::new(file)
        } else {
            return Err(foreign());
        };
        let unpacked: Box<dyn Read> = Box::new(GzDecoder::new(packed));
        let mut lines = BufReader::new(unpacked);
        let mut sum = Sha256::new();
        let first = read_line(&mut lines)?;
        sum.update(&first);
        let header = header(&first)?;
        Ok(Self { lines, sum, header })
    }

    /// What the first line says.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The next line; the last is given after its checksum and the end of the file are checked.
    pub(super) fn next(&mut self) -> anyhow::Result<Line> {
        let text = read_line(&mut self.lines)?;
        let line: Line =
            serde_json::from_slice(&text).map_err(|_| damaged("a line cannot be read"))?;
        if let Line::End(End { sha256, .. }) = &line {
            if *sha256 != format!("{:x}", self.sum.clone().finalize()) {
                return Err(damaged("its checksum is another"));
            }
            let mut more = [0];
            if self.lines.read(&mut more).map_err(|error| broken(&error))? > 0 {
                return Err(damaged("something follows its last line"));
            }
        }
        self.sum.update(&text);
        Ok(line)
    }
}

fn decrypt(file: BufReader<File>, passphrase: &SecretString) -> anyhow::Result<impl Read + use<>> {
    let mut identity = scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(WORK_MAX);
    let wrong = |error: DecryptError| match error {
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => usage("the passphrase is wrong"),
        DecryptError::Io(error) => broken(&error),
        error => damaged(&error.to_string()),
    };
    let decryptor = Decryptor::new_buffered(file).map_err(wrong)?;
    let identities = std::iter::once(&identity as &dyn age::Identity);
    decryptor.decrypt(identities).map_err(wrong)
}

fn header(line: &[u8]) -> anyhow::Result<Header> {
    let line: serde_json::Value = serde_json::from_slice(line).map_err(|_| foreign())?;
    let header = line.get("opencr-backup").ok_or_else(foreign)?;
    let format = header.get("format").and_then(serde_json::Value::as_u64).ok_or_else(foreign)?;
    if format > FORMAT {
        let release = header.get("release").and_then(serde_json::Value::as_str);
        return Err(usage(format!(
            "the backup has format {format}, and this release reads up to {FORMAT}: restore it with \
             release {} or a newer one",
            release.unwrap_or("(unknown)")
        )));
    }
    serde_json::from_value(header.clone()).map_err(|_| damaged("its first line cannot be read"))
}

fn read_line(lines: &mut BufReader<Box<dyn Read>>) -> anyhow::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut bounded = lines.by_ref().take(LINE_BYTES_MAX);
    bounded.read_until(b'\n', &mut line).map_err(|error| broken(&error))?;
    if line.last() != Some(&b'\n') {
        return Err(if line.len() as u64 == LINE_BYTES_MAX {
            damaged("a line is too long")
        } else {
            cut()
        });
    }
    Ok(line)
}
