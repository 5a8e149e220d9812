//! The server's side: an engine whose calls are children of a zygote.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use runners::{
    Call, Code, Description, Engine, Failure, FailureKind, Finished, HttpRequest, Level, Limits,
    LogLine, Outside, Preparation, Problem, Refused, Usage, Work,
};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, Semaphore};

use crate::control::{Obituary, Wanted, take};
use crate::frame::PREFIX_BYTES;
use crate::{Asked, Asks, Ended, Failed, Frame, Given, Kind, Said, Task};

/// How long the zygote may take to hand a child over.
const HAND_OVER: Duration = Duration::from_secs(5);
/// How long a child that said its last word may take to be gone.
const GOOD_BYE: Duration = Duration::from_secs(2);
/// What a check of code may use.
const CHECK: Limits = Limits {
    wall: Duration::from_secs(5),
    cpu: Duration::from_secs(2),
    ..Limits::USUAL
};

/// How a zygote is started. Its environment is empty, its standard input is the server's socket.
#[derive(Clone, Debug)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// What makes it a zygote.
    pub arguments: Vec<String>,
}

/// An engine whose calls are children of a zygote. The zygote is started with the first call, and
/// again when it died.
pub struct Runner {
    start: Start,
    description: Description,
    zygote: Arc<Mutex<Option<Zygote>>>,
    room: Semaphore,
}

/// A running zygote.
struct Zygote {
    control: Arc<OwnedFd>,
    /// Killed when dropped; it ends by itself too, when the control socket closes.
    process: tokio::process::Child,
}

/// A child of one's own.
struct Child {
    line: UnixStream,
    leash: UnixStream,
}

impl Runner {
    /// A runner that has at most `calls_max` calls at a time; further ones wait, within their time.
    pub fn new(start: Start, description: Description, calls_max: usize) -> Self {
        Self {
            start,
            description,
            zygote: Arc::default(),
            room: Semaphore::new(calls_max),
        }
    }

    /// The number of the zygote's process, while there is one.
    pub async fn process(&self) -> Option<u32> {
        self.zygote.lock().await.as_ref()?.process.id()
    }

    /// A child with these limits. A zygote that died is started again, once.
    async fn child(&self, limits: Limits) -> Result<Child, Failure> {
        let mut zygote = self.zygote.lock().await;
        for attempt in 0..2 {
            if zygote.is_none() {
                *zygote = Some(self.begin().map_err(|error| broken(&error))?);
            }
            let Some(control) = zygote.as_ref().map(|it| Arc::clone(&it.control)) else {
                break;
            };
            let wanted = wanted(limits);
            let asked = tokio::task::spawn_blocking(move || {
                wanted.ask(control.as_fd())?;
                take(&*control)
            });
            match asked.await {
                Ok(Ok(Some(Ok((line, leash))))) => {
                    let child = child(line, leash);
                    return child.map_err(|error| broken(&error));
                }
                Ok(Ok(Some(Err(why)))) => return Err(refused(why)),
                Ok(Ok(None) | Err(_)) | Err(_) => {
                    *zygote = None;
                    tracing::warn!(
                        attempt,
                        language = self.description.language,
                        "a zygote died"
                    );
                }
            }
        }
        Err(refused("the interpreter cannot be kept ready".to_owned()))
    }

