//! The list of rows that could not be taken: `line,reason`, without any value of them.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// A CSV file that is made with its first row.
pub(super) struct BadRows {
    path: PathBuf,
    is_resumed: bool,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

/// The list's usual place: beside the file.
pub(super) fn path_for(file: &Path) -> PathBuf {
    with_ending(file, ".bad.csv")
}

/// Puts `ending` behind the whole name.
pub(super) fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl BadRows {
    /// Prepares the list. An earlier run's is continued if `is_resumed`, else begun again.
    pub(super) fn open(path: PathBuf, is_resumed: bool) -> anyhow::Result<Self> {
        let mut bad = Self { path, is_resumed, writer: None, count: 0 };
        if !is_resumed && bad.path.exists() {
            // What an earlier run found says nothing about this one.
            bad.begin()?;
        }
        Ok(bad)
    }

    fn begin(&mut self) -> anyhow::Result<&mut csv::Writer<File>> {
        let context = || format!("cannot write {}", self.path.display());
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .append(self.is_resumed)
            .truncate(!self.is_resumed)
            .open(&self.path)
            .with_context(context)?;
        let is_new = file.metadata().with_context(context)?.len() == 0;
        let mut writer = csv::Writer::from_writer(file);
        if is_new {
            writer.write_record(["line", "reason"]).with_context(context)?;
        }
        Ok(self.writer.insert(writer))
    }

    /// Adds a row.
    pub(super) fn add(&mut self, line: u64, reason: &str) -> anyhow::Result<()> {
        self.count += 1;
        let writer = match self.writer.take() {
            Some(writer) => self.writer.insert(writer),
            None => self.begin()?,
        };
        writer.write_record([line.to_string().as_str(), reason]).context("cannot list a bad row")
    }

    /// Makes what was added visible.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        let flushed = self.writer.as_mut().map_or(Ok(()), csv::Writer::flush);
        flushed.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// How many rows this run added.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Where the list is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_run_begins_the_list_again_and_a_resumed_one_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_for(&folder.path().join("people.csv"));
        assert!(path.ends_with("people.csv.bad.csv"));
        let add = |is_resumed, line| {
            let mut bad = BadRows::open(path.clone(), is_resumed).unwrap();
            bad.add(line, "a, \"b\"").unwrap();
            bad.flush().unwrap();
            std::fs::read_to_string(&path).unwrap()
        };
        let first = "line,reason\n2,\"a, \"\"b\"\"\"\n";
        assert_eq!(add(false, 2), first);
        assert_eq!(add(true, 3), format!("{first}3,\"a, \"\"b\"\"\"\n"));
        assert_eq!(add(false, 2), first);
    }

    #[test]
    fn without_bad_rows_there_is_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        BadRows::open(path.clone(), false).unwrap().flush().unwrap();
        assert!(!path.exists());
    }
}
