//! From settings to transports: mail by SMTP, short messages and push by HTTP, all through egress.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use egress::mail::{Letter, Security, Sender, Sent, Server, Smtp};
use egress::{Egress, Limits, Method};
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
    egress: Egress,
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
    let limits = Limits {
        whole: GATEWAY_TIME_MAX,
        body_bytes_max: ANSWER_BYTES_MAX,
        ..Limits::default()
    };
    let egress = Egress::new(limits)?;
    Ok(Some(Arc::new(Gateway { template, egress })))
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
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = match self
            .egress
            .send(method, &url, &headers, request.body.into())
            .await
        {
            Ok(answer) => answer,
            // The error names the address, which may hold the message and the secret.
            Err(_) => return Delivery::NotNow("the provider did not answer".into()),
        };
        let status = answer.status;
        let body = answer.body.text().await.unwrap_or_default();
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
