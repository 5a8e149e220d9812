//! From settings to the rooms behind the door: accounts with their key, their letters and their
//! providers, and what the administrator's room says of this installation.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use accounts::{
    Accounts, Email, Letter, OIDC_BODY_BYTES_MAX, OidcHttp, OidcProvider, OidcRequest,
    OidcResponse, SealingKey, Secret, SweepExpired,
};
use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use base::{Clock, Entropy, Unavailable, UnixMicros};
use egress::guard::{Guard, Hosts, Policy, World};
use egress::{Limits, Method};
use jobs::{Job as _, Jobs, Misfire, NewJob, Rule, Schedule};
use notify::letters::{self, House};
use notify::{Address, KEPT_FOR, Outbox, Transports};
use serde::Deserialize;
use url::{Origin, Url};
use web::{Installation, KnownKey, Measured};

use crate::config::{Config, Loaded, as_settings};
use crate::home::Home;
use crate::wiring::Backend;

/// How long a letter that only tells something is worth sending.
const NEWS: Duration = Duration::from_hours(24);

/// Where browsers reach this server. Without a public address, the machine itself: browsers offer
/// passkeys at `localhost`, and not at an address of digits.
pub(crate) fn public_url(config: &Config, listening: SocketAddr) -> Url {
    let here = || {
        let port = listening.port();
        let address = listening.ip();
        let place = if address.is_loopback() || address.is_unspecified() {
            format!("http://localhost:{port}")
        } else {
            format!("http://{listening}")
        };
        place.parse().expect("an address makes a URL")
    };
    config.web.public_url.clone().unwrap_or_else(here)
}

/// Where the product is, without a slash at its end.
pub(crate) fn house_url(public_url: &Url) -> String {
    public_url.as_str().trim_end_matches('/').to_owned()
}

/// Where words to people are handed in.
pub(crate) fn outbox(
    backend: &Backend,
    jobs: &Arc<Jobs>,
    transports: Transports,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    public_url: &Url,
) -> Outbox {
    let house = House {
        name: "Indelible".to_owned(),
        url: house_url(public_url),
    };
    Outbox::new(
        Arc::clone(&backend.notices),
        Arc::clone(jobs),
        transports,
        house,
        Arc::clone(clock),
        Arc::clone(entropy),
    )
}

/// Accounts over the store.
pub(crate) fn accounts(
    config: &Config,
    home: &Home,
    backend: &Backend,
    jobs: &Arc<Jobs>,
    transports: Transports,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    public_url: Url,
) -> anyhow::Result<Arc<Accounts>> {
    let sign_in = format!("{}/sign-in", house_url(&public_url));
    let outbox = outbox(backend, jobs, transports, (clock, entropy), &public_url);
    let letters = Letters {
        outbox,
        clock: Arc::clone(clock),
        sign_in,
    };
    let ours = &config.accounts;
    let oidc = providers(&ours.oidc)?;
    let oidc_http = ProvidersByHttp::new(&oidc)?;
    let settings = accounts::Settings {
        sign_up: ours.sign_up.into(),
        session_idle: ours.session_idle.0,
        session_max: ours.session_max.0,
        invitation_lifetime: ours.invitation_lifetime.0,
        oidc,
        ..accounts::Settings::at(public_url)
    };
    let ring = Arc::clone(jobs);
    Ok(Arc::new(Accounts::new(accounts::Parts {
        store: Arc::clone(&backend.accounts),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        bus: Arc::clone(&backend.bus),
        outbox: Arc::new(letters),
        oidc_http: Arc::new(oidc_http),
        sealing_key: SealingKey::new(&home.accounts_key(&**entropy)?),
        wake: Box::new(move || ring.ring()),
        settings,
    })))
}

/// When expired records are deleted: daily; a missed day is made up for once.
pub(crate) fn sweep() -> Schedule {
    Schedule {
        name: SweepExpired::NAME,
        rule: Rule::every(Duration::from_hours(24)),
        misfire: Misfire::RunOnce,
        job: NewJob::of(&SweepExpired {}),
    }
}

/// A provider's file: `[accounts] oidc` names it, its name is the provider's name in addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    /// On the sign-in page.
    name: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    /// Whether an address that it calls verified opens the account that has this address.
    #[serde(default)]
    trust_email: bool,
}

