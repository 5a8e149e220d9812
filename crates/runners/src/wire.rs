//! Between the words of the contract and plain types. What comes in is checked here, field by
//! field; what is missing or impossible is named.

use std::time::Duration;

use crate::proto::v2 as wire;
use crate::{
    Call, Code, Description, Failure, FailureKind, Finished, HttpAnswer, HttpRequest, Level,
    Limits, LogLine, Preparation, Problem, Refused, Usage, Work,
};

/// A message of the contract that says something impossible, or not enough.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct BadMessage {
    field: &'static str,
    why: &'static str,
}

impl BadMessage {
    /// A client that sends anything but responses in mid-call.
    pub(crate) const fn second_beginning() -> Self {
        bad("message", "is no response, and the call has begun")
    }
}

const fn bad(field: &'static str, why: &'static str) -> BadMessage {
    BadMessage { field, why }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<&Call> for wire::Call {
    fn from(call: &Call) -> Self {
        use wire::call::Work as Wire;
        let work = match &call.work {
            Work::FetchData { data, kind } => Wire::FetchData(wire::FetchData {
                data: data.clone(),
                kind: kind.clone(),
            }),
            Work::BackgroundTask => Wire::BackgroundTask(wire::BackgroundTask {}),
        };
        Self {
            id: call.id.clone(),
            code: Some((&call.code).into()),
            work: Some(work),
            limits: Some(call.limits.into()),
            environment: call.environment.map_or_else(Vec::new, Vec::from),
            secrets: call.secrets.clone(),
        }
    }
}

impl TryFrom<wire::Call> for Call {
    type Error = BadMessage;

    fn try_from(call: wire::Call) -> Result<Self, BadMessage> {
        use wire::call::Work as Wire;
        let work = match call.work {
            Some(Wire::FetchData(wire::FetchData { data, kind })) => Work::FetchData { data, kind },
            Some(Wire::BackgroundTask(_)) => Work::BackgroundTask,
            None => return Err(bad("work", "is missing")),
        };
        let environment = match call.environment.as_slice() {
            [] => None,
            hash => Some(
                hash.try_into()
                    .map_err(|_| bad("environment", "is not 32 bytes"))?,
            ),
        };
        Ok(Self {
            id: named(call.id)?,
            code: call.code.ok_or(bad("code", "is missing"))?.try_into()?,
            work,
            limits: call.limits.ok_or(bad("limits", "is missing"))?.try_into()?,
            environment,
            secrets: call.secrets,
        })
    }
}

fn named(id: String) -> Result<String, BadMessage> {
    if id.is_empty() {
        return Err(bad("id", "is empty"));
    }
    Ok(id)
}

impl From<&Code> for wire::Code {
    fn from(code: &Code) -> Self {
        Self {
            sha256: code.sha256().to_vec(),
            text: code.text().to_owned(),
        }
    }
}

impl TryFrom<wire::Code> for Code {
    type Error = BadMessage;

    fn try_from(code: wire::Code) -> Result<Self, BadMessage> {
        let text = Self::new(code.text);
        if text.sha256() == code.sha256.as_slice() {
            Ok(text)
        } else {
            Err(bad("code.sha256", "is not that of the text"))
        }
    }
}

impl From<Limits> for wire::Limits {
    fn from(limits: Limits) -> Self {
        Self {
            wall_ms: millis(limits.wall),
            cpu_ms: millis(limits.cpu),
            memory_bytes: limits.memory_bytes,
            output_bytes: limits.output_bytes,
            processes: limits.processes,
            scratch_bytes: limits.scratch_bytes,
            requests: limits.requests,
        }
    }
}

impl TryFrom<wire::Limits> for Limits {
    type Error = BadMessage;

    fn try_from(limits: wire::Limits) -> Result<Self, BadMessage> {
        let given = [
            ("limits.wall_ms", limits.wall_ms),
            ("limits.cpu_ms", limits.cpu_ms),
            ("limits.memory_bytes", limits.memory_bytes),
            ("limits.output_bytes", limits.output_bytes),
            ("limits.processes", limits.processes.into()),
            ("limits.scratch_bytes", limits.scratch_bytes),
            ("limits.requests", limits.requests.into()),
        ];
        if let Some((field, _)) = given.into_iter().find(|(_, limit)| *limit == 0) {
            return Err(bad(field, "is missing, or zero"));
        }
        Ok(Self {
            wall: Duration::from_millis(limits.wall_ms),
            cpu: Duration::from_millis(limits.cpu_ms),
            memory_bytes: limits.memory_bytes,
            output_bytes: limits.output_bytes,
            processes: limits.processes,
            scratch_bytes: limits.scratch_bytes,
            requests: limits.requests,
        })
    }
}

impl From<&Preparation> for wire::Preparation {
    fn from(preparation: &Preparation) -> Self {
        Self {
            id: preparation.id.clone(),
            sha256: preparation.lock.sha256().to_vec(),
            lock: preparation.lock.text().to_owned(),
            limits: Some(preparation.limits.into()),
        }
    }
}

impl TryFrom<wire::Preparation> for Preparation {
    type Error = BadMessage;

    fn try_from(preparation: wire::Preparation) -> Result<Self, BadMessage> {
        let limits = preparation.limits.ok_or(bad("limits", "is missing"))?;
        let lock = Code::new(preparation.lock);
        if lock.sha256() != preparation.sha256.as_slice() {
            return Err(bad("sha256", "is not that of the lock"));
        }
        Ok(Self {
            id: named(preparation.id)?,
            lock,
            limits: limits.try_into()?,
        })
    }
}

impl From<LogLine> for wire::LogLine {
    fn from(line: LogLine) -> Self {
        let level = match line.level {
            Level::Debug => wire::Level::Debug,
            Level::Info => wire::Level::Info,
            Level::Warning => wire::Level::Warning,
            Level::Error => wire::Level::Error,
        };
        Self {
            after_us: micros(line.after),
            level: level.into(),
            text: line.text,
        }
    }
}

impl From<wire::LogLine> for LogLine {
    fn from(line: wire::LogLine) -> Self {
        Self {
            after: Duration::from_micros(line.after_us),
            level: match line.level() {
                wire::Level::Debug => Level::Debug,
                // A level that is newer than we are is worth a look, and no alarm.
                wire::Level::Info | wire::Level::Unspecified => Level::Info,
                wire::Level::Warning => Level::Warning,
                wire::Level::Error => Level::Error,
            },
            text: line.text,
        }
    }
}

fn headers(headers: Vec<(String, Vec<u8>)>) -> Vec<wire::Header> {
    let header = |(name, value)| wire::Header { name, value };
    headers.into_iter().map(header).collect()
}

fn pairs(headers: Vec<wire::Header>) -> Vec<(String, Vec<u8>)> {
    headers.into_iter().map(|it| (it.name, it.value)).collect()
}

/// A request, with its number within the call.
pub(crate) fn request(id: u32, request: HttpRequest) -> wire::HttpRequest {
    wire::HttpRequest {
        id,
        method: request.method,
        url: request.url,
        headers: headers(request.headers),
        body: request.body,
    }
}

impl From<wire::HttpRequest> for HttpRequest {
    fn from(request: wire::HttpRequest) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: pairs(request.headers),
            body: request.body,
        }
    }
}

