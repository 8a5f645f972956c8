//! What a connection's socket has to know of the requests that are read from it and the answers that are written.
//!
//! ```text
//! idle ──request──> answering ──body ends──> answered ──flushed──> idle
//! ```
//! Only hyper itself writes while no request is being answered: to what is not a request, and it closes the
//! connection after that. A request that is answered before all of it was read, such as an upload that is refused,
//! is read on and thrown away for a time: otherwise the system resets the connection, and a client that is still
//! sending may never see its answer.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use crate::unparsed::problem;

/// How long what is on its way is read once nothing more is written.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// How much of it is read at once, in bytes.
const PIECE_BYTES: usize = 16 << 10;

const IDLE: u8 = 0;
const ANSWERING: u8 = 1;
const ANSWERED: u8 = 2;

/// Where a connection stands, shared by its socket, its requests and its answers. One task serves a connection, so
/// its parts order nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchange(Arc<Standing>);

#[derive(Debug, Default)]
struct Standing {
    /// Whose turn it is to write.
    turn: AtomicU8,
    /// True while a part of the last request is unread.
    unread: AtomicBool,
}

impl Exchange {
    /// A request was read as far as its body; what is written from now on is its answer.
    pub(crate) fn request(&self, request: hyper::Request<Incoming>) -> hyper::Request<RequestBody> {
        self.0.turn.store(ANSWERING, Relaxed);
        self.0.unread.store(!request.body().is_end_stream(), Relaxed);
        request.map(|inner| RequestBody { inner, exchange: self.clone() })
    }

    /// The answer, which ends the turn when it is written.
    pub(crate) fn answer(&self, response: Response) -> Response<Answer> {
        response.map(|body| Answer { body, exchange: self.clone() })
    }

    fn is(&self, turn: u8) -> bool {
        self.0.turn.load(Relaxed) == turn
    }
}

/// The body of a request.
pub(crate) struct RequestBody {
    inner: Incoming,
    exchange: Exchange,
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
            self.exchange.0.unread.store(false, Relaxed);
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

/// The body of an answer.
pub(crate) struct Answer {
    body: Body,
    exchange: Exchange,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.exchange.0.turn.store(ANSWERED, Relaxed);
    }
}

/// A connection's socket.
pub(crate) struct Socket<S> {
    inner: S,
    exchange: Exchange,
    /// What is left to write of our problem.
    problem: Option<Bytes>,
    /// When to read no more, once nothing more is written.
    end: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Socket<S> {
    pub(crate) fn new(inner: S, exchange: Exchange) -> Socket<S> {
        Socket { inner, exchange, problem: None, end: None }
    }

    /// Writes the problem in place of `said`, the first of what hyper says by itself; `len` bytes of it
    /// count as written then.
    fn poll_replace(
        &mut self,
        context: &mut Context<'_>,
        said: &[u8],
        len: usize,
    ) -> Poll<io::Result<usize>> {
        let left = self.problem.get_or_insert_with(|| problem(said));
        while !left.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => drop(left.split_to(written)),
            }
        }
        Poll::Ready(Ok(len))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.is(IDLE) {
            return self.poll_replace(context, bytes, bytes.len());
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.exchange.is(IDLE) {
            let first = pieces.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
            return self.poll_replace(context, first, pieces.iter().map(|piece| piece.len()).sum());
        }
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Hyper flushes once it has handed on all it had.
        if self.exchange.is(ANSWERED) {
            self.exchange.0.turn.store(IDLE, Relaxed);
        }
        Pin::new(&mut self.inner).poll_flush(context)
    }

    /// Says that nothing more is written, and reads on if a request was not read to its end.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Socket { inner, exchange, end, .. } = &mut *self;
        let end = match end {
            Some(end) => end,
            None => {
                ready!(Pin::new(&mut *inner).poll_shutdown(context))?;
                end.insert(Box::pin(sleep(LINGER_MAX)))
            }
        };
        let mut piece = [0; PIECE_BYTES];
        while exchange.0.unread.load(Relaxed) && end.as_mut().poll(context).is_pending() {
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
