//! Asks a time server what time it is: SNTP, the client's side (RFC 5905 §14, RFC 4330 §5).
//!
//! One datagram there, one back. The request says nothing about us: where a clock would write its
//! time it carries 64 random bits, and only an answer that repeats them is believed, so nobody who
//! does not see the request can forge one. What is not believed is passed over, and the right answer
//! may still come. Knows nothing of how several servers are weighed against each other.

mod packet;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use base::{Clock, Entropy};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

use self::packet::Heard;

/// The port of NTP.
const PORT: u16 = 123;

/// From asking for the server's address to its answer.
pub const ANSWER_MAX: Duration = Duration::from_secs(3);

/// A time server: `host` or `host:port`; an IPv6 address with a port stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeServer {
    host: String,
    port: u16,
}

/// Not the name of a time server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a host, or host:port, such as ntp.example.org or [2001:db8::1]:123")]
pub struct NoTimeServer;

impl FromStr for TimeServer {
    type Err = NoTimeServer;

    fn from_str(text: &str) -> Result<Self, NoTimeServer> {
        let (host, port) = if let Ok(address) = text.parse::<Ipv6Addr>() {
            (address.to_string(), None)
        } else if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or(NoTimeServer)?;
            let address: Ipv6Addr = host.parse().map_err(|_| NoTimeServer)?;
            let port = match rest {
                "" => None,
                rest => Some(rest.strip_prefix(':').ok_or(NoTimeServer)?),
            };
            (address.to_string(), port)
        } else {
            match text.split_once(':') {
                Some((host, port)) => (host.to_owned(), Some(port)),
                None => (text.to_owned(), None),
            }
        };
        let is_named = !host.is_empty()
            && host.len() <= 253
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
        let port = match port {
            None => PORT,
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
                port.parse().map_err(|_| NoTimeServer)?
            }
            Some(_) => return Err(NoTimeServer),
        };
        if !is_named || port == 0 {
            return Err(NoTimeServer);
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for TimeServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host.contains(':'), self.port) {
            (_, PORT) => f.write_str(&self.host),
            (true, port) => write!(f, "[{}]:{port}", self.host),
            (false, port) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// What a time server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAnswer {
    /// Its time minus ours, in microseconds.
    pub offset_us: i64,
    /// How far that may be from the truth: half the way there and back, and what the server says
    /// of its own distance from the source of its time (RFC 5905 §10, root distance).
    pub error: Duration,
}

/// Why there is no time.
#[derive(Debug, thiserror::Error)]
pub enum SntpError {
    /// There is no such host, or nothing listens there.
    #[error("the time server {server} cannot be reached")]
    Unreachable {
        /// Which.
        server: TimeServer,
        /// What the network said.
        #[source]
        source: io::Error,
    },
    /// Nothing came in time that could be believed.
    #[error(
        "the time server {server} did not answer in time ({passed_over} datagrams passed over)"
    )]
    Silent {
        /// Which.
        server: TimeServer,
        /// How many datagrams were no answer to this request.
        passed_over: u32,
    },
    /// It says itself that its time is not to be used.
    #[error("the time server {0} does not know the time itself")]
    Unsynchronized(TimeServer),
    /// It does not want this client's requests (RFC 5905 §7.4): `RATE`, `DENY`, `RSTR` and others.
    #[error("the time server {server} turns us away with {code:?}")]
    KissOfDeath {
        /// Which.
        server: TimeServer,
        /// Four letters.
        code: String,
    },
}

/// Asks `server` once what it thinks of `clock`. Answers within [`ANSWER_MAX`].
pub async fn ask_time(
    server: &TimeServer,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<TimeAnswer, SntpError> {
    let unreachable = |source| SntpError::Unreachable {
        server: server.clone(),
        source,
    };
    let until = Instant::now() + ANSWER_MAX;
    let silent = |passed_over| SntpError::Silent {
        server: server.clone(),
        passed_over,
    };
    let connecting = timeout(ANSWER_MAX, connect(server)).await;
    let socket = connecting.map_err(|_| silent(0))?.map_err(unreachable)?;
    let nonce = entropy.u64().to_be_bytes();
    let (sent, began) = (clock.now(), Instant::now());
    let request = packet::request(nonce);
    socket.send(&request).await.map_err(unreachable)?;
    let mut passed_over = 0;
    let mut datagram = [0; packet::DATAGRAM_BYTES_MAX];
    loop {
        let heard = tokio::time::timeout_at(until, socket.recv(&mut datagram)).await;
        let length = heard
            .map_err(|_| silent(passed_over))?
            .map_err(unreachable)?;
        // By the monotonic clock: ours may be set while we wait.
        let took = began.elapsed();
        match packet::read(&datagram[..length], nonce, sent, took) {
            Heard::Time(answer) => return Ok(answer),
            Heard::Unsynchronized => return Err(SntpError::Unsynchronized(server.clone())),
            Heard::KissOfDeath(code) => {
                return Err(SntpError::KissOfDeath {
                    server: server.clone(),
                    code,
                });
            }
            Heard::Nothing => passed_over += 1,
        }
    }
}

/// A socket that hears only that server, at the first of its addresses to which there is a way.
async fn connect(server: &TimeServer) -> io::Result<UdpSocket> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in tokio::net::lookup_host((server.host.as_str(), server.port)).await? {
        let ours: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let connected = async {
            let socket = UdpSocket::bind(ours).await?;
            socket.connect(address).await?;
            Ok(socket)
        };
        match connected.await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
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
            let server: TimeServer = text.parse().unwrap();
            assert_eq!((server.host.as_str(), server.port), (host, port), "{text}");
            assert_eq!(server.to_string().parse(), Ok(server), "{text}");
        };
        check("ntp.example.org", "ntp.example.org", 123);
        check("ntp.example.org:1234", "ntp.example.org", 1234);
        check("192.0.2.1", "192.0.2.1", 123);
        check("2001:db8::1", "2001:db8::1", 123);
        check("[2001:db8::1]", "2001:db8::1", 123);
        check("[2001:db8::1]:77", "2001:db8::1", 77);
        for bad in [
            "", ":123", "a:", "a:0", "a:65536", "a:+1", "a:b", "a b", "[::1", "[::1]x", "[a]:1",
            "ntp://a", "a/b",
        ] {
            assert_eq!(bad.parse::<TimeServer>(), Err(NoTimeServer), "{bad:?}");
        }
    }
}
