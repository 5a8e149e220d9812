//! Both ends of the contract over a real socket, with a scripted engine and a scripted outside.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use runners::proto::v1::runner_client::RunnerClient as V1;
use runners::proto::v1::{
    BackgroundTaskRequest, DeleteRequest, FetchDataRequest, Indicator, InitRequest, UpdateRequest,
};
use runners::proto::v2::runner_client::RunnerClient as V2;
use runners::proto::v2::{HttpResponse, ToRunner, to_runner};
use runners::{
    Address, Call, Client, Code, Description, Engine, Failure, FailureKind, Finished, HttpAnswer,
    HttpRequest, Level, Limits, Listener, LogLine, Outside, Preparation, Problem, Refused,
    ServeError, Unanswered, Usage, Work, serve,
};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, oneshot};
use tonic::Code as Grpc;
use tonic::transport::{Channel, Endpoint};

/// An engine that does what the text of the code says.
#[derive(Default)]
struct Scripted {
    /// One more for each call that began to hang, and for each whose future was dropped.
    hanging: Count,
    dropped: Count,
}

/// Counts up; whoever wants the next one waits.
struct Count(Semaphore);

impl Default for Count {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Count {
    fn count(&self) {
        self.0.add_permits(1);
    }

    async fn next(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

struct Dropped<'a>(&'a Count);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.count();
    }
}

fn done(outcome: Result<String, Failure>) -> Finished {
    Finished {
        outcome,
        usage: Usage {
            memory_bytes: 7,
            ..Usage::default()
        },
    }
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        url: url.into(),
        headers: vec![
            ("X-Twice".into(), b"1".to_vec()),
            ("X-Twice".into(), b"2".to_vec()),
        ],
        body: b"question".to_vec(),
    }
}

#[async_trait]
impl Engine for Scripted {
    async fn execute(&self, call: Call, outside: Arc<dyn Outside>) -> Finished {
        let data = match call.work {
            Work::FetchData { data, kind } => format!("{kind} {data}"),
            Work::BackgroundTask => String::new(),
        };
        match call.code.text() {
            "speak" => {
                outside
                    .log(LogLine {
                        after: std::time::Duration::from_micros(5),
                        level: Level::Warning,
                        text: data.clone(),
                    })
                    .await;
                outside.partial("{\"part\":1}".into()).await;
                let answer = outside
                    .fetch(request("https://example.com/"))
                    .await
                    .unwrap();
                let refused = outside
                    .fetch(request("http://10.0.0.1/"))
                    .await
                    .unwrap_err();
                let body = String::from_utf8(answer.body).unwrap();
                done(Ok(format!("{} {body} {refused}", answer.status)))
            }
            "ask much" => {
                let answers = (0..100).map(|_| {
                    let outside = outside.clone();
                    tokio::spawn(
                        async move { outside.fetch(request("https://example.com/")).await },
                    )
                });
                let answers: Vec<_> = answers.collect();
                let mut came = 0;
                for answer in answers {
                    came += usize::from(answer.await.unwrap().is_ok());
                }
                done(Ok(came.to_string()))
            }
            "ask" => match outside.fetch(request("https://example.com/")).await {
                Ok(_) => done(Ok("answered".into())),
                Err(refused) => done(Ok(refused.to_string())),
            },
            "large" => done(Ok("x".repeat(8 << 20))),
            "too large" => done(Ok("x".repeat(40 << 20))),
            "echo" => done(Ok(data)),
            "panic" => panic!("the engine has a bug"),
            "hang" => {
                let _dropped = Dropped(&self.dropped);
                self.hanging.count();
                std::future::pending().await
            }
            _ => done(Err(Failure {
                kind: FailureKind::Code,
                message: "no such word".into(),
                traceback: "line 1".into(),
            })),
        }
    }

    async fn prepare(&self, preparation: Preparation, outside: Arc<dyn Outside>) -> Finished {
        outside
            .fetch(request("https://index.example/"))
            .await
            .unwrap();
        done(Ok(preparation.lock.text().len().to_string()))
    }

    async fn check(&self, code: Code) -> Vec<Problem> {
        vec![Problem {
            line: 1,
            column: 2,
            message: code.text().to_owned(),
        }]
    }

    fn describe(&self) -> Description {
        Description {
            language: "script".into(),
            version: "1".into(),
            missing_walls: vec!["Landlock".into()],
        }
    }
}

/// What a call said, and a network with one host.
#[derive(Default)]
struct Heard {
    said: Mutex<Vec<String>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Outside for Heard {
    async fn log(&self, line: LogLine) {
        let said = format!("{:?} {:?} {}", line.after, line.level, line.text);
        self.said.lock().push(said);
    }

    async fn partial(&self, json: String) {
        self.said.lock().push(json);
    }

    async fn fetch(&self, asked: HttpRequest) -> Result<HttpAnswer, Refused> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(asked, request(&asked.url), "something was lost on the way");
        if asked.url.contains("10.0.0.1") {
            return Err(Refused("not a public address".into()));
        }
        Ok(HttpAnswer {
            status: 200,
            url: asked.url,
            headers: asked.headers,
            body: b"answer".to_vec(),
        })
    }
}

