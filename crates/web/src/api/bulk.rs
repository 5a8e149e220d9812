//! Many timestamps in one request: parsed into one buffer, hashed in lanes, written as one batch.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures_util::future::try_join_all;
use stamp::{Proof, Timestamp};
use tlog::v1::push_array;

use super::forms::{Forms, answer};
use super::message::{self, encode};
use super::ts::{not_yet, wait};
use crate::app::{App, Caller, tell};
use crate::body::Whole;
use crate::input;
use crate::negotiate::Format;
use crate::problem::ApiError;
use crate::query::Asked;

/// Bodies and answers from this size on are worked on off the threads that serve others.
const HEAVY_BYTES: usize = 128 * 1024;
/// What a timestamp takes in JSON without its proof, and a little more.
const TIMESTAMP_BYTES: usize = 224;

/// Accepts `{"data": ["…", …]}`, answers the timestamps in the same order.
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    asked: Asked,
    forms: Forms,
    body: Whole,
) -> Result<Response, ApiError> {
    let heavy = body.bytes.len() >= HEAVY_BYTES;
    let bytes = body.bytes.clone();
    let texts = aside(heavy, move || input::many(&bytes, forms.own)).await?;
    let left = caller.take_timestamps(&app, texts.len())?;
    let timestamps = if texts.is_empty() {
        Vec::new()
    } else {
        app.notary.submit_many(texts).await?
    };
    let proofs: Vec<Option<Proof>> = if asked.wait {
        // All at once: those who wait together share one read of their interval.
        let waiting = timestamps.iter().map(|timestamp| wait(&app, timestamp.id));
        try_join_all(waiting).await?
    } else {
        Vec::new()
    };
    let in_vain = proofs.iter().any(Option::is_none);
    let authority = Arc::clone(&app.authority);
    let format = forms.data;
    let written = aside(heavy, move || {
        write(&authority, &timestamps, &proofs, format)
    })
    .await;
    let mut response = answer(format, written);
    if in_vain {
        not_yet(&mut response);
    }
    tell(&app.guard.timestamps, left, response.headers_mut());
    Ok(response)
}

/// Runs `work` where it holds nobody up, if it is heavy.
async fn aside<T: Send + 'static>(heavy: bool, work: impl FnOnce() -> T + Send + 'static) -> T {
    if !heavy {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A bare array. `proofs` is empty when nobody waited for them.
fn write(
    authority: &str,
    timestamps: &[Timestamp],
    proofs: &[Option<Proof>],
    format: Format,
) -> Vec<u8> {
    let nodes: usize = proofs
        .iter()
        .flatten()
        .map(|proof| proof.path.len() + 4)
        .sum();
    let mut out = Vec::with_capacity(16 + TIMESTAMP_BYTES * timestamps.len() + 48 * nodes);
    if format == Format::Cbor {
        push_array(timestamps.len(), &mut out);
    } else {
        out.push(b'[');
    }
    for (number, timestamp) in timestamps.iter().enumerate() {
        if number > 0 && format != Format::Cbor {
            out.push(b',');
        }
        let proof = proofs.get(number).and_then(Option::as_ref);
        let message = message::timestamp(authority, timestamp, proof);
        encode!(message, format, &mut out);
    }
    if format != Format::Cbor {
        out.push(b']');
    }
    out
}
