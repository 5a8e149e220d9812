//! The pages' addresses: each handler reads from the log, fills a page and renders it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri, header};
use stamp::{Found, Proof, Submission, Timestamp};
use tlog::v1::{CompactHead, DATA_BYTES_MAX, Data, TimeText, authority_url, leaf_of_path};
use tlog::{Sha3, TreeHash as _};

use super::front::{FrontPage, LEDGER_LINES, LinePage};
use super::how::HowPage;
use super::html;
use super::interval::{IntervalPage, LOG_LINES, LogPage};
use super::stamp::{StampBox, StampPage, Unfit};
use super::timestamp::{Sealed, TimestampPage};
use super::verify::VerifyPage;
use super::view::{Hash, Seal, Time};
use crate::access::Access;
use crate::api::forms::see;
use crate::api::message;
use crate::app::{App, Caller, tell};
use crate::body::Whole;
use crate::drawing::path::Step;
use crate::drawing::seal::SealState;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::{Segments, decimal, form, parameter, unknown_timestamp};
use crate::router::{Cache, Route, get, post};
use crate::shell::{Room, Shell};

/// Text that a form may bring; browsers with script hash it themselves, at any length.
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// Every page, for the one table of routes.
pub(crate) fn routes() -> Vec<Route> {
    use Access::Public;
    vec![
        get("/", Public, Cache::Revalidate, front),
        get("/stamp", Public, Cache::Revalidate, stamp_box),
        post("/stamp", Public, FORM_BYTES_MAX, stamp),
        get("/ts/{id}", Public, Cache::Own, timestamp),
        get("/interval/{n}", Public, Cache::Revalidate, interval),
        get("/interval/{n}/line", Public, Cache::Immutable, line),
        get("/log", Public, Cache::Revalidate, log),
        get("/verify", Public, Cache::Revalidate, verify),
        get("/how", Public, Cache::Revalidate, how),
        get("/{n}", Public, Cache::Revalidate, interval),
    ]
}

async fn front(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let size = app.follower.head().head.size;
    let lines = app
        .lines
        .read(&app.ledger, size.saturating_sub(LEDGER_LINES as u64)..size)
        .await?;
    let key = key(&app).await?;
    let head = lines.last().map(|line| line.head);
    let page = FrontPage {
        shell: shell(&app, &seen, Room::Front),
        lines,
        size,
        head,
        key: &key,
        stamp: StampBox::default(),
    };
    Ok(html(StatusCode::OK, &page))
}

async fn stamp_box(State(app): State<Arc<App>>, seen: Seen) -> Response {
    html(
        StatusCode::OK,
        &StampPage {
            shell: shell(&app, &seen, Room::Stamp),
            stamp: StampBox::default(),
        },
    )
}

/// Takes the form of a browser without script, and sends it on to the timestamp's page.
async fn stamp(
    State(app): State<Arc<App>>,
    seen: Seen,
    caller: Caller,
    body: Whole,
) -> Result<Response, ApiError> {
    let (mut text, mut digest) = (String::new(), String::new());
    for (name, value) in form(&body.bytes)? {
        match name {
            "text" => text = value,
            "digest" => digest = value,
            _ => {}
        }
    }
    let data = match stamped_data(&text, &digest) {
        Ok(data) => data,
        Err(unfit) => {
            let stamp = StampBox {
                text: &text,
                digest: &digest,
                wrong: Some(unfit.says()),
            };
            return Ok(html(
                unfit.status(),
                &StampPage {
                    shell: shell(&app, &seen, Room::Stamp),
                    stamp,
                },
            ));
        }
    };
    let left = caller.take_timestamps(&app, 1)?;
    let submission = Submission {
        data: Data::Text(&data),
        tag: None,
    };
    let timestamp = app.notary.submit(submission).await?;
    let mut response = see(&format!("/ts/{}", timestamp.id));
    tell(&app.guard.timestamps, left, response.headers_mut());
    Ok(response)
}

/// What the form asks to stamp: the digest as it is, or else the text's SHA-512.
fn stamped_data(text: &str, digest: &str) -> Result<String, Unfit> {
    let digest = digest.trim();
    if digest.len() > DATA_BYTES_MAX {
        return Err(Unfit::TooLong);
    }
    if !digest.is_empty() {
        return Ok(digest.to_owned());
    }
    if text.is_empty() {
        return Err(Unfit::Nothing);
    }
    // Forms send lines with CRLF (HTML §4.10.21.4), a script reads the same text with LF: one
    // text must have one fingerprint.
    let text = text.replace("\r\n", "\n");
    let hash = <sha2::Sha512 as sha2::Digest>::digest(text.as_bytes());
    let hex = hash.iter().fold(String::from("sha512:"), |mut out, byte| {
        use std::fmt::Write as _;
        let _ = write!(out, "{byte:02x}");
        out
    });
    Ok(hex)
}

