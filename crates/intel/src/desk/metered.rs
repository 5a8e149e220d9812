//! The way out of one call, counted and remembered: each request waits for its quota, and what was
//! done is kept for the person who has to understand it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{Clock, UnixMicros};
use parking_lot::Mutex;

use super::gate::{Gate, Pass, Refused};
use crate::declared::Ask;
use crate::upstream::{
    DnsQuestion, DnsRecord, Hop, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};

/// Most hops of one call that are remembered.
const HOPS_MAX: usize = 100;
/// The status of a request too many (RFC 6585).
const TOO_MANY: u16 = 429;

/// The way out of one call.
pub(super) struct Metered<'a> {
    upstream: &'a dyn Upstream,
    gate: &'a Arc<Gate>,
    clock: &'a dyn Clock,
    /// Until when a further request may wait for its quota.
    deadline: UnixMicros,
    state: Mutex<State>,
}

struct State {
    /// Taken before the call began, for its first request.
    first: Option<Pass>,
    trace: Vec<Hop>,
    retry_after: Option<Duration>,
    starved: Option<Refused>,
}

/// What became known of a call.
pub(super) struct Known {
    /// What it did.
    pub(super) trace: Vec<Hop>,
    /// What its upstream said about when to come again.
    pub(super) retry_after: Option<Duration>,
    /// A request of it did not get its quota.
    pub(super) starved: Option<Refused>,
}

impl<'a> Metered<'a> {
    pub(super) fn new(
        upstream: &'a dyn Upstream,
        gate: &'a Arc<Gate>,
        clock: &'a dyn Clock,
        first: Pass,
        deadline: UnixMicros,
    ) -> Self {
        Self {
            upstream,
            gate,
            clock,
            deadline,
            state: Mutex::new(State {
                first: Some(first),
                trace: Vec::new(),
                retry_after: None,
                starved: None,
            }),
        }
    }

    /// What is known now; a call that was cut off has done something too.
    pub(super) fn known(&self) -> Known {
        let mut state = self.state.lock();
        Known {
            trace: std::mem::take(&mut state.trace),
            retry_after: state.retry_after,
            starved: state.starved,
        }
    }

    /// Waits for the quota of one request.
    async fn pass(&self) -> Result<(), UpstreamError> {
        let first = self.state.lock().first.take();
        let pass = match first {
            Some(pass) => pass,
            None => match self.gate.pass(self.clock, self.deadline).await {
                Ok(pass) => pass,
                Err(too_long) => {
                    self.state.lock().starved = Some(too_long);
                    return Err(UpstreamError {
                        why: UpstreamTrouble::Refused("the quota is used up".into()),
                        trace: Vec::new(),
                    });
                }
            },
        };
        pass.spend();
        Ok(())
    }

    fn remember(&self, hops: &[Hop]) {
        let trace = &mut self.state.lock().trace;
        let room = HOPS_MAX.saturating_sub(trace.len());
        trace.extend(hops.iter().take(room).cloned());
    }

    /// Remembers a request that does not speak HTTP.
    fn remember_plain(&self, method: &str, asked: String, began: UnixMicros, body_bytes: u64) {
        let took = self.clock.now().since(began);
        self.remember(&[Hop {
            method: method.to_owned(),
            url: asked,
            peer: None,
            status: None,
            body_bytes,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            secrets_found: 0,
        }]);
    }
}

#[async_trait]
impl Upstream for Metered<'_> {
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        self.pass().await?;
        match self.upstream.http(way, ask).await {
            Ok(reply) => {
                self.remember(&reply.trace);
                if reply.status == TOO_MANY {
                    let after = reply.header("retry-after").and_then(retry_after);
                    self.state.lock().retry_after = after;
                }
                Ok(reply)
            }
            Err(error) => {
                self.remember(&error.trace);
                Err(error)
            }
        }
    }

    async fn dns(&self, way: &Way, question: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        self.pass().await?;
        let (began, asked) = (
            self.clock.now(),
            format!("{} {}", question.record, question.name),
        );
        let answer = self.upstream.dns(way, question).await;
        let bytes = answer.as_ref().map_or(0, |records| {
            records.iter().map(|one| one.data.len() as u64).sum()
        });
        self.remember_plain("DNS", asked, began, bytes);
        answer
    }

    async fn whois(&self, way: &Way, server: &str, lines: &str) -> Result<String, UpstreamError> {
        self.pass().await?;
        let began = self.clock.now();
        let answer = self.upstream.whois(way, server, lines).await;
        let bytes = answer.as_ref().map_or(0, |text| text.len() as u64);
        self.remember_plain("WHOIS", server.to_owned(), began, bytes);
        answer
    }
}

/// Seconds of a Retry-After header (RFC 9110, section 10.2.3). Its other form, a date, would need
/// the upstream's clock to be right; nobody that we know sends it with this status.
fn retry_after(header: &str) -> Option<Duration> {
    header.trim().parse().ok().map(Duration::from_secs)
}
