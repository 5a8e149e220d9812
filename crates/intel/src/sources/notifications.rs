//! What somebody should know of the sources: missing and ending secrets, sources that fail, quotas that
//! are nearly used up. Arithmetic over what is known; asks nobody.

use std::sync::Arc;
use std::time::Duration;

use base::UnixMicros;

use super::{Configured, SlotState, Sources, Unmade};
use crate::secrets::SecretRef;
use crate::{SourceId, Window};

/// How long before its end a secret is told of.
pub const EXPIRES_SOON: Duration = Duration::from_hours(14 * 24);
/// Fewer questions than this say nothing of a source.
const ASKED_MIN: u32 = 5;

/// How a source has been doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFigures {
    /// Which source.
    pub source: SourceId,
    /// Of so many of its last questions …
    pub asked: u32,
    /// … so many ended in trouble.
    pub troubled: u32,
    /// What is used of each of its windows.
    pub used: Vec<(Window, u32)>,
}

/// Something that somebody should know.
#[derive(Clone, Debug)]
pub enum Notification {
    /// A source that is switched on is not asked, because these secrets are missing.
    MissingSecrets {
        /// The source.
        source: Arc<Configured>,
        /// Slots that must be filled and are not.
        slots: Vec<String>,
    },
    /// A secret that a source uses has ended, or ends soon.
    SecretExpires {
        /// The secret.
        secret: Arc<SecretRef>,
        /// When.
        at: UnixMicros,
        /// Whether that has come.
        has_expired: bool,
    },
    /// A source that is switched on cannot be asked.
    Unusable {
        /// The source.
        source: Arc<Configured>,
        /// Why.
        why: Unmade,
    },
    /// Half of a source's last questions or more ended in trouble.
    Failing {
        /// The source.
        source: Arc<Configured>,
        /// Of so many …
        asked: u32,
        /// … so many.
        troubled: u32,
    },
    /// Nine tenths of a window are used, or more.
    QuotaNear {
        /// The source.
        source: Arc<Configured>,
        /// The window.
        window: Window,
        /// How much of it.
        used: u32,
    },
    /// The product ships a newer version of a source than the one that somebody put in force.
    NewerVersion {
        /// The source.
        source: Arc<Configured>,
        /// The newer version.
        version: u32,
    },
}

impl Notification {
    /// Its kind, as the API has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MissingSecrets { .. } => "MISSING_REQUIRED_SOURCE_SECRET",
            Self::SecretExpires { .. } => "SECRET_EXPIRES",
            Self::Unusable { .. } => "SOURCE_UNUSABLE",
            Self::Failing { .. } => "SOURCE_FAILING",
            Self::QuotaNear { .. } => "QUOTA_NEAR",
            Self::NewerVersion { .. } => "NEWER_SOURCE_VERSION",
        }
    }
}

/// What somebody should know now, the gravest first. Sources that are switched off are left alone.
pub fn notifications(
    sources: &Sources,
    figures: &[SourceFigures],
    now: UnixMicros,
) -> Vec<Notification> {
    let (mut grave, mut soon, mut light) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources.all().iter().filter(|source| source.is_on()) {
        let own = || Arc::clone(source);
        if let Some(why) = &source.unmade {
            grave.push(Notification::Unusable {
                source: own(),
                why: why.clone(),
            });
            continue;
        }
        let missing = source.missing(now);
        if !missing.is_empty() {
            let slots = missing.into_iter().map(|state| state.slot.name.clone());
            grave.push(Notification::MissingSecrets {
                source: own(),
                slots: slots.collect(),
            });
        }
        if let Some(version) = source.product_version {
            light.push(Notification::NewerVersion {
                source: own(),
                version,
            });
        }
        let Some(figures) = figures.iter().find(|one| one.source == source.id) else {
            continue;
        };
        if figures.asked >= ASKED_MIN && figures.troubled * 2 >= figures.asked {
            grave.push(Notification::Failing {
                source: own(),
                asked: figures.asked,
                troubled: figures.troubled,
            });
        }
        for (window, used) in &figures.used {
            if u64::from(*used) * 10 >= u64::from(window.requests) * 9 {
                soon.push(Notification::QuotaNear {
                    source: own(),
                    window: *window,
                    used: *used,
                });
            }
        }
    }
    for secret in sources.secrets() {
        let Some(at) = secret.expires_at else {
            continue;
        };
        let is_used = sources
            .uses(secret.id)
            .any(|(source, _): (_, &SlotState)| source.is_on());
        if is_used && at <= now.plus(EXPIRES_SOON) {
            let has_expired = secret.has_expired(now);
            let told = Notification::SecretExpires {
                secret: Arc::clone(secret),
                at,
                has_expired,
            };
            if has_expired {
                grave.push(told);
            } else {
                soon.push(told);
            }
        }
    }
    grave.into_iter().chain(soon).chain(light).collect()
}
