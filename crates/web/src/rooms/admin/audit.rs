//! The audit trail: every act with its seal, to search, to take away, and to check.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use accounts::{AuditFilter, AuditId, AuditRow};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base::{UnixMicros, UserId};
use bytes::Bytes;
use facts::{Badge, BadgeState, FactId};
use futures_util::stream;
use http::{HeaderValue, Uri, header};

use crate::api::forms::answer;
use crate::app::App;
use crate::identity::Seen;
use crate::negotiate::Format;
use crate::pages::view::Hash;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at};
use crate::rooms::view::{Block, Cell, Field, Kind as Input, Row, SealBadge, Table, columns};

const PLACE: &str = "/admin/audit";
/// Rows that are read at once for an export.
const EXPORT_ROWS: usize = 1000;
const DAY_US: i64 = 86_400_000_000;

/// What was asked for: the filter itself, and its parameters for links.
pub(crate) struct Search {
    pub(crate) filter: AuditFilter,
    given: Vec<(&'static str, String)>,
}

impl Search {
    pub(crate) fn of(uri: &Uri) -> Result<Self, ApiError> {
        let mut given = Vec::new();
        for name in ["q", "act", "target", "user", "from", "to"] {
            given.push((name, asked(uri, name)?));
        }
        let text = |name: &str| {
            let found = given.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())
        };
        let filter = AuditFilter {
            user: asked_number(uri, "user")?.map(UserId),
            act: text("act"),
            target: text("target"),
            text: text("q"),
            from: text("from").map(|day| midnight("from", &day)).transpose()?,
            // The day that is named is meant whole.
            to: text("to")
                .map(|day| midnight("to", &day).map(|start| UnixMicros(start.0 + DAY_US)))
                .transpose()?,
        };
        Ok(Self { filter, given })
    }

    fn value(&self, name: &str) -> String {
        let found = self.given.iter().find(|(known, _)| *known == name);
        found.map_or(String::new(), |(_, value)| value.clone())
    }

    fn is_any(&self) -> bool {
        self.given.iter().any(|(_, value)| !value.is_empty())
    }

    fn page(&self, place: &str, before: Option<i64>) -> String {
        let before = before.map_or(String::new(), |before| before.to_string());
        let mut all: Vec<(&str, &str)> = self
            .given
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        all.push(("before", &before));
        address(place, &all)
    }
}

/// The beginning of a day, `2026-11-21`, in UTC.
pub(crate) fn midnight(name: &'static str, day: &str) -> Result<UnixMicros, ApiError> {
    let malformed = || {
        ApiError::new(
            Kind::MalformedQuery,
            format!("{name} must be a day such as 2026-11-21"),
        )
        .field(name)
    };
    let mut parts = day.splitn(3, '-').map(str::parse::<i64>);
    let mut part = || parts.next().and_then(Result::ok).ok_or_else(malformed);
    let (year, month, date) = (part()?, part()?, part()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return Err(malformed());
    }
    // Days since 1970 by counting years from March (Hinnant, days_from_civil).
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Ok(UnixMicros(days * DAY_US))
}

/// The entries, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let search = Search::of(&uri)?;
    let before = asked_number(&uri, "before")?;
    let page = app.accounts.audit(&search.filter, before, ROWS).await?;
    let badges = badges(&app, page.rows.iter().map(|row| row.fact)).await?;
    let field = |name, label, kind| Field::new(name, label, kind).value(search.value(name));
    let table = Table {
        label: "Entries of the audit trail".to_owned(),
        action: PLACE.to_owned(),
        is_filtered: search.is_any(),
        filters: vec![
            field("q", "Words", Input::Text),
            field("act", "Act", Input::Text),
            field("target", "Done to", Input::Text),
            field("from", "From", Input::Date),
            field("to", "To", Input::Date),
        ],
        columns: columns(&["When", "Who", "Did", "To", "Seal"]),
        rows: page.rows.iter().map(|one| row(one, &badges)).collect(),
        empty_title: "No entry",
        empty_says: "Every act that changes something, and every refused attempt, stands here with its seal. Nothing fits what you look for.",
        newest: before.map(|_| search.page(PLACE, None)),
        older: page.next.map(|next| search.page(PLACE, Some(next))),
    };
    let export = search.page("/admin/audit/export", None);
    let blocks = vec![
        Block::Table(table),
        Block::Links(vec![(
            export,
            "Export what is shown here (NDJSON)".to_owned(),
        )]),
    ];
    Ok(Frame::at(&app, &seen, PLACE).show(
        "Audit trail",
        "Who did what, to which, from where. Entries are only ever added, and each is sealed in the public log: whoever changed one would be found out.",
        blocks,
    ))
}

