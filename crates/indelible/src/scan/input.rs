//! A log, piece by piece. A piece ends with a line, because no indicator reaches over the end of one.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read};

use flate2::read::MultiGzDecoder;

use super::lines;

/// Bytes of a piece: enough for a thread to be worth it.
const PIECE_BYTES: usize = 4 << 20;
/// Longest line; what is longer is cut, as no indicator is that long.
const LINE_BYTES_MAX: usize = 64 << 20;
/// Bytes that are read at once.
const READ_BYTES: usize = 1 << 16;

/// How compressed files begin (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How archives begin that hold several files.
const ZIP: &[u8] = b"PK\x03\x04";

/// Whole lines of a log.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// Where it begins in the log, in bytes after decompression.
    pub(super) offset: u64,
    /// The number of its first line; lines count from 1.
    pub(super) first_line: u64,
}

/// A log.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
    /// Whoever writes into a pipe may have stopped for a while: then what is there is told.
    is_pipe: bool,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
    offset: u64,
    line: u64,
    ended: bool,
}

/// A reader of what is compressed or not, by how it begins.
pub(super) fn plain(file: impl Read + Send + 'static) -> io::Result<(Box<dyn Read + Send>, bool)> {
    let mut file = BufReader::with_capacity(READ_BYTES, file);
    let begin = file.fill_buf()?;
    if begin.starts_with(ZIP) {
        return Err(io::Error::other("it is a zip archive; unpack it first"));
    }
    if begin.starts_with(&GZIP) {
        return Ok((Box::new(MultiGzDecoder::new(file)), true));
    }
    Ok((Box::new(file), false))
}

impl Input {
    /// Opens a file, or standard input.
    pub(super) fn open(path: &str) -> anyhow::Result<Self> {
        let (reader, is_pipe) = if path == "-" {
            if io::stdin().is_terminal() {
                anstream::eprintln!("reading from the terminal; end with ctrl-D");
            }
            let (reader, is_compressed) = plain(io::stdin())?;
            (reader, !is_compressed)
        } else {
            (plain(File::open(path)?)?.0, false)
        };
        Ok(Self {
            reader,
            is_pipe,
            rest: Vec::new(),
            offset: 0,
            line: 1,
            ended: false,
        })
    }

    /// Whether it is worth reading on while other pieces are scanned.
    pub(super) fn is_eager(&self) -> bool {
        !self.is_pipe
    }

    /// The next pieces, at most so many; none at the end.
    pub(super) fn pieces(&mut self, most: usize) -> io::Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        while pieces.len() < most && !self.ended {
            let (piece, drained) = self.piece()?;
            pieces.extend(piece);
            if drained {
                break;
            }
        }
        Ok(pieces)
    }

    /// The next piece, and whether a pipe has no more just now.
    fn piece(&mut self) -> io::Result<(Option<Piece>, bool)> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.reserve(PIECE_BYTES);
        let mut drained = false;
        // How much of it was looked through for the end of a line.
        let mut searched = 0;
        let mut whole = None;
        while !self.ended && (!drained || whole.is_none()) {
            let before = bytes.len();
            bytes.resize(before + READ_BYTES, 0);
            let read = loop {
                match self.reader.read(&mut bytes[before..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read?,
                }
            };
            bytes.truncate(before + read);
            self.ended = read == 0;
            drained = self.is_pipe && read < READ_BYTES;
            if let Some(end) = bytes[searched..].iter().rposition(|byte| *byte == b'\n') {
                whole = Some(searched + end + 1);
            }
            searched = bytes.len();
            let is_full = bytes.len() >= PIECE_BYTES && whole.is_some();
            if is_full || bytes.len() >= LINE_BYTES_MAX {
                break;
            }
        }
        let whole = if self.ended {
            bytes.len()
        } else {
            whole.unwrap_or(bytes.len())
        };
        self.rest = bytes.split_off(whole);
        if bytes.is_empty() {
            return Ok((None, drained));
        }
        let piece = Piece {
            offset: self.offset,
            first_line: self.line,
            bytes,
        };
        self.offset += piece.bytes.len() as u64;
        self.line += lines(&piece.bytes);
        Ok((Some(piece), drained))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bytes: Vec<u8>, is_pipe: bool) -> Input {
        let (reader, _) = plain(io::Cursor::new(bytes)).unwrap();
        Input {
            reader,
            is_pipe,
            rest: Vec::new(),
            offset: 0,
            line: 1,
            ended: false,
        }
    }

    #[test]
    fn what_is_compressed_is_read_and_what_is_an_archive_is_refused() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, b"one\ntwo\n").unwrap();
        let mut packed = packed.finish().unwrap();
        // Logs are often packed in several goes.
        packed.extend(packed.clone());
        let (mut reader, is_compressed) = plain(io::Cursor::new(packed)).unwrap();
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(
            (read.as_str(), is_compressed),
            ("one\ntwo\none\ntwo\n", true)
        );
        let archive = plain(io::Cursor::new(b"PK\x03\x04....".to_vec()));
        let why = archive.map(|_| ()).unwrap_err().to_string();
        assert_eq!(why, "it is a zip archive; unpack it first");
    }

    // A line that is cut in two is an indicator that nobody finds.
    #[test]
    fn pieces_are_whole_lines_and_lose_nothing() {
        let line = "a line of some length with 192.0.2.1 in it\n";
        let mut text = line.repeat(300_000).into_bytes();
        text.extend_from_slice(b"and an end without one");
        for is_pipe in [false, true] {
            let mut input = input(text.clone(), is_pipe);
            let mut read = Vec::new();
            let mut next_line = 1;
            loop {
                let pieces = input.pieces(3).unwrap();
                if pieces.is_empty() {
                    break;
                }
                for piece in pieces {
                    assert_eq!(piece.offset, read.len() as u64);
                    assert_eq!(piece.first_line, next_line);
                    next_line += lines(&piece.bytes);
                    read.extend_from_slice(&piece.bytes);
                    let ends = piece.bytes.last() == Some(&b'\n');
                    assert!(ends || read.len() == text.len());
                }
            }
            assert_eq!(read.len(), text.len());
            assert!(read == text);
        }
    }
}
