//! Every address of the desk's API: how it is asked, who may, and how long a body it takes.

use accounts::Permission;
use http::Method;
use intel::lists::WARNING_LIST_BYTES_MAX;

use super::{
    aliases, bulks, execute, extract, feeds, figures, ignore_lists, kinds, providers, requests,
    secrets, sources, trials, warning_lists, watches,
};
use crate::access::Access;
use crate::form::FORM_BYTES;
use crate::router::{Cache, Route, changing, get, post};

/// A hundred thousand entries of ordinary length.
const ENTRIES_BODY_BYTES: usize = 16 * 1024 * 1024;
/// A description with its templates, or a recorded answer.
const SOURCE_BODY_BYTES: usize = 1024 * 1024;

/// Every address of the desk's API.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = lookup_routes();
    routes.extend(source_routes());
    routes.extend(list_routes());
    routes.extend(other_routes());
    routes
}

/// Lookups, and what they leave behind.
fn lookup_routes() -> Vec<Route> {
    use Access::{Needs, Public, SignedIn};
    use Cache::Never;
    use Permission::{LookupsRead, LookupsWrite};
    let (reads, writes) = (Needs(LookupsRead), Needs(LookupsWrite));
    vec![
        get("/api/v1/indicatorKinds", SignedIn, Never, kinds::kinds),
        post(
            "/api/v1/extract",
            reads,
            extract::EXTRACT_BYTES_MAX,
            extract::extract,
        ),
        get("/api/v1/plan", reads, Never, execute::plan),
        post("/api/v1/plan", reads, FORM_BYTES, execute::plan_body),
        get("/api/v1/requests", reads, Never, requests::list),
        get("/api/v1/requests/execute", writes, Never, execute::execute),
        post(
            "/api/v1/requests/execute",
            writes,
            FORM_BYTES,
            execute::execute_body,
        ),
        get(
            "/api/v1/requests/execute/sse",
            writes,
            Never,
            execute::events,
        ),
        post(
            "/api/v1/requests/execute/sse",
            writes,
            FORM_BYTES,
            execute::events_body,
        ),
        get("/api/v1/requests/{id}", reads, Never, requests::read),
        get(
            "/api/v1/requests/{id}/history",
            reads,
            Never,
            requests::history,
        ),
        get(
            "/api/v1/users/{id}/requests",
            reads,
            Never,
            requests::of_user,
        ),
        get(
            "/api/v1/indicators/{kind}/{value}",
            reads,
            Never,
            requests::indicator,
        ),
        get("/api/v1/evidence/{id}", reads, Never, requests::evidence),
        get("/api/v1/evidence/{id}/proof", reads, Never, requests::proof),
        get("/api/v1/bulks", reads, Never, bulks::list),
        post(
            "/api/v1/bulks",
            writes,
            bulks::BULK_BODY_BYTES,
            bulks::create,
        ),
        get("/api/v1/bulks/{id}", reads, Never, bulks::read),
        changing(
            Method::PATCH,
            "/api/v1/bulks/{id}",
            writes,
            FORM_BYTES,
            bulks::change,
        ),
        changing(
            Method::DELETE,
            "/api/v1/bulks/{id}",
            writes,
            0,
            bulks::cancel,
        ),
        get("/api/v1/bulks/{id}/items", reads, Never, bulks::items),
        get("/api/v1/watches", reads, Never, watches::list),
        post("/api/v1/watches", writes, FORM_BYTES, watches::create),
        get("/api/v1/watches/{id}", reads, Never, watches::read),
        changing(
            Method::DELETE,
            "/api/v1/watches/{id}",
            writes,
            0,
            watches::delete,
        ),
        get("/api/v1/shares", reads, Never, watches::shares),
        post("/api/v1/shares", writes, FORM_BYTES, watches::share),
        changing(
            Method::DELETE,
            "/api/v1/shares/{id}",
            writes,
            0,
            watches::unshare,
        ),
        get("/api/v1/shared/{name}", Public, Never, watches::shared),
    ]
}

