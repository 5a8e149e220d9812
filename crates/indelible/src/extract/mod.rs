//! `indelible extract`: which indicators does this text hold? Offline.

mod report;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicator::document::{self, DOCUMENT_BYTES_MAX, Document, Form, Mention, Place};
use indicator::extract::{Extractor, Options as Wanted};
use indicator::{Kind, KindSet};

use self::report::{Report, Shape};

/// `indelible extract`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 something was found; 1 nothing was found; 2 wrong usage or \
    unreadable input.\n\nDefanged forms are understood (hxxp, [.], (dot), …), and values are shown \
    defanged unless --refang is given. Parts of longer indicators, as the host of a URL, are told \
    with --parts."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Options {
    /// Files to read; - or none is standard input
    #[arg(value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Only these kinds, for example domain,ipv4,sha256; may be given again
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    kind: Vec<Kind>,
    /// The form of the input
    #[arg(long, value_name = "FORM", value_enum, default_value = "auto")]
    form: AskedForm,
    /// The input is a table: --form csv
    #[arg(long, group = "forms", conflicts_with = "form")]
    csv: bool,
    /// The input is a mail: --form mail
    #[arg(long, group = "forms", conflicts_with = "form")]
    mail: bool,
    /// The input is a STIX bundle: --form stix
    #[arg(long, group = "forms", conflicts_with = "form")]
    stix: bool,
    /// The input is a MISP event: --form misp
    #[arg(long, group = "forms", conflicts_with = "form")]
    misp: bool,
    /// Each indicator once
    #[arg(long)]
    unique: bool,
    /// Also the hosts of URLs and the domains of addresses of mail (with --kind they are told anyway)
    #[arg(long)]
    parts: bool,
    /// Show values so that nobody follows them by accident (what happens anyway)
    #[arg(long, conflicts_with = "refang")]
    defang: bool,
    /// Show values as they are
    #[arg(long)]
    refang: bool,
    /// One JSON object a line instead of words
    #[arg(long)]
    json: bool,
}

/// The form of documents on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AskedForm {
    /// What it looks like: mail, STIX, MISP, else text
    Auto,
    /// Free text, however long
    Text,
    /// A table with commas, semicolons, tabulators or bars
    Csv,
    /// A mail with its headers
    Mail,
    /// A STIX 2.1 bundle
    Stix,
    /// A MISP event
    Misp,
}

impl AskedForm {
    /// The form; none means to look.
    pub(crate) fn form(self) -> Option<Form> {
        match self {
            Self::Auto => None,
            Self::Text => Some(Form::Text),
            Self::Csv => Some(Form::Csv),
            Self::Mail => Some(Form::Mail),
            Self::Stix => Some(Form::Stix),
            Self::Misp => Some(Form::Misp),
        }
    }
}

/// Reads a kind, and says which there are.
pub(crate) fn kind(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|why| {
        let names: Vec<String> = Kind::ALL
            .iter()
            .map(|kind| kind.wire().to_lowercase().replace('_', "-"))
            .collect();
        let near = names
            .iter()
            .max_by(|a, b| {
                let like = |name: &str| strsim::jaro_winkler(name, &text.to_lowercase());
                like(a).total_cmp(&like(b))
            })
            .map(|name| format!("did you mean {name}? "));
        format!(
            "{why}; {}all are: {}",
            near.unwrap_or_default(),
            names.join(", ")
        )
    })
}

/// Bytes of text that are read at once; a piece ends at the end of a line.
const PIECE_BYTES: usize = 4 << 20;
/// Longest line; what is longer is cut, as no indicator is that long.
const LINE_BYTES_MAX: usize = 64 << 20;

impl Options {
    /// The form that was asked for; none means to look.
    fn form(&self) -> Option<Form> {
        match self.form {
            _ if self.csv => Some(Form::Csv),
            _ if self.mail => Some(Form::Mail),
            _ if self.stix => Some(Form::Stix),
            _ if self.misp => Some(Form::Misp),
            asked => asked.form(),
        }
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            kinds: if self.kind.is_empty() {
                KindSet::ALL
            } else {
                self.kind.iter().copied().collect()
            },
            // A domain that was asked for alone may stand in a URL only.
            parts: self.parts || !self.kind.is_empty(),
        }
    }
}

/// Finds the indicators of every input.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let shape = if options.json {
        Shape::Json
    } else if io::stdout().is_terminal() {
        Shape::Table
    } else {
        Shape::Lines
    };
    let mut report = Report::new(shape, options.unique, options.refang);
    let stdin = [PathBuf::from("-")];
    let paths = if options.paths.is_empty() {
        &stdin[..]
    } else {
        &options.paths
    };
    report.several(paths.len() > 1);
    for path in paths {
        let name = if path.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        report.file(&name);
        input(path, options, &mut report).with_context(|| format!("{name} cannot be read"))?;
    }
    Ok(report.end())
}

/// Reads one input: a text piece by piece, everything else as a whole.
fn input(path: &Path, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let file: Box<dyn Read> = if path.as_os_str() == "-" {
        if io::stdin().is_terminal() {
            anstream::eprintln!("reading from the terminal; end with ctrl-D");
        }
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut file = BufReader::with_capacity(1 << 16, file);
    let guessed = options.form().is_none();
    let form = match options.form() {
        Some(form) => form,
        None => document::guess(file.fill_buf()?),
    };
    if form == Form::Text {
        return text(&mut file, options.wanted(), report);
    }
    let mut bytes = Vec::new();
    let limit = DOCUMENT_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes)?;
    match document::read(form, &bytes, options.wanted()) {
        Ok(found) => tell(found, report),
        // It only looked like a document.
        Err(_) if guessed => text(&mut bytes.as_slice(), options.wanted(), report)?,
        Err(why) => return Err(why.into()),
    }
    Ok(())
}

fn tell(found: Document, report: &mut Report) {
    for mention in found.mentions {
        report.mention(mention);
    }
    for (place, why) in &found.skipped {
        report.warn(&format!("{place}: {why}"));
    }
    if found.truncated {
        report.warn("there are more indicators than are told of one document");
    }
}

/// Reads a text piece by piece; no indicator reaches over the end of a line.
fn text(input: &mut dyn BufRead, wanted: Wanted, report: &mut Report) -> anyhow::Result<()> {
    let mut extractor = Extractor::new(wanted);
    let (mut piece, mut offset) = (Vec::with_capacity(PIECE_BYTES + (1 << 16)), 0);
    loop {
        let read = input.take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        let whole = if read == 0 || piece.len() > LINE_BYTES_MAX {
            piece.len()
        } else {
            match piece.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => end + 1,
                None => continue,
            }
        };
        let text = &piece[..whole];
        extractor.run(text, &mut |found| {
            let raw = String::from_utf8_lossy(&text[found.at.clone()]).into_owned();
            let at = found.at.start + offset..found.at.end + offset;
            let place = Place::Text(at);
            report.stood_as(Mention { found, place }, raw);
        });
        offset += whole;
        piece.drain(..whole);
        if read == 0 {
            return Ok(());
        }
    }
}
