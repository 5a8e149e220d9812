//! `indelible doctor`: what is wrong with this installation, and what to do about it.

mod clock;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use accounts::{RoleId, UserFilter};
use anstyle::{AnsiColor, Style};
use base::{Clock, Entropy, SystemClock, SystemEntropy, Unavailable};
use egress::{Egress, Limits};
use intel::sources::Notification;
use rustix::process::Resource;
use serde_json::json;
use stamp::Store;

use crate::carriers::Carrier;
use crate::cli::WithJson;
use crate::config::{Config, Loaded, Role, Span, StoreUrl};
use crate::home::{Home, mode};
use crate::say::Say;
use crate::wiring::{self, Backend};
use crate::{background, desk};

/// Below this the disk is nearly full.
const DISK_WARN_BYTES: u64 = 2 << 30;
/// Below this writes will fail soon.
pub(crate) const DISK_FAIL_BYTES: u64 = 200 << 20;
/// Descriptors that a busy server needs at least.
const FILES_WARN: u64 = 4096;
/// A job that was due for so long is stuck while a server answers.
const STUCK_AFTER: Duration = Duration::from_mins(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// What is told, as it comes.
struct Findings {
    say: Say,
    warnings: u32,
    failures: u32,
}

impl Findings {
    fn ok(&mut self, what: &str, state: impl Into<String>) {
        self.tell(Level::Ok, what, &state.into(), "");
    }

    fn warn(&mut self, what: &str, state: impl Into<String>, todo: &str) {
        self.warnings += 1;
        self.tell(Level::Warn, what, &state.into(), todo);
    }

    fn fail(&mut self, what: &str, state: impl Into<String>, todo: &str) {
        self.failures += 1;
        self.tell(Level::Fail, what, &state.into(), todo);
    }

    fn tell(&self, level: Level, what: &str, state: &str, todo: &str) {
        let style: Style = match level {
            Level::Ok => AnsiColor::Green.on_default(),
            Level::Warn => AnsiColor::Yellow.on_default().bold(),
            Level::Fail => AnsiColor::Red.on_default().bold(),
        };
        let advice = match todo {
            "" => String::new(),
            todo => format!("\n      {:14}→ {todo}", ""),
        };
        self.say.event(
            &format!("{style}{level:4}{style:#}  {what:14}{state}{advice}"),
            &json!({"level": level.to_string(), "what": what, "state": state, "todo": todo}),
        );
    }
}

/// Looks at everything.
pub(crate) async fn run(asked: &WithJson, loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let config = &loaded.config;
    let mut findings = Findings {
        say: Say::new(asked.json),
        warnings: 0,
        failures: 0,
    };
    let it = &mut findings;
    settings(it, loaded);
    let home = Home::at(&config.data);
    let is_new = !home.dir().exists();
    if is_new {
        it.ok(
            "data folder",
            format!("{} is made at first start", home.dir().display()),
        );
    } else {
        folder(it, &home);
        keys(it, config, &home);
    }
    disk(it, &home);
    files(it);
    clock::look(it, config).await;
    it.ok("hashing", format!("Keccak by {}", keccak_lanes::backend()));
    let served = port(it, config).await;
    if !is_new || config.store.url != StoreUrl::Sqlite {
        store(it, config, &home, served).await;
    }
    network(it, config);
    mail(it, config).await;
    let Findings {
        warnings,
        failures,
        say,
    } = findings;
    say.event(
        &match (failures, warnings) {
            (0, 0) => "nothing is wrong".to_owned(),
            (0, n) => format!("nothing is wrong, {n} to look at"),
            (n, _) => format!("{n} wrong, {warnings} to look at"),
        },
        &json!({"level": "summary", "failures": failures, "warnings": warnings}),
    );
    Ok(ExitCode::from(u8::from(failures > 0)))
}

fn settings(it: &mut Findings, loaded: &Loaded) {
    for warning in &loaded.warnings {
        it.warn(
            "settings",
            warning,
            "unset it, or spell it as `indelible config` does",
        );
    }
    if loaded.warnings.is_empty() {
        it.ok("settings", "read and checked");
    }
}

fn folder(it: &mut Findings, home: &Home) {
    let (dir, shown) = (home.dir(), home.dir().display());
    let todo = format!("chmod 700 {shown}");
    match mode(dir) {
        Some(mode) if mode & 0o077 != 0 => {
            it.warn(
                "data folder",
                format!("others may enter {shown} ({mode:o})"),
                &todo,
            );
        }
        _ => it.ok("data folder", format!("{shown}, closed to others")),
    }
    if rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_err() {
        let todo = "run as the user who owns it, or chown it";
        it.fail(
            "data folder",
            format!("{shown} cannot be written by this user"),
            todo,
        );
    }
}

fn keys(it: &mut Findings, config: &Config, home: &Home) {
    let exposed = home.exposed();
    for path in &exposed {
        let shown = path.display();
        let todo = format!("chmod 600 {shown}; if others use this machine, rotate the key");
        it.fail("keys", format!("others may read {shown}"), &todo);
    }
    match home.log_keys("any") {
        Err(error) => it.fail("keys", format!("{error:#}"), "restore it from your backup"),
        Ok(keys) if keys.is_empty() && config.plays(Role::Sealer) => {
            it.warn("keys", "no log key yet", "the first start makes one");
        }
        Ok(keys) if exposed.is_empty() => {
            let words = format!("{} of the log, private; keep a copy elsewhere", keys.len());
            it.ok("keys", words);
        }
        Ok(_) => {}
    }
}

fn disk(it: &mut Findings, home: &Home) {
    let at = home.dir().ancestors().find(|dir| dir.exists());
    let Some(Ok(stat)) = at.map(rustix::fs::statvfs) else {
        return it.warn("disk", "free space is unknown", "look with df");
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let tenths = free / (1 << 30) * 10 + free % (1 << 30) * 10 / (1 << 30);
    let state = format!("{}.{} GiB free", tenths / 10, tenths % 10);
    if free < DISK_FAIL_BYTES {
        it.fail(
            "disk",
            state,
            "make room: nothing is stamped on a full disk",
        );
    } else if free < DISK_WARN_BYTES {
        it.warn("disk", state, "make room soon: the log only ever grows");
    } else {
        it.ok("disk", state);
    }
}

fn files(it: &mut Findings) {
    let limit = rustix::process::getrlimit(Resource::Nofile).current;
    let state = limit.map_or("no limit".into(), |limit| format!("{limit} open files"));
    if limit.is_some_and(|limit| limit < FILES_WARN) {
        let todo = "each connection needs one: ulimit -n 65536, or LimitNOFILE= in systemd";
        it.warn("limits", state, todo);
    } else {
        it.ok("limits", state);
    }
}

/// Whether an Indelible answers at the listening address.
async fn port(it: &mut Findings, config: &Config) -> bool {
    let listen: SocketAddr = config.web.listen;
    if !config.plays(Role::Web) {
        return false;
    }
    if TcpListener::bind(listen).is_ok() {
        it.ok("port", format!("{listen} is free: no server is running"));
        return false;
    }
    let limits = Limits {
        whole: Duration::from_secs(6),
        ..Limits::default()
    };
    let asked = async {
        let url = format!("http://{listen}/healthz").parse().ok()?;
        let answer = Egress::new(limits)
            .ok()?
            .get(&url, "application/json")
            .await
            .ok()?;
        let status = answer.status;
        let body = answer.body.bytes().await.ok()?;
        let health: serde_json::Value = serde_json::from_slice(&body).ok()?;
        Some((status.is_success(), health))
    };
    match asked.await {
        Some((true, _)) => {
            it.ok("server", format!("answers at {listen} and is well"));
            true
        }
        Some((false, health)) => {
            let parts = health.get("parts").and_then(|parts| parts.as_object());
            let broken = parts.into_iter().flatten().filter_map(|(name, part)| {
                let is_broken = part.get("status")?.as_str()? == "broken";
                is_broken.then(|| format!("{name}: {}", part["detail"].as_str().unwrap_or("")))
            });
            let words: Vec<String> = broken.collect();
            it.fail("server", words.join("; "), "see the server's own messages");
            true
        }
        None => {
            let state = format!("{listen} is taken by another program, or not ours");
            it.fail("port", state, "choose another with [web] listen");
            false
        }
    }
}

async fn store(it: &mut Findings, config: &Config, home: &Home, served: bool) {
    if config.store.url == StoreUrl::Sqlite && !home.dir().join("indelible.db").exists() {
        return it.ok("store", "is made at first start");
    }
    let backend = match wiring::open(config, home).await {
        Ok(backend) => backend,
        Err(error) => {
            let todo = "start the database, or correct [store] url and password_file";
            return it.fail("store", format!("{error:#}"), todo);
        }
    };
    let head = match backend.store.head().await {
        Ok(head) => head,
        Err(error) => return it.fail("store", error.to_string(), "see the database's own log"),
    };
    let counted = format!("{} intervals, {} timestamps", head.size, head.timestamps);
    it.ok("store", format!("{}, migrated: {counted}", backend.name));
    let now = SystemClock.now();
    let behind = head.time.since(now);
    if behind > config.log.clock_tolerance.0 {
        let state = format!("{:.1} s behind the newest interval", behind.as_secs_f64());
        it.fail(
            "clock",
            state,
            "set the clock (NTP): nothing is stamped until it is past that",
        );
    } else if head.size > 0 {
        it.ok("clock", "not behind the newest interval");
    }
    sealer(it, config, &*backend.store, served).await;
    background(it, &*backend.jobs, served).await;
    people(it, &*backend.accounts).await;
    sources(it, config, home, &backend).await;
    let age = now.since(head.time);
    if served && head.size > 0 && age > config.log.heartbeat.0 * 2 + Duration::from_secs(5) {
        let age = Span(Duration::from_secs(age.as_secs()));
        let todo = "a sealer must run somewhere: indelible serve --roles sealer";
        it.fail("seals", format!("the newest interval is {age} old"), todo);
    }
}

async fn sealer(it: &mut Findings, config: &Config, store: &dyn Store, served: bool) {
    match store.try_lease().await {
        Ok(None) => it.ok("sealer", "one holds the lease"),
        Ok(Some(_)) if served => {
            let todo = "start one: indelible serve --roles sealer";
            it.fail("sealer", "a server answers, but nobody seals", todo);
        }
        Ok(Some(_)) => it.ok("sealer", "none is running"),
        Err(error) => it.fail("sealer", error.to_string(), "see the database's own log"),
    }
    if config.log.witnesses.is_empty() {
        let todo = "name some in [log] witnesses: they make a forked history visible";
        it.warn("witnesses", "none vouch for this log", todo);
    }
}

/// What sources need and have not: their secrets, their key.
async fn sources(it: &mut Findings, config: &Config, home: &Home, backend: &Backend) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let jobs = background::jobs(config, backend, &clock, &entropy);
    let registry = match desk::registry(config, backend, &jobs, (&clock, &entropy)).await {
        Ok(registry) => registry,
        Err(error) => {
            return it.fail(
                "sources",
                format!("{error:#}"),
                "see the database's own log",
            );
        }
    };
    let current = registry.current();
    let on = current.all().iter().filter(|source| source.is_on()).count();
    it.ok("sources", format!("{on} of {} are on", current.all().len()));
    // The first key is made by a server, not by whoever only looks.
    let is_new = home.secret_keys().is_ok_and(|keys| keys.is_empty());
    if is_new && current.secrets().is_empty() {
        return it.ok("secrets", "none; their key is made at the next start");
    }
    match desk::vault(home, &registry, &*entropy).await {
        Err(error) => it.fail(
            "secrets",
            format!("{error:#}"),
            "without it no source gets its key",
        ),
        Ok(vault) => {
            let broken = vault.unreadable();
            if broken.is_empty() {
                let count = current.secrets().len();
                it.ok("secrets", format!("{count}, all of them can be decrypted"));
            } else {
                let state = format!("{} cannot be decrypted", broken.len());
                it.fail("secrets", state, "set them again at /desk/secrets");
            }
        }
    }
    for news in registry.notifications(&[]) {
        let (state, todo) = match &news {
            Notification::MissingSecrets { source, slots } => (
                format!(
                    "{} is not asked: it needs {}",
                    source.name,
                    slots.join(", ")
                ),
                "set it at /desk/secrets, or switch the source off",
            ),
            Notification::SecretExpires {
                secret,
                has_expired,
                ..
            } => (
                format!(
                    "{} {}",
                    secret.name,
                    if *has_expired {
                        "has ended"
                    } else {
                        "ends soon"
                    }
                ),
                "get another one, and replace it at /desk/secrets",
            ),
            Notification::Unusable { source, .. } => (
                format!("{} cannot be asked", source.name),
                "look at its page under /desk/sources",
            ),
            Notification::Failing { .. }
            | Notification::QuotaNear { .. }
            | Notification::NewerVersion { .. } => continue,
        };
        it.warn("source", state, todo);
    }
}

/// Dead letters wait for a person; what has been due for long waits for a worker that there is not.
async fn background(it: &mut Findings, store: &dyn jobs::Store, served: bool) {
    let now = SystemClock.now();
    let counts = match store.counts(now).await {
        Ok(counts) => counts,
        Err(error) => return it.fail("jobs", error.to_string(), "see the database's own log"),
    };
    let mut sound = true;
    for kind in &counts {
        if kind.dead > 0 {
            sound = false;
            let state = format!("{} {} became dead letters", kind.dead, kind.name);
            let todo = "look at their causes in the administrator's room, then replay or discard";
            it.warn("jobs", state, todo);
        }
        let age = kind
            .oldest_ready
            .map_or(Duration::ZERO, |due| now.since(due));
        if served && age > STUCK_AFTER {
            sound = false;
            let age = Span(Duration::from_secs(age.as_secs()));
            let state = format!("{} {} wait, the oldest for {age}", kind.ready, kind.name);
            let todo = "a worker must run somewhere: indelible serve --roles worker";
            it.fail("jobs", state, todo);
        }
    }
    if sound {
        let open: u64 = counts
            .iter()
            .map(|it| it.ready + it.delayed + it.running)
            .sum();
        it.ok("jobs", format!("{open} unfinished, none dead or stuck"));
    }
}

/// Somebody must be able to get in.
async fn people(it: &mut Findings, store: &dyn accounts::Store) {
    let administrators = UserFilter {
        role: Some(RoleId::ADMINISTRATOR),
        enabled: Some(true),
        ..UserFilter::default()
    };
    let found = async {
        let anybody = store.has_users().await?;
        let administrators = store.users(administrators, None, 1).await?;
        Ok::<_, Unavailable>((anybody, !administrators.rows.is_empty()))
    };
    match found.await {
        Ok((false, _)) => {
            let todo = "open the link that `indelible serve` prints: it makes the administrator";
            it.warn("accounts", "nobody has one yet", todo);
        }
        Ok((true, true)) => it.ok("accounts", "an administrator may sign in"),
        Ok((true, false)) => {
            let todo = "indelible accounts make-admin ADDRESS";
            it.fail("accounts", "no administrator may sign in", todo);
        }
        Err(error) => it.fail("accounts", error.to_string(), "see the database's own log"),
    }
}

fn network(it: &mut Findings, config: &Config) {
    let open = !config.web.listen.ip().is_loopback();
    if open && config.web.public_url.is_none() {
        let todo = "put a proxy with TLS before it, listen on 127.0.0.1, set [web] public_url";
        it.warn("network", "listens to everybody, without TLS", todo);
    }
    if config
        .web
        .trusted_proxies
        .iter()
        .any(|net| net.prefix_len() == 0)
    {
        let todo = "name your proxies' networks only";
        it.fail("proxies", "everybody is believed about addresses", todo);
    }
    if config.log.authority.is_none() && config.web.public_url.is_none() && open {
        let todo = "set [log] authority before the first start: the name is for ever";
        it.warn("name", "the log is named after its listening address", todo);
    }
}

/// Whether letters leave this machine.
async fn mail(it: &mut Findings, config: &Config) {
    let carrier = match Carrier::of(&config.mail) {
        Ok(Some(carrier)) => carrier,
        Ok(None) => {
            let todo = "set [mail] host and from, or read letters in the administrator's room";
            return it.warn("mail", "letters are kept, not sent", todo);
        }
        Err(error) => {
            let todo = "correct [mail]";
            return it.fail("mail", format!("{error:#}"), todo);
        }
    };
    let host = config.mail.host.as_deref().unwrap_or_default();
    let at = format!("{host}:{}", config.mail.port());
    match carrier.check().await {
        Ok(()) => it.ok("mail", format!("{at} answers and knows us")),
        Err(why) => {
            let todo = "correct [mail], or start that server; then `indelible mail test ADDRESS`";
            it.fail("mail", format!("{at}: {why}"), todo);
        }
    }
}
