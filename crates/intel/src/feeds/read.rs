//! Feeds read piece by piece: unpacked, taken apart into entries, never held as a whole.
//!
//! Whatever the bytes are, it takes time in proportion to them and memory that is bounded by
//! [`UNPACKED_BYTES_MAX`], the longest entry and the batch that the caller gathers. What cannot be read
//! as an entry is counted and passed over; what cannot be read on ends the reading with an error.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use base::UnixMicros;
use flate2::read::MultiGzDecoder;
use indicator::{Indicator, Kind};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use zip::ZipArchive;

use super::meter::{ENTRY_BYTES_MAX, EVENT_BYTES_MAX, Mark, Meter};
use super::{Column, Description, Entry, FieldRule, Form};

/// Most bytes of a feed after unpacking.
pub const UNPACKED_BYTES_MAX: u64 = 2 << 30;
/// Most entries of a feed.
pub const ENTRIES_MAX: u64 = 20_000_000;
/// Longest text of a field, in bytes.
pub const FIELD_BYTES_MAX: usize = 2048;

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries that were handed on.
    pub entries: u64,
    /// Entries that no indicator could be read from.
    pub skipped: u64,
}

/// Why a feed could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is packed, and broken.
    #[error("it cannot be unpacked: {0}")]
    Packing(String),
    /// It is not written as its description says, or breaks off.
    #[error("it cannot be read: {0}")]
    Form(String),
    /// It has more entries than we take.
    #[error("it has more than {ENTRIES_MAX} entries")]
    TooMany,
    /// Who takes the entries wants no more.
    #[error("reading was stopped")]
    Stopped,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Form(error.to_string())
    }
}

/// Reads a feed's bytes. `take` gets each entry, and says whether it wants more.
///
/// # Errors
/// When it cannot be read to its end. What was handed on until then is as good as it was.
pub fn read(
    description: &Description,
    bytes: &[u8],
    take: &mut dyn FnMut(Entry) -> bool,
) -> Result<Tally, ReadError> {
    let packing = |error: zip::result::ZipError| ReadError::Packing(error.to_string());
    let kind = match &description.kind {
        None => None,
        Some(name) => {
            let kind = name.parse();
            Some(kind.map_err(|_| ReadError::Form(format!("no kind is called {name:?}")))?)
        }
    };
    let mut sink = Sink {
        kind,
        take,
        tally: Tally::default(),
    };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked(MultiGzDecoder::new(bytes), &description.form, &mut sink)?;
    } else if bytes.starts_with(b"PK\x03\x04") {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(packing)?;
        let file = archive.by_index(0).map_err(packing)?;
        unpacked(file, &description.form, &mut sink)?;
    } else {
        unpacked(bytes, &description.form, &mut sink)?;
    }
    Ok(sink.tally)
}

fn unpacked(reader: impl Read, form: &Form, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let entry_bytes_max = match form {
        Form::Misp => EVENT_BYTES_MAX,
        _ => ENTRY_BYTES_MAX,
    };
    let (meter, mark) = Meter::new(reader, UNPACKED_BYTES_MAX, entry_bytes_max);
    match form {
        Form::Lines => lines(meter, &mark, sink),
        Form::Csv {
            delimiter,
            has_head,
            value,
            first_seen,
            confidence,
            fields,
        } => {
            let columns = Columns {
                value: *value,
                first_seen: *first_seen,
                confidence: *confidence,
                fields,
            };
            csv(meter, &mark, *delimiter, *has_head, &columns, sink)
        }
        Form::Json {
            items,
            value,
            first_seen,
            confidence,
            fields,
        } => {
            let pointers = Pointers {
                value,
                first_seen: first_seen.as_deref(),
                confidence: confidence.as_deref(),
                fields,
            };
            let mut item = |item: &Value, sink: &mut Sink<'_>| pointers.item(item, sink);
            json(meter, &mark, items, sink, &mut item)
        }
        Form::Misp => json(meter, &mark, &[], sink, &mut misp),
    }
}

/// Where entries go.
struct Sink<'a> {
    kind: Option<Kind>,
    take: &'a mut dyn FnMut(Entry) -> bool,
    tally: Tally,
}

/// The parts of an entry before they are understood.
#[derive(Default)]
struct Raw<'a> {
    value: &'a str,
    first_seen: Option<&'a str>,
    confidence: Option<&'a str>,
    fields: Vec<(String, String)>,
}

impl Sink<'_> {
    fn add(&mut self, raw: Raw<'_>) -> Result<(), ReadError> {
        if self.tally.entries + self.tally.skipped >= ENTRIES_MAX {
            return Err(ReadError::TooMany);
        }
        let Some(indicator) = understood(raw.value, self.kind) else {
            self.tally.skipped += 1;
            return Ok(());
        };
        self.tally.entries += 1;
        let confidence = raw.confidence.and_then(|text| text.trim().parse().ok());
        let entry = Entry {
            indicator,
            confidence: confidence.filter(|percent| *percent <= 100),
            fields: raw.fields,
            first_seen: raw.first_seen.and_then(moment),
        };
        if (self.take)(entry) {
            Ok(())
        } else {
            Err(ReadError::Stopped)
        }
    }
}

