//! What is asked of a provider: its metadata and keys, remembered for a while; a code's token.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Unavailable, UnixMicros};
use chrono::DateTime;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreProviderMetadata,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AsyncHttpClient, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, SignatureVerificationError, TokenResponse as _, http,
};
use parking_lot::Mutex;
use url::Url;

use crate::{Email, OidcError, OidcHttp, OidcProvider, OidcRequest, Secret};

/// Metadata and keys are believed for so long.
const BELIEVED: Duration = Duration::from_hours(12);
/// A key that is not known makes us ask again, but not more often than this: anybody can name one.
const ASKED_AGAIN: Duration = Duration::from_mins(1);

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is known of the providers.
pub(crate) struct Providers {
    http: Http,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<CoreProviderMetadata>,
    asked_at: UnixMicros,
}

/// What one visit is about.
pub(super) struct Asked {
    pub(super) redirect: Url,
    pub(super) state: Secret,
    pub(super) nonce: Secret,
    pub(super) verifier: Secret,
}

/// What a provider says of somebody, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// Its name for them.
    pub(super) subject: String,
    /// Their address, if it tells one that can be one.
    pub(super) email: Option<Email>,
    /// Whether it has made sure that mail reaches them there.
    pub(super) email_verified: bool,
    /// What they are called.
    pub(super) name: Option<String>,
}

impl Providers {
    pub(crate) fn new(http: Arc<dyn OidcHttp>) -> Self {
        Self {
            http: Http(http),
            known: Mutex::default(),
        }
    }

    /// The address that begins the visit.
    pub(super) async fn authorize(
        &self,
        provider: &OidcProvider,
        asked: Asked,
        now: UnixMicros,
    ) -> Result<Url, OidcError> {
        let metadata = self.metadata(provider, now, BELIEVED).await?;
        let client = client(provider, &metadata, &asked.redirect)?;
        let verifier = PkceCodeVerifier::new(asked.verifier.expose().to_owned());
        let (state, nonce) = (asked.state, asked.nonce);
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state.expose().to_owned()),
                move || Nonce::new(nonce.expose().to_owned()),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url)
    }

    /// Exchanges a code and checks what the provider says: signature, issuer, audience, expiry and
    /// nonce.
    pub(super) async fn exchange(
        &self,
        provider: &OidcProvider,
        asked: Asked,
        code: &str,
        now: UnixMicros,
    ) -> Result<Claims, OidcError> {
        let metadata = self.metadata(provider, now, BELIEVED).await?;
        let first = client(provider, &metadata, &asked.redirect)?;
        let request = first
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(broken)?
            .set_pkce_verifier(PkceCodeVerifier::new(asked.verifier.expose().to_owned()));
        let answer = request.request_async(&self.http).await.map_err(broken)?;
        let token = answer
            .id_token()
            .ok_or_else(|| text("there is no ID token"))?;
        let nonce = Nonce::new(asked.nonce.expose().to_owned());
        let claims = match verify(&first, token, &nonce, now) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // The provider may have changed its keys since we asked.
                let metadata = self.metadata(provider, now, ASKED_AGAIN).await?;
                let renewed = client(provider, &metadata, &asked.redirect)?;
                verify(&renewed, token, &nonce, now)
            }
            checked => checked,
        };
        let claims = claims.map_err(broken)?;
        if claims.email().is_some() {
            return Ok(of_token(&claims));
        }
        // For the code flow OpenID Connect Core §5.4 has the address at the user-info endpoint.
        let access = answer.access_token().clone();
        let more = self.user_info(&first, access, &claims).await?;
        Ok(more.unwrap_or_else(|| of_token(&claims)))
    }

    /// What the user-info endpoint says, of the same subject; `None` when there is none.
    async fn user_info(
        &self,
        client: &Client,
        access: AccessToken,
        claims: &CoreIdTokenClaims,
    ) -> Result<Option<Claims>, OidcError> {
        let Ok(request) = client.user_info(access, Some(claims.subject().clone())) else {
            return Ok(None);
        };
        let info: CoreUserInfoClaims = request.request_async(&self.http).await.map_err(broken)?;
        let name = info.name().and_then(|name| name.get(None));
        Ok(Some(Claims {
            subject: info.subject().to_string(),
            email: info.email().and_then(|email| Email::parse(email).ok()),
            email_verified: info.email_verified().unwrap_or(false),
            name: name.map(|name| name.to_string()),
        }))
    }

    /// The provider's metadata with its keys, not older than `age_max`.
    async fn metadata(
        &self,
        provider: &OidcProvider,
        now: UnixMicros,
        age_max: Duration,
    ) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let known = self.known.lock().get(&provider.slug).cloned();
        if let Some(known) = known.filter(|known| now.since(known.asked_at) < age_max) {
            return Ok(known.metadata);
        }
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(broken)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let metadata = Arc::new(metadata.map_err(broken)?);
        let known = Known {
            metadata: Arc::clone(&metadata),
            asked_at: now,
        };
        self.known.lock().insert(provider.slug.clone(), known);
        Ok(metadata)
    }
}

fn client(
    provider: &OidcProvider,
    metadata: &CoreProviderMetadata,
    redirect: &Url,
) -> Result<Client, OidcError> {
    let secret = provider.client_secret.as_ref();
    let client = CoreClient::from_provider_metadata(
        metadata.clone(),
        ClientId::new(provider.client_id.clone()),
        secret.map(|secret| ClientSecret::new(secret.expose().to_owned())),
    );
    let redirect = RedirectUrl::new(redirect.to_string()).map_err(broken)?;
    Ok(client.set_redirect_uri(redirect))
}

fn verify(
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
    now: UnixMicros,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let now = DateTime::from_timestamp_micros(now.0).unwrap_or_default();
    let verifier = client.id_token_verifier().set_time_fn(move || now);
    token.claims(&verifier, nonce).cloned()
}

fn of_token(claims: &CoreIdTokenClaims) -> Claims {
    let name = claims.name().and_then(|name| name.get(None));
    Claims {
        subject: claims.subject().to_string(),
        email: claims.email().and_then(|email| Email::parse(email).ok()),
        email_verified: claims.email_verified().unwrap_or(false),
        name: name.map(|name| name.to_string()),
    }
}

/// The provider's fault, with what the library says of it.
fn broken(error: impl std::error::Error + Send + Sync + 'static) -> OidcError {
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "a provider cannot be used"
    );
    OidcError::Provider(Box::new(error))
}

fn text(why: &'static str) -> OidcError {
    OidcError::Provider(why.into())
}

/// The door, as the library wants it.
struct Http(Arc<dyn OidcHttp>);

/// The door's answer is none.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the provider's answer is not HTTP")]
    Answer(#[from] http::Error),
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let headers = parts.headers.iter().filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            });
            let request = OidcRequest {
                method: parts.method.to_string(),
                url: parts.uri.to_string(),
                headers: headers.collect(),
                body,
            };
            let answer = self.0.send(request).await?;
            let mut response = http::Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                response = response.header(name, value);
            }
            Ok(response.body(answer.body)?)
        })
    }
}
