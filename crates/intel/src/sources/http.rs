//! A described source, asked: the request goes out through the guard, the answer is read as described.

use async_trait::async_trait;
use indicator::{Indicator, KindSet};

use crate::declared::{self, Declared, Outcome};
use crate::upstream::{Reply, UpstreamTrouble};
use crate::{Answered, Call, Source, Trouble};

#[async_trait]
impl Source for Declared {
    fn kinds(&self) -> KindSet {
        Self::kinds(self)
    }

    async fn ask(&self, indicator: &Indicator, call: &Call<'_>) -> Result<Answered, Trouble> {
        let Some(ask) = Self::ask(self, indicator) else {
            let kind = indicator.kind().title();
            return Err(Trouble::SourceError(format!(
                "it cannot be asked about a {kind}"
            )));
        };
        let reply = match call.upstream.http(call.way, ask).await {
            Ok(reply) => reply,
            Err(error) => return Err(error.why.into()),
        };
        match self.read(indicator, reply.status, &reply.body) {
            Outcome::Found(finding) => Ok(Answered::Found(finding)),
            Outcome::Nothing => Ok(Answered::Nothing),
            Outcome::Trouble(trouble) => Err(told(&trouble, &reply)),
        }
    }
}

impl From<UpstreamTrouble> for Trouble {
    fn from(why: UpstreamTrouble) -> Self {
        match why {
            UpstreamTrouble::Slow => Self::Timeout,
            UpstreamTrouble::Refused(what) | UpstreamTrouble::Broken(what) => {
                Self::RequestError(what)
            }
        }
    }
}

fn told(trouble: &declared::Trouble, reply: &Reply) -> Trouble {
    match trouble {
        declared::Trouble::Unauthorized => Trouble::Unauthorized,
        declared::Trouble::RateLimited => Trouble::RateLimited(retry_after_s(reply)),
        declared::Trouble::Failed(_) | declared::Trouble::NotJson(_) => {
            Trouble::ResponseError(trouble.to_string())
        }
    }
}

/// Seconds after which the upstream says that asking is worth it (RFC 9110 §10.2.3). A date is not
/// taken: their clock is not ours.
fn retry_after_s(reply: &Reply) -> Option<u64> {
    reply.header("retry-after")?.trim().parse().ok()
}
