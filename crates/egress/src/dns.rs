//! Questions to the DNS (RFC 1035), of any record type.
//!
//! Asks the resolvers that the settings name, or else the machine's, and keeps no answer: whoever asks
//! wants to know what is there now. That there is no such name, or no such record, is an answer.
//! Knows nothing of what names mean; where a connection may go is the [`guard`](crate::guard)'s matter.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ServerOrderingStrategy,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError as Said, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

/// Where the machine's resolvers are written down (resolv.conf(5)).
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The port of DNS.
pub const PORT: u16 = 53;
/// Most resolvers that are asked.
pub const SERVERS_MAX: usize = 8;
/// Most records of one answer.
pub const RECORDS_MAX: usize = 1000;
/// How long one resolver may take, before it is asked again or the next one is.
const ATTEMPT_MAX: Duration = Duration::from_secs(3);
/// How often each is asked.
const ATTEMPTS: usize = 2;

/// Who is asked.
#[derive(Clone)]
pub struct Dns {
    resolver: TokioResolver,
    servers: Vec<SocketAddr>,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose record it is, without a dot at its end.
    pub name: String,
    /// Its type, in capitals.
    pub kind: String,
    /// Seconds it may be kept.
    pub ttl_s: u32,
    /// Its data as zone files write it.
    pub data: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// This machine names no resolver, and the settings name none.
    #[error("no resolver is known: {RESOLV_CONF} names none, and neither do the settings")]
    NoServer,
    /// The resolver could not be set up.
    #[error("the resolver could not be set up")]
    Setup(#[source] NetError),
    /// Not a name, or not a type of records.
    #[error("{0:?} cannot be asked of the DNS")]
    Unfit(String),
    /// No resolver answered in time.
    #[error("no resolver answered in time")]
    Slow,
    /// A resolver answered that it will or can not (RFC 1035 §4.1.1, RCODE).
    #[error("the resolver answers {0}")]
    Refused(String),
    /// No resolver could be reached, or what came was no message.
    #[error("no resolver gave an answer")]
    Broken(#[source] NetError),
}

impl Dns {
    /// Asks `servers`; none: those of the machine.
    ///
    /// # Errors
    /// When there is nobody to ask.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, DnsError> {
        let servers = if servers.is_empty() {
            of_the_machine(Path::new(RESOLV_CONF))
        } else {
            servers.to_vec()
        };
        if servers.is_empty() {
            return Err(DnsError::NoServer);
        }
        let named = servers.iter().take(SERVERS_MAX).map(|server| {
            let at = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let both = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
            NameServerConfig::new(server.ip(), true, both)
        });
        let config = ResolverConfig::from_name_servers(named.collect());
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = ATTEMPT_MAX;
        options.attempts = ATTEMPTS;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        Ok(Self {
            resolver: builder.build().map_err(DnsError::Setup)?,
            servers,
        })
    }

    /// Who is asked, first the first.
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    /// Asks for the records of a name, in the ASCII form of IDNA; no such name and no such record are
    /// an empty list. At most [`RECORDS_MAX`] records.
    pub async fn ask(
        &self,
        name: &str,
        kind: &str,
        time_max: Duration,
    ) -> Result<Vec<Record>, DnsError> {
        let unfit = || DnsError::Unfit(format!("{kind} {name}"));
        let record_type = RecordType::from_str(kind).map_err(|_| unfit())?;
        // What is asked of one name and no more: no zones, no wildcard of types.
        if matches!(
            record_type,
            RecordType::AXFR | RecordType::IXFR | RecordType::ANY
        ) {
            return Err(unfit());
        }
        let mut asked = Name::from_ascii(name).map_err(|_| unfit())?;
        asked.set_fqdn(true);
        let asking = self.resolver.lookup(asked, record_type);
        let answered = tokio::time::timeout(time_max, asking).await;
        match answered.map_err(|_| DnsError::Slow)? {
            Ok(lookup) => Ok(lookup.answers().iter().take(RECORDS_MAX).map(of).collect()),
            Err(error) => refusal(error),
        }
    }
}

fn of(record: &hickory_resolver::proto::rr::Record) -> Record {
    let name = record.name.to_ascii();
    Record {
        name: name.trim_end_matches('.').to_owned(),
        kind: record.record_type().to_string(),
        ttl_s: record.ttl,
        data: record.data.to_string(),
    }
}

/// That there is nothing is an answer, the rest is not.
fn refusal(error: NetError) -> Result<Vec<Record>, DnsError> {
    match error {
        NetError::Timeout => Err(DnsError::Slow),
        NetError::Dns(Said::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => Ok(Vec::new()),
            other => Err(DnsError::Refused(other.to_string())),
        },
        NetError::Dns(Said::ResponseCode(code)) => Err(DnsError::Refused(code.to_string())),
        other => Err(DnsError::Broken(other)),
    }
}

/// The resolvers that a file names, in its order.
fn of_the_machine(path: &Path) -> Vec<SocketAddr> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    named(&text)
}

fn named(text: &str) -> Vec<SocketAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver");
        // An interface may stand behind an address of one link; such resolvers are left out.
        let address: IpAddr = address.and(words.next())?.parse().ok()?;
        Some(SocketAddr::new(address, PORT))
    });
    servers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_resolvers_are_read() {
        let text = "# by hand\nsearch example.org\nnameserver 192.0.2.53\n\
                    nameserver\t2001:db8::53\nnameserver fe80::1%eth0\noptions ndots:2\nnameserver\n";
        let found = named(text);
        let expected: Vec<SocketAddr> = ["192.0.2.53:53", "[2001:db8::53]:53"]
            .map(|text| text.parse().unwrap())
            .into();
        assert_eq!(found, expected);
        assert!(named("").is_empty());
    }
}
