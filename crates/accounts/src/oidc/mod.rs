//! Signing in by another house's word: OpenID Connect Core 1.0 with PKCE (RFC 7636).
//!
//! A visit to a provider is a ticket: its `state` is bound to the browser, good for ten minutes and
//! gone with the first answer, right or wrong. Accounts are found by issuer and subject, which no
//! provider gives twice, and never by an address alone.

mod provider;
mod visit;

use base::Actor;
use serde_json::json;
use url::Url;

use self::provider::Claims;
pub(crate) use self::provider::Providers;
use crate::accounts::{made, target};
use crate::own::own_change;
use crate::records::{InsertUser, Inserted, NewLink, Origin};
use crate::{
    Accounts, Caller, Device, Email, Letter, OidcError, OidcProvider, OwnError, RoleId,
    SignInError, SignInStep, SignUp, UserKey, person,
};

/// A provider on the sign-in page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderView {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

/// What the browser brings back from a provider, as the query has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OidcAnswer<'a> {
    /// `state`.
    pub state: &'a str,
    /// `code`, unless the provider refused.
    pub code: Option<&'a str>,
    /// `iss` (RFC 9207), if the provider sends it.
    pub iss: Option<&'a str>,
    /// `error`, if the provider refused.
    pub error: Option<&'a str>,
}

/// Where a provider's answer led.
#[derive(Clone, Debug)]
pub enum OidcFinished {
    /// Somebody signs in.
    SignIn {
        /// How far they are.
        step: SignInStep,
        /// Where they wanted to go: a path of ours, if any.
        next: Option<String>,
    },
    /// The provider is linked to the account that asked for it.
    Linked,
}

impl Accounts {
    /// The configured providers.
    pub fn oidc_providers(&self) -> &[ProviderView] {
        &self.providers
    }

    /// The name of the provider that has this issuer.
    pub(crate) fn provider_of(&self, issuer: &str) -> Option<String> {
        let mut providers = self.settings.oidc.iter();
        let found = providers.find(|provider| provider.issuer == issuer);
        found.map(|provider| provider.name.clone())
    }

    /// The provider of this name.
    fn provider(&self, slug: &str) -> Result<&OidcProvider, OidcError> {
        let mut providers = self.settings.oidc.iter();
        let found = providers.find(|provider| provider.slug == slug);
        found.ok_or(OidcError::UnknownProvider)
    }

    /// The provider's address to send the browser to. `browser` is the value of a cookie that the
    /// browser keeps until it is back (any random text); `next` a path of ours.
    pub async fn oidc_start(
        &self,
        slug: &str,
        next: Option<&str>,
        browser: &str,
    ) -> Result<Url, OidcError> {
        self.begin_visit(self.provider(slug)?, next, None, browser)
            .await
    }

    /// The same, to link the provider to the caller's account. Needs a fresh session.
    pub async fn oidc_link_start(
        &self,
        caller: &Caller,
        slug: &str,
        browser: &str,
    ) -> Result<Url, OidcError> {
        self.require_fresh(caller)
            .map_err(|_| OidcError::NotFresh)?;
        self.begin_visit(self.provider(slug)?, None, Some(caller.user.id), browser)
            .await
    }

