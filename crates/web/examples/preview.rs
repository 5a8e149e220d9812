//! Serves the pages with sample views, for whoever works on their look: `cargo run -p web --example preview`.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use web::drawing::path::Step;
use web::drawing::seal::SealState;
use web::pages::docs::DocsPage;
use web::pages::error::ErrorPage;
use web::pages::front::FrontPage;
use web::pages::how::HowPage;
use web::pages::html;
use web::pages::interval::{IntervalPage, LogPage};
use web::pages::stamp::{StampBox, StampPage};
use web::pages::timestamp::{Sealed, TimestampPage};
use web::pages::verify::VerifyPage;
use web::pages::view::{Hash, Line, Seal, Time};
use web::shell::{Room, Shell};

const AUTHORITY: &str = "log.example.org";
const KEY: &str = "log.example.org+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

fn hash(seed: u64) -> Hash {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    Hash(std::array::from_fn(|_| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.to_le_bytes()[3]
    }))
}

fn line(index: u64) -> Line {
    let (minute, second) = (index / 60 % 60, index % 60);
    Line {
        index,
        time: Time::new(format!(
            "2026-11-21T11:{minute:02}:{second:02}.{:06}Z",
            index * 7919 % 1_000_000
        )),
        count: [0, 3, 412, 1, 28_113, 7, 90, 2][usize::try_from(index % 8).unwrap_or(0)],
        head: hash(index),
    }
}

const SIZE: u64 = 48_213;

fn shell(room: Room) -> Shell<'static> {
    Shell::new(AUTHORITY, room)
}

fn front(size: u64) -> Response {
    html(
        StatusCode::OK,
        &FrontPage {
            shell: shell(Room::Front),
            lines: (size.saturating_sub(10)..size).map(line).collect(),
            size,
            head: size.checked_sub(1).map(hash),
            key: KEY,
            stamp: StampBox::default(),
        },
    )
}

fn stamp(wrong: Option<&str>) -> Response {
    let stamp = StampBox {
        text: "",
        digest: if wrong.is_some() { "sha512:zz" } else { "" },
        wrong,
    };
    html(
        StatusCode::OK,
        &StampPage {
            shell: shell(Room::Stamp),
            stamp,
        },
    )
}

fn timestamp(sealed: Option<usize>) -> Response {
    let step = |i: usize| Step {
        sibling_left: i % 3 == 1,
        sibling: hash(i as u64 + 50).0,
        result: hash(i as u64 + 80).0,
    };
    html(
        StatusCode::OK,
        &TimestampPage {
            shell: shell(Room::Elsewhere),
            id: "018f2b6e-7c1a-8f00-8000-0000002a0007",
            time: Time::new("2026-11-21T11:23:32.118203Z"),
            hash: hash(5),
            key: KEY,
            sealed: sealed.map(|steps| Sealed {
                seal: Seal { interval: SIZE - 1, state: SealState::Witnessed },
                time: Time::new("2026-11-21T11:23:32.790828Z"),
                ith: hash(6),
                count: 1 << steps,
                a: 2,
                leaf: hash(7),
                steps: (0..steps).map(step).collect(),
                compact: format!("{AUTHORITY}/48212#v1,2026-11-21T11:23:32.118203Z,ggWDWCAvLdPY0-vyLz753JqnymPfiP3yvrr-iZU1WJ8iyLHIjlggTsbzXNLeGtOM22dJ7GeL0HdEyZ-9IuRyaJHdrdU1T0RYIL2e1Gz4pMQC-XpCTNiirT6DovQVhTsybTzSRqZaWkVS"),
                witnesses: vec!["witness.example.net/w1".into(), "watch.example.edu".into()],
            }),
        },
    )
}

fn interval(n: u64) -> Response {
    html(
        StatusCode::OK,
        &IntervalPage {
            shell: shell(Room::Log),
            seal: Seal {
                interval: n,
                state: SealState::Sealed,
            },
            time: line(n).time,
            count: line(n).count,
            ith: hash(n + 1),
            mth: hash(n),
            size: SIZE,
            compact: format!("{AUTHORITY}/{n}#v1:nVHL3HxPRXQVeTSI-5Y6fWqiGr5dvWvkgX5cmZf5jSY"),
            checkpoint: Some(format!(
                "{AUTHORITY}\n48213\nvCKLWP/PDezq9qrhKyZAS/cVkZyv9fQO6rBIUZZoiiw=\n\n— {AUTHORITY} meaRZxhDdpfdndApOcm+SPd15nV5YGVXtM/kVzBXugloT5uNXhHnXnNzlaxeTJTk9zScxdI4AvsxWbwUVHbagnycUgY=\n"
            )),
            witnesses: Vec::new(),
        },
    )
}