/// An indicator, if the text is one; an address may have a port behind it.
fn understood(text: &str, kind: Option<Kind>) -> Option<Indicator> {
    let text = text.trim();
    if text.is_empty() || text.len() > indicator::VALUE_BYTES_MAX {
        return None;
    }
    if let Some(kind) = kind {
        return indicator::parse(kind, text).ok();
    }
    let without_port = |text: &str| {
        let (host, port) = text.rsplit_once(':')?;
        let _: u16 = port.parse().ok()?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = host.or_else(|| text.rsplit_once(':').map(|(host, _)| host))?;
        indicator::parse(Kind::Ipv4, host)
            .or_else(|_| indicator::parse(Kind::Ipv6, host))
            .or_else(|_| indicator::parse(Kind::Domain, host))
            .ok()
    };
    indicator::detect(text).or_else(|| without_port(text))
}

/// `2026-11-01 08:00:00`, with or without `T`, fractions, zone or `UTC`: the first two count, in UTC.
fn moment(text: &str) -> Option<UnixMicros> {
    let text = text.trim();
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = |from, to| {
        if text.len() > 10 {
            number(from, to)
        } else {
            Some(0)
        }
    };
    let (hour, minute, second) = (clock(11, 13)?, clock(14, 16)?, clock(17, 19)?);
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, years beginning in March.
    let (years, months) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day
        - 1
        - 719_468;
    Some(UnixMicros(
        (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000,
    ))
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(FIELD_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // Stores cannot keep a NUL, and nobody can read one.
    text[..end].replace('\0', "\u{fffd}")
}

fn lines(reader: impl Read, mark: &Mark, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        mark.entry();
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        let value = text.split_whitespace().next().unwrap_or_default();
        sink.add(Raw {
            value,
            ..Raw::default()
        })?;
    }
}

struct Columns<'a> {
    value: usize,
    first_seen: Option<usize>,
    confidence: Option<usize>,
    fields: &'a [Column],
}

fn csv(
    reader: impl Read,
    mark: &Mark,
    delimiter: char,
    has_head: bool,
    columns: &Columns<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ReadError> {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .has_headers(has_head)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(SpacesBeforeQuotes::new(reader, delimiter));
    let mut record = csv::ByteRecord::new();
    loop {
        let more = reader.read_byte_record(&mut record);
        if !more.map_err(|error| ReadError::Form(error.to_string()))? {
            return Ok(());
        }
        mark.entry();
        let cell = |at: usize| record.get(at).map(String::from_utf8_lossy);
        let Some(value) = cell(columns.value) else {
            sink.tally.skipped += 1;
            continue;
        };
        let first_seen = columns.first_seen.and_then(cell);
        let confidence = columns.confidence.and_then(cell);
        let fields = columns.fields.iter().filter_map(|column| {
            let text = cell(column.at)?;
            let says = !text.is_empty() && !matches!(&*text, "None" | "null");
            says.then(|| (column.name.clone(), cut(&text)))
        });
        sink.add(Raw {
            value: &value,
            first_seen: first_seen.as_deref(),
            confidence: confidence.as_deref(),
            fields: fields.collect(),
        })?;
    }
}

/// Takes away blanks between a delimiter and a quotation mark: some makers write `"a", "b"`, which
/// RFC 4180 reads as a cell that begins with a blank.
struct SpacesBeforeQuotes<R> {
    inner: R,
    delimiter: u8,
    at: At,
}

/// Where in a record a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    CellStart,
    Cell,
    Quoted,
    Closed,
    Comment,
}

impl<R: Read> SpacesBeforeQuotes<R> {
    fn new(inner: R, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            at: At::LineStart,
        }
    }

    /// Where the next byte stands, and whether this one is kept.
    fn step(&self, byte: u8) -> (At, bool) {
        let starts = matches!(self.at, At::LineStart | At::CellStart);
        // A doubled quotation mark within quotes closes and opens again; one within a bare cell is part
        // of it.
        let opens = byte == b'"' && (starts || self.at == At::Closed);
        let next = match (self.at, byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (_, b'\n') => At::LineStart,
            (At::LineStart, b'#') | (At::Comment, _) => At::Comment,
            (at, b' ') if starts => return (at, false),
            _ if opens => return (At::Quoted, true),
            (_, byte) if byte == self.delimiter => At::CellStart,
            _ => At::Cell,
        };
        (next, true)
    }
}

