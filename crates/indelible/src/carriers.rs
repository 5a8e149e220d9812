//! From settings to transports: mail by SMTP, short messages and push by HTTP, all through egress.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use egress::guard::{Guard, Policy, Request, World};
use egress::mail::{Letter, Security, Sender, Sent, Server, Smtp};
use egress::{Limits, Method};
use notify::gateway::Template;
use notify::{Delivery, Notice, Transport, Transports};

use crate::config::{Config, Mail, MailSecurity};

/// Longest answer of a gateway that is read, in bytes: only its beginning is told.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How much of it is told, in characters.
const TOLD_CHARS_MAX: usize = 300;
/// Longest time for one request to a gateway.
const GATEWAY_TIME_MAX: Duration = Duration::from_secs(30);

/// Every transport that the settings name.
pub(crate) fn transports(config: &Config) -> anyhow::Result<Transports> {
    let mail = Carrier::of(&config.mail)?;
    let sms = gateway("sms", config.sms.secret_file.as_deref(), |secret| {
        config.sms.template(secret)
    })?;
    let push = gateway("push", config.push.secret_file.as_deref(), |secret| {
        config.push.template(secret)
    })?;
    Ok(Transports {
        mail: mail.map(|carrier| Arc::new(carrier) as Arc<dyn Transport>),
        sms,
        push,
    })
}

/// Mail, from one sender by one server.
pub(crate) struct Carrier {
    smtp: Smtp,
    from: Sender,
}

impl Carrier {
    /// The way that the settings name; `None` where no server is set.
    pub(crate) fn of(mail: &Mail) -> anyhow::Result<Option<Self>> {
        let (Some(host), Some(from)) = (&mail.host, &mail.from) else {
            return Ok(None);
        };
        let credentials = match (&mail.user, &mail.password_file) {
            (Some(user), Some(path)) => Some((user.clone(), secret("[mail] password_file", path)?)),
            _ => None,
        };
        let ca_pem = match &mail.ca_file {
            Some(path) => Some(
                std::fs::read(path)
                    .with_context(|| format!("[mail] ca_file: {}", path.display()))?,
            ),
            None => None,
        };
        let smtp = Smtp::new(&Server {
            host: host.clone(),
            port: mail.port(),
            security: match mail.security {
                MailSecurity::Starttls => Security::StartTls,
                MailSecurity::Tls => Security::Tls,
                MailSecurity::None => Security::None,
            },
            credentials,
            ca_pem,
            silence: mail.timeout.0,
            hello: mail.hello.clone(),
        });
        Ok(Some(Self {
            smtp: smtp.context("[mail]")?,
            from: from.clone(),
        }))
    }

    /// Whether the server answers and knows us; `Err` is why not.
    pub(crate) async fn check(&self) -> Result<(), String> {
        self.smtp.check().await
    }
}

#[async_trait]
impl Transport for Carrier {
    async fn deliver(&self, notice: &Notice) -> Delivery {
        let envelope = &notice.envelope;
        let letter = Letter {
            from: &self.from,
            to: envelope.to.as_str(),
            subject: &envelope.subject,
            text: &notice.text,
            html: notice.html.as_deref(),
            id: &hex::encode(notice.key),
            at_us: envelope.created.0,
        };
        match self.smtp.send(&letter).await {
            Sent::Taken(words) => Delivery::Taken(words),
            Sent::NotNow(words) => Delivery::NotNow(words),
            Sent::Refused(words) => Delivery::Refused(words),
        }
    }
}

/// Messages, by one provider's HTTP.
struct Gateway {
    template: Template,
    guard: Guard,
}

fn gateway(
    section: &str,
    secret_file: Option<&Path>,
    template: impl FnOnce(Option<String>) -> Result<Option<Template>, notify::gateway::BadTemplate>,
) -> anyhow::Result<Option<Arc<dyn Transport>>> {
    let secret = secret_file.map(|path| secret(&format!("[{section}] secret_file"), path));
    let template = template(secret.transpose()?).with_context(|| format!("[{section}]"))?;
    let Some(template) = template else {
        return Ok(None);
    };
    // Its host has no gaps: see `BadTemplate::Url`.
    let place = template
        .url
        .parse()
        .with_context(|| format!("[{section}] url"))?;
    let policy = Policy {
        redirects_max: 0,
        limits: Limits {
            whole: GATEWAY_TIME_MAX,
            body_bytes_max: ANSWER_BYTES_MAX,
            ..Limits::default()
        },
        ..Policy::configured(&place)
    };
    let guard = Guard::new(policy, World::default())?;
    Ok(Some(Arc::new(Gateway { template, guard })))
}

