//! `indelible scan`: which known indicators do these logs mention? Offline, but for feeds that are fetched.

mod feeds;
mod input;
mod report;

use std::io::{self, IsTerminal as _};
use std::num::NonZeroUsize;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use indicator::Kind;
use indicator::feed::{Feed, Scanner};

use self::feeds::Feeds;
use self::input::{Input, Piece};
use self::report::{Mention, Report, Shape};
use crate::extract::{AskedForm, kind};

/// `indelible scan`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 something was found; 1 nothing was found; 2 wrong usage or \
    unreadable input.\n\nA feed is a text with an indicator a line (what follows # is a comment), a \
    table (--form csv, perhaps with --column), a STIX bundle or a MISP event; logs and feeds may be \
    compressed with gzip. A URL of a feed stands for itself, not for its whole host; a network \
    stands for every address in it; a name stands for names below it with --below. Defanged forms \
    are understood, in feeds and in logs. Values are shown defanged unless --refang is given."
)]
pub(crate) struct Options {
    /// Logs to read; - or none is standard input
    #[arg(value_name = "LOGFILE")]
    paths: Vec<String>,
    /// What to look for: files or URLs of feeds; may be given again
    #[arg(long, value_name = "FILE|URL", required = true, num_args = 1)]
    feed: Vec<String>,
    /// The form of the feeds
    #[arg(long, value_name = "FORM", value_enum, default_value = "auto")]
    form: AskedForm,
    /// Of tables only this column, by its name or number; may be given again
    #[arg(long, value_name = "COLUMN")]
    column: Vec<String>,
    /// Of the feeds only these kinds, for example domain,ipv4,sha256; may be given again
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    kind: Vec<Kind>,
    /// Names below a feed's names count too
    #[arg(long)]
    below: bool,
    /// Show values as they are
    #[arg(long)]
    refang: bool,
    /// One JSON object a mention instead of words
    #[arg(long)]
    json: bool,
    /// Cores to work on; all, unless said otherwise
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,
}

/// Reads the feeds, then every log.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let feeds = Feeds::read(options)?;
    anyhow::ensure!(
        !feeds.feed.is_empty(),
        "the feeds hold no indicator, so that nothing could be found"
    );
    let shape = if options.json {
        Shape::Json
    } else if io::stdout().is_terminal() {
        Shape::Table
    } else {
        Shape::Lines
    };
    let standard = ["-".to_owned()];
    let paths = if options.paths.is_empty() {
        &standard[..]
    } else {
        &options.paths
    };
    let threads = options.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        NonZeroUsize::get,
    );
    let mut report = Report::new(shape, options.refang, &feeds.names, paths.len() > 1);
    for path in paths {
        let name = if path == "-" { "standard input" } else { path };
        report.file(name);
        Input::open(path)
            .and_then(|input| scan(input, &feeds.feed, options.below, threads, &mut report))
            .with_context(|| format!("{name} cannot be read"))?;
    }
    Ok(report.end(feeds.feed.len()))
}

/// Scans a log: while some pieces are scanned on all cores, the next are read.
fn scan(
    mut input: Input,
    feed: &Feed,
    below: bool,
    threads: usize,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    let mut pieces = input.pieces(threads)?;
    while !pieces.is_empty() {
        let (next, told) = std::thread::scope(|scope| {
            let work = |piece| scope.spawn(move || mentions(piece, feed, below));
            let (last, others) = pieces.split_last().expect("there is one");
            let others: Vec<_> = others.iter().map(work).collect();
            // A pipe that gives little at a time is not worth a thread.
            let reads_on = input.is_eager().then(|| work(last));
            let (next, last) = match reads_on {
                Some(last) => (Some(input.pieces(threads)), joined(last)),
                None => (None, mentions(last, feed, below)),
            };
            let mut told: Vec<_> = others.into_iter().map(joined).collect();
            told.push(last);
            (next, told)
        });
        for (piece, told) in pieces.iter().zip(told) {
            report.piece(piece, told);
        }
        report.flush();
        pieces = match next {
            Some(next) => next?,
            None => input.pieces(threads)?,
        };
    }
    Ok(())
}

fn joined<T>(work: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match work.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// What one piece mentions, in its order.
fn mentions<'a>(piece: &Piece, feed: &'a Feed, below: bool) -> Vec<Mention<'a>> {
    let mut found = Vec::new();
    // Lines are counted up to where something was found.
    let (mut line, mut counted) = (piece.first_line, 0);
    Scanner::new(feed, below).run(&piece.bytes, &mut |hit| {
        let at = hit.found.at.clone();
        if at.start > counted {
            line += lines(&piece.bytes[counted..at.start]);
            counted = at.start;
        }
        let raw = String::from_utf8_lossy(&piece.bytes[at.clone()]).into_owned();
        let offset = piece.offset + at.start as u64;
        found.push(Mention {
            line,
            offset,
            raw,
            hit,
        });
    });
    found
}

/// How many lines end in these bytes.
fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
