//! Who makes a source that can be asked out of what is written down of it.

use std::sync::Arc;

use async_trait::async_trait;
use indicator::{Indicator, KindSet};
use url::Url;

use super::Body;
use crate::declared::{Declared, Fault};
use crate::feeds;
use crate::{Answered, Call, Source, SourceKind, Trouble};

/// Makes sources. One side is the product's own; others add the kinds that runners run.
pub trait Maker: Send + Sync {
    /// The source of this slug that does what `body` says, at `base` if its upstream was moved.
    ///
    /// # Errors
    /// Why there is none to ask.
    fn make(&self, slug: &str, body: &Body, base: Option<&Url>) -> Result<Arc<dyn Source>, Unmade>;
}

/// Why a source cannot be asked, however it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// Nobody here runs sources of this kind, or none of this slug.
    NoRunner(SourceKind),
    /// What is written down of it is wrong.
    Faults(Vec<Fault>),
}

/// Makes described sources and those that are part of the product.
#[derive(Clone, Default)]
pub struct OwnMaker {
    /// Where feeds are kept; without it no source of a feed can be made.
    pub feeds: Option<Arc<dyn feeds::Store>>,
}

impl Maker for OwnMaker {
    fn make(&self, slug: &str, body: &Body, base: Option<&Url>) -> Result<Arc<dyn Source>, Unmade> {
        match body {
            Body::Http(description) => match Declared::check(description, base) {
                Ok(declared) => Ok(Arc::new(declared)),
                Err(faults) => Err(Unmade::Faults(faults)),
            },
            Body::BuiltIn(_) => crate::builtin::make(slug, self.feeds.as_ref())
                .ok_or(Unmade::NoRunner(SourceKind::System)),
        }
    }
}

/// Stands where a source could not be made: it knows no kind, and is never asked.
pub(super) struct Nobody;

#[async_trait]
impl Source for Nobody {
    fn kinds(&self) -> KindSet {
        KindSet::NONE
    }

    async fn ask(&self, _: &Indicator, _: &Call<'_>) -> Result<Answered, Trouble> {
        Err(Trouble::SourceError("nobody here runs this source".into()))
    }
}