/// A response, with the number of its request.
pub(crate) fn response(id: u32, outcome: Result<HttpAnswer, Refused>) -> wire::HttpResponse {
    use wire::http_response::Outcome;
    let outcome = match outcome {
        Ok(answer) => Outcome::Answer(wire::HttpAnswer {
            status: answer.status.into(),
            url: answer.url,
            headers: headers(answer.headers),
            body: answer.body,
        }),
        Err(Refused(why)) => Outcome::Refused(why),
    };
    wire::HttpResponse {
        id,
        outcome: Some(outcome),
    }
}

/// The other way; the number is the caller's to look at.
pub(crate) fn outcome(
    response: wire::HttpResponse,
) -> Result<Result<HttpAnswer, Refused>, BadMessage> {
    use wire::http_response::Outcome;
    match response.outcome {
        Some(Outcome::Answer(answer)) => Ok(Ok(HttpAnswer {
            status: u16::try_from(answer.status)
                .ok()
                .filter(|status| (100..1000).contains(status))
                .ok_or(bad("answer.status", "has not three digits"))?,
            url: answer.url,
            headers: pairs(answer.headers),
            body: answer.body,
        })),
        Some(Outcome::Refused(why)) => Ok(Err(Refused(why))),
        None => Err(bad("response.outcome", "is missing")),
    }
}

impl From<Finished> for wire::Finished {
    fn from(finished: Finished) -> Self {
        use wire::failure::Kind;
        use wire::finished::Outcome;
        let outcome = match finished.outcome {
            Ok(json) => Outcome::Result(json),
            Err(failure) => Outcome::Failure(wire::Failure {
                kind: match failure.kind {
                    FailureKind::Code => Kind::Code,
                    FailureKind::Wall => Kind::Wall,
                    FailureKind::Cpu => Kind::Cpu,
                    FailureKind::Memory => Kind::Memory,
                    FailureKind::Output => Kind::Output,
                    FailureKind::Cancelled => Kind::Cancelled,
                    FailureKind::Refused => Kind::Refused,
                    FailureKind::Broken => Kind::Broken,
                }
                .into(),
                message: failure.message,
                traceback: failure.traceback,
            }),
        };
        Self {
            outcome: Some(outcome),
            usage: Some(wire::Usage {
                wall_us: micros(finished.usage.wall),
                cpu_us: micros(finished.usage.cpu),
                memory_bytes: finished.usage.memory_bytes,
                output_bytes: finished.usage.output_bytes,
                requests: finished.usage.requests,
            }),
        }
    }
}

impl TryFrom<wire::Finished> for Finished {
    type Error = BadMessage;

