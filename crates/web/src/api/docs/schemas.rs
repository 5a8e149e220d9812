//! The shapes of bodies, for the document only: the wire is written by `tlog::v1`, whose byte-exact
//! writers a serializer would not replace.
#![allow(
    dead_code,
    clippy::struct_field_names,
    reason = "read by the derive that turns them into schemas, never made; names are the wire's"
)]

use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

/// The document without its operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Indelible",
        description = "Stamps anything, so that anybody can verify later that it existed by then.\n\nProtocol v1 of unchanging.ink under `/api/v1`, the log's files as C2SP has them under `/log`, RFC 3161 at `/tsa`. Bodies and answers are JSON or CBOR (RFC 8949), by `Content-Type` and `Accept`; in CBOR, hashes are byte strings and ids carry tag 37. Errors are problem documents (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        version = "1"
    ),
    components(schemas(
        Data, ManyData, Timestamp, Proof, Head, Interval, Inclusion, Consistency, Problem
    )),
    tags(
        (name = "Timestamps", description = "Stamping, and reading what was stamped."),
        (name = "Heads", description = "The main tree's heads and the proofs between them."),
        (name = "Log files", description = "The log as static files: C2SP tlog-tiles."),
        (name = "Time-stamp authority", description = "RFC 3161 tokens, each logged."),
        (name = "Accounts", description = "One's own account, and those of others: with a session's cookie, or `Authorization: Bearer indl_…`."),
        (name = "Audit trail and facts", description = "Who did what, each entry sealed in the log."),
        (name = "Jobs and notices", description = "Background work, and what was sent to people."),
        (name = "Server", description = "What the server says of itself.")
    )
)]
pub(super) struct Document;

/// What is to be stamped.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Data {
    /// At most 256 bytes of UTF-8; often a digest with the name of its algorithm.
    #[schema(
        max_length = 256,
        example = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    )]
    data: String,
}

/// Many things to be stamped at one moment.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ManyData {
    /// At most 100,000 texts of at most 256 bytes of UTF-8 each.
    #[schema(max_items = 100_000, example = json!(["leaf-0", "leaf-1"]))]
    data: Vec<String>,
}

/// A timestamp, with its proof once its interval is sealed.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Timestamp {
    /// SHA3-256 over the canonical CBOR of `{typ: "ts", data, version: "1", timestamp}`, in base64.
    #[schema(example = "FTYU2nJKZ+Yp8LVKDImTPomUHF+LeqevbXPEcCrLFV0=")]
    hash: String,
    /// When it was accepted, in UTC, with six digits of fraction.
    #[schema(example = "2026-01-01T00:00:00.000000Z")]
    timestamp: String,
    /// Always `ts`.
    #[schema(example = "ts")]
    typ: String,
    /// Always `1`.
    #[schema(example = "1")]
    version: String,
    /// `null` until the interval is sealed.
    proof: Option<Proof>,
    /// A UUID.
    #[schema(example = "00000000-0000-8000-8617-6b1c5fc00000")]
    id: String,
    /// The interval that holds it; `null` until that is sealed.
    interval: Option<u64>,
}

/// The way from a timestamp to the head of its interval.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// Bit `i`, lowest first, is set when the sibling at step `i` stands on the left.
    #[schema(example = 0)]
    a: u64,
    /// The siblings, leaf to root, in base64.
    path: Vec<String>,
    /// The root of the interval's tree, in base64.
    #[schema(example = "tz+4XR8Chmuk+GDSlHjVZEziDkgqo2+Z1vK+TieiYJ8=")]
    ith: String,
    /// The head of the main tree right after the interval, as a compact reference.
    #[schema(example = "dev.unchanging.ink/6#v1:nVHL3HxPRXQVeTSI-5Y6fWqiGr5dvWvkgX5cmZf5jSY")]
    mth: String,
}

/// The head of the main tree right after an interval.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Who keeps the log.
    authority: String,
    /// The newest interval in the tree.
    interval: Interval,
    /// The root of the main tree, in base64.
    mth: String,
    /// Always `1`.
    version: String,
    /// That the interval is in the tree; only in the live feed.
    inclusion: Option<Inclusion>,
    /// That the tree grew; `null` for the first two intervals.
    consistency: Option<Consistency>,
}

/// A sealed interval: a leaf of the main tree.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Interval {
    /// Its number, from 0.
    index: u64,
    /// When it was sealed.
    timestamp: String,
    /// The root of the tree over its timestamps, in base64.
    ith: String,
    /// Always `1`.
    version: String,
    /// Always `it`.
    typ: String,
}

/// An inclusion proof in the main tree. The labels are the original's: from `/mth/{x}/in/{y}`,
/// `head` is the leaf `x` and `leaf` the tree size `y`.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Inclusion {
    /// A label.
    head: u64,
    /// A label; `null` in the live feed.
    leaf: Option<u64>,
    /// As in a timestamp's proof.
    a: u64,
    /// The siblings, leaf to root, in base64.
    nodes: Vec<String>,
    /// Always `1`.
    version: String,
}

/// A consistency proof of the main tree, in the order of RFC 6962 §2.1.2. In a head the labels are
/// `i - 1` and `i`, and it leads from size `i - 1` to size `i + 1`; from `/mth/{x}/from/{y}` the
/// labels are the sizes.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Consistency {
    /// A label.
    old_interval: u64,
    /// A label.
    new_interval: u64,
    /// Deepest first, in base64.
    nodes: Vec<String>,
    /// Always `1`.
    version: String,
}

/// A problem document: RFC 9457.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Problem {
    /// `/problems/<name>`: what programs match on.
    r#type: String,
    /// The kind of problem in a few words.
    title: String,
    /// The answer's status.
    status: u16,
    /// This occurrence in a sentence.
    detail: String,
    /// The request's id.
    instance: String,
    /// The field, parameter or item at fault, such as `data[17]`.
    #[schema(nullable = false)]
    field: Option<String>,
}
