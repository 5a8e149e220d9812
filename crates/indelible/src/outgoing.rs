//! The doors that features open to the network, held by the egress crate.

use async_trait::async_trait;
use base::Unavailable;
use egress::{Egress, EgressError, Limits};
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
