//! Moving the log into the main file beside the commits, so that no commit waits for it.
//!
//! SQLite would do it inside the commit that makes the log too long, and that commit's senders
//! would wait while thousands of pages are written and flushed. A checkpoint of another connection
//! moves what is there and keeps nobody waiting.

use std::{
    fs::File,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use super::{connections::Idle, open};
use crate::StoreError;

/// Between two checkpoints. Flushing what one has moved holds up the commits beside it, so each
/// moves little; pages that change with every commit are still written once for many.
const EVERY: Duration = Duration::from_millis(250);

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

    /// Begins a checkpoint on another thread, if the last one began a while ago and is done.
    pub(super) fn may_begin(&self) {
        if self.begun.lock().elapsed() < EVERY {
            return;
        }
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else { return };
        *self.begun.lock() = Instant::now();
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        task::spawn_blocking(move || {
            let _turn = turn;
            let taken = idle.connections.lock().take();
            let connection = taken.map_or_else(|| open::connect_writer(&path), Ok);
            // Nothing is lost without it: the log is the data until it is moved.
            match connection.and_then(checkpoint) {
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

/// Moves what no reader needs in the log, without waiting for anybody.
fn checkpoint(connection: Connection) -> Result<Connection, StoreError> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(connection)
}
