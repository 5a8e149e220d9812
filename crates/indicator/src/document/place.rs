//! Where in a document something stands.

use std::fmt;
use std::ops::Range;

/// A place of a document. Numbers count from 1, as people do; ranges are of bytes, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Bytes of a text.
    Text(Range<usize>),
    /// A header of a mail.
    Header {
        /// Its name.
        name: String,
        /// In which part of the mail; the first is the mail itself.
        part: usize,
    },
    /// The text of a part of a mail, decoded; of HTML what a reader sees.
    Body {
        /// Which part.
        part: usize,
        /// Bytes of the decoded text.
        at: Range<usize>,
    },
    /// Where a link of an HTML part leads.
    Link {
        /// Which part.
        part: usize,
    },
    /// A file that a mail carries: its name, or its hash.
    Attachment {
        /// Which part.
        part: usize,
    },
    /// A cell of a table.
    Cell {
        /// The line on which its record begins.
        row: u64,
        /// Its column.
        column: usize,
        /// The column's name, when the first record has names.
        name: Option<String>,
    },
    /// A property of a STIX object.
    Stix {
        /// The object's id.
        object: String,
        /// The property, or the path in its pattern.
        path: String,
    },
    /// An attribute of a MISP event.
    Misp {
        /// Its uuid, or its id.
        attribute: String,
        /// Its type, as MISP calls it.
        kind: String,
        /// Whether MISP gives it to detection systems.
        to_ids: bool,
        /// The name of the object that it belongs to.
        object: Option<String>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(at) => write!(f, "byte {}", at.start),
            Self::Header { name, part: 1 } => write!(f, "header {name}"),
            Self::Header { name, part } => write!(f, "header {name} of part {part}"),
            Self::Body { part, .. } => write!(f, "text of part {part}"),
            Self::Link { part } => write!(f, "link in part {part}"),
            Self::Attachment { part } => write!(f, "attachment, part {part}"),
            Self::Cell { row, column, name } => match name {
                Some(name) => write!(f, "line {row}, column {name}"),
                None => write!(f, "line {row}, column {column}"),
            },
            Self::Stix { object, path } => write!(f, "{object}, {path}"),
            Self::Misp {
                attribute,
                kind,
                to_ids,
                object,
            } => {
                let detects = if *to_ids { ", to_ids" } else { "" };
                match object {
                    Some(object) => write!(f, "{object}: {kind} {attribute}{detects}"),
                    None => write!(f, "{kind} {attribute}{detects}"),
                }
            }
        }
    }
}