fn providers(files: &[PathBuf]) -> anyhow::Result<Vec<OidcProvider>> {
    files
        .iter()
        .map(|path| provider(path).with_context(|| format!("[accounts] oidc: {}", path.display())))
        .collect()
}

fn provider(path: &Path) -> anyhow::Result<OidcProvider> {
    let file: ProviderFile = toml::from_str(&std::fs::read_to_string(path)?)?;
    let slug = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    ensure!(
        !slug.is_empty() && slug.bytes().all(fits),
        "the file's name is the provider's name in addresses: small letters, digits and hyphens"
    );
    let client_secret = match &file.client_secret_file {
        // Beside the file, unless the path says otherwise.
        Some(secret) => {
            let secret = path.parent().unwrap_or(Path::new(".")).join(secret);
            let text = std::fs::read_to_string(&secret)
                .with_context(|| format!("client_secret_file: {}", secret.display()))?;
            Some(Secret::new(text.trim_end()))
        }
        None => None,
    };
    Ok(OidcProvider {
        slug: slug.to_owned(),
        name: file.name,
        issuer: file.issuer,
        client_id: file.client_id,
        client_secret,
        trust_email: file.trust_email,
    })
}

/// The way to providers. An issuer of the settings may lie anywhere; the other places that its
/// metadata names lie in the public internet, or the metadata could lead us to the neighbours.
struct ProvidersByHttp {
    issuers: Vec<(Origin, Guard)>,
    elsewhere: Guard,
}

impl ProvidersByHttp {
    fn new(providers: &[OidcProvider]) -> anyhow::Result<Self> {
        let guard = |policy| {
            let policy = Policy {
                // What points elsewhere is not the provider's answer.
                redirects_max: 0,
                limits: Limits {
                    body_bytes_max: OIDC_BODY_BYTES_MAX,
                    ..Limits::default()
                },
                ..policy
            };
            Guard::new(policy, World::default())
        };
        let issuer = |provider: &OidcProvider| {
            let url: Url = provider.issuer.parse().with_context(|| {
                let (slug, issuer) = (&provider.slug, &provider.issuer);
                format!("[accounts] oidc: {slug}: issuer: {issuer:?} is no address")
            })?;
            anyhow::Ok((url.origin(), guard(Policy::configured(&url))?))
        };
        let public = Policy {
            hosts: Hosts::Public,
            ..Policy::hosts(Vec::new())
        };
        Ok(Self {
            issuers: providers.iter().map(issuer).collect::<Result<_, _>>()?,
            elsewhere: guard(public)?,
        })
    }

    async fn ask(&self, request: OidcRequest) -> anyhow::Result<OidcResponse> {
        let url: Url = request.url.parse()?;
        let origin = url.origin();
        let known = self.issuers.iter().find(|(issuer, _)| *issuer == origin);
        let guard = known.map_or(&self.elsewhere, |(_, guard)| guard);
        let given = request.headers.iter();
        let headers = given.filter_map(|(name, value)| egress::guard::header(name, value));
        let asked = egress::guard::Request {
            method: Method::from_bytes(request.method.as_bytes())?,
            url,
            headers: headers.collect(),
            body: request.body.into(),
        };
        let answer = guard.ask(asked).await?;
        let told = answer.headers.iter();
        let headers = told
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(OidcResponse {
            status: answer.status.as_u16(),
            headers,
            body: answer.body.into(),
        })
    }
}

#[async_trait]
impl OidcHttp for ProvidersByHttp {
    async fn send(&self, request: OidcRequest) -> Result<OidcResponse, Unavailable> {
        let answer = self.ask(request).await;
        answer.map_err(|error| Unavailable::new("the provider", error))
    }
}

/// Letters of accounts, in the words and the form of `notify`.
struct Letters {
    outbox: Outbox,
    clock: Arc<dyn Clock>,
    sign_in: String,
}

