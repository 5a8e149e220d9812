//! The socket between server and zygote: one question, one answer, and descriptors with it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

/// Longest message, in bytes; only why there is no child is words.
const MESSAGE_BYTES_MAX: usize = 512;

/// How much a child may use; a question to the zygote is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) wall_ms: u64,
    pub(crate) cpu_ms: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) scratch_bytes: u64,
    pub(crate) processes: u64,
}

impl Wanted {
    fn numbers(self) -> [u64; 5] {
        [
            self.wall_ms,
            self.cpu_ms,
            self.memory_bytes,
            self.scratch_bytes,
            self.processes,
        ]
    }

    fn of([wall_ms, cpu_ms, memory_bytes, scratch_bytes, processes]: [u64; 5]) -> Self {
        Self {
            wall_ms,
            cpu_ms,
            memory_bytes,
            scratch_bytes,
            processes,
        }
    }

    /// Asks for a child.
    pub(crate) fn ask(self, control: BorrowedFd<'_>) -> io::Result<()> {
        write_numbers(control, &self.numbers())
    }

    /// The next question; `None` when nobody asks any more.
    pub(crate) fn next(control: BorrowedFd<'_>) -> io::Result<Option<Self>> {
        Ok(read_numbers(control)?.map(Self::of))
    }
}

/// How a child ended: the zygote's last word, on its leash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Obituary {
    /// 0 by itself, 1 by a signal, 2 out of time.
    pub(crate) how: u64,
    /// The exit code or the signal.
    pub(crate) number: u64,
    pub(crate) cpu_us: u64,
    pub(crate) memory_bytes: u64,
}

impl Obituary {
    pub(crate) fn tell(self, leash: BorrowedFd<'_>) -> io::Result<()> {
        let numbers = [self.how, self.number, self.cpu_us, self.memory_bytes];
        write_numbers(leash, &numbers)
    }

    /// `None` when the zygote went away without a word.
    pub(crate) fn hear(leash: BorrowedFd<'_>) -> io::Result<Option<Self>> {
        let read = read_numbers(leash)?;
        Ok(read.map(|[how, number, cpu_us, memory_bytes]| Self {
            how,
            number,
            cpu_us,
            memory_bytes,
        }))
    }
}

fn write_numbers(socket: BorrowedFd<'_>, numbers: &[u64]) -> io::Result<()> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
    rustix::net::send(socket, &bytes, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn read_numbers<const N: usize>(socket: BorrowedFd<'_>) -> io::Result<Option<[u64; N]>> {
    let mut bytes = [0; MESSAGE_BYTES_MAX];
    let read = rustix::io::retry_on_intr(|| rustix::io::read(socket, &mut bytes))?;
    if read == 0 {
        return Ok(None);
    }
    if read != N * 8 {
        return Err(io::Error::other("a message of another version"));
    }
    let mut numbers = [0; N];
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    }
    Ok(Some(numbers))
}

/// A child's line and its leash, or why there is none.
pub(crate) type Handed = Result<(OwnedFd, OwnedFd), String>;

/// Hands a child over.
pub(crate) fn hand(
    control: BorrowedFd<'_>,
    child: Result<[BorrowedFd<'_>; 2], &str>,
) -> io::Result<()> {
    let (words, descriptors): (&[u8], &[BorrowedFd<'_>]) = match &child {
        Ok(descriptors) => (b"", descriptors),
        Err(why) => (&why.as_bytes()[..why.len().min(MESSAGE_BYTES_MAX - 1)], &[]),
    };
    let message = [&[u8::from(child.is_err())], words].concat();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let slices = [IoSlice::new(&message)];
    rustix::net::sendmsg(control, &slices, &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes what [`hand`] sent; `None` when the zygote is gone.
pub(crate) fn take(control: impl AsFd) -> io::Result<Option<Handed>> {
    let mut bytes = [0; MESSAGE_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        let mut slices = [IoSliceMut::new(&mut bytes)];
        rustix::net::recvmsg(
            &control,
            &mut slices,
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )
    })?;
    if received.bytes == 0 {
        return Ok(None);
    }
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::other("no descriptor was left to take"));
    }
    if bytes[0] != 0 {
        let words = String::from_utf8_lossy(&bytes[1..received.bytes]);
        return Ok(Some(Err(words.into_owned())));
    }
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(taken) = message {
            descriptors.extend(taken);
        }
    }
    match <[OwnedFd; 2]>::try_from(descriptors) {
        Ok([line, leash]) => Ok(Some(Ok((line, leash)))),
        Err(_) => Err(io::Error::other("a child came without its line")),
    }
}
