//! The live feed: WebSocket and server-sent events over the same frames.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::forms::not_acceptable;
use crate::app::App;
use crate::live::{BEAT, Next, RESTARTS, Reader, lagging_event};
use crate::negotiate::{Format, negotiate};
use crate::problem::{ApiError, Kind};
use crate::query::{decimal, parameter};

static LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Longest message that a listener may send us; nothing it says is read.
const INCOMING_BYTES_MAX: usize = 4096;
/// Signs of life that may go unanswered before a WebSocket is given up.
const BEATS_UNANSWERED_MAX: u32 = 2;

/// A WebSocket for who shakes hands, events for everybody else who can read them.
pub(crate) async fn negotiated(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let wants_socket = headers
        .get(header::UPGRADE)
        .is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if !wants_socket {
        return event_stream(&app, &uri, &headers);
    }
    let upgrade = upgrade.map_err(|error| {
        ApiError::new(
            Kind::UpgradeRequired,
            format!("The handshake is not valid: {error}"),
        )
    })?;
    let reader = app.live.read(after(&uri, &headers)?)?;
    let upgrade = upgrade
        .max_message_size(INCOMING_BYTES_MAX)
        .max_frame_size(INCOMING_BYTES_MAX);
    Ok(upgrade.on_upgrade(|socket| speak(socket, reader)))
}

/// The same as events, whatever else is accepted.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    event_stream(&app, &uri, &headers)
}

fn event_stream(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Response, ApiError> {
    negotiate(headers, &[Format::Events]).ok_or_else(|| {
        if headers.contains_key(header::ACCEPT) {
            ApiError::plain(Kind::UpgradeRequired)
        } else {
            not_acceptable()
        }
    })?;
    let reader = app.live.read(after(uri, headers)?)?;
    let leave = reader.may_leave();
    let frames = stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        let (bytes, goes_on) = match reader.next().await {
            Ok(Next::Head(frame)) => (frame.event.clone(), true),
            Ok(Next::Beat) => (Bytes::from_static(BEAT), true),
            Ok(Next::Lagging(missed)) => (Bytes::from(lagging_event(missed)), false),
            Ok(Next::Closing) => (Bytes::from_static(RESTARTS), false),
            Err(error) => {
                tracing::warn!(%error, "a live feed ended");
                (
                    Bytes::from_static(b": the log cannot be read just now\n\n"),
                    false,
                )
            }
        };
        Some((Ok::<_, Infallible>(bytes), goes_on.then_some(reader)))
    });
    let mut response = Response::new(Body::from_stream(frames));
    if let Some(leave) = leave {
        response.extensions_mut().insert(leave);
    }
    let headers = response.headers_mut();
    let now = u64::try_from(app.clock.now().0).unwrap_or_default();
    let now = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_micros(now));
    if let Ok(now) = HeaderValue::try_from(now) {
        headers.insert(header::DATE, now);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(Format::Events.content_type()),
    );
    // nginx would otherwise collect events until its buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// The last interval that the client has, from `?after=` or from what its browser remembered.
fn after(uri: &Uri, headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let remembered = headers.get(&LAST_EVENT_ID);
    let text = match remembered {
        Some(id) => Some(id.to_str().unwrap_or("?").into()),
        None => parameter(uri.query(), "after")?,
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    decimal(&text).map(Some).ok_or_else(|| {
        let field = if remembered.is_some() {
            "Last-Event-ID"
        } else {
            "after"
        };
        ApiError::new(
            Kind::MalformedQuery,
            format!("{field} must be the number of an interval"),
        )
        .field(field)
    })
}

async fn speak(mut socket: WebSocket, mut reader: Reader) {
    let mut unanswered = 0;
    loop {
        tokio::select! {
            next = reader.next() => {
                let message = match next {
                    Ok(Next::Head(frame)) => Message::Text(frame.json.clone()),
                    Ok(Next::Beat) if unanswered < BEATS_UNANSWERED_MAX => {
                        unanswered += 1;
                        Message::Ping(Bytes::new())
                    }
                    Ok(Next::Beat) => return,
                    Ok(Next::Lagging(missed)) => {
                        let reason = format!("{missed} intervals behind: come back with ?after=");
                        close(close_code::POLICY, reason)
                    }
                    Ok(Next::Closing) => close(close_code::RESTART, "the server restarts"),
                    Err(error) => {
                        tracing::warn!(%error, "a live feed ended");
                        close(close_code::AGAIN, "the log cannot be read just now")
                    }
                };
                let last = matches!(message, Message::Close(_));
                if socket.send(message).await.is_err() || last {
                    return;
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(_)) => unanswered = 0,
                Some(Err(_)) | None => return,
            },
        }
    }
}

fn close(code: u16, reason: impl Into<String>) -> Message {
    Message::Close(Some(CloseFrame {
        code,
        reason: reason.into().into(),
    }))
}
