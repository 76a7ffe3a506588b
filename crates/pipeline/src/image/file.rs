//! The file of an image: opened, and replaced as a whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use matching::{
    index::{
        Snapshot,
        image::{Image, MAGIC},
    },
    rules::Ruleset,
};

use super::Unfit;

/// Opens an image and reads its head; `None` if there is no file.
pub(super) fn open(
    path: &Path,
    ruleset: Arc<Ruleset>,
) -> Result<Option<Image<BufReader<File>>>, Unfit> {
    match File::open(path) {
        Ok(file) => Ok(Some(Image::open(ruleset, BufReader::new(file))?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Unfit::Open(error)),
    }
}

/// Writes an image and puts it in the place of the one before; gives its size in bytes.
pub(super) fn write(path: &Path, stamp: &[u8], snapshot: &Snapshot) -> io::Result<u64> {
    if !may_replace(path)? {
        let reason = "there is another file, which is no index image; it is left alone";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
    }
    remove_leftover(path);
    let temporary = temporary(path);
    let written = fill(&temporary, stamp, snapshot).and_then(|bytes| {
        fs::rename(&temporary, path)?;
        sync_folder(path)?;
        Ok(bytes)
    });
    if written.is_err() {
        remove_leftover(path);
    }
    written
}

/// Removes what a process left that was ended while it wrote.
pub(super) fn remove_leftover(path: &Path) {
    let temporary = temporary(path);
    // Mostly there is none. One that is not ours or cannot be removed is met again, and told,
    // when writing.
    if may_replace(&temporary).is_ok_and(|may| may) {
        let _ = fs::remove_file(temporary);
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

fn fill(temporary: &Path, stamp: &[u8], snapshot: &Snapshot) -> io::Result<u64> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = BufWriter::new(options.open(temporary)?);
    snapshot.write_image(stamp, &mut out)?;
    let file = out.into_inner()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Whether nothing but an image would be lost: a path may be configured by mistake.
fn may_replace(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == MAGIC)
}

/// Makes the new name durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
