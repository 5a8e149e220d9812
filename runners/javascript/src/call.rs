//! One call, in a copy of the zygote that is in jail already: the code is evaluated, its function is
//! called, and what it waits for is waited for, until there is a result or an error.

use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::promise::PromiseState;
use rquickjs::{CatchResultExt as _, CaughtError, Ctx, Function, Module, Object, Promise, Value};
use zygote::{Asked, Ended, Failed, Frame, Given, Kind, Line, Task};

use crate::world::World;

/// What the code is called in its own error messages.
const NAME: &str = "source.js";

/// Answers the one call that comes over the line.
pub(crate) fn answer(world: &World, line: Line) {
    let line = Rc::new(line);
    let Ok(frame) = line.receive() else {
        return;
    };
    let Ok(asked) = serde_json::from_slice::<Asked>(&frame.head) else {
        return;
    };
    let shared = &world.shared;
    shared.began.set(Instant::now());
    shared.cpu.set(Some(Duration::from_millis(asked.cpu_ms)));
    *shared.line.borrow_mut() = Some(Rc::clone(&line));
    let memory = usize::try_from(asked.memory_bytes).unwrap_or(usize::MAX);
    world.runtime.set_memory_limit(memory);
    let (ended, result) = match run(world, &line, &asked, frame.body) {
        Ok(done) => done,
        Err(Broken::Failed(failed)) => {
            let failed = Some(if shared.is_out_of_cpu.get() {
                Failed {
                    kind: "cpu".to_owned(),
                    message: format!("it computed for more than {} ms", asked.cpu_ms),
                    traceback: failed.traceback,
                }
            } else {
                failed
            });
            let ended = Ended {
                failed,
                ..Ended::default()
            };
            (ended, Vec::new())
        }
        // Nobody listens.
        Err(Broken::Line) => return,
    };
    let _ = line.send(&Frame::new(Kind::Done, &ended, result));
}

/// Why a call has no result.
enum Broken {
    /// By its code.
    Failed(Failed),
    /// The other end is gone, or speaks nonsense.
    Line,
}

fn run(
    world: &World,
    line: &Line,
    asked: &Asked,
    code: Vec<u8>,
) -> Result<(Ended, Vec<u8>), Broken> {
    world.context.with(|ctx| {
        let declared = Module::declare(ctx.clone(), NAME, code).catch(&ctx);
        let task = match &asked.task {
            Task::Check => {
                let problems = declared.err().map(|error| problem(&error));
                let ended = Ended {
                    problems: problems.into_iter().collect(),
                    ..Ended::default()
                };
                return Ok((ended, Vec::new()));
            }
            Task::FetchData { data, kind } => Some((data, kind)),
            Task::BackgroundTask => None,
        };
        let failed = |error: CaughtError<'_>| Broken::Failed(told(&error));
        let (module, evaluated) = declared
            .map_err(failed)?
            .eval()
            .catch(&ctx)
            .map_err(failed)?;
        let handles = world
            .handles
            .clone()
            .restore(&ctx)
            .catch(&ctx)
            .map_err(failed)?;
        let caller = Caller {
            world,
            line,
            ctx: &ctx,
            handles,
        };
        caller.wait_for::<Value<'_>>(&evaluated)?;
        let begun = || {
            let given = Object::new(ctx.clone())?;
            given.set("background", task.is_none())?;
            if let Some((data, kind)) = task {
                given.set("data", data.as_str())?;
                given.set("kind", kind.as_str())?;
            }
            let run: Function<'_> = caller.handles.get("run")?;
            run.call((module.namespace()?, given, asked.secrets.clone()))
        };
        let begun: rquickjs::Result<Promise<'_>> = begun();
        let promise = begun.catch(&ctx).map_err(failed)?;
        let result = caller.wait_for::<String>(&promise)?;
        Ok((Ended::default(), result.into_bytes()))
    })
}

/// A call that runs.
struct Caller<'a, 'js> {
    world: &'a World,
    line: &'a Line,
    ctx: &'a Ctx<'js>,
    handles: Object<'js>,
}

