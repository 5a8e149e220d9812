//! A source that looks into the index of a feed: nobody learns what is looked up.

use std::sync::Arc;

use async_trait::async_trait;
use indicator::{Indicator, Kind, KindSet};

use crate::feeds::{OWN, Question, Scope, Store, judge, shipped};
use crate::source::{Answered, Call, Source, Trouble};

/// Most entries of one answer.
const LISTINGS_MAX: usize = 100;

/// Looks into a feed, or into all feeds of one's own.
pub(super) struct Listed {
    scope: Scope,
    kinds: KindSet,
    store: Arc<dyn Store>,
}

impl Listed {
    pub(super) fn new(slug: &str, store: Arc<dyn Store>) -> Self {
        let scope = match slug {
            OWN => Scope::Own,
            slug => Scope::Feed(slug.to_owned()),
        };
        let shipped = shipped().into_iter().find(|feed| feed.slug == slug);
        let kind = shipped.and_then(|feed| feed.description.kind);
        // A list of URLs also knows something of their hosts.
        let kinds = match kind.as_deref() {
            Some("URL") => [Kind::Url, Kind::Domain, Kind::Ipv4, Kind::Ipv6]
                .into_iter()
                .collect(),
            _ => [
                Kind::Url,
                Kind::Domain,
                Kind::Ipv4,
                Kind::Ipv6,
                Kind::Email,
                Kind::Md5,
                Kind::Sha1,
                Kind::Sha256,
                Kind::Sha512,
            ]
            .into_iter()
            .collect(),
        };
        Self {
            scope,
            kinds,
            store,
        }
    }
}

#[async_trait]
impl Source for Listed {
    fn kinds(&self) -> KindSet {
        self.kinds
    }

    async fn ask(&self, indicator: &Indicator, _call: &Call<'_>) -> Result<Answered, Trouble> {
        let question = Question::of(indicator);
        let found = self
            .store
            .look_up(&self.scope, &question, LISTINGS_MAX)
            .await;
        let looked = found.map_err(|error| {
            tracing::error!(%error, "the index of feeds did not answer");
            Trouble::InternalServerError
        })?;
        match judge(indicator, &looked.listings) {
            Some(finding) => Ok(Answered::Found(finding)),
            None if looked.is_filled => Ok(Answered::Nothing),
            // That nothing is found in an empty index says nothing.
            None => Err(Trouble::SourceError(
                "the feed has not been pulled yet".into(),
            )),
        }
    }
}
