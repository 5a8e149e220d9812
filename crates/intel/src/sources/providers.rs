//! What people do with providers.

use base::Actor;
use serde_json::json;

use super::change::{changed, inserted, room_for_one_more};
use super::check::{Checker, NAME_LETTERS_MAX, PROVIDERS_MAX, trim};
use super::registry::{made, target};
use super::{ChangeError, NewProvider, Registry, slug_of};
use crate::ProviderId;
use crate::declared::Fault;

impl NewProvider {
    /// The provider with tidy words, or everything that is wrong with it.
    fn checked(mut self) -> Result<Self, Vec<Fault>> {
        trim(&mut self.name);
        trim(&mut self.about);
        trim(&mut self.website);
        if self.slug.is_empty() {
            self.slug = slug_of(&self.name);
        }
        let mut checker = Checker::default();
        checker.line("name", &self.name, NAME_LETTERS_MAX);
        checker.slug(&self.slug);
        checker.about(&self.about);
        checker.website(&self.website);
        checker.tags(&self.tags);
        checker.done().map(|()| self)
    }
}

impl Registry {
    /// Makes a provider.
    ///
    /// # Errors
    /// `Invalid`, `Taken`.
    pub async fn create_provider(
        &self,
        actor: &Actor,
        provider: NewProvider,
    ) -> Result<ProviderId, ChangeError> {
        let provider = provider.checked()?;
        room_for_one_more(self.current().providers().len(), PROVIDERS_MAX)?;
        let entry = self.entry(actor, "provider.make", made("provider"), told(&provider));
        let id = inserted(self.store.insert_provider(provider, entry).await?, "slug")?;
        self.written().await;
        Ok(ProviderId(id))
    }

    /// Makes a provider what is given. Its slug stays when none is given.
    ///
    /// # Errors
    /// `Invalid`, `Unknown`, `Taken`.
    pub async fn change_provider(
        &self,
        actor: &Actor,
        id: ProviderId,
        mut provider: NewProvider,
    ) -> Result<(), ChangeError> {
        if provider.slug.is_empty() {
            let known = self.current();
            let known = known.provider(id).ok_or(ChangeError::Unknown)?;
            provider.slug.clone_from(&known.slug);
        }
        let provider = provider.checked()?;
        let entry = self.entry(
            actor,
            "provider.change",
            target("provider", id.0),
            told(&provider),
        );
        changed(
            self.store.change_provider(id, provider, entry).await?,
            "slug",
        )?;
        self.written().await;
        Ok(())
    }

    /// Deletes a provider that no source has.
    ///
    /// # Errors
    /// `Unknown`, `InUse`.
    pub async fn delete_provider(&self, actor: &Actor, id: ProviderId) -> Result<(), ChangeError> {
        let name = self.current().provider(id).map(|one| one.name.clone());
        let details = vec![("name", json!(name))];
        let entry = self.entry(actor, "provider.delete", target("provider", id.0), details);
        changed(self.store.delete_provider(id, entry).await?, "provider")?;
        self.written().await;
        Ok(())
    }
}

fn told(provider: &NewProvider) -> accounts::Details {
    vec![
        ("slug", json!(provider.slug)),
        ("name", json!(provider.name)),
        ("enabled", json!(provider.is_enabled)),
    ]
}
