//! The live feed over a real port: WebSocket and server-sent events.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tlog::v1;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use web::WebSettings;

use crate::app::{TestApp, request};
use crate::serving::Serving;

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

async fn connect(serving: &Serving, query: &str) -> Socket {
    let url = format!("ws://{}/api/v1/mth/live{query}", serving.address);
    tokio_tungstenite::connect_async(url).await.unwrap().0
}

async fn head(socket: &mut Socket) -> v1::Head {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return v1::Head::from_json(text.as_bytes()).unwrap(),
            Message::Ping(_) => {}
            odd => panic!("{odd:?}"),
        }
    }
}

#[tokio::test]
async fn a_socket_hears_the_head_at_once_and_then_each_next() {
    let serving = Serving::start(TestApp::start().await).await;
    serving.app.seal_many(3).await;
    let mut socket = connect(&serving, "").await;
    let first = head(&mut socket).await;
    assert_eq!(first.interval.index, 2);
    let inclusion = first.inclusion.unwrap();
    assert_eq!((inclusion.head, inclusion.leaf), (2, None));
    let time = first.interval.time;
    let leaf = v1::leaf_of_path(&v1::interval_hash(2, &time, &first.interval.ith));
    assert_eq!(
        v1::root_of_path(&leaf, inclusion.a, &inclusion.nodes),
        Some(first.mth)
    );
    for index in 3..6 {
        serving.app.seal().await;
        assert_eq!(head(&mut socket).await.interval.index, index);
    }
    socket.send(Message::Close(None)).await.unwrap();
}

#[tokio::test]
async fn what_was_missed_is_replayed() {
    let serving = Serving::start(TestApp::start().await).await;
    serving.app.seal_many(5).await;
    let mut socket = connect(&serving, "?after=1").await;
    for index in 2..5 {
        assert_eq!(head(&mut socket).await.interval.index, index);
    }
    serving.app.seal().await;
    assert_eq!(head(&mut socket).await.interval.index, 5);
    let url = format!("ws://{}/api/v1/mth/live?after=99", serving.address);
    let refused = tokio_tungstenite::connect_async(url).await;
    let Err(tungstenite::Error::Http(answer)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(answer.status(), 404);
}

async fn answer_head(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "{head}");
    }
    head
}

/// Reads events; `None` at the end. Who is far behind is answered in chunks, everybody else until
/// the connection ends.
struct Events {
    stream: BufReader<TcpStream>,
    is_chunked: bool,
}

impl Events {
    async fn open(serving: &Serving, extra: &str) -> Self {
        let stream = TcpStream::connect(serving.address).await.unwrap();
        Self::on(BufReader::new(stream), extra).await
    }

    async fn on(mut stream: BufReader<TcpStream>, extra: &str) -> Self {
        let request = format!(
            "GET /api/v1/mth/live HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\naccept-encoding: gzip\r\n{extra}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = answer_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream\r\n"));
        assert!(!head.contains("content-encoding"), "{head}");
        assert!(head.contains("\r\ndate: ") && head.contains("\r\nx-request-id: "));
        let is_chunked = head.contains("transfer-encoding: chunked");
        assert_ne!(is_chunked, head.contains("connection: close"), "{head}");
        Self { stream, is_chunked }
    }

    /// The next event as it stands on the wire, or a comment.
    async fn next(&mut self) -> Option<String> {
        let mut size = String::new();
        self.stream.read_line(&mut size).await.unwrap();
        if !self.is_chunked {
            let mut event = size;
            while !event.is_empty() && !event.ends_with("\n\n") {
                self.stream.read_line(&mut event).await.unwrap();
            }
            return Some(event).filter(|event| !event.is_empty());
        }
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).await.unwrap();
        chunk.truncate(size);
        (size > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    /// The next head and its id.
    async fn head(&mut self) -> (u64, v1::Head) {
        loop {
            let event = self.next().await.unwrap();
            if event.starts_with(':') {
                continue;
            }
            let rest = event.strip_prefix("id: ").unwrap();
            let (id, data) = rest.split_once("\ndata: ").unwrap();
            let data = data.strip_suffix("\n\n").unwrap();
            return (
                id.parse().unwrap(),
                v1::Head::from_json(data.as_bytes()).unwrap(),
            );
        }
    }
}

#[tokio::test]
async fn events_carry_the_same_and_know_where_they_were() {
    let serving = Serving::start(TestApp::start().await).await;
    serving.app.seal_many(4).await;
    let mut events = Events::open(&serving, "").await;
    let mut socket = connect(&serving, "").await;
    let (id, first) = events.head().await;
    assert_eq!((id, first.interval.index), (3, 3));
    assert_eq!(head(&mut socket).await, first);
    drop(events);
    serving.app.seal_many(2).await;
    let mut events = Events::open(&serving, "last-event-id: 3\r\n").await;
    for index in 4..6 {
        assert_eq!(events.head().await.0, index);
    }
}

