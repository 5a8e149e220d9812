//! `indelible mail test ADDRESS`: one letter at once, and what the mail server says of it.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use base::{Clock as _, Entropy as _, SystemClock, SystemEntropy};
use notify::letters::{House, Letter as _, Test};
use notify::{Address, Delivery, Envelope, Notice, NoticeId, State, Transport as _};
use serde_json::json;

use crate::Usage;
use crate::carriers::Carrier;
use crate::cli::{MailAction, MailCommand};
use crate::config::Config;
use crate::say::Say;

/// Sends the test letter, past the queue.
pub(crate) async fn run(asked: &MailCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let MailAction::Test = asked.action;
    let to = Address::mail(&asked.address);
    let to = to.with_context(|| format!("{:?}", asked.address));
    let to = to.map_err(Usage::of)?;
    let Some(carrier) = Carrier::of(&config.mail)? else {
        bail!("no mail server is set: give [mail] host and from; until then letters are kept");
    };
    let now = SystemClock.now();
    let message = Test { at: now }.to(to, &house(config), now);
    let mut key = [0; 16];
    SystemEntropy.fill(&mut key);
    let notice = Notice {
        envelope: Envelope {
            id: NoticeId(0),
            to: message.to,
            subject: message.subject,
            about: message.about.to_owned(),
            state: State::Waiting,
            attempts: 0,
            answer: None,
            created: now,
            changed: now,
            expires: now,
        },
        key,
        text: message.text,
        html: message.html,
    };
    let (outcome, words) = match carrier.deliver(&notice).await {
        Delivery::Taken(words) => ("taken", words),
        Delivery::NotNow(words) => ("not-now", words),
        Delivery::Refused(words) => ("refused", words),
    };
    let to = notice.envelope.to.as_str();
    let says = match outcome {
        "taken" => format!("the mail server took a letter to {to}: {words}"),
        "not-now" => format!("the mail server did not take it, but may later: {words}"),
        _ => format!("the mail server refused it: {words}"),
    };
    Say::new(asked.json).event(
        &says,
        &json!({"to": to, "outcome": outcome, "answer": words}),
    );
    Ok(ExitCode::from(u8::from(outcome != "taken")))
}

/// Who writes, before the log's own name is known.
fn house(config: &Config) -> House {
    let url = match &config.web.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", config.web.listen),
    };
    let name = config.log.authority.clone();
    let host = config.web.public_url.as_ref();
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    House {
        name: name.or(host).unwrap_or_else(|| "Indelible".into()),
        url,
    }
}
