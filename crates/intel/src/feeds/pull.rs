//! One pull of a feed: asked for if it has changed, read piece by piece, written in batches.

use std::time::Duration;

use base::Unavailable;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use url::Url;

use super::read::{ReadError, Tally, read};
use super::{Ended, Entry, EntryId, Feed, FeedId, Feeds, Outcome, RunId};
use crate::declared::{Ask, Method};
use crate::upstream::{Reply, Way};

/// Entries that are written in one transaction.
const BATCH: usize = 1000;
/// Batches that wait to be written; reading stops until there is room.
const BATCHES_MAX: usize = 2;
/// Entries that are looked through in one transaction for those that may be forgotten.
const FORGET_BATCH: usize = 5000;
/// Runs of a feed that are kept.
const RUNS_KEPT: usize = 100;
/// Longest time until a feed that failed is tried again.
const RETRY_MAX: Duration = Duration::from_hours(1);
/// Longest cause that is kept, in bytes.
const CAUSE_BYTES_MAX: usize = 500;

/// What a run has brought.
#[derive(Default)]
struct Brought {
    bytes: u64,
    tally: Tally,
    added: u64,
}

impl Feeds {
    /// Pulls a feed that is on; `None` when there is none.
    pub async fn pull(&self, id: FeedId) -> Result<Option<Outcome>, Unavailable> {
        let store = &self.parts.store;
        let all = store.feeds().await?;
        let Some(feed) = all
            .into_iter()
            .find(|feed| feed.id == id && feed.is_enabled)
        else {
            return Ok(None);
        };
        let Some(way) = self.parts.ways.way(&feed) else {
            return Ok(None);
        };
        let Some(run) = store.begin(id, self.now()).await? else {
            return Ok(None);
        };
        let ended = self.run(&feed, run, way).await?;
        let outcome = ended.outcome;
        store.end(run, ended, self.now()).await?;
        if outcome == Outcome::Complete {
            self.forget(&feed).await?;
        }
        store.sweep_runs(id, RUNS_KEPT).await?;
        Ok(Some(outcome))
    }

    async fn run(
        &self,
        feed: &Feed,
        run: RunId,
        way: Result<(Way, Url), String>,
    ) -> Result<Ended, Unavailable> {
        let reply = match self.ask(feed, way).await {
            Ok(reply) => reply,
            Err(cause) => return Ok(self.ended(feed, Err(cause), &Brought::default())),
        };
        let mut brought = Brought {
            bytes: reply.body.len() as u64,
            ..Brought::default()
        };
        let outcome = match reply.status {
            200 => {
                self.take(feed, run, reply.body.clone(), &mut brought)
                    .await?
            }
            304 => Ok(Outcome::Unchanged),
            status => Err(format!("its server answered with status {status}")),
        };
        let mut ended = self.ended(feed, outcome, &brought);
        if ended.outcome == Outcome::Complete {
            let header = |name| reply.header(name).filter(|text| text.len() <= 200);
            ended.etag = header("etag").map(str::to_owned);
            ended.last_modified = header("last-modified").map(str::to_owned);
        }
        Ok(ended)
    }

    /// Asks for the feed, if it is another than the one that is in the index.
    async fn ask(&self, feed: &Feed, way: Result<(Way, Url), String>) -> Result<Reply, String> {
        let (way, url) = way?;
        let mut headers = vec![("accept".to_owned(), "*/*".to_owned())];
        if let Some(etag) = &feed.etag {
            headers.push(("if-none-match".to_owned(), etag.clone()));
        }
        if let Some(date) = &feed.last_modified {
            headers.push(("if-modified-since".to_owned(), date.clone()));
        }
        let ask = Ask {
            method: Method::Get,
            url,
            headers,
            body: Vec::new(),
        };
        let asked = self.parts.upstream.http(&way, ask).await;
        asked.map_err(|error| error.why.to_string())
    }

    /// Reads what came and writes it down.
    async fn take(
        &self,
        feed: &Feed,
        run: RunId,
        body: Bytes,
        brought: &mut Brought,
    ) -> Result<Result<Outcome, String>, Unavailable> {
        let (batches, mut written) = mpsc::channel::<Vec<Entry>>(BATCHES_MAX);
        let description = feed.description.clone();
        let reading = spawn_blocking(move || {
            let mut batch = Vec::with_capacity(BATCH);
            let tally = read(&description, &body, &mut |entry| {
                batch.push(entry);
                if batch.len() < BATCH {
                    return true;
                }
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                batches.blocking_send(full).is_ok()
            });
            if !batch.is_empty() {
                // Nobody there any more: it was the store, which tells it by itself.
                let _ = batches.blocking_send(batch);
            }
            tally
        });
        while let Some(batch) = written.recv().await {
            let now = self.now();
            let count = self.parts.store.write(feed.id, run, batch, now).await?;
            brought.added += count.added;
        }
        let read = reading
            .await
            .map_err(|error| Unavailable::new("the feed's reader", error))?;
        Ok(match read {
            Ok(tally) => {
                brought.tally = tally;
                // A feed that is suddenly empty is broken more often than it is done.
                if tally.entries == 0 {
                    Err(format!(
                        "nothing in it is an indicator ({} entries were passed over)",
                        tally.skipped
                    ))
                } else {
                    Ok(Outcome::Complete)
                }
            }
            Err(ReadError::Stopped) => Err("reading was stopped".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    }

    fn ended(&self, feed: &Feed, outcome: Result<Outcome, String>, brought: &Brought) -> Ended {
        let every = Duration::from_secs(u64::from(feed.description.every_s));
        let (outcome, cause, wait) = match outcome {
            Ok(outcome) => (outcome, None, every),
            Err(cause) => (Outcome::Failed, Some(cause), every.min(RETRY_MAX)),
        };
        Ended {
            outcome,
            bytes: brought.bytes,
            entries: brought.tally.entries,
            added: brought.added,
            skipped: brought.tally.skipped,
            cause: cause.map(|text| short(&text)),
            etag: None,
            last_modified: None,
            due: self.now().plus(wait),
        }
    }

    /// Forgets what has left the feed long ago.
    async fn forget(&self, feed: &Feed) -> Result<(), Unavailable> {
        let keep = i64::from(feed.description.keep_s) * 1_000_000;
        let before = base::UnixMicros(self.now().0.saturating_sub(keep));
        let mut after = Some(EntryId::default());
        while let Some(from) = after {
            let store = &self.parts.store;
            after = store
                .forget(feed.id, before, from, FORGET_BATCH)
                .await?
                .next;
        }
        Ok(())
    }
}

fn short(text: &str) -> String {
    let mut end = text.len().min(CAUSE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