/// Sources, providers, secrets and feeds.
#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
fn source_routes() -> Vec<Route> {
    use Access::Needs;
    use Cache::Never;
    use Permission::{ListsRead, ListsWrite, SecretsWrite, SourcesRead, SourcesWrite};
    let (reads, writes) = (Needs(SourcesRead), Needs(SourcesWrite));
    let (patch, put, delete) = (|| Method::PATCH, || Method::PUT, || Method::DELETE);
    vec![
        get("/api/v1/sources", reads, Never, sources::list),
        post(
            "/api/v1/sources",
            writes,
            SOURCE_BODY_BYTES,
            sources::create,
        ),
        post(
            "/api/v1/sources/try",
            writes,
            SOURCE_BODY_BYTES,
            trials::try_words,
        ),
        get(
            "/api/v1/sources/slugs/{name}",
            reads,
            Never,
            sources::by_slug,
        ),
        get("/api/v1/sources/{id}", reads, Never, sources::read),
        changing(
            patch(),
            "/api/v1/sources/{id}",
            writes,
            SOURCE_BODY_BYTES,
            sources::change,
        ),
        changing(delete(), "/api/v1/sources/{id}", writes, 0, sources::delete),
        post(
            "/api/v1/sources/{id}/try",
            writes,
            SOURCE_BODY_BYTES,
            trials::try_one,
        ),
        get(
            "/api/v1/sources/{id}/versions",
            reads,
            Never,
            sources::versions,
        ),
        get(
            "/api/v1/sources/{id}/versions/{n}",
            reads,
            Never,
            sources::version,
        ),
        post(
            "/api/v1/sources/{id}/versions/{n}/rollBack",
            writes,
            FORM_BYTES,
            sources::roll_back,
        ),
        get(
            "/api/v1/sources/{id}/secrets",
            reads,
            Never,
            sources::secrets,
        ),
        changing(
            put(),
            "/api/v1/sources/{id}/secrets",
            Needs(SecretsWrite),
            FORM_BYTES,
            sources::put_secrets,
        ),
        get(
            "/api/v1/sources/{id}/ignoreLists",
            Needs(ListsRead),
            Never,
            sources::ignore_lists,
        ),
        changing(
            put(),
            "/api/v1/sources/{id}/ignoreLists",
            Needs(ListsWrite),
            FORM_BYTES,
            sources::put_ignore_lists,
        ),
        get("/api/v1/providers", reads, Never, providers::list),
        post("/api/v1/providers", writes, FORM_BYTES, providers::create),
        get(
            "/api/v1/providers/slugs/{name}",
            reads,
            Never,
            providers::by_slug,
        ),
        get("/api/v1/providers/{id}", reads, Never, providers::read),
        changing(
            patch(),
            "/api/v1/providers/{id}",
            writes,
            FORM_BYTES,
            providers::change,
        ),
        changing(
            delete(),
            "/api/v1/providers/{id}",
            writes,
            0,
            providers::delete,
        ),
        get(
            "/api/v1/providers/{id}/sources",
            reads,
            Never,
            providers::sources,
        ),
        changing(
            put(),
            "/api/v1/providers/{id}/sources",
            writes,
            FORM_BYTES,
            providers::put_sources,
        ),
        get(
            "/api/v1/providers/{id}/ignoreLists",
            Needs(ListsRead),
            Never,
            providers::ignore_lists,
        ),
        changing(
            put(),
            "/api/v1/providers/{id}/ignoreLists",
            Needs(ListsWrite),
            FORM_BYTES,
            providers::put_ignore_lists,
        ),
        get("/api/v1/secrets", reads, Never, secrets::list),
        post(
            "/api/v1/secrets",
            Needs(SecretsWrite),
            FORM_BYTES,
            secrets::create,
        ),
        changing(
            patch(),
            "/api/v1/secrets/{id}",
            Needs(SecretsWrite),
            FORM_BYTES,
            secrets::change,
        ),
        changing(
            delete(),
            "/api/v1/secrets/{id}",
            Needs(SecretsWrite),
            0,
            secrets::delete,
        ),
        get("/api/v1/feeds", reads, Never, feeds::list),
        post("/api/v1/feeds", writes, FORM_BYTES, feeds::create),
        get("/api/v1/feeds/{id}", reads, Never, feeds::read),
        changing(
            patch(),
            "/api/v1/feeds/{id}",
            writes,
            FORM_BYTES,
            feeds::change,
        ),
        changing(delete(), "/api/v1/feeds/{id}", writes, 0, feeds::delete),
        get("/api/v1/feeds/{id}/runs", reads, Never, feeds::runs),
        post("/api/v1/feeds/{id}/pull", writes, FORM_BYTES, feeds::pull),
    ]
}

