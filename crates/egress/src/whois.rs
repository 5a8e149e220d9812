//! Questions to servers that answer in text and close: whois (RFC 3912).
//!
//! The same addresses are out of reach as for the [`guard`](crate::guard), and the address that was
//! looked at is the one that is connected to. A server may take so long and say so much, and no more.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Host;

use crate::guard::{Resolver, refuses};

/// The port of whois.
pub const PORT: u16 = 43;
/// Longest question, in bytes.
pub const QUESTION_BYTES_MAX: usize = 4096;
/// Longest time to a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A server: `host` or `host:port`; an IPv6 address stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its host, as the URL standard writes it.
    pub host: Host<String>,
    /// Its port.
    pub port: u16,
}

/// Not the name of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no whois server; write whois.example.org or [2001:db8::1]:43")]
pub struct NoServer(String);

impl FromStr for Server {
    type Err = NoServer;

    fn from_str(text: &str) -> Result<Self, NoServer> {
        let bad = || NoServer(text.to_owned());
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| bad())?),
            _ => (text, PORT),
        };
        let host = Host::parse(host).map_err(|_| bad())?;
        if port == 0 || matches!(&host, Host::Domain(name) if name.is_empty()) {
            return Err(bad());
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            PORT => write!(f, "{}", self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

/// What a question may cost and where it may go.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Networks that it may reach besides the public internet.
    pub networks: Vec<IpNet>,
    /// Longest time for all of it.
    pub time_max: Duration,
    /// Most bytes of the answer.
    pub bytes_max: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhoisError {
    /// The question is none: too long, or with characters that are no text.
    #[error("a question is at most {QUESTION_BYTES_MAX} printable bytes, and ends with its line")]
    Unfit,
    /// The server does not lie in the public internet.
    #[error("{server} leads to {address}, {what}")]
    OutOfReach {
        /// Which.
        server: Server,
        /// Where it lies.
        address: IpAddr,
        /// What lies there.
        what: &'static str,
    },
    /// There is no such host, nothing listens there, or the line broke.
    #[error("{server} cannot be reached")]
    Unreachable {
        /// Which.
        server: Server,
        /// What the network said.
        #[source]
        source: std::io::Error,
    },
    /// The limit of time was reached.
    #[error("{0} did not answer in time")]
    Slow(Server),
    /// The answer is longer than the limit.
    #[error("{server} answered more than {bytes_max} bytes")]
    TooLong {
        /// Which.
        server: Server,
        /// The limit.
        bytes_max: usize,
    },
}

/// What a server said, and who it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its words; what is no UTF-8 is replaced.
    pub text: String,
    /// Who said them.
    pub peer: SocketAddr,
}

/// Sends `question` to a server and reads until it closes.
pub async fn ask(
    resolver: &dyn Resolver,
    server: &Server,
    question: &str,
    bounds: &Bounds,
) -> Result<Answer, WhoisError> {
    let printable = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r');
    if question.len() > QUESTION_BYTES_MAX
        || !question.ends_with('\n')
        || !question.bytes().all(printable)
    {
        return Err(WhoisError::Unfit);
    }
    let asking = talk(resolver, server, question, bounds);
    let asked = timeout(bounds.time_max, asking).await;
    asked.unwrap_or_else(|_| Err(WhoisError::Slow(server.clone())))
}

async fn talk(
    resolver: &dyn Resolver,
    server: &Server,
    question: &str,
    bounds: &Bounds,
) -> Result<Answer, WhoisError> {
    let unreachable = |source| WhoisError::Unreachable {
        server: server.clone(),
        source,
    };
    let addresses = match &server.host {
        Host::Ipv4(address) => vec![IpAddr::from(*address)],
        Host::Ipv6(address) => vec![IpAddr::from(*address)],
        Host::Domain(name) => resolver.addresses(name).await.map_err(unreachable)?,
    };
    // One bad address damns the name: which one is used is not ours to choose.
    for address in &addresses {
        if let Some(what) = refuses(*address, &bounds.networks) {
            return Err(WhoisError::OutOfReach {
                server: server.clone(),
                address: *address,
                what,
            });
        }
    }
    let mut stream = connect(&addresses, server.port)
        .await
        .map_err(unreachable)?;
    let peer = stream.peer_addr().map_err(unreachable)?;
    stream
        .write_all(question.as_bytes())
        .await
        .map_err(unreachable)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(bounds.bytes_max).unwrap_or(u64::MAX);
    let mut limited = stream.take(most.saturating_add(1));
    limited.read_to_end(&mut bytes).await.map_err(unreachable)?;
    if bytes.len() > bounds.bytes_max {
        return Err(WhoisError::TooLong {
            server: server.clone(),
            bytes_max: bounds.bytes_max,
        });
    }
    Ok(Answer {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        peer,
    })
}

/// The first address to which there is a way.
async fn connect(addresses: &[IpAddr], port: u16) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "it has no address");
    for address in addresses {
        let connecting = TcpStream::connect((*address, port));
        match timeout(CONNECT_MAX, connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = std::io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_host_and_port() {
        let check = |text: &str, host: &str, port: u16| {
            let server: Server = text.parse().unwrap();
            assert_eq!(
                (server.host.to_string().as_str(), server.port),
                (host, port)
            );
            assert_eq!(server.to_string().parse(), Ok(server), "{text}");
        };
        check("whois.example.org", "whois.example.org", 43);
        check("whois.example.org:4343", "whois.example.org", 4343);
        check("192.0.2.1", "192.0.2.1", 43);
        check("[2001:db8::1]", "[2001:db8::1]", 43);
        check("[2001:db8::1]:77", "[2001:db8::1]", 77);
        for bad in ["", ":43", "a:0", "a:b", "a b", "a/b"] {
            assert!(bad.parse::<Server>().is_err(), "{bad:?}");
        }
    }
}
