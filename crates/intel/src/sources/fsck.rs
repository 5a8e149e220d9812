//! Whether what the catalogue keeps is what was written.

use base::Unavailable;
use sha2::{Digest as _, Sha256};

use super::{Definition, Registry};

/// Versions that are read in one go.
const PAGE: usize = 100;

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueCheck {
    /// Sources.
    pub sources: usize,
    /// Versions of them.
    pub versions: usize,
    /// Versions that are not what they were.
    pub faults: Vec<VersionFault>,
}

/// A version that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {number} of the source {slug}: {what}")]
pub struct VersionFault {
    /// Whose version.
    pub slug: String,
    /// Its number.
    pub number: u32,
    /// What is wrong with it.
    pub what: String,
}

impl Registry {
    /// Looks at every version of every source: its bytes are those of its digest, and can be read.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn check(&self) -> Result<CatalogueCheck, Unavailable> {
        let sources = self.current();
        let mut check = CatalogueCheck::default();
        for source in sources.all() {
            check.sources += 1;
            let mut before = None;
            loop {
                let page = self.store.versions(source.id, before, PAGE).await?;
                for row in &page.rows {
                    check.versions += 1;
                    let record = self.store.version(source.id, row.number).await?;
                    let what = match record {
                        None => Some("it is gone".to_owned()),
                        Some(record) => fault(&record.bytes, &record.row.sha256),
                    };
                    check.faults.extend(what.map(|what| VersionFault {
                        slug: source.slug.clone(),
                        number: row.number,
                        what,
                    }));
                }
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
        }
        Ok(check)
    }
}

fn fault(bytes: &[u8], sha256: &[u8; 32]) -> Option<String> {
    if Sha256::digest(bytes)[..] != sha256[..] {
        return Some("its bytes are not those of its digest".to_owned());
    }
    let read = Definition::read(bytes).err();
    read.map(|error| format!("it cannot be read: {error}"))
}
