//! The server's API as `indelible stamp` uses it, with patience.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use egress::{Answer, Egress, EgressError, Limits, StatusCode};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::value::RawValue;
use tlog::v1::Timestamp;
use url::Url;

/// Most digests in one request: keeps answers with proofs at a few megabytes.
const CHUNK_DIGESTS: usize = 5000;
/// Chunks that are under way at once: they wait for the same seal.
const CHUNKS_AT_ONCE: usize = 4;
/// Requests that are under way at once where each carries one digest.
const SINGLES_AT_ONCE: usize = 16;
/// How often a busy or silent server is asked again.
const ATTEMPTS_MAX: u32 = 8;
/// The same for a proof whose head no witness has cosigned yet: the server says when to ask again.
const WITNESS_ATTEMPTS_MAX: u32 = 60;
/// Longest pause between attempts, whatever the server asks for.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How often a timestamp that is not sealed yet is asked after; each waits at the server.
const SEAL_ATTEMPTS_MAX: u32 = 20;

const JSON: &str = "application/json";

/// A server.
pub(super) struct Client {
    egress: Egress,
    api: Url,
}

impl Client {
    pub(super) fn new(url: &Url) -> anyhow::Result<Self> {
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let limits = Limits {
            whole: Duration::from_mins(5),
            silence: Duration::from_mins(2),
            body_bytes_max: 64 << 20,
            ..Limits::default()
        };
        Ok(Self {
            egress: Egress::new(limits)?,
            api: base.join("api/v1/ts/").context("--url")?,
        })
    }

    /// Stamps each of `data` and waits for their proofs; answers in order.
    pub(super) async fn stamp(
        &self,
        data: &[&str],
        tag: Option<&str>,
    ) -> anyhow::Result<Vec<Timestamp>> {
        let mut timestamps = Vec::with_capacity(data.len());
        if let Some(tag) = tag {
            let mut url = self.api.clone();
            url.query_pairs_mut()
                .append_key_only("wait")
                .append_pair("tag", tag);
            let singles = stream::iter(data.iter().map(|one| self.single(&url, one)));
            timestamps = singles.buffered(SINGLES_AT_ONCE).try_collect().await?;
        } else {
            let url = self.api.join("bulk?wait")?;
            let chunks = data
                .chunks(CHUNK_DIGESTS)
                .map(|chunk| self.bulk(&url, chunk));
            let chunks = stream::iter(chunks).buffered(CHUNKS_AT_ONCE);
            let chunks: Vec<Vec<Timestamp>> = chunks.try_collect().await?;
            timestamps.extend(chunks.into_iter().flatten());
        }
        let sealed = timestamps
            .into_iter()
            .map(|timestamp| self.sealed(timestamp));
        stream::iter(sealed)
            .buffered(SINGLES_AT_ONCE)
            .try_collect()
            .await
    }

    async fn single(&self, url: &Url, data: &str) -> anyhow::Result<Timestamp> {
        let body = serde_json::to_vec(&serde_json::json!({ "data": data }))?;
        let answer = self.ask(url, Some(body.into())).await?;
        Timestamp::from_json(&answer).with_context(|| unreadable(url))
    }

    async fn bulk(&self, url: &Url, data: &[&str]) -> anyhow::Result<Vec<Timestamp>> {
        let body = serde_json::to_vec(&serde_json::json!({ "data": data }))?;
        let answer = self.ask(url, Some(body.into())).await?;
        let raw: Vec<&RawValue> =
            serde_json::from_slice(&answer).with_context(|| unreadable(url))?;
        if raw.len() != data.len() {
            bail!(
                "{url} answered {} timestamps for {} digests",
                raw.len(),
                data.len()
            );
        }
        raw.iter()
            .map(|one| Timestamp::from_json(one.get().as_bytes()).with_context(|| unreadable(url)))
            .collect()
    }

