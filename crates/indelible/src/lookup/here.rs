//! Asking with the data folder's own sources, in this process.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use base::{Actor, Clock, Entropy, SystemClock, SystemEntropy};
use futures_util::StreamExt as _;
use intel::desk::{Delivery, LookupEvent, Question, SkipReason, Skipped};
use intel::lookups::Said;
use intel::{SourceId, Verdict};
use serde_json::Value;

use super::{Event, Outcome, Plan, Told, Wanted};
use crate::config::{Config, StoreUrl};
use crate::desk::{Intel, Nobody};
use crate::home::Home;
use crate::{Usage, background, wiring};

/// The desk of a data folder.
pub(super) struct Here {
    intel: Intel,
}

impl Here {
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let home = Home::at(&config.data);
        if config.store.url == StoreUrl::Sqlite && !home.dir().join("indelible.db").exists() {
            return Err(Usage::of(anyhow::anyhow!(
                "{} holds no installation yet: start `indelible serve` once, or name a running \
                 server with --server",
                home.dir().display()
            )));
        }
        let backend = wiring::open(config, &home).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let jobs = background::jobs(config, &backend, &clock, &entropy);
        let opened = Intel::open(
            config,
            &home,
            &backend,
            &jobs,
            Arc::new(Nobody),
            (&clock, &entropy),
        );
        Ok(Self {
            intel: opened.await?,
        })
    }

    /// Writes down what is only counted so far.
    pub(super) async fn close(&self) {
        if let Err(error) = self.intel.desk.flush().await {
            anstream::eprintln!("warning: the counters of this lookup are lost: {error}");
        }
    }

    fn question(&self, wanted: &Wanted) -> anyhow::Result<Question> {
        let sources = self.intel.registry.current();
        let find = |slug: &String| {
            if let Some(source) = sources.by_slug(slug.trim()) {
                return Ok(source.id);
            }
            let slugs: Vec<&str> = sources.all().iter().map(|one| one.slug.as_str()).collect();
            bail!(
                "there is no source {slug:?}; there are {}",
                slugs.join(", ")
            )
        };
        let chosen: anyhow::Result<Option<Vec<SourceId>>> = wanted
            .sources
            .as_ref()
            .map(|slugs| slugs.iter().map(find).collect())
            .transpose();
        Ok(Question {
            indicator: wanted.indicator.clone(),
            sources: chosen.map_err(Usage::of)?,
            tlp: wanted.tlp,
            may_use_cache: !wanted.fresh,
        })
    }

    pub(super) async fn look_up(
        &self,
        wanted: &Wanted,
        tell: &mut dyn FnMut(Event),
    ) -> anyhow::Result<()> {
        let question = self.question(wanted)?;
        let mut lookup = self.intel.desk.look_up(&question, &Actor::PRODUCT).await?;
        tell(Event::Began(lookup.id.0.to_string()));
        for one in &lookup.plan.skipped {
            tell(Event::Source(Box::new(skipped(one))));
        }
        while let Some(event) = lookup.events.next().await {
            match event {
                LookupEvent::Answer(delivery) | LookupEvent::Trouble(delivery) => {
                    tell(Event::Source(Box::new(told(&delivery))));
                }
                LookupEvent::Finished(summary) => {
                    tell(Event::Done(summary));
                    return Ok(());
                }
            }
        }
        bail!("the lookup broke off")
    }

    pub(super) async fn plan(&self, wanted: &Wanted) -> anyhow::Result<Plan> {
        let question = self.question(wanted)?;
        let plan = self.intel.desk.plan(&question).await.context("the plan")?;
        let sees = plan.who_sees.iter().map(|one| {
            let sources: Vec<String> = one.sources.iter().map(|it| it.name.clone()).collect();
            let name = match &one.provider {
                Some(provider) => provider.name.clone(),
                None => sources.first().cloned().unwrap_or_default(),
            };
            let learns = match one.exposure {
                intel::Exposure::Local => "LOCAL",
                intel::Exposure::Passive => "PASSIVE",
                intel::Exposure::Contact => "CONTACT",
                intel::Exposure::Publishes => "PUBLISHES",
            };
            (name, learns.to_owned(), sources)
        });
        let skipped = plan
            .skipped
            .iter()
            .map(|one| (one.source.name.clone(), why(one)));
        Ok(Plan {
            sees: sees.collect(),
            skipped: skipped.collect(),
        })
    }
}

fn why(skipped: &Skipped) -> String {
    let names: Vec<&str> = skipped.why.iter().map(SkipReason::name).collect();
    names.join(" ")
}

fn skipped(one: &Skipped) -> Told {
    Told {
        slug: one.source.slug.clone(),
        name: one.source.name.clone(),
        outcome: Outcome::Skipped(why(one)),
        verdict: Verdict::Unknown,
        confidence: 0,
        reasons: Vec::new(),
        took_ms: 0,
        cache_age_s: None,
        link: None,
        evidence: None,
        data: Value::Null,
    }
}

fn told(delivery: &Delivery) -> Told {
    let answer = &delivery.answer;
    let heard = answer.heard();
    Told {
        slug: answer.source.slug.clone(),
        name: answer.source.name.clone(),
        outcome: match &answer.said {
            Said::Found(_) => Outcome::Found,
            Said::Nothing => Outcome::Nothing,
            Said::Trouble(trouble) => Outcome::Trouble(trouble.to_string()),
        },
        verdict: heard.map_or(Verdict::Unknown, |heard| heard.verdict),
        confidence: heard.map_or(0, |heard| heard.confidence),
        reasons: heard.map(|heard| heard.reasons.clone()).unwrap_or_default(),
        took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
        cache_age_s: delivery.age.map(|age| age.as_secs()),
        link: heard.and_then(|heard| heard.link.clone()),
        evidence: answer.evidence.map(|evidence| hex::encode(evidence.sha256)),
        data: heard
            .and_then(|heard| serde_json::from_str(&heard.data).ok())
            .unwrap_or_default(),
    }
}
