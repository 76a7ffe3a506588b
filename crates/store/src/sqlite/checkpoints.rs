//! Moving the log into the main file beside the commits, so that no commit waits for it.
//!
//! SQLite would do it inside the commit that makes the log too long, and that commit's senders
//! would wait while thousands of pages are written and flushed. A checkpoint of another connection
//! moves what is there and keeps nobody waiting. But the log begins anew only when all of it is
//! moved, and under load there is always more: so it is moved in passes, and the last, short one
//! takes the place of a commit.

use std::{
    fs::File,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::{runtime::Handle, sync::Semaphore, task};

use super::{connections::Idle, open};
use crate::StoreError;

/// Between two checkpoints: long enough that a page which changes often is written once.
const EVERY: Duration = Duration::from_secs(1);

/// Passes beside the commits; each finds less than the one before, unless the disk cannot follow.
const PASSES_MAX: usize = 6;

/// Pages that the last pass may find while commits wait for it: some milliseconds.
const LAST_PAGES: i64 = 1_000;

/// The connection that checkpoints go through.
pub(super) struct Checkpoints {
    path: PathBuf,
    /// One checkpoint at a time; closed with the store.
    turns: Arc<Semaphore>,
    begun: Mutex<Instant>,
    idle: Arc<Idle<Option<Connection>>>,
}

impl Checkpoints {
    /// Checkpoints of the database at `path`.
    pub(super) fn new(path: PathBuf, lock: Arc<File>) -> Self {
        let turns = Arc::new(Semaphore::new(1));
        Self { path, turns, begun: Mutex::new(Instant::now()), idle: Idle::new(None, lock) }
    }

    /// Begins a checkpoint on another thread, if the last one began a while ago and is done. Its end
    /// takes one of the writer's `commits`.
    pub(super) fn may_begin(&self, commits: &Arc<Semaphore>) {
        if self.begun.lock().elapsed() < EVERY {
            return;
        }
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else { return };
        *self.begun.lock() = Instant::now();
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let (commits, runtime) = (Arc::clone(commits), Handle::current());
        task::spawn_blocking(move || {
            let _turn = turn;
            let taken = idle.connections.lock().take();
            let connection = taken.map_or_else(|| open::connect_writer(&path), Ok);
            // Nothing is lost without it: the log is the data until it is moved.
            let last = || runtime.block_on(commits.acquire_owned()).ok();
            match connection.and_then(|connection| checkpoint(connection, last)) {
                Ok(connection) => *idle.connections.lock() = Some(connection),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the log could not be moved into the database");
                }
            }
        });
    }

    /// Waits for the checkpoint that has begun; none begins any more.
    pub(super) async fn close(&self) {
        // Closed already, there is nothing to wait for.
        let _turn = self.turns.acquire().await;
        self.turns.close();
        self.idle.connections.lock().take();
    }
}

/// Moves what no reader needs in the log; `last` keeps commits away for the end of it.
fn checkpoint<T>(
    connection: Connection,
    last: impl FnOnce() -> Option<T>,
) -> Result<Connection, StoreError> {
    let mut moved_before = 0;
    for _ in 0..PASSES_MAX {
        let moved = pass(&connection)?;
        if moved - moved_before <= LAST_PAGES {
            // None if the store is being closed, which moves the rest.
            if let Some(_turn) = last() {
                pass(&connection)?;
            }
            break;
        }
        moved_before = moved;
    }
    Ok(connection)
}

/// Moves what is in the log now; gives how many of its pages are moved in all.
fn pass(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))?)
}
