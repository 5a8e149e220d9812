//! What administrators' programs do.

use std::sync::Arc;

use accounts::{NewRole, RoleId, UserFilter};
use axum::extract::State;
use axum::response::Response;
use base::UserId;
use http::Uri;
use jobs::{JobCursor, JobId, JobList};
use notify::{NoticeFilter, NoticeId, State as Fate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{id, permissions};
use super::{gone, limit, made, page, said, views};
use crate::app::App;
use crate::form::Json;
use crate::identity::Seen;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::admin::jobs::{discard_job, replay_job};
use crate::rooms::frame::{asked, asked_number};

fn unknown() -> ApiError {
    ApiError::plain(Kind::NoSuchThing)
}

/// `?q=`, `?role=`, `?enabled=`, `?before=`, `?limit=`.
pub(super) async fn users(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let text = asked(&uri, "q")?;
    let filter = UserFilter {
        text: (!text.is_empty()).then_some(text),
        role: asked_number(&uri, "role")?.map(RoleId),
        enabled: match asked(&uri, "enabled")?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "" => None,
            _ => {
                let says = "enabled must be true or false";
                return Err(ApiError::new(Kind::MalformedQuery, says).field("enabled"));
            }
        },
    };
    let before = asked_number(&uri, "before")?;
    let found = app.accounts.users(&filter, before, limit(&uri)?).await?;
    Ok(page(
        &found.rows.iter().map(views::user).collect::<Vec<_>>(),
        found.next,
    ))
}

/// One account.
pub(super) async fn user(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let user = app
        .accounts
        .user(UserId(id(&segments)?))
        .await?
        .ok_or_else(unknown)?;
    Ok(said(&views::user(&user)))
}

/// Whether an account may sign in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enabled {
    enabled: bool,
}

/// Switches an account on or off.
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<Enabled>,
) -> Result<Response, ApiError> {
    let user = UserId(id(&segments)?);
    app.accounts
        .set_enabled(&asked.seen.caller()?, user, asked.body.enabled)
        .await?;
    Ok(gone())
}

/// The roles that an account has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleIds {
    roles: Vec<i64>,
}

/// Gives an account exactly these roles.
pub(super) async fn set_roles(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<RoleIds>,
) -> Result<Response, ApiError> {
    let roles: Vec<RoleId> = asked.body.roles.into_iter().map(RoleId).collect();
    let user = UserId(id(&segments)?);
    app.accounts
        .set_roles(&asked.seen.caller()?, user, &roles)
        .await?;
    Ok(gone())
}

/// Deletes an account.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    app.accounts
        .delete_user(&seen.caller()?, UserId(id(&segments)?))
        .await?;
    Ok(gone())
}

/// An invitation that is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invite {
    email: String,
    roles: Vec<i64>,
}

/// Invites somebody; the link stands in the answer and in the mail, and nowhere else.
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    asked: Json<Invite>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let roles: Vec<RoleId> = body.roles.into_iter().map(RoleId).collect();
    let (invitation, secret) = app
        .accounts
        .invite(&seen.caller()?, &body.email, &roles)
        .await?;
    Ok(made(&json!({
        "id": invitation.id,
        "email": invitation.email.to_string(),
        "expires_at": views::time(invitation.expires_at),
        "link": app.link(&format!("/invitation/{}", secret.expose())),
    })))
}

/// All roles.
pub(super) async fn roles(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let roles = app.accounts.roles().await?;
    Ok(page(
        &roles.iter().map(views::role).collect::<Vec<_>>(),
        None,
    ))
}

/// A role as it is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleWanted {
    name: String,
    #[serde(default)]
    about: String,
    permissions: Vec<String>,
}

impl RoleWanted {
    fn role(self) -> Result<NewRole, ApiError> {
        Ok(NewRole {
            permissions: permissions(&self.permissions)?,
            name: self.name,
            about: self.about,
        })
    }
}

