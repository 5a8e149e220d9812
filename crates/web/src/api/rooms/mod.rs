//! The rooms' JSON: accounts, tokens, sessions, roles, the trail, jobs, notices and facts. The same
//! acts as on the pages, for programs that send a token.

mod account;
mod admin;
pub(crate) mod trail;
mod views;

use accounts::Permission;
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::forms::answer;
use crate::access::Access;
use crate::form::FORM_BYTES;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::parameter;
use crate::router::{Cache, Route, changing, get, post};

pub(crate) use views::entry as audit_view;

/// Rows of a page, unless asked otherwise.
const ROWS: usize = 100;
/// Most rows of a page.
const ROWS_MAX: usize = 1000;

/// Every address of the rooms' API.
#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
pub(crate) fn routes() -> Vec<Route> {
    use Access::{Needs, SignedIn};
    use Cache::Never;
    use Permission::{
        AuditRead, JobsRead, JobsWrite, NoticesRead, RolesWrite, UsersRead, UsersWrite,
    };
    let delete = Method::DELETE;
    vec![
        get("/api/v1/account", SignedIn, Never, account::read),
        get("/api/v1/account/tokens", SignedIn, Never, account::tokens),
        post(
            "/api/v1/account/tokens",
            SignedIn,
            FORM_BYTES,
            account::make_token,
        ),
        changing(
            delete.clone(),
            "/api/v1/account/tokens/{id}",
            SignedIn,
            0,
            account::revoke_token,
        ),
        get(
            "/api/v1/account/sessions",
            SignedIn,
            Never,
            account::sessions,
        ),
        changing(
            delete.clone(),
            "/api/v1/account/sessions/{id}",
            SignedIn,
            0,
            account::end_session,
        ),
        get("/api/v1/users", Needs(UsersRead), Never, admin::users),
        get("/api/v1/users/{id}", Needs(UsersRead), Never, admin::user),
        changing(
            Method::PATCH,
            "/api/v1/users/{id}",
            Needs(UsersWrite),
            FORM_BYTES,
            admin::enable,
        ),
        changing(
            Method::PUT,
            "/api/v1/users/{id}/roles",
            Needs(RolesWrite),
            FORM_BYTES,
            admin::set_roles,
        ),
        changing(
            delete.clone(),
            "/api/v1/users/{id}",
            Needs(UsersWrite),
            0,
            admin::delete,
        ),
        post(
            "/api/v1/invitations",
            Needs(UsersWrite),
            FORM_BYTES,
            admin::invite,
        ),
        get("/api/v1/roles", Needs(UsersRead), Never, admin::roles),
        post(
            "/api/v1/roles",
            Needs(RolesWrite),
            FORM_BYTES,
            admin::create_role,
        ),
        changing(
            Method::PUT,
            "/api/v1/roles/{id}",
            Needs(RolesWrite),
            FORM_BYTES,
            admin::change_role,
        ),
        changing(
            delete,
            "/api/v1/roles/{id}",
            Needs(RolesWrite),
            0,
            admin::delete_role,
        ),
        get("/api/v1/audit", Needs(AuditRead), Never, trail::page),
        get(
            "/api/v1/audit/export",
            Needs(AuditRead),
            Never,
            crate::rooms::admin::audit::export,
        ),
        get("/api/v1/audit/{id}", Needs(AuditRead), Never, trail::entry),
        get("/api/v1/jobs", Needs(JobsRead), Never, admin::jobs),
        post(
            "/api/v1/jobs/{id}/replay",
            Needs(JobsWrite),
            FORM_BYTES,
            admin::replay,
        ),
        changing(
            Method::DELETE,
            "/api/v1/jobs/{id}",
            Needs(JobsWrite),
            0,
            admin::discard,
        ),
        get("/api/v1/notices", Needs(NoticesRead), Never, admin::notices),
        get(
            "/api/v1/notices/{id}",
            Needs(NoticesRead),
            Never,
            admin::notice,
        ),
        get("/api/v1/facts/{id}", SignedIn, Never, trail::fact),
        get("/api/v1/facts/{id}/proof", SignedIn, Never, trail::proof),
    ]
}

fn said(value: &Value) -> Response {
    answer(Format::Json, value.to_string())
}

fn made(value: &Value) -> Response {
    let mut response = said(value);
    *response.status_mut() = StatusCode::CREATED;
    response
}

fn gone() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A page: its rows, and what to send as `before` for the next.
fn page(rows: &[Value], next: Option<i64>) -> Response {
    said(&json!({ "rows": rows, "next": next }))
}

/// `?limit=`: how many rows.
fn limit(uri: &Uri) -> Result<usize, ApiError> {
    let Some(text) = parameter(uri.query(), "limit")? else {
        return Ok(ROWS);
    };
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=ROWS_MAX).contains(limit));
    limit.ok_or_else(|| {
        let says = format!("limit must be a number from 1 to {ROWS_MAX}");
        ApiError::new(Kind::MalformedQuery, says).field("limit")
    })
}
