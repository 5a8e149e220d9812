//! Ignore lists and warning lists.

use super::super::operations::Operation;
use super::{Done, act, get, words};

const LISTS: &str = "Lists";

pub(super) const OPERATIONS: &[Operation] = &[
    get(
        LISTS,
        "/api/v1/ignoreLists",
        words(
            "ignoreLists",
            "List ignore lists",
            "What sources are not asked about. Needs `lists.read`.",
        ),
        &[],
        Done::List,
    ),
    act(
        "post",
        LISTS,
        "/api/v1/ignoreLists",
        words(
            "createIgnoreList",
            "Make an ignore list",
            "Without entries. Needs `lists.write`.",
        ),
        &[],
        Some(r#"{"name":"Our own","description":"","enabled":true,"global":true}"#),
        Done::Made,
    ),
    get(
        LISTS,
        "/api/v1/ignoreLists/global",
        words(
            "globalIgnoreLists",
            "List ignore lists that hold for every source",
            "Needs `lists.read`.",
        ),
        &[],
        Done::List,
    ),
    get(
        LISTS,
        "/api/v1/ignoreLists/slugs/{name}",
        words(
            "ignoreListBySlug",
            "Find an ignore list by its slug",
            "Answers its number. Needs `lists.read`.",
        ),
        &["slug"],
        Done::Found,
    ),
    get(
        LISTS,
        "/api/v1/ignoreLists/{id}",
        words("ignoreList", "Read an ignore list", "Needs `lists.read`."),
        &["record"],
        Done::Told,
    ),
    act(
        "patch",
        LISTS,
        "/api/v1/ignoreLists/{id}",
        words(
            "changeIgnoreList",
            "Change an ignore list",
            "What is missing stays. Needs `lists.write`.",
        ),
        &["record"],
        Some(r#"{"enabled":false}"#),
        Done::Gone,
    ),
    act(
        "delete",
        LISTS,
        "/api/v1/ignoreLists/{id}",
        words(
            "deleteIgnoreList",
            "Delete an ignore list",
            "Needs `lists.write`.",
        ),
        &["record"],
        None,
        Done::Gone,
    ),
    get(
        LISTS,
        "/api/v1/ignoreLists/{id}/entries",
        words(
            "ignoreEntries",
            "List entries",
            "Newest first. Needs `lists.read`.",
        ),
        &["record", "kindQuery", "q", "older", "limit"],
        Done::List,
    ),
    act(
        "put",
        LISTS,
        "/api/v1/ignoreLists/{id}/entries",
        words(
            "putIgnoreEntries",
            "Make these its entries",
            "And no others. A domain stands for all below it, a network for every address in it. Needs `lists.write`.",
        ),
        &["record"],
        Some(r#"[{"data":"example.org","indicatorKind":"DOMAIN"}]"#),
        Done::Created,
    ),
    act(
        "patch",
        LISTS,
        "/api/v1/ignoreLists/{id}/entries",
        words(
            "changeIgnoreEntries",
            "Add entries, and take others away",
            "Needs `lists.write`.",
        ),
        &["record"],
        Some(r#"{"add":[{"data":"192.0.2.0/24","indicatorKind":"CIDR"}],"remove":[]}"#),
        Done::Gone,
    ),
    get(
        LISTS,
        "/api/v1/ignoreLists/{id}/sources",
        words(
            "ignoreListSources",
            "List the sources for which it holds",
            "Needs `lists.read`.",
        ),
        &["record"],
        Done::List,
    ),
    act(
        "put",
        LISTS,
        "/api/v1/ignoreLists/{id}/sources",
        words(
            "putIgnoreListSources",
            "Say for which sources it holds",
            "Needs `lists.write`.",
        ),
        &["record"],
        Some(r#"["1"]"#),
        Done::Created,
    ),
    get(
        LISTS,
        "/api/v1/ignoreLists/{id}/providers",
        words(
            "ignoreListProviders",
            "List the providers for which it holds",
            "Needs `lists.read`.",
        ),
        &["record"],
        Done::List,
    ),
    act(
        "put",
        LISTS,
        "/api/v1/ignoreLists/{id}/providers",
        words(
            "putIgnoreListProviders",
            "Say for which providers it holds",
            "Needs `lists.write`.",
        ),
        &["record"],
        Some(r#"["1"]"#),
        Done::Created,
    ),
    get(
        LISTS,
        "/api/v1/warningLists",
        words(
            "warningLists",
            "List warning lists",
            "What is known to be harmless, in the form of MISP's. Needs `lists.read`.",
        ),
        &[],
        Done::List,
    ),
    act(
        "post",
        LISTS,
        "/api/v1/warningLists",
        words(
            "createWarningList",
            "Add a warning list",
            "The body is a list in MISP's JSON, of 32 MiB at most. Needs `lists.write`.",
        ),
        &["slugQuery"],
        Some(
            r#"{"name":"Our own resolvers","description":"","version":1,"type":"cidr","list":["192.0.2.53/32"]}"#,
        ),
        Done::Made,
    ),
    get(
        LISTS,
        "/api/v1/warningLists/{id}",
        words(
            "warningList",
            "Read a warning list",
            "Without its entries. Needs `lists.read`.",
        ),
        &["record"],
        Done::Told,
    ),
    act(
        "patch",
        LISTS,
        "/api/v1/warningLists/{id}",
        words(
            "changeWarningList",
            "Switch a warning list, or give it other words",
            "Needs `lists.write`.",
        ),
        &["record"],
        Some(r#"{"enabled":false}"#),
        Done::Gone,
    ),
    act(
        "delete",
        LISTS,
        "/api/v1/warningLists/{id}",
        words(
            "deleteWarningList",
            "Delete a warning list of this installation",
            "Needs `lists.write`.",
        ),
        &["record"],
        None,
        Done::Gone,
    ),
];
