//! Every setting, declared once: the fields below are the table, their doc comments the manual.
//!
//! Each has three names, made from its id: `web.listen` is `listen` in section `[web]` of
//! `indelible.toml`, `INDELIBLE_WEB_LISTEN` in the environment, and `--web-listen` as a flag. A flag
//! beats the environment, that beats the file, that beats what is built in.

mod accounts;
mod file;
mod human;
mod load;
mod notify;
mod outside;
mod show;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

pub(crate) use accounts::Accounts;
pub(crate) use file::Settings as FileSettings;
pub(crate) use human::{Retention, Span, StoreUrl, WitnessAddress};
pub(crate) use load::{Loaded, Origin, dress, load};
pub(crate) use notify::{Mail, MailSecurity, Push, Sms};
pub(crate) use outside::{Desk, Egress, Moved, Resolver};
pub(crate) use show::{as_json, as_markdown, as_settings, as_text};
pub(crate) use watch::{Metrics, Sentry};

/// All settings of a server.
#[derive(Args, Clone, Debug)]
pub(crate) struct Config {
    /// Folder of everything this server keeps: database, keys and locks
    ///
    /// Made at first start, readable by its owner only.
    #[arg(id = "data", long, value_name = "DIR", default_value = "./data")]
    pub(crate) data: PathBuf,

    /// File with settings; default: indelible.toml in the data folder, if it is there
    #[arg(id = "config", long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Which parts this process plays
    ///
    /// `web` takes submissions and answers questions; `sealer` closes intervals and signs heads;
    /// `worker` runs background jobs; `scheduler` hands in those that come again and again. Any
    /// number of processes may share one PostgreSQL database, in any roles; of several sealers one
    /// works and the others stand by.
    #[arg(id = "roles", long, value_name = "ROLE,…", value_delimiter = ',', default_value = "web,sealer,worker,scheduler", action = ArgAction::Set)]
    pub(crate) roles: Vec<Role>,

    #[command(flatten)]
    pub(crate) web: Web,
    #[command(flatten)]
    pub(crate) log: Log,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) tsa: Tsa,
    #[command(flatten)]
    pub(crate) accounts: Accounts,
    #[command(flatten)]
    pub(crate) desk: Desk,
    #[command(flatten)]
    pub(crate) egress: Egress,
    #[command(flatten)]
    pub(crate) mail: Mail,
    #[command(flatten)]
    pub(crate) sms: Sms,
    #[command(flatten)]
    pub(crate) push: Push,
    #[command(flatten)]
    pub(crate) trace: Trace,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    #[command(flatten)]
    pub(crate) sentry: Sentry,
}

/// A part that a process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// HTTP: submissions, proofs, pages.
    Web,
    /// Closes intervals and signs heads.
    Sealer,
    /// Runs background jobs.
    Worker,
    /// Hands in the jobs that come again and again.
    Scheduler,
}

/// `[web]`: HTTP.
#[derive(Args, Clone, Debug)]
pub(crate) struct Web {
    /// Address and port to listen on
    #[arg(
        id = "web.listen",
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,

    /// Where the world finds this server: scheme, host and port, such as `https://ts.example.org`
    ///
    /// Also names the log at its first start, unless `[log] authority` does.
    #[arg(id = "web.public_url", long, value_name = "URL", value_parser = human::base_url)]
    pub(crate) public_url: Option<url::Url>,

    /// Timestamps that one address may submit per second, alone or in bulk
    #[arg(id = "web.timestamps_per_s", long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timestamps_per_s: u32,

    /// Timestamps that one address may submit at once after a quiet time
    #[arg(id = "web.timestamps_burst", long, value_name = "N", default_value = "200000", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timestamps_burst: u32,

    /// Requests that one address may make per second
    #[arg(id = "web.requests_per_s", long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_s: u32,

    /// Requests that one address may make at once after a quiet time
    #[arg(id = "web.requests_burst", long, value_name = "N", default_value = "500", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_burst: u32,

