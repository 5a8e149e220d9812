//! Heads of the main tree, and proofs between them. Labels are those of the original, whose
//! meaning as tree sizes only `tlog::v1` knows.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use stamp::{Sealed, Tree};
use tlog::v1::{Consistency, Inclusion, from_sizes, in_leaf_and_size, sides};

use super::forms::{Forms, see, tagged};
use super::message::{self, encode};
use crate::app::App;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// The newest head, in the shape of any other.
pub(crate) async fn current(
    State(app): State<Arc<App>>,
    forms: Forms,
) -> Result<Response, ApiError> {
    let sealed = app.follower.head();
    answer_head(&app, &sealed, forms).ok_or_else(|| ApiError::plain(Kind::LogEmpty))
}

/// The head right after interval `i`, with its consistency proof.
pub(crate) async fn head(
    State(app): State<Arc<App>>,
    segments: Segments,
    forms: Forms,
) -> Result<Response, ApiError> {
    let index = segments.number(0, "i")?;
    let sealed = app.ledger.sealed(index).await?;
    sealed
        .and_then(|sealed| answer_head(&app, &sealed, forms))
        .ok_or_else(|| beyond(&app, "i", index))
}

/// That leaf `x` is in the tree of size `y`.
pub(crate) async fn inclusion(
    State(app): State<Arc<App>>,
    segments: Segments,
    forms: Forms,
) -> Result<Response, ApiError> {
    let (x, y) = (segments.number(0, "x")?, segments.number(1, "y")?);
    let (leaf, size) = in_leaf_and_size(x, y).ok_or_else(|| {
        ApiError::new(
            Kind::OutOfOrder,
            format!("Leaf {x} is not in a tree of size {y}: x must be less than y"),
        )
        .field("x")
    })?;
    let nodes = app.ledger.inclusion(Tree::Sha3, leaf, size).await?;
    let nodes = nodes.ok_or_else(|| beyond(&app, "y", y))?;
    let message = Inclusion {
        head: x,
        leaf: Some(y),
        a: sides(leaf, size),
        nodes,
    };
    let mut out = Vec::with_capacity(1024);
    encode!(message, forms.data, &mut out);
    Ok(tagged(forms.data, out))
}

/// That the tree of size `x` grew from the tree of size `y`.
pub(crate) async fn consistency(
    State(app): State<Arc<App>>,
    segments: Segments,
    forms: Forms,
) -> Result<Response, ApiError> {
    let (x, y) = (segments.number(0, "x")?, segments.number(1, "y")?);
    let (old, new) = from_sizes(x, y).ok_or_else(|| {
        ApiError::new(
            Kind::OutOfOrder,
            format!("No tree of size {x} grew from one of size {y}: y must be 1 to x"),
        )
        .field("y")
    })?;
    let nodes = app.ledger.consistency(Tree::Sha3, old, new).await?;
    let nodes = nodes.ok_or_else(|| beyond(&app, "x", x))?;
    let message = Consistency {
        old_interval: y,
        new_interval: x,
        nodes,
    };
    let mut out = Vec::with_capacity(1024);
    encode!(message, forms.data, &mut out);
    Ok(tagged(forms.data, out))
}

fn answer_head(app: &App, sealed: &Sealed, forms: Forms) -> Option<Response> {
    let head = message::read_head(&app.authority, sealed)?;
    if forms.best == Format::Html {
        return Some(see(&format!("/{}", head.interval.index)));
    }
    let mut out = Vec::with_capacity(2048);
    encode!(head, forms.data, &mut out);
    Some(tagged(forms.data, out))
}

fn beyond(app: &App, field: &'static str, asked: u64) -> ApiError {
    let size = app.follower.head().head.size;
    ApiError::new(
        Kind::BeyondHead,
        format!("{field} is {asked}, and the log has {size} intervals so far"),
    )
    .field(field)
}