// A browser opens its feed on a connection that it used before, and another may read the whole
// history first: both must hear everything, whoever writes it.
#[tokio::test]
async fn a_used_connection_and_a_long_replay_lead_to_the_same_feed() {
    let serving = Serving::start(TestApp::start().await).await;
    serving.app.seal_many(300).await;
    let stream = TcpStream::connect(serving.address).await.unwrap();
    let mut stream = BufReader::new(stream);
    let first = b"GET /log/checkpoint HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(first).await.unwrap();
    let head = answer_head(&mut stream).await;
    let (_, length) = head.split_once("content-length: ").unwrap();
    let (length, _) = length.split_once("\r\n").unwrap();
    let mut checkpoint = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut checkpoint).await.unwrap();
    let mut used = Events::on(stream, "").await;
    assert!(!used.is_chunked);
    assert_eq!(used.head().await.0, 299);
    let mut near = Events::open(&serving, "last-event-id: 200\r\n").await;
    assert!(!near.is_chunked);
    let mut far = Events::open(&serving, "last-event-id: 1\r\n").await;
    assert!(far.is_chunked);
    for index in 201..300 {
        assert_eq!(near.head().await.0, index);
    }
    for index in 2..300 {
        assert_eq!(far.head().await.0, index);
    }
    serving.app.seal().await;
    for events in [&mut used, &mut near, &mut far] {
        assert_eq!(events.head().await.0, 300);
    }
}

// Readers that left hyper are connections all the same, and their places come back.
#[tokio::test]
async fn readers_keep_their_places_among_the_connections() {
    let settings = WebSettings {
        connections_max: 2,
        ..WebSettings::default()
    };
    let serving = Serving::start(TestApp::with(settings, Duration::from_secs(1)).await).await;
    serving.app.seal().await;
    let mut first = Events::open(&serving, "").await;
    let mut second = Events::open(&serving, "").await;
    assert_eq!((first.head().await.0, second.head().await.0), (0, 0));
    let third = tokio::spawn({
        let address = serving.address;
        async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let mut stream = BufReader::new(stream);
            let request = b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            answer_head(&mut stream).await
        }
    });
    serving.app.seal().await;
    assert_eq!((first.head().await.0, second.head().await.0), (1, 1));
    assert!(!third.is_finished(), "no place was free");
    drop(first);
    assert!(third.await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn silence_is_broken_and_the_end_is_told() {
    let settings = WebSettings {
        live_beat: Duration::from_millis(200),
        ..WebSettings::default()
    };
    let serving = Serving::start(TestApp::with(settings, Duration::from_secs(1)).await).await;
    serving.app.seal().await;
    let mut events = Events::open(&serving, "").await;
    let mut socket = connect(&serving, "").await;
    assert_eq!(events.head().await.0, 0);
    assert_eq!(events.next().await.as_deref(), Some(":\n\n"));
    assert_eq!(head(&mut socket).await.interval.index, 0);
    assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
    serving.app.app.close();
    while let Some(event) = events.next().await {
        assert!(event.starts_with(':'), "{event}");
    }
    loop {
        match socket.next().await {
            Some(Ok(Message::Ping(_))) => {}
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!(u16::from(frame.code), 1012);
                break;
            }
            odd => panic!("{odd:?}"),
        }
    }
}

// A reader that was up to date and then sleeps must not be fed from an endless queue.
#[tokio::test]
async fn who_falls_behind_is_told_and_dropped() {
    let settings = WebSettings {
        live_lag_max: 3,
        live_replay_max: 4,
        ..WebSettings::default()
    };
    let app = Arc::new(TestApp::with(settings, Duration::from_secs(1)).await);
    app.seal().await;
    let get = |path: &str| request(http::Method::GET, path, &[], "");
    let answer = app
        .web
        .answer(crate::app::HERE, get("/api/v1/mth/live/sse"))
        .await;
    let mut body = answer.into_body().into_data_stream();
    let first = body.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"id: 0\n"));
    app.seal_many(5).await;
    let told = body.next().await.unwrap().unwrap();
    assert_eq!(&told[..], b"event: lagging\ndata: {\"missed\":5}\n\n");
    assert!(body.next().await.is_none());
    let far = app.get("/api/v1/mth/live/sse?after=0").await;
    assert_eq!(
        far.problem(),
        (422, "replay-too-far".into(), Some("after".into()))
    );
}
