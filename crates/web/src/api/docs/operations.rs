//! What each operation takes and answers.

use crate::problem::Kind;

/// The shape of a body.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A named schema.
    One(&'static str),
    /// An array of a named schema.
    Many(&'static str),
    Text,
    Bytes,
    Object,
    /// An array of objects.
    List,
}

pub(super) type Kinds = &'static [(&'static str, Shape)];

pub(super) struct Body {
    pub kinds: Kinds,
    /// JSON.
    pub example: Option<&'static str>,
}

pub(super) struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub about: &'static str,
    pub parameters: &'static [&'static str],
    /// Those of the query that must be given.
    pub required: &'static [&'static str],
    pub body: Option<Body>,
    pub answers: &'static [(u16, &'static str, Kinds)],
    pub problems: &'static [Kind],
}

const JSON: &str = "application/json";
const CBOR: &str = "application/cbor";
const TEXT: &str = "text/plain";
const OCTETS: &str = "application/octet-stream";
const EVENTS: &str = "text/event-stream";
const REPLY: &str = "application/timestamp-reply";
const PEM: &str = "application/x-pem-file";

const TIMESTAMPS: &str = "Timestamps";
const HEADS: &str = "Heads";
const FILES: &str = "Log files";
const AUTHORITY: &str = "Time-stamp authority";
const SERVER: &str = "Server";

const TIMESTAMP: Kinds = &[
    (JSON, Shape::One("Timestamp")),
    (CBOR, Shape::One("Timestamp")),
];
const HEAD: Kinds = &[(JSON, Shape::One("Head")), (CBOR, Shape::One("Head"))];

const BAD_BODY: &[Kind] = &[
    Kind::MalformedJson,
    Kind::MalformedCbor,
    Kind::IndefiniteCbor,
    Kind::NotUtf8,
    Kind::BodyBroken,
    Kind::BodyTooSlow,
    Kind::NotAcceptable,
    Kind::DataTooLong,
    Kind::BodyTooLarge,
    Kind::WrongType,
    Kind::UnknownField,
    Kind::MissingField,
    Kind::DuplicateField,
    Kind::TagTooLong,
    Kind::PoolFull,
    Kind::ClockOff,
];
const BAD_BULK: &[Kind] = &[
    Kind::MalformedJson,
    Kind::MalformedCbor,
    Kind::IndefiniteCbor,
    Kind::NotUtf8,
    Kind::BodyBroken,
    Kind::BodyTooSlow,
    Kind::NotAcceptable,
    Kind::TooManyItems,
    Kind::DataTooLong,
    Kind::BodyTooLarge,
    Kind::WrongType,
    Kind::UnknownField,
    Kind::MissingField,
    Kind::DuplicateField,
    Kind::PoolFull,
    Kind::ClockOff,
];
const BAD_ID: &[Kind] = &[
    Kind::MalformedId,
    Kind::UnknownTimestamp,
    Kind::Forgotten,
    Kind::NotAcceptable,
];

/// Every operation of the API, in the order of its page.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        OF_TIMESTAMPS,
        OF_HEADS,
        OF_FILES,
        OF_AUTHORITY,
        super::rooms::OF_ROOMS,
        OF_SERVER,
    ]
    .into_iter()
    .flatten()
    .chain(super::desk::operations())
}

const fn get(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        method: "get",
        path,
        id,
        tag,
        summary,
        about: "",
        parameters: &[],
        required: &[],
        body: None,
        answers: &[],
        problems: &[],
    }
}

