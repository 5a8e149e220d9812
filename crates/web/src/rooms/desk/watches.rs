//! Watches: indicators that are looked at again and again, and whose owners are told of changes.

use std::sync::Arc;
use std::time::Duration;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::Uri;
use intel::Tlp;
use intel::lookups::{Watch, WatchFilter, WatchId};

use super::refusal;
use super::view::{Held, Value};
use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at, done, maybe_at, span};
use crate::rooms::view::{Act, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns};

const PLACE: &str = "/desk/watches";
const LEDE: &str = "What is looked at again by itself. You get a letter when a verdict or a field of a watched indicator is another than before.";
const HOUR_S: u64 = 3600;

/// How often somebody may want something looked at: hours and words.
pub(super) const EVERY: [(u64, &str); 5] = [
    (1, "every hour"),
    (6, "every six hours"),
    (24, "every day"),
    (24 * 7, "every week"),
    (24 * 30, "every thirty days"),
];

/// One's own watches, or everybody's.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let whose = asked(&uri, "whose")?;
    let before = asked_number(&uri, "before")?;
    let filter = WatchFilter {
        user: if whose == "all" {
            None
        } else {
            seen.actor.user()
        },
        indicator: None,
    };
    let watches = app
        .desk
        .watches(&filter, before.map(WatchId), ROWS + 1)
        .await?;
    let older = watches.get(ROWS).and_then(|_| watches.get(ROWS - 1));
    let may_write = seen.may(Permission::LookupsWrite);
    let choices = [("", "My own"), ("all", "Everybody’s")];
    let choices = choices.map(|(value, name)| Choice::new(value, name, value == whose));
    let now = app.clock.now();
    let table = Table {
        label: "Watches".to_owned(),
        action: PLACE.to_owned(),
        filters: vec![Field::new("whose", "Whose", Input::Select(choices.into()))],
        is_filtered: !whose.is_empty(),
        columns: columns(&["Indicator", "Held", "Looked at", "Next", "Last change"]),
        rows: watches
            .iter()
            .take(ROWS)
            .map(|watch| row(watch, now, may_write))
            .collect(),
        empty_title: "Nothing is watched",
        empty_says: "Open an indicator’s page and choose how often it is looked at. The next change comes to you.",
        newest: before.map(|_| address(PLACE, &[("whose", &whose)])),
        older: older.map(|last| {
            address(
                PLACE,
                &[("whose", &whose), ("before", &last.id.0.to_string())],
            )
        }),
    };
    let frame = Frame::at(&app, &seen, PLACE).desk();
    Ok(frame.show("Watches", LEDE, vec![Block::Table(table)]))
}

fn row(watch: &Watch, now: UnixMicros, may_write: bool) -> Row {
    let value = Value(watch.indicator.clone());
    let end = Act::new(format!("{PLACE}/end"), "End")
        .of(value.shown())
        .with("id", watch.id.0.to_string());
    let page = value.page();
    Row {
        acts: if may_write { vec![end] } else { Vec::new() },
        cells: vec![
            Cell::Value(value),
            match watch.last {
                Some(_) => Cell::Verdict(Held(watch.verdict, 0)),
                None => Cell::state("wait", "first look is due"),
            },
            Cell::Stack {
                text: format!("every {}", span(watch.every.as_secs())),
                small: watch.tlp.to_string(),
            },
            if watch.next <= now {
                Cell::state("wait", "now")
            } else {
                at(watch.next)
            },
            maybe_at(watch.changed),
        ],
        href: Some(page),
        ..Row::default()
    }
}

/// Begins to watch.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let malformed =
        |what: &'static str, field: &'static str| ApiError::new(Kind::Invalid, what).field(field);
    let value = Value::of_field(form.text("pick"));
    let value = value.ok_or_else(|| malformed("This is no indicator", "pick"))?;
    let tlp: Tlp = form
        .text("tlp")
        .parse()
        .map_err(|_| malformed("Choose how far it may travel", "tlp"))?;
    let hours = u64::try_from(form.number("every")?).unwrap_or(0);
    let every = Duration::from_secs(hours.saturating_mul(HOUR_S));
    let page = value.page();
    app.desk
        .watch(value.0, None, tlp, every, &form.actor)
        .await?;
    Ok(done(&form, &page, "watched"))
}

/// Ends a watch: one's own, or any for who may write.
pub(crate) async fn end(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let id = WatchId(form.number("id")?);
    if !app.desk.unwatch(id).await? {
        return Err(refusal::unknown());
    }
    Ok(done(&form, PLACE, "unwatched"))
}
