//! Lists: ignore lists say what no source is asked about, warning lists what is known to be harmless.

pub(crate) mod one;
pub(crate) mod warning;

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use intel::declared::Fault;
use intel::lists::{IgnoreList, ListId, NewIgnoreList, WARNING_LIST_BYTES_MAX};

use super::refusal;
use super::view::{Editor, Part};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, done};
use crate::rooms::view::{Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns};
use crate::strings::group;

pub(super) const PLACE: &str = "/desk/lists";
const LEDE: &str = "An ignore list keeps values from sources: your own domains, your clients’ addresses. A warning list marks what is widely known, so that nobody chases a resolver.";
/// Most bytes of a form with entries.
pub(crate) const ENTRIES_FORM_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of a form with a warning list, percent-encoded.
pub(crate) const WARNING_FORM_BYTES: usize = 2 * WARNING_LIST_BYTES_MAX;

/// Both sorts of lists.
pub(crate) async fn list(State(app): State<Arc<App>>, seen: Seen) -> Response {
    shown(&app, &seen, &NewIgnoreList::default(), &[], "", &[])
}

pub(super) fn shown(
    app: &App,
    visitor: &Visitor,
    entered: &NewIgnoreList,
    faults: &[Fault],
    json: &str,
    json_faults: &[Fault],
) -> Response {
    let sources = app.registry.current();
    let may_write = visitor.may(Permission::ListsWrite);
    let ignoring = sources.ignore_lists().iter().map(ignore_row);
    let mut names = columns(&["List", "Holds for", "Entries", "State"]);
    names[2].is_num = true;
    let mut blocks = vec![
        Block::Heading("Ignore lists"),
        Block::Table(Table {
            label: "Ignore lists".to_owned(),
            columns: names,
            rows: ignoring.collect(),
            empty_title: "No ignore list",
            empty_says: "What is on one is not asked about: a domain with everything below it, a network with every address in it.",
            ..Table::default()
        }),
    ];
    if may_write {
        let ask = Ask {
            id: "new",
            is_quiet: true,
            ..form(PLACE.to_owned(), entered, "Make the ignore list")
        };
        blocks.push(Block::Form(refusal::mark(ask, faults)));
    }
    let mut names = columns(&["List", "Compared by", "Entries", "State"]);
    names[2].is_num = true;
    let warnings = sources.warning_lists().iter();
    blocks.push(Block::Heading("Warning lists"));
    blocks.push(Block::Table(Table {
        label: "Warning lists".to_owned(),
        columns: names,
        rows: warnings.map(|list| warning::row(list, may_write)).collect(),
        empty_title: "No warning list",
        empty_says: "Hand one in: MISP’s lists are JSON, a list of words each.",
        ..Table::default()
    }));
    if may_write {
        blocks.push(Block::Desk(Part::Editor(Editor {
            id: "warning",
            action: format!("{PLACE}/warnings"),
            label: "Another warning list",
            text: json.to_owned(),
            hint: "The JSON of a list of MISP’s warning lists: name, description, type, list.",
            rows: 6,
            submit: "Hand it in",
            also: None,
            hidden: Vec::new(),
            fields: Vec::new(),
            tail: Vec::new(),
            body: String::new(),
            faults: json_faults
                .iter()
                .map(|fault| (fault.field.clone(), fault.what.clone()))
                .collect(),
        })));
    }
    let is_fine = faults.is_empty() && json_faults.is_empty();
    let status = if is_fine { StatusCode::OK } else { UNFIT };
    Frame::at(app, visitor, PLACE)
        .desk()
        .script(crate::assets::url::DESK_JS)
        .status(status)
        .show("Lists", LEDE, blocks)
}

fn ignore_row(list: &IgnoreList) -> Row {
    let href = format!("{PLACE}/{}", list.id.0);
    let holds = match (
        list.list.is_global,
        list.sources.len(),
        list.providers.len(),
    ) {
        (true, ..) => "every source".to_owned(),
        (false, 0, 0) => "nobody yet".to_owned(),
        (false, sources, providers) => {
            let said = [(sources, "sources"), (providers, "providers")];
            let said = said.iter().filter(|(count, _)| *count > 0);
            let said: Vec<String> = said
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            said.join(", ")
        }
    };
    Row {
        cells: vec![
            Cell::Link {
                href: href.clone(),
                text: list.list.name.clone(),
                small: list.list.about.clone(),
            },
            Cell::Text(holds),
            Cell::Text(group(list.entries)),
            if list.list.is_enabled {
                Cell::state("good", "counts")
            } else {
                Cell::state("plain", "switched off")
            },
        ],
        href: Some(href),
        ..Row::default()
    }
}

pub(super) fn form(action: String, entered: &NewIgnoreList, submit: &'static str) -> Ask {
    let state = vec![
        Choice::new(
            "enabled",
            "It counts",
            entered.is_enabled || entered.name.is_empty(),
        ),
        Choice::new(
            "global",
            "For every source",
            entered.is_global || entered.name.is_empty(),
        ),
    ];
    Ask::new(action, submit)
        .field(
            Field::new("name", "Name", Input::Text)
                .value(entered.name.clone())
                .required(),
        )
        .field(Field::new("about", "What it is for", Input::Long).value(entered.about.clone()))
        .field(Field::new("state", "State", Input::Checks(state)))
}

pub(super) fn read(form: &Form) -> NewIgnoreList {
    let ticked = |name: &str| form.all("state").any(|one| one == name);
    NewIgnoreList {
        slug: String::new(),
        name: form.text("name").to_owned(),
        about: form.text("about").to_owned(),
        is_enabled: ticked("enabled"),
        is_global: ticked("global"),
    }
}

/// Makes an ignore list.
pub(crate) async fn make(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let entered = read(&form);
    match app
        .registry
        .create_ignore_list(&form.actor, entered.clone())
        .await
    {
        Ok(id) => Ok(done(&form, &format!("{PLACE}/{}", id.0), "saved")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            Ok(shown(&app, &form, &entered, &faults, "", &[]))
        }
    }
}

pub(super) fn id(segments: &Segments) -> Result<ListId, ApiError> {
    segments
        .text(0)
        .parse()
        .map(ListId)
        .map_err(|_| refusal::unknown())
}