const OF_TIMESTAMPS: &[Operation] = &[
    Operation {
        method: "post",
        about: "Takes data of at most 256 bytes and answers its timestamp, which is durable by then. The data itself is never stored. With `?wait` the answer comes with the proof, or after the server's limit as 202 without it; with `?compact` the raw body is stamped and the answer is one line.",
        parameters: &["wait", "compact", "tag"],
        body: Some(Body {
            kinds: &[
                (JSON, Shape::One("Data")),
                (CBOR, Shape::One("Data")),
                (OCTETS, Shape::Bytes),
            ],
            example: Some(r#"{"data":"leaf-0"}"#),
        }),
        answers: &[
            (
                200,
                "The timestamp; `Location` says where it can be read",
                &[
                    (JSON, Shape::One("Timestamp")),
                    (CBOR, Shape::One("Timestamp")),
                    (TEXT, Shape::Text),
                ],
            ),
            (
                202,
                "Accepted, but not sealed within the time; ask again after `Retry-After`",
                TIMESTAMP,
            ),
            (303, "To a browser: the timestamp's page", &[]),
        ],
        problems: BAD_BODY,
        ..get("/api/v1/ts", "submit", TIMESTAMPS, "Stamp something")
    },
    Operation {
        about: "Answers the timestamps of a tag, newest first. `Link` names the next page, if there is one.",
        parameters: &["tag", "before", "limit"],
        required: &["tag"],
        answers: &[(
            200,
            "The timestamps",
            &[
                (JSON, Shape::Many("Timestamp")),
                (CBOR, Shape::Many("Timestamp")),
            ],
        )],
        problems: &[
            Kind::TagMissing,
            Kind::TagTooLong,
            Kind::NotUtf8,
            Kind::MalformedQuery,
            Kind::NotAcceptable,
        ],
        ..get("/api/v1/ts", "list", TIMESTAMPS, "List a tag's timestamps")
    },
    Operation {
        method: "post",
        about: "Takes up to 100,000 texts, all stamped at one moment: all of them, or none. Answers in their order. A problem with one names it, as in `data[17]`.",
        parameters: &["wait"],
        body: Some(Body {
            kinds: &[
                (JSON, Shape::One("ManyData")),
                (CBOR, Shape::One("ManyData")),
            ],
            example: Some(r#"{"data":["leaf-0","leaf-1"]}"#),
        }),
        answers: &[
            (
                200,
                "The timestamps, in order",
                &[
                    (JSON, Shape::Many("Timestamp")),
                    (CBOR, Shape::Many("Timestamp")),
                ],
            ),
            (
                202,
                "Accepted, but not all sealed within the time",
                &[
                    (JSON, Shape::Many("Timestamp")),
                    (CBOR, Shape::Many("Timestamp")),
                ],
            ),
        ],
        problems: BAD_BULK,
        ..get(
            "/api/v1/ts/bulk",
            "submitMany",
            TIMESTAMPS,
            "Stamp many things",
        )
    },
    Operation {
        about: "Answers a timestamp, with its proof once its interval is sealed; from then on the answer never changes.",
        parameters: &["id", "wait", "compact"],
        answers: &[
            (
                200,
                "The timestamp",
                &[
                    (JSON, Shape::One("Timestamp")),
                    (CBOR, Shape::One("Timestamp")),
                    (TEXT, Shape::Text),
                ],
            ),
            (202, "Not sealed within the time", TIMESTAMP),
            (303, "To a browser: the timestamp's page", &[]),
        ],
        problems: BAD_ID,
        ..get("/api/v1/ts/{id}", "read", TIMESTAMPS, "Read a timestamp")
    },
    Operation {
        about: "Everything that is needed to verify the timestamp offline, for ever, without this server: C2SP tlog-proof. It is under the newest checkpoint that witnesses cosigned, if one covers the timestamp, or else under the newest; with `?witnessed` only under a cosigned one.",
        parameters: &["id", "witnessed"],
        answers: &[(200, "The proof file", &[(TEXT, Shape::Text)])],
        problems: &[
            Kind::MalformedId,
            Kind::UnknownTimestamp,
            Kind::Forgotten,
            Kind::NotYetSealed,
            Kind::NotYetWitnessed,
        ],
        ..get(
            "/api/v1/ts/{id}/proof",
            "proofFile",
            TIMESTAMPS,
            "Fetch the proof file",
        )
    },
];

const OF_HEADS: &[Operation] = &[
    Operation {
        about: "The head right after the newest interval.",
        answers: &[
            (200, "The head", HEAD),
            (303, "To a browser: the interval's page", &[]),
        ],
        problems: &[Kind::LogEmpty, Kind::NotAcceptable],
        ..get(
            "/api/v1/mth/current",
            "currentHead",
            HEADS,
            "Read the newest head",
        )
    },
    Operation {
        about: "The head right after interval `i`, with the proof that the tree grew from size `i - 1` to size `i + 1`.",
        parameters: &["i"],
        answers: &[
            (200, "The head", HEAD),
            (303, "To a browser: the interval's page", &[]),
        ],
        problems: &[Kind::MalformedNumber, Kind::BeyondHead, Kind::NotAcceptable],
        ..get("/api/v1/mth/{i}", "head", HEADS, "Read a head")
    },
    Operation {
        about: "That interval `x` is in the tree of the first `y` intervals.",
        parameters: &["x", "y"],
        answers: &[(
            200,
            "The proof",
            &[
                (JSON, Shape::One("Inclusion")),
                (CBOR, Shape::One("Inclusion")),
            ],
        )],
        problems: &[
            Kind::MalformedNumber,
            Kind::BeyondHead,
            Kind::OutOfOrder,
            Kind::NotAcceptable,
        ],
        ..get(
            "/api/v1/mth/{x}/in/{y}",
            "inclusion",
            HEADS,
            "Prove inclusion",
        )
    },
    Operation {
        about: "That the tree of the first `x` intervals grew from the tree of the first `y`.",
        parameters: &["x", "y"],
        answers: &[(
            200,
            "The proof",
            &[
                (JSON, Shape::One("Consistency")),
                (CBOR, Shape::One("Consistency")),
            ],
        )],
        problems: &[
            Kind::MalformedNumber,
            Kind::BeyondHead,
            Kind::OutOfOrder,
            Kind::NotAcceptable,
        ],
        ..get(
            "/api/v1/mth/{x}/from/{y}",
            "consistency",
            HEADS,
            "Prove consistency",
        )
    },
    Operation {
        about: "The newest head at once, then each next: as text frames over a WebSocket, or as server-sent events whose `id` is the interval's number. Who falls behind too far is told and dropped, and may come back with `?after=`.",
        parameters: &["after"],
        answers: &[
            (101, "A WebSocket", &[]),
            (200, "Heads without end", &[(EVENTS, Shape::Text)]),
        ],
        problems: &[
            Kind::UpgradeRequired,
            Kind::MalformedQuery,
            Kind::BeyondHead,
            Kind::ReplayTooFar,
        ],
        ..get("/api/v1/mth/live", "live", HEADS, "Follow the heads")
    },
    Operation {
        about: "The same as server-sent events only.",
        parameters: &["after"],
        answers: &[(200, "Heads without end", &[(EVENTS, Shape::Text)])],
        problems: &[
            Kind::UpgradeRequired,
            Kind::MalformedQuery,
            Kind::BeyondHead,
            Kind::ReplayTooFar,
        ],
        ..get(
            "/api/v1/mth/live/sse",
            "liveEvents",
            HEADS,
            "Follow the heads as events",
        )
    },
];

const OF_FILES: &[Operation] = &[
    Operation {
        about: "The newest signed head of the SHA-256 tree, with the cosignatures that witnesses have added.",
        answers: &[(200, "A signed note", &[(TEXT, Shape::Text)])],
        problems: &[Kind::LogEmpty],
        ..get(
            "/log/checkpoint",
            "checkpoint",
            FILES,
            "Read the checkpoint",
        )
    },
    Operation {
        about: "The newest checkpoint that witnesses have cosigned: what a client reads whose policy asks for witnesses. `/log/witnessed/` is a log's prefix as C2SP has it, with the same tiles as `/log/`.",
        answers: &[(200, "A signed note", &[(TEXT, Shape::Text)])],
        problems: &[Kind::NotYetWitnessed],
        ..get(
            "/log/witnessed/checkpoint",
            "witnessedCheckpoint",
            FILES,
            "Read the cosigned checkpoint",
        )
    },
    Operation {
        about: "Every key that the log ever signed with, newest first, one verifier key to a line.",
        answers: &[(200, "Verifier keys", &[(TEXT, Shape::Text)])],
        ..get("/log/key", "keys", FILES, "Read the keys")
    },
    Operation {
        about: "A tile of hashes `<L>/<N>[.p/<W>]`, or a bundle of entries `entries/<N>[.p/<W>]`. An entry is the interval's CBOR.",
        parameters: &["name"],
        answers: &[(
            200,
            "Hashes of 32 bytes, or entries behind their lengths",
            &[(OCTETS, Shape::Bytes)],
        )],
        problems: &[Kind::UnknownTile],
        ..get("/log/tile/{name}", "tile", FILES, "Read a tile")
    },
    Operation {
        about: "The same tiles, beside the cosigned checkpoint.",
        parameters: &["name"],
        answers: &[(
            200,
            "Hashes of 32 bytes, or entries behind their lengths",
            &[(OCTETS, Shape::Bytes)],
        )],
        problems: &[Kind::UnknownTile],
        ..get(
            "/log/witnessed/tile/{name}",
            "witnessedTile",
            FILES,
            "Read a tile of the cosigned log",
        )
    },
];

const OF_AUTHORITY: &[Operation] = &[
    Operation {
        method: "post",
        about: "Takes a time-stamp query as `openssl ts -query` writes it. What is wrong with a query is said in the reply.",
        body: Some(Body {
            kinds: &[("application/timestamp-query", Shape::Bytes)],
            example: None,
        }),
        answers: &[(
            200,
            "A time-stamp reply: a token, or why there is none",
            &[(REPLY, Shape::Bytes)],
        )],
        problems: &[
            Kind::UnsupportedMediaType,
            Kind::BodyTooLarge,
            Kind::BodyTooSlow,
            Kind::BodyBroken,
            Kind::RoleAbsent,
        ],
        ..get("/tsa", "token", AUTHORITY, "Get a token")
    },
    Operation {
        answers: &[(200, "A certificate", &[(PEM, Shape::Text)])],
        problems: &[Kind::RoleAbsent],
        about: "The certificate to trust.",
        ..get(
            "/tsa/ca.pem",
            "tokenCa",
            AUTHORITY,
            "Read the CA's certificate",
        )
    },
    Operation {
        answers: &[(200, "Certificates", &[(PEM, Shape::Text)])],
        problems: &[Kind::RoleAbsent],
        about: "The signer's certificate, and those between it and the CA.",
        ..get(
            "/tsa/chain.pem",
            "tokenChain",
            AUTHORITY,
            "Read the signer's certificates",
        )
    },
    Operation {
        about: "A token that was issued; once its timestamp is sealed, with the proof file inside as an unsigned attribute.",
        parameters: &["serial"],
        answers: &[(200, "A time-stamp reply", &[(REPLY, Shape::Bytes)])],
        problems: &[Kind::UnknownToken, Kind::RoleAbsent],
        ..get(
            "/tsa/tokens/{serial}",
            "issuedToken",
            AUTHORITY,
            "Fetch a token again",
        )
    },
];

const OF_SERVER: &[Operation] = &[
    Operation {
        about: "Looks at every part; 503 when one is broken.",
        answers: &[
            (200, "Everything works", &[(JSON, Shape::Object)]),
            (503, "Something is broken", &[(JSON, Shape::Object)]),
        ],
        ..get(
            "/healthz",
            "health",
            SERVER,
            "Ask whether the server does its work",
        )
    },
    Operation {
        about: "Whether requests should be sent here.",
        answers: &[
            (200, "Yes", &[(JSON, Shape::Object)]),
            (503, "No", &[(JSON, Shape::Object)]),
        ],
        ..get(
            "/readyz",
            "ready",
            SERVER,
            "Ask whether the server is ready",
        )
    },
    Operation {
        about: "Every problem that a `type` can name.",
        answers: &[(200, "The problems", &[(JSON, Shape::Object)])],
        ..get("/problems", "problems", SERVER, "List the problems")
    },
    Operation {
        about: "What a problem's `type` leads to.",
        parameters: &["problem"],
        answers: &[(200, "The problem", &[(JSON, Shape::Object)])],
        problems: &[Kind::NotFound],
        ..get(
            "/problems/{problem}",
            "problem",
            SERVER,
            "Explain a problem",
        )
    },
    Operation {
        about: "This document.",
        answers: &[(200, "OpenAPI 3.1", &[(JSON, Shape::Object)])],
        problems: &[Kind::NotAcceptable],
        ..get(
            "/api/v1/docs/openapi.json",
            "openapi",
            SERVER,
            "Describe the API",
        )
    },
];
