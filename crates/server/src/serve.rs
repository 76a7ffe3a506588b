//! [`serve`]: connections in, and a stop that loses nothing.
//!
//! `axum::serve` sets no limit on how slowly a header may arrive, so connections are run on
//! hyper directly: with that limit, one on how slowly an answer may leave, and a bound on how
//! many there are.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

use crate::{App, ServerSettings, router};

mod stall;

use stall::Stalling;

/// Pause after the system refused a connection (mostly: no file handles left), so that the
/// loop does not spin until some are free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Serves `app` on `listener` until `shutdown` is ready.
///
/// Then no connection is accepted any more, and requests in flight are finished, within
/// `stop_timeout`. The caller stops the pipeline afterwards.
///
/// # Errors
///
/// None while serving: trouble with single connections is theirs. The result leaves room for
/// listeners that can fail for good.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let settings = app.settings().clone();
    let places =
        Arc::new(Semaphore::new(settings.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    let upkeep = settings.metrics.as_ref().map(|metrics| metrics.exposition.clone().keep_up());
    let upkeep = upkeep.map(tokio::spawn);
    let routes = router(app);
    let running = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = accept(&listener, &places);
        let (stream, peer, place) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            connection = next => connection,
        };
        run(Connection { stream, peer, place }, routes.clone(), &settings, &running);
    }
    drop(listener);
    upkeep.inspect(|task| task.abort());
    let finish = running.shutdown();
    if tokio::time::timeout(settings.stop_timeout, finish).await.is_err() {
        tracing::warn!("requests were still running when the time for stopping was over");
    }
    Ok(())
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = places.clone().acquire_owned().await.expect("the places are never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

fn run(
    connection: Connection,
    routes: Router,
    settings: &ServerSettings,
    running: &GracefulShutdown,
) {
    let Connection { stream, peer, place } = connection;
    // Answers are written whole; waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let stream = Stalling::new(stream, settings.write_timeout);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let served = running.watch(served);
    tokio::spawn(async move {
        // Broken connections and slow clients are everyday events; their requests, if there
        // was one, are in the log already.
        if let Err(error) = served.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "connection ended");
        }
        drop(place);
    });
}
