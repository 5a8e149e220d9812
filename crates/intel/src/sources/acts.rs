//! What people do with sources: make them, set them up, give them other words, go back, delete them.

use accounts::Page;
use base::{Actor, Unavailable};
use serde_json::{Value, json};

use super::change::{changed, inserted, room_for_one_more};
use super::check::{Checker, SOURCES_MAX};
use super::configured::Binding;
use super::records::{InsertSource, NewVersion, UpdateSource, VersionOrigin, VersionRow};
use super::registry::{made, target};
use super::{Body, ChangeError, Configured, Definition, Registry, Settings, Sources, slug_of};
use crate::secrets::SecretId;
use crate::{Change, ProviderId, SourceId, SourceKind, difference};

/// Longest note on a version, in characters.
const NOTE_LETTERS_MAX: usize = 500;

/// A source of this installation that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSource {
    /// Its name in addresses; empty: made from the name. It never changes.
    pub slug: String,
    /// Who makes it.
    pub kind: SourceKind,
    /// Who stands behind it.
    pub provider: Option<ProviderId>,
    /// Whether it is asked.
    pub is_enabled: bool,
    /// What differs here.
    pub settings: Settings,
    /// What it is.
    pub definition: Definition,
}

/// What is to be changed of a source; nothing: it stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceChange {
    /// Who stands behind it.
    pub provider: Option<Option<ProviderId>>,
    /// Whether it is asked.
    pub is_enabled: Option<bool>,
    /// What differs here: all of it.
    pub settings: Option<Settings>,
    /// What it is from now on: a version more.
    pub definition: Option<Definition>,
    /// Why, for the list of versions; may be empty.
    pub note: String,
    /// The version that was looked at when this was written; with another one in force nothing is
    /// changed. Nothing: whichever is in force.
    pub based_on: Option<u32>,
}

/// A version with what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// As in the list.
    pub row: VersionRow,
    /// What it says.
    pub definition: Definition,
}

impl Registry {
    /// Makes a source.
    ///
    /// # Errors
    /// `Invalid`, `Taken`, `NoRunner`.
    pub async fn create_source(
        &self,
        actor: &Actor,
        source: NewSource,
    ) -> Result<SourceId, ChangeError> {
        // Sources of other kinds are code, and code needs somebody who runs it.
        if source.kind != SourceKind::Http || !matches!(source.definition.body, Body::Http(_)) {
            return Err(ChangeError::NoRunner);
        }
        let slug = match source.slug.as_str() {
            "" => slug_of(&source.definition.name),
            slug => slug.to_owned(),
        };
        let mut checker = Checker::default();
        checker.slug(&slug);
        let mut faults = checker.faults();
        faults.extend(source.definition.check());
        faults.extend(source.settings.check(&source.definition));
        if !faults.is_empty() {
            return Err(ChangeError::Invalid(faults));
        }
        room_for_one_more(self.current().all().len(), SOURCES_MAX)?;
        let details = vec![
            ("slug", json!(slug)),
            ("name", json!(source.definition.name)),
            ("enabled", json!(source.is_enabled)),
        ];
        let entry = self.entry(actor, "source.make", made("source"), details);
        let row = InsertSource {
            slug,
            kind: source.kind,
            provider: source.provider,
            is_enabled: source.is_enabled,
            settings: source.settings,
            version: version(&source.definition, VersionOrigin::Person, ""),
        };
        let id = inserted(self.store.insert_source(row, entry).await?, "provider")?;
        self.written().await;
        Ok(SourceId(id))
    }

