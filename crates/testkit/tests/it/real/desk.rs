//! The desk of the real program, against stand-ins that speak the services' contracts.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use egress::{Egress, Limits, Method, StatusCode, header};
use fakes::Fakes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{Database, Dialect, Program, indelible, program_path, store_args};
use tokio::time::{sleep, timeout};

use super::check_fsck;

/// An address that every stand-in knows as harmful.
const BAD: &str = "192.0.2.7";
/// Longest time for what happens by itself, such as sealing.
const SOON: Duration = Duration::from_mins(1);

/// A program, and a token of its administrator.
struct Desk {
    program: Program,
    http: Egress,
    token: String,
}

/// Where the upstreams of these sources are.
fn upstreams(fakes: &Fakes, slugs: &[&str]) -> String {
    let moved = slugs
        .iter()
        .map(|slug| format!("{slug}={}", fakes.base(slug)));
    moved.collect::<Vec<_>>().join(",")
}

impl Desk {
    /// Starts a server, makes its first account and a token.
    async fn start(database: &Database, fakes: &Fakes, slugs: &[&str]) -> Self {
        let moved = upstreams(fakes, slugs);
        let args = [
            "--log-interval",
            "20ms",
            "--log-heartbeat",
            "60ms",
            "--desk-upstreams",
            &moved,
        ];
        let program = Program::serve(database, &args).await;
        let http = Egress::new(Limits::default()).unwrap();
        let token = first_token(&program, &http).await;
        Self {
            program,
            http,
            token,
        }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Bytes) {
        let authorization = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("accept", "*/*"),
        ];
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let url = self.program.url(path).parse().unwrap();
        let answer = self.http.send(method, &url, &headers, body).await.unwrap();
        (answer.status, answer.body.bytes().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(status, 200, "{path} {body:?}");
        serde_json::from_slice(&body).unwrap()
    }

    /// Puts the stand-ins' key into the only place that a source has for one.
    async fn give_key(&self, slug: &str) {
        let secret = json!({ "name": slug, "value": fakes::KEY });
        let (status, id) = self.send(Method::POST, "/api/v1/secrets", &secret).await;
        assert_eq!(status, 201, "{id:?}");
        let (_, source) = self
            .send(
                Method::GET,
                &format!("/api/v1/sources/slugs/{slug}"),
                &Value::Null,
            )
            .await;
        let path = format!(
            "/api/v1/sources/{}/secrets",
            std::str::from_utf8(&source).unwrap()
        );
        let slots = self.get(&path).await;
        let put = json!([{
            "name": slots[0]["name"],
            "secretId": std::str::from_utf8(&id).unwrap(),
        }]);
        let (status, why) = self.send(Method::PUT, &path, &put).await;
        assert_eq!(status, 201, "{why:?}");
    }

    /// The answer of one source about an indicator.
    async fn ask(&self, slug: &str, data: &str) -> Value {
        let path = format!("/api/v1/requests/execute?data={data}&fresh=true&sourceIds={slug}");
        self.get(&path).await[0].clone()
    }
}

