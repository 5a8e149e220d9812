//! The test bench: a source is tried on one indicator before it counts, with an answer that was
//! recorded or against the upstream itself, and everything that happens is shown but for secrets.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use indicator::Indicator;
use parking_lot::Mutex;

use super::configured::Binding;
use super::{Body, ChangeError, Configured, Definition, Registry, SlotState, Unmade};
use crate::declared::{Ask, Fault};
use crate::secrets::Vault;
use crate::upstream::{
    DnsQuestion, DnsRecord, Hop, Reply, Upstream, UpstreamError, UpstreamTrouble, Way,
};
use crate::{Answered, Call, MissingSecret, SourceId, Trouble};

/// What is tried.
#[derive(Clone, Debug, PartialEq)]
pub enum Candidate {
    /// A source as it is set up.
    Source(SourceId),
    /// Words for a source that nobody saved yet.
    Words {
        /// What is to be tried.
        definition: Box<Definition>,
        /// Whose settings and secrets it would have, if it is to replace something. Secrets go only
        /// where they were to go when they were put there, also here.
        instead_of: Option<SourceId>,
    },
}

/// How it is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Nobody is asked: this answer came.
    Replay {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// The upstream is asked. It learns the value.
    Live,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// What was asked, without secrets: those come in later.
    pub asked: Vec<Asked>,
    /// How the answers came about; nothing in a replay.
    pub trace: Vec<Hop>,
    /// The last answer over HTTP as it came, with its status.
    pub answer: Option<(u16, Bytes)>,
    /// What became of it.
    pub outcome: Result<Answered, Trouble>,
}