    fn begin(&self) -> io::Result<Zygote> {
        let kind = SocketType::SEQPACKET;
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None)?;
        set_socket_timeout(&ours, Timeout::Recv, Some(HAND_OVER))?;
        let process = tokio::process::Command::new(&self.start.program)
            .args(&self.start.arguments)
            .env_clear()
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Zygote {
            control: Arc::new(ours),
            process,
        })
    }

    /// Runs one task in a child of its own, to its end.
    async fn run(
        &self,
        code: &Code,
        asked: Asked,
        limits: Limits,
        outside: &Arc<dyn Outside>,
    ) -> (Result<LastWord, Failure>, Usage) {
        let began = Instant::now();
        let mut spent = Spent::default();
        let work = async {
            let _room = self.room.acquire().await;
            let child = self.child(limits).await?;
            let (reader, writer) = child.line.into_split();
            let leash = Leash(child.leash);
            let mut talk = Talk {
                writer,
                limits,
                began,
                outside,
                spent: &mut spent,
            };
            let said = talk.hold(reader, code, asked).await;
            Ok((said, leash))
        };
        let deadline = tokio::time::Instant::from_std(began + limits.wall);
        let outcome = match tokio::time::timeout_at(deadline, work).await {
            Err(_) => Err(out_of_time(limits)),
            Ok(Err(failure)) => Err(failure),
            Ok(Ok((said, leash))) => {
                let obituary = leash.last_word(said.is_err()).await;
                if let Some(obituary) = obituary {
                    spent.cpu = Duration::from_micros(obituary.cpu_us);
                    spent.memory_bytes = obituary.memory_bytes;
                }
                said.map_err(|cut| cut.failure(obituary, limits))
            }
        };
        let usage = Usage {
            wall: began.elapsed(),
            cpu: spent.cpu,
            memory_bytes: spent.memory_bytes,
            output_bytes: spent.output_bytes,
            requests: spent.requests,
        };
        (outcome, usage)
    }
}

/// A child's last word: its head, and the result.
type LastWord = (Ended, Vec<u8>);

/// What a call used, as far as it is known.
#[derive(Default)]
struct Spent {
    cpu: Duration,
    memory_bytes: u64,
    output_bytes: u64,
    requests: u32,
}

/// Why a conversation broke off.
enum Cut {
    /// By us, for this reason.
    By(Failure),
    /// The child was gone.
    Gone,
}

impl Cut {
    fn failure(self, obituary: Option<Obituary>, limits: Limits) -> Failure {
        let failure = |kind, message: String| Failure {
            kind,
            message,
            traceback: String::new(),
        };
        match (self, obituary) {
            (Self::By(failure), _) => failure,
            (Self::Gone, Some(it)) if it.how == 2 => out_of_time(limits),
            (Self::Gone, Some(it)) if it.cpu_us >= micros(limits.cpu) => failure(
                FailureKind::Cpu,
                format!("it computed for more than {} ms", limits.cpu.as_millis()),
            ),
            (Self::Gone, Some(it)) if it.how == 1 => failure(
                FailureKind::Memory,
                format!(
                    "its process was ended by signal {}, as when memory runs out",
                    it.number
                ),
            ),
            (Self::Gone, _) => failure(
                FailureKind::Broken,
                "its process went away without a result".to_owned(),
            ),
        }
    }
}

/// One conversation with a child.
struct Talk<'a> {
    writer: OwnedWriteHalf,
    limits: Limits,
    began: Instant,
    outside: &'a Arc<dyn Outside>,
    spent: &'a mut Spent,
}

