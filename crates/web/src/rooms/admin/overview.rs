//! How the installation is doing: one figure per question, told anew every two seconds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::health;
use crate::identity::Seen;
use crate::negotiate::Format;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, size, span};
use crate::rooms::view::{Block, Cell, Figure};
use crate::strings::{group, intervals};

const PLACE: &str = "/admin";
/// How often the figures are told.
const EVERY: Duration = Duration::from_secs(2);

/// The figures as they are now.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let blocks = vec![
        Block::Figures(figures(&app).await?),
        Block::Heading("Parts"),
        Block::Facts(parts(&app).await),
        Block::Heading("Stored"),
        Block::Facts(stored(&app).await),
    ];
    let title = format!("{}, version {}", app.authority, app.installation.version);
    Ok(Frame::at(&app, &seen, PLACE).show("Overview", title, blocks))
}

async fn parts(app: &Arc<App>) -> Vec<(&'static str, Cell)> {
    let parts = health::parts(app).await;
    parts
        .into_iter()
        .map(|part| {
            let tone = if part.is_well { "good" } else { "ill" };
            (part.name, Cell::state(tone, part.says))
        })
        .collect()
}

async fn stored(app: &Arc<App>) -> Vec<(&'static str, Cell)> {
    let measured = measure(app).await;
    let mut lines: Vec<(&'static str, Cell)> = vec![(
        "Log",
        Cell::Text(format!(
            "{}, {} timestamps",
            intervals(app.follower.head().head.size),
            group(app.follower.head().head.timestamps)
        )),
    )];
    lines.extend(measured.stored.into_iter().map(|(name, bytes)| {
        (
            "On disk",
            Cell::Stack {
                text: size(bytes),
                small: name,
            },
        )
    }));
    lines
}

async fn measure(app: &Arc<App>) -> crate::installation::Measured {
    let app = Arc::clone(app);
    let measuring = tokio::task::spawn_blocking(move || (app.installation.measure)());
    measuring.await.unwrap_or_default()
}

/// Every figure, in the page's order.
#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
pub(crate) async fn figures(app: &Arc<App>) -> Result<Vec<Figure>, ApiError> {
    let now = app.clock.now();
    let head = app.follower.head().head;
    let counts = app.jobs.counts().await?;
    let notices = app.notices.counts().await?;
    let measured = measure(app).await;
    let ill: Vec<&str> = health::parts(app)
        .await
        .iter()
        .filter(|part| !part.is_well)
        .map(|part| part.name)
        .collect();
    let ready: u64 = counts.iter().map(|one| one.ready + one.running).sum();
    let dead: u64 = counts.iter().map(|one| one.dead).sum();
    let oldest = counts.iter().filter_map(|one| one.oldest_ready).min();
    let figure = |key, name, value: String, says: String, is_ill| Figure {
        key,
        name,
        value,
        says,
        is_ill,
    };
    let sealed_ago = now.since(head.time).as_secs();
    let disk: u64 = measured.stored.iter().map(|(_, bytes)| bytes).sum();
    Ok(vec![
        figure(
            "health",
            "Health",
            if ill.is_empty() {
                "all is well".to_owned()
            } else {
                ill.join(", ")
            },
            if ill.is_empty() {
                "every part answers"
            } else {
                "not as it should be"
            }
            .to_owned(),
            !ill.is_empty(),
        ),
        figure(
            "head",
            "Log",
            head.size.checked_sub(1).map_or("empty".to_owned(), group),
            if head.size == 0 {
                "nothing is sealed yet".to_owned()
            } else {
                format!("newest interval, sealed {} ago", span(sealed_ago))
            },
            false,
        ),
        figure(
            "timestamps",
            "Timestamps",
            group(head.timestamps),
            "sealed in all".to_owned(),
            false,
        ),
        figure(
            "jobs",
            "Jobs",
            group(ready),
            match oldest {
                Some(since) => format!(
                    "due or running, the oldest for {}",
                    span(now.since(since).as_secs())
                ),
                None => "due or running".to_owned(),
            },
            false,
        ),
        figure(
            "dead",
            "Dead letters",
            group(dead),
            "wait for a person".to_owned(),
            dead > 0,
        ),
        figure(
            "mail",
            "Mail",
            group(notices.waiting),
            format!("waiting, {} failed", group(notices.failed)),
            notices.failed > 0,
        ),
        figure(
            "memory",
            "Memory",
            measured.memory_bytes.map_or("–".to_owned(), size),
            "resident, this process".to_owned(),
            false,
        ),
        figure(
            "disk",
            "Storage",
            size(disk),
            "in the data folder".to_owned(),
            false,
        ),
        figure(
            "uptime",
            "Up",
            span(now.since(app.started).as_secs()),
            "since this process was started".to_owned(),
            false,
        ),
    ])
}

/// The figures as server-sent events, until the reader leaves or the server stops.
pub(crate) async fn live(State(app): State<Arc<App>>) -> Response {
    let events = stream::unfold((app, true), |(app, is_first)| async move {
        if !is_first {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = app.guard.closed() => return None,
            }
        }
        let event = match figures(&app).await {
            Ok(figures) => format!("data: {}\n\n", told(figures)),
            // A comment keeps the connection: the store may answer next time.
            Err(_) => ": the figures are not to be had just now\n\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(Bytes::from(event)), (app, false)))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(Format::Events.content_type());
    headers.insert(header::CONTENT_TYPE, kind);
    response
}

fn told(figures: Vec<Figure>) -> Value {
    let told = figures.into_iter().map(|figure| {
        let said = json!({ "value": figure.value, "says": figure.says, "ill": figure.is_ill });
        (figure.key.to_owned(), said)
    });
    told.collect::<Map<_, _>>().into()
}
