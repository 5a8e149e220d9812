//! The administrator's room. Each page asks for one permission; the table of routes says which.

pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod invitations;
pub(crate) mod jobs;
pub(crate) mod notices;
pub(crate) mod others;
pub(crate) mod overview;
pub(crate) mod roles;
pub(crate) mod users;

use accounts::Permission;
use axum::response::Response;

use super::account::to_confirm;
use crate::access::Access;
use crate::app::App;
use crate::form::{FORM_BYTES, Form};
use crate::router::{Cache, Route, get, post};

/// Every address of the administrator's room.
#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
pub(crate) fn routes() -> Vec<Route> {
    use Access::{Needs, SignedIn};
    use Cache::Never;
    use Permission::{
        AuditRead, ConfigRead, JobsRead, JobsWrite, NoticesRead, OverviewRead, RolesWrite,
        UsersRead, UsersWrite,
    };
    vec![
        get("/admin", Needs(OverviewRead), Never, overview::page),
        get("/admin/live", Needs(OverviewRead), Never, overview::live),
        get("/admin/users", Needs(UsersRead), Never, users::list),
        get("/admin/users/{id}", Needs(UsersRead), Never, users::one),
        post(
            "/admin/users/{id}/roles",
            Needs(RolesWrite),
            FORM_BYTES,
            users::set_roles,
        ),
        post(
            "/admin/users/{id}/enable",
            Needs(UsersWrite),
            FORM_BYTES,
            users::enable,
        ),
        post(
            "/admin/users/{id}/disable",
            Needs(UsersWrite),
            FORM_BYTES,
            users::disable,
        ),
        post(
            "/admin/users/{id}/reset",
            Needs(UsersWrite),
            FORM_BYTES,
            users::reset,
        ),
        post(
            "/admin/users/{id}/remove-totp",
            Needs(UsersWrite),
            FORM_BYTES,
            users::remove_totp,
        ),
        post(
            "/admin/users/{id}/delete",
            Needs(UsersWrite),
            FORM_BYTES,
            users::delete,
        ),
        get(
            "/admin/invitations",
            Needs(UsersRead),
            Never,
            invitations::list,
        ),
        post(
            "/admin/invitations",
            Needs(UsersWrite),
            FORM_BYTES,
            invitations::invite,
        ),
        post(
            "/admin/invitations/withdraw",
            Needs(UsersWrite),
            FORM_BYTES,
            invitations::withdraw,
        ),
        get("/admin/roles", Needs(UsersRead), Never, roles::list),
        post("/admin/roles", Needs(RolesWrite), FORM_BYTES, roles::create),
        get("/admin/roles/{id}", Needs(UsersRead), Never, roles::one),
        post(
            "/admin/roles/{id}",
            Needs(RolesWrite),
            FORM_BYTES,
            roles::change,
        ),
        post(
            "/admin/roles/{id}/delete",
            Needs(RolesWrite),
            FORM_BYTES,
            roles::delete,
        ),
        get("/admin/sessions", Needs(UsersRead), Never, others::sessions),
        post(
            "/admin/sessions/end",
            Needs(UsersWrite),
            FORM_BYTES,
            others::end_session,
        ),
        get("/admin/tokens", Needs(UsersRead), Never, others::tokens),
        post(
            "/admin/tokens/revoke",
            Needs(UsersWrite),
            FORM_BYTES,
            others::revoke_token,
        ),
        get("/admin/audit", Needs(AuditRead), Never, audit::list),
        get(
            "/admin/audit/export",
            Needs(AuditRead),
            Never,
            audit::export,
        ),
        get("/admin/audit/{id}", Needs(AuditRead), Never, audit::one),
        get(
            "/admin/audit/{id}/entry.json",
            Needs(AuditRead),
            Never,
            audit::bytes,
        ),
        get("/admin/jobs", Needs(JobsRead), Never, jobs::list),
        get("/admin/jobs/{id}", Needs(JobsRead), Never, jobs::one),
        post(
            "/admin/jobs/{id}/replay",
            Needs(JobsWrite),
            FORM_BYTES,
            jobs::replay,
        ),
        post(
            "/admin/jobs/{id}/discard",
            Needs(JobsWrite),
            FORM_BYTES,
            jobs::discard,
        ),
        get("/admin/notices", Needs(NoticesRead), Never, notices::list),
        get(
            "/admin/notices/{id}",
            Needs(NoticesRead),
            Never,
            notices::one,
        ),
        get(
            "/admin/notices/{id}/html",
            Needs(NoticesRead),
            Never,
            notices::letter,
        ),
        get("/admin/config", Needs(ConfigRead), Never, config::page),
        get("/admin/keys", Needs(ConfigRead), Never, config::keys),
        get("/facts/{id}", SignedIn, Never, audit::fact),
    ]
}

/// Leads whoever signed in long ago to confirm, before something that cannot be taken back.
fn stale(app: &App, form: &Form, page: &str) -> Option<Response> {
    (!form.is_fresh(app.clock.now())).then(|| to_confirm(page))
}