/// Makes a role.
pub(super) async fn create_role(
    State(app): State<Arc<App>>,
    asked: Json<RoleWanted>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let id = app
        .accounts
        .create_role(&seen.caller()?, body.role()?)
        .await?;
    let role = app.accounts.role(id).await?.ok_or_else(unknown)?;
    Ok(made(&views::role(&role)))
}

/// Makes a role what is given.
pub(super) async fn change_role(
    State(app): State<Arc<App>>,
    segments: Segments,
    asked: Json<RoleWanted>,
) -> Result<Response, ApiError> {
    let Json { seen, body } = asked;
    let role = RoleId(id(&segments)?);
    app.accounts
        .change_role(&seen.caller()?, role, body.role()?)
        .await?;
    Ok(gone())
}

/// Deletes a role that nobody has.
pub(super) async fn delete_role(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    app.accounts
        .delete_role(&seen.caller()?, RoleId(id(&segments)?))
        .await?;
    Ok(gone())
}

/// Counts of every kind, and a list: `?state=dead|done|waiting`, `?kind=`, `?at=` and `?id=` of the
/// last answer's `next`.
pub(super) async fn jobs(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let kind = asked(&uri, "kind")?;
    let list = match asked(&uri, "state")?.as_str() {
        "" | "dead" => JobList::Dead {
            name: (!kind.is_empty()).then_some(kind),
        },
        "done" => JobList::Done,
        "waiting" if !kind.is_empty() => JobList::Unfinished { name: kind },
        _ => {
            let says = "state must be dead, done, or waiting together with kind";
            return Err(ApiError::new(Kind::MalformedQuery, says).field("state"));
        }
    };
    let (at, id) = (asked_number(&uri, "at")?, asked_number(&uri, "id")?);
    let after = at.zip(id).map(|(at, id)| JobCursor {
        at: base::UnixMicros(at),
        id: JobId(id),
    });
    let counts = app.jobs.counts().await?;
    let found = app.jobs.page(list, after, limit(&uri)?).await?;
    let next = found
        .next
        .map(|next| json!({ "at": next.at.0, "id": next.id.0 }));
    Ok(said(&json!({
        "kinds": counts.iter().map(views::kind).collect::<Vec<Value>>(),
        "rows": found.jobs.iter().map(views::job).collect::<Vec<Value>>(),
        "next": next,
    })))
}

/// Makes a dead letter a job again.
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    replay_job(&app, &seen, JobId(id(&segments)?)).await?;
    Ok(gone())
}

/// Throws a dead letter away.
pub(super) async fn discard(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    discard_job(&app, &seen, JobId(id(&segments)?)).await?;
    Ok(gone())
}

/// `?state=`, `?q=`, `?before=`, `?limit=`.
pub(super) async fn notices(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, ApiError> {
    let (text, state) = (asked(&uri, "q")?, asked(&uri, "state")?);
    let filter = NoticeFilter {
        state: Fate::named(&state),
        text: (!text.is_empty()).then_some(text),
    };
    if !state.is_empty() && filter.state.is_none() {
        let says = "state must be waiting, sent, failed or kept";
        return Err(ApiError::new(Kind::MalformedQuery, says).field("state"));
    }
    let (before, limit) = (asked_number(&uri, "before")?.map(NoticeId), limit(&uri)?);
    let rows = app.notices.page(&filter, before, limit).await?;
    let next = (rows.len() == limit)
        .then(|| rows.last())
        .flatten()
        .map(|last| last.id.0);
    Ok(page(
        &rows.iter().map(views::envelope).collect::<Vec<_>>(),
        next,
    ))
}

/// One letter with its words.
pub(super) async fn notice(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let notice = app
        .notices
        .notice(NoticeId(id(&segments)?))
        .await?
        .ok_or_else(unknown)?;
    let mut said_of_it = views::envelope(&notice.envelope);
    said_of_it["text"] = notice.text.into();
    said_of_it["html"] = notice.html.into();
    Ok(said(&said_of_it))
}
