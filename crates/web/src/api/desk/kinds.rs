//! What the protocol asks of every server: which kinds there are, whether runners run; and the icon
//! that nobody gets, because asking for it would tell strangers what is looked at.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;

use super::{gone, said};
use crate::app::App;
use crate::sse::{self, Event};

/// Kinds of sources that need a runner, as the protocol names them.
const RUNNERS: [&str; 2] = ["PYTHON", "JAVA_SCRIPT"];

/// Every kind of indicator: the third seed's first, in its order.
pub(super) async fn kinds() -> Response {
    let names: Vec<&str> = indicator::Kind::ALL
        .iter()
        .map(|kind| kind.wire())
        .collect();
    said(&json!(names))
}

/// The third seed fetched icons from Google, which told Google which sources an installation has.
pub(super) async fn favicon() -> Response {
    gone()
}

/// How each runner does: one event each, and another when that changes.
pub(super) async fn runners(State(app): State<Arc<App>>) -> Response {
    // No runner belongs to this version: the status is what it is, and stays so.
    let told = RUNNERS.map(|kind| Event {
        name: "",
        id: kind.to_owned(),
        data: "NOT_SERVING".to_owned(),
    });
    let beat = app.settings().live_beat;
    let events = stream::iter(told).chain(stream::pending());
    sse::answer(events, beat, app.guard.closing.subscribe())
}
