//! [`shake_hands`]: TLS on a connection, before its first request.

use std::{io, sync::Arc, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::tls::{Presented, Tls};

/// Does the handshake within `limit`; gives the stream and what its peer presented.
///
/// # Errors
///
/// The peer does not speak TLS, or not with us, or not in time.
pub(super) async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    tls: Tls,
    limit: Duration,
) -> io::Result<(TlsStream<S>, Option<Arc<Presented>>)> {
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.current().config));
    let stream = tokio::time::timeout(limit, acceptor.accept(stream))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long"))??;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain: Vec<_> = chain.iter().map(|one| one.clone().into_owned()).collect();
    let presented = (!chain.is_empty()).then(|| Arc::new(Presented::new(tls, chain)));
    Ok((stream, presented))
}
