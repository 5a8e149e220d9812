//! Mail by SMTP (RFC 5321): submission to one server, encrypted unless that is this machine.
//!
//! Knows neither who the letters are from nor what to do with one that was refused.

mod letter;
mod words;

use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{PoolConfig, response::Response};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

pub use letter::{Letter, Sender, is_address};

/// Connections to the server that are held at once, at most.
const CONNECTIONS_MAX: u32 = 4;
/// A connection that was idle for so long is closed; servers are less patient than they promise.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// In the clear at first, then STARTTLS (RFC 3207), or nothing at all is sent. Port 587.
    StartTls,
    /// TLS from the first byte (RFC 8314). Port 465.
    Tls,
    /// Never encrypted: only to this machine.
    None,
}

/// Which server, and how to reach it.
#[derive(Clone)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// User and password, if the server wants them.
    pub credentials: Option<(String, String)>,
    /// Certificates (PEM) of those who may vouch for the server, instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Longest silence of the server. Default of the binary: 30 s.
    pub silence: Duration,
    /// How we introduce ourselves; default: the machine's name.
    pub hello: Option<String>,
}

/// Why no way to a mail server could be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Passwords and letters would travel in the clear.
    #[error("without encryption only this machine is spoken to, and {0} is another")]
    InTheClear(String),
    /// No certificate in the file.
    #[error("there is no certificate (PEM) that could be read")]
    Certificates(#[source] Option<lettre::transport::smtp::Error>),
    /// The TLS library refused.
    #[error("TLS could not be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// What the server did with a letter. All words are its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It took it (2xx).
    Taken(String),
    /// It did not answer, or not now (4xx), or does not know us: another time may do.
    NotNow(String),
    /// It will never take it (5xx).
    Refused(String),
}

/// A way to one mail server. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    whole: Duration,
}

impl Smtp {
    /// Sets the way up; nothing is connected yet. Call it on a Tokio runtime.
    pub fn new(server: &Server) -> Result<Self, SetupError> {
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone())
                .port(server.port)
                .tls(tls(server)?)
                .timeout(Some(server.silence))
                .pool_config(
                    PoolConfig::new()
                        .max_size(CONNECTIONS_MAX)
                        .idle_timeout(IDLE_MAX),
                );
        let transport = match &server.hello {
            Some(name) => transport.hello_name(ClientId::Domain(name.clone())),
            None => transport,
        };
        let transport = match &server.credentials {
            Some((user, password)) => {
                transport.credentials(Credentials::new(user.clone(), password.clone()))
            }
            None => transport,
        };
        Ok(Self {
            transport: transport.build(),
            // A letter is a handful of exchanges, each as slow as the server may be.
            whole: server.silence * 2,
        })
    }

    /// Hands one letter to the server.
    pub async fn send(&self, letter: &Letter<'_>) -> Sent {
        let message = match letter.message() {
            Ok(message) => message,
            Err(why) => return Sent::Refused(why),
        };
        tracing::debug!(id = letter.id, "a letter goes out");
        match tokio::time::timeout(self.whole, self.transport.send(message)).await {
            Ok(Ok(answer)) => Sent::Taken(said(&answer)),
            Ok(Err(error)) => words::outcome(&error),
            Err(_) => Sent::NotNow("the mail server took too long".into()),
        }
    }

    /// Whether the server answers, encrypts and knows us; no letter is sent. `Err` is why not.
    pub async fn check(&self) -> Result<(), String> {
        match tokio::time::timeout(self.whole, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server hung up".into()),
            Ok(Err(error)) => Err(words::chain(&error)),
            Err(_) => Err("the mail server took too long".into()),
        }
    }
}

/// The code and the words of an answer.
fn said(answer: &Response) -> String {
    let lines: Vec<&str> = answer.message().collect();
    words::clean(&format!("{} {}", answer.code(), lines.join(" ")))
}

fn tls(server: &Server) -> Result<Tls, SetupError> {
    if server.security == Security::None {
        if !is_this_machine(&server.host) {
            return Err(SetupError::InTheClear(server.host.clone()));
        }
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.ca_pem {
        parameters = parameters.certificate_store(CertificateStore::None);
        let mut found = 0;
        for certificate in certificates(pem) {
            let certificate = Certificate::from_pem(certificate.as_bytes());
            let certificate = certificate.map_err(|why| SetupError::Certificates(Some(why)))?;
            parameters = parameters.add_root_certificate(certificate);
            found += 1;
        }
        if found == 0 {
            return Err(SetupError::Certificates(None));
        }
    }
    let parameters = parameters.build_rustls().map_err(SetupError::Tls)?;
    Ok(match server.security {
        Security::Tls => Tls::Wrapper(parameters),
        Security::StartTls | Security::None => Tls::Required(parameters),
    })
}

/// The certificates of a PEM file, each on its own.
fn certificates(pem: &[u8]) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    text.split_inclusive(END)
        .filter(|piece| piece.contains("-----BEGIN CERTIFICATE-----"))
        .map(|piece| format!("{}\n", piece.trim()))
        .collect()
}

/// Whether a name or address cannot leave this machine.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, security: Security, ca: Option<&str>) -> Server {
        Server {
            host: host.into(),
            port: 25,
            security,
            credentials: Some(("user".into(), "password".into())),
            ca_pem: ca.map(|pem| pem.as_bytes().to_vec()),
            silence: Duration::from_secs(5),
            hello: None,
        }
    }

    // A typing mistake in the settings must not send passwords in the clear.
    #[tokio::test]
    async fn only_this_machine_is_spoken_to_in_the_clear() {
        for host in ["localhost", "127.0.0.1", "127.3.2.1", "::1", "[::1]"] {
            assert!(Smtp::new(&server(host, Security::None, None)).is_ok());
        }
        for host in ["mail.example.org", "localhost.example.org", "10.0.0.1"] {
            let made = Smtp::new(&server(host, Security::None, None)).err();
            assert!(matches!(made, Some(SetupError::InTheClear(_))), "{host}");
            assert!(Smtp::new(&server(host, Security::StartTls, None)).is_ok());
        }
        let empty = Smtp::new(&server("mail.example.org", Security::Tls, Some("nothing")));
        assert!(matches!(empty.err(), Some(SetupError::Certificates(None))));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let broken = Smtp::new(&server("mail.example.org", Security::Tls, Some(broken)));
        assert!(broken.is_err());
    }
}