async fn badges(
    app: &App,
    facts: impl Iterator<Item = FactId>,
) -> Result<HashMap<FactId, Badge>, ApiError> {
    let ids: Vec<FactId> = facts.collect();
    let badges = app.facts.badges(&ids).await?;
    Ok(badges
        .into_iter()
        .map(|badge| (badge.fact, badge))
        .collect())
}

fn row(entry: &AuditRow, badges: &HashMap<FactId, Badge>) -> Row {
    let href = format!("{PLACE}/{}", entry.id.0);
    let mut badge = SealBadge::of(entry.fact, badges.get(&entry.fact));
    badge.page.clone_from(&href);
    Row {
        cells: vec![
            at(entry.at),
            Cell::Stack {
                text: who(entry),
                small: entry.address.map_or(String::new(), |from| from.to_string()),
            },
            Cell::Link {
                href: href.clone(),
                text: entry.act.clone(),
                small: gist(&entry.details),
            },
            Cell::text(entry.target.clone()),
            Cell::Seal(badge),
        ],
        href: Some(href),
        ..Row::default()
    }
}

fn who(entry: &AuditRow) -> String {
    match (&entry.user_name, entry.user) {
        (Some(name), _) if entry.who == "person" => name.clone(),
        (Some(name), _) => format!("{name}, by {}", entry.who),
        (None, Some(user)) => format!("account {} (gone)", user.0),
        (None, None) if entry.who == "product" => "the product".to_owned(),
        (None, None) => "a stranger".to_owned(),
    }
}

/// The details in a line: `roles analyst · email ada@example.org`.
fn gist(details: &str) -> String {
    const LETTERS_MAX: usize = 120;
    let Ok(serde_json::Value::Object(details)) = serde_json::from_str(details) else {
        return String::new();
    };
    let mut line = String::new();
    for (name, value) in &details {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let gap = if line.is_empty() { "" } else { " · " };
        let _ = write!(line, "{gap}{name} {text}");
    }
    line.chars().take(LETTERS_MAX).collect()
}

/// One entry, with the bytes that are sealed and how to check them.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let entry = entry(&app, &segments).await?;
    let row = &entry.row;
    let badge = app.facts.badge(row.fact).await?;
    let file = format!("entry-{}.json", row.id.0);
    let mut seal = SealBadge::of(row.fact, badge.as_ref());
    "/verify".clone_into(&mut seal.page);
    let mut blocks = vec![
        Block::Seal(seal),
        Block::Facts(vec![
            ("When", at(row.at)),
            ("Who", Cell::Text(who(row))),
            (
                "From",
                Cell::text(row.address.map_or(String::new(), |from| from.to_string())),
            ),
            ("Did", Cell::Code(row.act.clone())),
            ("To", Cell::text(row.target.clone())),
        ]),
        Block::Heading("The entry, byte for byte"),
        Block::says(
            "These bytes are what is sealed; the salt in them keeps the public digest from telling anything.",
        ),
        Block::Note {
            label: "The entry's canonical bytes",
            text: String::from_utf8_lossy(&entry.bytes).into_owned(),
        },
        Block::Links(vec![
            (
                format!("{PLACE}/{}/entry.json", row.id.0),
                "Download the entry".to_owned(),
            ),
            (
                format!("/api/v1/facts/{}/proof", row.fact.0),
                "Download the proof".to_owned(),
            ),
        ]),
    ];
    blocks.extend(how_to_check(&app, badge.as_ref(), &file).await?);
    let title = format!("{}, No {}", row.act, row.id.0);
    Ok(Frame::at(&app, &seen, PLACE)
        .below(PLACE, "Audit trail")
        .show(title, "", blocks))
}

