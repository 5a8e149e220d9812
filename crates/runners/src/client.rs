//! The server's end: asks a runner to run code, and answers what the code asks meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code as Grpc, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::proto::v2::runner_client::RunnerClient;
use crate::proto::v2::{
    CancelRequest, CheckRequest, DescribeRequest, FromRunner, ToRunner, from_runner, to_runner,
};
use crate::wire;
use crate::{
    Address, Call, Code, Description, Finished, Limits, MESSAGE_BYTES_MAX, Outside, Preparation,
    Problem,
};

/// How long connecting may take, and a question that runs no code.
const QUESTION: Duration = Duration::from_secs(5);

/// How much longer than its own time a call is waited for, before the runner is taken for hung.
const GRACE: Duration = Duration::from_secs(5);

/// Requests of one call that are under way at the same time; further ones wait.
const REQUESTS_AT_ONCE: usize = 16;

/// A runner, as the server sees it. Connects when it is first asked, and again when it must.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
}

/// Why a runner did not answer. That code failed is an answer: see [`Finished`].
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// It is not there, or went away; another runner may be asked.
    #[error("the runner is gone: {0}")]
    Gone(String),
    /// It was there, and was not done long after it should have been.
    #[error("the runner hangs")]
    Hangs,
    /// It does not take the question, or its answer is none: a bug, on one of the two ends.
    #[error("the runner and we disagree: {0}")]
    Disagrees(String),
}

impl From<Status> for Unanswered {
    fn from(status: Status) -> Self {
        let text = || format!("{}: {}", status.code().description(), status.message());
        match status.code() {
            Grpc::Unavailable | Grpc::Cancelled | Grpc::Unknown | Grpc::Aborted => {
                Self::Gone(text())
            }
            Grpc::DeadlineExceeded => Self::Hangs,
            _ => Self::Disagrees(text()),
        }
    }
}

impl Client {
    /// A runner at an address, which need not be there yet. Belongs in a Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be written as one of gRPC's: a path that is not UTF-8.
    pub fn new(address: &Address) -> Result<Self, Unanswered> {
        let uri = match address {
            Address::Unix(path) => {
                let path = path.to_str();
                let not_text = || Unanswered::Disagrees("a path that is not UTF-8".into());
                format!("unix://{}", path.ok_or_else(not_text)?)
            }
            Address::Loopback(address) => format!("http://{address}"),
        };
        let endpoint = Endpoint::try_from(uri)
            .map_err(|error| Unanswered::Disagrees(error.to_string()))?
            .connect_timeout(QUESTION);
        Ok(Self {
            channel: endpoint.connect_lazy(),
        })
    }

    fn runner(&self) -> RunnerClient<Channel> {
        RunnerClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// Whether it says that it serves.
    ///
    /// # Errors
    /// When it says nothing.
    pub async fn serves(&self) -> Result<bool, Unanswered> {
        let mut health = HealthClient::new(self.channel.clone());
        let question = HealthCheckRequest {
            service: "runner.v2.Runner".into(),
        };
        let answer = in_time(QUESTION, health.check(question)).await?;
        Ok(answer.into_inner().status() == ServingStatus::Serving)
    }

    /// What it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn describe(&self) -> Result<Description, Unanswered> {
        let mut runner = self.runner();
        let answer = in_time(QUESTION, runner.describe(DescribeRequest {})).await?;
        Ok(answer.into_inner().into())
    }

