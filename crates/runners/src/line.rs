//! The outside of a call, as a runner's engine sees it: the line to whoever asked for the call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tonic::{Status, Streaming};

use crate::proto::v2::{FromRunner, ToRunner, from_runner, to_runner};
use crate::wire::{self, BadMessage};
use crate::{HttpAnswer, HttpRequest, LogLine, Outside, Refused};

type Waiting = HashMap<u32, oneshot::Sender<Result<HttpAnswer, Refused>>>;

/// The line to whoever asked for a call.
pub(crate) struct Line {
    to_client: mpsc::Sender<Result<FromRunner, Status>>,
    next: AtomicU32,
    /// Requests without an answer yet; none once the client answers no more.
    waiting: Mutex<Option<Waiting>>,
}

impl Line {
    pub(crate) fn new(to_client: mpsc::Sender<Result<FromRunner, Status>>) -> Self {
        Self {
            to_client,
            next: AtomicU32::new(1),
            waiting: Mutex::new(Some(HashMap::new())),
        }
    }

    /// Says something to the client. One that is gone hears nothing, and the call is about to be
    /// ended for it.
    pub(crate) async fn say(&self, message: from_runner::Message) {
        let message = FromRunner {
            message: Some(message),
        };
        let _ = self.to_client.send(Ok(message)).await;
    }

    /// Brings answers to who waits for them, until the client breaks the contract. One that merely
    /// stops sending answers no more, but may still listen.
    pub(crate) async fn listen(&self, mut from_client: Streaming<ToRunner>) -> Status {
        loop {
            let heard = match from_client.message().await {
                Ok(Some(message)) => self.hear(message),
                Ok(None) => {
                    *self.waiting.lock() = None;
                    std::future::pending().await
                }
                Err(status) => return status,
            };
            if let Err(error) = heard {
                return Status::invalid_argument(error.to_string());
            }
        }
    }

    fn hear(&self, message: ToRunner) -> Result<(), BadMessage> {
        let Some(to_runner::Message::Response(response)) = message.message else {
            return Err(BadMessage::second_beginning());
        };
        let waiting = self
            .waiting
            .lock()
            .as_mut()
            .and_then(|it| it.remove(&response.id));
        let outcome = wire::outcome(response)?;
        // Nobody waits when the code gave up, or for an answer that comes twice.
        if let Some(waiting) = waiting {
            let _ = waiting.send(outcome);
        }
        Ok(())
    }
}

#[async_trait]
impl Outside for Line {
    async fn log(&self, line: LogLine) {
        self.say(from_runner::Message::Log(line.into())).await;
    }

    async fn partial(&self, json: String) {
        self.say(from_runner::Message::Partial(json)).await;
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpAnswer, Refused> {
        let gone = || Refused("nobody answers requests any more".into());
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        match self.waiting.lock().as_mut() {
            Some(waiting) => waiting.insert(id, answer),
            None => return Err(gone()),
        };
        let request = wire::request(id, request);
        self.say(from_runner::Message::Request(request)).await;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}
