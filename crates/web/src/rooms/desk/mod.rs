//! The desk: paste, choose, ask, read what sources answer, and keep house for them.
//!
//! A page shows every live value defanged, and is whole without script: what comes by itself in a
//! browser with script comes there by asking again.

mod bulks;
mod cards;
mod extract;
mod feeds;
mod history;
mod indicator;
mod lists;
pub(crate) mod notifications;
mod paste;
mod providers;
mod refusal;
mod request;
pub(crate) mod running;
mod secrets;
mod share;
mod sources;
mod statistics;
pub(crate) mod view;
mod watches;

use accounts::Permission;

use crate::access::Access;
use crate::form::FORM_BYTES;
use crate::router::{Cache, Route, get, post};

/// Most bytes of a form with a few hundred chosen indicators.
const CHOICE_FORM_BYTES: usize = 4 * 1024 * 1024;

/// Every address of the desk.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = lookups();
    routes.extend(about_sources());
    routes.extend(about_lists());
    routes
}

#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
fn lookups() -> Vec<Route> {
    use Access::{Needs, Public};
    use Cache::Never;
    use Permission::{LookupsRead, LookupsWrite};
    vec![
        get("/desk", Needs(LookupsRead), Never, paste::page),
        post(
            "/desk/extract",
            Needs(LookupsRead),
            paste::TEXT_FORM_BYTES,
            paste::extract,
        ),
        post(
            "/desk/extract/found",
            Needs(LookupsRead),
            extract::PASTE_BYTES_MAX,
            paste::found,
        ),
        post(
            "/desk/look-up",
            Needs(LookupsWrite),
            CHOICE_FORM_BYTES,
            paste::look_up,
        ),
        get(
            "/desk/requests/{id}",
            Needs(LookupsRead),
            Never,
            request::page,
        ),
        get(
            "/desk/requests/{id}/live",
            Needs(LookupsRead),
            Never,
            request::live::events,
        ),
        post(
            "/desk/requests/{id}/cancel",
            Needs(LookupsWrite),
            FORM_BYTES,
            request::cancel,
        ),
        post(
            "/desk/requests/{id}/share",
            Needs(LookupsWrite),
            FORM_BYTES,
            share::make,
        ),
        post(
            "/desk/requests/{id}/unshare",
            Needs(LookupsWrite),
            FORM_BYTES,
            share::end,
        ),
        get("/s/{secret}", Public, Cache::Own, share::page),
        get(
            "/desk/indicators/{kind}/{value}",
            Needs(LookupsRead),
            Never,
            indicator::page,
        ),
        get("/desk/history", Needs(LookupsRead), Never, history::list),
        get("/desk/bulks", Needs(LookupsRead), Never, bulks::list),
        post(
            "/desk/bulks",
            Needs(LookupsWrite),
            paste::TEXT_FORM_BYTES,
            paste::bulk,
        ),
        get("/desk/bulks/{id}", Needs(LookupsRead), Never, bulks::one),
        get(
            "/desk/bulks/{id}/live",
            Needs(LookupsRead),
            Never,
            bulks::live,
        ),
        post(
            "/desk/bulks/{id}/pause",
            Needs(LookupsWrite),
            FORM_BYTES,
            bulks::pause,
        ),
        post(
            "/desk/bulks/{id}/resume",
            Needs(LookupsWrite),
            FORM_BYTES,
            bulks::resume,
        ),
        post(
            "/desk/bulks/{id}/cancel",
            Needs(LookupsWrite),
            FORM_BYTES,
            bulks::cancel,
        ),
        get("/desk/watches", Needs(LookupsRead), Never, watches::list),
        post(
            "/desk/watches",
            Needs(LookupsWrite),
            FORM_BYTES,
            watches::make,
        ),
        post(
            "/desk/watches/end",
            Needs(LookupsWrite),
            FORM_BYTES,
            watches::end,
        ),
        get(
            "/desk/statistics",
            Needs(LookupsRead),
            Never,
            statistics::page,
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
fn about_sources() -> Vec<Route> {
    use Access::Needs;
    use Cache::Never;
    use Permission::{SecretsWrite, SourcesRead, SourcesWrite};
    vec![
        get(
            "/desk/notifications",
            Needs(SourcesRead),
            Never,
            notifications::page,
        ),
        get("/desk/sources", Needs(SourcesRead), Never, sources::list),
        post(
            "/desk/sources",
            Needs(SourcesWrite),
            sources::edit::DEFINITION_FORM_BYTES,
            sources::edit::make,
        ),
        get(
            "/desk/sources/new",
            Needs(SourcesWrite),
            Never,
            sources::edit::new,
        ),
        post(
            "/desk/sources/new/try",
            Needs(SourcesWrite),
            sources::bench::BENCH_FORM_BYTES,
            sources::edit::try_new,
        ),
        get(
            "/desk/sources/{slug}",
            Needs(SourcesRead),
            Never,
            sources::one::page,
        ),
        post(
            "/desk/sources/{slug}/enable",
            Needs(SourcesWrite),
            FORM_BYTES,
            sources::enable,
        ),
        post(
            "/desk/sources/{slug}/disable",
            Needs(SourcesWrite),
            FORM_BYTES,
            sources::disable,
        ),
        post(
            "/desk/sources/{slug}/delete",
            Needs(SourcesWrite),
            FORM_BYTES,
            sources::delete,
        ),
        post(
            "/desk/sources/{slug}/settings",
            Needs(SourcesWrite),
            FORM_BYTES,
            sources::settings::change,
        ),
        post(
            "/desk/sources/{slug}/secrets",
            Needs(SecretsWrite),
            FORM_BYTES,
            sources::slots::put,
        ),
        post(
            "/desk/sources/{slug}/try",
            Needs(SourcesWrite),
            sources::bench::BENCH_FORM_BYTES,
            sources::bench::try_it,
        ),
        get(
            "/desk/sources/{slug}/edit",
            Needs(SourcesWrite),
            Never,
            sources::edit::page,
        ),
        post(
            "/desk/sources/{slug}/edit",
            Needs(SourcesWrite),
            sources::edit::DEFINITION_FORM_BYTES,
            sources::edit::save,
        ),
        post(
            "/desk/sources/{slug}/edit/try",
            Needs(SourcesWrite),
            sources::bench::BENCH_FORM_BYTES,
            sources::edit::try_change,
        ),
        post(
            "/desk/sources/{slug}/roll-back",
            Needs(SourcesWrite),
            FORM_BYTES,
            sources::versions::roll_back,
        ),
        get(
            "/desk/sources/{slug}/versions/{number}",
            Needs(SourcesRead),
            Never,
            sources::versions::page,
        ),
        get(
            "/desk/providers",
            Needs(SourcesRead),
            Never,
            providers::list,
        ),
        post(
            "/desk/providers",
            Needs(SourcesWrite),
            FORM_BYTES,
            providers::make,
        ),
        get(
            "/desk/providers/{slug}",
            Needs(SourcesRead),
            Never,
            providers::one,
        ),
        post(
            "/desk/providers/{slug}",
            Needs(SourcesWrite),
            FORM_BYTES,
            providers::change,
        ),
        post(
            "/desk/providers/{slug}/delete",
            Needs(SourcesWrite),
            FORM_BYTES,
            providers::delete,
        ),
        get("/desk/feeds", Needs(SourcesRead), Never, feeds::list),
        post(
            "/desk/feeds",
            Needs(SourcesWrite),
            feeds::FEED_FORM_BYTES,
            feeds::make,
        ),
        get("/desk/feeds/{slug}", Needs(SourcesRead), Never, feeds::one),
        post(
            "/desk/feeds/{slug}",
            Needs(SourcesWrite),
            feeds::FEED_FORM_BYTES,
            feeds::change,
        ),
        post(
            "/desk/feeds/{slug}/pull",
            Needs(SourcesWrite),
            FORM_BYTES,
            feeds::pull,
        ),
        post(
            "/desk/feeds/{slug}/enable",
            Needs(SourcesWrite),
            FORM_BYTES,
            feeds::enable,
        ),
        post(
            "/desk/feeds/{slug}/disable",
            Needs(SourcesWrite),
            FORM_BYTES,
            feeds::disable,
        ),
        post(
            "/desk/feeds/{slug}/delete",
            Needs(SourcesWrite),
            FORM_BYTES,
            feeds::delete,
        ),
        get("/desk/secrets", Needs(SecretsWrite), Never, secrets::list),
        post(
            "/desk/secrets",
            Needs(SecretsWrite),
            FORM_BYTES,
            secrets::make,
        ),
        get(
            "/desk/secrets/{id}",
            Needs(SecretsWrite),
            Never,
            secrets::one,
        ),
        post(
            "/desk/secrets/{id}/replace",
            Needs(SecretsWrite),
            FORM_BYTES,
            secrets::replace,
        ),
        post(
            "/desk/secrets/{id}/delete",
            Needs(SecretsWrite),
            FORM_BYTES,
            secrets::delete,
        ),
    ]
}

fn about_lists() -> Vec<Route> {
    use Access::Needs;
    use Permission::{ListsRead, ListsWrite};
    vec![
        get("/desk/lists", Needs(ListsRead), Cache::Never, lists::list),
        post("/desk/lists", Needs(ListsWrite), FORM_BYTES, lists::make),
        get(
            "/desk/lists/{id}",
            Needs(ListsRead),
            Cache::Never,
            lists::one::page,
        ),
        post(
            "/desk/lists/{id}",
            Needs(ListsWrite),
            FORM_BYTES,
            lists::one::change,
        ),
        post(
            "/desk/lists/{id}/add",
            Needs(ListsWrite),
            lists::ENTRIES_FORM_BYTES,
            lists::one::add,
        ),
        post(
            "/desk/lists/{id}/remove",
            Needs(ListsWrite),
            FORM_BYTES,
            lists::one::remove,
        ),
        post(
            "/desk/lists/{id}/delete",
            Needs(ListsWrite),
            FORM_BYTES,
            lists::one::delete,
        ),
        post(
            "/desk/lists/warnings",
            Needs(ListsWrite),
            lists::WARNING_FORM_BYTES,
            lists::warning::make,
        ),
        post(
            "/desk/lists/warnings/{id}/enable",
            Needs(ListsWrite),
            FORM_BYTES,
            lists::warning::enable,
        ),
        post(
            "/desk/lists/warnings/{id}/disable",
            Needs(ListsWrite),
            FORM_BYTES,
            lists::warning::disable,
        ),
        post(
            "/desk/lists/warnings/{id}/delete",
            Needs(ListsWrite),
            FORM_BYTES,
            lists::warning::delete,
        ),
    ]
}
