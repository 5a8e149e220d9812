//! Roles: sets of permissions with a name.

use std::sync::Arc;

use accounts::{NewRole, Permission, PermissionSet, Role, RoleId};
use axum::extract::State;
use axum::response::Response;

use super::stale;
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::account::UNFIT;
use crate::rooms::frame::{Frame, address, done};
use crate::rooms::refusals::Refusal as _;
use crate::rooms::view::{
    Act, Ask, Block, Cell, Choice, Field, Kind as Input, Row, Table, Wrong, columns,
};
use crate::strings::group;

const PLACE: &str = "/admin/roles";

/// All of them, and the form for another.
pub(crate) async fn list(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    shown(&app, &seen, None, None).await
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    wanted: Option<&NewRole>,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let roles = app.accounts.roles().await?;
    let row = |role: &Role| {
        let href = format!("{PLACE}/{}", role.id.0);
        let members = address("/admin/users", &[("role", &role.id.0.to_string())]);
        Row {
            cells: vec![
                Cell::Link {
                    href: href.clone(),
                    text: role.name.clone(),
                    small: role.about.clone(),
                },
                permissions(role),
                Cell::link(members, group(u64::from(role.members))),
            ],
            href: Some(href),
            ..Row::default()
        }
    };
    let mut blocks = vec![Block::Table(Table {
        label: "Roles".to_owned(),
        columns: columns(&["Role", "May", "Accounts"]),
        rows: roles.iter().map(row).collect(),
        ..Table::default()
    })];
    if visitor.may(Permission::RolesWrite) {
        let ask = Ask {
            id: "new",
            ..Ask::new(PLACE, "Make the role")
        };
        blocks.push(Block::Heading("A new role"));
        blocks.push(Block::Form(fields(ask, visitor, wanted)?.wrong(wrong)));
    }
    let frame = Frame::at(app, visitor, PLACE);
    let frame = if wrong.is_some() {
        frame.status(UNFIT)
    } else {
        frame
    };
    Ok(frame.show(
        "Roles",
        "What somebody may do is what all their roles together allow. Nobody can give what they do not have.",
        blocks,
    ))
}

fn permissions(role: &Role) -> Cell {
    if role.id == RoleId::ADMINISTRATOR {
        return Cell::text("everything, also what later versions add");
    }
    let names: Vec<String> = role
        .permissions
        .iter()
        .map(|one| one.name().to_owned())
        .collect();
    if names.is_empty() {
        return Cell::text("what everybody may who is signed in");
    }
    Cell::Tags(names)
}

fn fields(ask: Ask, visitor: &Visitor, role: Option<&NewRole>) -> Result<Ask, ApiError> {
    let mine = visitor.known()?.principal.permissions;
    let has = role.map_or(PermissionSet::NONE, |role| role.permissions);
    let choice = |one: &Permission| {
        let mut choice = Choice::new(one.name(), one.name(), has.has(*one)).about(one.about());
        choice.fixed = !mine.has(*one);
        choice
    };
    let text = |get: fn(&NewRole) -> &String| role.map_or(String::new(), |role| get(role).clone());
    Ok(ask
        .field(
            Field::new("name", "Name", Input::Text)
                .value(text(|role| &role.name))
                .hint("Small letters, digits and hyphens.")
                .fills("off")
                .required(),
        )
        .field(
            Field::new("about", "What it is for", Input::Text)
                .value(text(|role| &role.about))
                .fills("off"),
        )
        .field(Field::new(
            "permissions",
            "It may",
            Input::Checks(Permission::ALL.iter().map(choice).collect()),
        )))
}

/// One role.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    let role = role(&app, id(&segments)?).await?;
    role_page(&app, &seen, &role, None, None)
}

fn role_page(
    app: &App,
    visitor: &Visitor,
    role: &Role,
    wanted: Option<NewRole>,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let page = format!("{PLACE}/{}", role.id.0);
    let members = address("/admin/users", &[("role", &role.id.0.to_string())]);
    let mut blocks = vec![Block::Facts(vec![
        ("For", Cell::text(role.about.clone())),
        ("May", permissions(role)),
        (
            "Accounts",
            Cell::link(members, group(u64::from(role.members))),
        ),
    ])];
    if role.id.built_in().is_some() {
        blocks.push(Block::notice(
            "This role is built in: it cannot be changed. Make another one beside it.",
        ));
    } else if visitor.may(Permission::RolesWrite) {
        let shown = wanted.unwrap_or_else(|| NewRole {
            name: role.name.clone(),
            about: role.about.clone(),
            permissions: role.permissions,
        });
        blocks.push(Block::Heading("Change it"));
        let ask = Ask::new(page.clone(), "Save the role");
        blocks.push(Block::Form(
            fields(ask, visitor, Some(&shown))?.wrong(wrong),
        ));
        let delete = Act::new(format!("{page}/delete"), "Delete the role").final_one();
        blocks.push(Block::Acts(vec![delete]));
    }
    let frame = Frame::at(app, visitor, PLACE).below(PLACE, "Roles");
    let frame = if wrong.is_some() {
        frame.status(UNFIT)
    } else {
        frame
    };
    Ok(frame.show(role.name.clone(), "", blocks))
}

fn wanted(form: &Form) -> Result<NewRole, ApiError> {
    let unknown =
        || ApiError::new(Kind::Invalid, "There is no such permission").field("permissions");
    let permissions = form
        .all("permissions")
        .map(|name| Permission::named(name).ok_or_else(unknown));
    Ok(NewRole {
        name: form.text("name").to_owned(),
        about: form.text("about").to_owned(),
        permissions: permissions.collect::<Result<_, _>>()?,
    })
}

/// Makes one.
pub(crate) async fn create(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    if let Some(response) = stale(&app, &form, PLACE) {
        return Ok(response);
    }
    let role = wanted(&form)?;
    match app
        .accounts
        .create_role(&form.caller()?, role.clone())
        .await
    {
        Ok(_) => Ok(done(&form, PLACE, "role-saved")),
        Err(error) => shown(&app, &form, Some(&role), Some(&error.at_form()?)).await,
    }
}

/// Makes one what is given.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    if let Some(response) = stale(&app, &form, &format!("{PLACE}/{}", id.0)) {
        return Ok(response);
    }
    let wanted = wanted(&form)?;
    match app
        .accounts
        .change_role(&form.caller()?, id, wanted.clone())
        .await
    {
        Ok(()) => Ok(done(&form, PLACE, "role-saved")),
        Err(error) => {
            let wrong = error.at_form()?;
            role_page(
                &app,
                &form,
                &role(&app, id).await?,
                Some(wanted),
                Some(&wrong),
            )
        }
    }
}

/// Deletes one that nobody has.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let id = id(&segments)?;
    match app.accounts.delete_role(&form.caller()?, id).await {
        Ok(()) => Ok(done(&form, PLACE, "role-deleted")),
        Err(error) => {
            let wrong = error.at_form()?;
            role_page(&app, &form, &role(&app, id).await?, None, Some(&wrong))
        }
    }
}

async fn role(app: &App, id: RoleId) -> Result<Role, ApiError> {
    app.accounts.role(id).await?.ok_or_else(unknown)
}

fn id(segments: &Segments) -> Result<RoleId, ApiError> {
    segments.text(0).parse().map(RoleId).map_err(|_| unknown())
}

fn unknown() -> ApiError {
    ApiError::new(Kind::NoSuchThing, "There is no such role")
}
