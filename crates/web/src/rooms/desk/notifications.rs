//! What needs attention: missing and ending secrets, sources that fail, quotas that are nearly used up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use intel::desk::Desk;
use intel::sources::{Notification, Registry, SourceFigures, Unmade};
use parking_lot::Mutex;

use super::sources::settings::window_text;
use crate::app::App;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, time};
use crate::rooms::view::{Block, Cell, Row, Table, columns};

const PLACE: &str = "/desk/notifications";
const LEDE: &str =
    "What keeps a source from being asked, or soon will. What is switched off is left alone.";
/// How old figures of sources may be for the bell, which stands on every page.
const FIGURES_AGE_MAX: Duration = Duration::from_secs(5);

/// The figures that the bell was last counted with.
#[derive(Default)]
pub(crate) struct Figures(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    figures: Arc<Vec<SourceFigures>>,
    /// When they were made, or begun to be.
    at: Option<Instant>,
}

/// How each source that is switched on has been doing. A store that does not answer makes no alarm:
/// what is known without it is told.
async fn figures(desk: &Desk, registry: &Registry) -> Vec<SourceFigures> {
    let sources = registry.current();
    let mut figures = Vec::new();
    for source in sources.all().iter().filter(|source| source.is_on()) {
        let outcomes = desk.outcomes(source.id).await.ok().flatten();
        let quotas = desk.quotas(source.id).await.ok().flatten();
        let outcomes = outcomes.unwrap_or_default();
        let quotas = quotas.unwrap_or_default();
        let used = quotas.windows.iter();
        figures.push(SourceFigures {
            source: source.id,
            asked: outcomes.of,
            troubled: outcomes.troubled,
            used: used.map(|quota| (quota.window, quota.used)).collect(),
        });
    }
    figures
}

/// How many things need attention, for those who may see them. Counted with figures that are a few
/// seconds old: no page waits for its bell.
pub(crate) fn count(app: &App, visitor: &Visitor) -> Option<usize> {
    if !visitor.may(Permission::SourcesRead) {
        return None;
    }
    let mut kept = app.source_figures.0.lock();
    if kept.at.is_none_or(|at| at.elapsed() > FIGURES_AGE_MAX) {
        kept.at = Some(Instant::now());
        let (desk, registry) = (Arc::clone(&app.desk), Arc::clone(&app.registry));
        let figures_of = Arc::clone(&app.source_figures);
        tokio::spawn(async move {
            let figures = figures(&desk, &registry).await;
            figures_of.0.lock().figures = Arc::new(figures);
        });
    }
    let figures = Arc::clone(&kept.figures);
    drop(kept);
    Some(app.registry.notifications(&figures).len())
}

/// All of them, the gravest first.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let figures = figures(&app.desk, &app.registry).await;
    let rows = app.registry.notifications(&figures);
    let table = Table {
        label: "What needs attention".to_owned(),
        columns: columns(&["What", "Where", "What to do"]),
        rows: rows.iter().map(row).collect(),
        empty_title: "All is well",
        empty_says: "Every source that is switched on has its secrets, answers, and has quota left.",
        ..Table::default()
    };
    let frame = Frame::at(&app, &seen, PLACE).desk();
    Ok(frame.show("Needs attention", LEDE, vec![Block::Table(table)]))
}

fn row(told: &Notification) -> Row {
    let source = |source: &intel::sources::Configured| {
        let page = format!("/desk/sources/{}", source.slug);
        (source.name.clone(), page)
    };
    let (tone, what, (name, page), advice) = match told {
        Notification::MissingSecrets { source: one, slots } => (
            "ill",
            format!("The secret “{}” is missing", slots.join("”, “")),
            source(one),
            "Set it on the source’s page, or switch the source off.".to_owned(),
        ),
        Notification::SecretExpires {
            secret,
            at,
            has_expired,
        } => {
            let day = time(*at).date();
            let what = if *has_expired {
                format!("The secret ended on {day}")
            } else {
                format!("The secret ends on {day}")
            };
            let page = format!("/desk/secrets/{}", secret.id.0);
            (
                if *has_expired { "ill" } else { "wait" },
                what,
                (secret.name.clone(), page),
                "Get a new one from its provider, and replace it.".to_owned(),
            )
        }
        Notification::Unusable { source: one, why } => (
            "ill",
            match why {
                Unmade::NoRunner(_) => "Nobody here runs sources of this kind".to_owned(),
                Unmade::Faults(faults) => format!("{} faults in what it says", faults.len()),
            },
            source(one),
            "Mend what it says, or switch it off.".to_owned(),
        ),
        Notification::Failing {
            source: one,
            asked,
            troubled,
        } => (
            "ill",
            format!("No answer to {troubled} of its last {asked} questions"),
            source(one),
            "Try it on its test bench: the trace says how far it comes.".to_owned(),
        ),
        Notification::QuotaNear {
            source: one,
            window,
            used,
        } => (
            "wait",
            format!("{used} are used of {}", window_text(*window)),
            source(one),
            "Lookups will wait. A larger plan, or a longer cache, helps.".to_owned(),
        ),
        Notification::NewerVersion {
            source: one,
            version,
        } => (
            "plain",
            format!("The product brings a newer version, {version}"),
            source(one),
            "Look at what changed, and go to it.".to_owned(),
        ),
    };
    Row {
        cells: vec![
            Cell::state(tone, what),
            Cell::link(page.clone(), name),
            Cell::Text(advice),
        ],
        href: Some(page),
        ..Row::default()
    }
}
