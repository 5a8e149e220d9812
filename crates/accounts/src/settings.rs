//! What an operator decides about accounts.

use std::time::Duration;

use url::Url;

use crate::Secret;

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Whoever an administrator invites.
    #[default]
    Closed,
    /// Whoever anybody invites: every account may invite readers.
    Invitation,
    /// Everybody who can read mail at the address they give.
    Open,
}

/// Cost of hashing a password with Argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    /// OWASP's first choice that fits a small machine: 19 MiB, two passes.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

/// An OpenID Connect provider, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its name in addresses: small letters, digits and hyphens.
    pub slug: String,
    /// Its name on the sign-in page.
    pub name: String,
    /// Its issuer, exactly as it says it itself: a URL, with or without a slash at its end.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there; `None` for a public client.
    pub client_secret: Option<Secret>,
    /// Whether an address that it calls verified opens the account that has this address.
    pub trust_email: bool,
}

/// Everything an operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the product calls itself in authenticator apps and browsers.
    pub product: String,
    /// Where browsers reach us, without a path: links in mail, passkeys and providers need it.
    pub public_url: Url,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// A session ends after so long without a request.
    pub session_idle: Duration,
    /// A session ends after so long, whatever happens.
    pub session_max: Duration,
    /// How long a link from a mail is good.
    pub link_lifetime: Duration,
    /// How long an invitation is good.
    pub invitation_lifetime: Duration,
    /// How long a code, a challenge or a provider's answer may take.
    pub code_lifetime: Duration,
    /// How long after showing a password or passkey dangerous acts need no new one.
    pub fresh_for: Duration,
    /// What a password's hash costs.
    pub hash_cost: HashCost,
    /// Most passwords hashed at once; each needs [`HashCost::memory_kib`].
    pub hashes_at_once: usize,
    /// The providers, in the order of the sign-in page.
    pub oidc: Vec<OidcProvider>,
}

impl Settings {
    /// The built-in values for a product at `public_url`.
    pub fn at(public_url: Url) -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            product: "Indelible".to_owned(),
            public_url,
            sign_up: SignUp::default(),
            session_idle: 30 * DAY,
            session_max: 90 * DAY,
            link_lifetime: Duration::from_hours(1),
            invitation_lifetime: 7 * DAY,
            code_lifetime: Duration::from_mins(10),
            fresh_for: Duration::from_mins(15),
            hash_cost: HashCost::default(),
            hashes_at_once: 4,
            oidc: Vec::new(),
        }
    }
}
