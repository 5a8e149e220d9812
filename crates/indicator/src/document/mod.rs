//! Indicators of documents: mails, tables, STIX bundles, MISP events. It knows their forms, and asks `extract` and `parse` what stands in them.

mod html;
mod mail;
mod misp;
mod pattern;
mod place;
mod stix;
mod table;

use crate::extract::{Extractor, Found, Options};
use crate::indicator::parse;
use crate::kind::Kind;

pub use self::place::Place;

/// Largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 256 << 20;
/// Most indicators that are told of one document.
pub const MENTIONS_MAX: usize = 2_000_000;
/// Most values that are told to be none.
pub const SKIPPED_MAX: usize = 100;

/// A form of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Free text.
    Text,
    /// A mail (RFC 5322, MIME).
    Mail,
    /// A table with commas, semicolons, tabulators or bars (RFC 4180).
    Csv,
    /// A STIX 2.1 bundle in JSON; 2.0 is read too.
    Stix,
    /// A MISP event in JSON, or several.
    Misp,
}

/// An indicator and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What was found. Its range lies in the text of the place: a header, a body, a cell, a value.
    pub found: Found,
    /// Where that is.
    pub place: Place,
}

/// What a document holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Its indicators, in the order of the document.
    pub mentions: Vec<Mention>,
    /// Values that their field says to be indicators and that are none: where, and why. The first [`SKIPPED_MAX`].
    pub skipped: Vec<(Place, String)>,
    /// Whether it has more than [`MENTIONS_MAX`] indicators; then the rest is missing.
    pub truncated: bool,
}

/// A document that is not what it was said to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// More than can be read at once.
    #[error("the document has {0} bytes, at most {DOCUMENT_BYTES_MAX} are read")]
    TooLarge(usize),
    /// No mail.
    #[error("this is no mail: it has no headers")]
    NoMail,
    /// A record of a table that cannot be read.
    #[error("the table cannot be read: {0}")]
    Table(String),
    /// No JSON.
    #[error("this is no JSON: {0}")]
    Json(String),
    /// JSON without what the form has.
    #[error("this is no {form}: {why}")]
    Shape {
        /// The form that was asked for.
        form: &'static str,
        /// What is missing.
        why: &'static str,
    },
}

/// Finds the indicators of a document.
///
/// # Errors
///
/// When the bytes are no document of that form; what is wrong inside one is told in [`Document::skipped`].
pub fn read(form: Form, bytes: &[u8], options: Options) -> Result<Document, DocumentError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(DocumentError::TooLarge(bytes.len()));
    }
    let mut reader = Reader {
        options,
        extractor: Extractor::new(options),
        document: Document::default(),
    };
    match form {
        Form::Text => reader.text(bytes, |found| Place::Text(found.at.clone())),
        Form::Mail => mail::read(bytes, &mut reader)?,
        Form::Csv => table::read(bytes, &mut reader)?,
        Form::Stix => stix::read(&json(bytes)?, &mut reader)?,
        Form::Misp => misp::read(&json(bytes)?, &mut reader)?,
    }
    Ok(reader.document)
}

/// Which form a document most likely has. Tables are never guessed: every text with commas is one.
pub fn guess(bytes: &[u8]) -> Form {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"{") || start.starts_with(b"[") {
        // The words stand near the beginning, or the document is read in vain and then as text.
        let near = &start[..start.len().min(4096)];
        let has = |word: &[u8]| memchr::memmem::find(near, word).is_some();
        if has(b"\"bundle\"") || has(b"\"spec_version\"") {
            return Form::Stix;
        }
        if has(b"\"Event\"") || has(b"\"Attribute\"") || has(b"\"to_ids\"") {
            return Form::Misp;
        }
        return Form::Text;
    }
    if mail::is_mail(start) {
        Form::Mail
    } else {
        Form::Text
    }
}

fn json(bytes: &[u8]) -> Result<serde_json::Value, DocumentError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|why| DocumentError::Json(why.to_string()))
}

/// Collects what is found.
struct Reader {
    options: Options,
    extractor: Extractor,
    document: Document,
}

impl Reader {
    /// Everything of a free text.
    fn text(&mut self, text: &[u8], mut place: impl FnMut(&Found) -> Place) {
        let document = &mut self.document;
        self.extractor.run(text, &mut |found| {
            let place = place(&found);
            push(document, Mention { found, place });
        });
    }

    /// A value that its field says to be of a kind.
    fn value(&mut self, kind: Kind, text: &str, place: Place) {
        match parse(kind, text) {
            Ok(indicator) => {
                let value = indicator.into_value();
                let defanged = kind.is_live() && text.contains(['[', '(', '{', '\\']);
                let found = Found {
                    kind,
                    at: 0..text.len(),
                    defanged,
                    part: false,
                    value,
                };
                self.tell(found, place);
            }
            Err(why) => self.skip(place, why.to_string()),
        }
    }

    /// One of several kinds, the first that fits.
    fn first(&mut self, kinds: &[Kind], text: &str, place: Place) {
        let fits = kinds.iter().find(|kind| parse(**kind, text).is_ok());
        if let Some(kind) = fits.or(kinds.first()) {
            self.value(*kind, text, place);
        }
    }

    fn tell(&mut self, found: Found, place: Place) {
        if self.options.kinds.has(found.kind) {
            push(&mut self.document, Mention { found, place });
        }
    }

    fn skip(&mut self, place: Place, why: String) {
        if self.document.skipped.len() < SKIPPED_MAX {
            self.document.skipped.push((place, why));
        }
    }
}

fn push(document: &mut Document, mention: Mention) {
    if document.mentions.len() < MENTIONS_MAX {
        document.mentions.push(mention);
    } else {
        document.truncated = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_guessed() {
        let check = |text: &str, form: Form| assert_eq!(guess(text.as_bytes()), form, "{text}");
        check("evil.com", Form::Text);
        check("{\"a\": 1}", Form::Text);
        check("\u{feff} {\"type\": \"bundle\"}", Form::Stix);
        check("{\"Event\": {}}", Form::Misp);
        check("From: a@example.com\r\nSubject: x\r\n\r\nhi", Form::Mail);
        check("Note: this is\nno mail: really", Form::Text);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let check = |form, text: &str, expected: &str| {
            let error = read(form, text.as_bytes(), Options::default()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            Form::Stix,
            "{",
            "this is no JSON: EOF while parsing an object at line 1 column 1",
        );
        check(
            Form::Stix,
            "{}",
            "this is no STIX: it is neither a bundle nor an object with a type",
        );
        check(
            Form::Misp,
            "[]",
            "this is no MISP: it has neither an Event nor an Attribute",
        );
        check(Form::Mail, "", "this is no mail: it has no headers");
    }
}
