//! Errors and panics to a tracker that speaks Sentry's protocol: scrubbed, and through egress.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use egress::guard::{Guard, Policy, Request, World, header};
use egress::{Limits, Method};
use sentry::types::Dsn;
use sentry::{ClientInitGuard, ClientOptions, Envelope, Transport};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, Registry};
use url::Url;

use super::scrub::scrubbed;
use crate::config::Sentry;

/// Reports that wait to be sent; more are dropped: a flood of errors must not fill memory.
const WAITING_MAX: usize = 64;
/// Longest time for one report, and for the last ones when the process stops.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Most bytes of the tracker's answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long nothing is sent after the tracker said that it is too much, unless it says itself.
const QUIET: Duration = Duration::from_mins(1);

/// Reports panics from now on; `None` where no tracker is named. Dropping it sends the last reports.
pub(super) fn client(settings: &Sentry) -> anyhow::Result<Option<ClientInitGuard>> {
    let Some(path) = &settings.dsn_file else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("[sentry] dsn_file: {}", path.display()))?;
    let dsn: Dsn = text
        .trim()
        .parse()
        .context("[sentry] dsn_file holds no DSN, such as https://key@host/1")?;
    let options = ClientOptions::new()
        .dsn(text.trim())
        .release(concat!("indelible@", env!("CARGO_PKG_VERSION")))
        .environment(settings.environment.clone())
        .send_default_pii(false)
        .max_breadcrumbs(0)
        .attach_stacktrace(true)
        .before_send(|event| Some(scrubbed(event)))
        .shutdown_timeout(TIME_MAX)
        .transport(move |_: &ClientOptions| Arc::new(ByEgress::to(&dsn)) as Arc<dyn Transport>);
    Ok(Some(sentry::init(options)))
}

/// Reports events of the level error.
pub(super) fn layer() -> Box<dyn Layer<Registry> + Send + Sync> {
    sentry::integrations::tracing::ErrorLayer::new()
        .with_filter(LevelFilter::ERROR)
        .boxed()
}

enum Work {
    Report(Vec<u8>),
    /// Answered once everything before it is gone.
    Flush(SyncSender<()>),
}

/// Carries reports out. A thread of its own: a panic may have taken the runtime with it.
struct ByEgress(SyncSender<Work>);

impl ByEgress {
    fn to(dsn: &Dsn) -> Self {
        let (sender, work) = sync_channel(WAITING_MAX);
        let url = dsn.envelope_api_url();
        let auth = dsn.to_auth(Some(concat!("indelible/", env!("CARGO_PKG_VERSION"))));
        let auth = auth.to_string();
        let started = std::thread::Builder::new()
            .name("error-reports".into())
            .spawn(move || carry(&work, &url, &auth));
        if let Err(error) = started {
            tracing::warn!(%error, "errors are not reported");
        }
        Self(sender)
    }
}