    /// Networks whose requests are not limited
    #[arg(id = "web.exempt", long, value_name = "NET,…", value_delimiter = ',', default_value = "127.0.0.0/8,::1/128", action = ArgAction::Set, value_parser = human::network)]
    pub(crate) exempt: Vec<ipnet::IpNet>,

    /// Networks of reverse proxies whose X-Forwarded-For, or else Forwarded, is believed
    #[arg(id = "web.trusted_proxies", long, value_name = "NET,…", value_delimiter = ',', default_value = "127.0.0.0/8,::1/128", action = ArgAction::Set, value_parser = human::network)]
    pub(crate) trusted_proxies: Vec<ipnet::IpNet>,

    /// Most connections held at once; more wait to be accepted
    #[arg(id = "web.connections_max", long, value_name = "N", default_value = "262144", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections_max: u32,

    /// Most connections held at once by one address that is not exempt (IPv6: by its /64)
    #[arg(id = "web.connections_per_address_max", long, value_name = "N", default_value = "1024", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections_per_address_max: u32,

    /// How long the head of a request may take, also the longest silence between two requests
    #[arg(
        id = "web.head_timeout",
        long,
        value_name = "TIME",
        default_value = "30s"
    )]
    pub(crate) head_timeout: Span,

    /// How long the body of a request may take
    #[arg(
        id = "web.body_timeout",
        long,
        value_name = "TIME",
        default_value = "60s"
    )]
    pub(crate) body_timeout: Span,

    /// How long a client may leave an answer unread before its connection is dropped
    #[arg(
        id = "web.write_timeout",
        long,
        value_name = "TIME",
        default_value = "60s"
    )]
    pub(crate) write_timeout: Span,

    /// How long open requests may take to finish when the server stops
    #[arg(
        id = "web.drain_timeout",
        long,
        value_name = "TIME",
        default_value = "10s"
    )]
    pub(crate) drain_timeout: Span,

    /// How often a silent live feed shows that it is alive
    #[arg(id = "web.live_beat", long, value_name = "TIME", default_value = "15s")]
    pub(crate) live_beat: Span,
}

/// `[log]`: the log itself.
#[derive(Args, Clone, Debug)]
pub(crate) struct Log {
    /// Name of the log for all time, such as ts.example.org
    ///
    /// Stands in every proof: origin of the checkpoints and authority of protocol v1. Default is
    /// the host of `[web] public_url`, else the listening address. Remembered at first start;
    /// another one is refused later.
    #[arg(id = "log.authority", long, value_name = "NAME", value_parser = authority)]
    pub(crate) authority: Option<String>,

    /// How often an interval is sealed while timestamps wait
    #[arg(id = "log.interval", long, value_name = "TIME", default_value = "1s")]
    pub(crate) interval: Span,

    /// How often an empty interval is sealed, so that a quiet log proves that it is alive
    #[arg(id = "log.heartbeat", long, value_name = "TIME", default_value = "60s")]
    pub(crate) heartbeat: Span,

