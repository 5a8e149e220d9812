//! Signing in by another house's word: OpenID Connect Core 1.0 with PKCE (RFC 7636).

use base::Actor;
use url::Url;

use crate::{Accounts, Caller, Device, OidcError, OwnError, SignInStep};

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

    /// The provider's address to send the browser to. `browser` is the value of a cookie that the
    /// browser keeps until it is back (any random text); `next` a path of ours.
    pub async fn oidc_start(
        &self,
        slug: &str,
        next: Option<&str>,
        browser: &str,
    ) -> Result<Url, OidcError> {
        let _ = (slug, next, browser);
        todo!()
    }

    /// The same, to link the provider to the caller's account. Needs a fresh session.
    pub async fn oidc_link_start(
        &self,
        caller: &Caller,
        slug: &str,
        browser: &str,
    ) -> Result<Url, OidcError> {
        let _ = (caller, slug, browser);
        todo!()
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
        let _ = (slug, answer, browser, device, actor);
        todo!()
    }

    /// Takes a linked provider away. Needs a fresh session.
    pub async fn oidc_unlink(&self, caller: &Caller, link: i64) -> Result<(), OwnError> {
        let _ = (caller, link);
        todo!()
    }
}

/// What is known of the providers.
pub(crate) struct Providers {
    #[expect(dead_code, reason = "bodies follow")]
    http: std::sync::Arc<dyn crate::OidcHttp>,
}

impl Providers {
    pub(crate) fn new(http: std::sync::Arc<dyn crate::OidcHttp>) -> Self {
        Self { http }
    }
}

impl Accounts {
    /// The name of the provider that has this issuer.
    pub(crate) fn provider_of(&self, issuer: &str) -> Option<String> {
        let mut providers = self.settings.oidc.iter();
        let found = providers.find(|provider| provider.issuer.as_str() == issuer);
        found.map(|provider| provider.name.clone())
    }
}