/// A runner in this process, behind a real socket.
struct Runner {
    address: Address,
    engine: Arc<Scripted>,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    _folder: tempfile::TempDir,
}

fn runner() -> Runner {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runner.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let engine = Arc::new(Scripted::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let served = engine.clone();
    tokio::spawn(async move {
        let until = async {
            let _ = stopped.await;
        };
        serve(served, Listener::Unix(listener), until)
            .await
            .unwrap();
    });
    let address = Address::Unix(path);
    Runner {
        client: Client::new(&address).unwrap(),
        address,
        engine,
        stop: Some(stop),
        _folder: folder,
    }
}

async fn channel(address: &Address) -> Channel {
    let Address::Unix(path) = address else {
        panic!("{address} is no Unix socket");
    };
    let endpoint = Endpoint::try_from(format!("unix://{}", path.display())).unwrap();
    endpoint.connect().await.unwrap()
}

fn call(code: &str) -> Call {
    Call {
        id: format!("call of {code}"),
        code: Code::new(code),
        work: Work::FetchData {
            data: "example.com".into(),
            kind: "DOMAIN".into(),
        },
        limits: Limits::USUAL,
        environment: None,
        secrets: Vec::new(),
    }
}

/// Everything that a source shows on its page comes this way.
#[tokio::test]
async fn a_call_speaks_asks_and_ends() {
    let runner = runner();
    let heard = Arc::new(Heard::default());
    let finished = runner
        .client
        .execute(&call("speak"), heard.clone())
        .await
        .unwrap();
    assert_eq!(finished, done(Ok("200 answer not a public address".into())));
    let said = ["5µs Warning DOMAIN example.com", "{\"part\":1}"];
    assert_eq!(*heard.said.lock(), said);
    // A failure is an answer, too, with what helps to mend the code.
    let finished = runner
        .client
        .execute(&call("nonsense"), heard.clone())
        .await
        .unwrap();
    let failure = finished.outcome.unwrap_err();
    assert_eq!(
        (failure.kind, failure.traceback.as_str()),
        (FailureKind::Code, "line 1")
    );
    let finished = runner
        .client
        .execute(&call("ask much"), heard.clone())
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap(), "100");
    assert_eq!(heard.asked.load(Ordering::Relaxed), 102);
    let finished = runner.client.execute(&call("large"), heard).await.unwrap();
    assert_eq!(finished.outcome.unwrap().len(), 8 << 20);
}

/// A page that is closed must stop what it began, or a source can be run to death.
#[tokio::test]
async fn whoever_goes_away_cancels() {
    let runner = runner();
    let client = runner.client.clone();
    let task = tokio::spawn(async move {
        client
            .execute(&call("hang"), Arc::new(Heard::default()))
            .await
    });
    runner.engine.hanging.next().await;
    task.abort();
    runner.engine.dropped.next().await;
    // Its place is free again.
    let client = runner.client.clone();
    let task = tokio::spawn(async move {
        client
            .execute(&call("hang"), Arc::new(Heard::default()))
            .await
    });
    runner.engine.hanging.next().await;
    let twice = runner
        .client
        .execute(&call("hang"), Arc::new(Heard::default()))
        .await;
    assert!(matches!(twice, Err(Unanswered::Disagrees(_))), "{twice:?}");
    // Somebody else ends it, by its name.
    let other = Client::new(&runner.address).unwrap();
    assert!(other.cancel("call of hang").await.unwrap());
    let finished = task.await.unwrap().unwrap();
    assert_eq!(finished.outcome.unwrap_err().kind, FailureKind::Cancelled);
    runner.engine.dropped.next().await;
    assert!(!other.cancel("call of hang").await.unwrap());
}

