//! Finding indicators in free text, in one linear pass. It knows text and nothing of documents.
//!
//! A text is cut at blanks, quotes and angle brackets into *tokens*, while a table tells what each is made of. Most tokens are words and end there. What was defanged over blanks is joined again (`glue`), what was defanged is cleaned with a map back to the raw text, and the clean *chunk* is read by one recogniser after the other, longest meaning first; what one has claimed the next does not see. Every recogniser goes once over the chunk, and looks back or ahead by no more than a named limit: the work is linear in the text, whatever the text is. [`Extractor::work`] counts it.

mod address;
mod agent;
mod chunk;
mod class;
mod code;
mod encoded;
mod glue;
mod line;
mod link;
mod mail;
mod name;
mod run;

use std::ops::Range;

use self::chunk::Chunk;
use self::class::{BACKSLASH, BRACKET, CLASS, COLON, DIGIT, DOT, FOREIGN, GAP, PLUS, UNDERSCORE};
use crate::clean::Clean;
use crate::kind::{Kind, KindSet};
use crate::value::normal;

/// An indicator where it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// The normal form of its value.
    pub value: String,
    /// Which bytes of the text it is made of.
    pub at: Range<usize>,
    /// Whether the text had it defanged or encoded.
    pub defanged: bool,
    /// Whether it is part of a longer indicator: the host of a URL, the domain of an address of mail.
    pub part: bool,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which kinds.
    pub kinds: KindSet,
    /// Whether parts of longer indicators are reported too.
    pub parts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kinds: KindSet::ALL,
            parts: true,
        }
    }
}

/// Finds all indicators of a text, by their place; what contains another comes before it.
pub fn extract(text: &str, options: Options) -> Vec<Found> {
    let mut found = Vec::new();
    Extractor::new(options).run(text.as_bytes(), &mut |one| found.push(one));
    found
}

/// Finds indicators, and keeps its memory from one text to the next.
///
/// No indicator reaches over the end of a line: a long text may be given in pieces that end there.
#[derive(Debug)]
pub struct Extractor {
    options: Options,
    clean: Clean,
    memory: chunk::Memory,
    work: u64,
}

/// A token, and what it is made of.
#[derive(Clone, Debug, Default)]
struct Token {
    at: Range<usize>,
    classes: u16,
}

/// Tokens of words only that are longer may be a hash, an extension or an address of coins.
const WORD_BYTES: usize = 26;
/// Signs without which a token is a word or a number.
const TELLING: u16 = DOT
    | COLON
    | BACKSLASH
    | BRACKET
    | FOREIGN
    | UNDERSCORE
    | PLUS
    | class::AT
    | class::SLASH
    | class::PERCENT
    | class::HYPHEN;