    fn try_from(finished: wire::Finished) -> Result<Self, BadMessage> {
        use wire::failure::Kind;
        use wire::finished::Outcome;
        let outcome = match finished
            .outcome
            .ok_or(bad("finished.outcome", "is missing"))?
        {
            Outcome::Result(json) => Ok(json),
            Outcome::Failure(failure) => Err(Failure {
                kind: match failure.kind() {
                    Kind::Code => FailureKind::Code,
                    Kind::Wall => FailureKind::Wall,
                    Kind::Cpu => FailureKind::Cpu,
                    Kind::Memory => FailureKind::Memory,
                    Kind::Output => FailureKind::Output,
                    Kind::Cancelled => FailureKind::Cancelled,
                    Kind::Refused => FailureKind::Refused,
                    Kind::Broken | Kind::Unspecified => FailureKind::Broken,
                },
                message: failure.message,
                traceback: failure.traceback,
            }),
        };
        let usage = finished.usage.unwrap_or_default();
        Ok(Self {
            outcome,
            usage: Usage {
                wall: Duration::from_micros(usage.wall_us),
                cpu: Duration::from_micros(usage.cpu_us),
                memory_bytes: usage.memory_bytes,
                output_bytes: usage.output_bytes,
                requests: usage.requests,
            },
        })
    }
}

impl From<Problem> for wire::Problem {
    fn from(problem: Problem) -> Self {
        Self {
            line: problem.line,
            column: problem.column,
            message: problem.message,
        }
    }
}

impl From<wire::Problem> for Problem {
    fn from(problem: wire::Problem) -> Self {
        Self {
            line: problem.line,
            column: problem.column,
            message: problem.message,
        }
    }
}

impl From<Description> for wire::DescribeReply {
    fn from(description: Description) -> Self {
        Self {
            language: description.language,
            version: description.version,
            missing_walls: description.missing_walls,
        }
    }
}

impl From<wire::DescribeReply> for Description {
    fn from(reply: wire::DescribeReply) -> Self {
        Self {
            language: reply.language,
            version: reply.version,
            missing_walls: reply.missing_walls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call {
            id: "7".into(),
            code: Code::new("export async function fetch_data() {}"),
            work: Work::FetchData {
                data: "example.com".into(),
                kind: "DOMAIN".into(),
            },
            limits: Limits::USUAL,
            environment: Some([7; 32]),
            secrets: vec!["API_KEY".into()],
        }
    }

    /// What is lost on the wire is lost for the source.
    #[test]
    fn what_is_sent_arrives() {
        let mut calls = vec![call(), call()];
        calls[1].work = Work::BackgroundTask;
        calls[1].environment = None;
        for call in calls {
            assert_eq!(Call::try_from(wire::Call::from(&call)), Ok(call));
        }
        let preparation = Preparation {
            id: "8".into(),
            lock: Code::new("requests==2 --hash=sha256:00"),
            limits: Limits::USUAL,
        };
        let sent = wire::Preparation::from(&preparation);
        assert_eq!(Preparation::try_from(sent), Ok(preparation));
        for kind in [
            FailureKind::Code,
            FailureKind::Wall,
            FailureKind::Cpu,
            FailureKind::Memory,
            FailureKind::Output,
            FailureKind::Cancelled,
            FailureKind::Refused,
            FailureKind::Broken,
        ] {
            let finished = Finished {
                outcome: Err(Failure {
                    kind,
                    message: "no".into(),
                    traceback: "line 1".into(),
                }),
                usage: Usage {
                    wall: Duration::from_micros(1),
                    cpu: Duration::from_micros(2),
                    memory_bytes: 3,
                    output_bytes: 4,
                    requests: 5,
                },
            };
            let sent = wire::Finished::from(finished.clone());
            assert_eq!(Finished::try_from(sent), Ok(finished));
        }
        for level in [Level::Debug, Level::Info, Level::Warning, Level::Error] {
            let line = LogLine {
                after: Duration::from_micros(9),
                level,
                text: "so".into(),
            };
            assert_eq!(LogLine::from(wire::LogLine::from(line.clone())), line);
        }
    }

    /// A runner must not guess what a client forgot to say, least of all a limit.
    #[test]
    fn what_is_missing_is_named() {
        let check = |change: &dyn Fn(&mut wire::Call), expected: &str| {
            let mut sent = wire::Call::from(&call());
            change(&mut sent);
            let error = Call::try_from(sent).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(&|it| it.id.clear(), "id: is empty");
        check(&|it| it.code = None, "code: is missing");
        check(&|it| it.work = None, "work: is missing");
        check(&|it| it.limits = None, "limits: is missing");
        check(
            &|it| it.environment = vec![1],
            "environment: is not 32 bytes",
        );
        check(
            &|it| it.code.as_mut().unwrap().text.push('x'),
            "code.sha256: is not that of the text",
        );
        check(
            &|it| it.limits.as_mut().unwrap().requests = 0,
            "limits.requests: is missing, or zero",
        );
        let answer = wire::HttpAnswer {
            status: 99,
            ..wire::HttpAnswer::default()
        };
        let sent = wire::HttpResponse {
            id: 1,
            outcome: Some(wire::http_response::Outcome::Answer(answer)),
        };
        let error = outcome(sent).unwrap_err();
        assert_eq!(error.to_string(), "answer.status: has not three digits");
    }
}
