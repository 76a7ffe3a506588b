//! Being told to stop: by SIGTERM, or by Ctrl-C.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from when it is made, so that no signal ends the process in any other way.
pub(super) struct Stop {
    #[cfg(unix)]
    signals: [Option<Signal>; 2],
}

impl Stop {
    /// Begins to listen. A signal that cannot be listened to ends the process as it always did.
    #[cfg(unix)]
    pub(super) fn listen() -> Self {
        let listen = |kind| signal(kind).ok();
        Self { signals: [SignalKind::terminate(), SignalKind::interrupt()].map(listen) }
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(super) fn listen() -> Self {
        Self {}
    }

    /// Ready at the first signal.
    #[cfg(unix)]
    pub(super) async fn told(self) {
        let [terminate, interrupt] = self.signals.map(heard);
        tokio::select! {
            () = terminate => {}
            () = interrupt => {}
        }
    }

    /// Ready at the first signal.
    #[cfg(not(unix))]
    pub(super) async fn told(self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
async fn heard(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}
