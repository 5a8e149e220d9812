//! Single timestamps: submitting, reading, waiting, listing by tag.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base::Unavailable;
use http::{HeaderValue, StatusCode, header};
use stamp::{Found, Proof, ProofAnswer, Submission, Timestamp, TimestampId, Under};
use tlog::v1::{DATA_BYTES_MAX, Data, push_array};

use super::forms::{Forms, answer, see, tag_of, tagged as tagged_answer};
use super::message;
use crate::app::{App, Caller, tell};
use crate::body::Whole;
use crate::input;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::{Asked, Segments, unknown_timestamp};
use crate::router::Cache;

/// When to ask again for a proof that is not there yet: intervals are closed every second or so.
const RETRY: Duration = Duration::from_secs(1);

/// Accepts data, answers with its timestamp; with `?wait` or `?compact`, once that is sealed.
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    asked: Asked,
    forms: Forms,
    body: Whole,
) -> Result<Response, ApiError> {
    let text;
    let data = if asked.compact {
        Data::Bytes(raw(&body.bytes)?)
    } else {
        text = input::one(&body.bytes, forms.own)?;
        Data::Text(&text)
    };
    let left = caller.take_timestamps(&app, 1)?;
    let tag = asked.tag.as_deref();
    let timestamp = app.notary.submit(Submission { data, tag }).await?;
    let proof = if asked.wait || asked.compact {
        wait(&app, timestamp.id).await?
    } else {
        None
    };
    let waited_in_vain = proof.is_none() && (asked.wait || asked.compact);
    let mut response = match &proof {
        Some(proof) if asked.compact => compact(&app, &timestamp, proof),
        _ if forms.best == Format::Html => see(&page_of(timestamp.id)),
        proof => whole(&app, &timestamp, proof.as_ref(), forms.data),
    };
    if waited_in_vain && response.status() == StatusCode::OK {
        not_yet(&mut response);
    }
    if response.status() != StatusCode::SEE_OTHER && !(asked.compact && proof.is_some()) {
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, location(timestamp.id));
    }
    tell(&app.guard.timestamps, left, response.headers_mut());
    Ok(response)
}

/// Answers a timestamp, with its proof once there is one.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Asked,
    forms: Forms,
) -> Result<Response, ApiError> {
    let id = segments.id(0)?;
    if forms.best == Format::Html && !asked.compact {
        return Ok(see(&page_of(id)));
    }
    let (timestamp, proof) = find(&app, id).await?;
    let proof = match proof {
        None if asked.wait || asked.compact => wait(&app, id).await?,
        proof => proof,
    };
    let Some(proof) = proof else {
        let mut response = whole(&app, &timestamp, None, forms.data);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if asked.wait || asked.compact {
            not_yet(&mut response);
        }
        return Ok(response);
    };
    let mut response = if asked.compact {
        compact(&app, &timestamp, &proof)
    } else {
        let message = message::timestamp(&app.authority, &timestamp, Some(&proof));
        tagged_answer(forms.data, message::timestamp_bytes(&message, forms.data))
    };
    if let Some(control) = Cache::Immutable.control() {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, control);
    }
    Ok(response)
}

