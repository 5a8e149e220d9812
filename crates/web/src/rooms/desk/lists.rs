//! Lists: ignore lists say what no source is asked about, warning lists what is known to be harmless.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use indicator::Indicator;
use indicator::lists::Matching;
use intel::declared::Fault;
use intel::lists::{
    IgnoreList, ListId, NewIgnoreList, WARNING_LIST_BYTES_MAX, WarningList, WarningListId,
};
use intel::sources::{IgnoreListChange, Sources};
use intel::{ProviderId, SourceId};

use super::refusal;
use super::view::{Editor, Part, Value};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at, done};
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns,
};
use crate::strings::group;

const PLACE: &str = "/desk/lists";
const LEDE: &str = "An ignore list keeps values from sources: your own domains, your clients’ addresses. A warning list marks what is widely known, so that nobody chases a resolver.";
/// Most bytes of a form with entries.
pub(crate) const ENTRIES_FORM_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of a form with a warning list, percent-encoded.
pub(crate) const WARNING_FORM_BYTES: usize = 2 * WARNING_LIST_BYTES_MAX;

/// Both sorts of lists.
pub(crate) async fn list(State(app): State<Arc<App>>, seen: Seen) -> Response {
    shown(&app, &seen, &NewIgnoreList::default(), &[], "", &[])
}

fn shown(
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
        rows: warnings.map(|list| warning_row(list, may_write)).collect(),
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

fn warning_row(list: &WarningList, may_write: bool) -> Row {
    let page = format!("{PLACE}/warnings/{}", list.id.0);
    let mut acts = Vec::new();
    if may_write {
        acts.push(if list.is_enabled {
            Act::new(format!("{page}/disable"), "Switch off").of(&list.name)
        } else {
            Act::new(format!("{page}/enable"), "Switch on").of(&list.name)
        });
        if !list.is_built_in {
            acts.push(
                Act::new(format!("{page}/delete"), "Delete")
                    .of(&list.name)
                    .final_one(),
            );
        }
    }
    Row {
        cells: vec![
            Cell::Stack {
                text: list.name.clone(),
                small: list.about.clone(),
            },
            Cell::Text(compared_by(list.matching).to_owned()),
            Cell::Text(group(list.entries as u64)),
            match (&list.fault, list.is_enabled) {
                (Some(fault), true) => Cell::state("ill", fault.clone()),
                (None, true) => Cell::state("good", "counts"),
                (_, false) => Cell::state("plain", "switched off"),
            },
        ],
        acts,
        ..Row::default()
    }
}

fn compared_by(matching: Matching) -> &'static str {
    match matching {
        Matching::String => "the whole value",
        Matching::Substring => "a part of the value",
        Matching::Hostname => "host names and what is below",
        Matching::Cidr => "networks",
        Matching::Regex => "expressions",
    }
}

