//! Feeds: from files and from the network into one feed that knows which list named what.

use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use egress::{Egress, Limits, StatusCode};
use indicator::document::{self, DOCUMENT_BYTES_MAX, Form, MENTIONS_MAX, Place};
use indicator::extract::{Extractor, Options as Wanted};
use indicator::feed::{Builder, FEED_LISTS_MAX, Feed};
use indicator::{Kind, KindSet};
use url::Url;

use super::Options;
use super::input::plain;
use crate::extract::AskedForm;

/// Most bytes of a feed that is fetched.
const FETCHED_BYTES_MAX: usize = 1 << 30;
/// Bytes of text that are looked through at once.
const TEXT_BYTES: usize = 1 << 20;

/// All feeds together.
pub(super) struct Feeds {
    pub(super) feed: Feed,
    /// Their names, by number.
    pub(super) names: Vec<String>,
}

impl Feeds {
    /// Reads every feed of the command line.
    pub(super) fn read(options: &Options) -> anyhow::Result<Self> {
        let count = options.feed.len();
        ensure!(
            count <= FEED_LISTS_MAX,
            "there are {count} feeds, at most {FEED_LISTS_MAX} are read"
        );
        let mut builder = Builder::default();
        for (list, name) in (0..).zip(&options.feed) {
            let before = builder.len();
            one(name, list, options, &mut builder)
                .with_context(|| format!("the feed {name} cannot be read"))?;
            if builder.len() == before {
                anstream::eprintln!(
                    "warning: the feed {name} holds nothing that the others have not"
                );
            }
        }
        Ok(Self {
            feed: builder.build(),
            names: options.feed.clone(),
        })
    }
}

/// Reads one feed.
fn one(name: &str, list: u16, options: &Options, builder: &mut Builder) -> anyhow::Result<()> {
    let (reader, _) = match name.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            plain(Cursor::new(crate::wait_for(fetch(&url))?))?
        }
        _ => plain(std::fs::File::open(name)?)?,
    };
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let form = match options.form.form() {
        Some(form) => form,
        None => document::guess(reader.fill_buf()?),
    };
    ensure!(
        options.column.is_empty() || form == Form::Csv,
        "only tables have columns: --column needs --form csv"
    );
    let wanted = Wanted {
        kinds: if options.kind.is_empty() {
            KindSet::ALL
        } else {
            options.kind.iter().copied().collect()
        },
        // Not its host: a file on a well-known host says nothing of the host.
        parts: false,
    };
    let mut take = |kind: Kind, value: &str| {
        if names_somebody(kind, value) {
            builder.add(kind, value, list);
        }
    };
    if form == Form::Text {
        return text(&mut reader, wanted, &mut take);
    }
    let mut bytes = Vec::new();
    let limit = DOCUMENT_BYTES_MAX as u64 + 1;
    reader.take(limit).read_to_end(&mut bytes)?;
    let found = match document::read(form, &bytes, wanted) {
        Ok(found) => found,
        // It only looked like a document.
        Err(_) if options.form == AskedForm::Auto => {
            return text(&mut BufReader::new(bytes.as_slice()), wanted, &mut take);
        }
        Err(why) => return Err(why.into()),
    };
    // A feed that is read in part would say of the rest that it is harmless.
    ensure!(
        !found.truncated,
        "it has more than {MENTIONS_MAX} indicators; give them as text, one a line"
    );
    for mention in found.mentions {
        if is_wanted(&mention.place, &options.column) {
            take(mention.found.kind, &mention.found.value);
        }
    }
    Ok(())
}

/// Whether a find stands in one of the columns, where columns are named.
fn is_wanted(place: &Place, columns: &[String]) -> bool {
    if columns.is_empty() {
        return true;
    }
    let Place::Cell { column, name, .. } = place else {
        return false;
    };
    columns.iter().any(|wanted| {
        let is_named = name
            .as_ref()
            .is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        is_named || wanted.parse() == Ok(*column)
    })
}

/// Files of hosts begin their lines with such addresses; every log is full of them.
fn names_somebody(kind: Kind, value: &str) -> bool {
    if !matches!(kind, Kind::Ipv4 | Kind::Ipv6) {
        return true;
    }
    let address = value.parse::<IpAddr>();
    !address.is_ok_and(|address| address.is_unspecified() || address.is_loopback())
}

/// A text: every line but for comments.
fn text(
    reader: &mut dyn std::io::BufRead,
    wanted: Wanted,
    take: &mut dyn FnMut(Kind, &str),
) -> anyhow::Result<()> {
    let mut extractor = Extractor::new(wanted);
    let (mut lines, mut line) = (Vec::with_capacity(2 * TEXT_BYTES), Vec::new());
    loop {
        line.clear();
        let read = reader
            .take(DOCUMENT_BYTES_MAX as u64)
            .read_until(b'\n', &mut line)?;
        lines.extend_from_slice(without_comment(&line));
        lines.push(b'\n');
        if lines.len() >= TEXT_BYTES || read == 0 {
            extractor.run(&lines, &mut |found| take(found.kind, &found.value));
            lines.clear();
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// A line up to what is a comment: at its beginning, or a number sign behind a blank.
fn without_comment(line: &[u8]) -> &[u8] {
    let begin = line.trim_ascii_start();
    if [&b"#"[..], b";", b"!", b"//"]
        .iter()
        .any(|sign| begin.starts_with(sign))
    {
        return b"";
    }
    let end = line
        .windows(2)
        .position(|two| two[0].is_ascii_whitespace() && two[1] == b'#');
    &line[..end.unwrap_or(line.len())]
}

/// A feed of the network, whole.
async fn fetch(url: &Url) -> anyhow::Result<Vec<u8>> {
    let egress = Egress::new(Limits {
        whole: Duration::from_mins(15),
        body_bytes_max: FETCHED_BYTES_MAX,
        ..Limits::default()
    })?;
    let answer = egress.get(url, "*/*").await?;
    if answer.status.is_redirection() {
        let to = answer.header("location").unwrap_or("nowhere");
        bail!("it moved to {to}; give that address if you trust it");
    }
    ensure!(
        answer.status == StatusCode::OK,
        "the server answered {}",
        answer.status
    );
    Ok(answer.body.bytes().await?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Who writes a feed explains it in comments, with addresses that are theirs.
    #[test]
    fn comments_name_nobody() {
        let check = |line: &str, expected: &str| {
            assert_eq!(
                without_comment(line.as_bytes()),
                expected.as_bytes(),
                "{line}"
            );
        };
        check("# see https://example.com\n", "");
        check("  ; example.com", "");
        check("// example.com", "");
        check("evil.example.com # example.org", "evil.example.com");
        check("http://evil.example.com/#a", "http://evil.example.com/#a");
    }

    #[test]
    fn columns_are_named_or_counted() {
        let cell = |name: Option<&str>| Place::Cell {
            row: 1,
            column: 3,
            name: name.map(str::to_owned),
        };
        let check = |columns: &[&str], place: &Place, expected| {
            let columns: Vec<String> = columns.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(is_wanted(place, &columns), expected, "{columns:?}");
        };
        check(&[], &cell(None), true);
        check(&["3"], &cell(None), true);
        check(&["2"], &cell(None), false);
        check(&["2", "URL"], &cell(Some("url")), true);
        check(&["url"], &Place::Text(0..1), false);
    }
}