/// Answers the timestamps of a tag, newest first, and links to the next page.
pub(crate) async fn tagged(
    State(app): State<Arc<App>>,
    asked: Asked,
    forms: Forms,
) -> Result<Response, ApiError> {
    let tag = asked.tag.as_deref();
    let tag = tag.ok_or_else(|| ApiError::plain(Kind::TagMissing).field("tag"))?;
    let page = app.ledger.tagged(tag, asked.before, asked.limit()).await?;
    let mut messages = Vec::with_capacity(page.ids.len());
    for found in app.ledger.timestamps(&page.ids).await? {
        match found {
            Found::Pending(timestamp) => {
                messages.push(message::timestamp(&app.authority, &timestamp, None));
            }
            Found::Sealed(timestamp, proof) => {
                messages.push(message::timestamp(&app.authority, &timestamp, Some(&proof)));
            }
            // Forgotten between the two reads.
            Found::Unknown | Found::Forgotten => {}
        }
    }
    let mut response = answer(forms.data, list(&messages, forms.data));
    if let Some(last) = page.ids.last().filter(|_| page.more) {
        let tag = tag.bytes().fold(String::new(), |mut tag, byte| {
            let _ = write!(tag, "%{byte:02X}");
            tag
        });
        let limit = asked.limit();
        let link = format!("</api/v1/ts/?tag={tag}&before={last}&limit={limit}>; rel=\"next\"");
        let link = HeaderValue::try_from(link).expect("percent-encoded");
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Answers the proof file (C2SP `tlog-proof`) of a sealed timestamp, under a checkpoint that
/// witnesses cosigned where there is one; with `?witnessed` under no other.
pub(crate) async fn proof_file(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Asked,
) -> Result<Response, ApiError> {
    let id = segments.id(0)?;
    let under = if asked.witnessed {
        Under::Cosigned
    } else {
        Under::Best
    };
    let file = match app.ledger.proof_file(id, under, None).await? {
        ProofAnswer::File(file) => file.to_string(),
        ProofAnswer::Unknown => return Err(unknown_timestamp()),
        ProofAnswer::Forgotten => return Err(ApiError::plain(Kind::Forgotten)),
        ProofAnswer::Pending(_) => {
            return Err(ApiError::plain(Kind::NotYetSealed).retry_after(RETRY));
        }
        ProofAnswer::NotWitnessed(_) => {
            return Err(ApiError::plain(Kind::NotYetWitnessed).retry_after(RETRY));
        }
        // None was given, so none can differ.
        ProofAnswer::OtherData => return Err(ApiError::plain(Kind::Internal)),
    };
    let tag = tag_of(file.as_bytes());
    let mut response = answer(Format::Text, file);
    let headers = response.headers_mut();
    let name = format!("attachment; filename=\"{id}.tlog-proof\"");
    let name = HeaderValue::try_from(name).expect("an id is ASCII");
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::ETAG, tag);
    Ok(response)
}

async fn find(app: &App, id: TimestampId) -> Result<(Timestamp, Option<Proof>), ApiError> {
    match app.ledger.timestamp(id).await? {
        Found::Unknown => Err(unknown_timestamp()),
        Found::Forgotten => Err(ApiError::plain(Kind::Forgotten)),
        Found::Pending(timestamp) => Ok((timestamp, None)),
        Found::Sealed(timestamp, proof) => Ok((timestamp, Some(proof))),
    }
}

/// The proof, if it comes before the limit and before the server stops. On the heap, so that those
/// who do not wait need not carry the room for it.
pub(super) fn wait(
    app: &App,
    id: TimestampId,
) -> Pin<Box<dyn Future<Output = Result<Option<Proof>, Unavailable>> + Send + '_>> {
    Box::pin(async move {
        tokio::select! {
            biased;
            proof = app.notary.wait(id) => proof,
            () = app.guard.closed() => Ok(None),
        }
    })
}

fn whole(app: &App, timestamp: &Timestamp, proof: Option<&Proof>, format: Format) -> Response {
    let message = message::timestamp(&app.authority, timestamp, proof);
    answer(format, message::timestamp_bytes(&message, format))
}

fn compact(app: &App, timestamp: &Timestamp, proof: &Proof) -> Response {
    let line = message::compact(&app.authority, timestamp, proof);
    answer(Format::Text, line)
}

/// Accepted, but not sealed within the time that one may wait.
pub(super) fn not_yet(response: &mut Response<Body>) {
    *response.status_mut() = StatusCode::ACCEPTED;
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, crate::problem::seconds(RETRY));
}

/// A bare array of messages.
pub(super) fn list(messages: &[tlog::v1::Timestamp], format: Format) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + 512 * messages.len());
    if format == Format::Cbor {
        push_array(messages.len(), &mut out);
    } else {
        out.push(b'[');
    }
    for (number, one) in messages.iter().enumerate() {
        if number > 0 && format != Format::Cbor {
            out.push(b',');
        }
        message::encode!(one, format, &mut out);
    }
    if format != Format::Cbor {
        out.push(b']');
    }
    out
}

fn raw(body: &[u8]) -> Result<&[u8], ApiError> {
    if body.len() <= DATA_BYTES_MAX {
        return Ok(body);
    }
    Err(ApiError::new(
        Kind::DataTooLong,
        format!(
            "The body has {} bytes; at most {DATA_BYTES_MAX} are taken",
            body.len()
        ),
    )
    .field("data"))
}

fn page_of(id: TimestampId) -> String {
    format!("/ts/{id}")
}

fn location(id: TimestampId) -> HeaderValue {
    const PREFIX: &[u8] = b"/api/v1/ts/";
    let mut path = Vec::with_capacity(PREFIX.len() + 36);
    path.extend_from_slice(PREFIX);
    tlog::v1::push_uuid(id.to_uuid().as_bytes(), &mut path);
    HeaderValue::from_maybe_shared(bytes::Bytes::from(path)).expect("an id is ASCII")
}
