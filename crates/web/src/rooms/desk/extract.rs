//! Reading what was pasted: indicators, what lists know of them, and what was held of them before.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::UnixMicros;
use indicator::document::{self, Document, Form};
use indicator::extract::Options;
use indicator::{Indicator, Kind, Unique, Uniques};
use intel::lookups::LastVerdict;
use intel::sources::Sources;

use super::view::paste::{Found, Group, HITS_MAX, Hit};
use super::view::{Value, shown_text};
use crate::app::App;
use crate::problem::ApiError;
use crate::rooms::frame::span;

/// Most bytes that are read at once.
pub(crate) const PASTE_BYTES_MAX: usize = 10_000_000;
/// Longer texts are read on a thread of their own, so that no other request waits.
const INLINE_BYTES_MAX: usize = 64 * 1024;

/// An indicator of a text, before it is dressed.
pub(crate) struct Pick {
    pub indicator: Indicator,
    /// How often it was found.
    pub count: u64,
    /// Always part of a longer one.
    pub part: bool,
    /// Names of lists that know it as harmless.
    pub marks: Vec<String>,
    /// A source that is switched on knows its kind.
    pub is_known_kind: bool,
}

impl Pick {
    /// Whether it is worth asking about unless somebody says otherwise.
    pub(crate) fn is_likely(&self) -> bool {
        !self.part && self.marks.is_empty() && self.is_known_kind
    }
}

/// What was read.
pub(crate) struct Read {
    /// Each indicator once, in the order of the text.
    pub picks: Vec<Pick>,
    /// Values that a document says to be indicators and that are none: where, and why.
    pub skipped: Vec<String>,
}

/// Reads a text or a document of any form.
pub(crate) async fn read(app: &App, bytes: Vec<u8>) -> Read {
    let sources = app.registry.current();
    if bytes.len() <= INLINE_BYTES_MAX {
        return read_now(&sources, &bytes);
    }
    let reading = tokio::task::spawn_blocking(move || read_now(&sources, &bytes));
    reading.await.unwrap_or(Read {
        picks: Vec::new(),
        skipped: Vec::new(),
    })
}

fn read_now(sources: &Arc<Sources>, bytes: &[u8]) -> Read {
    let Document {
        mentions, skipped, ..
    } = document_of(bytes);
    let mut uniques = Uniques::default();
    for mention in mentions {
        uniques.add(mention.found, ());
    }
    let is_known = |kind: Kind| {
        let mut on = sources.all().iter().filter(|source| source.is_on());
        on.any(|source| source.takes(kind))
    };
    let known: BTreeMap<Kind, bool> = Kind::ALL.into_iter().map(|k| (k, is_known(k))).collect();
    let pick = |unique: Unique<()>| Pick {
        marks: marks(sources, &unique.indicator),
        count: unique.count,
        part: unique.part,
        is_known_kind: known
            .get(&unique.indicator.kind())
            .copied()
            .unwrap_or(false),
        indicator: unique.indicator,
    };
    let skipped = skipped.into_iter();
    Read {
        picks: uniques.into_vec().into_iter().map(pick).collect(),
        skipped: skipped
            .map(|(place, why)| shown_text(&format!("{place}: {why}")))
            .collect(),
    }
}

/// The names of the lists that know an indicator.
pub(crate) fn marks(sources: &Sources, indicator: &Indicator) -> Vec<String> {
    let warnings = sources.warnings(indicator).into_iter();
    warnings.map(|list| list.name.clone()).collect()
}

/// What looks like a document is read as one; whatever it is not, it is a text.
fn document_of(bytes: &[u8]) -> Document {
    let form = document::guess(bytes);
    let read = |form| document::read(form, bytes, Options::default());
    read(form).or_else(|_| read(Form::Text)).unwrap_or_default()
}

/// Dresses what was read, with what was held of each before.
pub(crate) async fn found(app: &App, read: Read) -> Result<Found, ApiError> {
    let Read { picks, skipped } = read;
    let all = picks.len();
    let shown: Vec<Pick> = picks.into_iter().take(HITS_MAX).collect();
    let indicators: Vec<Indicator> = shown.iter().map(|pick| pick.indicator.clone()).collect();
    let known = app.desk.verdicts_of(&indicators).await?;
    let now = app.clock.now();
    let mut groups: BTreeMap<Kind, Vec<Hit>> = BTreeMap::new();
    for (pick, last) in shown.into_iter().zip(known) {
        let hit = hit(pick, last, now);
        groups.entry(hit.value.0.kind()).or_default().push(hit);
    }
    Ok(Found {
        hidden: all.saturating_sub(HITS_MAX),
        groups: groups
            .into_iter()
            .map(|(kind, hits)| Group { kind, hits })
            .collect(),
        all,
        is_asked: true,
        skipped,
    })
}

fn hit(pick: Pick, last: Option<LastVerdict>, now: UnixMicros) -> Hit {
    let chosen = pick.is_likely();
    let mut says = Vec::new();
    if pick.count > 1 {
        says.push(format!("{} times", pick.count));
    }
    if pick.part {
        says.push("part of another".to_owned());
    }
    if !pick.is_known_kind {
        says.push("no source that is switched on knows this kind".to_owned());
    }
    Hit {
        value: Value(pick.indicator),
        says: says.join(" · "),
        marks: pick.marks,
        chosen,
        known: last.map(|last| {
            let ago = span(now.since(last.closed).as_secs());
            (last.verdict, last.confidence, format!("{ago} ago"))
        }),
    }
}
