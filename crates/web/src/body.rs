//! Reading a request's body within its limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::app::App;
use crate::problem::{ApiError, Kind};

/// How many bytes of body a route takes; the router puts it into the request.
#[derive(Clone, Copy)]
pub(crate) struct BodyMax(pub usize);

/// Bodies up to this size are not counted against the memory for bodies.
const SMALL_BYTES: usize = 64 * 1024;
const KIB: usize = 1024;

/// Bounds the memory of all large bodies that are held at once.
pub(crate) struct BodyMemory(Arc<Semaphore>);

impl BodyMemory {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes_max / KIB)))
    }

    fn reserve(&self, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        let kib = u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0).try_acquire_many_owned(kib);
        permit.map(Some).map_err(|_| {
            ApiError::new(
                Kind::Unavailable,
                "Too many large requests are being received; nothing was stamped",
            )
            .retry_after(Duration::from_secs(1))
        })
    }
}

/// The whole body of a request.
pub(crate) struct Whole {
    pub bytes: Bytes,
    /// Its share of the memory for bodies, given back when the request is done.
    _memory: Option<OwnedSemaphorePermit>,
}

impl FromRequest<Arc<App>> for Whole {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let limit = request.extensions().get::<BodyMax>().map_or(0, |max| max.0);
        // Without an announcement it may become as long as is allowed.
        let memory = app
            .body_memory
            .reserve(announced(&request).unwrap_or(limit).min(limit))?;
        let bytes = read_within(request, limit, app.settings().body_timeout).await?;
        Ok(Self {
            bytes,
            _memory: memory,
        })
    }
}

/// A body of at most `limit` bytes that arrives within `time`.
pub(crate) async fn read_within(
    request: Request,
    limit: usize,
    time: Duration,
) -> Result<Bytes, ApiError> {
    let announced = announced(&request).unwrap_or(0);
    if announced > limit {
        return Err(too_large(limit));
    }
    timeout(time, read(request.into_body(), limit, announced))
        .await
        .map_err(|_| ApiError::plain(Kind::BodyTooSlow))?
}

/// How long the body says it is.
fn announced(request: &Request) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    let length = length.to_str().ok()?.parse::<u64>().ok()?;
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

async fn read(mut body: Body, limit: usize, announced: usize) -> Result<Bytes, ApiError> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ApiError::plain(Kind::BodyBroken).because(error))?;
        let Ok(data) = frame.into_data() else {
            continue; // Trailers say nothing that we read.
        };
        if first.len() + joined.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if joined.is_empty() && first.is_empty() {
            first = data; // Most bodies are one frame: no copy.
        } else {
            if joined.is_empty() {
                joined.reserve(announced.max(first.len() + data.len()));
                joined.extend_from_slice(&std::mem::take(&mut first));
            }
            joined.extend_from_slice(&data);
        }
    }
    Ok(if joined.is_empty() {
        first
    } else {
        joined.freeze()
    })
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        Kind::BodyTooLarge,
        format!("This address takes bodies of at most {limit} bytes"),
    )
}
