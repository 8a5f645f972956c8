//! A request that is answered before all of it was read, such as an upload that is refused: what is still on its way
//! is read and thrown away for a time. Otherwise the system resets the connection, and a client that is still
//! sending may never see its answer.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long what is on its way is read.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 16 << 10;

/// True while a part of a connection's last request is unread, shared by its socket and the bodies of its requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// The body of a request, which is unread until it has ended.
    pub(crate) fn body(&self, inner: Incoming) -> RequestBody {
        self.set(!inner.is_end_stream());
        RequestBody { inner, unread: self.clone() }
    }

    fn set(&self, unread: bool) {
        // One task serves a connection, so this orders nothing.
        self.0.store(unread, Ordering::Relaxed);
    }
}

/// The body of a request.
pub(crate) struct RequestBody {
    inner: Incoming,
    unread: Unread,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if frame.is_none() || self.inner.is_end_stream() {
            self.unread.set(false);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A connection's socket.
pub(crate) struct Lingering<S> {
    inner: S,
    unread: Unread,
    /// How long to read on, once nothing more will be written.
    end: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub(crate) fn new(inner: S, unread: Unread) -> Lingering<S> {
        Lingering { inner, unread, end: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    /// Says that nothing more is written, and reads on if a request was not read to its end.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Lingering { inner, unread, end } = &mut *self;
        let end = match end {
            Some(end) => end,
            None => {
                ready!(Pin::new(&mut *inner).poll_shutdown(context))?;
                end.insert(Box::pin(sleep(LINGER_MAX)))
            }
        };
        let mut piece = [0; PIECE_BYTES];
        while unread.0.load(Ordering::Relaxed) && end.as_mut().poll(context).is_pending() {
            let mut into = ReadBuf::new(&mut piece);
            // Whatever ends it, the client has seen what it will.
            let read = ready!(Pin::new(&mut *inner).poll_read(context, &mut into));
            if read.is_err() || into.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
