//! The HTTP server: every service below its slug.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

use crate::contract::{Answer, Asked, contract, parameter};
use crate::{Heard, Mode, State, feeds, scan};

/// Longest body of a request, in bytes.
const REQUEST_BYTES_MAX: usize = 1 << 20;
/// What never ends is sent in pieces of so many bytes.
const PIECE_BYTES: usize = 64 << 10;
/// Where clouds keep their metadata.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";
/// Longest time that an echo may be asked to take, in milliseconds.
const ECHO_MS_MAX: u64 = 600_000;

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>) {
    let app = Router::new().fallback(answer).with_state(state);
    // It ends with the listener only.
    let _ = axum::serve(listener, app).await;
}

async fn answer(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        return dress(Answer::text(413, "too long"));
    };
    let (slug, path) = match head.uri.path()[1..].split_once('/') {
        Some((slug, path)) => (slug.to_owned(), format!("/{path}")),
        None => (head.uri.path()[1..].to_owned(), "/".to_owned()),
    };
    if slug == "_control" {
        return dress(control(&state, head.method.as_str(), &path));
    }
    let query = head.uri.query().unwrap_or_default();
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let shown = if query.is_empty() {
        path.clone()
    } else {
        format!("{path}?{query}")
    };
    state.remember(
        &slug,
        Heard {
            method: head.method.to_string(),
            path: shown,
            headers: headers.clone(),
            body: body.clone(),
        },
    );
    let asked = Asked {
        method: head.method.as_str(),
        path: &path,
        query,
        headers: &headers,
        body: &body,
    };
    respond(&state, &slug, &asked).await
}

async fn respond(state: &State, slug: &str, asked: &Asked<'_>) -> Response {
    let set = state.mode(slug);
    if slug == "echo" {
        return echo(asked).await;
    }
    if let Some(answer) = scan::respond(state, slug, asked) {
        return misbehave(answer.mode_or(set), answer.answer, false).await;
    }
    if let Some(answer) = feeds::respond(state, slug, asked) {
        return misbehave(set, answer, false).await;
    }
    let Some(contract) = contract(slug) else {
        return dress(Answer::text(404, "no such service"));
    };
    match contract.read(asked) {
        Ok(fits) => {
            let mode = if set == Mode::Normal {
                Mode::of(&fits.value)
            } else {
                set
            };
            let answer = match mode {
                Mode::Limit => contract.limit(),
                Mode::Unauthorized => contract.refuse(),
                _ => fits.answer(state.times(slug, &fits.value)),
            };
            misbehave(mode, answer, true).await
        }
        Err(answer) => misbehave(set, answer, false).await,
    }
}

/// Answers after a time that the path says: `/echo/250/anything`. For measuring.
async fn echo(asked: &Asked<'_>) -> Response {
    let mut segments = asked.path.split('/').skip(1);
    let wait = segments.next().and_then(|ms| ms.parse::<u64>().ok());
    let value = segments.next().unwrap_or_default();
    let wait = wait.unwrap_or_default().min(ECHO_MS_MAX);
    tokio::time::sleep(Duration::from_millis(wait)).await;
    let said = parameter(asked.query.as_bytes(), "say").unwrap_or_else(|| "unknown".into());
    dress(Answer::json(
        200,
        &json!({ "value": value, "say": said, "took_ms": wait }),
    ))
}

/// An answer, or what a service in trouble makes of it. `in_words` says that it has already said in
/// its own words that it is limited or refuses.
async fn misbehave(mode: Mode, answer: Answer, in_words: bool) -> Response {
    match mode {
        Mode::Normal => dress(answer),
        Mode::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            dress(answer)
        }
        Mode::Hang => std::future::pending().await,
        Mode::Error => dress(Answer::text(500, "<html>500 Internal Server Error</html>")),
        Mode::Limit | Mode::Unauthorized if in_words => dress(answer),
        Mode::Limit => {
            let mut answer = Answer::text(429, "Too Many Requests");
            answer.headers.push(("retry-after".into(), "60".into()));
            dress(answer)
        }
        Mode::Unauthorized => dress(Answer::text(401, "Unauthorized")),
        Mode::Garbage => dress(Answer {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: Bytes::from_static(b"<html>\xff\xfe{\"not\": json"),
        }),
        Mode::Long => {
            let piece = || Ok::<_, Infallible>(Bytes::from_static(&[b' '; PIECE_BYTES]));
            let pieces = stream::repeat_with(piece);
            Body::from_stream(pieces).into_response()
        }
        Mode::Inwards => dress(Answer {
            status: 302,
            headers: vec![("location".into(), METADATA.into())],
            body: Bytes::new(),
        }),
        Mode::Cut => {
            let pieces = [
                Ok(Bytes::from_static(b"{\"data\": [")),
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            ];
            Body::from_stream(stream::iter(pieces)).into_response()
        }
    }
}

fn dress(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// `PUT /_control/{slug}/{mode}` lets a service behave otherwise; `GET /_control/{slug}` says how often
/// it was asked.
fn control(state: &State, method: &str, path: &str) -> Answer {
    let mut segments = path.trim_matches('/').split('/');
    let slug = segments.next().unwrap_or_default();
    match (method, segments.next()) {
        ("PUT", Some(word)) => match word.parse() {
            Ok(mode) => {
                state.set(slug, mode);
                Answer::json(200, &json!({ "slug": slug, "mode": word }))
            }
            Err(crate::mode::UnknownMode) => Answer::text(400, "no such mode"),
        },
        ("GET", None) => Answer::json(200, &json!({ "slug": slug, "count": state.count(slug) })),
        _ => Answer::text(404, "PUT /_control/SLUG/MODE or GET /_control/SLUG"),
    }
}
