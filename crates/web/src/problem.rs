//! Every way in which a request can fail, and its RFC 9457 problem document.
//!
//! An [`ApiError`] is only a note that travels with the answer; the edge, which alone knows the
//! request's id and what its sender can read, writes it out as JSON or as a page.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use base::Unavailable;
use http::{HeaderValue, StatusCode, header};
use stamp::{ClockOff, SubmitError};

macro_rules! problems {
    ($($kind:ident = $status:literal $name:literal: $title:literal, $about:literal;)*) => {
        /// What kinds of failure there are. The name of each is for ever: programs match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $(#[doc = $about] $kind,)* }

        impl Kind {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The last part of the problem's `type`, `/problems/<name>`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// The answer's status.
            pub fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$kind => $status,)* };
                StatusCode::from_u16(status).expect("the table holds valid statuses")
            }

            /// A short sentence, the same for every occurrence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }

            /// When it happens, and what to do then.
            pub fn about(self) -> &'static str {
                match self { $(Self::$kind => $about,)* }
            }
        }
    };
}

problems! {
    NotFound = 404 "not-found": "There is nothing here", "No page and no part of the API has this address. The API's own addresses are listed at /api/v1/docs.";
    MethodNotAllowed = 405 "method-not-allowed": "This address does not take that method", "The address exists, but not for this method; the answer's Allow header names those that it takes.";
    SignInNeeded = 401 "sign-in-needed": "You have to sign in first", "This address is for those who are signed in. Programs send an API token: Authorization: Bearer indl_….";
    BadCredentials = 401 "bad-credentials": "This is not valid", "The password, code or token is wrong, has expired, was revoked, or belongs to an account that is switched off. Which of these it is, is not said.";
    NotPermitted = 403 "not-permitted": "You may not do that", "Your account, or the token you use, lacks the permission that this needs. The attempt was recorded. An administrator can give the permission.";
    CrossSite = 403 "cross-site": "This came from another site", "A request that changes something must come from this site's own pages, or carry an API token.";
    FormStale = 403 "form-stale": "The form is too old", "The form belongs to another session, or to none. Go back, reload the page, and send it again.";
    ConfirmNeeded = 403 "confirm-needed": "Confirm that it is you", "This needs a sign-in that is not older than 15 minutes.";
    Throttled = 429 "throttled": "Too many attempts", "After failed attempts, the next one has to wait. The answer's Retry-After header says how long.";
    Invalid = 422 "invalid": "A value does not fit", "The field that is named has a value that cannot be taken; the detail says why.";
    Conflict = 409 "conflict": "That is not possible as things are", "What was asked contradicts what is there; the detail says what.";
    ProviderBroken = 502 "provider-broken": "The provider cannot be used", "The other house did not answer, or not as its protocol has it. Try again, or sign in another way; the server's log knows the cause.";
    NoSuchThing = 404 "no-such-thing": "There is no such record", "Nothing has this number or name, or not any more.";
    TicketSpent = 410 "ticket-spent": "This link is used up", "A link of this kind works once and for a limited time. Ask for a new one.";
    FactWaiting = 409 "fact-waiting": "This is not sealed yet", "The fact is on its way to the log. Ask again after the time that Retry-After names.";
    NotAcceptable = 406 "not-acceptable": "None of the accepted formats can be given", "The Accept header leaves no format that this answer has. Most answers come as application/json or application/cbor.";
    UnsupportedMediaType = 415 "unsupported-media-type": "The body's type is not taken here", "This address reads only the Content-Type that the detail names.";
    BodyTooLarge = 413 "body-too-large": "The body is too large", "The request's body is longer than this address takes; the detail names the limit. Send less, or split it.";
    BodyTooSlow = 408 "body-too-slow": "The body did not arrive in time", "The request's body stalled or took longer than the server waits. Nothing was stamped; send it again.";
    BodyBroken = 400 "body-broken": "The body could not be read", "The connection broke or the framing was wrong before the body was complete. Nothing was stamped.";
    MalformedJson = 400 "malformed-json": "The body is not JSON", "The body does not follow RFC 8259; the detail says where it stops doing so.";
    MalformedCbor = 400 "malformed-cbor": "The body is not CBOR", "The body does not follow RFC 8949, or ends before what it announces; the detail says where.";
    IndefiniteCbor = 400 "indefinite-cbor": "Indefinite lengths are not taken", "CBOR maps, arrays and strings must give their length up front.";
    NotUtf8 = 400 "not-utf8": "The text is not UTF-8", "Text must be valid UTF-8. To stamp arbitrary bytes, stamp their hash, or send them as the raw body of POST /api/v1/ts/?compact.";
    WrongType = 422 "wrong-type": "A field has the wrong type", "The field is there, but holds another type than the one that the detail asks for.";
    UnknownField = 422 "unknown-field": "A field is not known", "Unknown fields are refused, so that a misspelt one never passes unnoticed.";
    MissingField = 422 "missing-field": "A field is missing", "The field that is named must be given.";
    DuplicateField = 422 "duplicate-field": "A field is given twice", "Each field may be given once; which of two was meant cannot be known.";
    DataTooLong = 413 "data-too-long": "The data is longer than 256 bytes", "A timestamp takes at most 256 bytes of UTF-8. Stamp the hash of anything longer.";
    TooManyItems = 413 "too-many-items": "Too many items in one request", "A bulk request takes at most 100,000 items. Split it.";
    TagTooLong = 422 "tag-too-long": "The tag is longer than 36 characters", "A retrieval tag has 1 to 36 characters.";
    TagMissing = 400 "tag-missing": "A tag is needed", "Timestamps are listed by tag only: GET /api/v1/ts/?tag=….";
    MalformedQuery = 400 "malformed-query": "A parameter cannot be read", "A parameter of the address has a value that cannot be read; the detail says which and why.";
    MalformedId = 404 "malformed-id": "This is not an id", "A timestamp's id is a UUID as the server gave it.";
    UnknownTimestamp = 404 "unknown-timestamp": "No timestamp has this id", "The id was never given by this log.";
    Forgotten = 410 "forgotten": "The proof is no longer kept", "The timestamp was sealed, but its proof is past the retention time of this log. A proof that was fetched before stays valid.";
    NotYetSealed = 409 "not-yet-sealed": "The timestamp is not sealed yet", "Its interval is still open. Ask again after the time that Retry-After names.";
    NotYetWitnessed = 409 "not-yet-witnessed": "No witness has cosigned it yet", "Witnesses are asked every few seconds, where the log has any. Ask again after the time that Retry-After names.";
    MalformedNumber = 400 "malformed-number": "This is not a number", "An interval or a tree size is written in decimal digits, without sign or leading zeros.";
    BeyondHead = 404 "beyond-head": "The log is not that long yet", "The interval or the tree size lies beyond the newest head; GET /api/v1/mth/current names it.";
    OutOfOrder = 422 "out-of-order": "The two numbers do not fit together", "A leaf must lie inside the tree, and an older tree cannot be larger than a newer one.";
    LogEmpty = 404 "log-empty": "The log has no interval yet", "Nothing has been sealed so far. Stamp something, or come back in a moment.";
    UpgradeRequired = 426 "upgrade-required": "This needs a WebSocket or an event stream", "Ask with a WebSocket handshake, or with Accept: text/event-stream.";
    ReplayTooFar = 422 "replay-too-far": "Too much was missed to be replayed", "Only the newest intervals are replayed. Read the ones before from /api/v1/mth/{i} or /log/tile/entries/….";
    PoolFull = 503 "pool-full": "Too many timestamps wait for sealing", "Nothing was stamped. Try again after the time that Retry-After names.";
    ClockOff = 503 "clock-off": "The server's clock is off", "No timestamp is issued while the time is known to be wrong. Nothing was stamped; try again later.";
    Unavailable = 503 "unavailable": "The server cannot answer just now", "A part behind the server did not answer. Whether anything was stamped is unknown; stamping again does no harm.";
    RateLimited = 429 "rate-limited": "Too many requests from your address", "The answer's headers say what is left and when to come back.";
    UnknownToken = 404 "unknown-token": "No token has this serial number", "This authority issued no RFC 3161 token of this serial number, or it is past retention.";
    UnknownTile = 404 "unknown-tile": "There is no such tile", "The tile lies beyond the newest checkpoint, or its name is not one of C2SP tlog-tiles.";
    RoleAbsent = 404 "role-absent": "This server does not do that", "The part that was asked for is switched off on this server.";
    Internal = 500 "internal": "Something here went wrong", "This is our mistake. The request's id finds it in the server's log.";
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// A request that failed: what its sender is told, and what only the server's log learns.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    detail: Cow<'static, str>,
    field: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// A failure of this kind; `detail` is a sentence about this occurrence, for the sender.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            field: None,
            retry_after: None,
            source: None,
        }))
    }

    /// A failure that needs no more words than its kind has.
    pub fn plain(kind: Kind) -> Self {
        Self::new(kind, kind.about())
    }

    /// Names the field, parameter or item at fault, such as `data[17]`.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Keeps the cause for the log. It is never shown to the sender.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The sentence about this occurrence.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The field at fault, where there is one.
    pub fn at(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The whole chain of causes in one line, for the log.
    pub(crate) fn chain(&self) -> Option<String> {
        let source: &dyn Error = self.0.source.as_deref()?;
        let mut line = source.to_string();
        let mut next = source.source();
        while let Some(cause) = next {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            next = cause.source();
        }
        Some(line)
    }

    /// The problem document; `instance` is the request's id.
    pub(crate) fn document(&self, instance: &str) -> String {
        let kind = self.kind();
        let mut document = serde_json::json!({
            "type": format!("/problems/{}", kind.name()),
            "title": kind.title(),
            "status": kind.status().as_u16(),
            "detail": self.detail(),
            "instance": instance,
        });
        if let Some(field) = self.at() {
            document["field"] = field.into();
        }
        document.to_string()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.kind().status().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds(after));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Whole seconds, rounded up, at least one: `Retry-After` knows no fractions.
pub(crate) fn seconds(after: Duration) -> HeaderValue {
    HeaderValue::from(after.as_millis().div_ceil(1000).clamp(1, 86_400) as u64)
}

impl From<Unavailable> for ApiError {
    fn from(source: Unavailable) -> Self {
        Self::plain(Kind::Unavailable)
            .retry_after(Duration::from_secs(1))
            .because(source)
    }
}

/// When to come back to a server whose clock an operator has to set.
const CLOCK_RETRY: Duration = Duration::from_mins(1);

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::PoolFull { retry_after } => {
                Self::plain(Kind::PoolFull).retry_after(retry_after)
            }
            SubmitError::ClockOff(ClockOff::BehindTheLog(behind)) => Self::new(
                Kind::ClockOff,
                format!(
                    "The clock is {:.3} s behind the log. No timestamp is issued until it is right again.",
                    behind.as_secs_f64()
                ),
            )
            .retry_after(behind),
            SubmitError::ClockOff(ClockOff::Measured(skew)) => Self::new(
                Kind::ClockOff,
                format!("Time servers say that the clock is {skew}. No timestamp is issued until it is right again."),
            )
            .retry_after(CLOCK_RETRY),
            SubmitError::Unavailable(source) => source.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
        assert_eq!(Kind::named("no-such-problem"), None);
    }

    // A program that finds its field in the document must not find the server's inner words.
    #[test]
    fn causes_stay_inside() {
        let error = ApiError::from(Unavailable::new("the database", "disk on fire"));
        assert_eq!(
            error.chain().as_deref(),
            Some("the database did not answer: disk on fire")
        );
        assert!(!error.document("r1").contains("fire"));
        assert_eq!(error.into_response().headers()["retry-after"], "1");
    }
}
