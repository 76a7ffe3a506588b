//! A file of resources, one a line, that grows page by page.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

use crate::usage;

/// The file that says which server the others are from.
const ORIGIN: &str = "from";

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
        if told.is_some_and(|told| told != origin) {
            return Err(usage(format!(
                "{} holds what an earlier run fetched from another server: delete it, or name that \
                 server",
                folder.display()
            )));
        }
        let path = folder.join(format!("{kind}.ndjson"));
        let origin = origin.to_owned();
        let mut spool = Self { path, origin, lines: HashMap::new(), written: 0, newest: None };
        let found = spool.path.clone();
        let whole = each(&found, |resource| {
            spool.note(&resource);
            Ok(())
        })?;
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

    /// Gives each resource once, in its newest version.
    pub(crate) fn resources(
        &self,
        mut take: impl FnMut(Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut line = 0;
        each(&self.path, |resource| {
            line += 1;
            let id = resource["id"].as_str().unwrap_or_default();
            if self.lines.get(id) == Some(&line) { take(resource) } else { Ok(()) }
        })?;
        Ok(())
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
            fs::write(folder.join(ORIGIN), &self.origin)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }
}

/// Reads whole lines; gives the length of them if there is more than them.
fn each(
    path: &Path,
    mut take: impl FnMut(Value) -> anyhow::Result<()>,
) -> anyhow::Result<Option<u64>> {
    let Ok(file) = File::open(path) else { return Ok(None) };
    let length = file.metadata()?.len();
    let (mut reader, mut line, mut whole) = (BufReader::new(file), Vec::new(), 0);
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        let resource = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
        let Some(resource) = resource else { break };
        whole += read as u64;
        take(resource)?;
    }
    Ok((whole < length).then_some(whole))
}
