//! One attempt at one job, or at several together: run, renewed while it runs, cut off when it
//! takes too long, and translated into what is written down of it.

use std::any::Any;
use std::error::Error as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use base::Unavailable;
use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument as _;

use super::kind::Kind;
use crate::backoff::backoff;
use crate::{CAUSE_BYTES_MAX, End, Ended, Jobs, Leased, Outcome};

/// How the run itself ended.
enum Ran {
    Answered(Result<Vec<Outcome>, Unavailable>),
    Panicked(String),
    TookTooLong,
    /// Others have taken over all of it: nothing of it is ours to say.
    Lost,
}

/// Makes the attempt; answers what is to be written down, which is nothing for those whose effect
/// was committed with the mark.
pub(super) async fn attempt(jobs: &Jobs, kind: &Kind, batch: &[Leased]) -> Vec<Ended> {
    let span = match batch {
        [one] => tracing::info_span!(
            "job",
            kind = kind.name,
            id = one.fence.job.0,
            attempt = one.fence.attempt
        ),
        several => tracing::info_span!("jobs", kind = kind.name, count = several.len()),
    };
    async {
        let ran = run(jobs, kind, batch).await;
        settle(jobs, batch, ran)
    }
    .instrument(span)
    .await
}

async fn run(jobs: &Jobs, kind: &Kind, batch: &[Leased]) -> Ran {
    let runner = Arc::clone(&kind.runner);
    let running = AssertUnwindSafe(runner.run(batch)).catch_unwind();
    tokio::pin!(running);
    let cut_off = Instant::now() + kind.time_max;
    let renews = kind.time_max > kind.lease;
    loop {
        tokio::select! {
            biased;
            ran = &mut running => return match ran {
                Ok(answer) => Ran::Answered(answer),
                Err(panic) => Ran::Panicked(panic_words(&*panic)),
            },
            () = sleep_until(cut_off) => return Ran::TookTooLong,
            () = sleep(kind.lease / 3), if renews => {
                if !renew(jobs, kind, batch).await {
                    return Ran::Lost;
                }
            }
        }
    }
}

/// Lets the leases end later; `false` when none of them is ours any more.
async fn renew(jobs: &Jobs, kind: &Kind, batch: &[Leased]) -> bool {
    let mut ours = false;
    for leased in batch {
        let until = jobs.clock().now().plus(kind.lease);
        match jobs.store().extend(leased.fence, until).await {
            Ok(extended) => ours |= extended,
            // It may answer again before the lease ends.
            Err(error) => {
                tracing::warn!(%error, "a lease could not be renewed");
                ours = true;
            }
        }
    }
    ours
}

fn settle(jobs: &Jobs, batch: &[Leased], ran: Ran) -> Vec<Ended> {
    let all = |how: &dyn Fn(&Leased) -> End| {
        let ended = |leased: &Leased| Ended {
            fence: leased.fence,
            how: how(leased),
        };
        batch.iter().map(ended).collect()
    };
    let failed = |leased: &Leased, cause: &str| {
        let failures = leased.failures.saturating_add(1);
        End::Failed {
            again: jobs.clock().now().plus(backoff(failures, jobs.entropy())),
            cause: cut(cause.to_owned()),
        }
    };
    match ran {
        Ran::Answered(Ok(outcomes)) => batch
            .iter()
            .zip(outcomes)
            .filter_map(|(leased, outcome)| {
                let how = match outcome {
                    Outcome::Done => End::Done(Vec::new()),
                    Outcome::Then(jobs) => End::Done(jobs),
                    Outcome::Committed => return None,
                    Outcome::GiveUp(cause) => {
                        tracing::warn!(cause, "a job was given up");
                        End::GivenUp(cut(cause))
                    }
                    Outcome::Later(after) => End::Later(jobs.clock().now().plus(after)),
                };
                let fence = leased.fence;
                Some(Ended { fence, how })
            })
            .collect(),
        Ran::Answered(Err(error)) => {
            let cause = words(&error);
            tracing::warn!(cause, "an attempt failed");
            all(&|leased| failed(leased, &cause))
        }
        Ran::Panicked(cause) => {
            tracing::error!(cause, "an attempt panicked");
            all(&|leased| failed(leased, &cause))
        }
        Ran::TookTooLong => {
            let cause = "it took longer than it may";
            tracing::warn!(cause, "an attempt was cut off");
            all(&|leased| failed(leased, cause))
        }
        Ran::Lost => {
            tracing::warn!("an attempt was given up: another worker has taken over");
            Vec::new()
        }
    }
}

/// An error with its causes.
fn words(error: &Unavailable) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}

/// What a panic said.
fn panic_words(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", said.unwrap_or("without a word"))
}

/// At most [`CAUSE_BYTES_MAX`], and without the byte that Postgres' text cannot hold.
fn cut(cause: String) -> String {
    let mut cause = if cause.contains('\0') {
        cause.replace('\0', "\u{fffd}")
    } else {
        cause
    };
    let mut end = CAUSE_BYTES_MAX.min(cause.len());
    while !cause.is_char_boundary(end) {
        end -= 1;
    }
    cause.truncate(end);
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_cut_between_characters() {
        assert_eq!(cut("short".into()), "short");
        assert_eq!(cut("a\0b".into()), "a\u{fffd}b");
        let long = "ä".repeat(CAUSE_BYTES_MAX);
        assert_eq!(cut(format!("x{long}")).len(), CAUSE_BYTES_MAX - 1);
    }
}