    /// How long proofs can be fetched, or forever
    ///
    /// Proof files that were fetched verify for ever. Nuclei, trees and checkpoints are never
    /// forgotten.
    #[arg(
        id = "log.retention",
        long,
        value_name = "TIME",
        default_value = "forever"
    )]
    pub(crate) retention: Retention,

    /// Longest time that a request waits for its proof
    #[arg(id = "log.wait_max", long, value_name = "TIME", default_value = "30s")]
    pub(crate) wait_max: Span,

    /// Most timestamps that wait to be sealed; beyond, submissions are asked to come again
    #[arg(id = "log.pool_timestamps_max", long, value_name = "N", default_value = "8000000", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pool_timestamps_max: u64,

    /// How far the clock may stand behind the newest interval, or off what a majority of the time
    /// servers says, before nothing is stamped any more
    #[arg(
        id = "log.clock_tolerance",
        long,
        value_name = "TIME",
        default_value = "5s"
    )]
    pub(crate) clock_tolerance: Span,

    /// Time servers (NTP) that are asked whether the clock is right, each host or host:port
    ///
    /// None by default: this server talks to nobody that you have not named. Name three or more,
    /// so that one that lies is outvoted.
    #[arg(id = "log.time_servers", long, value_name = "HOST,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(crate) time_servers: Vec<egress::sntp::TimeServer>,

    /// How often the time servers are asked
    #[arg(id = "log.time_every", long, value_name = "TIME", default_value = "5m")]
    pub(crate) time_every: Span,

    /// Witnesses to be asked for cosignatures, each "VERIFIER-KEY URL"
    #[arg(id = "log.witnesses", long, value_name = "KEY URL,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(crate) witnesses: Vec<WitnessAddress>,

    /// How often the witnesses are asked
    #[arg(
        id = "log.witness_every",
        long,
        value_name = "TIME",
        default_value = "10s"
    )]
    pub(crate) witness_every: Span,
}

/// `[jobs]`: background work.
#[derive(Args, Clone, Debug)]
pub(crate) struct Jobs {
    /// Most background jobs that this process runs at once
    #[arg(id = "jobs.at_once_max", long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) at_once_max: u32,

    /// How long background jobs may go on when the process stops; then others take them over
    #[arg(
        id = "jobs.drain_timeout",
        long,
        value_name = "TIME",
        default_value = "10s"
    )]
    pub(crate) drain_timeout: Span,

    /// How long finished background jobs can be looked at; dead letters stay until somebody decides
    #[arg(
        id = "jobs.keep_done",
        long,
        value_name = "TIME",
        default_value = "24h"
    )]
    pub(crate) keep_done: Span,
}

/// `[store]`: the database.
#[derive(Args, Clone, Debug)]
pub(crate) struct Store {
    /// The database: sqlite (a file in the data folder), or postgres://user@host:port/name
    #[arg(
        id = "store.url",
        long,
        value_name = "URL",
        default_value = "sqlite",
        hide_env_values = true
    )]
    pub(crate) url: StoreUrl,

    /// File with the password of the database
    #[arg(id = "store.password_file", long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// `[tsa]`: RFC 3161 tokens.
#[derive(Args, Clone, Debug)]
pub(crate) struct Tsa {
    /// Key that signs tokens (P-256, PKCS #8, PEM); made at first start when not given
    ///
    /// Where several machines serve one log, give all of them the same.
    #[arg(id = "tsa.key_file", long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// Certificate of that key, then those of its issuers up to the root (PEM)
    #[arg(id = "tsa.certificate_file", long, value_name = "FILE")]
    pub(crate) certificate_file: Option<PathBuf>,

    /// Policy under which tokens are issued, an object identifier; default: one of this product
    #[arg(id = "tsa.policy", long, value_name = "OID")]
    pub(crate) policy: Option<tsa::Oid>,

    /// Accuracy that tokens promise
    #[arg(id = "tsa.accuracy", long, value_name = "TIME", default_value = "1s")]
    pub(crate) accuracy: Span,
}

/// `[tracing]`: what the process tells about its work, on standard error.
#[derive(Args, Clone, Debug)]
pub(crate) struct Trace {
    /// Form of the lines
    #[arg(
        id = "tracing.format",
        long,
        value_name = "FORM",
        default_value = "pretty"
    )]
    pub(crate) format: TraceFormat,

    /// Least level that is told; also per part, such as info,stamp=debug
    #[arg(id = "tracing.level", long, value_name = "LEVEL", default_value = "info", value_parser = trace_level)]
    pub(crate) level: String,

    /// Collector that takes traces by OTLP over gRPC, such as `http://127.0.0.1:4317`; none without it
    #[arg(id = "tracing.otlp_url", long, value_name = "URL", value_parser = human::base_url)]
    pub(crate) otlp_url: Option<url::Url>,

    /// File with certificates (PEM) that may vouch for the collector, instead of the public ones
    #[arg(id = "tracing.otlp_ca_file", long, value_name = "FILE")]
    pub(crate) otlp_ca_file: Option<PathBuf>,

    /// Which part of the traces that begin here is kept, from 0 to 1
    ///
    /// A trace that a caller began is kept when the caller keeps it.
    #[arg(id = "tracing.sample_ratio", long, value_name = "PART", default_value = "1", value_parser = watch::ratio)]
    pub(crate) sample_ratio: f64,

    /// Name of this service in traces
    #[arg(
        id = "tracing.service",
        long,
        value_name = "NAME",
        default_value = "indelible"
    )]
    pub(crate) service: String,
}

