//! The versions of a source: what each says, what changed, and the way back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use intel::sources::{Configured, VersionOrigin};

use super::{PLACE, named};
use crate::app::App;
use crate::form::Form;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::desk::refusal;
use crate::rooms::desk::view::{Changed, Part};
use crate::rooms::frame::{Frame, at, done};
use crate::rooms::view::{Act, Block, Cell, Row, Table, columns};
use crate::strings::group;

/// Versions of one page.
const VERSIONS: usize = 20;

/// The newest versions.
pub(super) async fn table(
    app: &App,
    source: &Configured,
    page: &str,
    may_write: bool,
) -> Result<Table, ApiError> {
    let rows = app.registry.versions(source.id, None, VERSIONS).await?.rows;
    let row = |version: &intel::sources::VersionRow| {
        let href = format!("{page}/versions/{}", version.number);
        let is_current = version.number == source.version;
        let back = Act::new(format!("{page}/roll-back"), "Go back to it")
            .of(format!("version {}", version.number))
            .with("to", version.number.to_string())
            .with("based_on", source.version.to_string());
        Row {
            cells: vec![
                Cell::Link {
                    href: href.clone(),
                    text: format!("Version {}", group(u64::from(version.number))),
                    small: if is_current {
                        "in force".to_owned()
                    } else {
                        String::new()
                    },
                },
                Cell::Text(match version.origin {
                    VersionOrigin::Product => "came with the product".to_owned(),
                    VersionOrigin::Person => "written here".to_owned(),
                    VersionOrigin::RollBack(to) => format!("back to version {to}"),
                }),
                Cell::text(version.note.clone()),
                at(version.made_at),
            ],
            acts: if is_current || !may_write {
                Vec::new()
            } else {
                vec![back]
            },
            href: Some(href),
            is_mine: is_current,
            ..Row::default()
        }
    };
    Ok(Table {
        label: "Versions of this source".to_owned(),
        columns: columns(&["Version", "From", "Why", "Made"]),
        rows: rows.iter().map(row).collect(),
        ..Table::default()
    })
}

/// One version: what it says, and what the one before it said otherwise.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let number = segments
        .text(1)
        .parse::<u32>()
        .map_err(|_| refusal::unknown())?;
    let version = app.registry.version(source.id, number).await?;
    let version = version.ok_or_else(refusal::unknown)?;
    let text = serde_json::to_string_pretty(&version.definition)
        .map_err(|error| ApiError::plain(Kind::Internal).because(error))?;
    let mut blocks = Vec::new();
    if number > 1 {
        let changes = app
            .registry
            .version_difference(source.id, number - 1, number)
            .await?
            .unwrap_or_default();
        blocks.push(Block::Heading(
            "What it says otherwise than the version before",
        ));
        blocks.push(if changes.is_empty() {
            Block::says("Nothing.")
        } else {
            Block::Desk(Part::Changes {
                label: "What changed".to_owned(),
                changes: changes.iter().map(Changed::of).collect(),
            })
        });
    }
    blocks.push(Block::Heading("All of it"));
    blocks.push(Block::Note {
        label: "The definition",
        text,
    });
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .below(PLACE, "Sources")
        .show(format!("{}, version {number}", source.name), "", blocks))
}

/// Goes back to an older version, as a version more.
pub(crate) async fn roll_back(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let source = named(&app, &segments)?;
    let number = |name| {
        let number = form.number(name)?;
        u32::try_from(number).map_err(|_| refusal::unknown())
    };
    let back = app
        .registry
        .roll_back(
            &form.actor,
            source.id,
            number("to")?,
            Some(number("based_on")?),
        )
        .await;
    back.map_err(ApiError::from)?;
    Ok(done(
        &form,
        &format!("{PLACE}/{}", source.slug),
        "rolled-back",
    ))
}
