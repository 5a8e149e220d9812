//! Frames between server and child: a length, a kind, a head in JSON, and bytes that need no JSON.

/// Longest frame, in bytes: that of the contract's longest message.
pub const FRAME_BYTES_MAX: usize = runners::MESSAGE_BYTES_MAX;

/// Bytes before the head: the length of what follows, the kind, the length of the head.
pub(crate) const PREFIX_BYTES: usize = 9;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// To the child, first: what to do; the body is the code.
    Call = 1,
    /// To the child: what became of a request; the body is the answer's.
    Response = 2,
    /// From the child: a line of the log.
    Log = 3,
    /// From the child: part of the result; the body is JSON.
    Partial = 4,
    /// From the child: a request; the body is the request's.
    Request = 5,
    /// From the child, last: how it ended; the body is the result in JSON.
    Done = 6,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Call,
            2 => Self::Response,
            3 => Self::Log,
            4 => Self::Partial,
            5 => Self::Request,
            6 => Self::Done,
            _ => return None,
        })
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Its head, in JSON.
    pub head: Vec<u8>,
    /// What follows the head.
    pub body: Vec<u8>,
}

/// What came was no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other end sent what is no frame")]
pub(crate) struct NoFrame;

impl Frame {
    /// A frame with this head.
    pub fn new(kind: Kind, head: &impl serde::Serialize, body: Vec<u8>) -> Self {
        let head = serde_json::to_vec(head).unwrap_or_default();
        Self { kind, head, body }
    }

    /// As it travels.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let rest = self.head.len() + self.body.len() + PREFIX_BYTES - 4;
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = Vec::with_capacity(rest + 4);
        bytes.extend(number(rest));
        bytes.push(self.kind as u8);
        bytes.extend(number(self.head.len()));
        bytes.extend(&self.head);
        bytes.extend(&self.body);
        bytes
    }

    /// How many bytes of head and body follow this prefix.
    pub(crate) fn rest(prefix: [u8; PREFIX_BYTES]) -> Result<usize, NoFrame> {
        let length = u32::from_le_bytes([prefix[0], prefix[1], prefix[2], prefix[3]]) as usize;
        match length.checked_sub(PREFIX_BYTES - 4) {
            Some(rest) if rest <= FRAME_BYTES_MAX => Ok(rest),
            _ => Err(NoFrame),
        }
    }

    /// The frame of a prefix and the bytes that [`Self::rest`] counted.
    pub(crate) fn of(prefix: [u8; PREFIX_BYTES], mut rest: Vec<u8>) -> Result<Self, NoFrame> {
        let head = u32::from_le_bytes([prefix[5], prefix[6], prefix[7], prefix[8]]) as usize;
        let kind = Kind::of(prefix[4]).ok_or(NoFrame)?;
        if head > rest.len() {
            return Err(NoFrame);
        }
        let body = rest.split_off(head);
        let head = rest;
        Ok(Self { kind, head, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The child is not trusted: what it sends is measured before anything is made for it.
    #[test]
    fn a_frame_reads_back_and_a_lie_about_its_length_does_not() {
        let frame = Frame::new(Kind::Log, &"words", b"body".to_vec());
        let bytes = frame.bytes();
        let prefix: [u8; PREFIX_BYTES] = bytes[..PREFIX_BYTES].try_into().unwrap();
        assert_eq!(Frame::rest(prefix), Ok(bytes.len() - PREFIX_BYTES));
        assert_eq!(Frame::of(prefix, bytes[PREFIX_BYTES..].to_vec()), Ok(frame));
        let lie = |at: usize, byte: u8| {
            let mut prefix = prefix;
            prefix[at] = byte;
            prefix
        };
        assert_eq!(Frame::rest(lie(3, 0xff)), Err(NoFrame));
        assert_eq!(Frame::rest([0; PREFIX_BYTES]), Err(NoFrame));
        let rest = bytes[PREFIX_BYTES..].to_vec();
        assert_eq!(Frame::of(lie(4, 99), rest.clone()), Err(NoFrame));
        assert_eq!(Frame::of(lie(8, 1), rest), Err(NoFrame));
    }
}
