//! Whether this server does its work: `/healthz` looks, `/readyz` asks whether to send traffic.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use base::health::Part;
use http::StatusCode;
use serde_json::{Map, Value, json};
use stamp::Role;

use crate::address::is_in;
use crate::api::forms::answer;
use crate::app::{App, Caller};
use crate::negotiate::Format;

/// How long the store may take to answer before it counts as broken.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// Beyond the heartbeat, how late a seal may be before something is wrong.
const SEAL_SLACK: Duration = Duration::from_secs(30);

/// Looks at every part; 503 when one is broken.
pub(crate) async fn healthy(State(app): State<Arc<App>>, caller: Caller) -> Response {
    report(&app, &caller, &parts(&app).await)
}

/// Every part, as it is now.
pub(crate) async fn parts(app: &App) -> Vec<Part> {
    let mut parts = vec![store(app).await, seals(app), clock(app), sealer(app)];
    for probe in &app.probes {
        parts.push(probe.part().await);
    }
    parts
}

/// Whether requests can be answered: the store answers, the clock is not known to be off, and the
/// server is not stopping.
pub(crate) async fn ready(State(app): State<Arc<App>>, caller: Caller) -> Response {
    let closing = *app.guard.closing.borrow();
    let stopping = Part {
        name: "stopping",
        is_well: !closing,
        says: if closing { "the server stops" } else { "no" }.to_owned(),
    };
    report(&app, &caller, &[store(&app).await, clock(&app), stopping])
}

/// Every part's state, for those networks that `[metrics] allow` names; one word for others.
fn report(app: &App, caller: &Caller, parts: &[Part]) -> Response {
    let is_well = parts.iter().all(|part| part.is_well);
    let word = |is_well: bool| if is_well { "ok" } else { "broken" };
    let mut response = if is_in(caller.address, &app.settings().watchers) {
        detailed(parts, word(is_well), word)
    } else {
        answer(Format::Json, json!({"status": word(is_well)}).to_string())
    };
    if !is_well {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

fn detailed(parts: &[Part], status: &str, word: impl Fn(bool) -> &'static str) -> Response {
    let each: Map<String, Value> = parts
        .iter()
        .map(|part| {
            let state = json!({"status": word(part.is_well), "detail": part.says});
            (part.name.to_owned(), state)
        })
        .collect();
    answer(
        Format::Json,
        json!({"status": status, "parts": each}).to_string(),
    )
}

async fn store(app: &App) -> Part {
    let read = tokio::time::timeout(STORE_TIMEOUT, app.store.head()).await;
    let (is_well, says) = match read {
        Ok(Ok(head)) => (true, format!("{} intervals", head.size)),
        // The cause is for the log; a stranger learns only that there is one.
        Ok(Err(error)) => {
            tracing::error!(%error, "the store is broken");
            (false, error.to_string())
        }
        Err(_) => (false, format!("no answer in {} s", STORE_TIMEOUT.as_secs())),
    };
    Part {
        name: "store",
        is_well,
        says,
    }
}

/// The newest seal is not older than the heartbeat allows. Asked only where a sealer holds the
/// lease: no other process can mend it.
fn seals(app: &App) -> Part {
    let sealed = app.follower.head();
    let age = app.clock.now().since(sealed.head.time.max(app.started));
    let late = app.sealer.as_ref().is_some_and(|sealer| {
        sealer.health.state().role == Role::Sealing && age > sealer.heartbeat + SEAL_SLACK
    });
    Part {
        name: "seals",
        is_well: !late,
        says: match sealed.head.size.checked_sub(1) {
            Some(index) => format!("interval {index} was sealed {:.1} s ago", age.as_secs_f64()),
            None => "nothing was sealed yet".to_owned(),
        },
    }
}

/// Nothing is stamped while the clock is known to be off.
fn clock(app: &App) -> Part {
    let behind = app.follower.head().head.time.since(app.clock.now());
    let (is_well, says) = match app.clock.skew() {
        Some(skew) => (false, format!("{skew}, time servers say")),
        None if behind > app.settings().clock_tolerance => (
            false,
            format!("{:.3} s behind the log", behind.as_secs_f64()),
        ),
        None => (true, "not behind the log".to_owned()),
    };
    Part {
        name: "clock",
        is_well,
        says,
    }
}

fn sealer(app: &App) -> Part {
    let (is_well, says) = match &app.sealer {
        None => (true, "runs elsewhere".to_owned()),
        Some(sealer) => {
            let state = sealer.health.state();
            match (state.role, state.trouble) {
                (Role::Refused(reason), _) => (false, format!("signs nothing: {reason}")),
                (Role::Sealing, Some(trouble)) => (false, trouble),
                (Role::Sealing, None) if state.batches_held_back > 0 => (
                    true,
                    format!("{} batches come from the future", state.batches_held_back),
                ),
                (Role::Sealing, None) => (true, "seals".to_owned()),
                (Role::StandingBy, _) => (true, "stands by".to_owned()),
            }
        }
    };
    Part {
        name: "sealer",
        is_well,
        says,
    }
}
