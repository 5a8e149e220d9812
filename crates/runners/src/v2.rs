//! Version 2 of the contract, served.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::line::Line;
use crate::proto::v2::runner_server::Runner;
use crate::proto::v2::{
    CancelReply, CancelRequest, CheckReply, CheckRequest, DescribeReply, DescribeRequest,
    FromRunner, ToRunner, from_runner, to_runner,
};
use crate::wire::BadMessage;
use crate::{Call, Code, Engine, Failure, FailureKind, Finished, Outside, Preparation, Usage};

/// Messages that wait for a slow client before the code does.
const MESSAGES_MAX: usize = 64;

/// The calls that run, by their ids.
type Calls = Arc<Mutex<HashMap<String, Arc<Notify>>>>;

/// An engine that serves version 2.
pub(crate) struct Service {
    engine: Arc<dyn Engine>,
    calls: Calls,
}

type Answers = ReceiverStream<Result<FromRunner, Status>>;

impl Service {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            calls: Calls::default(),
        }
    }

    /// Runs `work` with a line to the client, and ends it when somebody cancels, when the client
    /// goes away or breaks the contract.
    fn begin<Work>(
        &self,
        id: String,
        from_client: Streaming<ToRunner>,
        work: impl FnOnce(Arc<dyn Outside>) -> Work + Send + 'static,
    ) -> Result<Response<Answers>, Status>
    where
        Work: Future<Output = Finished> + Send,
    {
        let place = Place::take(&self.calls, id)?;
        let (to_client, answers) = mpsc::channel(MESSAGES_MAX);
        let line = Arc::new(Line::new(to_client.clone()));
        tokio::spawn(async move {
            let work = work(line.clone());
            let ended = tokio::select! {
                finished = work => Ok(finished),
                () = place.cancelled.notified() => Ok(cancelled()),
                status = line.listen(from_client) => Err(status),
                () = to_client.closed() => return,
            };
            drop(place);
            match ended {
                Ok(finished) => {
                    let last = from_runner::Message::Finished(finished.into());
                    line.say(last).await;
                }
                // Whoever broke the contract may be gone as well.
                Err(status) => drop(to_client.send(Err(status)).await),
            }
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}

/// A call's place among those that run.
struct Place {
    calls: Calls,
    id: String,
    cancelled: Arc<Notify>,
}

impl Place {
    fn take(calls: &Calls, id: String) -> Result<Self, Status> {
        let cancelled = Arc::new(Notify::new());
        let mut running = calls.lock();
        if running.contains_key(&id) {
            return Err(Status::already_exists(format!("id: a call {id} runs")));
        }
        running.insert(id.clone(), cancelled.clone());
        Ok(Self {
            calls: calls.clone(),
            id,
            cancelled,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.calls.lock().remove(&self.id);
    }
}

fn cancelled() -> Finished {
    Finished {
        outcome: Err(Failure {
            kind: FailureKind::Cancelled,
            message: "the call was cancelled".into(),
            traceback: String::new(),
        }),
        usage: Usage::default(),
    }
}

async fn first(from_client: &mut Streaming<ToRunner>) -> Result<to_runner::Message, Status> {
    let first = from_client.message().await?.and_then(|it| it.message);
    first.ok_or_else(|| Status::invalid_argument("message: nothing was asked"))
}

fn invalid(error: &BadMessage) -> Status {
    Status::invalid_argument(error.to_string())
}

#[tonic::async_trait]
impl Runner for Service {
    type ExecuteStream = Answers;
    type PrepareStream = Answers;

    async fn execute(
        &self,
        request: Request<Streaming<ToRunner>>,
    ) -> Result<Response<Answers>, Status> {
        let mut from_client = request.into_inner();
        let to_runner::Message::Call(call) = first(&mut from_client).await? else {
            return Err(Status::invalid_argument("message: the first is no call"));
        };
        let call = Call::try_from(call).map_err(|error| invalid(&error))?;
        let engine = self.engine.clone();
        self.begin(call.id.clone(), from_client, move |outside| async move {
            engine.execute(call, outside).await
        })
    }

    async fn prepare(
        &self,
        request: Request<Streaming<ToRunner>>,
    ) -> Result<Response<Answers>, Status> {
        let mut from_client = request.into_inner();
        let to_runner::Message::Preparation(asked) = first(&mut from_client).await? else {
            let why = "message: the first is no preparation";
            return Err(Status::invalid_argument(why));
        };
        let asked = Preparation::try_from(asked).map_err(|error| invalid(&error))?;
        let engine = self.engine.clone();
        self.begin(asked.id.clone(), from_client, move |outside| async move {
            engine.prepare(asked, outside).await
        })
    }

    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckReply>, Status> {
        let code = request.into_inner().code;
        let code = code.ok_or_else(|| Status::invalid_argument("code: is missing"))?;
        let code = Code::try_from(code).map_err(|error| invalid(&error))?;
        let problems = self.engine.check(code).await;
        Ok(Response::new(CheckReply {
            problems: problems.into_iter().map(Into::into).collect(),
        }))
    }

    async fn cancel(
        &self,
        request: Request<CancelRequest>,
    ) -> Result<Response<CancelReply>, Status> {
        let running = self.calls.lock().get(&request.get_ref().id).cloned();
        if let Some(cancelled) = &running {
            // Kept for a call that is not yet waiting for it.
            cancelled.notify_one();
        }
        Ok(Response::new(CancelReply {
            found: running.is_some(),
        }))
    }

    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeReply>, Status> {
        Ok(Response::new(self.engine.describe().into()))
    }
}