    /// Changes a source.
    ///
    /// # Errors
    /// `Invalid`, `Unknown`, `Stale`.
    pub async fn change_source(
        &self,
        actor: &Actor,
        id: SourceId,
        change: SourceChange,
    ) -> Result<(), ChangeError> {
        let sources = self.current();
        let source = known(&sources, id)?;
        let based_on = change.based_on.unwrap_or(source.version);
        let definition = change.definition.as_ref();
        let after = definition.unwrap_or(&source.definition);
        let settings = change.settings.as_ref().unwrap_or(&source.settings);
        let mut faults = settings.check(after);
        if let Some(definition) = definition {
            faults.extend(rewritten(source, definition));
        }
        if change.note.chars().count() > NOTE_LETTERS_MAX {
            let mut checker = Checker::default();
            checker.fault("note", format!("at most {NOTE_LETTERS_MAX} characters"));
            faults.extend(checker.faults());
        }
        if !faults.is_empty() {
            return Err(ChangeError::Invalid(faults));
        }
        let details = told(source, &change, based_on);
        let entry = self.entry(actor, "source.change", target("source", id.0), details);
        let update = UpdateSource {
            provider: change.provider,
            is_enabled: change.is_enabled,
            is_other_upstream: is_other_upstream(source, after, settings),
            version: definition.map(|one| version(one, VersionOrigin::Person, change.note.trim())),
            settings: change.settings,
        };
        self.put(id, based_on, update, entry, "provider").await
    }

    /// Goes back to what an older version says, as a version more.
    ///
    /// # Errors
    /// `Unknown`; `Stale` when the source is not at version `based_on` any longer; `Invalid` when what
    /// it said then does not fit how the source is set up now.
    pub async fn roll_back(
        &self,
        actor: &Actor,
        id: SourceId,
        to: u32,
        based_on: Option<u32>,
    ) -> Result<(), ChangeError> {
        let sources = self.current();
        let source = known(&sources, id)?;
        let old = self.version(id, to).await?.ok_or(ChangeError::Unknown)?;
        let mut faults = source.settings.check(&old.definition);
        faults.extend(rewritten(source, &old.definition));
        if !faults.is_empty() {
            return Err(ChangeError::Invalid(faults));
        }
        let based_on = based_on.unwrap_or(source.version);
        let details = vec![("from", json!(based_on)), ("to", json!(to))];
        let entry = self.entry(actor, "source.roll-back", target("source", id.0), details);
        let update = UpdateSource {
            is_other_upstream: is_other_upstream(source, &old.definition, &source.settings),
            version: Some(version(&old.definition, VersionOrigin::RollBack(to), "")),
            ..UpdateSource::default()
        };
        self.put(id, based_on, update, entry, "version").await
    }

    async fn put(
        &self,
        id: SourceId,
        based_on: u32,
        update: UpdateSource,
        entry: accounts::NewEntry,
        refers_to: &str,
    ) -> Result<(), ChangeError> {
        let outcome = self
            .store
            .change_source(id, based_on, update, entry)
            .await?;
        if outcome == super::Changed::Stale {
            // What this process knows may be what is old.
            self.written().await;
        }
        changed(outcome, refers_to)?;
        self.written().await;
        Ok(())
    }

    /// Deletes a source of this installation. What it answered stays.
    ///
    /// # Errors
    /// `Unknown`, `Shipped`.
    pub async fn delete_source(&self, actor: &Actor, id: SourceId) -> Result<(), ChangeError> {
        let sources = self.current();
        let details = sources.by_id(id).map_or_else(Vec::new, |source| {
            vec![("slug", json!(source.slug)), ("name", json!(source.name))]
        });
        let entry = self.entry(actor, "source.delete", target("source", id.0), details);
        changed(self.store.delete_source(id, entry).await?, "source")?;
        self.written().await;
        Ok(())
    }