    /// What is wrong with code; nothing is run.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn check(&self, code: &Code) -> Result<Vec<Problem>, Unanswered> {
        let mut runner = self.runner();
        let question = CheckRequest {
            code: Some(code.into()),
        };
        let answer = in_time(QUESTION, runner.check(question)).await?;
        let problems = answer.into_inner().problems;
        Ok(problems.into_iter().map(Into::into).collect())
    }

    /// Ends a call that somebody began; false when it has no such call.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn cancel(&self, id: &str) -> Result<bool, Unanswered> {
        let mut runner = self.runner();
        let question = CancelRequest { id: id.to_owned() };
        let answer = in_time(QUESTION, runner.cancel(question)).await?;
        Ok(answer.into_inner().found)
    }

    /// Runs a call to its end. Dropping the future cancels it.
    ///
    /// # Errors
    /// When there is no end that the runner told.
    pub async fn execute(
        &self,
        call: &Call,
        outside: Arc<dyn Outside>,
    ) -> Result<Finished, Unanswered> {
        let (to_runner, stream) = beginning(to_runner::Message::Call(call.into())).await;
        let mut runner = self.runner();
        let exchange = async {
            let answers = runner.execute(stream).await?.into_inner();
            converse(answers, to_runner, outside).await
        };
        within(call.limits, exchange).await
    }

    /// Makes an environment ready. Dropping the future cancels that.
    ///
    /// # Errors
    /// When there is no end that the runner told.
    pub async fn prepare(
        &self,
        preparation: &Preparation,
        outside: Arc<dyn Outside>,
    ) -> Result<Finished, Unanswered> {
        let first = to_runner::Message::Preparation(preparation.into());
        let (to_runner, stream) = beginning(first).await;
        let mut runner = self.runner();
        let exchange = async {
            let answers = runner.prepare(stream).await?.into_inner();
            converse(answers, to_runner, outside).await
        };
        within(preparation.limits, exchange).await
    }
}

type ToRunnerSender = mpsc::Sender<ToRunner>;

/// A stream to the runner, with its first message in it.
async fn beginning(first: to_runner::Message) -> (ToRunnerSender, ReceiverStream<ToRunner>) {
    let (to_runner, stream) = mpsc::channel(REQUESTS_AT_ONCE);
    let first = ToRunner {
        message: Some(first),
    };
    // There is room, and the other end is in our hands.
    let _ = to_runner.send(first).await;
    (to_runner, ReceiverStream::new(stream))
}

/// Hears what the code says and answers what it asks, until the end.
async fn converse(
    mut answers: Streaming<FromRunner>,
    to_runner: ToRunnerSender,
    outside: Arc<dyn Outside>,
) -> Result<Finished, Unanswered> {
    let disagrees = |error: wire::BadMessage| Unanswered::Disagrees(error.to_string());
    // Those that are left at the end are nobody's any more, and are dropped with it.
    let mut requests = JoinSet::new();
    while let Some(FromRunner { message }) = answers.message().await? {
        match message {
            Some(from_runner::Message::Log(line)) => outside.log(line.into()).await,
            Some(from_runner::Message::Partial(json)) => outside.partial(json).await,
            Some(from_runner::Message::Request(request)) => {
                if requests.len() >= REQUESTS_AT_ONCE {
                    requests.join_next().await;
                }
                let (outside, to_runner) = (outside.clone(), to_runner.clone());
                requests.spawn(async move {
                    let id = request.id;
                    let outcome = outside.fetch(request.into()).await;
                    let response = to_runner::Message::Response(wire::response(id, outcome));
                    let message = ToRunner {
                        message: Some(response),
                    };
                    // A runner that is gone tells so by the end of its answers.
                    let _ = to_runner.send(message).await;
                });
            }
            Some(from_runner::Message::Finished(finished)) => {
                return Finished::try_from(finished).map_err(disagrees);
            }
            // Newer than we are; what it says cannot matter to us.
            None => {}
        }
    }
    Err(Unanswered::Gone("it hung up in mid-call".into()))
}

async fn within(
    limits: Limits,
    exchange: impl Future<Output = Result<Finished, Unanswered>>,
) -> Result<Finished, Unanswered> {
    let longest = limits.wall.saturating_add(GRACE);
    tokio::time::timeout(longest, exchange)
        .await
        .unwrap_or(Err(Unanswered::Hangs))
}

async fn in_time<T>(
    longest: Duration,
    question: impl Future<Output = Result<T, Status>>,
) -> Result<T, Unanswered> {
    match tokio::time::timeout(longest, question).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Unanswered::Hangs),
    }
}