/// Whether to try another runner depends on which of these it is.
#[tokio::test]
async fn a_runner_that_does_not_answer_says_how() {
    let mut runner = runner();
    let outside = || Arc::new(Heard::default());
    let broken = runner.client.execute(&call("panic"), outside()).await;
    assert!(matches!(broken, Err(Unanswered::Gone(_))), "{broken:?}");
    let large = runner.client.execute(&call("too large"), outside()).await;
    assert!(matches!(large, Err(Unanswered::Disagrees(_))), "{large:?}");
    // It is still there for the next.
    let next = runner
        .client
        .execute(&call("echo"), outside())
        .await
        .unwrap();
    assert_eq!(next.outcome.unwrap(), "DOMAIN example.com");
    assert!(runner.client.serves().await.unwrap());
    drop(runner.stop.take());
    let nobody = Client::new(&Address::Unix("/nowhere/runner.sock".into())).unwrap();
    for answer in [
        nobody.execute(&call("echo"), outside()).await.map(drop),
        nobody.serves().await.map(drop),
        nobody.describe().await.map(drop),
    ] {
        assert!(matches!(answer, Err(Unanswered::Gone(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_runner_says_what_it_is_and_what_it_thinks_of_code() {
    let runner = runner();
    assert_eq!(
        runner.client.describe().await.unwrap(),
        runner.engine.describe()
    );
    let problems = runner.client.check(&Code::new("x")).await.unwrap();
    assert_eq!(problems, runner.engine.check(Code::new("x")).await);
    let preparation = Preparation {
        id: "p".into(),
        lock: Code::new("lock"),
        limits: Limits::USUAL,
    };
    let heard = Arc::new(Heard::default());
    let finished = runner
        .client
        .prepare(&preparation, heard.clone())
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap(), "4");
    assert_eq!(heard.asked.load(Ordering::Relaxed), 1);
}

/// A client that breaks the contract is told so, and harms nobody else.
#[tokio::test]
async fn a_broken_contract_is_named() {
    let runner = runner();
    let mut raw = V2::new(channel(&runner.address).await);
    let send = |messages: Vec<to_runner::Message>| {
        let wrap = |message| ToRunner {
            message: Some(message),
        };
        tokio_stream::iter(messages.into_iter().map(wrap).collect::<Vec<_>>())
    };
    let response = || {
        to_runner::Message::Response(HttpResponse {
            id: 1,
            outcome: None,
        })
    };
    let whole = |code: &str| to_runner::Message::Call((&call(code)).into());

    let status = raw.execute(send(vec![])).await.unwrap_err();
    assert_eq!(status.message(), "message: nothing was asked");
    let status = raw.execute(send(vec![response()])).await.unwrap_err();
    assert_eq!(status.message(), "message: the first is no call");
    let status = raw.prepare(send(vec![whole("hang")])).await.unwrap_err();
    assert_eq!(status.message(), "message: the first is no preparation");
    let to_runner::Message::Call(mut nameless) = whole("hang") else {
        unreachable!("it was made a call");
    };
    nameless.id.clear();
    let first = send(vec![to_runner::Message::Call(nameless)]);
    let status = raw.execute(first).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Grpc::InvalidArgument, "id: is empty")
    );
    for (second, expected) in [
        (
            whole("hang"),
            "message: is no response, and the call has begun",
        ),
        (response(), "response.outcome: is missing"),
    ] {
        let begun = raw.execute(send(vec![whole("hang"), second])).await;
        let status = begun.unwrap().into_inner().message().await.unwrap_err();
        assert_eq!(status.message(), expected);
    }
    // Who sends no more than the call answers no requests, and hears the end all the same.
    let mut answers = raw
        .execute(send(vec![whole("ask")]))
        .await
        .unwrap()
        .into_inner();
    let mut last = None;
    while let Some(message) = answers.message().await.unwrap() {
        last = message.message;
    }
    let last = format!("{last:?}");
    assert!(last.contains("nobody answers requests any more"), "{last}");
}

/// The clients of the third seed go on working.
#[tokio::test]
async fn version_one_is_served() {
    let runner = runner();
    let mut client = V1::new(channel(&runner.address).await);
    let update = |source: &str, source_code: &str| UpdateRequest {
        source: source.into(),
        source_code: source_code.into(),
    };
    let fetch = |source: &str| FetchDataRequest {
        indicator: Some(Indicator {
            data: "example.com".into(),
            kind: "DOMAIN".into(),
        }),
        source: source.into(),
    };
    let updates = vec![update("a", "echo"), update("b", "ask")];
    client.init(InitRequest { updates }).await.unwrap();
    let reply = client.fetch_data(fetch("a")).await.unwrap().into_inner();
    assert_eq!(reply.data, "DOMAIN example.com");
    let reply = client.fetch_data(fetch("b")).await.unwrap().into_inner();
    assert!(reply.data.contains("has no way out"), "{}", reply.data);
    let task = BackgroundTaskRequest { source: "a".into() };
    client.background_task(task).await.unwrap();
    client.update(update("a", "nonsense")).await.unwrap();
    let status = client.fetch_data(fetch("a")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Grpc::Unknown, "no such word\nline 1")
    );
    client
        .delete(DeleteRequest { source: "a".into() })
        .await
        .unwrap();
    let status = client.fetch_data(fetch("a")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Grpc::NotFound, "no source is \"a\"")
    );
    let nothing = FetchDataRequest {
        indicator: None,
        ..fetch("b")
    };
    let status = client.fetch_data(nothing).await.unwrap_err();
    assert_eq!(status.message(), "indicator: is missing");
    // The runner starts anew: what it had is forgotten.
    client
        .init(InitRequest {
            updates: Vec::new(),
        })
        .await
        .unwrap();
    assert_eq!(
        client.fetch_data(fetch("b")).await.unwrap_err().code(),
        Grpc::NotFound
    );
}

/// Code and answers must not cross a network in clear.
#[tokio::test]
async fn tcp_is_for_this_machine_only() {
    let engine = Arc::new(Scripted::default());
    let open = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = serve(engine.clone(), Listener::Tcp(open), std::future::pending()).await;
    assert!(matches!(error, Err(ServeError::Open(_))), "{error:?}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Loopback(listener.local_addr().unwrap());
    tokio::spawn(serve(
        engine,
        Listener::Tcp(listener),
        std::future::pending(),
    ));
    let client = Client::new(&address).unwrap();
    let finished = client
        .execute(&call("echo"), Arc::new(Heard::default()))
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap(), "DOMAIN example.com");
}
