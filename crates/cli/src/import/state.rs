//! How far an import has come, kept beside the file so that an interrupted one can go on.
//!
//! A row that was sent and not yet noted is sent again, which changes nothing: its identity
//! decides. So the note may be late, and is written now and then only.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::bad::{BadRows, with_ending};
use crate::usage;

/// How often the note is written.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// What the note says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    file_sha256: String,
    target: String,
    source: String,
    rows_done: u64,
    line_done: u64,
}

/// The note and its place.
pub(super) struct State {
    path: PathBuf,
    note: Note,
    saved: Instant,
}

impl State {
    /// Begins a note, or takes up the one of an earlier run of the same file to the same place.
    pub(super) fn open(
        file: &Path,
        target: &str,
        source: &str,
        is_resumed: bool,
    ) -> anyhow::Result<Self> {
        let path = with_ending(file, ".opencr-progress");
        let fresh = Note {
            file_sha256: hash(file)?,
            target: target.to_owned(),
            source: source.to_owned(),
            rows_done: 0,
            line_done: 0,
        };
        let earlier = read(&path)?;
        let note = match earlier {
            Some(earlier) if is_resumed => resumed(earlier, fresh)?,
            Some(earlier) => {
                let line = earlier.line_done;
                eprintln!(
                    "An earlier import stopped after line {line}; --resume would go on there."
                );
                fresh
            }
            None if is_resumed => {
                eprintln!(
                    "No interrupted import of this file is known; starting with its first row."
                );
                fresh
            }
            None => fresh,
        };
        Ok(Self { path, note, saved: Instant::now() })
    }

    /// How many rows are done.
    pub(super) fn rows(&self) -> u64 {
        self.note.rows_done
    }

    /// The line of the last of them.
    pub(super) fn line(&self) -> u64 {
        self.note.line_done
    }

    /// Notes that `rows` rows are done; on disk not every time, and after the bad ones of them.
    pub(super) fn advance(
        &mut self,
        rows: u64,
        line: u64,
        bad: &mut BadRows,
    ) -> anyhow::Result<()> {
        self.note.rows_done = rows;
        self.note.line_done = line;
        if self.saved.elapsed() < SAVE_EVERY {
            return Ok(());
        }
        bad.flush()?;
        self.save()
    }

    /// Writes the note, whole or not at all.
    pub(super) fn save(&mut self) -> anyhow::Result<()> {
        let context = || format!("cannot write {}", self.path.display());
        let next = with_ending(&self.path, ".new");
        let text = serde_json::to_string_pretty(&self.note).with_context(context)?;
        std::fs::write(&next, text).with_context(context)?;
        std::fs::rename(&next, &self.path).with_context(context)?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Takes the note away: all is done.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }
}

fn resumed(earlier: Note, fresh: Note) -> anyhow::Result<Note> {
    if earlier.file_sha256 != fresh.file_sha256 {
        return Err(usage("--resume: the file has changed since; import it without --resume"));
    }
    if (&earlier.target, &earlier.source) != (&fresh.target, &fresh.source) {
        return Err(usage(format!(
            "--resume: the interrupted import went to {} with --source {}; give the same, or \
             leave out --resume",
            earlier.target, earlier.source
        )));
    }
    Ok(earlier)
}

fn read(path: &Path) -> anyhow::Result<Option<Note>> {
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|_| {
            usage(format!("{} is not a note of ours: remove it and start again", path.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn hash(file: &Path) -> anyhow::Result<String> {
    let context = || format!("cannot read {}", file.display());
    let mut input = File::open(file).with_context(context)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match input.read(&mut buffer).with_context(context)? {
            0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            length => hasher.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_import_goes_on_and_a_changed_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.csv");
        std::fs::write(&file, "a").unwrap();
        let open = |target: &str, is_resumed| State::open(&file, target, "urn:s", is_resumed);

        let mut state = open("t", true).unwrap();
        state.note.rows_done = 7;
        state.note.line_done = 9;
        state.save().unwrap();
        assert_eq!(open("t", true).unwrap().rows(), 7);
        assert_eq!(open("t", false).unwrap().rows(), 0);
        assert!(open("other", true).err().unwrap().to_string().contains("went to t"));
        std::fs::write(&file, "b").unwrap();
        assert!(open("t", true).err().unwrap().to_string().contains("has changed"));

        state.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
