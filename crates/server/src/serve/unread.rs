//! [`Lent`]: a request's body that comes back if it was not read to its end.
//!
//! A refusal often comes before the body is read. hyper then closes the connection unless all of
//! the body is there already, and nobody tells the client, whose next request on it is lost. So
//! what is left of a small body is waited for, and otherwise the answer says `Connection: close`
//! (RFC 9112, 9.3 and 9.6).

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{
    HeaderMap, HeaderValue,
    header::{CONNECTION, EXPECT},
};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use parking_lot::Mutex;

/// Longer rests are not waited for: another connection costs less.
const REST_BYTES_MAX: u64 = 64 * 1024;

/// Nor are slower ones.
const REST_TIME_MAX: Duration = Duration::from_secs(1);

/// A body whose end decides about the connection.
pub(super) struct Lent {
    /// `None` once it was given back.
    body: Option<Incoming>,
    rest: Rest,
}

/// Where a body comes back to.
#[derive(Clone, Default)]
pub(super) struct Rest {
    body: Arc<Mutex<Option<Incoming>>>,
    is_announced: bool,
}

impl Lent {
    pub(super) fn new(body: Incoming, headers: &HeaderMap) -> (Self, Rest) {
        // Who asks before sending would be told to send by the reading.
        let rest = Rest { is_announced: headers.contains_key(EXPECT), ..Rest::default() };
        (Self { body: Some(body), rest: rest.clone() }, rest)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.rest.body.lock() = Some(body);
        }
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Rest {
    /// Waits for what was not read, or says in the answer that the connection ends.
    pub(super) async fn settle(self, answer: &mut HeaderMap) {
        let Some(body) = self.body.lock().take() else { return };
        let is_small = body.size_hint().upper().is_some_and(|bytes| bytes <= REST_BYTES_MAX);
        let is_read = is_small
            && !self.is_announced
            && tokio::time::timeout(REST_TIME_MAX, read(body)).await.is_ok();
        if !is_read {
            answer.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

async fn read(mut body: Incoming) {
    while let Some(Ok(_)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
}