    /// Takes the answer that the browser brought to `/sign-in/{slug}/answer`.
    pub async fn oidc_finish(
        &self,
        slug: &str,
        answer: OidcAnswer<'_>,
        browser: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<OidcFinished, OidcError> {
        let provider = self.provider(slug)?;
        let ended = self.end_visit(provider, answer, browser).await;
        let (visit, claims) = match ended {
            Ok(ended) => ended,
            Err(OidcError::Unavailable(error)) => return Err(error.into()),
            Err(error) => {
                let details = vec![("by", json!(slug)), ("why", json!(error.to_string()))];
                self.refused(actor, "sign-in.failed", slug, None, details)
                    .await?;
                return Err(error);
            }
        };
        let link = NewLink {
            issuer: provider.issuer.clone(),
            subject: claims.subject.clone(),
            email: claims.email.as_ref().map(|email| email.as_str().to_owned()),
        };
        if let Some(user) = visit.link {
            self.link_provider(user, provider, link, actor).await?;
            return Ok(OidcFinished::Linked);
        }
        let user = match self.store.linked(&link.issuer, &link.subject).await? {
            Some(user) => user,
            None => self.newcomer(provider, &claims, link, actor).await?,
        };
        let owner = self.record_of(user).await?.ok_or(OidcError::NoAccount)?;
        let step = self.after_first_factor(&owner, slug, device, actor).await;
        match step {
            Ok(step) => Ok(OidcFinished::SignIn {
                step,
                next: visit.next,
            }),
            Err(SignInError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(OidcError::Disabled),
        }
    }

    async fn link_provider(
        &self,
        user: base::UserId,
        provider: &OidcProvider,
        link: NewLink,
        actor: &Actor,
    ) -> Result<(), OidcError> {
        let owner = self.record_of(user).await?.ok_or(OidcError::NoAccount)?;
        if !owner.user.enabled {
            return Err(OidcError::Disabled);
        }
        let details = vec![("provider", json!(provider.slug)), ("user", json!(user.0))];
        let entry = self.entry(actor, "provider.link", made("link"), details);
        match self.store.insert_link(user, link.clone(), entry).await? {
            Inserted::Made(_) => {}
            Inserted::Gone => return Err(OidcError::NoAccount),
            Inserted::Taken => {
                let linked = self.store.linked(&link.issuer, &link.subject).await?;
                return if linked == Some(user) {
                    Ok(())
                } else {
                    Err(OidcError::Taken)
                };
            }
        }
        self.written();
        self.rights_changed(Some(user)).await;
        let what = "A provider was linked";
        self.write_to(&owner, Letter::FactorChanged { what });
        Ok(())
    }

    /// The account of somebody whom no link knows: one that is there and has the address, or a new
    /// one; only if the provider says that the address is verified, and the operator trusts it.
    async fn newcomer(
        &self,
        provider: &OidcProvider,
        claims: &Claims,
        link: NewLink,
        actor: &Actor,
    ) -> Result<base::UserId, OidcError> {
        let email = claims.email.as_ref().filter(|_| claims.email_verified);
        let email = email.ok_or(OidcError::NoAccount)?;
        let owner = self
            .store
            .user(UserKey::Email(email.key().to_owned()))
            .await?;
        if let Some(owner) = owner {
            // Only who has the address, by the provider's word, is told that it is an account's.
            if !provider.trust_email {
                return Err(OidcError::LinkFirst);
            }
            let user = owner.user.id;
            self.link_provider(user, provider, link, actor).await?;
            return Ok(user);
        }
        if !provider.trust_email {
            return Err(OidcError::NoAccount);
        }
        self.make_newcomer(provider, claims, email, link, actor)
            .await
    }

    async fn make_newcomer(
        &self,
        provider: &OidcProvider,
        claims: &Claims,
        email: &Email,
        link: NewLink,
        actor: &Actor,
    ) -> Result<base::UserId, OidcError> {
        let local = email.as_str().split('@').next().unwrap_or_default();
        let told = claims
            .name
            .as_deref()
            .and_then(|name| person::name(name).ok());
        let name = told.unwrap_or_else(|| local.to_owned());
        let invited = Origin::InvitedProvider(link.clone());
        let mut origins = vec![invited];
        if self.settings.sign_up == SignUp::Open {
            origins.push(Origin::Provider(link, vec![RoleId::READER]));
        }
        for origin in origins {
            let user = self.unhashed(name.clone(), email.clone(), None, origin);
            match self.insert_user(user, &provider.slug, actor).await? {
                InsertUser::Made(id) => return Ok(id),
                InsertUser::EmailTaken => return Err(OidcError::LinkFirst),
                InsertUser::LinkTaken => return Err(OidcError::Taken),
                InsertUser::Gone => {}
            }
        }
        Err(OidcError::NoAccount)
    }

    /// Takes a linked provider away. Needs a fresh session.
    pub async fn oidc_unlink(&self, caller: &Caller, link: i64) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        let entry = self.entry(
            &caller.actor,
            "provider.unlink",
            target("link", link),
            vec![],
        );
        let changed = self.store.delete_link(caller.user.id, link, entry).await?;
        own_change(changed)?;
        self.factor_changed(caller, "A provider was unlinked").await;
        Ok(())
    }
}
