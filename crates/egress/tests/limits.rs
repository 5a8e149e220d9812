//! The way out against servers that misbehave.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::time::{Duration, Instant};

use egress::{Egress, EgressError, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

/// A server that reads a request's head, writes `answer`, and, if `hold`, keeps the line open.
async fn server(answer: Vec<u8>, hold: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(&answer).await;
                if hold {
                    let _ = stream.read(&mut head).await;
                }
            });
        }
    });
    format!("http://127.0.0.1:{port}/x").parse().unwrap()
}

fn way_out() -> Egress {
    Egress::new(Limits {
        silence: Duration::from_millis(300),
        whole: Duration::from_secs(2),
        body_bytes_max: 1000,
        ..Limits::default()
    })
    .unwrap()
}

#[tokio::test]
async fn a_plain_answer_arrives_whole() {
    let url = server(
        b"HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: 5\r\n\r\nhello".to_vec(),
        false,
    )
    .await;
    let answer = way_out().get(&url, "text/plain").await.unwrap();
    assert_eq!(answer.status, 429);
    assert_eq!(answer.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(answer.body.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let url = server(
        b"HTTP/1.1 302 F\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec(),
        false,
    )
    .await;
    let answer = way_out().get(&url, "*/*").await.unwrap();
    assert_eq!(answer.status, 302);
}

#[tokio::test]
async fn long_bodies_are_cut_off_whether_announced_or_not() {
    let announced = server(
        b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n".to_vec(),
        true,
    )
    .await;
    let mut silent = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    silent.resize(5000, b'x');
    let silent = server(silent, false).await;
    for url in [announced, silent] {
        let answer = way_out().get(&url, "*/*").await.unwrap();
        let error = answer.body.bytes().await.unwrap_err();
        assert!(matches!(error, EgressError::TooLong { .. }), "{error}");
    }
}

#[tokio::test]
async fn silence_ends_and_so_does_nobody_there() {
    let begun = Instant::now();
    let url = server(Vec::new(), true).await;
    let error = way_out().get(&url, "*/*").await.unwrap_err();
    assert!(matches!(error, EgressError::Slow(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));

    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let error = way_out().get(&url, "*/*").await.unwrap_err();
    assert!(matches!(error, EgressError::Unreachable { .. }), "{error}");

    let url = "file:///etc/passwd".parse().unwrap();
    let error = way_out().get(&url, "*/*").await.unwrap_err();
    assert!(matches!(error, EgressError::Scheme(_)), "{error}");
}
