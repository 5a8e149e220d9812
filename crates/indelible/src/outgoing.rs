//! The doors that features open to the network, held by the egress crate.

use std::sync::Arc;

use async_trait::async_trait;
use base::{Clock, Entropy, Unavailable};
use egress::sntp::{SntpError, TimeServer, ask_time};
use egress::{Egress, EgressError, Limits};
use stamp::timekeeping::{NoReading, Reading, TimeSource};
use stamp::witnesses::{Answer, WITNESS_ANSWER_BYTES_MAX, WitnessClient};

/// The way to witnesses.
pub(crate) struct WitnessesByHttp(Egress);

impl WitnessesByHttp {
    /// A way under its own limits.
    pub(crate) fn new() -> Result<Self, EgressError> {
        let limits = Limits {
            body_bytes_max: WITNESS_ANSWER_BYTES_MAX,
            ..Limits::default()
        };
        Ok(Self(Egress::new(limits)?))
    }

    async fn ask(&self, url: &str, body: String) -> Result<Answer, EgressError> {
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let url = url.parse().map_err(|_| EgressError::Address(url))?;
        let answer = self.0.post(&url, "text/plain", "*/*", body.into()).await?;
        Ok(Answer {
            status: answer.status.as_u16(),
            body: answer.body.bytes().await?.into(),
        })
    }
}

#[async_trait]
impl WitnessClient for WitnessesByHttp {
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<Answer, Unavailable> {
        let answer = self.ask(url, body).await;
        answer.map_err(|error| Unavailable::new("the witness", error))
    }
}

/// The way to a time server.
pub(crate) struct TimeBySntp {
    pub(crate) server: TimeServer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl TimeSource for TimeBySntp {
    fn name(&self) -> String {
        self.server.to_string()
    }

    async fn ask(&self) -> Result<Reading, NoReading> {
        match ask_time(&self.server, &*self.clock, &*self.entropy).await {
            Ok(answer) => Ok(Reading {
                offset_us: answer.offset_us,
                error: answer.error,
            }),
            Err(SntpError::KissOfDeath { code, .. }) => Err(turned_away(code)),
            Err(error) => Err(Unavailable::new("the time server", error).into()),
        }
    }
}

/// RFC 5905 §7.4: `DENY` and `RSTR` are for good, the others are for a while.
fn turned_away(code: String) -> NoReading {
    match code.as_str() {
        "DENY" | "RSTR" => NoReading::Refused(code),
        _ => NoReading::TooOften(code),
    }
}
