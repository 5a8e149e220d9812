//! Version 1 of the contract, served for the clients of the third seed.
//!
//! Code is kept in memory by source, until the runner ends: that is what version 1 promises. It
//! has no log and no way out, so lines are dropped and requests refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::RwLock;
use tonic::{Request, Response, Status};

use crate::proto::v1::runner_server::Runner;
use crate::proto::v1::{
    BackgroundTaskRequest, DeleteRequest, Empty, FetchDataReply, FetchDataRequest, InitRequest,
    UpdateRequest,
};
use crate::{
    Call, Code, Engine, Failure, FailureKind, HttpAnswer, HttpRequest, Limits, LogLine, Outside,
    Refused, Work,
};

/// An engine that serves version 1.
pub(crate) struct Service {
    engine: Arc<dyn Engine>,
    sources: RwLock<HashMap<String, Code>>,
    calls: AtomicU64,
}

impl Service {
    pub(crate) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            sources: RwLock::default(),
            calls: AtomicU64::new(0),
        }
    }

    async fn run(&self, source: &str, work: Work) -> Result<String, Status> {
        let code = self.sources.read().get(source).cloned();
        let code = code.ok_or_else(|| Status::not_found(format!("no source is {source:?}")))?;
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let call = Call {
            id: format!("v1-{number}"),
            code,
            work,
            limits: Limits::USUAL,
            environment: None,
            secrets: Vec::new(),
        };
        let finished = self.engine.execute(call, Arc::new(Nowhere)).await;
        finished.outcome.map_err(|failure| status(&failure))
    }
}

/// What is outside of a call of version 1.
struct Nowhere;

#[async_trait]
impl Outside for Nowhere {
    async fn log(&self, _: LogLine) {}

    async fn partial(&self, _: String) {}

    async fn fetch(&self, _: HttpRequest) -> Result<HttpAnswer, Refused> {
        let why = "who called speaks version 1 of the contract, which has no way out";
        Err(Refused(why.into()))
    }
}

fn status(failure: &Failure) -> Status {
    let text = match failure.traceback.as_str() {
        "" => failure.message.clone(),
        traceback => format!("{}\n{traceback}", failure.message),
    };
    match failure.kind {
        FailureKind::Code => Status::unknown(text),
        FailureKind::Wall | FailureKind::Cpu => Status::deadline_exceeded(text),
        FailureKind::Memory | FailureKind::Output => Status::resource_exhausted(text),
        FailureKind::Cancelled => Status::cancelled(text),
        FailureKind::Refused => Status::failed_precondition(text),
        FailureKind::Broken => Status::internal(text),
    }
}

#[tonic::async_trait]
impl Runner for Service {
    async fn fetch_data(
        &self,
        request: Request<FetchDataRequest>,
    ) -> Result<Response<FetchDataReply>, Status> {
        let FetchDataRequest { indicator, source } = request.into_inner();
        let indicator =
            indicator.ok_or_else(|| Status::invalid_argument("indicator: is missing"))?;
        let work = Work::FetchData {
            data: indicator.data,
            kind: indicator.kind,
        };
        let data = self.run(&source, work).await?;
        Ok(Response::new(FetchDataReply { data }))
    }

    async fn background_task(
        &self,
        request: Request<BackgroundTaskRequest>,
    ) -> Result<Response<Empty>, Status> {
        self.run(&request.get_ref().source, Work::BackgroundTask)
            .await?;
        Ok(Response::new(Empty {}))
    }

    async fn update(&self, request: Request<UpdateRequest>) -> Result<Response<Empty>, Status> {
        let UpdateRequest {
            source,
            source_code,
        } = request.into_inner();
        self.sources.write().insert(source, Code::new(source_code));
        Ok(Response::new(Empty {}))
    }

    async fn delete(&self, request: Request<DeleteRequest>) -> Result<Response<Empty>, Status> {
        self.sources.write().remove(&request.get_ref().source);
        Ok(Response::new(Empty {}))
    }

    async fn init(&self, request: Request<InitRequest>) -> Result<Response<Empty>, Status> {
        let updates = request.into_inner().updates.into_iter();
        let sources = updates.map(|it| (it.source, Code::new(it.source_code)));
        *self.sources.write() = sources.collect();
        Ok(Response::new(Empty {}))
    }
}
