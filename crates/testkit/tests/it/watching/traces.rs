//! Traces, as a collector decodes them: whose child is whose, and what goes on elsewhere.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use egress::{Egress, Limits, Method};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use testkit::{Database, Dialect, Program};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A collector that keeps what it is given.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let service = TraceServiceServer::new(collector.clone());
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        (collector, url)
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.0.lock().unwrap();
        let resources = requests.iter().flat_map(|one| &one.resource_spans);
        let scopes = resources.flat_map(|one| &one.scope_spans);
        scopes.flat_map(|one| one.spans.clone()).collect()
    }

    /// What the exporting service says of itself.
    fn says(&self, key: &str) -> String {
        let requests = self.0.lock().unwrap();
        let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
        let found = resource.attributes.iter().find(|one| one.key == key);
        format!("{:?}", found.unwrap().value)
    }
}

/// A witness that takes one request, answers that it is busy, and tells the request's head.
async fn busy_witness() -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (address, told)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_comes_in_and_goes_out() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";
    let (collector, url) = Collector::start().await;
    let (witness, asked) = busy_witness().await;
    let key = tlog::CosigningKey::from_seed("witness.example", &[1; 32]).unwrap();
    let vkey = format!("{} http://{witness}", key.public());
    let database = Database::new(Dialect::Sqlite).await;
    let mut program = Program::serve(
        &database,
        &[
            "--tracing-otlp-url",
            &url,
            "--log-witnesses",
            &vkey,
            "--tracing-service",
            "test-log",
        ],
    )
    .await;

    let http = Egress::new(Limits::default()).unwrap();
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [
        ("content-type", "application/json"),
        ("traceparent", &parent),
        ("tracestate", "vendor=1"),
    ];
    let address = program.url("/api/v1/ts/").parse().unwrap();
    let body = Bytes::from("{\"data\": \"traced\"}");
    let answer = http
        .send(Method::POST, &address, &headers, body)
        .await
        .unwrap();
    assert!(answer.status.is_success());
    let head = tokio::time::timeout(Duration::from_secs(60), asked).await;
    let head = head.expect("the witness was asked").unwrap();
    assert!(program.stop().success());

    // What was told last is told before the process ends.
    let spans = collector.spans();
    let named = |name: &str| {
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| {
            let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
            panic!("no {name:?} among {names:?}")
        })
    };
    let request = named("POST /api/v1/ts");
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), PARENT);
    assert_eq!(request.trace_state, "vendor=1");
    assert_eq!(request.kind, 2, "it is a server's");
    let ready = named("GET /readyz");
    assert!(ready.parent_span_id.is_empty());
    assert_ne!(ready.trace_id, request.trace_id);
    named("seal");
    named("write batch");
    // The other side's parent is our outgoing span.
    let context = header(&head, "traceparent").expect("a traceparent goes out");
    let parts: Vec<&str> = context.split('-').collect();
    assert_eq!((parts[0], parts.len()), ("00", 4), "{context}");
    let outgoing = spans.iter().find(|span| hex(&span.span_id) == parts[2]);
    let outgoing = outgoing.unwrap_or_else(|| panic!("{context} names no span of ours"));
    assert_eq!(hex(&outgoing.trace_id), parts[1]);
    assert_eq!((outgoing.kind, outgoing.name.as_str()), (3, "POST"));
    // The exporter's own requests are not traced: that would never end.
    let strange = spans
        .iter()
        .find(|span| span.name.contains("Export") || span.name.contains("poll"));
    assert_eq!(strange, None);
    assert!(collector.says("service.name").contains("test-log"));
    assert!(
        collector
            .says("service.version")
            .contains(env!("CARGO_PKG_VERSION"))
    );
    assert!(collector.says("service.instance.id").contains('/'));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