#[async_trait]
impl Transport for Gateway {
    async fn deliver(&self, notice: &Notice) -> Delivery {
        let request = self.template.request(notice);
        let Ok(url) = request.url.parse() else {
            return Delivery::Refused("the address, once filled, is no address".into());
        };
        // Checked with the settings.
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::POST);
        let headers = request.headers.iter();
        let headers = headers.filter_map(|(name, value)| egress::guard::header(name, value));
        let asked = Request {
            method,
            url,
            headers: headers.collect(),
            body: request.body.into(),
        };
        let Ok(answer) = self.guard.ask(asked).await else {
            // The error names the address, which may hold the message and the secret.
            return Delivery::NotNow("the provider did not answer".into());
        };
        let status = answer.status;
        let body = String::from_utf8_lossy(&answer.body);
        let words = told(status.as_u16(), &body);
        match status.as_u16() {
            200..=299 => Delivery::Taken(words),
            // Not us, not now: redirects are not followed, a wrong secret an operator can mend, and
            // the rest passes.
            300..=399 | 401 | 403 | 407 | 408 | 425 | 429 | 500..=599 => Delivery::NotNow(words),
            _ => Delivery::Refused(words),
        }
    }
}

/// Status and beginning of an answer, on one line.
fn told(status: u16, body: &str) -> String {
    let mut words = format!("{status} ");
    let line = body.chars().map(|c| if c.is_control() { ' ' } else { c });
    words.extend(line.take(TOLD_CHARS_MAX));
    words.trim().to_owned()
}

/// What a file with a secret says, without the line break at its end.
fn secret(setting: &str, path: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{setting}: {}", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!text.is_empty(), "{setting}: {} is empty", path.display());
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::Router;
    use axum::extract::State as Shared;
    use axum::http::{HeaderMap, StatusCode, Uri};
    use axum::routing::any;
    use base::UnixMicros;
    use notify::gateway::header;
    use notify::{Address, Envelope, NoticeId, State};
    use tokio::sync::mpsc;

    use super::*;

    type Seen = (String, BTreeMap<String, String>, String);

    /// A provider that answers with the status that stands in the path, and tells what it saw.
    async fn provider() -> (String, mpsc::UnboundedReceiver<Seen>) {
        let (tell, seen) = mpsc::unbounded_channel();
        let answer = async |Shared(tell): Shared<mpsc::UnboundedSender<Seen>>,
                            uri: Uri,
                            headers: HeaderMap,
                            body: String| {
            let status: u16 = uri.path()[1..].parse().unwrap();
            let headers = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            let seen = (uri.to_string(), headers.collect(), body);
            tell.send(seen).unwrap();
            (StatusCode::from_u16(status).unwrap(), "so\nit\nis")
        };
        let app = Router::new().fallback(any(answer)).with_state(tell);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (base, seen)
    }

    fn notice(text: &str) -> Notice {
        Notice {
            envelope: Envelope {
                id: NoticeId(1),
                to: Address::phone("+49301234567").unwrap(),
                subject: String::new(),
                about: "test".into(),
                state: State::Waiting,
                attempts: 0,
                answer: None,
                created: UnixMicros(0),
                changed: UnixMicros(0),
                expires: UnixMicros(0),
            },
            key: [0xab; 16],
            text: text.into(),
            html: None,
        }
    }

    fn carrier(url: String) -> Arc<dyn Transport> {
        let template = move |secret| {
            let template = Template {
                method: "PUT".into(),
                url,
                headers: vec![header("Authorization: Bearer {secret}").unwrap()],
                body: "{\"to\":\"{to}\",\"body\":\"{text}\"}".into(),
                secret,
            };
            template.check().map(|()| Some(template))
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret\n").unwrap();
        gateway("sms", Some(&file), template).unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_message_is_carried_by_a_providers_own_request() {
        let (base, mut seen) = provider().await;
        let carrier = carrier(format!("{base}/202?id={{id}}"));
        let words = "Your code is \"1234\"\n& more";
        let delivery = carrier.deliver(&notice(words)).await;
        assert_eq!(delivery, Delivery::Taken("202 so it is".into()));
        let (uri, headers, body) = seen.recv().await.unwrap();
        assert_eq!(uri, format!("/202?id={}", "ab".repeat(16)));
        assert_eq!(headers["authorization"], "Bearer s3cret");
        assert_eq!(headers["content-type"], "application/json");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["to"], "+49301234567");
        assert_eq!(body["body"], words);
    }

    // A refusal must end, everything that may pass must not lose the message.
    #[tokio::test]
    async fn the_status_decides() {
        let (base, _seen) = provider().await;
        for (status, expected) in [
            (200, "taken"),
            (302, "not now"),
            (400, "refused"),
            (401, "not now"),
            (404, "refused"),
            (422, "refused"),
            (429, "not now"),
            (503, "not now"),
        ] {
            let delivery = carrier(format!("{base}/{status}"))
                .deliver(&notice("x"))
                .await;
            let (found, words) = match delivery {
                Delivery::Taken(words) => ("taken", words),
                Delivery::NotNow(words) => ("not now", words),
                Delivery::Refused(words) => ("refused", words),
            };
            assert_eq!(found, expected, "{status}");
            assert_eq!(words, format!("{status} so it is"));
        }
        let nobody = carrier("http://127.0.0.1:9/1".into());
        let delivery = nobody.deliver(&notice("x")).await;
        let expected = Delivery::NotNow("the provider did not answer".into());
        assert_eq!(delivery, expected, "the address holds secrets");
    }
}
