//! Whose turn it is to decide, where several nodes do so at the same time.
//!
//! Nodes decide on what they see and are refused if another one came first. Under load that one is
//! always there, and who was refused has more to catch up with, so it would lose again and again.
//! Who was refused therefore asks for a turn: an advisory lock, for which each commit queues too. The
//! queue is fair, and while the turn is held nobody else commits. It protects nothing: what is stale
//! is refused all the same. So nobody waits long for it, and who does not get it goes on without.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::Object;
use tokio_postgres::{Statement, error::SqlState, types::ToSql};

use super::{pool::Connections, sql::Db};
use crate::StoreError;

/// How long the lock is waited for, and how long a node may have it without a word: longer than
/// a batch takes, shorter than clients wait.
const PATIENCE: &str = "5s";

/// The lock, held until the transaction ends.
const QUEUE: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1 || '.turn', 0))";

/// Puts back what the session was told.
const RESET: &str = "SET LOCAL lock_timeout TO DEFAULT";

/// How long handing a turn on may take until its connection is closed instead.
const HANDING_ON: Duration = Duration::from_secs(5);

/// Whether this process has the turn: then its commits do not queue for it.
#[derive(Clone, Default)]
pub(super) struct Mine(Arc<AtomicBool>);

impl Mine {
    /// How a commit of this process waits for its turn.
    pub(super) fn queue(&self) -> Queue {
        Queue { is_needed: !self.0.load(Ordering::SeqCst), is_late: AtomicBool::new(false) }
    }
}

/// How a commit waits until nobody has the turn.
pub(super) struct Queue {
    is_needed: bool,
    is_late: AtomicBool,
}

impl Queue {
    /// Whether the commit failed because somebody has the turn for too long; then the queue is one that
    /// goes on without waiting.
    pub(super) fn gives_up(&mut self) -> bool {
        let is_late = std::mem::take(self.is_late.get_mut());
        self.is_needed &= !is_late;
        is_late
    }

    /// The statements to send before the head is locked.
    pub(super) async fn prepare(&self, db: Db<'_>) -> Result<Vec<Statement>, StoreError> {
        if !self.is_needed {
            return Ok(Vec::new());
        }
        let brief = format!("SET LOCAL lock_timeout = '{PATIENCE}'");
        let mut statements = Vec::with_capacity(3);
        for sql in [&brief, QUEUE, RESET] {
            statements.push(db.cache.prepare(db.client, sql).await?);
        }
        Ok(statements)
    }

    /// Waits in the queue, until the transaction ends. All is sent at the first poll, in order.
    pub(super) async fn wait(
        &self,
        db: Db<'_>,
        statements: Vec<Statement>,
        channel: &str,
    ) -> Result<(), StoreError> {
        let [brief, lock, reset] = statements.as_slice() else { return Ok(()) };
        let named: [&(dyn ToSql + Sync); 1] = [&channel];
        let waited = tokio::try_join!(
            biased;
            db.client.execute(brief, &[]),
            db.client.execute(lock, &named),
            db.client.execute(reset, &[]),
        );
        waited.map(drop).map_err(|error| {
            let is_late = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
            self.is_late.store(is_late, Ordering::SeqCst);
            error.into()
        })
    }
}

/// A turn, held by a transaction that does nothing else. The database ends it if its node says
/// nothing for too long.
pub(crate) struct Held {
    object: Option<Object>,
    mine: Mine,
}

impl Held {
    /// Waits for the turn.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if it does not come in time, and what any statement fails with.
    pub(super) async fn take(
        work: &Connections,
        mine: &Mine,
        channel: &str,
    ) -> Result<Self, StoreError> {
        let object = Closing(Some(work.object().await?));
        if let Some(connection) = &object.0 {
            let begin = format!(
                "BEGIN; SET LOCAL lock_timeout = '{PATIENCE}'; \
                 SET LOCAL idle_in_transaction_session_timeout = '{PATIENCE}'"
            );
            connection.batch_execute(&begin).await?;
            connection.execute(QUEUE, &[&channel]).await?;
        }
        mine.0.store(true, Ordering::SeqCst);
        Ok(Self { object: object.keep(), mine: mine.clone() })
    }

    /// Hands it on. Nobody waits for that.
    pub(crate) fn end(mut self) {
        let Some(object) = self.object.take() else { return };
        // Before the lock goes: who gets it next may be of this process.
        self.mine.0.store(false, Ordering::SeqCst);
        let object = Closing(Some(object));
        tokio::spawn(async move {
            if let Some(connection) = &object.0 {
                let ended = connection.batch_execute("ROLLBACK");
                if matches!(tokio::time::timeout(HANDING_ON, ended).await, Ok(Ok(()))) {
                    object.keep();
                }
            }
        });
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            self.mine.0.store(false, Ordering::SeqCst);
            drop(Closing(Some(object)));
        }
    }
}

/// A connection that is closed, and the lock with it, unless all went well.
struct Closing(Option<Object>);

impl Closing {
    fn keep(mut self) -> Option<Object> {
        self.0.take()
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
