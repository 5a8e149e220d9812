//! The log as it shows itself over HTTP: C2SP `tlog-tiles`, and protocol v1 where it is spoken.

use anyhow::Context as _;
use egress::{Egress, EgressError, StatusCode};
use tlog::{TILE_WIDTH, TilePath, TileResource};
use url::Url;

/// Why nothing could be learned this time. All of it may pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// No answer.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// An answer, but not with what was asked for.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked.
        url: Url,
        /// What came.
        status: StatusCode,
    },
    /// An answer that cannot be read.
    #[error("{url} answered what cannot be read: {why}")]
    Nonsense {
        /// What was asked.
        url: Url,
        /// What is wrong with it.
        why: String,
    },
}

/// A log on the network.
pub(super) struct Remote {
    egress: Egress,
    /// Its submission-free prefix: `checkpoint` and `tile/…` hang below. Ends with a slash.
    pub(super) prefix: Url,
    /// Where protocol v1's routes hang, if the log speaks it. Ends with a slash.
    pub(super) v1: Option<Url>,
}

impl Remote {
    /// Finds a log at `url` or below `url/log/`, and whether it speaks protocol v1.
    pub(super) async fn find(egress: Egress, url: &Url) -> Result<Self, Trouble> {
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let below = |path: &str| base.join(path).map_err(|why| nonsense(&base, &why));
        let mut remote = Self {
            egress,
            prefix: below("log/")?,
            v1: None,
        };
        if remote.checkpoint().await.is_err() {
            remote.prefix = base;
            remote.checkpoint().await?;
            return Ok(remote);
        }
        let v1 = below("api/v1/")?;
        let current = v1.join("mth/current").map_err(|why| nonsense(&v1, &why))?;
        if remote.fetch(&current).await?.is_some() {
            remote.v1 = Some(v1);
        }
        Ok(remote)
    }

    /// A log whose places are known already.
    pub(super) fn known(egress: Egress, prefix: Url, v1: Option<Url>) -> Self {
        Self { egress, prefix, v1 }
    }

    async fn fetch(&self, url: &Url) -> Result<Option<Vec<u8>>, Trouble> {
        let answer = self.egress.get(url, "*/*").await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body.bytes().await?.into())),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Trouble::Status {
                url: url.clone(),
                status,
            }),
        }
    }

    async fn fetch_there(&self, url: &Url) -> Result<Vec<u8>, Trouble> {
        self.fetch(url).await?.ok_or_else(|| Trouble::Status {
            url: url.clone(),
            status: StatusCode::NOT_FOUND,
        })
    }

    fn place(&self, path: &str) -> Result<Url, Trouble> {
        self.prefix
            .join(path)
            .map_err(|why| nonsense(&self.prefix, &why))
    }

    /// The newest checkpoint, as a signed note that nobody has verified yet.
    pub(super) async fn checkpoint(&self) -> Result<tlog::SignedNote, Trouble> {
        let url = self.place("checkpoint")?;
        let note = self.fetch_there(&url).await?;
        tlog::SignedNote::parse(&note).map_err(|why| nonsense(&url, &why))
    }

    /// The first `width` entries of a bundle.
    pub(super) async fn bundle(&self, index: u64, width: u64) -> Result<Vec<Vec<u8>>, Trouble> {
        let path = |width: u64| TilePath {
            resource: TileResource::Entries(index),
            width: u16::try_from(width).expect("at most 256"),
        };
        let mut url = self.place(&path(width).to_string())?;
        let bytes = match self.fetch(&url).await? {
            Some(bytes) => bytes,
            // Partial bundles may be deleted once the full one is there.
            None if width < TILE_WIDTH => {
                url = self.place(&path(TILE_WIDTH).to_string())?;
                self.fetch_there(&url).await?
            }
            None => self.fetch_there(&url).await?,
        };
        let entries = tlog::parse_bundle(&bytes).map_err(|why| nonsense(&url, &why))?;
        if (entries.len() as u64) < width {
            let why = format!("{} entries where {width} should be", entries.len());
            return Err(nonsense(&url, &why));
        }
        let wanted = usize::try_from(width).expect("at most 256");
        Ok(entries[..wanted]
            .iter()
            .map(|entry| entry.to_vec())
            .collect())
    }

    /// Protocol v1's head over the first `size` intervals; `None` where v1 is not spoken.
    pub(super) async fn v1_head(&self, size: u64) -> Result<Option<tlog::v1::Head>, Trouble> {
        let Some(v1) = &self.v1 else { return Ok(None) };
        let url = v1
            .join(&format!("mth/{}", size - 1))
            .map_err(|why| nonsense(v1, &why))?;
        let answer = self.egress.get(&url, "application/json").await?;
        if answer.status != StatusCode::OK {
            let status = answer.status;
            return Err(Trouble::Status { url, status });
        }
        let head = tlog::v1::Head::from_json(&answer.body.bytes().await?);
        head.map(Some).map_err(|why| nonsense(&url, &why))
    }

    /// The verifier keys that the log itself publishes, one a line; empty where it publishes none.
    pub(super) async fn published_keys(&self) -> anyhow::Result<Vec<tlog::VerifierKey>> {
        let url = self.place("key")?;
        let Some(text) = self.fetch(&url).await? else {
            return Ok(Vec::new());
        };
        String::from_utf8(text)
            .ok()
            .and_then(|text| text.lines().map(|line| line.parse().ok()).collect())
            .with_context(|| format!("{url} holds no verifier key"))
    }
}

fn nonsense(url: &Url, why: &dyn std::fmt::Display) -> Trouble {
    Trouble::Nonsense {
        url: url.clone(),
        why: why.to_string(),
    }
}
