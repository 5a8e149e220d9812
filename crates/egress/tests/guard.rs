//! The guard against callers, servers and names that mean harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use egress::Limits;
use egress::guard::{
    Guard, HostRule, Hosts, Injection, Place, Policy, REDACTED, Refusal, Reply, Request, Resolver,
    World,
};
use egress::{Method, header};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

/// Names that lead where the test says, in turn when there are several answers.
#[derive(Default)]
struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: AtomicUsize,
}

impl Names {
    fn say(self, name: &str, answers: &[&[&str]]) -> Self {
        let parse = |one: &&[&str]| one.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers.iter().map(parse).collect();
        self.answers.lock().insert(name.to_owned(), answers);
        self
    }
}

#[async_trait]
impl Resolver for Names {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock();
        let Some(answers) = answers.get_mut(name.trim_end_matches('.')) else {
            return Err(std::io::ErrorKind::NotFound.into());
        };
        Ok(if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        })
    }
}

/// A server that remembers what it was asked and answers what the path says.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (ears, answer) = (Arc::clone(&heard), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (ears, answer) = (Arc::clone(&ears), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let mut buffer = [0; 4096];
                    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                        match stream.read(&mut buffer).await {
                            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
                            _ => return,
                        }
                    }
                    let request = String::from_utf8(request).unwrap();
                    let reply = answer(&request);
                    ears.lock().push(request);
                    let _ = stream.write_all(reply.as_bytes()).await;
                });
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().clone()
    }
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn redirect(status: u16, to: &str) -> String {
    format!(
        "HTTP/1.1 {status} Go\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

/// Whoever may reach this machine's own servers, by the names of the test.
fn policy(port: u16) -> Policy {
    Policy {
        hosts: Hosts::Public,
        ports: vec![port],
        open_line: true,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Policy::hosts(Vec::new())
    }
}

fn guard(policy: Policy, names: Names) -> Guard {
    let world = World {
        resolver: Arc::new(names),
        ..World::default()
    };
    Guard::new(policy, world).unwrap()
}

async fn ask(guard: &Guard, url: &str) -> Result<Reply, Refusal> {
    let url = Url::parse(url).unwrap();
    guard
        .ask(Request::get(url))
        .await
        .map_err(|refused| refused.why)
}

async fn refused(guard: &Guard, url: &str, expected: &str) {
    let why = ask(guard, url).await.unwrap_err().to_string();
    assert!(why.contains(expected), "{url}: {why}");
}

fn here(name: &str) -> Names {
    Names::default().say(name, &[&["127.0.0.1"]])
}

// The answer of a source must not be a way into the network of whoever runs this.
#[tokio::test]
async fn nothing_outside_of_the_public_internet_is_reached_however_it_is_written() {
    let server = Server::start(|_| ok("the metadata")).await;
    let port = server.address.port();
    let names = here("inside.test")
        .say("mixed.test", &[&["1.1.1.1", "10.0.0.1"]])
        .say("mapped.test", &[&["::ffff:127.0.0.1"]])
        .say("nat64.test", &[&["64:ff9b::a9fe:a9fe"]]);
    let guard = guard(
        Policy {
            networks: Vec::new(),
            ..policy(port)
        },
        names,
    );
    for (host, expected) in [
        ("127.0.0.1", "127.0.0.1 is loopback"),
        ("127.1", "127.0.0.1 is loopback"),
        ("2130706433", "127.0.0.1 is loopback"),
        ("0x7f.0.0.1", "127.0.0.1 is loopback"),
        ("0177.0.0.1", "127.0.0.1 is loopback"),
        ("[::1]", "::1 is loopback"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1 is loopback"),
        ("169.254.169.254", "clouds keep their metadata"),
        ("inside.test", "inside.test leads to 127.0.0.1"),
        ("mixed.test", "mixed.test leads to 10.0.0.1"),
        ("mapped.test", "leads to ::ffff:127.0.0.1"),
        ("nat64.test", "clouds keep their metadata"),
        ("nowhere.test", "cannot be reached"),
    ] {
        refused(&guard, &format!("http://{host}:{port}/"), expected).await;
    }
    assert!(server.heard().is_empty());
}

// Between looking at a name and connecting to it, its owner may change where it leads.
#[tokio::test]
async fn a_name_is_resolved_once_and_what_was_checked_is_what_is_connected_to() {
    let server = Server::start(|_| ok("hello")).await;
    let port = server.address.port();
    let names = here("rebinds.test").say("rebinds.test", &[&["127.0.0.1"], &["10.9.9.9"]]);
    let guard = guard(policy(port), names);
    let url = format!("http://rebinds.test:{port}/");
    let reply = ask(&guard, &url).await.unwrap();
    assert_eq!(&reply.body[..], b"hello");
    assert_eq!(reply.trace.hops[0].peer, Some(server.address));
    // The next connection asks again, and finds what is there now.
    refused(&guard, &url, "rebinds.test leads to 10.9.9.9").await;
}

#[tokio::test]
async fn only_what_the_policy_names_is_asked() {
    let server = Server::start(|_| ok("hello")).await;
    let port = server.address.port();
    let rules: Vec<HostRule> = vec!["api.test".parse().unwrap(), "*.cdn.test".parse().unwrap()];
    let names = || here("api.test").say("a.cdn.test", &[&["127.0.0.1"]]);
    let narrow = guard(
        Policy {
            hosts: Hosts::Only(rules.clone()),
            ..policy(port)
        },
        names(),
    );
    for host in ["api.test", "API.test.", "a.cdn.test"] {
        let asked = ask(&narrow, &format!("http://{host}:{port}/")).await;
        assert!(asked.is_ok(), "{host}: {asked:?}");
    }
    refused(
        &narrow,
        &format!("http://evil.test:{port}/"),
        "evil.test is not among",
    )
    .await;
    refused(
        &narrow,
        &format!("http://127.0.0.1:{port}/"),
        "is not among",
    )
    .await;
    refused(&narrow, "http://api.test:1/", "port 1 is not allowed").await;
    refused(
        &narrow,
        &format!("http://me:pw@api.test:{port}/"),
        "do not belong",
    )
    .await;
    refused(&narrow, "file:///etc/passwd", "file:// is not spoken").await;
    let closed = guard(
        Policy {
            open_line: false,
            ..policy(port)
        },
        names(),
    );
    refused(&closed, &format!("http://api.test:{port}/"), "open line").await;
    let nobody = guard(
        Policy {
            hosts: Hosts::Only(Vec::new()),
            ..policy(port)
        },
        names(),
    );
    refused(&nobody, &format!("http://api.test:{port}/"), "is not among").await;
    let (name, value) = egress::guard::header("Host", "elsewhere.test").unwrap();
    let mut smuggles = Request::get(format!("http://api.test:{port}/").parse().unwrap());
    smuggles.headers.insert(name, value);
    let why = narrow.ask(smuggles).await.unwrap_err().why;
    assert_eq!(why.to_string(), "the header host is not yours to set");
}

// An address that was allowed may send us on to one that is not.
#[tokio::test]
async fn each_redirect_is_looked_at_again() {
    let server = Server::start(|request| match request.split(' ').nth(1).unwrap() {
        "/inward" => redirect(302, "http://169.254.169.254/latest/meta-data"),
        "/away" => redirect(302, "http://evil.test/"),
        "/file" => redirect(302, "file:///etc/passwd"),
        "/nonsense" => redirect(302, "http://[/"),
        "/round" => redirect(302, "/round"),
        "/twice" => redirect(301, "once"),
        "/once" => redirect(307, "/end#part"),
        "/plain" => "HTTP/1.1 302 Go\r\ncontent-length: 0\r\n\r\n".into(),
        _ => ok("the end"),
    })
    .await;
    let port = server.address.port();
    let policy = Policy {
        hosts: Hosts::Only(vec![
            "api.test".parse().unwrap(),
            "169.254.169.254".parse().unwrap(),
        ]),
        ports: vec![port, 80],
        ..policy(port)
    };
    let guard = guard(policy, here("api.test"));
    let at = |path: &str| format!("http://api.test:{port}{path}");
    refused(&guard, &at("/inward"), "clouds keep their metadata").await;
    refused(&guard, &at("/away"), "evil.test is not among").await;
    refused(&guard, &at("/file"), "file:// is not spoken").await;
    refused(&guard, &at("/nonsense"), "leads to no address").await;
    refused(&guard, &at("/round"), "more than 5 redirects").await;
    let reply = ask(&guard, &at("/twice")).await.unwrap();
    assert_eq!(
        (&reply.body[..], reply.url.path()),
        (&b"the end"[..], "/end")
    );
    let hops: Vec<_> = reply
        .trace
        .hops
        .iter()
        .map(|hop| hop.status.unwrap().as_u16())
        .collect();
    assert_eq!(hops, [301, 307, 200]);
    assert_eq!(ask(&guard, &at("/plain")).await.unwrap().status, 302);
}

#[tokio::test]
async fn a_redirect_elsewhere_takes_no_credentials_and_no_body_along() {
    let second = Server::start(|_| ok("thanks")).await;
    let to = format!("http://other.test:{}/", second.address.port());
    let first = Server::start(move |request| {
        let keeps = request.contains("/keep");
        redirect(if keeps { 308 } else { 303 }, &to)
    })
    .await;
    let policy = Policy {
        ports: vec![first.address.port(), second.address.port()],
        ..policy(0)
    };
    let names = here("one.test").say("other.test", &[&["127.0.0.1"]]);
    let guard = guard(policy, names);
    for (path, method) in [("see", "GET"), ("keep", "POST")] {
        let url = format!("http://one.test:{}/{path}", first.address.port());
        let mut request = Request {
            method: Method::POST,
            body: "the body".into(),
            ..Request::get(url.parse().unwrap())
        };
        for (name, value) in [
            ("authorization", "Bearer mine"),
            ("cookie", "a=b"),
            ("x-mine", "yes"),
        ] {
            let (name, value) = egress::guard::header(name, value).unwrap();
            request.headers.insert(name, value);
        }
        guard.ask(request).await.unwrap();
        let heard = second.heard().pop().unwrap();
        assert!(heard.starts_with(&format!("{method} / ")), "{heard}");
        assert!(
            !heard.contains("mine\r") && !heard.contains("a=b"),
            "{heard}"
        );
        assert!(heard.contains("x-mine: yes"));
        assert_eq!(heard.contains("the body"), method == "POST", "{heard}");
    }
    assert!(first.heard()[0].contains("authorization: Bearer mine"));
}

const SECRET: &str = "Sup3r/S3cret";

// Code that asks must not learn the secret, not even from a server that repeats everything.
#[tokio::test]
async fn a_secret_reaches_its_host_and_never_comes_back() {
    let server = Server::start(|request| {
        let echo = request.replace("\r\n", "|");
        let moved = request.contains("GET /moved");
        if moved {
            return redirect(302, "/?token=Sup3r%2FS3cret");
        }
        format!(
            "HTTP/1.1 200 OK\r\nx-echo: {SECRET}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{echo}",
            echo.len()
        )
    })
    .await;
    let port = server.address.port();
    let injection = |place| Injection {
        place,
        host: "api.test".parse().unwrap(),
        secret: SECRET.into(),
    };
    let policy = Policy {
        secrets: vec![
            injection(Place::Query("key".into())),
            injection(Place::Header {
                name: header::AUTHORIZATION,
                before: "Bearer ".into(),
            }),
        ],
        ..policy(port)
    };
    let names = here("api.test").say("other.test", &[&["127.0.0.1"]]);
    let guard = guard(policy, names);
    for path in ["/", "/moved"] {
        let reply = ask(&guard, &format!("http://api.test:{port}{path}"))
            .await
            .unwrap();
        let heard = server.heard().pop().unwrap();
        assert!(
            heard.contains("key=Sup3r%2FS3cret") && heard.contains(&format!("Bearer {SECRET}"))
        );
        let body = std::str::from_utf8(&reply.body).unwrap();
        assert!(body.contains(REDACTED), "{body}");
        let everything = format!("{reply:?}");
        for form in [SECRET, "Sup3r%2FS3cret"] {
            assert!(!everything.contains(form), "{everything}");
        }
        assert_eq!(reply.headers["x-echo"], REDACTED);
        assert!(reply.trace.hops.last().unwrap().secrets_found >= 3);
    }
    ask(&guard, &format!("http://other.test:{port}/"))
        .await
        .unwrap();
    let heard = server.heard().pop().unwrap();
    assert!(!heard.contains("S3cret"), "{heard}");
    // Nobody is there to answer: the error must not repeat what was sent.
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = self::guard(
        Policy {
            secrets: vec![injection(Place::Query("key".into()))],
            ..self::policy(gone)
        },
        here("api.test"),
    );
    let url = Url::parse(&format!("http://api.test:{gone}/")).unwrap();
    let refused = nobody.ask(Request::get(url)).await.unwrap_err();
    assert!(
        !format!("{refused:?} {refused}").contains("S3cret"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn time_and_bytes_end() {
    let server = Server::start(|request| {
        if request.contains("/long") {
            ok(&"x".repeat(2000))
        } else {
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n".into()
        }
    })
    .await;
    let port = server.address.port();
    let policy = Policy {
        limits: Limits {
            whole: Duration::from_millis(500),
            body_bytes_max: 1000,
            ..Limits::default()
        },
        request_bytes_max: 10,
        ..policy(port)
    };
    let guard = guard(policy, here("api.test"));
    refused(
        &guard,
        &format!("http://api.test:{port}/long"),
        "longer than 1000 bytes",
    )
    .await;
    let request = Request {
        method: Method::POST,
        body: "x".repeat(11).into(),
        ..Request::get(format!("http://api.test:{port}/").parse().unwrap())
    };
    let why = guard.ask(request).await.unwrap_err().why;
    assert!(matches!(why, Refusal::RequestTooLong(10)));
    let listens = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = self::guard(
        Policy {
            limits: Limits {
                whole: Duration::from_millis(200),
                ..Limits::default()
            },
            ..self::policy(listens.local_addr().unwrap().port())
        },
        here("api.test"),
    );
    let port = listens.local_addr().unwrap().port();
    refused(
        &silent,
        &format!("http://api.test:{port}/"),
        "no answer in time",
    )
    .await;
}

#[tokio::test]
async fn what_the_administrator_wrote_down_is_reached_and_nothing_beside_it() {
    let server = Server::start(|_| ok("hello")).await;
    let url = Url::parse(&format!("http://127.0.0.1:{}/", server.address.port())).unwrap();
    let guard = Guard::new(Policy::configured(&url), World::default()).unwrap();
    assert!(ask(&guard, url.as_str()).await.is_ok());
    refused(&guard, "http://127.0.0.1:1/", "port 1 is not allowed").await;
    refused(&guard, "http://127.0.0.2/", "not allowed here").await;
}

// Behind a proxy the names of the world may be unknown here, but those that are known are checked.
#[tokio::test]
async fn a_proxy_is_asked_for_everything_that_may_be_asked() {
    let proxy = Server::start(|_| ok("from the proxy")).await;
    let names = Names::default()
        .say("proxy.test", &[&["127.0.0.1"]])
        .say("inside.test", &[&["10.0.0.1"]]);
    let policy = Policy {
        networks: Vec::new(),
        ports: vec![80],
        ..policy(80)
    };
    let world = World {
        resolver: Arc::new(names),
        proxy: Some(
            format!("http://proxy.test:{}", proxy.address.port())
                .parse()
                .unwrap(),
        ),
        ..World::default()
    };
    let guard = Guard::new(policy, world).unwrap();
    let reply = ask(&guard, "http://unknown-here.test/x").await.unwrap();
    assert_eq!(&reply.body[..], b"from the proxy");
    assert!(proxy.heard()[0].starts_with("GET http://unknown-here.test/x "));
    refused(
        &guard,
        "http://inside.test/",
        "10.0.0.1 is a private network",
    )
    .await;
    refused(&guard, "http://127.0.0.1/", "loopback").await;
    assert_eq!(proxy.heard().len(), 1);
}

#[test]
fn authorities_that_are_none_are_told() {
    let world = World {
        authorities_pem: b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----".to_vec(),
        ..World::default()
    };
    assert!(Guard::new(Policy::hosts(Vec::new()), world).is_err());
}