impl<R: Read> Read for SpacesBeforeQuotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.inner.read(buffer)?;
            if count == 0 {
                return Ok(0);
            }
            let mut kept = 0;
            for at in 0..count {
                let byte = buffer[at];
                let (next, is_kept) = self.step(byte);
                self.at = next;
                if is_kept {
                    buffer[kept] = byte;
                    kept += 1;
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

struct Pointers<'a> {
    value: &'a str,
    first_seen: Option<&'a str>,
    confidence: Option<&'a str>,
    fields: &'a [FieldRule],
}

impl Pointers<'_> {
    fn item(&self, item: &Value, sink: &mut Sink<'_>) -> Result<(), ReadError> {
        let text = |pointer: &str| item.pointer(pointer).and_then(words);
        let Some(value) = text(self.value) else {
            sink.tally.skipped += 1;
            return Ok(());
        };
        let first_seen = self.first_seen.and_then(text);
        let confidence = self.confidence.and_then(text);
        let fields = self.fields.iter().filter_map(|field| {
            let text = text(&field.at).filter(|text| !text.is_empty())?;
            Some((field.name.clone(), cut(&text)))
        });
        sink.add(Raw {
            value: &value,
            first_seen: first_seen.as_deref(),
            confidence: confidence.as_deref(),
            fields: fields.collect(),
        })
    }
}

/// What a person reads of a value; lists are joined.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().filter_map(words).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        other => Some(other.to_string()),
    }
}

/// An event of MISP: the attributes of it and of its objects that are meant for detection.
fn misp(event: &Value, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let event = match &event["Event"] {
        Value::Null => event,
        inner => inner,
    };
    let objects = event["Object"].as_array().into_iter().flatten();
    let below = objects.filter_map(|object| object["Attribute"].as_array());
    let own = event["Attribute"].as_array();
    for attribute in own.into_iter().chain(below).flatten() {
        if attribute["to_ids"] != true {
            continue;
        }
        let value = attribute["value"].as_str().unwrap_or_default();
        // A file's name and its hash stand together, and so do an address and its port.
        let value = value.rsplit_once('|').map_or(value, |(name, hash)| {
            let kind = attribute["type"].as_str().unwrap_or_default();
            if kind.ends_with("|port") { name } else { hash }
        });
        let fields = [
            ("Event", event["info"].as_str()),
            ("Category", attribute["category"].as_str()),
            ("Comment", attribute["comment"].as_str()),
        ];
        let fields = fields.into_iter().filter_map(|(name, text)| {
            let text = text.filter(|text| !text.is_empty())?;
            Some((name.to_owned(), cut(text)))
        });
        sink.add(Raw {
            value,
            first_seen: event["date"].as_str(),
            confidence: None,
            fields: fields.collect(),
        })?;
    }
    Ok(())
}

type Item<'a> = &'a mut dyn FnMut(&Value, &mut Sink<'_>) -> Result<(), ReadError>;

fn json(
    reader: impl Read,
    mark: &Mark,
    path: &[String],
    sink: &mut Sink<'_>,
    item: Item<'_>,
) -> Result<(), ReadError> {
    let mut stopped = None;
    let walk = Walk {
        path,
        mark,
        sink,
        item,
        stopped: &mut stopped,
    };
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(reader));
    let read = walk
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(ReadError::Form(error.to_string())),
        (None, Ok(())) => Ok(()),
    }
}

/// Walks down to a list, and hands its items on one by one.
struct Walk<'a, 'b, 'c> {
    path: &'a [String],
    mark: &'a Mark,
    sink: &'a mut Sink<'b>,
    item: &'a mut (dyn FnMut(&Value, &mut Sink<'_>) -> Result<(), ReadError> + 'c),
    stopped: &'a mut Option<ReadError>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.first() {
            Some(name) => write!(f, "an object with the member {name:?}"),
            None => f.write_str("a list, or one event"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        use serde::de::Error as _;
        if let Some(name) = self.path.first() {
            return Err(A::Error::custom(format!(
                "an object with the member {name:?} was expected"
            )));
        }
        while let Some(value) = list.next_element::<Value>()? {
            self.mark.entry();
            if let Err(error) = (self.item)(&value, self.sink) {
                *self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        use serde::de::Error as _;
        let Some((name, rest)) = self.path.split_first() else {
            // One item alone.
            let mut whole = serde_json::Map::new();
            while let Some((name, value)) = members.next_entry::<String, Value>()? {
                whole.insert(name, value);
            }
            if let Err(error) = (self.item)(&Value::Object(whole), self.sink) {
                *self.stopped = Some(error);
                return Err(A::Error::custom("stopped"));
            }
            return Ok(());
        };
        let Walk {
            mark,
            sink,
            item,
            stopped,
            ..
        } = self;
        let mut found = false;
        while let Some(key) = members.next_key::<String>()? {
            if key == *name && !found {
                found = true;
                members.next_value_seed(Walk {
                    path: rest,
                    mark,
                    sink: &mut *sink,
                    item: &mut *item,
                    stopped: &mut *stopped,
                })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
            mark.entry();
        }
        if found {
            Ok(())
        } else {
            Err(A::Error::custom(format!("there is no member {name:?}")))
        }
    }
}
