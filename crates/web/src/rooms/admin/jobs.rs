//! Background work: what waits, what runs, what was given up, and what can be done about it.

use std::sync::Arc;

use accounts::{Act as Deeds, Deed, Target};
use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::Uri;
use jobs::{JobCursor, JobId, JobList, JobRow, JobState, KindCounts, Replay};

use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at, done, maybe_at, span};
use crate::rooms::view::{
    Act, Block, Cell, Choice, Column, Field, Kind as Input, Row, Table, columns,
};
use crate::strings::group;

const PLACE: &str = "/admin/jobs";

/// The kinds of work, and the list that was asked for.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let (state, kind) = (asked(&uri, "state")?, asked(&uri, "kind")?);
    let now = app.clock.now();
    let counts = app.jobs.counts().await?;
    let mut blocks = vec![Block::Table(kinds(&counts, now))];
    let chosen = match state.as_str() {
        "done" => Some((JobList::Done, "Done")),
        "waiting" if !kind.is_empty() => Some((
            JobList::Unfinished { name: kind.clone() },
            "Waiting and running",
        )),
        _ => {
            let name = (!kind.is_empty()).then(|| kind.clone());
            Some((JobList::Dead { name }, "Dead letters"))
        }
    };
    if let Some((chosen, title)) = chosen {
        let page = app.jobs.page(chosen, cursor(&uri)?, ROWS).await?;
        blocks.push(Block::Heading(title));
        blocks.push(Block::Table(Table {
            label: title.to_owned(),
            action: PLACE.to_owned(),
            filters: vec![filter_state(&state), filter_kind(&counts, &kind)],
            is_filtered: !(state.is_empty() && kind.is_empty()),
            columns: columns(&["Job", "State", "Attempts", "Due or ended", "Cause"]),
            rows: page.jobs.iter().map(row).collect(),
            empty_title: "Nothing here",
            empty_says: "Work that failed for good would stand here, with its cause and what it was to do, until somebody tries it again or discards it.",
            newest: uri.query().filter(|query| query.contains("at=")).map(|_| {
                address(PLACE, &[("state", &state), ("kind", &kind)])
            }),
            older: page.next.map(|next| {
                let (at, id) = (next.at.0.to_string(), next.id.0.to_string());
                let all = [("state", state.as_str()), ("kind", &kind), ("at", &at), ("id", &id)];
                address(PLACE, &all)
            }),
        }));
    }
    let schedules = app.jobs.schedules().await?;
    blocks.push(Block::Heading("Schedules"));
    blocks.push(Block::Table(Table {
        label: "Schedules".to_owned(),
        columns: columns(&["Schedule", "Rule", "Next", "Last"]),
        rows: schedules
            .into_iter()
            .map(|schedule| Row {
                cells: vec![
                    Cell::Text(schedule.name),
                    Cell::Text(schedule.rule),
                    at(schedule.next),
                    maybe_at(schedule.last),
                ],
                ..Row::default()
            })
            .collect(),
        empty_title: "No schedules",
        empty_says: "A process that plays the role scheduler writes its schedules here when it starts.",
        ..Table::default()
    }));
    Ok(Frame::at(&app, &seen, PLACE).show(
        "Jobs",
        "Background work that survives a crash: each piece takes effect once. What failed for good waits here for a person.",
        blocks,
    ))
}

fn kinds(counts: &[KindCounts], now: UnixMicros) -> Table {
    let number = |name| Column { name, is_num: true };
    let row = |one: &KindCounts| {
        let late = one.oldest_ready.map(|since| now.since(since).as_secs());
        Row {
            href: Some(address(PLACE, &[("state", "waiting"), ("kind", &one.name)])),
            cells: vec![
                Cell::link(
                    address(PLACE, &[("state", "waiting"), ("kind", &one.name)]),
                    one.name.clone(),
                ),
                Cell::Text(group(one.ready)),
                late.map_or(Cell::Nothing, |late| Cell::Text(span(late))),
                Cell::Text(group(one.delayed)),
                Cell::Text(group(one.running)),
                Cell::Text(group(one.done)),
                if one.dead == 0 {
                    Cell::Text("0".to_owned())
                } else {
                    Cell::state("ill", group(one.dead))
                },
            ],
            ..Row::default()
        }
    };
    let mut shown = columns(&["Kind"]);
    shown.extend(["Ready", "Oldest", "Later", "Running", "Done", "Dead"].map(number));
    Table {
        label: "Kinds of work".to_owned(),
        columns: shown,
        rows: counts.iter().map(row).collect(),
        empty_title: "Nothing to do",
        empty_says: "Work appears while it waits, runs or has failed. What is done at once, such as sealing an entry of the audit trail, leaves no row behind.",
        ..Table::default()
    }
}

fn filter_state(state: &str) -> Field {
    let choices = [
        ("", "Dead letters"),
        ("waiting", "Waiting and running"),
        ("done", "Done"),
    ];
    let choices = choices.map(|(value, text)| Choice::new(value, text, value == state));
    Field::new("state", "State", Input::Select(choices.into()))
}