    /// The same timestamp with its proof.
    async fn sealed(&self, timestamp: Timestamp) -> anyhow::Result<Timestamp> {
        if timestamp.proof.is_some() {
            return Ok(timestamp);
        }
        let id = uuid::Uuid::from_bytes(timestamp.id);
        let url = self.api.join(&format!("{id}?wait"))?;
        for _ in 0..SEAL_ATTEMPTS_MAX {
            let answer = self.ask(&url, None).await?;
            let again = Timestamp::from_json(&answer).with_context(|| unreadable(&url))?;
            if again.proof.is_some() {
                return Ok(again);
            }
        }
        bail!("the server accepted {id}, but does not seal it: is its sealer running?")
    }

    /// The proof file of a sealed timestamp; with `witnessed` under a head that a witness cosigned,
    /// for which it waits.
    pub(super) async fn proof_file(&self, id: [u8; 16], witnessed: bool) -> anyhow::Result<String> {
        let id = uuid::Uuid::from_bytes(id);
        let query = if witnessed { "?witnessed" } else { "" };
        let url = self.api.join(&format!("{id}/proof{query}"))?;
        let patience = if witnessed {
            WITNESS_ATTEMPTS_MAX
        } else {
            ATTEMPTS_MAX
        };
        let answer = self.ask_patiently(&url, None, patience).await?;
        String::from_utf8(answer.into()).with_context(|| unreadable(&url))
    }

    async fn ask(&self, url: &Url, body: Option<Bytes>) -> anyhow::Result<Bytes> {
        self.ask_patiently(url, body, ATTEMPTS_MAX).await
    }

    /// Asks until there is an answer that is not "later", and gives its body.
    async fn ask_patiently(
        &self,
        url: &Url,
        body: Option<Bytes>,
        attempts_max: u32,
    ) -> anyhow::Result<Bytes> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let asked = match &body {
                Some(body) => self.egress.post(url, JSON, JSON, body.clone()).await,
                None => self.egress.get(url, "*/*").await,
            };
            let (why, asked_pause) = match asked {
                Ok(answer) if answer.status.is_success() => match answer.body.bytes().await {
                    Ok(bytes) => return Ok(bytes),
                    Err(error) => (anyhow::Error::new(error), None),
                },
                Ok(answer) if later(answer.status) => {
                    let pause = answer.retry_after();
                    (refusal(url, answer).await, pause)
                }
                Ok(answer) => return Err(refusal(url, answer).await),
                // Nobody there at all: more likely a wrong address than a busy server.
                Err(EgressError::Unreachable { .. }) if attempt == 1 => bail!(
                    "no server answers at {}; start one with `indelible serve`, or name another \
                     with --url",
                    url.origin().ascii_serialization()
                ),
                Err(error) => (anyhow::Error::new(error), None),
            };
            if attempt >= attempts_max {
                return Err(why.context(format!("gave up after {attempt} attempts")));
            }
            let grown = Duration::from_millis(250 << attempt.min(8));
            tokio::time::sleep(asked_pause.unwrap_or(grown).min(PAUSE_MAX)).await;
        }
    }
}

/// Too many requests, not sealed yet, or a server that cannot answer just now.
fn later(status: StatusCode) -> bool {
    matches!(status.as_u16(), 409 | 429 | 502 | 503 | 504)
}

fn unreadable(url: &Url) -> String {
    format!("{url} answered what cannot be read; is it an Indelible server?")
}

/// The problem document in words, where there is one.
async fn refusal(url: &Url, answer: Answer) -> anyhow::Error {
    let status = answer.status;
    let problem: Option<serde_json::Value> = match answer.body.bytes().await {
        Ok(bytes) => serde_json::from_slice(&bytes).ok(),
        Err(_) => None,
    };
    let text = |name: &str| problem.as_ref()?.get(name)?.as_str().map(str::to_owned);
    match (text("title"), text("detail")) {
        (Some(title), Some(detail)) => anyhow::anyhow!("{url} refused: {title}: {detail}"),
        (Some(title), None) => anyhow::anyhow!("{url} refused: {title}"),
        _ => anyhow::anyhow!("{url} answered {status}"),
    }
}
