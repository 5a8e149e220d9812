//! Accounts as their users see them: over a real database, a clock that is turned, and an outbox that
//! keeps what it is given.

mod administration;
mod authenticator;
mod codes;
mod defects;
mod oidc;
mod passkeys;
mod permissions;
mod provider;
mod second_factor;
mod sessions;
mod tokens;
mod trail;

use std::sync::Arc;
use std::time::Duration;

use accounts::{
    Accounts, Caller, Device, HashCost, Invitation, Letter, LinkError, NewPerson, OidcHttp,
    OidcRequest, OidcResponse, Parts, RoleId, SealingKey, Secret, Settings, SignInError,
    SignInStep, SignedIn,
};
use async_trait::async_trait;
use base::{Actor, InProcessBus, Unavailable, Who};
use testkit::{Database, Dialect, RecordingOutbox, SeededEntropy, SimClock};

/// What everybody's password is here.
const PASSWORD: &str = "correct horse battery staple";

/// An installation.
struct House {
    database: Database,
    clock: Arc<SimClock>,
    outbox: Arc<RecordingOutbox>,
    bus: Arc<InProcessBus>,
    accounts: Arc<Accounts>,
}

/// No provider is configured.
struct NoProviders;

#[async_trait]
impl OidcHttp for NoProviders {
    async fn send(&self, _: OidcRequest) -> Result<OidcResponse, Unavailable> {
        Err(Unavailable::new("the network", "there is none"))
    }
}

fn settings() -> Settings {
    Settings {
        hash_cost: HashCost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        },
        ..Settings::at("http://localhost:8080".parse().unwrap())
    }
}

impl House {
    async fn new() -> Self {
        Self::with(settings(), Arc::new(NoProviders)).await
    }

    async fn with(settings: Settings, http: Arc<dyn OidcHttp>) -> Self {
        Self::seeded(settings, http, 1).await
    }

    /// An installation with chance of its own.
    async fn seeded(settings: Settings, http: Arc<dyn OidcHttp>, seed: u64) -> Self {
        let database = Database::new(Dialect::Sqlite).await;
        let clock = Arc::new(SimClock::default());
        let outbox = Arc::new(RecordingOutbox::default());
        let bus = Arc::new(InProcessBus::default());
        let accounts = process(&database, &clock, &outbox, &bus, settings, http, seed).await;
        Self {
            database,
            clock,
            outbox,
            bus,
            accounts,
        }
    }

    /// One more process over the same database and bus.
    async fn another_process(&self, settings: Settings) -> Arc<Accounts> {
        let http = Arc::new(NoProviders);
        process(
            &self.database,
            &self.clock,
            &self.outbox,
            &self.bus,
            settings,
            http,
            2,
        )
        .await
    }

    /// The first administrator, signed in.
    async fn administrator(&self) -> Caller {
        let ticket = self.accounts.make_setup_ticket().await.unwrap().unwrap();
        let (ticket, device, actor) = (ticket.expose(), device(), stranger());
        let made = self
            .accounts
            .set_up(ticket, person("admin"), &device, &actor)
            .await;
        in_session(&made.unwrap())
    }

    /// Somebody whom `host` invited, signed in.
    async fn member(&self, host: &Caller, name: &str, roles: &[RoleId]) -> Caller {
        let (_, secret) = self.invite(host, name, roles).await;
        in_session(&self.accept(&secret, name).await.unwrap())
    }

    /// Accepts an invitation with the password that everybody has.
    async fn accept(&self, secret: &Secret, name: &str) -> Result<SignedIn, LinkError> {
        let (device, actor) = (device(), stranger());
        let secret = secret.expose();
        self.accounts
            .accept_invitation(secret, name, PASSWORD, &device, &actor)
            .await
    }

    async fn invite(&self, host: &Caller, name: &str, roles: &[RoleId]) -> (Invitation, Secret) {
        self.accounts
            .invite(host, &address(name), roles)
            .await
            .unwrap()
    }

    /// Tries a password.
    async fn try_password(&self, name: &str, password: &str) -> Result<SignInStep, SignInError> {
        let email = address(name);
        self.accounts
            .sign_in_password(&email, password, &device(), &stranger())
            .await
    }

    /// Signs in with the password that everybody has.
    async fn sign_in(&self, name: &str) -> SignedIn {
        match self.try_password(name, PASSWORD).await.unwrap() {
            SignInStep::Done(signed_in) => signed_in,
            SignInStep::SecondFactor(_) => panic!("a second factor is asked for"),
        }
    }

    /// The caller as the next request finds them: with the rights of now.
    async fn again(&self, cookie: &Secret) -> Option<Caller> {
        let session = self
            .accounts
            .session(cookie.expose(), &device())
            .await
            .unwrap()?;
        Some(Caller::in_session(&session, device().address, None))
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The letters since the last look.
    async fn letters(&self) -> Vec<(String, Letter)> {
        self.accounts.letters_posted().await;
        self.outbox.take()
    }

    /// The acts in the trail, the newest first.
    async fn acts(&self) -> Vec<String> {
        let page = self
            .accounts
            .audit(&accounts::AuditFilter::default(), None, 500)
            .await;
        page.unwrap().rows.into_iter().map(|row| row.act).collect()
    }
}

async fn process(
    database: &Database,
    clock: &Arc<SimClock>,
    outbox: &Arc<RecordingOutbox>,
    bus: &Arc<InProcessBus>,
    settings: Settings,
    oidc_http: Arc<dyn OidcHttp>,
    seed: u64,
) -> Arc<Accounts> {
    Arc::new(Accounts::new(Parts {
        store: database.open_all().await.accounts,
        clock: Arc::clone(clock) as _,
        entropy: Arc::new(SeededEntropy::new(seed)),
        bus: Arc::clone(bus) as _,
        outbox: Arc::clone(outbox) as _,
        oidc_http,
        sealing_key: SealingKey::new(&[7; 32]),
        wake: Box::new(|| ()),
        settings,
    }))
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}

fn person(name: &str) -> NewPerson {
    NewPerson {
        name: name.to_owned(),
        email: address(name),
        password: PASSWORD.to_owned(),
    }
}

fn device() -> Device {
    Device::of(
        Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        Some("192.0.2.7".parse().unwrap()),
    )
}

fn stranger() -> Actor {
    from("192.0.2.7")
}

fn from(address: &str) -> Actor {
    Actor {
        who: Who::Stranger,
        address: Some(address.parse().unwrap()),
        request: Some("r-1".to_owned()),
    }
}

fn in_session(signed_in: &SignedIn) -> Caller {
    Caller::in_session(&signed_in.session, device().address, None)
}

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