/// Form of the lines that tell about the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// A name that can stand in a checkpoint and in a compact reference: C2SP `signed-note` forbids
/// spaces and plus signs; `#` and `,` are the separators of protocol v1.
fn authority(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_graphic() && !b"+#?\"\\<>,".contains(&byte);
    if text.is_empty() || text.len() > 200 || !text.bytes().all(good) {
        return Err("1 to 200 characters without spaces, such as ts.example.org".into());
    }
    if text.split('/').any(str::is_empty) {
        return Err("without scheme, and without a slash at the end: ts.example.org".into());
    }
    Ok(text.to_owned())
}

fn trace_level(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|why| why.to_string())
}

impl Config {
    /// What is wrong with the settings together; empty when they fit.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, why: &str| {
            if !holds {
                faults.push(why.to_owned());
            }
        };
        let ms = |span: Span| span.0.as_millis();
        must(
            (10..=3_600_000).contains(&ms(self.log.interval)),
            "[log] interval must lie between 10ms and 1h",
        );
        must(
            self.log.heartbeat >= self.log.interval,
            "[log] heartbeat must not be shorter than [log] interval",
        );
        must(
            (1..=300_000).contains(&ms(self.log.wait_max)),
            "[log] wait_max must lie between 1ms and 5m",
        );
        must(
            ms(self.log.witness_every) >= 1000,
            "[log] witness_every must be at least 1s",
        );
        must(
            ms(self.log.time_every) >= 1000,
            "[log] time_every must be at least 1s",
        );
        must(
            (1..=3_600_000).contains(&ms(self.tsa.accuracy)),
            "[tsa] accuracy must lie between 1ms and 1h",
        );
        must(
            self.store.password_file.is_none() || self.store.url != StoreUrl::Sqlite,
            "[store] password_file is for PostgreSQL; SQLite has no password",
        );
        must(
            self.tsa.key_file.is_some() == self.tsa.certificate_file.is_some(),
            "[tsa] key_file and certificate_file go together: give both or none",
        );
        faults.extend(self.desk.faults());
        faults.extend(self.egress.faults());
        faults.extend(self.mail.faults());
        faults.extend(notify::gateway_faults(&self.sms, &self.push));
        let files = [
            ("[store] password_file", &self.store.password_file),
            ("[tsa] key_file", &self.tsa.key_file),
            ("[tsa] certificate_file", &self.tsa.certificate_file),
            ("[egress] authorities_file", &self.egress.authorities_file),
            ("[mail] ca_file", &self.mail.ca_file),
            ("[mail] password_file", &self.mail.password_file),
            ("[tracing] otlp_ca_file", &self.trace.otlp_ca_file),
            ("[sentry] dsn_file", &self.sentry.dsn_file),
            ("[sms] secret_file", &self.sms.secret_file),
            ("[push] secret_file", &self.push.secret_file),
        ];
        for (name, path) in files {
            if let Some(path) = path
                && let Err(why) = std::fs::File::open(path)
            {
                let why = why.to_string();
                let why = crate::without_number(&why);
                faults.push(format!("{name}: {}: {why}", path.display()));
            }
        }
        faults
    }

    /// Whether this process plays a role.
    pub(crate) fn plays(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
