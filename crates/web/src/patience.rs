//! A socket that loses patience: with a client that never says what it wants, and with one that
//! never reads what it asked for.
//!
//! hyper bounds how long a request's head may take, but only once it knows which HTTP is spoken,
//! and it never bounds writing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// After this many bytes hyper knows the protocol and keeps time itself: HTTP/2's preface.
const PREFACE_BYTES: usize = 24;

/// A socket with two time limits: for its first bytes, and for each time that writing stalls.
pub(crate) struct Patient<I> {
    io: I,
    unread: usize,
    first: Option<Pin<Box<Sleep>>>,
    write_timeout: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    is_stalled: bool,
}

impl<I> Patient<I> {
    pub(crate) fn new(io: I, first_timeout: Duration, write_timeout: Duration) -> Self {
        Self {
            io,
            unread: PREFACE_BYTES,
            first: Some(Box::pin(sleep(first_timeout))),
            write_timeout,
            stalled: None,
            is_stalled: false,
        }
    }

    /// Keeps the time of one attempt to write.
    fn timed<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.is_stalled = false;
            return polled;
        }
        let deadline = Instant::now() + self.write_timeout;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(self.write_timeout)));
        if !self.is_stalled {
            self.is_stalled = true;
            stalled.as_mut().reset(deadline);
        }
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Patient<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(context, buffer);
        let Some(first) = &mut self.first else {
            return polled;
        };
        if polled.is_pending() && first.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let read = buffer.filled().len() - before;
        self.unread = self.unread.saturating_sub(read);
        if self.unread == 0 {
            self.first = None;
        }
        polled
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Patient<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        self.timed(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.timed(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(context);
        self.timed(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(context);
        self.timed(polled, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const SHORT: Duration = Duration::from_secs(5);
    const LONG: Duration = Duration::from_secs(50);

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_dropped_in_time() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut ours = Patient::new(ours, SHORT, LONG);
        theirs.write_all(b"PRI * HTTP/2.0").await.unwrap();
        let mut bytes = Vec::new();
        let start = Instant::now();
        let error = ours.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), SHORT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_spoke_may_be_silent() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut ours = Patient::new(ours, SHORT, LONG);
        theirs.write_all(&[b'x'; PREFACE_BYTES]).await.unwrap();
        ours.read_exact(&mut [0; PREFACE_BYTES]).await.unwrap();
        let reading = tokio::time::timeout(LONG, ours.read_u8());
        assert!(reading.await.is_err(), "hyper keeps the time from here");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_dropped() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut ours = Patient::new(ours, LONG, SHORT);
        ours.write_all(&[0; 64]).await.unwrap();
        let start = Instant::now();
        theirs.read_exact(&mut [0; 64]).await.unwrap();
        ours.write_all(&[0; 64]).await.unwrap();
        let error = ours.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), SHORT.as_secs());
    }
}