impl Talk<'_> {
    async fn hold(
        &mut self,
        reader: OwnedReadHalf,
        code: &Code,
        asked: Asked,
    ) -> Result<LastWord, Cut> {
        let call = Frame::new(Kind::Call, &asked, code.text().into());
        self.send(&call).await?;
        let mut fetches = FuturesUnordered::new();
        let mut reading = Box::pin(read(reader));
        loop {
            tokio::select! {
                Some(response) = fetches.next(), if !fetches.is_empty() => self.send(&response).await?,
                (reader, frame) = &mut reading => {
                    let frame = frame.map_err(|_| Cut::Gone)?;
                    match frame.kind {
                        Kind::Done => return self.done(frame),
                        Kind::Request => {
                            let request: Asks = head(&frame)?;
                            self.spent.requests += 1;
                            let is_one_too_many = self.spent.requests > self.limits.requests;
                            fetches.push(fetch(Arc::clone(self.outside), request, frame.body, is_one_too_many));
                        }
                        Kind::Log => self.log(&frame).await?,
                        Kind::Partial => {
                            self.count(frame.body.len())?;
                            let json = String::from_utf8_lossy(&frame.body).into_owned();
                            self.outside.partial(json).await;
                        }
                        Kind::Call | Kind::Response => return Err(nonsense()),
                    }
                    reading.set(read(reader));
                }
            }
        }
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), Cut> {
        let sent = self.writer.write_all(&frame.bytes()).await;
        sent.map_err(|_| Cut::Gone)
    }

    fn done(&mut self, frame: Frame) -> Result<LastWord, Cut> {
        self.count(frame.body.len())?;
        Ok((head(&frame)?, frame.body))
    }

    async fn log(&mut self, frame: &Frame) -> Result<(), Cut> {
        let said: Said = head(frame)?;
        self.count(said.text.len())?;
        let line = LogLine {
            after: self.began.elapsed(),
            level: match said.level {
                1 => Level::Debug,
                3 => Level::Warning,
                4 => Level::Error,
                _ => Level::Info,
            },
            text: said.text,
        };
        self.outside.log(line).await;
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Cut> {
        self.spent.output_bytes += bytes as u64;
        if self.spent.output_bytes <= self.limits.output_bytes {
            return Ok(());
        }
        Err(Cut::By(Failure {
            kind: FailureKind::Output,
            message: format!("it said more than {} bytes", self.limits.output_bytes),
            traceback: String::new(),
        }))
    }
}

/// The next frame; gives the reader back, so that a select loses nothing.
async fn read(mut reader: OwnedReadHalf) -> (OwnedReadHalf, io::Result<Frame>) {
    let frame = async {
        let mut prefix = [0; PREFIX_BYTES];
        reader.read_exact(&mut prefix).await?;
        let mut rest = vec![0; Frame::rest(prefix).map_err(io::Error::other)?];
        reader.read_exact(&mut rest).await?;
        Frame::of(prefix, rest).map_err(io::Error::other)
    };
    let frame = frame.await;
    (reader, frame)
}

async fn fetch(
    outside: Arc<dyn Outside>,
    asked: Asks,
    body: Vec<u8>,
    is_one_too_many: bool,
) -> Frame {
    let id = asked.id;
    let request = HttpRequest {
        method: asked.method,
        url: asked.url,
        headers: asked
            .headers
            .into_iter()
            .map(|(name, value)| (name, value.into_bytes()))
            .collect(),
        body,
    };
    let answered = if is_one_too_many {
        Err(Refused(
            "this call has made all requests that it may".to_owned(),
        ))
    } else {
        outside.fetch(request).await
    };
    match answered {
        Ok(answer) => {
            let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
            let headers = answer.headers.iter();
            let given = Given {
                id,
                status: answer.status,
                url: answer.url,
                headers: headers
                    .map(|(name, value)| (name.clone(), text(value)))
                    .collect(),
            };
            Frame::new(Kind::Response, &given, answer.body)
        }
        Err(Refused(why)) => {
            let given = Given {
                id,
                status: 0,
                url: why,
                headers: Vec::new(),
            };
            Frame::new(Kind::Response, &given, Vec::new())
        }
    }
}

/// The hold on a child: let go, the zygote ends it.
struct Leash(UnixStream);

impl Leash {
    /// How the child ended; one that is not wanted any more is ended.
    async fn last_word(mut self, end_it: bool) -> Option<Obituary> {
        if end_it {
            self.0.write_all(b"!").await.ok()?;
        }
        let heard = tokio::time::timeout(GOOD_BYE, self.0.readable()).await;
        heard.ok()?.ok()?;
        Obituary::hear(self.0.as_fd()).ok()?
    }
}

fn child(line: OwnedFd, leash: OwnedFd) -> io::Result<Child> {
    let stream = |fd| {
        let stream = std::os::unix::net::UnixStream::from(fd);
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream)
    };
    Ok(Child {
        line: stream(line)?,
        leash: stream(leash)?,
    })
}