/// Opens the link that the server printed, makes the first account, and a token of it.
async fn first_token(program: &Program, http: &Egress) -> String {
    let told = program.told();
    let link = told
        .lines()
        .find_map(|line| line.split_once("/setup/"))
        .unwrap_or_else(|| panic!("no link in {told}"));
    let path = format!("/setup/{}", link.1.trim());
    let url = program.url(&path).parse().unwrap();
    let page = http.get(&url, "text/html").await.unwrap();
    let cookie = cookies(&page.headers);
    let html = page.body.text().await.unwrap();
    let form = html
        .split("name=\"form\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no form in {html}"));
    let fields = format!(
        "form={form}&name=Ada&email=ada%40example.org&password=correct+horse+battery+staple"
    );
    let headers = [
        ("cookie", cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        ("sec-fetch-site", "same-origin"),
    ];
    let entered = http
        .send(Method::POST, &url, &headers, fields.into())
        .await
        .unwrap();
    assert_eq!(entered.status, 303, "{}", program.told());
    let session = cookies(&entered.headers);
    let headers = [
        ("cookie", session.as_str()),
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
    ];
    let url = program.url("/api/v1/account/tokens").parse().unwrap();
    let wanted = Bytes::from_static(br#"{"note":"a test"}"#);
    let made = http
        .send(Method::POST, &url, &headers, wanted)
        .await
        .unwrap();
    assert_eq!(made.status, 201);
    let made: Value = serde_json::from_slice(&made.body.bytes().await.unwrap()).unwrap();
    made["token"].as_str().unwrap().to_owned()
}

fn cookies(headers: &header::HeaderMap) -> String {
    let set = headers.get_all("set-cookie").iter();
    let pairs = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// `indelible lookup`, with a token.
fn lookup(args: &[&str], token: &str) -> Output {
    Command::new(program_path())
        .arg("lookup")
        .args(args)
        .env_clear()
        .env("INDELIBLE_TOKEN", token)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Waits until something is so.
async fn soon(what: &str, desk: &Desk, is_so: impl AsyncFn() -> bool) {
    let waiting = timeout(SOON, async {
        while !is_so().await {
            sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waiting.await.is_ok(), "{what}: {}", desk.program.told());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_asked_for_sealed_and_proved_on_sqlite() {
    asked_sealed_and_proved(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_asked_for_sealed_and_proved_on_postgres() {
    asked_sealed_and_proved(Dialect::Postgres).await;
}

// The whole way: a secret is set, goes out in its header and nowhere else, the answer becomes
// evidence, and anybody can check that it was there when we say.
async fn asked_sealed_and_proved(dialect: Dialect) {
    let fakes = Fakes::start().await.unwrap();
    let database = Database::new(dialect).await;
    let mut desk = Desk::start(&database, &fakes, &["abuseipdb", "internetdb"]).await;
    assert_eq!(
        desk.ask("abuseipdb", BAD).await["errors"][0]["kind"],
        "MISSING_SECRET"
    );
    desk.give_key("abuseipdb").await;
    let answer = desk.ask("abuseipdb", BAD).await;
    assert_eq!(
        (&answer["outcome"], &answer["verdict"]),
        (&json!("FOUND"), &json!("MALICIOUS")),
        "{answer:#}"
    );
    let heard = fakes.last("abuseipdb").unwrap();
    assert_eq!(heard.header("key"), Some(fakes::KEY));
    assert!(!answer.to_string().contains(fakes::KEY));
    assert!(!desk.program.told().contains(fakes::KEY));

    let evidence = format!(
        "/api/v1/evidence/{}",
        answer["evidence"]["id"].as_str().unwrap()
    );
    let (_, bytes) = desk.send(Method::GET, &evidence, &Value::Null).await;
    assert_eq!(
        hex::encode(Sha256::digest(&bytes)),
        answer["evidence"]["sha256"]
    );
    let proof = format!("{evidence}/proof");
    soon("no proof", &desk, async || {
        desk.send(Method::GET, &proof, &Value::Null).await.0 == 200
    })
    .await;
    let (_, proof) = desk.send(Method::GET, &proof, &Value::Null).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("answer.json"), &bytes).unwrap();
    std::fs::write(path("answer.proof"), &proof).unwrap();
    let url = desk.program.url("/log/key").parse().unwrap();
    let key = desk
        .http
        .get(&url, "*/*")
        .await
        .unwrap()
        .body
        .text()
        .await
        .unwrap();
    let key = key.lines().next().unwrap();
    let verified = indelible([
        "verify",
        &path("answer.json"),
        "--proof",
        &path("answer.proof"),
        "--key",
        key,
    ]);
    assert!(
        verified.status.success(),
        "{}{}",
        text(&verified.stdout),
        text(&verified.stderr)
    );

    // The key is changed while the server runs, which goes on with the new one.
    let rotated = indelible(
        ["secrets", "rotate"]
            .map(str::to_owned)
            .into_iter()
            .chain(store_args(&database)),
    );
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    assert_eq!(desk.ask("abuseipdb", BAD).await["outcome"], "FOUND");
    assert_eq!(
        fakes.last("abuseipdb").unwrap().header("key"),
        Some(fakes::KEY)
    );
    assert!(desk.program.stop().success());
    check_fsck(&database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_asks_through_a_server_and_by_itself() {
    let fakes = Fakes::start().await.unwrap();
    let database = Database::new(Dialect::Sqlite).await;
    let slugs = ["internetdb", "crtsh"];
    let desk = Desk::start(&database, &fakes, &slugs).await;
    let server = desk.program.url("");
    let json_lines = |output: &Output| -> Vec<Value> {
        let lines = text(&output.stdout).lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let asked = ["192[.]0[.]2[.]7", "--source", "internetdb", "--json"];
    let through = lookup(&[&asked[..], &["--server", &server]].concat(), &desk.token);
    let told = json_lines(&through);
    assert_eq!(told[0]["source"], "internetdb", "{}", text(&through.stderr));
    assert_eq!(
        (&told[0]["outcome"], &told[0]["kind"]),
        (&json!("found"), &json!("IPV4"))
    );
    let summary = told.last().unwrap();
    assert_eq!(summary["event"], "summary");
    let is_bad = summary["verdict"] == "malicious" || summary["verdict"] == "suspicious";
    assert_eq!(through.status.code(), Some(i32::from(is_bad)));

    // By itself, in the same folder, while the server runs: the same verdict, and one history.
    let moved = upstreams(&fakes, &slugs);
    let mut here: Vec<String> = asked.iter().map(|one| (*one).to_owned()).collect();
    here.extend(store_args(&database));
    here.extend(["--desk-upstreams".to_owned(), moved]);
    let here: Vec<&str> = here.iter().map(String::as_str).collect();
    let by_itself = lookup(&here, "");
    let own = json_lines(&by_itself);
    assert_eq!(
        own.last().unwrap()["verdict"],
        summary["verdict"],
        "{}",
        text(&by_itself.stderr)
    );
    assert_eq!(own[0]["data"], told[0]["data"]);
    let rows = desk.get("/api/v1/requests").await;
    let who: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["who"])
        .collect();
    assert_eq!(who, ["product", "program"]);

    let before = fakes.count("internetdb");
    // Not the one that is at hand already: of that nobody would learn anything.
    let plan = lookup(
        &["198.51.100.4", "--plan", "--server", &server],
        &desk.token,
    );
    assert!(
        text(&plan.stdout).contains("Shodan learns it (InternetDB)"),
        "{}",
        text(&plan.stdout)
    );
    assert_eq!(fakes.count("internetdb"), before);
    let check = |args: &[&str], token: &str, code: i32, words: &str| {
        let said = lookup(args, token);
        assert_eq!(
            said.status.code(),
            Some(code),
            "{args:?} {}",
            text(&said.stderr)
        );
        assert!(
            text(&said.stderr).contains(words),
            "{args:?} {}",
            text(&said.stderr)
        );
    };
    check(
        &["hello", "--server", &server],
        "x",
        2,
        "looks like no indicator",
    );
    check(
        &["192.0.2.7", "--server", &server],
        "",
        2,
        "INDELIBLE_TOKEN",
    );
    check(&["192.0.2.7", "--server", &server], "indl_wrong", 1, "401");
    check(
        &["192.0.2.7", "--server", &server, "--source", "nobody"],
        &desk.token,
        1,
        "nobody",
    );
    check(
        &["192.0.2.7", "--data", "/nowhere/at/all"],
        "",
        2,
        "holds no installation",
    );
}

// Whatever a source does, it costs itself only; and the program goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upstreams_that_misbehave_cost_themselves() {
    let fakes = Fakes::start().await.unwrap();
    let database = Database::new(Dialect::Sqlite).await;
    let desk = Desk::start(&database, &fakes, &["crtsh"]).await;
    let check = async |data: &str, kind: &str| {
        let answer = desk.ask("crtsh", data).await;
        assert_eq!(answer["errors"][0]["kind"], kind, "{data} {answer:#}");
    };
    check("error.example.com", "RESPONSE_ERROR").await;
    check("garbage.example.com", "RESPONSE_ERROR").await;
    check("cut.example.com", "REQUEST_ERROR").await;
    check("inwards.example.com", "REQUEST_ERROR").await;
    // Last: it is left alone for a while after that.
    check("limit.example.com", "RATE_LIMITED").await;
}

// Whoever pulls the plug in the middle of a hundred thousand must not begin again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_survives_kills() {
    let fakes = Fakes::start().await.unwrap();
    let database = Database::new(Dialect::Sqlite).await;
    let mut desk = Desk::start(&database, &fakes, &["internetdb"]).await;
    // Its own limit would make this last minutes.
    let (_, source) = desk
        .send(
            Method::GET,
            "/api/v1/sources/slugs/internetdb",
            &Value::Null,
        )
        .await;
    let path = format!("/api/v1/sources/{}", text(&source));
    let (status, _) = desk
        .send(Method::PATCH, &path, &json!({ "limitEnabled": false }))
        .await;
    assert_eq!(status, 204);
    let addresses: Vec<String> = (0..400)
        .map(|at| format!("198.51.{}.{}", at / 200, at % 200))
        .collect();
    let body = json!({ "name": "kills", "indicators": addresses, "sourceIds": ["internetdb"] });
    let (status, made) = desk.send(Method::POST, "/api/v1/bulks", &body).await;
    assert_eq!(status, 201, "{made:?}");
    let made: Value = serde_json::from_slice(&made).unwrap();
    let path = format!("/api/v1/bulks/{}", made["id"].as_str().unwrap());
    let mut done = 0;
    for _ in 0..3 {
        let (path, before) = (&path, done);
        soon("the bulk stands still", &desk, async || {
            let now = desk.get(path).await;
            now["done"].as_u64().unwrap() > before || now["state"] == "FINISHED"
        })
        .await;
        let now = desk.get(path).await["done"].as_u64().unwrap();
        assert!(now >= done, "what was done was done");
        done = now;
        desk.program.kill();
        desk.program.start();
        desk.program.wait_until_ready().await;
    }
    let waiting = timeout(Duration::from_mins(4), async {
        while desk.get(&path).await["state"] != "FINISHED" {
            sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(waiting.await.is_ok(), "{}", desk.program.told());
    assert_eq!(desk.get(&path).await["done"], 400);
    let items = desk.get(&format!("{path}/items?limit=1000")).await;
    assert!(
        items
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["state"] == "DONE")
    );
    assert!(desk.program.stop().success());
    check_fsck(&database);
}
