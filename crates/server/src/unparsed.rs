//! Answers to what is not a request: hyper sends a bare status there, and this a problem in its place.
//!
//! ```text
//! idle ──request──> answering ──body ends──> answered ──flushed──> idle
//! ```
//! Only hyper itself writes while no request is being answered. After that it closes the connection.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::StatusCode,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use metrics::counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{problem::Problem, routes::request_id};

const IDLE: u8 = 0;
const ANSWERING: u8 = 1;
const ANSWERED: u8 = 2;

/// Whose turn it is to write to a connection, shared by its socket and its answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn(Arc<AtomicU8>);

impl Turn {
    /// A request was read; what is written from now on is its answer.
    pub(crate) fn begin(&self) {
        self.set(ANSWERING);
    }

    /// The answer, which ends the turn when it is written.
    pub(crate) fn answer(&self, response: Response) -> Response<Answer> {
        response.map(|body| Answer { body, turn: self.clone() })
    }

    fn is(&self, state: u8) -> bool {
        self.0.load(Ordering::Relaxed) == state
    }

    fn set(&self, state: u8) {
        // One task serves a connection, so this orders nothing.
        self.0.store(state, Ordering::Relaxed);
    }
}

/// The body of an answer.
pub(crate) struct Answer {
    body: Body,
    turn: Turn,
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
        self.turn.set(ANSWERED);
    }
}

/// A connection's socket.
pub(crate) struct Socket<S> {
    inner: S,
    turn: Turn,
    /// What is left to write of our problem.
    problem: Option<Bytes>,
}

impl<S: AsyncWrite + Unpin> Socket<S> {
    pub(crate) fn new(inner: S, turn: Turn) -> Socket<S> {
        Socket { inner, turn, problem: None }
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

/// The answer, head included, to what made hyper answer with `said`.
fn problem(said: &[u8]) -> Bytes {
    // "HTTP/1.1 400 Bad Request"
    let status = said.get(9..12).and_then(|status| StatusCode::from_bytes(status).ok());
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    let (code, detail) = match status {
        StatusCode::URI_TOO_LONG => ("path_too_long", "the path is too long, send what is long in the body"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("head_too_large", "the head of the request is larger than 64 KiB or has more than 100 fields")
        }
        _ => ("not_http", "this is not a request of HTTP/1.1, or its length cannot be told for certain"),
    };
    counter!("ringfence_refusals_total", "reason" => code).increment(1);
    let id = request_id();
    tracing::info!(request_id = id, status = status.as_u16(), code, "request could not be read");
    let body = Problem::new(status, code, detail).body(&id);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\nx-request-id: {id}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat().into()
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.turn.is(IDLE) {
            return self.poll_replace(context, bytes, bytes.len());
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.turn.is(IDLE) {
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
        if self.turn.is(ANSWERED) {
            self.turn.set(IDLE);
        }
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