    /// Puts a secret into a slot of a source, or takes it out. From now on it goes where this source's
    /// requests go, and nowhere else: see [`super::SlotState`]. Only for who may handle secrets.
    ///
    /// # Errors
    /// `Unknown`; `Invalid`: there is no such slot or secret.
    pub async fn put_secret(
        &self,
        actor: &Actor,
        id: SourceId,
        slot: &str,
        secret: Option<SecretId>,
    ) -> Result<(), ChangeError> {
        let sources = self.current();
        let source = known(&sources, id)?;
        let place = source
            .definition
            .secrets
            .iter()
            .find(|one| one.name == slot);
        let place = place.ok_or_else(|| ChangeError::invalid("slot", "there is no such slot"))?;
        let binding = Binding::of(&source.definition, &source.settings, place);
        let details = vec![
            ("slot", json!(slot)),
            ("secret", json!(secret.map(|secret| secret.0))),
            ("to", json!(binding.origin)),
        ];
        let entry = self.entry(actor, "source.secret", target("source", id.0), details);
        let binding = serde_json::to_string(&binding).expect("plain data is JSON");
        let secret = secret.map(|secret| (secret, binding));
        changed(
            self.store.put_slot(id, slot, secret, entry).await?,
            "secret",
        )?;
        self.written().await;
        Ok(())
    }

    /// A source's versions, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn versions(
        &self,
        id: SourceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<VersionRow>, Unavailable> {
        self.store.versions(id, before, limit).await
    }

    /// One version.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn version(&self, id: SourceId, number: u32) -> Result<Option<Version>, Unavailable> {
        let Some(record) = self.store.version(id, number).await? else {
            return Ok(None);
        };
        let definition = Definition::read(&record.bytes)
            .map_err(|error| Unavailable::new("a source's version", error))?;
        Ok(Some(Version {
            row: record.row,
            definition,
        }))
    }

    /// What one version says otherwise than another; `None` when one of them does not exist.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn version_difference(
        &self,
        id: SourceId,
        before: u32,
        after: u32,
    ) -> Result<Option<Vec<Change>>, Unavailable> {
        let (before, after) = (
            self.version(id, before).await?,
            self.version(id, after).await?,
        );
        let (Some(before), Some(after)) = (before, after) else {
            return Ok(None);
        };
        Ok(Some(difference(
            &as_json(&before.definition),
            &as_json(&after.definition),
        )))
    }
}

fn known(sources: &Sources, id: SourceId) -> Result<&Configured, ChangeError> {
    let source = sources.by_id(id).ok_or(ChangeError::Unknown)?;
    Ok(source)
}

/// What is wrong with new words for a source.
fn rewritten(source: &Configured, definition: &Definition) -> Vec<crate::declared::Fault> {
    let mut checker = Checker::default();
    match (&definition.body, &source.definition.body) {
        (Body::Http(_), Body::Http(_)) => {}
        // What it does is code of the product; texts and limits are words like others.
        (Body::BuiltIn(new), Body::BuiltIn(old)) if new == old => {}
        _ => checker.fault("body", "what a source is made of cannot be changed"),
    }
    let mut faults = checker.faults();
    faults.extend(definition.check());
    faults
}

/// Whether answers come from somewhere else than before.
fn is_other_upstream(source: &Configured, definition: &Definition, settings: &Settings) -> bool {
    let before = super::configured::address(&source.definition, &source.settings);
    before != super::configured::address(definition, settings)
}

fn version(definition: &Definition, origin: VersionOrigin, note: &str) -> NewVersion {
    let written = definition.write();
    NewVersion {
        bytes: written.bytes,
        sha256: written.sha256,
        origin,
        note: note.to_owned(),
    }
}

fn as_json(definition: &Definition) -> Value {
    serde_json::to_value(definition).expect("a definition is plain data")
}

/// What an entry tells of a change: what was changed, and to what.
fn told(source: &Configured, change: &SourceChange, based_on: u32) -> accounts::Details {
    let mut details = vec![("slug", json!(source.slug))];
    if let Some(provider) = change.provider {
        details.push(("provider", json!(provider.map(|id| id.0))));
    }
    if let Some(is_enabled) = change.is_enabled {
        details.push(("enabled", json!(is_enabled)));
    }
    if let Some(settings) = &change.settings {
        details.push(("settings", json!(settings)));
    }
    if let Some(definition) = &change.definition {
        let sha256 = hex::encode(definition.write().sha256);
        details.push(("based_on", json!(based_on)));
        details.push(("definition_sha256", json!(sha256)));
    }
    details
}
