//! Files that hold keys, and files that must never be half written.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use anyhow::Context as _;

use crate::usage;

/// Makes a folder that only its owner can look into, unless it is there.
pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Refuses what would overwrite a file.
pub(crate) fn check_free(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(usage(format!(
            "{} is there already, and nothing is overwritten: move it away, or give another folder",
            path.display()
        )));
    }
    Ok(())
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_new(path, bytes, 0o600)
}

/// Writes a new file that everybody can read.
pub(crate) fn write_public(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_new(path, bytes, 0o644)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let written = open_new(path, mode).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn open_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Puts a whole new file, for its owner's eyes, in the place of another.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let next = path.with_extension("next");
    // What a killed process left behind.
    let _ = std::fs::remove_file(&next);
    write_secret(&next, bytes)?;
    std::fs::rename(&next, path).with_context(|| format!("cannot replace {}", path.display()))
}

/// Keeps other processes of ours away until the file is dropped.
pub(crate) fn lock(path: &Path) -> anyhow::Result<File> {
    let open = || {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        file.lock()?;
        io::Result::Ok(file)
    };
    open().with_context(|| format!("cannot lock {}", path.display()))
}