impl Letters {
    async fn mail(
        &self,
        to: &Email,
        letter: &impl letters::Letter,
        expires: Option<UnixMicros>,
        fallback: Duration,
    ) -> Result<(), Unavailable> {
        let to = Address::mail(&to.to_string());
        let to = to.map_err(|error| Unavailable::new("the outbox", error))?;
        let expires = expires.unwrap_or_else(|| self.clock.now().plus(fallback));
        self.outbox.mail(to, letter, expires).await.map(drop)
    }
}

#[async_trait]
impl accounts::Outbox for Letters {
    async fn send(
        &self,
        to: &Email,
        _: &str,
        letter: Letter,
        expires: Option<UnixMicros>,
    ) -> Result<(), Unavailable> {
        let now = self.clock.now();
        match letter {
            Letter::SignInCode { code, valid_for } => {
                let letter = letters::SignInCode {
                    code: code.expose(),
                    valid: valid_for,
                    address: None,
                };
                self.mail(to, &letter, expires, valid_for).await
            }
            Letter::Invitation {
                link,
                invited_by,
                expires_at,
            } => {
                let letter = letters::Invitation {
                    by: invited_by.as_deref().unwrap_or("Whoever keeps this server"),
                    link: link.expose(),
                    valid: expires_at.since(now),
                };
                self.mail(to, &letter, Some(expires_at), KEPT_FOR).await
            }
            Letter::SignUp { link, valid_for } | Letter::VerifyEmail { link, valid_for } => {
                let letter = letters::VerifyEmail {
                    link: link.expose(),
                    valid: valid_for,
                };
                self.mail(to, &letter, expires, valid_for).await
            }
            Letter::AlreadySignedUp => {
                let letter = letters::AccountExists {
                    sign_in: &self.sign_in,
                };
                self.mail(to, &letter, expires, NEWS).await
            }
            Letter::EmailChanged { now: new } => {
                let new = new.to_string();
                let letter = letters::EmailChanged {
                    new: &new,
                    at: now,
                    address: None,
                };
                self.mail(to, &letter, expires, KEPT_FOR).await
            }
            Letter::ResetPassword { link, valid_for } => {
                let letter = letters::ResetPassword {
                    link: link.expose(),
                    valid: valid_for,
                    address: None,
                };
                self.mail(to, &letter, expires, valid_for).await
            }
            Letter::PasswordChanged => {
                let letter = letters::PasswordChanged {
                    at: now,
                    address: None,
                };
                self.mail(to, &letter, expires, KEPT_FOR).await
            }
            Letter::FactorChanged { what } => {
                let letter = letters::SecondFactorChanged {
                    what,
                    at: now,
                    address: None,
                };
                self.mail(to, &letter, expires, KEPT_FOR).await
            }
            Letter::NewSignIn {
                device,
                address,
                at,
            } => {
                let link = self.sign_in.replace("/sign-in", "/account/sessions");
                let letter = letters::NewSignIn {
                    at,
                    device: &device,
                    address: address.and_then(|address| address.parse().ok()),
                    link: &link,
                };
                self.mail(to, &letter, expires, KEPT_FOR).await
            }
            _ => Ok(()),
        }
    }
}

/// What the administrator's room says of this installation.
pub(crate) fn installation(loaded: &Loaded, home: &Home) -> Installation {
    let dir = home.dir().to_owned();
    let file = |name: &str| home.keys().join(name).display().to_string();
    let key = |purpose: &str, public: &str, place: String| KnownKey {
        purpose: purpose.to_owned(),
        public: public.to_owned(),
        place,
    };
    Installation {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: as_settings(loaded),
        keys: vec![
            key(
                "signs RFC 3161 tokens",
                "its certificate: /tsa/chain.pem",
                file("tsa.pem"),
            ),
            key(
                "encrypts what accounts must read again, such as the keys of authenticator apps",
                "–",
                file("accounts.key"),
            ),
            key("encrypts the secrets of sources", "–", file("secrets.key")),
        ],
        measure: Box::new(move || Measured {
            memory_bytes: resident(),
            stored: files(&dir),
        }),
    }
}

/// Resident memory of this process, as Linux tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// The files at the top of the data folder, largest first.
fn files(dir: &Path) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<(String, u64)> = entries
        .filter_map(|entry| {
            let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((
                entry.file_name().to_string_lossy().into_owned(),
                about.len(),
            ))
        })
        .collect();
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    files
}
