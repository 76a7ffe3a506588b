//! [`files`]: certificates and clients that change while the server runs.

use std::time::Duration;

use crate::{settings::Clients, tls::Tls};

/// How often files are looked at. Requests with a certificate look by themselves; this is for
/// the server's own certificate, and so that a broken file is told of before it is needed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often the log is told that something ends soon.
const WARN_EVERY: u32 = 24 * 60 * 60 / 2;

/// Follows the files for ever, and reads all of them again at a SIGHUP.
pub(super) async fn files(tls: Option<Tls>, clients: Clients) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut hung_up = HungUp::listen();
    let mut looked: u32 = 0;
    loop {
        tokio::select! {
            _ = looks.tick() => {
                clients.refresh();
                tls.as_ref().inspect(|tls| tls.refresh());
                looked = looked.wrapping_add(1);
                if looked.is_multiple_of(WARN_EVERY) {
                    tls.as_ref().inspect(|tls| tls.warn_of_expiry());
                }
            }
            () = hung_up.next() => {
                clients.reload();
                tls.as_ref().inspect(|tls| tls.reload());
            }
        }
    }
}

/// SIGHUP, by which operators ask a server to read its files again.
struct HungUp {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HungUp {
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { signal: signal(SignalKind::hangup()).ok() }
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self {}
    }

    /// Ready at the next one; never where there are none.
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
