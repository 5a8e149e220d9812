//! Reading a request's body within its limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http::header;
use http_body_util::BodyExt as _;
use hyper::body::Frame;
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

    fn from_request(
        request: Request,
        app: &Arc<App>,
    ) -> impl Future<Output = Result<Self, ApiError>> + Send {
        let limit = request.extensions().get::<BodyMax>().map_or(0, |max| max.0);
        // Without an announcement it may become as long as is allowed.
        let share = announced(&request).unwrap_or(limit).min(limit);
        let memory = app.body_memory.reserve(share);
        let reading = read_within(request, limit, app.settings().body_timeout);
        async move {
            let memory = memory?;
            Ok(Self {
                bytes: reading.await?,
                _memory: memory,
            })
        }
    }
}

/// A body of at most `limit` bytes that arrives within `time`.
///
/// A small one has come together with its head, so that neither a timer nor room for one is needed.
pub(crate) fn read_within(
    request: Request,
    limit: usize,
    time: Duration,
) -> impl Future<Output = Result<Bytes, ApiError>> + Send {
    let announced = announced(&request).unwrap_or(0);
    let mut body = request.into_body();
    async move {
        if announced > limit {
            return Err(too_large(limit));
        }
        let first = match body.frame().now_or_never() {
            Some(None) => return Ok(Bytes::new()),
            Some(Some(frame)) => data_of(frame)?,
            None => Bytes::new(),
        };
        if first.len() > limit {
            return Err(too_large(limit));
        }
        if !first.is_empty() && body.is_end_stream() {
            return Ok(first);
        }
        Box::pin(timeout(time, read(body, first, limit, announced)))
            .await
            .map_err(|_| ApiError::plain(Kind::BodyTooSlow))?
    }
}

/// How long the body says it is.
fn announced(request: &Request) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    let length = length.to_str().ok()?.parse::<u64>().ok()?;
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

/// The rest of a body of which `first` is there.
async fn read(
    mut body: Body,
    mut first: Bytes,
    limit: usize,
    announced: usize,
) -> Result<Bytes, ApiError> {
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = data_of(frame)?;
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

/// The data of a frame; trailers have none that we read.
fn data_of(frame: Result<Frame<Bytes>, axum::Error>) -> Result<Bytes, ApiError> {
    let frame = frame.map_err(|error| ApiError::plain(Kind::BodyBroken).because(error))?;
    Ok(frame.into_data().unwrap_or_default())
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        Kind::BodyTooLarge,
        format!("This address takes bodies of at most {limit} bytes"),
    )
}