/// One question to an upstream.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Over HTTP.
    Http(Ask),
    /// To the DNS.
    Dns(DnsQuestion),
    /// To a server that answers in text.
    Whois {
        /// The server.
        server: String,
        /// What it was sent.
        lines: String,
    },
}

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
pub enum TryError {
    /// The words are wrong: each fault with its field.
    #[error("the description is wrong")]
    Invalid(Vec<Fault>),
    /// There is no such source.
    #[error("there is no such source")]
    Unknown,
    /// Nobody here runs it.
    #[error("no runner for sources of this kind is set up")]
    NoRunner,
    /// It cannot be asked about such an indicator.
    #[error("it cannot be asked about a {0}")]
    Kind(&'static str),
    /// It cannot be asked without its secret.
    #[error(transparent)]
    MissingSecret(#[from] MissingSecret),
}

impl From<TryError> for ChangeError {
    fn from(error: TryError) -> Self {
        match error {
            TryError::Invalid(faults) => Self::Invalid(faults),
            TryError::Unknown => Self::Unknown,
            TryError::NoRunner => Self::NoRunner,
            TryError::Kind(_) => Self::invalid("indicator", error.to_string()),
            TryError::MissingSecret(missing) => {
                Self::invalid(&format!("secrets.{}", missing.slot), missing.to_string())
            }
        }
    }
}

impl Registry {
    /// Tries a source, or words for one, on one indicator. Counts against no quota, fills no cache,
    /// and is no lookup: nothing of it is kept.
    ///
    /// # Errors
    /// When there is nothing to try.
    pub async fn try_source(
        &self,
        candidate: Candidate,
        indicator: &Indicator,
        trial: Trial,
        vault: &Vault,
        upstream: &dyn Upstream,
    ) -> Result<Tried, TryError> {
        let source = self.candidate(candidate)?;
        if !source.kinds.has(indicator.kind()) {
            return Err(TryError::Kind(indicator.kind().title()));
        }
        let (way, replay) = match &trial {
            Trial::Live => (source.way(vault)?, None),
            Trial::Replay { status, body } => {
                let reply = Reply {
                    status: *status,
                    headers: Vec::new(),
                    body: Bytes::copy_from_slice(body),
                    trace: Vec::new(),
                };
                (source.way_with(Vec::new()), Some(reply))
            }
        };
        let recording = Recording {
            inner: upstream,
            replay,
            seen: Mutex::default(),
        };
        let call = Call {
            upstream: &recording,
            way: &way,
            base: source.base.as_ref(),
        };
        let asking = tokio::time::timeout(source.time_max, source.source.ask(indicator, &call));
        let outcome = asking.await.unwrap_or(Err(Trouble::Timeout));
        let seen = recording.seen.into_inner();
        Ok(Tried {
            asked: seen.asked,
            trace: seen.trace,
            answer: seen.answer,
            outcome,
        })
    }

    /// The source as it would be.
    fn candidate(&self, candidate: Candidate) -> Result<Arc<Configured>, TryError> {
        let sources = self.current();
        match candidate {
            Candidate::Source(id) => {
                let source = sources.by_id(id).ok_or(TryError::Unknown)?;
                match &source.unmade {
                    None => Ok(Arc::clone(source)),
                    Some(why) => Err(why.clone().into()),
                }
            }
            Candidate::Words {
                definition,
                instead_of,
            } => {
                let faults = definition.check();
                if !faults.is_empty() {
                    return Err(TryError::Invalid(faults));
                }
                if !matches!(definition.body, Body::Http(_)) {
                    return Err(TryError::NoRunner);
                }
                let like = match instead_of {
                    Some(id) => Some(sources.by_id(id).ok_or(TryError::Unknown)?),
                    None => None,
                };
                self.unsaved(*definition, like.map(Arc::as_ref))
            }
        }
    }

    fn unsaved(
        &self,
        definition: Definition,
        like: Option<&Configured>,
    ) -> Result<Arc<Configured>, TryError> {
        let slug = like.map_or("unsaved", |like| like.slug.as_str());
        let settings = like.map(|like| like.settings.clone()).unwrap_or_default();
        let by_file = like.filter(|like| like.is_base_configured);
        let base = by_file.map_or(settings.base.clone(), |like| like.base.clone());
        let source = self.maker.make(slug, &definition.body, base.as_ref())?;
        let slots = definition.secrets.iter().map(|slot| {
            let known = like.and_then(|like| {
                let same = like
                    .slots
                    .iter()
                    .find(|state| state.slot.name == slot.name)?;
                let before = Binding::of(&like.definition, &like.settings, &same.slot);
                let after = Binding::of(&definition, &settings, slot);
                let may_go = same.is_confirmed && (before == after || like.is_base_configured);
                Some((same.secret.clone(), may_go))
            });
            let (secret, is_confirmed) = known.unwrap_or_default();
            SlotState {
                slot: slot.clone(),
                secret,
                is_confirmed,
            }
        });
        let slots = slots.collect();
        Ok(Arc::new(Configured::unsaved(
            slug,
            definition,
            settings,
            slots,
            (base, by_file.is_some()),
            source,
        )))
    }
}

impl From<Unmade> for TryError {
    fn from(why: Unmade) -> Self {
        match why {
            Unmade::NoRunner(_) => Self::NoRunner,
            Unmade::Faults(faults) => Self::Invalid(faults),
        }
    }
}

/// Writes down what goes out and what comes back; answers by itself in a replay.
struct Recording<'a> {
    inner: &'a dyn Upstream,
    replay: Option<Reply>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    asked: Vec<Asked>,
    trace: Vec<Hop>,
    answer: Option<(u16, Bytes)>,
}

impl Recording<'_> {
    fn no_recording() -> UpstreamError {
        UpstreamError {
            why: UpstreamTrouble::Refused("the recording holds an answer over HTTP only".into()),
            trace: Vec::new(),
        }
    }

    fn failed(&self, error: UpstreamError) -> UpstreamError {
        self.seen.lock().trace.extend(error.trace.iter().cloned());
        error
    }
}

#[async_trait]
impl Upstream for Recording<'_> {
    async fn http(&self, way: &Way, ask: Ask) -> Result<Reply, UpstreamError> {
        self.seen.lock().asked.push(Asked::Http(ask.clone()));
        let reply = match &self.replay {
            Some(reply) => Ok(reply.clone()),
            None => self.inner.http(way, ask).await,
        };
        let reply = reply.map_err(|error| self.failed(error))?;
        let mut seen = self.seen.lock();
        seen.trace.extend(reply.trace.iter().cloned());
        seen.answer = Some((reply.status, reply.body.clone()));
        Ok(reply)
    }

    async fn dns(&self, way: &Way, question: DnsQuestion) -> Result<Vec<DnsRecord>, UpstreamError> {
        self.seen.lock().asked.push(Asked::Dns(question.clone()));
        if self.replay.is_some() {
            return Err(Self::no_recording());
        }
        let found = self.inner.dns(way, question).await;
        found.map_err(|error| self.failed(error))
    }

    async fn whois(&self, way: &Way, server: &str, lines: &str) -> Result<String, UpstreamError> {
        self.seen.lock().asked.push(Asked::Whois {
            server: server.to_owned(),
            lines: lines.to_owned(),
        });
        if self.replay.is_some() {
            return Err(Self::no_recording());
        }
        let text = self.inner.whois(way, server, lines).await;
        text.map_err(|error| self.failed(error))
    }
}