async fn timestamp(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let id = segments.id(0)?;
    let (timestamp, proof) = match app.ledger.timestamp(id).await? {
        Found::Unknown => return Err(unknown_timestamp()),
        Found::Forgotten => return Err(ApiError::plain(Kind::Forgotten)),
        Found::Pending(timestamp) => (timestamp, None),
        Found::Sealed(timestamp, proof) => (timestamp, Some(proof)),
    };
    let key = key(&app).await?;
    let sealed = match &proof {
        Some(proof) => Some(sealed(&app, &timestamp, proof).await?),
        None => None,
    };
    let page = TimestampPage {
        shell: shell(&app, &seen, Room::Elsewhere),
        id: &timestamp.id.to_string(),
        time: time(timestamp.time.0),
        hash: Hash(timestamp.hash),
        key: &key,
        sealed,
    };
    Ok(html(StatusCode::OK, &page))
}

async fn sealed(app: &App, timestamp: &Timestamp, proof: &Proof) -> Result<Sealed, ApiError> {
    let index = proof.interval.index;
    let witnesses = witnesses(app, index).await?.1;
    let leaf = leaf_of_path(&timestamp.hash);
    let mut current = leaf;
    let steps = proof.path.iter().enumerate().map(|(i, sibling)| {
        let sibling_left = proof.a >> i & 1 == 1;
        current = if sibling_left {
            Sha3::node(sibling, &current)
        } else {
            Sha3::node(&current, sibling)
        };
        Step {
            sibling_left,
            sibling: *sibling,
            result: current,
        }
    });
    Ok(Sealed {
        steps: steps.collect(),
        seal: Seal {
            interval: index,
            state: state(&witnesses),
        },
        time: time(proof.interval.time.0),
        ith: Hash(proof.interval.ith),
        count: u64::from(proof.interval.count),
        a: proof.a,
        leaf: Hash(leaf),
        compact: message::compact(&app.authority, timestamp, proof),
        witnesses,
    })
}

async fn interval(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    // At the top of the site any word could stand here: only a number is an interval.
    let index = decimal(segments.text(0)).ok_or_else(|| ApiError::plain(Kind::NotFound))?;
    let size = app.follower.head().head.size.max(index.saturating_add(1));
    let (line, interval) = match app
        .lines
        .read(&app.ledger, index..index.saturating_add(1))
        .await?
        .pop()
    {
        Some(line) => (line, app.ledger.interval(index).await?),
        None => return Err(beyond(&app, index)),
    };
    let Some(interval) = interval else {
        return Err(beyond(&app, index));
    };
    let (checkpoint, witnesses) = witnesses(&app, index).await?;
    let mth = line.head.0;
    let compact = CompactHead {
        authority: app.authority.to_string(),
        index,
        mth,
    };
    let page = IntervalPage {
        shell: shell(&app, &seen, Room::Log),
        seal: Seal {
            interval: index,
            state: state(&witnesses),
        },
        time: line.time,
        count: line.count,
        ith: Hash(interval.ith),
        mth: line.head,
        size,
        compact: compact.to_string(),
        checkpoint,
        witnesses,
    };
    Ok(html(StatusCode::OK, &page))
}

/// One line of the ledger, for pages that are open.
async fn line(State(app): State<Arc<App>>, segments: Segments) -> Result<Response, ApiError> {
    let index = segments.number(0, "interval")?;
    let line = app
        .lines
        .read(&app.ledger, index..index.saturating_add(1))
        .await?
        .pop();
    let line = line.ok_or_else(|| beyond(&app, index))?;
    Ok(html(StatusCode::OK, &LinePage { line }))
}

