//! [`serve`]: connections in, and a stop that loses nothing.
//!
//! `axum::serve` sets no limit on how slowly a header may arrive, so connections are run on
//! hyper directly: with that limit, one on how slowly an answer may leave, and a bound on how
//! many there are.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{BoxError, Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

use crate::{App, ServerSettings, caller::Judged, router, tls::Presented};

mod follow;
mod secure;
mod stall;
mod unread;

use stall::Stalling;
use unread::Lent;

/// Time for a TLS handshake: a few round trips, also on a thin line. Connections that are not
/// through it hold up a stop.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

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
    let following = tokio::spawn(follow::files(settings.tls.clone(), settings.clients.clone()));
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
        let connection = Connection { stream, peer, place };
        tokio::spawn(run(connection, routes.clone(), settings.clone(), running.watcher()));
    }
    drop(listener);
    upkeep.inspect(|task| task.abort());
    following.abort();
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

async fn run(connection: Connection, routes: Router, settings: ServerSettings, running: Watcher) {
    let Connection { stream, peer, place } = connection;
    // Answers are written whole; waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let stream = Stalling::new(stream, settings.write_timeout);
    let limit = settings.header_timeout;
    let ended = match settings.tls {
        None => {
            speak(stream, Peer { address: peer, presented: None }, (routes, limit), running).await
        }
        Some(tls) => match secure::shake_hands(stream, tls, HANDSHAKE_MAX.min(limit)).await {
            Err(error) => Err(error.into()),
            Ok((stream, presented)) => {
                speak(stream, Peer { address: peer, presented }, (routes, limit), running).await
            }
        },
    };
    // Broken connections and slow clients are everyday events; their requests, if there
    // was one, are in the log already.
    if let Err(error) = ended {
        let error = error.as_ref() as &dyn std::error::Error;
        tracing::debug!(error, "connection ended");
    }
    drop(place);
}

/// Who is at the other end.
struct Peer {
    address: SocketAddr,
    presented: Option<Arc<Presented>>,
}

/// Answers the requests of a connection, each header within the limit.
async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    (routes, limit): (Router, Duration),
    running: Watcher,
) -> Result<(), BoxError> {
    let service = service_fn(move |request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        let (body, rest) = Lent::new(body, &parts.headers);
        let mut request = Request::from_parts(parts, Body::new(body));
        request.extensions_mut().insert(ConnectInfo(peer.address));
        if let Some(presented) = &peer.presented {
            // At each request: what was good at the first may be revoked at the next.
            request.extensions_mut().insert::<Judged>(presented.judge());
        }
        let answer = routes.clone().oneshot(request);
        async move {
            let mut answer = answer.await?;
            rest.settle(answer.headers_mut()).await;
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .serve_connection(TokioIo::new(stream), service);
    Ok(running.watch(served).await?)
}
