//! Opening a SQLite file: folder, lock, modes, connections.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use registry::event::Head;
use rusqlite::{Connection, OpenFlags};

use super::{
    SqliteStore,
    connections::{Readers, Writer, hop},
    migrate::{check_version, migrate},
};
use crate::StoreError;

/// Nobody else writes, so the writer waits only for a checkpoint or a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements kept prepared for each connection: all of a writer's, and a reader's usual searches.
const STATEMENTS_MAX: usize = 256;

/// What all connections have in common.
const ALL_PRAGMAS: &str = "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
     PRAGMA mmap_size = 268435456;";

/// FULL makes a commit durable before it returns.
///
/// A new record touches a dozen pages of indexes, far from each other. A cache of 256 MB holds the
/// indexes of a million records, so that they are changed without being read again; it grows only
/// with what is used. The log is moved beside the commits (`checkpoints`); only if that falls
/// behind, a commit that finds it longer than 512 MB moves the rest.
const WRITER_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA wal_autocheckpoint = 128000; PRAGMA journal_size_limit = 134217728; \
     PRAGMA cache_size = -262144;";

const READER_PRAGMAS: &str = "PRAGMA cache_size = -16384;";

impl SqliteStore {
    /// Opens the store in the file at `path`, creating and migrating it as needed.
    ///
    /// New files can be read by their owner only.
    ///
    /// # Errors
    ///
    /// As [`crate::open`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        hop(move || Self::open_here(&path)).await
    }

    /// Opens the store in the file at `path` only to read, beside a process that writes there.
    ///
    /// # Errors
    ///
    /// As [`crate::open_beside`].
    pub async fn open_beside(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        hop(move || Self::open_beside_here(&path)).await
    }

    fn open_beside_here(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        if !path.exists() {
            return Err(location(&path, "there is no store"));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        // Held open like the lock of a writer, but never locked.
        let lock = private_file().create(true).truncate(false).open(PathBuf::from(name));
        let lock = Arc::new(lock.map_err(|error| location(&path, &error.to_string()))?);
        let connection = connect_reader(&path)?;
        check_version(&connection, &path)?;
        let [readers, lookups] = [(); 2].map(|()| Readers::new(path.clone(), Arc::clone(&lock)));
        let writer = Writer::new(path.clone(), connection, lock);
        Ok(Self { readers, lookups, writer, path })
    }

    fn open_here(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(|error| location(&path, &error.to_string()))?;
        }
        let lock = lock(&path)?;
        make_file(&path).map_err(|error| location(&path, &error.to_string()))?;

        let writer = connect_writer(&path)?;
        migrate(&writer, &path)?;
        write_head(&writer)?;
        let lock = Arc::new(lock);
        let [readers, lookups] = [(); 2].map(|()| Readers::new(path.clone(), Arc::clone(&lock)));
        let writer = Writer::new(path.clone(), writer, lock);
        Ok(Self { readers, lookups, writer, path })
    }
}

/// Opens the connection that commits go through.
pub(super) fn connect_writer(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(WRITER_PRAGMAS)?;
    Ok(connection)
}

/// Opens a connection that cannot write. There is a writer already, which made the log.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch(READER_PRAGMAS)?;
    Ok(connection)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    // A connection is never used by two threads at once, so it needs no lock of SQLite's.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch(ALL_PRAGMAS)?;
    Ok(connection)
}

fn location(path: &Path, reason: &str) -> StoreError {
    StoreError::Location { url: format!("sqlite:{}", path.display()), reason: reason.to_owned() }
}

/// The full path. SQLite would take a relative `file:x` for a URL and `:memory:` for no file.
fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(location(path, "write the file's path after `sqlite:`"));
    }
    if path.as_os_str() == ":memory:" {
        return Err(location(path, "write `memory:` for a store that is not kept"));
    }
    if path.is_dir() {
        return Err(location(path, "it is a folder; name a file in it"));
    }
    if path.to_str().is_none() {
        return Err(location(path, "the path is not UTF-8"));
    }
    std::path::absolute(path).map_err(|error| location(path, &error.to_string()))
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private_file().create(true).truncate(false).open(PathBuf::from(name));
    let file = file.map_err(|error| location(path, &error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(location(path, &error.to_string())),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Creates the database file before SQLite does, which would let others read it; SQLite gives
/// its log files the same mode.
fn make_file(path: &Path) -> io::Result<()> {
    match private_file().create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The head of an empty registry is this release's word, not the migration's.
fn write_head(connection: &Connection) -> Result<(), StoreError> {
    let head = Head::start();
    connection.execute(
        "INSERT INTO head (one, revision, hash, next_record, next_golden, next_key, next_content)
         VALUES (1, 0, ?, 0, 0, 0, 0) ON CONFLICT (one) DO NOTHING",
        [head.hash.as_str()],
    )?;
    Ok(())
}
