//! One ignore list: its entries, for whom it holds, and what changes it.

use std::sync::Arc;

use accounts::Permission;
use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use indicator::Indicator;
use intel::declared::Fault;
use intel::lists::{IgnoreList, ListId};
use intel::sources::{IgnoreListChange, Sources};
use intel::{ProviderId, SourceId};

use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::desk::refusal;
use crate::rooms::desk::view::Value;
use crate::rooms::frame::{Frame, ROWS, address, asked, asked_number, at, done};
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, columns,
};
use crate::strings::group;

use super::{PLACE, form, id, read};

/// One ignore list, with its entries.
pub(crate) async fn page(
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
    let read = crate::rooms::desk::extract::read(&app, text.as_bytes().to_vec()).await;
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
