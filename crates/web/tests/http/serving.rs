//! The accept loop over a real port.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use web::WebSettings;

use crate::app::TestApp;

/// An app that listens on a free port of the loopback.
pub(crate) struct Serving {
    pub app: TestApp,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<std::io::Result<()>>>,
}

impl Serving {
    pub(crate) async fn start(app: TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let web = std::sync::Arc::clone(&app.web);
        let served = tokio::spawn(web::serve(listener, web, async move {
            let _ = stopped.await;
        }));
        Self {
            app,
            address,
            stop: Some(stop),
            served: Some(served),
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn stop(&mut self) -> JoinHandle<std::io::Result<()>> {
        let _ = self.stop.take().unwrap().send(());
        self.served.take().unwrap()
    }
}

async fn settings(change: impl FnOnce(&mut WebSettings)) -> Serving {
    let mut settings = WebSettings::default();
    change(&mut settings);
    Serving::start(TestApp::with(settings, Duration::from_secs(20)).await).await
}

async fn answer_of(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn http_1_and_http_2_share_the_port() {
    let serving = settings(|_| ()).await;
    let mut stream = serving.connect().await;
    let request = "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = answer_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nx-request-id: "));
    let mut stream = serving.connect().await;
    // The preface and an empty SETTINGS frame: RFC 9113 §3.4. The server's first frame is one too.
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "SETTINGS");
}

#[tokio::test]
async fn endless_slowness_ends() {
    let serving = settings(|settings| settings.head_timeout = Duration::from_millis(50)).await;
    for sent in ["", "PRI * HTT", "GET /readyz HTTP/1.1\r\nhost: x\r\nx: "] {
        let mut stream = serving.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let answer = answer_of(&mut stream).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{sent:?} {answer}"
        );
    }
}

#[tokio::test]
async fn a_crowd_from_one_address_is_turned_away() {
    let serving = settings(|settings| {
        settings.connections_per_address_max = 1;
        settings.exempt.clear();
    })
    .await;
    let mut first = serving.connect().await;
    let request = b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n";
    first.write_all(request).await.unwrap();
    let mut start = [0; 12];
    first.read_exact(&mut start).await.unwrap();
    let mut second = serving.connect().await;
    let _ = second.write_all(request).await;
    let mut nothing = Vec::new();
    let ended = second.read_to_end(&mut nothing).await;
    assert!(ended.is_err() || nothing.is_empty(), "{nothing:?}");
}

// A deployment must not cost anyone an answer: who waits is answered, then the port closes.
#[tokio::test]
async fn stopping_answers_those_who_wait() {
    let mut serving = settings(|_| ()).await;
    let mut waiting = serving.connect().await;
    let body = r#"{"data":"x"}"#;
    let request = format!(
        "POST /api/v1/ts/?wait HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    waiting.write_all(request.as_bytes()).await.unwrap();
    while serving.app.app.store.pooled().await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    let mut idle = serving.connect().await;
    let served = serving.stop();
    let answer = answer_of(&mut waiting).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"));
    // Who was not yet accepted is reset, who was idle is closed.
    let mut nothing = Vec::new();
    let _ = idle.read_to_end(&mut nothing).await;
    assert!(nothing.is_empty());
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(serving.address).await.is_err());
}
