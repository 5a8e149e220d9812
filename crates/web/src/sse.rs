//! Server-sent events for one reader: a stream of events, signs of life between them, and an end
//! when the server stops. (The log's own feed, which all its readers share, is [`crate::live`].)
//!
//! Nothing is queued here: the next event is asked for when the last one was taken. Whoever closes
//! the page drops the stream, and with it whatever brings the events.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::{HeaderName, HeaderValue, header};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::live::{BEAT, RESTARTS};
use crate::negotiate::Format;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// What sort of event; empty: one that says so little that it needs no name.
    pub name: &'static str,
    /// What it is about; without line breaks.
    pub id: String,
    /// What it says; its line breaks become lines of their own.
    pub data: String,
}

impl Event {
    fn to_bytes(&self) -> Bytes {
        let mut text = String::with_capacity(self.data.len() + 64);
        if !self.id.is_empty() {
            let _ = writeln!(text, "id: {}", self.id);
        }
        if !self.name.is_empty() {
            let _ = writeln!(text, "event: {}", self.name);
        }
        // Carriage returns would end a line for some readers, and for others not.
        for line in self.data.split('\n') {
            let _ = writeln!(text, "data: {}", line.trim_end_matches('\r'));
        }
        text.push('\n');
        text.into()
    }
}

/// An answer that goes on until `events` end, the reader leaves or the server stops. After a silence
/// of `beat` comes a comment, so that nobody between takes the line for dead.
pub(crate) fn answer(
    events: impl Stream<Item = Event> + Send + 'static,
    beat: Duration,
    closing: watch::Receiver<bool>,
) -> Response {
    let told = Told {
        events: Box::pin(events),
        beat,
        next_beat: Instant::now() + beat,
        closing,
    };
    let bytes = stream::unfold(Some(told), |told| async move {
        let mut told = told?;
        let (bytes, goes_on) = told.next().await?;
        Some((Ok::<_, Infallible>(bytes), goes_on.then_some(told)))
    });
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(Format::Events.content_type()),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise collect events until its buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// One reader's place.
struct Told<S: ?Sized> {
    beat: Duration,
    next_beat: Instant,
    closing: watch::Receiver<bool>,
    events: std::pin::Pin<Box<S>>,
}

impl<S: Stream<Item = Event>> Told<S> {
    /// The next bytes, and whether more may follow; `None` at the end.
    async fn next(&mut self) -> Option<(Bytes, bool)> {
        let said = tokio::select! {
            biased;
            event = self.events.next() => (event?.to_bytes(), true),
            // An error means that nobody can close any more: the server is gone.
            _ = self.closing.wait_for(|closing| *closing) => (Bytes::from_static(RESTARTS), false),
            () = sleep_until(self.next_beat) => (Bytes::from_static(BEAT), true),
        };
        self.next_beat = Instant::now() + self.beat;
        Some(said)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt as _;

    use super::*;

    fn event(data: &str) -> Event {
        Event {
            name: "fetching_data",
            id: "7".into(),
            data: data.into(),
        }
    }

    #[test]
    fn an_event_stays_one_event_whatever_it_says() {
        let check = |data: &str, expected: &str| {
            let bytes = event(data).to_bytes();
            assert_eq!(std::str::from_utf8(&bytes).unwrap(), expected, "{data:?}");
        };
        check("{}", "id: 7\nevent: fetching_data\ndata: {}\n\n");
        check(
            "a\r\n\nb",
            "id: 7\nevent: fetching_data\ndata: a\ndata: \ndata: b\n\n",
        );
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_and_a_stop_ends_it() {
        let (close, closing) = watch::channel(false);
        let never = stream::iter([event("{}")]).chain(stream::pending());
        let mut body = answer(never, Duration::from_secs(15), closing).into_body();
        let mut next = async || {
            let frame = body.frame().await?.unwrap();
            Some(frame.into_data().unwrap())
        };
        let started = Instant::now();
        assert!(next().await.unwrap().starts_with(b"id: 7\n"));
        assert_eq!(next().await.unwrap(), BEAT);
        assert_eq!(started.elapsed(), Duration::from_secs(15));
        close.send_replace(true);
        assert_eq!(next().await.unwrap(), RESTARTS);
        assert_eq!(next().await, None);
    }

    // What nobody reads any more must not be asked for any more.
    #[tokio::test]
    async fn who_leaves_takes_the_events_along() {
        let held = Arc::new(());
        let guard = Arc::clone(&held);
        let events = stream::unfold(guard, |guard| async move { Some((event("{}"), guard)) });
        let (_close, closing) = watch::channel(false);
        let mut body = answer(events, Duration::from_secs(15), closing).into_body();
        assert!(body.frame().await.is_some());
        assert_eq!(Arc::strong_count(&held), 2);
        drop(body);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
