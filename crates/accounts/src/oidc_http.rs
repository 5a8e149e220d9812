//! The door through which providers are asked: one request, one answer.

use async_trait::async_trait;
use base::Unavailable;

/// A request to a provider: discovery, keys, or a code to be exchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// An `https` address, or `http` on the machine itself.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// At most a few kilobytes; may hold a code or a secret, so it is never logged.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcResponse {
    /// The status code.
    pub status: u16,
    /// Names and values; only `content-type` is looked at.
    pub headers: Vec<(String, String)>,
    /// At most [`OIDC_BODY_BYTES_MAX`]; longer answers are an error of the door.
    pub body: Vec<u8>,
}

/// Largest answer of a provider: key sets have a few kilobytes.
pub const OIDC_BODY_BYTES_MAX: usize = 256 * 1024;

/// Asks providers. Follows no redirect: an answer that points elsewhere is not the provider's.
#[async_trait]
pub trait OidcHttp: Send + Sync {
    /// One request, with limits of time and size.
    async fn send(&self, request: OidcRequest) -> Result<OidcResponse, Unavailable>;
}