async fn how_to_check(
    app: &App,
    badge: Option<&Badge>,
    file: &str,
) -> Result<Vec<Block>, ApiError> {
    let Some(badge) = badge else {
        return Ok(Vec::new());
    };
    let key = app
        .store
        .log_keys()
        .await?
        .pop()
        .map_or(String::new(), |key| key.vkey);
    Ok(vec![
        Block::Heading("Check it yourself"),
        Block::Facts(vec![
            ("SHA-256", Cell::Hash(Hash(badge.sha256))),
            (
                "In the browser",
                Cell::link("/verify", "Give both files to the page Verify"),
            ),
        ]),
        Block::Note {
            label: "Command",
            text: format!(
                "indelible verify {file} fact-{}.tlog-proof --key '{key}'",
                badge.fact.0
            ),
        },
    ])
}

/// The canonical bytes, as a file.
pub(crate) async fn bytes(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let entry = entry(&app, &segments).await?;
    let mut response = answer(Format::Json, entry.bytes);
    let name = format!("attachment; filename=\"entry-{}.json\"", entry.row.id.0);
    let name = HeaderValue::try_from(name).expect("a number is ASCII");
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

async fn entry(app: &App, segments: &Segments) -> Result<accounts::AuditEntry, ApiError> {
    let unknown = || ApiError::new(Kind::NoSuchThing, "The trail has no entry of this number");
    let id = segments
        .text(0)
        .parse()
        .map(AuditId)
        .map_err(|_| unknown())?;
    app.accounts.audit_entry(id).await?.ok_or_else(unknown)
}

/// Everything that fits, a line of JSON each, newest first; read page by page as it is sent.
pub(crate) async fn export(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let Search { filter, .. } = Search::of(&uri)?;
    // The first page is read before anything is sent, so that a store that does not answer is said.
    let first = app.accounts.audit(&filter, None, EXPORT_ROWS).await?;
    let lines = stream::unfold(Some((app, filter, first)), |left| async move {
        let (app, filter, page) = left?;
        let text = page.rows.iter().fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "{}", crate::api::rooms::audit_view(row));
            text
        });
        let following = match page.next {
            None => None,
            Some(next) => {
                let read = app.accounts.audit(&filter, Some(next), EXPORT_ROWS).await;
                match read {
                    Ok(page) => Some((app, filter, page)),
                    Err(error) => {
                        // The connection breaks off: a reader must not take half for the whole.
                        tracing::error!(%error, "an export of the audit trail broke off");
                        return Some((Err(error), None));
                    }
                }
            }
        };
        Some((Ok(Bytes::from(text)), following))
    });
    let mut response = Response::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"audit.ndjson\""),
    );
    Ok(response)
}

/// A fact of any room: its seal, and how to check it.
pub(crate) async fn fact(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::new(Kind::NoSuchThing, "There is no fact of this number");
    let id = segments
        .text(0)
        .parse()
        .map(FactId)
        .map_err(|_| unknown())?;
    let badge = app.facts.badge(id).await?.ok_or_else(unknown)?;
    let mut seal = SealBadge::of(id, Some(&badge));
    "/verify".clone_into(&mut seal.page);
    let mut blocks = vec![Block::Seal(seal)];
    if let BadgeState::Sealed { timestamp, .. } | BadgeState::Stamped(timestamp) = badge.state {
        let page = format!("/ts/{timestamp}");
        blocks.push(Block::Facts(vec![(
            "Timestamp",
            Cell::link(page, timestamp.to_string()),
        )]));
    }
    blocks.extend(how_to_check(&app, Some(&badge), "FILE").await?);
    let title = format!("Fact {}", id.0);
    let lede = format!("A fact of the kind “{}”, as the log knows it.", badge.kind);
    Ok(Frame::at(&app, &seen, "").show(title, lede, blocks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_utc() {
        let check = |day: &str, seconds: Option<i64>| {
            let found = midnight("from", day).ok().map(|at| at.0 / 1_000_000);
            assert_eq!(found, seconds, "{day}");
        };
        check("1970-01-01", Some(0));
        check("2000-02-29", Some(951_782_400));
        check("2026-01-01", Some(1_767_225_600));
        check("2026-11-21", Some(1_795_219_200));
        check("2026-13-01", None);
        check("2026-00-01", None);
        check("21.11.2026", None);
        check("", None);
    }
}
