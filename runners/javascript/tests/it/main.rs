//! The JavaScript runner from outside: what code finds, what it may not, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod hostile;
mod platform;
mod runner;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use runners::{
    Call, Code, Engine as _, Finished, HttpAnswer, HttpRequest, Limits, LogLine, Outside, Refused,
    Work,
};
use zygote::{Runner, Start};

/// Limits under which a test is over soon, whatever the code does.
const LIMITS: Limits = Limits {
    wall: Duration::from_secs(20),
    cpu: Duration::from_secs(2),
    memory_bytes: 32 << 20,
    output_bytes: 1 << 20,
    processes: 4,
    scratch_bytes: 1 << 20,
    requests: 8,
};

fn runner() -> Runner {
    let start = Start {
        program: env!("CARGO_BIN_EXE_indelible-javascript").into(),
        arguments: vec!["--zygote".into()],
    };
    javascript::runner(start, Vec::new())
}

/// Everything outside of a call, written down; asked for an address, it answers what it was asked.
#[derive(Default)]
struct World {
    log: Mutex<Vec<String>>,
    partial: Mutex<Vec<String>>,
    asked: Mutex<Vec<HttpRequest>>,
}

#[async_trait]
impl Outside for World {
    async fn log(&self, line: LogLine) {
        self.log
            .lock()
            .push(format!("{:?} {}", line.level, line.text));
    }

    async fn partial(&self, json: String) {
        self.partial.lock().push(json);
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpAnswer, Refused> {
        self.asked.lock().push(request.clone());
        if request.url.contains("10.0.0.1") {
            return Err(Refused("10.0.0.1 is a private address".into()));
        }
        if request.url.contains("slow") {
            std::future::pending::<()>().await;
        }
        Ok(HttpAnswer {
            status: if request.url.contains("missing") {
                404
            } else {
                200
            },
            url: request.url.clone(),
            headers: vec![("content-type".into(), b"application/json".to_vec())],
            body: format!(
                r#"{{"method":"{}","body":{}}}"#,
                request.method,
                serde_json::to_string(&String::from_utf8_lossy(&request.body)).unwrap()
            )
            .into_bytes(),
        })
    }
}

fn call(code: &str, limits: Limits) -> Call {
    static NUMBER: OnceLock<Mutex<u64>> = OnceLock::new();
    let mut number = NUMBER.get_or_init(Mutex::default).lock();
    *number += 1;
    Call {
        id: number.to_string(),
        code: Code::new(code),
        work: Work::FetchData {
            data: "evil.example.com".into(),
            kind: "DOMAIN".into(),
        },
        limits,
        environment: None,
        secrets: vec!["key".into()],
    }
}

async fn run_with(code: &str, limits: Limits) -> (Finished, Arc<World>) {
    let world = Arc::new(World::default());
    let finished = runner()
        .execute(call(code, limits), Arc::clone(&world) as _)
        .await;
    (finished, world)
}

/// What `return` in the body of `fetchData` gives, as JSON; an error as `kind: message`.
async fn body(code: &str) -> String {
    let code = format!("export async function fetchData(data, kind, ctx) {{ {code} }}");
    said(run_with(&code, LIMITS).await.0)
}

fn said(finished: Finished) -> String {
    match finished.outcome {
        Ok(json) => json,
        Err(failure) => format!("{:?}: {}", failure.kind, failure.message),
    }
}
