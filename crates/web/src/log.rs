//! The log as C2SP's static files: checkpoint, tiles, entry bundles, keys.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, header};
use stamp::Checkpoint;
use tlog::{TilePath, TileResource};

use crate::api::forms::{answer, tag_of};
use crate::app::App;
use crate::negotiate::Format;
use crate::problem::{ApiError, Kind};
use crate::query::Segments;

/// The newest checkpoint, with every cosignature that witnesses have added.
pub(crate) async fn checkpoint(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let checkpoint = app.ledger.checkpoint().await?;
    let checkpoint = checkpoint.ok_or_else(|| ApiError::plain(Kind::LogEmpty))?;
    Ok(note(&checkpoint))
}

/// The newest checkpoint that witnesses have cosigned. It stands beside the same tiles, so that a
/// client whose policy asks for witnesses reads the log under this prefix.
pub(crate) async fn witnessed_checkpoint(
    State(app): State<Arc<App>>,
) -> Result<Response, ApiError> {
    let checkpoint = app.ledger.cosigned_checkpoint(0).await?;
    let checkpoint = checkpoint.ok_or_else(|| ApiError::plain(Kind::NotYetWitnessed))?;
    Ok(note(&checkpoint))
}

fn note(checkpoint: &Checkpoint) -> Response {
    let note = checkpoint.cosigned_note();
    let tag = tag_of(note.as_bytes());
    let mut response = answer(Format::Text, note);
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// Every key that the log ever signed with, newest first, one to a line.
pub(crate) async fn keys(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let keys = app.store.log_keys().await?;
    let lines = keys.iter().rev().fold(String::new(), |mut lines, key| {
        let _ = writeln!(lines, "{}", key.vkey);
        lines
    });
    let tag = tag_of(lines.as_bytes());
    let mut response = answer(Format::Text, lines);
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// A tile of hashes, or a bundle of entries.
pub(crate) async fn tile(
    State(app): State<Arc<App>>,
    segments: Segments,
) -> Result<Response, ApiError> {
    let path: TilePath = format!("tile/{}", segments.text(0))
        .parse()
        .map_err(|error| {
            ApiError::new(Kind::UnknownTile, format!("There is no such tile: {error}"))
        })?;
    let width = u64::from(path.width);
    let bytes = match path.resource {
        TileResource::Hashes(tile) => app.ledger.tile(tile, width).await?,
        TileResource::Entries(index) => app.ledger.entries(index, width).await?,
    };
    let bytes = bytes.ok_or_else(|| ApiError::plain(Kind::UnknownTile))?;
    // The bytes at this address never change, so neither does a tag made of the address.
    let tag = format!("\"{path}\"");
    let mut response = answer(Format::Bytes, bytes);
    let tag = HeaderValue::try_from(tag).expect("a tile's path is ASCII");
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}
