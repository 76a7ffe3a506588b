//! [`Watched`]: what files say, read again when they change.
//!
//! A file that cannot be used changes nothing: what was read before stays in force, and the log
//! says what is wrong. Change is told by time, length and, on Unix, the file's number.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;

/// Why files cannot be used.
pub type LoadError = Box<dyn Error + Send + Sync>;

type Load<T> = Box<dyn Fn() -> Result<T, LoadError> + Send + Sync>;

/// A value that is made of files and follows them.
pub struct Watched<T> {
    name: &'static str,
    files: Vec<PathBuf>,
    load: Load<T>,
    current: ArcSwap<T>,
    seen: Mutex<Vec<Stamp>>,
}

/// What tells one content of a file from the next; `None` if there is no such file.
type Stamp = Option<(Option<SystemTime>, u64, u64)>;

impl<T> Watched<T> {
    /// Reads `files` by `load` for the first time; `name` is what the log calls them.
    ///
    /// # Errors
    ///
    /// What `load` says.
    pub fn new(
        name: &'static str,
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, LoadError> + Send + Sync + 'static,
    ) -> Result<Self, LoadError> {
        // Stamps first: a change while reading is found as a change afterwards.
        let seen = Mutex::new(stamps(&files));
        let current = ArcSwap::from_pointee(load()?);
        Ok(Self { name, files, load: Box::new(load), current, seen })
    }

    /// What is in force.
    pub fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Reads the files again if one of them changed; gives whether something new is in force.
    pub fn refresh(&self) -> bool {
        let found = stamps(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return false;
        }
        *seen = found;
        self.read()
    }

    /// Reads the files again, whether they changed or not.
    pub fn reload(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = stamps(&self.files);
        self.read()
    }

    fn read(&self) -> bool {
        match (self.load)() {
            Ok(value) => {
                self.current.store(Arc::new(value));
                tracing::info!(files = self.name, "read again");
                true
            }
            Err(error) => {
                let error = error.as_ref() as &dyn Error;
                tracing::error!(error, files = self.name, "cannot be used; the old stay in force");
                false
            }
        }
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("name", &self.name).field("files", &self.files).finish()
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Stamp {
    let found = std::fs::metadata(file).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let number = 0;
    Some((found.modified().ok(), found.len(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_file_leaves_the_old_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        std::fs::write(&file, "1").unwrap();
        let read = file.clone();
        let load =
            move || -> Result<u32, LoadError> { Ok(std::fs::read_to_string(&read)?.parse()?) };
        let watched = Watched::new("number", vec![file.clone()], load).unwrap();
        assert!(!watched.refresh(), "nothing changed");
        std::fs::write(&file, "broken").unwrap();
        assert!(!watched.refresh());
        assert_eq!(*watched.current(), 1);
        std::fs::write(&file, "22").unwrap();
        assert!(watched.refresh());
        assert_eq!(*watched.current(), 22);
        std::fs::remove_file(&file).unwrap();
        assert!(!watched.refresh());
        assert_eq!(*watched.current(), 22);
    }
}
