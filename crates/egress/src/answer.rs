//! An answer whose body is read piece by piece, and never past its limit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Response, StatusCode, header};
use url::Url;

use crate::EgressError;

/// What came back. The body is still on its way.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: header::HeaderMap,
    /// The body.
    pub body: Body,
}

/// A body on its way.
#[derive(Debug)]
pub struct Body {
    response: Response,
    url: Url,
    left: usize,
    limit: usize,
}

impl Answer {
    pub(crate) fn new(response: Response, limit: usize) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: Body::new(response, limit),
        }
    }

    /// A header as text; `None` when it is missing or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the server asked us to wait, if it did, in seconds as most servers do.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

impl Body {
    pub(crate) fn new(response: Response, limit: usize) -> Self {
        Self {
            url: response.url().clone(),
            response,
            left: limit,
            limit,
        }
    }

    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        let too_long = || EgressError::TooLong {
            url: self.url.clone(),
            limit_bytes: self.limit,
        };
        if self
            .response
            .content_length()
            .is_some_and(|length| length > self.limit as u64)
        {
            return Err(too_long());
        }
        let chunk = self
            .response
            .chunk()
            .await
            .map_err(|error| EgressError::of(&self.url, error))?;
        if let Some(chunk) = &chunk {
            self.left = self.left.checked_sub(chunk.len()).ok_or_else(too_long)?;
        }
        Ok(chunk)
    }

    /// All of it.
    pub async fn bytes(mut self) -> Result<Bytes, EgressError> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let mut whole = BytesMut::from(first);
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// All of it as text.
    pub async fn text(self) -> Result<String, EgressError> {
        let url = self.url.clone();
        String::from_utf8(self.bytes().await?.into()).map_err(|_| EgressError::NoText(url))
    }
}