impl Transport for ByEgress {
    fn send_envelope(&self, envelope: Envelope) {
        let mut report = Vec::new();
        if envelope.to_writer(&mut report).is_ok() {
            // Full: the first errors of a flood say what is wrong.
            let _ = self.0.try_send(Work::Report(report));
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        let (done, gone) = sync_channel(1);
        self.0.try_send(Work::Flush(done)).is_ok() && gone.recv_timeout(timeout).is_ok()
    }
}

fn carry(work: &Receiver<Work>, url: &Url, auth: &str) {
    let policy = Policy {
        redirects_max: 0,
        limits: Limits {
            whole: TIME_MAX,
            body_bytes_max: ANSWER_BYTES_MAX,
            ..Limits::default()
        },
        ..Policy::configured(url)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (Ok(runtime), Ok(guard)) = (runtime, Guard::new(policy, World::default())) else {
        tracing::warn!("errors are not reported: no way out could be set up");
        return;
    };
    let mut quiet_until = None;
    while let Ok(work) = work.recv() {
        let report = match work {
            Work::Report(report) => report,
            Work::Flush(done) => {
                let _ = done.send(());
                continue;
            }
        };
        if quiet_until.is_some_and(|until| Instant::now() < until) {
            continue;
        }
        let headers = [
            ("content-type", "application/x-sentry-envelope"),
            ("x-sentry-auth", auth),
        ];
        let headers = headers.iter();
        let asked = Request {
            method: Method::POST,
            url: url.clone(),
            headers: headers
                .filter_map(|(name, value)| header(name, value))
                .collect(),
            body: report.into(),
        };
        let sent = runtime.block_on(guard.ask(asked));
        // Told at a level that is not reported itself.
        match sent {
            Ok(answer) if answer.status.as_u16() == 429 => {
                let wait = answer.retry_after().unwrap_or(QUIET);
                tracing::warn!(
                    wait_s = wait.as_secs(),
                    "the error tracker wants fewer reports"
                );
                quiet_until = Some(Instant::now() + wait);
            }
            Ok(answer) if !answer.status.is_success() => {
                tracing::warn!(status = %answer.status, "the error tracker refused a report");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "an error could not be reported"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use sentry::protocol::EnvelopeItem;
    use tokio::sync::mpsc;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    type Got = (HeaderMap, Bytes);

    /// An error tracker that keeps what it is given.
    async fn tracker() -> (String, mpsc::UnboundedReceiver<Got>) {
        let (tell, got) = mpsc::unbounded_channel();
        let take = async |State(tell): State<mpsc::UnboundedSender<Got>>,
                          headers: HeaderMap,
                          body: Bytes| { tell.send((headers, body)).unwrap() };
        let app = Router::new()
            .route("/api/7/envelope/", post(take))
            .with_state(tell);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        (format!("http://publickey@{address}/7\n"), got)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn errors_and_panics_are_reported_without_secrets() {
        let (dsn, mut got) = tracker().await;
        let folder = tempfile::tempdir().unwrap();
        let dsn_file = folder.path().join("dsn");
        std::fs::write(&dsn_file, dsn).unwrap();
        let settings = Sentry {
            dsn_file: Some(dsn_file),
            environment: "testing".into(),
        };
        let reporting = client(&settings).unwrap().unwrap();
        let subscriber = tracing_subscriber::registry().with(layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!("not reported");
            tracing::error!(
                email = "ada@example.org",
                cause = "203.0.113.9 hung up",
                "a request of ada@example.org failed"
            );
        });
        let panicked = std::thread::spawn(|| panic!("a panic with token indl_1_0123456789abcdef"));
        assert!(panicked.join().is_err());
        // What was handed in is gone before the process ends.
        tokio::task::spawn_blocking(move || drop(reporting))
            .await
            .unwrap();

        let mut reports = Vec::new();
        while let Ok((headers, body)) = got.try_recv() {
            let auth = headers["x-sentry-auth"].to_str().unwrap();
            assert!(auth.contains("sentry_key=publickey"), "{auth}");
            let text = String::from_utf8(body.to_vec()).unwrap();
            for secret in ["ada@", "203.0.113.9", "0123456789abcdef", "publickey@"] {
                let told = text.lines().skip(1).any(|line| line.contains(secret));
                assert!(!told, "{secret} in {text}");
            }
            let envelope = Envelope::from_slice(&body).unwrap();
            for item in envelope.items() {
                if let EnvelopeItem::Event(event) = item {
                    reports.push(event.clone());
                }
            }
        }
        assert_eq!(reports.len(), 2, "{reports:#?}");
        let (error, panic) = (&reports[0], &reports[1]);
        assert_eq!(
            error.message.as_deref(),
            Some("a request of [removed] failed")
        );
        assert_eq!(error.environment.as_deref(), Some("testing"));
        let release = concat!("indelible@", env!("CARGO_PKG_VERSION"));
        assert_eq!(error.release.as_deref(), Some(release));
        let exception = &panic.exception.values[0];
        assert_eq!(exception.ty, "panic");
        assert_eq!(
            exception.value.as_deref(),
            Some("a panic with token [removed]")
        );
        assert!(exception.stacktrace.is_some() || panic.stacktrace.is_some());
    }
}