/// Ignore lists and warning lists.
#[expect(clippy::too_many_lines, reason = "a table: one row is one line of it")]
fn list_routes() -> Vec<Route> {
    use Access::Needs;
    use Cache::Never;
    use Permission::{ListsRead, ListsWrite};
    let (reads, writes) = (Needs(ListsRead), Needs(ListsWrite));
    let (patch, put, delete) = (|| Method::PATCH, || Method::PUT, || Method::DELETE);
    vec![
        get("/api/v1/ignoreLists", reads, Never, ignore_lists::list),
        post(
            "/api/v1/ignoreLists",
            writes,
            FORM_BYTES,
            ignore_lists::create,
        ),
        get(
            "/api/v1/ignoreLists/global",
            reads,
            Never,
            ignore_lists::global,
        ),
        get(
            "/api/v1/ignoreLists/slugs/{name}",
            reads,
            Never,
            ignore_lists::by_slug,
        ),
        get("/api/v1/ignoreLists/{id}", reads, Never, ignore_lists::read),
        changing(
            patch(),
            "/api/v1/ignoreLists/{id}",
            writes,
            FORM_BYTES,
            ignore_lists::change,
        ),
        changing(
            delete(),
            "/api/v1/ignoreLists/{id}",
            writes,
            0,
            ignore_lists::delete,
        ),
        get(
            "/api/v1/ignoreLists/{id}/entries",
            reads,
            Never,
            ignore_lists::entries,
        ),
        changing(
            put(),
            "/api/v1/ignoreLists/{id}/entries",
            writes,
            ENTRIES_BODY_BYTES,
            ignore_lists::put_entries,
        ),
        changing(
            patch(),
            "/api/v1/ignoreLists/{id}/entries",
            writes,
            ENTRIES_BODY_BYTES,
            ignore_lists::change_entries,
        ),
        get(
            "/api/v1/ignoreLists/{id}/sources",
            reads,
            Never,
            ignore_lists::sources,
        ),
        changing(
            put(),
            "/api/v1/ignoreLists/{id}/sources",
            writes,
            FORM_BYTES,
            ignore_lists::put_sources,
        ),
        get(
            "/api/v1/ignoreLists/{id}/providers",
            reads,
            Never,
            ignore_lists::providers,
        ),
        changing(
            put(),
            "/api/v1/ignoreLists/{id}/providers",
            writes,
            FORM_BYTES,
            ignore_lists::put_providers,
        ),
        get("/api/v1/warningLists", reads, Never, warning_lists::list),
        post(
            "/api/v1/warningLists",
            writes,
            WARNING_LIST_BYTES_MAX,
            warning_lists::create,
        ),
        get(
            "/api/v1/warningLists/{id}",
            reads,
            Never,
            warning_lists::read,
        ),
        changing(
            patch(),
            "/api/v1/warningLists/{id}",
            writes,
            WARNING_LIST_BYTES_MAX,
            warning_lists::change,
        ),
        changing(
            delete(),
            "/api/v1/warningLists/{id}",
            writes,
            0,
            warning_lists::delete,
        ),
    ]
}

/// Figures, news, and addresses of the third seed for what has its own here.
fn other_routes() -> Vec<Route> {
    use Access::{Needs, SignedIn};
    use Cache::Never;
    use Permission::{ConfigRead, LookupsRead, SourcesRead};
    let figures = Needs(LookupsRead);
    vec![
        get(
            "/api/v1/notifications",
            Needs(SourcesRead),
            Never,
            figures::notifications,
        ),
        get("/api/v1/stats/count", figures, Never, figures::count),
        get(
            "/api/v1/stats/count/requests",
            figures,
            Never,
            figures::requests,
        ),
        get(
            "/api/v1/stats/count/sources",
            figures,
            Never,
            figures::sources,
        ),
        get(
            "/api/v1/stats/count/providers",
            figures,
            Never,
            figures::providers,
        ),
        get("/api/v1/stats/count/kinds", figures, Never, figures::kinds),
        get(
            "/api/v1/stats/count/verdicts",
            figures,
            Never,
            figures::verdicts,
        ),
        get(
            "/api/v1/runners/status/sse",
            SignedIn,
            Never,
            kinds::runners,
        ),
        get("/api/v1/favicon", SignedIn, Never, kinds::favicon),
        get("/api/v1/config", Needs(ConfigRead), Never, aliases::config),
        get("/api/v1/apiTokens", SignedIn, Never, aliases::tokens),
        post(
            "/api/v1/apiTokens",
            SignedIn,
            FORM_BYTES,
            aliases::make_token,
        ),
        changing(
            Method::DELETE,
            "/api/v1/apiTokens/{id}",
            SignedIn,
            0,
            aliases::revoke_token,
        ),
    ]
}