fn docs() -> Response {
    let document = serde_json::json!({"info": {"title": "The API", "description": "Stamp and prove, over HTTP. Bodies are `application/json` or `application/cbor`.\n\nErrors are problem documents (RFC 9457)."}, "paths": {
        "/api/v1/ts/": {
            "post": {"tags": ["Timestamps"], "summary": "Stamp one fingerprint", "description": "Durable before it is answered. With `?wait` the answer comes with the proof.",
                "parameters": [{"name": "wait", "in": "query", "description": "Wait for the seal, at most 30 s."}, {"name": "tag", "in": "query", "description": "Up to 36 characters to find it by."}],
                "requestBody": {"content": {"application/json": {"example": {"data": "sha512:cf83e1…"}}}},
                "responses": {"200": {"description": "The timestamp.", "content": {"application/json": {}, "application/cbor": {}}}, "413": {"description": "`data` is longer than 256 bytes.", "content": {"application/problem+json": {}}}}},
            "get": {"tags": ["Timestamps"], "summary": "Find timestamps by tag", "parameters": [{"name": "tag", "in": "query", "required": true, "description": "The tag."}], "responses": {"200": {"description": "A page of them."}}}},
        "/api/v1/mth/{i}": {"get": {"tags": ["Heads"], "summary": "The head of an interval", "parameters": [{"name": "i", "in": "path", "required": true, "example": 7, "description": "Its number."}], "responses": {"200": {"description": "The head."}}}}
    }});
    html(
        StatusCode::OK,
        &DocsPage::new(shell(Room::Api), &document, "http://127.0.0.1:8080"),
    )
}

fn error() -> Response {
    html(
        StatusCode::NOT_FOUND,
        &ErrorPage {
            shell: shell(Room::Elsewhere),
            status: 404,
            title: "The log is not that long yet",
            detail: "Interval 99999 lies beyond the newest, 48212.",
            about: "The interval or the tree size lies beyond the newest head; GET /api/v1/mth/current names it.",
            name: "beyond-head",
            request: "5b1c09d200000017",
        },
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/", get(|| async { front(SIZE) }))
        .route("/empty", get(|| async { front(0) }))
        .route("/first", get(|| async { front(1) }))
        .route("/stamp", get(|| async { stamp(None) }))
        .route(
            "/stamp-wrong",
            get(|| async { stamp(Some("The fingerprint is longer than 256 bytes.")) }),
        )
        .route("/ts/waiting", get(|| async { timestamp(None) }))
        .route("/ts/alone", get(|| async { timestamp(Some(0)) }))
        .route("/ts/sealed", get(|| async { timestamp(Some(5)) }))
        .route(
            "/interval/{n}",
            get(|Path(n): Path<u64>| async move { interval(n) }),
        )
        .route(
            "/log",
            get(|| async {
                let lines = (SIZE - 50..SIZE).rev().map(line).collect();
                html(
                    StatusCode::OK,
                    &LogPage {
                        shell: shell(Room::Log),
                        lines,
                        size: SIZE,
                        timestamps: 1_204_511,
                    },
                )
            }),
        )
        .route(
            "/verify",
            get(|| async {
                html(
                    StatusCode::OK,
                    &VerifyPage {
                        shell: shell(Room::Verify),
                        key: KEY,
                    },
                )
            }),
        )
        .route(
            "/how",
            get(|| async {
                html(
                    StatusCode::OK,
                    &HowPage {
                        shell: shell(Room::How),
                        key: KEY,
                        size: SIZE,
                        base: "http://127.0.0.1:8080",
                    },
                )
            }),
        )
        .route("/api/v1/docs", get(|| async { docs() }))
        .fallback(|| async { error() })
        .merge(web::assets::router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    announce(&listener)?;
    axum::serve(listener, app).await
}

#[allow(clippy::print_stdout, reason = "the only way to learn the port")]
fn announce(listener: &tokio::net::TcpListener) -> std::io::Result<()> {
    println!("http://{}", listener.local_addr()?);
    Ok(())
}
