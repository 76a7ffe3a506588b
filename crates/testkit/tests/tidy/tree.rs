//! The files of the project, and what is said about them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that no commit contains.
const NOT_OURS: [&str; 6] = ["target", "data", "node_modules", ".git", "book", "mutants.out"];

/// One text file.
pub(crate) struct File {
    /// From the root of the project, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the file is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is a test.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The room whose file this is.
    pub(crate) fn room(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    pub(crate) fn offence(&self, line: usize, what: impl Into<String>) -> Offence {
        Offence { path: self.path.clone(), line, what: what.into() }
    }
}

/// Something that should not be so, and where.
#[derive(Debug)]
pub(crate) struct Offence {
    pub(crate) path: String,
    /// Counts from 1.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let testkit = Path::new(env!("CARGO_MANIFEST_DIR"));
    testkit.ancestors().nth(2).expect("testkit lies two folders below the root").to_owned()
}

/// Every text file of the project, sorted by path.
pub(crate) fn files() -> Vec<File> {
    let root = root();
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry of a folder can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !is_elsewhere(&folder, &root, &name) {
                    folders.push(path);
                }
            } else if let Some(text) = text_of(&path) {
                let path = path.strip_prefix(&root).expect("found below the root");
                files.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn is_elsewhere(folder: &Path, root: &Path, name: &str) -> bool {
    let is_at_edge = folder == root || ["docs", "e2e"].iter().any(|edge| folder == root.join(edge));
    is_at_edge && NOT_OURS.contains(&name)
}

fn text_of(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let is_binary = bytes.iter().take(8_000).any(|byte| *byte == 0);
    if is_binary { None } else { String::from_utf8(bytes).ok() }
}

#[test]
fn the_tree_is_found() {
    let files = files();
    let has = |path: &str| files.iter().any(|file| file.path == path);
    assert!(has("Cargo.toml") && has("crates/testkit/tests/tidy/tree.rs"));
    assert!(!files.iter().any(|file| file.path.starts_with("target/")));
}