async fn log(State(app): State<Arc<App>>, seen: Seen, uri: Uri) -> Result<Response, ApiError> {
    let head = app.follower.head().head;
    let before = match parameter(uri.query(), "before")? {
        None => head.size,
        Some(text) => decimal(&text).ok_or_else(|| {
            ApiError::new(
                Kind::MalformedQuery,
                "before must be the number of an interval",
            )
            .field("before")
        })?,
    };
    let before = before.min(head.size);
    let mut lines = app
        .lines
        .read(&app.ledger, before.saturating_sub(LOG_LINES as u64)..before)
        .await?;
    lines.reverse();
    let witnessed = app.ledger.cosigned_size().await?;
    for line in &mut lines {
        line.witnessed = line.index < witnessed;
    }
    let page = LogPage {
        shell: shell(&app, &seen, Room::Log),
        lines,
        size: head.size,
        witnessed,
        timestamps: head.timestamps,
    };
    Ok(html(StatusCode::OK, &page))
}

async fn verify(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let key = key(&app).await?;
    Ok(html(
        StatusCode::OK,
        &VerifyPage {
            shell: shell(&app, &seen, Room::Verify),
            key: &key,
        },
    ))
}

async fn how(
    State(app): State<Arc<App>>,
    seen: Seen,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (key, base) = (key(&app).await?, base(&app, &headers));
    let size = app.follower.head().head.size;
    Ok(html(
        StatusCode::OK,
        &HowPage {
            shell: shell(&app, &seen, Room::How),
            key: &key,
            size,
            base: &base,
        },
    ))
}

/// Where the reader reaches us, for commands to copy: what the browser asked for, if it is a plain
/// name, or else the authority.
pub(crate) fn base(app: &App, headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let plain = |host: &&str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b))
    };
    let Some(host) = host.filter(plain) else {
        return authority_url(&app.authority);
    };
    // A proxy in front says how it was asked; without one we speak only HTTP.
    let encrypted = headers
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https");
    format!("{}://{host}", if encrypted { "https" } else { "http" })
}

fn shell<'a>(app: &'a App, seen: &Seen, room: Room) -> Shell<'a> {
    Shell::new(&app.authority, room).seen_by(seen)
}

fn time(us: i64) -> Time {
    Time::new(TimeText::of_micros(us).as_str())
}

/// The key that the log signs with now; empty before the first signature.
async fn key(app: &App) -> Result<String, ApiError> {
    Ok(app
        .store
        .log_keys()
        .await?
        .pop()
        .map_or(String::new(), |key| key.vkey))
}

/// The checkpoint to show for interval `index`, as it is published, and who cosigned it: one that
/// witnesses cosigned, or else the newest that covers the interval.
async fn witnesses(app: &App, index: u64) -> Result<(Option<String>, Vec<String>), ApiError> {
    let checkpoint = match app
        .ledger
        .cosigned_checkpoint(index.saturating_add(1))
        .await?
    {
        Some(cosigned) => Some(cosigned),
        None => app.ledger.checkpoint().await?.filter(|c| c.size > index),
    };
    let Some(checkpoint) = checkpoint else {
        return Ok((None, Vec::new()));
    };
    let note = checkpoint.cosigned_note();
    let names = checkpoint.cosignatures.into_iter().map(|it| it.witness);
    Ok((Some(note), names.collect()))
}

fn state(witnesses: &[String]) -> SealState {
    if witnesses.is_empty() {
        SealState::Sealed
    } else {
        SealState::Witnessed
    }
}

fn beyond(app: &App, index: u64) -> ApiError {
    match app.follower.head().head.size.checked_sub(1) {
        None => ApiError::plain(Kind::LogEmpty),
        Some(newest) => ApiError::new(
            Kind::BeyondHead,
            format!("Interval {index} is not written yet; the newest is {newest}"),
        )
        .field("interval"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_has_one_fingerprint() {
        let check = |text: &str, digest: &str, expected: Result<&str, Unfit>| {
            let found = stamped_data(text, digest);
            assert_eq!(
                found.as_deref().map_err(|e| *e),
                expected,
                "{text:?} {digest:?}"
            );
        };
        // printf 'a\nb' | sha512sum
        let two_lines = "sha512:377f7c6560b237d3b88f734faf092fe88f4b2067e048277223748881569ce7b2237c3e3a3fbeef319eea1ccab853b42ff2a7b8791308342ae383579f4420cba0";
        check("a\r\nb", "", Ok(two_lines));
        check("a\nb", "", Ok(two_lines));
        check("", "", Err(Unfit::Nothing));
        check("", " sha256:ab ", Ok("sha256:ab"));
        check("ignored", "sha256:ab", Ok("sha256:ab"));
        check("", &"x".repeat(257), Err(Unfit::TooLong));
    }
}
