//! Opening a SQLite file: folder, lock, modes, connections, migrations.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use registry::event::Head;
use sqlx::{
    ConnectOptions, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::SqliteStore;
use crate::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Enough for the pages of a small server's requests; a read holds its connection only briefly.
const READERS_MAX: u32 = 4;

/// Nobody else writes, so the writer waits only for a checkpoint or a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements kept prepared for each connection: each insert comes in several lengths.
const STATEMENTS_MAX: usize = 256;

impl SqliteStore {
    /// Opens the store in the file at `path`, creating and migrating it as needed.
    ///
    /// New files can be read by their owner only.
    ///
    /// # Errors
    ///
    /// As [`crate::open`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(|error| location(&path, &error.to_string()))?;
        }
        let lock = lock(&path)?;
        make_file(&path).map_err(|error| location(&path, &error.to_string()))?;

        let options = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENTS_MAX)
            .pragma("temp_store", "MEMORY")
            .pragma("mmap_size", "268435456");
        let mut writer = connect_writer(&options).await?;
        migrate(&mut writer, &path).await?;
        write_head(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .test_before_acquire(false)
            .connect_with(options.clone().read_only(true).pragma("cache_size", "-16384"))
            .await?;
        Ok(Self { path, options, writer: Mutex::new(Some(writer)), readers, _lock: lock })
    }
}

/// Opens the connection that commits go through.
///
/// FULL makes a commit durable before it returns. A checkpoint every 16 MB keeps the log short
/// without stopping for each small commit.
pub(super) async fn connect_writer(
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, StoreError> {
    let options = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-65536")
        .disable_statement_logging();
    Ok(options.connect().await?)
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

async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    MIGRATIONS.run(connection).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => {
            StoreError::Newer(format!("{} has migration {version}", path.display()))
        }
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            StoreError::Damaged(format!("migration {version} is not the one of this release"))
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            StoreError::Database(error)
        }
        other => StoreError::Database(sqlx::Error::Migrate(Box::new(other))),
    })
}

/// The head of an empty registry is this release's word, not the migration's.
async fn write_head(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let head = Head::start();
    sqlx::query(
        "INSERT INTO head (one, revision, hash, next_record, next_golden, next_key, next_content)
         VALUES (1, 0, $1, 0, 0, 0, 0) ON CONFLICT (one) DO NOTHING",
    )
    .bind(head.hash.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
