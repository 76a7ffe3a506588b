//! Writing a backup: under another name until it is whole and on disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use age::{Encryptor, Recipient, scrypt, secrecy::SecretString, stream::StreamWriter};
use anyhow::Context as _;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

use super::format::{End, Line};

/// log₂ of scrypt's N, by which a key is made of a passphrase: 128 MiB and some tenths of a second, as
/// OWASP advises. By its own measure `age` would take 1 GB on a quick machine, which a small one
/// that has to restore does not have.
const WORK: u8 = 17;

/// What lines go to.
enum Sink {
    Plain(BufWriter<File>),
    Encrypted(Box<StreamWriter<BufWriter<File>>>),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}

/// A backup that is being written; dropped before it is finished, it leaves nothing.
pub(super) struct BackupFile {
    lines: Option<GzEncoder<Sink>>,
    sum: Sha256,
    part: PathBuf,
    path: PathBuf,
}

impl BackupFile {
    /// Begins a backup that will lie at `path`, which its owner only can read.
    pub(super) fn create(path: &Path, passphrase: Option<SecretString>) -> anyhow::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part);
        let file =
            BufWriter::new(file.with_context(|| format!("cannot write {}", part.display()))?);
        let sink = match passphrase {
            None => Sink::Plain(file),
            Some(passphrase) => {
                let mut recipient = scrypt::Recipient::new(passphrase);
                recipient.set_work_factor(WORK);
                let recipients = std::iter::once(&recipient as &dyn Recipient);
                let encryptor = Encryptor::with_recipients(recipients)?;
                Sink::Encrypted(Box::new(encryptor.wrap_output(file)?))
            }
        };
        let lines = Some(GzEncoder::new(sink, Compression::fast()));
        Ok(Self { lines, sum: Sha256::new(), part, path: path.to_owned() })
    }

    /// Writes a line.
    pub(super) fn write(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.sum.update(&text);
        let lines = self.lines.as_mut().context("the backup is finished already")?;
        lines.write_all(&text).with_context(|| format!("cannot write {}", self.part.display()))
    }

    /// Writes the last line, with the checksum.
    pub(super) fn write_end(&mut self, mut end: End) -> anyhow::Result<()> {
        end.sha256 = format!("{:x}", self.sum.clone().finalize());
        self.write(&Line::End(end))
    }

    /// Brings all to disk and gives the file its name.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let lines = self.lines.take().context("the backup is finished already")?;
        let written = lines.finish().and_then(|sink| match sink {
            Sink::Plain(file) => Ok(file),
            Sink::Encrypted(stream) => stream.finish(),
        });
        let written =
            written.and_then(|file| file.into_inner().map_err(|error| error.into_error()));
        let written = written.and_then(|file| file.sync_all());
        written.with_context(|| format!("cannot write {}", self.part.display()))?;
        // A link, unlike a renaming, never takes the place of a file that came meanwhile.
        fs::hard_link(&self.part, &self.path)
            .with_context(|| format!("cannot make {}", self.path.display()))?;
        sync_folder(&self.path)
    }
}

impl Drop for BackupFile {
    fn drop(&mut self) {
        self.lines = None;
        // What remains is a part that the next backup of this name writes over.
        let _ = fs::remove_file(&self.part);
    }
}

/// Makes the names in the folder of `path` durable.
pub(super) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")))?;
    Ok(folder.sync_all()?)
}