fn form(action: String, entered: &NewIgnoreList, submit: &'static str) -> Ask {
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

fn read(form: &Form) -> NewIgnoreList {
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

fn id(segments: &Segments) -> Result<ListId, ApiError> {
    segments
        .text(0)
        .parse()
        .map(ListId)
        .map_err(|_| refusal::unknown())
}

/// One ignore list, with its entries.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
    uri: Uri,
) -> Result<Response, ApiError> {
    let text = asked(&uri, "q")?;
    let before = asked_number(&uri, "before")?;
    about(&app, &seen, id(&segments)?, (&text, before), "", &[]).await
}

async fn about(
    app: &App,
    visitor: &Visitor,
    id: ListId,
    (text, before): (&str, Option<i64>),
    lines: &str,
    faults: &[Fault],
) -> Result<Response, ApiError> {
    let sources = app.registry.current();
    let list = sources.ignore_list(id).ok_or_else(refusal::unknown)?;
    let page = format!("{PLACE}/{}", id.0);
    let may_write = visitor.may(Permission::ListsWrite);
    let wanted = (!text.is_empty()).then_some(text);
    let entries = app
        .registry
        .ignore_entries(id, None, wanted, before, ROWS)
        .await?;
    let row = |entry: &intel::lists::IgnoreEntry| {
        let indicator = indicator::parse(entry.kind, &entry.value).ok();
        let value = indicator.map(Value);
        let remove = value.as_ref().map(|value| {
            Act::new(format!("{page}/remove"), "Take off")
                .of(value.shown())
                .with("pick", value.field())
        });
        Row {
            cells: vec![match value {
                Some(value) => Cell::Value(value),
                None => Cell::Code(entry.value.clone()),
            }],
            acts: remove.filter(|_| may_write).into_iter().collect(),
            ..Row::default()
        }
    };
    let mut blocks = vec![Block::Facts(vec![
        (
            "State",
            if list.list.is_enabled {
                Cell::state("good", "counts")
            } else {
                Cell::state("plain", "switched off")
            },
        ),
        ("Entries", Cell::Text(group(list.entries))),
        ("Changed", at(list.changed_at)),
    ])];
    blocks.push(Block::Heading("Entries"));
    blocks.push(Block::Table(Table {
        label: "Entries".to_owned(),
        action: page.clone(),
        filters: vec![Field::new("q", "With this in it", Input::Text).value(text)],
        is_filtered: !text.is_empty(),
        columns: columns(&["Value"]),
        rows: entries.rows.iter().map(row).collect(),
        empty_title: "No entry",
        empty_says: "Add some below: one a line, or a whole text in which they stand.",
        newest: before.map(|_| address(&page, &[("q", text)])),
        older: entries
            .next
            .map(|next| address(&page, &[("q", text), ("before", &next.to_string())])),
    }));
    if may_write {
        blocks.extend(changes(&sources, list, &page, lines, faults));
    }
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        UNFIT
    };
    Ok(Frame::at(app, visitor, PLACE)
        .desk()
        .below(PLACE, "Lists")
        .status(status)
        .show(list.list.name.clone(), list.list.about.clone(), blocks))
}

/// The forms that change a list: its entries, and itself.
fn changes(
    sources: &Sources,
    list: &IgnoreList,
    page: &str,
    lines: &str,
    faults: &[Fault],
) -> Vec<Block> {
    let mut blocks = Vec::new();
    let ask = Ask {
        is_quiet: true,
        ..Ask::new(format!("{page}/add"), "Put them on the list")
    };
    let ask = ask.field(
        Field::new("lines", "More entries", Input::Area(5))
            .value(lines)
            .hint("Defanged or not. A domain covers what is below it, a network what is in it."),
    );
    blocks.push(Block::Form(refusal::mark(ask, faults)));
    blocks.push(Block::Heading("The list itself"));
    let ask = Ask {
        is_quiet: true,
        ..form(page.to_owned(), &list.list, "Save")
    };
    let held = sources.all().iter().map(|source| {
        let holds = list.sources.contains(&source.id);
        Choice::new(source.id.0.to_string(), source.name.clone(), holds)
    });
    let providers = sources.providers().iter().map(|provider| {
        let holds = list.providers.contains(&provider.id);
        Choice::new(provider.id.0.to_string(), provider.name.clone(), holds)
    });
    let ask = ask
        .field(Field::new(
            "source",
            "Else only for these sources",
            Input::Checks(held.collect()),
        ))
        .field(Field::new(
            "provider",
            "And all of these providers",
            Input::Checks(providers.collect()),
        ));
    blocks.push(Block::Form(ask));
    blocks.push(Block::Acts(vec![
        Act::new(format!("{page}/delete"), "Delete the list")
            .of(&list.list.name)
            .final_one(),
    ]));
    blocks
}

