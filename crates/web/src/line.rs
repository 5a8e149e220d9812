//! A socket that may leave hyper: a reader of a live feed needs none of what hyper keeps for it.
//!
//! The handler marks its answer with [`Leave`]. When everything before it has been sent, the
//! connection is taken apart, the head is written out here, and the socket goes to the hub.

use std::io;
use std::net::TcpStream as StdStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::Response;
use http::{HeaderValue, Method, Version, header};
use hyper::Request;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::live::Live;

/// On an answer: its body is the live feed from interval `next` on, which the hub may write.
#[derive(Clone)]
pub(crate) struct Leave {
    pub(crate) live: Arc<Live>,
    pub(crate) next: u64,
}

/// What goes to the hub with the socket.
pub(crate) struct Departure {
    pub(crate) leave: Leave,
    pub(crate) head: Vec<u8>,
}

/// One connection's socket, shared by hyper and by whoever takes it from there. The lock is only
/// ever taken by the connection's own task, one step at a time.
#[derive(Clone)]
pub(crate) struct Line(Arc<Mutex<Inner>>);

struct Inner {
    stream: TcpStream,
    /// Nothing that hyper was given to send is still with it.
    is_flushed: bool,
    departure: Option<Departure>,
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            stream,
            is_flushed: true,
            departure: None,
        })))
    }

    /// Prepares the departure and keeps the answer, if it may leave; else gives it back.
    pub(crate) fn let_go(&self, asked: Asked, mut response: Response) -> Option<Response> {
        let leave = response.extensions_mut().remove::<Leave>();
        let mut inner = self.0.lock();
        match leave {
            Some(leave) if asked.may_leave && inner.is_flushed => {
                let head = head(&response);
                inner.departure = Some(Departure { leave, head });
                None
            }
            _ => Some(response),
        }
    }

    /// The departure that was prepared, once.
    pub(crate) fn departure(&self) -> Option<Departure> {
        self.0.lock().departure.take()
    }

    /// The socket itself, when hyper has let go of it.
    pub(crate) fn into_socket(self) -> Option<io::Result<StdStream>> {
        let inner = Arc::into_inner(self.0)?.into_inner();
        Some(inner.stream.into_std())
    }
}

/// What must be known of a request to let its answer go.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    may_leave: bool,
}

impl Asked {
    /// HTTP/2 has many answers on one socket; `HEAD` wants no body.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let is_alone = request.version() < Version::HTTP_2;
        Self {
            may_leave: is_alone && request.method() == Method::GET,
        }
    }
}

/// The answer's head as it goes over the wire. The body ends with the connection (RFC 9112 §6.3).
fn head(response: &Response) -> Vec<u8> {
    let status = response.status();
    let mut head = Vec::with_capacity(1024);
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    let reason = status.canonical_reason().unwrap_or_default();
    head.extend_from_slice(reason.as_bytes());
    head.extend_from_slice(b"\r\n");
    let close = HeaderValue::from_static("close");
    let headers = response.headers().iter();
    for (name, value) in headers.chain([(&header::CONNECTION, &close)]) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.0.lock();
        inner.is_flushed = false;
        Pin::new(&mut inner.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.0.lock();
        inner.is_flushed = false;
        Pin::new(&mut inner.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// hyper flushes a socket only when its own buffer is empty.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.lock();
        let flushed = Pin::new(&mut inner.stream).poll_flush(context);
        inner.is_flushed = matches!(flushed, Poll::Ready(Ok(())));
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().stream).poll_shutdown(context)
    }
}