fn filter_kind(counts: &[KindCounts], kind: &str) -> Field {
    let mut choices = vec![Choice::new("", "Any", kind.is_empty())];
    choices.extend(
        counts
            .iter()
            .map(|one| Choice::new(&one.name, &one.name, one.name == kind)),
    );
    Field::new("kind", "Kind", Input::Select(choices))
}

fn cursor(uri: &Uri) -> Result<Option<JobCursor>, ApiError> {
    let (at, id) = (asked_number(uri, "at")?, asked_number(uri, "id")?);
    let cursor = |(at, id)| JobCursor {
        at: UnixMicros(at),
        id: JobId(id),
    };
    Ok(at.zip(id).map(cursor))
}

fn state(job: &JobRow) -> Cell {
    match job.state {
        JobState::Waiting => Cell::state("wait", "waiting"),
        JobState::Running => Cell::state("plain", "running"),
        JobState::Done => Cell::state("good", "done"),
        JobState::Dead => Cell::state("ill", "dead letter"),
    }
}

fn row(job: &JobRow) -> Row {
    let href = format!("{PLACE}/{}", job.id.0);
    Row {
        cells: vec![
            Cell::Link {
                href: href.clone(),
                text: job.name.clone(),
                small: format!("No {}", job.id.0),
            },
            state(job),
            Cell::Text(format!("{} of {}", job.failures, job.attempts_max)),
            at(job.ended.unwrap_or(job.due)),
            Cell::text(job.cause.clone().unwrap_or_default()),
        ],
        acts: acts(job),
        href: Some(href),
        ..Row::default()
    }
}

fn acts(job: &JobRow) -> Vec<Act> {
    if job.state != JobState::Dead {
        return Vec::new();
    }
    let about = format!("job {}", job.id.0);
    vec![
        Act::new(format!("{PLACE}/{}/replay", job.id.0), "Try again").of(&about),
        Act::new(format!("{PLACE}/{}/discard", job.id.0), "Discard")
            .of(&about)
            .final_one(),
    ]
}

/// One job, with all that is known of it.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let job = app.jobs.job(id(&segments)?).await?.ok_or_else(unknown)?;
    let mut blocks = vec![Block::Facts(vec![
        ("State", state(&job)),
        ("Written", at(job.created)),
        ("Due", at(job.due)),
        ("Ended", maybe_at(job.ended)),
        ("Not begun after", maybe_at(job.deadline)),
        (
            "Attempts",
            Cell::Text(format!(
                "{} begun, {} failed, {} allowed",
                job.attempt, job.failures, job.attempts_max
            )),
        ),
        (
            "Unique key",
            Cell::text(job.unique.clone().unwrap_or_default()),
        ),
        ("Worker", Cell::text(job.worker.clone().unwrap_or_default())),
    ])];
    if let Some(cause) = &job.cause {
        blocks.push(Block::Heading("Why it failed last"));
        blocks.push(Block::Note {
            label: "Cause",
            text: cause.clone(),
        });
    }
    blocks.push(Block::Heading("What it is to do"));
    blocks.push(Block::Note {
        label: "Payload",
        text: job.payload.clone(),
    });
    let acts = acts(&job);
    if !acts.is_empty() {
        blocks.push(Block::Acts(acts));
    }
    let title = format!("{}, No {}", job.name, job.id.0);
    Ok(Frame::at(&app, &seen, PLACE)
        .below(PLACE, "Jobs")
        .show(title, "", blocks))
}

/// Makes a dead letter a job again.
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    replay_job(&app, &form.seen, id(&segments)?).await?;
    Ok(done(&form, PLACE, "job-replayed"))
}

/// Throws a dead letter away.
pub(crate) async fn discard(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    discard_job(&app, &form.seen, id(&segments)?).await?;
    Ok(done(&form, PLACE, "job-discarded"))
}

/// The act itself, with its entry in the trail.
pub(crate) async fn replay_job(app: &App, seen: &Seen, id: JobId) -> Result<(), ApiError> {
    match app.jobs.replay(id).await? {
        Replay::Done => {}
        Replay::NotDead => return Err(unknown()),
        Replay::KeyTaken => {
            return Err(ApiError::new(
                Kind::Conflict,
                "Another job that is not done has the same unique key; this one would do its work twice",
            ));
        }
    }
    record(app, seen, "job.replay", id).await
}

/// The act itself, with its entry in the trail.
pub(crate) async fn discard_job(app: &App, seen: &Seen, id: JobId) -> Result<(), ApiError> {
    if !app.jobs.discard(id).await? {
        return Err(unknown());
    }
    record(app, seen, "job.discard", id).await
}

async fn record(app: &App, seen: &Seen, act: &'static str, id: JobId) -> Result<(), ApiError> {
    let deed = Deed {
        actor: &seen.actor,
        act: Deeds(act),
        target: Some(Target {
            kind: "job",
            id: id.0.to_string(),
        }),
        details: Vec::new(),
    };
    app.accounts.record(deed).await?;
    Ok(())
}

fn id(segments: &Segments) -> Result<JobId, ApiError> {
    segments.text(0).parse().map(JobId).map_err(|_| unknown())
}

fn unknown() -> ApiError {
    ApiError::new(
        Kind::NoSuchThing,
        "There is no such job, or not in this state any more",
    )
}
