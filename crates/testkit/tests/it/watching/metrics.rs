//! Figures, read by the parsers of those who scrape them.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use egress::{Egress, Limits, Method, StatusCode};
use serde_json::Value;
use testkit::{Database, Dialect, Program, python};

/// The samples of `/metrics` as an implementation that is not ours reads them.
async fn scrape(program: &Program, accept: &str, parser: &str) -> Vec<Value> {
    let url = program.url("/metrics").parse().unwrap();
    let http = Egress::new(Limits::default()).unwrap();
    let answer = http.get(&url, accept).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    let kind = answer.header("content-type").unwrap().to_owned();
    assert!(
        kind.starts_with(accept.split(';').next().unwrap()),
        "{kind}"
    );
    let page = answer.body.text().await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/metrics.py");
    let mut parsing = python("python")
        .arg(script)
        .arg(parser)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = parsing.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let parsed = parsing.wait_with_output().unwrap();
    assert!(parsed.status.success(), "the parser refuses\n{page}");
    serde_json::from_slice(&parsed.stdout).unwrap()
}

/// The value of the only sample with this name and these labels.
fn value(samples: &[Value], name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |sample: &&Value| {
        sample["name"] == name
            && labels
                .iter()
                .all(|(key, label)| sample["labels"][key] == *label)
    };
    let mut found = samples.iter().filter(fits);
    let sample = found
        .next()
        .unwrap_or_else(|| panic!("no {name} {labels:?}"));
    assert!(found.next().is_none(), "two of {name} {labels:?}");
    sample["value"].as_f64().unwrap()
}

/// Counts come as floating numbers.
fn same(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_own_parsers_read_every_figure() {
    let database = Database::new(Dialect::Sqlite).await;
    let program = Program::serve(&database, &[]).await;
    for number in 0..3 {
        let body = format!("{{\"data\": \"{number}\"}}");
        let reply = program
            .post("/api/v1/ts/", "application/json", body)
            .await
            .unwrap();
        assert!(reply.status.is_success(), "{reply:?}");
    }
    let bad = program.post("/api/v1/ts", "application/json", Bytes::from("nonsense"));
    assert_eq!(bad.await.unwrap().status, StatusCode::BAD_REQUEST);
    let open = "application/openmetrics-text; version=1.0.0";
    for (accept, parser) in [("text/plain", "text"), (open, "openmetrics")] {
        let samples = scrape(&program, accept, parser).await;
        let at = |name: &str, labels: &[(&str, &str)]| value(&samples, name, labels);
        // The first start puts an entry into the trail itself, and has it stamped.
        let accepted = at("indelible_timestamps_accepted_total", &[]);
        assert!((3.0..=4.0).contains(&accepted), "{accepted}");
        assert!(at("indelible_batches_written_total", &[]) >= 1.0);
        let stamping = [("route", "/api/v1/ts"), ("method", "POST")];
        let requests = "indelible_http_requests_total";
        let ok = [stamping[0], stamping[1], ("status", "2xx")];
        let refused = [stamping[0], stamping[1], ("status", "4xx")];
        same(at(requests, &ok), 3.0);
        same(at(requests, &refused), 1.0);
        let count = at("indelible_http_request_seconds_count", &stamping);
        same(count, 4.0);
        let all = [stamping[0], stamping[1], ("le", "+Inf")];
        same(at("indelible_http_request_seconds_bucket", &all), 4.0);
        assert!(at("indelible_http_connections", &[]) >= 1.0);
        assert!(at("process_resident_memory_bytes", &[]) > 1e6);
        assert!(at("process_open_fds", &[]) > 3.0);
        assert!(at("process_start_time_seconds", &[]) > 1.7e9);
        same(at("indelible_build_info", &[]), 1.0);
        same(at("indelible_notices", &[("state", "waiting")]), 0.0);
        for name in [
            "indelible_log_intervals",
            "indelible_pool_timestamps",
            "indelible_live_readers",
            "indelible_seal_seconds_count",
            "indelible_sealer_active",
            "process_cpu_seconds_total",
        ] {
            at(name, &[]);
        }
    }
}

// Figures tell strangers how much is going on, and a path in them could tell whom we invited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_learn_one_word_and_no_figure() {
    let database = Database::new(Dialect::Sqlite).await;
    let program = Program::serve(&database, &["--metrics-allow", "192.0.2.0/24"]).await;
    let http = Egress::new(Limits::default()).unwrap();
    let ask = async |path: &str, address: &str| {
        let url = program.url(path).parse().unwrap();
        let headers = [("x-forwarded-for", address), ("accept", "application/json")];
        let answer = http.send(Method::GET, &url, &headers, Bytes::new()).await;
        let answer = answer.unwrap();
        let status = answer.status.as_u16();
        (status, answer.body.text().await.unwrap())
    };
    let (status, _) = ask("/metrics", "198.51.100.1").await;
    assert_eq!(status, 404);
    for path in ["/healthz", "/readyz"] {
        let stranger = ask(path, "198.51.100.1").await;
        assert_eq!(stranger, (200, "{\"status\":\"ok\"}".to_owned()));
        let (_, told) = ask(path, "192.0.2.7").await;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["parts"]["store"]["status"], "ok");
    }
    let (_, told) = ask("/healthz", "192.0.2.7").await;
    for part in ["disk", "jobs", "sealer", "seals", "clock"] {
        assert!(told.contains(&format!("\"{part}\":")), "{part} in {told}");
    }
    let (status, figures) = ask("/metrics", "192.0.2.7").await;
    assert_eq!(status, 200);
    assert!(
        figures.contains("indelible_http_requests_total{route=\"/healthz\""),
        "{figures}"
    );
}
