//! A file of resources, one a line, that grows page by page.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

use crate::usage;

/// The file that says which server the others are from.
const ORIGIN: &str = "from";

fn file_of(folder: &Path, kind: &str) -> PathBuf {
    folder.join(format!("{kind}.ndjson"))
}

/// Deletes the file of a kind, if there is one.
pub(super) fn delete(folder: &Path, kind: &str) -> std::io::Result<()> {
    absent_is_fine(fs::remove_file(file_of(folder, kind)))
}

/// Deletes the folder, if nothing is in it that is not of here.
pub(super) fn delete_folder(folder: &Path) -> std::io::Result<()> {
    absent_is_fine(fs::remove_file(folder.join(ORIGIN)))?;
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => Ok(()),
        done => absent_is_fine(done),
    }
}

fn absent_is_fine(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The resources of one kind that have come in so far.
pub(crate) struct Spool {
    path: PathBuf,
    origin: String,
    /// The line on which the newest version of each id is.
    lines: HashMap<String, u64>,
    written: u64,
    newest: Option<String>,
}

impl Spool {
    /// Finds what an earlier run left; a line that broke off is cut away. Nothing is made before
    /// there is something to keep.
    pub(super) fn open(folder: &Path, origin: &str, kind: &str) -> anyhow::Result<Self> {
        let told = fs::read_to_string(folder.join(ORIGIN)).ok();
        let told_nothing = told.is_none();
        if told.is_some_and(|told| told != origin) {
            return Err(usage(format!(
                "{} holds what an earlier run fetched from another server: delete it, or name that \
                 server",
                folder.display()
            )));
        }
        let path = file_of(folder, kind);
        if told_nothing && path.exists() {
            return Err(usage(format!(
                "{} does not say which server its files are from: delete it",
                folder.display()
            )));
        }
        let origin = origin.to_owned();
        let mut spool = Self { path, origin, lines: HashMap::new(), written: 0, newest: None };
        let mut lines = Lines::of(&spool.path)?;
        while let Some(resource) = lines.next()? {
            spool.note(&resource);
        }
        let whole = (lines.whole < lines.length).then_some(lines.whole);
        if let Some(bytes) = whole {
            let file = OpenOptions::new().write(true).open(&spool.path)?;
            file.set_len(bytes)?;
        }
        Ok(spool)
    }

    /// How many ids there are.
    pub(crate) fn len(&self) -> u64 {
        self.lines.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The `lastUpdated` of the last line.
    pub(super) fn newest(&self) -> Option<&str> {
        self.newest.as_deref()
    }

    /// Forgets all but these ids; gives how many that were.
    pub(super) fn keep_only(&mut self, ids: &HashSet<String>) -> u64 {
        let before = self.lines.len();
        self.lines.retain(|id, _| ids.contains(id));
        (before - self.lines.len()) as u64
    }

    /// Keeps resources, durably.
    pub(super) fn add(&mut self, resources: &[Value]) -> anyhow::Result<()> {
        if resources.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for resource in resources {
            text.push_str(&resource.to_string());
            text.push('\n');
            self.note(resource);
        }
        let write = || {
            let mut file = self.file()?;
            file.write_all(text.as_bytes())?;
            file.sync_data()
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Each resource once, in its newest version.
    pub(crate) fn resources(&self) -> anyhow::Result<Resources<'_>> {
        Ok(Resources { spool: self, lines: Lines::of(&self.path)?, line: 0, given: 0 })
    }

    fn note(&mut self, resource: &Value) {
        self.written += 1;
        let id = resource["id"].as_str().unwrap_or_default().to_owned();
        self.lines.insert(id, self.written);
        if let Some(at) = resource["meta"]["lastUpdated"].as_str() {
            self.newest = Some(at.to_owned());
        }
    }

    /// The file, for its owner alone: it holds patients.
    fn file(&self) -> std::io::Result<File> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if !folder.exists() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder)?;
        }
        if !folder.join(ORIGIN).exists() {
            fs::write(folder.join(ORIGIN), &self.origin)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }
}

/// The resources of a spool, one after another.
pub(crate) struct Resources<'s> {
    spool: &'s Spool,
    lines: Lines,
    line: u64,
    given: u64,
}

impl Resources<'_> {
    /// The next one.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Value>> {
        while let Some(resource) = self.lines.next()? {
            self.line += 1;
            let id = resource["id"].as_str().unwrap_or_default();
            if self.spool.lines.get(id) == Some(&self.line) {
                self.given += 1;
                return Ok(Some(resource));
            }
        }
        let (given, all) = (self.given, self.spool.len());
        anyhow::ensure!(
            given == all,
            "{} gives {given} resources of {all}: it was changed, or cannot be read",
            self.spool.path.display()
        );
        Ok(None)
    }
}

/// Whole lines of a file, which need not be there.
struct Lines {
    reader: Option<BufReader<File>>,
    line: Vec<u8>,
    /// Bytes of the lines read so far.
    whole: u64,
    length: u64,
}

impl Lines {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let file = match File::open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let why = format!("cannot read {}", path.display());
                return Err(anyhow::Error::new(error).context(why));
            }
        };
        let length = file.as_ref().map(File::metadata).transpose()?.map_or(0, |file| file.len());
        Ok(Self { reader: file.map(BufReader::new), line: Vec::new(), whole: 0, length })
    }

    /// The next one; none at the end, or at a line that broke off.
    fn next(&mut self) -> anyhow::Result<Option<Value>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        self.line.clear();
        let read = reader.read_until(b'\n', &mut self.line)?;
        let line = self.line.strip_suffix(b"\n");
        let resource = line.and_then(|line| serde_json::from_slice(line).ok());
        if resource.is_some() {
            self.whole += read as u64;
        }
        Ok(resource)
    }
}
