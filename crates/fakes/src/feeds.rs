//! Feeds as their makers publish them: packed as they pack them, with an entity tag (RFC 9110 §8.8.3)
//! and the date of the last change.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Cursor, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::State;
use crate::contract::{Answer, Asked};

/// When every feed last changed, as far as it says.
const MODIFIED: &str = "Fri, 20 Nov 2026 12:00:00 GMT";

/// How a feed is packed.
#[derive(Clone, Copy)]
enum Packing {
    Plain,
    Gzip,
    /// With one file of this name.
    Zip(&'static str),
}

/// A feed: its slug, where it is below it, how it is packed, and what it says at first.
const FEEDS: [(&str, &str, Packing, &str); 4] = [
    (
        "urlhaus-feed",
        "/downloads/csv/",
        Packing::Zip("csv.txt"),
        include_str!("../data/urlhaus-feed.csv"),
    ),
    (
        "phishtank-feed",
        "/data/online-valid.json.gz",
        Packing::Gzip,
        include_str!("../data/phishtank-feed.json"),
    ),
    (
        "openphish-feed",
        "/feed.txt",
        Packing::Plain,
        include_str!("../data/openphish-feed.txt"),
    ),
    (
        "threatfox-feed",
        "/export/csv/recent/",
        Packing::Plain,
        include_str!("../data/threatfox-feed.csv"),
    ),
];

/// What feeds say instead of what they said at first.
#[derive(Default)]
pub(crate) struct Feeds(Mutex<BTreeMap<String, String>>);

impl Feeds {
    pub(crate) fn publish(&self, slug: &str, text: &str) {
        self.0.lock().insert(slug.to_owned(), text.to_owned());
    }
}

/// `None`: no feed.
pub(crate) fn respond(state: &State, slug: &str, asked: &Asked<'_>) -> Option<Answer> {
    let (_, path, packing, first) = FEEDS.iter().find(|(known, ..)| *known == slug)?;
    if asked.path != *path || asked.method != "GET" {
        return Some(Answer::text(404, "404 page not found"));
    }
    let published = state.feeds.0.lock().get(slug).cloned();
    let text = published.unwrap_or_else(|| (*first).to_owned());
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let unchanged = asked
        .headers
        .iter()
        .any(|(name, value)| name == "if-none-match" && *value == tag);
    let headers = vec![
        ("etag".to_owned(), tag),
        ("last-modified".to_owned(), MODIFIED.to_owned()),
        (
            "content-type".to_owned(),
            "application/octet-stream".to_owned(),
        ),
    ];
    Some(Answer {
        status: if unchanged { 304 } else { 200 },
        headers,
        body: if unchanged {
            Bytes::new()
        } else {
            pack(*packing, &text)
        },
    })
}

fn pack(packing: Packing, text: &str) -> Bytes {
    let packed = match packing {
        Packing::Plain => Ok(text.as_bytes().to_vec()),
        Packing::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            let written = encoder.write_all(text.as_bytes());
            written.and_then(|()| encoder.finish())
        }
        Packing::Zip(name) => zipped(name, text).map_err(std::io::Error::other),
    };
    packed.expect("memory takes everything").into()
}

fn zipped(name: &str, text: &str) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default())?;
    writer.write_all(text.as_bytes())?;
    Ok(writer.finish()?.into_inner())
}
