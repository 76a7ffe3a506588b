//! Who uses which connection, in what kind of transaction, and how long anybody waits.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::IsolationLevel;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{error::Broken, location::Location, sql::Db};
use crate::StoreError;

/// Some connections for one kind of work.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    /// The longest that a work waits for answers. The database gives up before; this is for one
    /// that says nothing any more.
    patience: Duration,
}

impl Connections {
    /// At the most `max` connections as `location` says. None is opened yet.
    pub(super) fn new(
        location: &Location,
        tls: MakeRustlsConnect,
        max: usize,
    ) -> Result<Self, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(location.config.clone(), tls, recycling);
        let timeout = Some(location.connect_timeout);
        let pool = Pool::builder(manager)
            .max_size(max)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: timeout, create: timeout, recycle: timeout })
            .build();
        let pool = pool.map_err(|_| Broken::Ended)?;
        let patience = location.statement_timeout + 2 * location.connect_timeout;
        Ok(Self { pool, patience })
    }

    /// Does `work`, which is one statement that only reads.
    pub(super) async fn look_up<T>(
        &self,
        work: impl AsyncFnOnce(Db<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.within(async {
            let object = self.pool.get().await?;
            work(db(&object)).await
        })
        .await
    }

    /// Does `work`, which only reads, and all of whose statements see the same revision.
    pub(super) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(Db<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.within(async {
            let mut object = self.pool.get().await?;
            let transaction = object
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            let cache = &transaction.statement_cache;
            // Rolled back when it is dropped, which nobody waits for.
            work(Db { client: transaction.client(), cache }).await
        })
        .await
    }

    /// Does `work` in a transaction, each of whose statements sees what is committed by then, and
    /// makes it durable, or leaves nothing of it.
    pub(super) async fn change<T>(
        &self,
        work: impl AsyncFnOnce(Db<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.within(async {
            let mut object = self.pool.get().await?;
            let transaction = object
                .build_transaction()
                .isolation_level(IsolationLevel::ReadCommitted)
                .read_only(false)
                .start()
                .await?;
            let cache = &transaction.statement_cache;
            let done = work(Db { client: transaction.client(), cache }).await;
            match done {
                Ok(_) => transaction.commit().await?,
                // The work's error tells more than that of a broken connection's rollback.
                Err(_) => _ = transaction.rollback().await,
            }
            done
        })
        .await
    }

    /// A connection for whoever keeps it for a while.
    pub(super) async fn object(&self) -> Result<Object, StoreError> {
        Ok(self.pool.get().await?)
    }

    /// The same as `work`, for no longer than any work may take.
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let done = tokio::time::timeout(self.patience, work).await;
        done.unwrap_or_else(|_| Err(Broken::Silent(self.patience).into()))
    }

    /// Closes the connections that nobody uses, and refuses new work.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

fn db(object: &Object) -> Db<'_> {
    Db { client: object, cache: &object.statement_cache }
}