fn head<T: serde::de::DeserializeOwned>(frame: &Frame) -> Result<T, Cut> {
    serde_json::from_slice(&frame.head).map_err(|_| nonsense())
}

fn nonsense() -> Cut {
    Cut::By(Failure {
        kind: FailureKind::Code,
        message: "its process sent what is no message".to_owned(),
        traceback: String::new(),
    })
}

fn out_of_time(limits: Limits) -> Failure {
    Failure {
        kind: FailureKind::Wall,
        message: format!("it took longer than {} ms", limits.wall.as_millis()),
        traceback: String::new(),
    }
}

fn refused(message: String) -> Failure {
    Failure {
        kind: FailureKind::Refused,
        message,
        traceback: String::new(),
    }
}

fn broken(error: &io::Error) -> Failure {
    refused(format!("the interpreter cannot be started: {error}"))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn wanted(limits: Limits) -> Wanted {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Wanted {
        wall_ms: ms(limits.wall),
        cpu_ms: ms(limits.cpu),
        memory_bytes: limits.memory_bytes,
        scratch_bytes: limits.scratch_bytes,
        processes: limits.processes.into(),
    }
}

fn asked(task: Task, secrets: Vec<String>, limits: Limits) -> Asked {
    Asked {
        task,
        secrets,
        memory_bytes: limits.memory_bytes,
        cpu_ms: wanted(limits).cpu_ms,
    }
}

fn failure(failed: Failed) -> Failure {
    Failure {
        kind: match failed.kind.as_str() {
            "memory" => FailureKind::Memory,
            "cpu" => FailureKind::Cpu,
            _ => FailureKind::Code,
        },
        message: failed.message,
        traceback: failed.traceback,
    }
}

/// Nobody is outside of a check.
struct Nobody;

#[async_trait]
impl Outside for Nobody {
    async fn log(&self, _: LogLine) {}

    async fn partial(&self, _: String) {}

    async fn fetch(&self, _: HttpRequest) -> Result<runners::HttpAnswer, Refused> {
        Err(Refused("code is checked, not run".to_owned()))
    }
}

#[async_trait]
impl Engine for Runner {
    async fn execute(&self, call: Call, outside: Arc<dyn Outside>) -> Finished {
        if call.environment.is_some() {
            let words = "this runner has no environments of packages";
            return Finished {
                outcome: Err(refused(words.to_owned())),
                usage: Usage::default(),
            };
        }
        let task = match call.work {
            Work::FetchData { data, kind } => Task::FetchData { data, kind },
            Work::BackgroundTask => Task::BackgroundTask,
        };
        let asked = asked(task, call.secrets, call.limits);
        let (said, usage) = self.run(&call.code, asked, call.limits, &outside).await;
        let outcome = said.and_then(|(ended, body)| match ended.failed {
            Some(failed) => Err(failure(failed)),
            None => Ok(String::from_utf8_lossy(&body).into_owned()),
        });
        Finished { outcome, usage }
    }

    async fn prepare(&self, _: Preparation, _: Arc<dyn Outside>) -> Finished {
        let words = "this runner has no environments of packages";
        Finished {
            outcome: Err(refused(words.to_owned())),
            usage: Usage::default(),
        }
    }

    async fn check(&self, code: Code) -> Vec<Problem> {
        let asked = asked(Task::Check, Vec::new(), CHECK);
        let nobody: Arc<dyn Outside> = Arc::new(Nobody);
        let (said, _) = self.run(&code, asked, CHECK, &nobody).await;
        let whole = |message| Problem {
            line: 0,
            column: 0,
            message,
        };
        match said {
            Ok((ended, _)) => match ended.failed {
                Some(failed) => vec![whole(failed.message)],
                None => ended
                    .problems
                    .into_iter()
                    .map(|(line, column, message)| Problem {
                        line,
                        column,
                        message,
                    })
                    .collect(),
            },
            Err(failure) => vec![whole(failure.message)],
        }
    }

    fn describe(&self) -> Description {
        self.description.clone()
    }
}
