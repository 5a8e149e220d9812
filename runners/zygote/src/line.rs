//! A child's end of the line: frames, one after another, and nothing else to wait for.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::Frame;
use crate::frame::PREFIX_BYTES;

/// A child's end of the line: its standard input, and the only thing that it has open.
#[derive(Debug)]
pub struct Line {
    fd: BorrowedFd<'static>,
}

impl Line {
    pub(crate) fn at_standard_input() -> Self {
        Self {
            fd: rustix::stdio::stdin(),
        }
    }

    /// Sends a frame; waits while the other end takes nothing.
    ///
    /// # Errors
    /// When nobody is there any more.
    pub fn send(&self, frame: &Frame) -> io::Result<()> {
        let bytes = frame.bytes();
        let mut left = &bytes[..];
        while !left.is_empty() {
            match rustix::net::send(self.fd, left, rustix::net::SendFlags::NOSIGNAL) {
                Ok(sent) => left = &left[sent..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// The next frame; waits for it.
    ///
    /// # Errors
    /// When nobody is there any more, or sends what is no frame.
    pub fn receive(&self) -> io::Result<Frame> {
        let mut prefix = [0; PREFIX_BYTES];
        self.fill(&mut prefix)?;
        let rest = Frame::rest(prefix).map_err(io::Error::other)?;
        let mut bytes = vec![0; rest];
        self.fill(&mut bytes)?;
        Frame::of(prefix, bytes).map_err(io::Error::other)
    }

    /// Waits until there is something to receive, or the time is over; false then.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn waits(&self, time: Option<Duration>) -> io::Result<bool> {
        let time: Option<Timespec> = time.and_then(|time| time.try_into().ok());
        loop {
            let mut watched = [PollFd::from_borrowed_fd(self.fd, PollFlags::IN)];
            match poll(&mut watched, time.as_ref()) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn fill(&self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match rustix::io::read(self.fd, &mut *bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => bytes = &mut bytes[read..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}
