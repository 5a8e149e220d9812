//! A visit to a provider, from the redirect to the answer.

use base::UserId;
use serde::{Deserialize, Serialize};
use url::Url;

use super::OidcAnswer;
use super::provider::{Asked, Claims};
use crate::secret::equal;
use crate::temporary::{NewTicket, TicketKind};
use crate::{Accounts, OidcError, OidcProvider, Secret, SecretHash};

/// Longest path that is remembered.
const NEXT_BYTES_MAX: usize = 1_000;

/// What is remembered of a visit.
pub(super) struct Visit {
    /// Where the browser wanted to go.
    pub(super) next: Option<String>,
    /// The account that is to be linked, if that was the reason.
    pub(super) link: Option<UserId>,
}

/// The same as its ticket has it.
#[derive(Serialize, Deserialize)]
struct Remembered {
    slug: String,
    nonce: String,
    verifier: String,
    /// SHA-256 of the browser's cookie.
    browser: Vec<u8>,
    next: Option<String>,
    link: Option<i64>,
}

impl Accounts {
    pub(super) async fn begin_visit(
        &self,
        provider: &OidcProvider,
        next: Option<&str>,
        link: Option<UserId>,
        browser: &str,
    ) -> Result<Url, OidcError> {
        let redirect = self.redirect(provider)?;
        let [state, nonce, verifier] = [(); 3].map(|()| Secret::make(&*self.entropy));
        let asked = Asked {
            redirect,
            state: state.clone(),
            nonce: nonce.clone(),
            verifier: verifier.clone(),
        };
        let url = self.oidc.authorize(provider, asked, self.now()).await?;
        let remembered = Remembered {
            slug: provider.slug.clone(),
            nonce: nonce.expose().to_owned(),
            verifier: verifier.expose().to_owned(),
            browser: SecretHash::of(browser).0.to_vec(),
            next: next.filter(|next| is_ours(next)).map(str::to_owned),
            link: link.map(|user| user.0),
        };
        let ticket = NewTicket {
            kind: TicketKind::Oidc,
            secret: state.hash(),
            user: link,
            payload: serde_json::to_string(&remembered).expect("plain data is JSON"),
            attempts: 1,
            expires_at: self.now().plus(self.settings.code_lifetime),
        };
        self.store.put_ticket(ticket, false).await?;
        Ok(url)
    }

    /// What the provider says. The visit is over whatever the answer is.
    pub(super) async fn end_visit(
        &self,
        provider: &OidcProvider,
        answer: OidcAnswer<'_>,
        browser: &str,
    ) -> Result<(Visit, Claims), OidcError> {
        let state = SecretHash::of(answer.state);
        let ticket = self
            .store
            .take_ticket(TicketKind::Oidc, state, self.now())
            .await?;
        let ticket = ticket.ok_or(OidcError::Expired)?;
        let remembered: Remembered =
            serde_json::from_str(&ticket.payload).map_err(|_| OidcError::Expired)?;
        let same_browser = equal(&SecretHash::of(browser).0, &remembered.browser);
        if !same_browser || remembered.slug != provider.slug {
            return Err(OidcError::Expired);
        }
        if answer.iss.is_some_and(|iss| iss != provider.issuer) {
            return Err(OidcError::Provider(
                "the answer names another issuer".into(),
            ));
        }
        if let Some(error) = answer.error {
            return Err(OidcError::Refused(plain(error)));
        }
        let code = answer.code.ok_or(OidcError::Expired)?;
        let asked = Asked {
            redirect: self.redirect(provider)?,
            state: Secret::new(answer.state),
            nonce: Secret::new(remembered.nonce),
            verifier: Secret::new(remembered.verifier),
        };
        let claims = self
            .oidc
            .exchange(provider, asked, code, self.now())
            .await?;
        let visit = Visit {
            next: remembered.next,
            link: remembered.link.map(UserId),
        };
        Ok((visit, claims))
    }

    /// Where the provider sends the browser back to.
    fn redirect(&self, provider: &OidcProvider) -> Result<Url, OidcError> {
        let path = format!("/sign-in/{}/answer", provider.slug);
        let joined = self.settings.public_url.join(&path);
        joined.map_err(|error| OidcError::Provider(error.into()))
    }
}

/// A path on this server: nothing that leads a browser elsewhere, such as `//evil.example` or
/// `/\evil.example`.
fn is_ours(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= NEXT_BYTES_MAX
        && !next.contains(|letter: char| letter.is_control() || letter == '\\')
}

/// An error code of RFC 6749 §4.1.2.1, or what is left of something else.
fn plain(error: &str) -> String {
    let letters = error
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || "_-".contains(*it));
    letters.take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        for ours in ["/", "/account", "/admin/users?text=a%2Fb"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\nb",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