impl Extractor {
    /// An extractor that looks for what the options say.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            clean: Clean::default(),
            memory: chunk::Memory::default(),
            work: 0,
        }
    }

    /// How many bytes were looked at so far, counted again each time that they were.
    pub fn work(&self) -> u64 {
        self.work + self.memory.work + self.clean.work
    }

    /// Tells `sink` every indicator of the text, by its place. Bytes that are no UTF-8 belong to nothing.
    pub fn run(&mut self, text: &[u8], sink: &mut dyn FnMut(Found)) {
        let options = self.options;
        let mut sink = |found: Found| {
            if options.kinds.has(found.kind) && (options.parts || !found.part) {
                sink(found);
            }
        };
        let mut at = 0;
        // Nothing before it is read again.
        let mut floor = 0;
        while let Some(token) = next_token(text, at) {
            self.work += (token.at.end - at) as u64;
            at = token.at.end;
            if is_plain(&text[token.at.clone()], token.classes) {
                continue;
            }
            let end = self.token(text, &token, floor, &mut sink);
            at = at.max(end);
            floor = at;
        }
    }

    /// Reads what begins with a token, and answers where to go on.
    fn token(
        &mut self,
        text: &[u8],
        token: &Token,
        floor: usize,
        sink: &mut dyn FnMut(Found),
    ) -> usize {
        if let Some(found) = line::read(text, token, &mut self.work) {
            let end = found.at.end;
            sink(found);
            return end;
        }
        if let Some(agent) = agent::range(text, token, &mut self.work) {
            return self.agent(text, agent, sink);
        }
        if let Some(glued) = glue::glue(text, token, floor, &mut self.work) {
            let end = glued.end;
            self.chunk(text, glued, None, sink);
            end
        } else {
            self.chunk(text, token.at.clone(), Some(token.classes), sink);
            token.at.end
        }
    }

    /// A user agent. Only URLs are looked for inside: its versions look like addresses.
    fn agent(&mut self, text: &[u8], at: Range<usize>, sink: &mut dyn FnMut(Found)) -> usize {
        let end = at.end;
        let value = std::str::from_utf8(&text[at.clone()]).ok();
        if let Some(value) = value.and_then(|text| normal(Kind::UserAgent, text).ok()) {
            sink(Found {
                kind: Kind::UserAgent,
                value,
                at: at.clone(),
                defanged: false,
                part: false,
            });
        }
        let mut next = at.start;
        while let Some(token) = next_token(&text[..end], next) {
            next = token.at.end;
            if memchr::memmem::find(&text[token.at.clone()], b"://").is_some() {
                let mut part = |found: Found| {
                    if found.kind != Kind::UserAgent {
                        sink(Found {
                            part: true,
                            ..found
                        });
                    }
                };
                self.chunk(text, token.at, Some(token.classes), &mut part);
            }
        }
        end
    }

    /// Reads a piece without blanks; with blanks, when no classes are given.
    fn chunk(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        classes: Option<u16>,
        sink: &mut dyn FnMut(Found),
    ) {
        let raw = &text[range.clone()];
        let disguised = classes.is_none_or(|classes| {
            classes & (BRACKET | BACKSLASH | FOREIGN) != 0
                || (classes & UNDERSCORE != 0 && memchr::memmem::find(raw, b"__").is_some())
        });
        let chunk = if disguised {
            self.clean.clean(text, range.clone());
            Chunk::cleaned(text, range, &self.clean)
        } else {
            Chunk::plain(text, range, classes.unwrap_or_default())
        };
        chunk.read(&mut self.memory, &mut self.work);
        for hit in self.memory.in_order() {
            let at = chunk.raw(hit.at.clone());
            let written = text[at.clone()] == chunk.clean[hit.at.clone()];
            sink(Found {
                kind: hit.kind,
                value: hit.value,
                at,
                defanged: hit.decoded || hit.scheme || !written,
                part: hit.part,
            });
        }
    }
}

/// Whether a token is a word or a number that says nothing, not even about its neighbours.
fn is_plain(token: &[u8], classes: u16) -> bool {
    if classes & TELLING != 0 || token.len() >= WORD_BYTES {
        return false;
    }
    if classes & DIGIT != 0 {
        // `AS 174` has three digits.
        return token.len() < 3;
    }
    // "dot" joins its neighbours, "mutex" names what follows.
    !match token.len() {
        3 => token.eq_ignore_ascii_case(b"dot"),
        5.. => token[..5].eq_ignore_ascii_case(b"mutex"),
        _ => false,
    }
}

/// The next token at or behind a place.
fn next_token(text: &[u8], mut at: usize) -> Option<Token> {
    while CLASS[usize::from(*text.get(at)?)] == GAP {
        at += 1;
    }
    let start = at;
    let mut classes = 0;
    while let Some(byte) = text.get(at) {
        let class = CLASS[usize::from(*byte)];
        if class == GAP {
            break;
        }
        classes |= class;
        at += 1;
    }
    Some(Token {
        at: start..at,
        classes,
    })
}