impl<'js> Caller<'_, 'js> {
    /// Runs what there is to run, and waits for answers and timers, until the promise is settled.
    fn wait_for<T: rquickjs::FromJs<'js>>(&self, promise: &Promise<'js>) -> Result<T, Broken> {
        loop {
            // An error of a job is the error of the promise that waits for it, or of nobody.
            while self.ctx.execute_pending_job() {}
            if promise.state() != PromiseState::Pending {
                break;
            }
            if self.world.shared.is_out_of_cpu.get() {
                return Err(Broken::Failed(Failed::default()));
            }
            let due: f64 = self.handle("due")?.call(()).map_err(|_| self.caught())?;
            let is_waiting: bool = self
                .handle("isWaiting")?
                .call(())
                .map_err(|_| self.caught())?;
            let time = (due >= 0.0).then(|| Duration::from_secs_f64(due / 1000.0));
            if time.is_none() && !is_waiting {
                return Err(Broken::Failed(Failed {
                    kind: "code".to_owned(),
                    message: "it waits for a promise that nobody will settle".to_owned(),
                    traceback: String::new(),
                }));
            }
            if self.line.waits(time).map_err(|_| Broken::Line)? {
                self.take()?;
            } else {
                let fired: rquickjs::Result<()> = self.handle("fire")?.call(());
                fired.map_err(|_| self.caught())?;
            }
        }
        match promise.result::<T>() {
            Some(Ok(value)) => Ok(value),
            _ => Err(self.caught()),
        }
    }

    /// Hands the answer that came to the promise that waits for it.
    fn take(&self) -> Result<(), Broken> {
        let frame = self.line.receive().map_err(|_| Broken::Line)?;
        let given: Given = serde_json::from_slice(&frame.head).map_err(|_| Broken::Line)?;
        let headers = serde_json::to_string(&given.headers).unwrap_or_default();
        let delivered = || {
            let body = rquickjs::TypedArray::<u8>::new(self.ctx.clone(), frame.body)?;
            let deliver: Function<'_> = self.handles.get("deliver")?;
            deliver.call((given.id, given.status, given.url, headers, body))
        };
        let delivered: rquickjs::Result<()> = delivered();
        delivered.map_err(|_| self.caught())
    }

    fn handle(&self, name: &str) -> Result<Function<'js>, Broken> {
        self.handles.get(name).map_err(|_| self.caught())
    }

    /// What was thrown last.
    fn caught(&self) -> Broken {
        let error = CaughtError::from_error(self.ctx, rquickjs::Error::Exception);
        Broken::Failed(told(&error))
    }
}

/// An error in the words of the author of the code.
fn told(error: &CaughtError<'_>) -> Failed {
    let (message, traceback) = match error {
        CaughtError::Exception(exception) => {
            let name: Option<String> = exception.as_object().get("name").ok();
            let name = name.unwrap_or_else(|| "Error".to_owned());
            let message = exception.message().unwrap_or_default();
            let said = if message.is_empty() {
                name
            } else {
                format!("{name}: {message}")
            };
            (said, exception.stack().unwrap_or_default())
        }
        // With no memory left for an error, the interpreter throws this.
        CaughtError::Value(value) if value.is_null() => (
            "out of memory, or null was thrown".to_owned(),
            String::new(),
        ),
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            let text = text.unwrap_or_else(|| format!("a {} was thrown", value.type_name()));
            (text, String::new())
        }
        CaughtError::Error(error) => (error.to_string(), String::new()),
    };
    let is_memory = message.contains("out of memory") || message.contains("Allocation");
    Failed {
        kind: if is_memory { "memory" } else { "code" }.to_owned(),
        message,
        traceback: traceback.trim_end().to_owned(),
    }
}

/// Where an error of syntax is. The first line of its trace names it: `at source.js:3:7`.
fn problem(error: &CaughtError<'_>) -> (u32, u32, String) {
    let told = told(error);
    let place = told.traceback.lines().next().unwrap_or_default();
    let mut numbers = place.rsplit(':').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap_or(0)
    });
    let (last, before) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if before == 0 {
        (last, 0, told.message)
    } else {
        (before, last, told.message)
    }
}
