//! Where a runner is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a runner is: on this machine, until TCP has TLS on both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket. Who may connect is a matter of the permissions of its folder.
    Unix(PathBuf),
    /// A port of the loopback interface.
    Loopback(SocketAddr),
}

/// Why a text is no address of a runner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Neither form.
    #[error("{0:?} is neither unix:/absolute/path nor 127.0.0.1:port")]
    Form(String),
    /// Anybody between could read and change what is sent.
    #[error("{0} is not on the loopback interface, and TCP is not encrypted")]
    Open(SocketAddr),
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self::Unix(path))
            } else {
                Err(BadAddress::Form(text.to_owned()))
            };
        }
        let address: SocketAddr = text
            .parse()
            .map_err(|_| BadAddress::Form(text.to_owned()))?;
        if address.ip().is_loopback() {
            Ok(Self::Loopback(address))
        } else {
            Err(BadAddress::Open(address))
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Loopback(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address that is taken wrongly sends code, in clear, to a stranger.
    #[test]
    fn addresses_are_read_and_strangers_refused() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let read = text.parse::<Address>();
            let printed = read.map(|it| it.to_string()).map_err(|it| it.to_string());
            assert_eq!(printed.as_deref().map_err(String::as_str), expected);
        };
        check("unix:/run/runner.sock", Ok("unix:/run/runner.sock"));
        check("127.0.0.1:7000", Ok("127.0.0.1:7000"));
        check("[::1]:7000", Ok("[::1]:7000"));
        let neither = "is neither unix:/absolute/path nor 127.0.0.1:port";
        check(
            "unix:runner.sock",
            Err(&format!("\"unix:runner.sock\" {neither}")),
        );
        check(
            "localhost:7000",
            Err(&format!("\"localhost:7000\" {neither}")),
        );
        check(
            "192.0.2.1:7000",
            Err("192.0.2.1:7000 is not on the loopback interface, and TCP is not encrypted"),
        );
    }
}
