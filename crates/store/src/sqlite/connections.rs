//! Who uses which connection: one writer, a few readers, each work on a thread that may block.
//!
//! A connection is taken out for its work and put back only when all went well. One that was in
//! a failed commit or a panic is closed, which ends its transaction, and the next work opens a
//! fresh one.

use std::{fs::File, path::PathBuf, sync::Arc};

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle};
use thiserror::Error;
use tokio::sync::Semaphore;

use super::{checkpoints::Checkpoints, open};
use crate::{StoreError, threads};

/// Connections of one kind of reads: enough for the pages of a small server's requests.
const READERS_MAX: usize = 4;

/// Why work was not done although SQLite did not fail.
#[derive(Debug, Error)]
enum Interrupted {
    /// A panic, whose words may hold a patient's data, or the end of the process's work.
    #[error("the work on the database broke off")]
    BrokenOff,
    /// The store was closed before.
    #[error("the store is closed")]
    Closed,
}

impl From<Interrupted> for StoreError {
    fn from(error: Interrupted) -> Self {
        Self::Database(Box::new(error))
    }
}

/// Where connections lie while nobody uses them. Work that outlives its store holds on to it.
pub(super) struct Idle<T> {
    pub(super) connections: Mutex<T>,
    /// After the connections: who gets the lock finds none open.
    _lock: Arc<File>,
}

impl<T> Idle<T> {
    pub(super) fn new(connections: T, lock: Arc<File>) -> Arc<Self> {
        Arc::new(Self { connections: Mutex::new(connections), _lock: lock })
    }
}

/// The connection that commits go through.
pub(super) struct Writer {
    path: PathBuf,
    /// One work at a time; closed with the store.
    turns: Arc<Semaphore>,
    /// Empty while a commit is at work, and after one that left its connection in doubt.
    idle: Arc<Idle<Option<Connection>>>,
    checkpoints: Checkpoints,
}

impl Writer {
    /// The writer of the database at `path`, with its first connection.
    pub(super) fn new(path: PathBuf, connection: Connection, lock: Arc<File>) -> Self {
        let checkpoints = Checkpoints::new(path.clone(), Arc::clone(&lock));
        let idle = Idle::new(Some(connection), lock);
        Self { path, turns: Arc::new(Semaphore::new(1)), idle, checkpoints }
    }

    /// Does `work` in a transaction and makes it durable, or leaves nothing of it.
    ///
    /// Once it has begun it goes on to its end, even if the caller goes away.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Interrupted::Closed)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let written = hop(move || {
            let _turn = turn;
            let taken = idle.connections.lock().take();
            let connection = match taken {
                Some(connection) => connection,
                None => open::connect_writer(&path)?,
            };
            let (written, is_sound) = transact(&connection, work);
            if is_sound {
                *idle.connections.lock() = Some(connection);
            }
            written
        });
        let written = written.await;
        self.checkpoints.may_begin(&self.turns);
        written
    }

    /// Closes the connection after the work that has begun. It comes after the readers: the last
    /// connection that closes takes the log into the main file.
    pub(super) async fn close(&self) {
        self.checkpoints.close().await;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        self.turns.close();
        let idle = Arc::clone(&self.idle);
        let closed = hop(move || {
            let _turn = turn;
            let connection = idle.connections.lock().take();
            connection
                .map_or(Ok(()), |connection| connection.close().map_err(|(_, error)| error))?;
            Ok(())
        });
        if let Err(error) = closed.await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the database could not be closed in order");
        }
    }

    /// The place of the connection, so that tests can reach it.
    #[cfg(test)]
    pub(super) fn idle(&self) -> Arc<Idle<Option<Connection>>> {
        Arc::clone(&self.idle)
    }

    /// The turns, so that tests can make a commit wait.
    #[cfg(test)]
    pub(super) fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }
}

/// Does `work` in a transaction, and says whether the connection is fit for another.
fn transact<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> (Result<T, StoreError>, bool) {
    // Immediate takes the write lock before the head is read, so that a stale decision is told
    // from a busy database.
    if let Err(error) = run(connection, "BEGIN IMMEDIATE") {
        return (Err(error), false);
    }
    match work(connection) {
        Ok(done) => {
            let committed = run(connection, "COMMIT");
            let is_sound = committed.is_ok();
            (committed.map(|()| done), is_sound)
        }
        // SQLite ends the transaction by itself when the disk is full; then this fails.
        Err(error) => (Err(error), run(connection, "ROLLBACK").is_ok()),
    }
}

fn run(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// The connections that reads go through, opened as they are needed.
pub(super) struct Readers {
    path: PathBuf,
    places: Arc<Semaphore>,
    idle: Arc<Idle<Vec<Connection>>>,
}

impl Readers {
    /// The readers of the database at `path`.
    pub(super) fn new(path: PathBuf, lock: Arc<File>) -> Self {
        let idle = Idle::new(Vec::with_capacity(READERS_MAX), lock);
        Self { path, places: Arc::new(Semaphore::new(READERS_MAX)), idle }
    }

    /// The answer of `work`, all of whose statements see the same revision.
    ///
    /// If the caller goes away, work that has begun is interrupted: nobody waits behind a search
    /// whose answer nobody wants.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Interrupted::Closed)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let waiting = Waiting::default();
        let running = Arc::clone(&waiting.running);
        hop(move || {
            let _place = place;
            let taken = idle.connections.lock().pop();
            let connection = match taken {
                Some(connection) => connection,
                None => open::connect_reader(&path)?,
            };
            run(&connection, "BEGIN")?;
            *running.lock() = Some(connection.get_interrupt_handle());
            let answer = work(&connection);
            *running.lock() = None;
            // A transaction left open would keep the log from being taken into the main file.
            if run(&connection, "COMMIT").is_ok() {
                idle.connections.lock().push(connection);
            }
            answer
        })
        .await
    }

    /// Closes the connections after the reads that have begun.
    pub(super) async fn close(&self) {
        let all = u32::try_from(READERS_MAX).unwrap_or(u32::MAX);
        let places = Arc::clone(&self.places).acquire_many_owned(all).await;
        self.places.close();
        let idle = Arc::clone(&self.idle);
        let closed = hop(move || {
            let _places = places;
            idle.connections.lock().clear();
            Ok(())
        });
        if let Err(error) = closed.await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the database's readers could not be closed in order");
        }
    }
}

/// Somebody who waits for a read; what runs for them is interrupted when they go away.
#[derive(Default)]
struct Waiting {
    /// Set while statements run.
    running: Arc<Mutex<Option<InterruptHandle>>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(statements) = &*self.running.lock() {
            statements.interrupt();
        }
    }
}

/// Does `work` on a thread that may block.
pub(super) async fn hop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    threads::blocking(work).await.unwrap_or_else(|| Err(Interrupted::BrokenOff.into()))
}