/// Changes an ignore list, and for whom it holds.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let numbers = |name: &str| {
        form.all(name)
            .filter_map(|one| one.parse().ok())
            .collect::<Vec<i64>>()
    };
    let change = IgnoreListChange {
        list: Some(read(&form)),
        sources: Some(numbers("source").into_iter().map(SourceId).collect()),
        providers: Some(numbers("provider").into_iter().map(ProviderId).collect()),
        ..IgnoreListChange::default()
    };
    let changed = app
        .registry
        .change_ignore_list(&form.actor, id, change)
        .await;
    changed.map_err(ApiError::from)?;
    Ok(done(&form, &format!("{PLACE}/{}", id.0), "saved"))
}

/// Puts every indicator of a text on the list.
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let text = form.raw("lines");
    let read = super::extract::read(&app, text.as_bytes().to_vec()).await;
    let entries: Vec<Indicator> = read
        .picks
        .into_iter()
        .filter(|pick| !pick.part)
        .map(|pick| pick.indicator)
        .collect();
    if entries.is_empty() {
        let faults = [Fault {
            field: "lines".to_owned(),
            what: "there is no indicator in it".to_owned(),
        }];
        return about(&app, &form, id, ("", None), text, &faults).await;
    }
    let change = IgnoreListChange {
        add: entries,
        ..IgnoreListChange::default()
    };
    match app
        .registry
        .change_ignore_list(&form.actor, id, change)
        .await
    {
        Ok(()) => Ok(done(&form, &format!("{PLACE}/{}", id.0), "saved")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            about(&app, &form, id, ("", None), text, &faults).await
        }
    }
}

/// Takes an entry off.
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    let value = Value::of_field(form.text("pick"));
    let malformed = || ApiError::new(Kind::Invalid, "This is no entry").field("pick");
    let change = IgnoreListChange {
        remove: vec![value.ok_or_else(malformed)?.0],
        ..IgnoreListChange::default()
    };
    let changed = app
        .registry
        .change_ignore_list(&form.actor, id, change)
        .await;
    changed.map_err(ApiError::from)?;
    Ok(done(&form, &format!("{PLACE}/{}", id.0), "saved"))
}

/// Deletes an ignore list.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let deleted = app
        .registry
        .delete_ignore_list(&form.actor, id(&segments)?)
        .await;
    deleted.map_err(ApiError::from)?;
    Ok(done(&form, PLACE, "deleted"))
}

/// Takes a warning list in.
pub(crate) async fn make_warning(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let json = form.raw("text");
    let made = app
        .registry
        .create_warning_list(&form.actor, "", json.as_bytes().to_vec())
        .await;
    match made {
        Ok(_) => Ok(done(&form, PLACE, "saved")),
        Err(error) => {
            let faults = refusal::faults(error)?;
            Ok(shown(
                &app,
                &form,
                &NewIgnoreList::default(),
                &[],
                json,
                &faults,
            ))
        }
    }
}

fn warning_id(segments: &Segments) -> Result<WarningListId, ApiError> {
    let id = segments.text(0).parse().map(WarningListId);
    id.map_err(|_| refusal::unknown())
}

/// Switches a warning list on.
pub(crate) async fn enable_warning(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    switched(&app, &segments, &form, true).await
}

/// Switches a warning list off.
pub(crate) async fn disable_warning(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    switched(&app, &segments, &form, false).await
}

async fn switched(
    app: &App,
    segments: &Segments,
    form: &Form,
    is_enabled: bool,
) -> Result<Response, ApiError> {
    let id = warning_id(segments)?;
    let changed = app
        .registry
        .change_warning_list(&form.actor, id, Some(is_enabled), None)
        .await;
    changed.map_err(ApiError::from)?;
    Ok(done(form, PLACE, "saved"))
}

/// Deletes a warning list of this installation.
pub(crate) async fn delete_warning(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let deleted = app
        .registry
        .delete_warning_list(&form.actor, warning_id(&segments)?)
        .await;
    deleted.map_err(ApiError::from)?;
    Ok(done(&form, PLACE, "deleted"))
}
