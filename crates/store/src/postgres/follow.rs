//! Learning that another node has committed, by `LISTEN`; who asks looks now and then all the same.

use std::{sync::Arc, time::Duration};

use registry::ids::Revision;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinHandle},
};
use tokio_postgres::{AsyncMessage, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::Broken;
use crate::StoreError;

/// How long after a lost connection the next is tried.
const AGAIN: Duration = Duration::from_secs(2);

/// One connection that listens, kept up for as long as the store is open.
pub(super) struct Listener {
    heard: watch::Receiver<Revision>,
    task: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Begins to listen on `channel`.
    pub(super) fn start(config: Config, tls: MakeRustlsConnect, channel: String) -> Self {
        let (sender, heard) = watch::channel(Revision(0));
        let sender = Arc::new(sender);
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = listen(&config, tls.clone(), &channel, &sender).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "cannot hear of other nodes' commits; looking instead");
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Self { heard, task: task.abort_handle() }
    }

    /// Waits until a commit after `seen` is heard of, `patience` at the most.
    pub(super) async fn hear(&self, seen: Revision, patience: Duration) {
        let mut heard = self.heard.clone();
        _ = tokio::time::timeout(patience, heard.wait_for(|newest| *newest > seen)).await;
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        self.task.abort();
    }
}

/// Listens until the connection ends, which is an error.
async fn listen(
    config: &Config,
    tls: MakeRustlsConnect,
    channel: &str,
    sender: &Arc<watch::Sender<Revision>>,
) -> Result<(), StoreError> {
    let (client, mut connection) = config.connect(tls).await?;
    let sender = Arc::clone(sender);
    let driver = Driver(tokio::spawn(async move {
        loop {
            match std::future::poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(note))) => {
                    if let Ok(revision) = note.payload().parse() {
                        tell(&sender, Revision(revision));
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(StoreError::from(error)),
                None => return Err(Broken::Connection("it ended".to_owned()).into()),
            }
        }
    }));
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    driver.end().await
}

fn tell(sender: &watch::Sender<Revision>, revision: Revision) {
    sender.send_if_modified(|newest| {
        let is_newer = revision > *newest;
        *newest = revision.max(*newest);
        is_newer
    });
}

/// The task that reads a connection; it does not outlive who waits for it.
struct Driver(JoinHandle<Result<(), StoreError>>);

impl Driver {
    async fn end(mut self) -> Result<(), StoreError> {
        (&mut self.0).await.unwrap_or_else(|_| Err(Broken::Ended.into()))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
