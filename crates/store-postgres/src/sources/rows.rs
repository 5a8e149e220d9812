//! From columns to words and back.

use base::{Unavailable, UnixMicros, UserId};
use intel::SourceKind;
use intel::secrets::KeyId;
use intel::sources::{Settings, VersionOrigin, VersionRow};

use crate::error::broken;
use crate::rows::hash;

/// Tags as a column has them: one a line.
pub(super) fn written_tags(tags: &[String]) -> String {
    tags.join("\n")
}

pub(super) fn tags(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

pub(super) fn kind(name: &str) -> Result<SourceKind, Unavailable> {
    SourceKind::named(name).ok_or_else(|| broken("the kind of a source"))
}

pub(super) fn settings(text: &str) -> Result<Settings, Unavailable> {
    Settings::read(text).ok_or_else(|| broken("the settings of a source"))
}

pub(super) fn key(bytes: &[u8]) -> Result<KeyId, Unavailable> {
    let bytes = bytes.try_into().map_err(|_| broken("the id of a key"))?;
    Ok(KeyId(bytes))
}

/// The number of a version.
pub(super) fn version(number: i64) -> Result<u32, Unavailable> {
    u32::try_from(number).map_err(|_| broken("the number of a version"))
}

/// A row of `source_version`.
pub(super) struct Version {
    pub(super) number: i64,
    pub(super) sha256: Vec<u8>,
    pub(super) origin: String,
    pub(super) went_back_to: Option<i64>,
    pub(super) note: String,
    pub(super) made_at_us: i64,
    pub(super) made_by: Option<i64>,
}

impl Version {
    pub(super) fn row(self) -> Result<VersionRow, Unavailable> {
        let went_back_to = self.went_back_to.map(version).transpose()?;
        let origin = VersionOrigin::read(&self.origin, went_back_to);
        Ok(VersionRow {
            number: version(self.number)?,
            sha256: hash(&self.sha256, "a version of a source")?,
            origin: origin.ok_or_else(|| broken("the origin of a version"))?,
            note: self.note,
            made_at: UnixMicros(self.made_at_us),
            made_by: self.made_by.map(UserId),
        })
    }
}
