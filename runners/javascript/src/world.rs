//! The interpreter with everything around it, made once in the zygote: what a copy of it needs to run
//! is in memory already.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::{CatchResultExt as _, Context, Function, Object, Persistent, Runtime};
use zygote::Line;

use crate::host;

/// Stack that the interpreter uses at most, in bytes; the process has more.
const STACK_BYTES: usize = 1 << 20;

/// The interpreter, ready to run a call.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) context: Context,
    /// What the prelude handed back.
    pub(crate) handles: Persistent<Object<'static>>,
    pub(crate) shared: Rc<Shared>,
}

/// What the functions of the host have in common.
pub(crate) struct Shared {
    /// The line of the call that runs, if one does.
    pub(crate) line: RefCell<Option<Rc<Line>>>,
    /// When the call began.
    pub(crate) began: Cell<Instant>,
    /// How much processor the call may use; `None` before there is a call.
    pub(crate) cpu: Cell<Option<Duration>>,
    /// Whether it used more.
    pub(crate) is_out_of_cpu: Cell<bool>,
}

impl World {
    /// An interpreter with the prelude in it.
    pub(crate) fn make() -> Result<Self, String> {
        let shared = Rc::new(Shared {
            line: RefCell::default(),
            began: Cell::new(Instant::now()),
            cpu: Cell::default(),
            is_out_of_cpu: Cell::default(),
        });
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_max_stack_size(STACK_BYTES);
        let counts = Rc::clone(&shared);
        runtime.set_interrupt_handler(Some(Box::new(move || counts.is_over())));
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let handles = context.with(|ctx| {
            let made = || {
                let prelude: Function<'_> = ctx.eval(include_str!("prelude.js"))?;
                let handles: Object<'_> = prelude.call((host::functions(&ctx, &shared)?,))?;
                Ok(Persistent::save(&ctx, handles))
            };
            let made: rquickjs::Result<_> = made();
            made.catch(&ctx).map_err(|error| error.to_string())
        })?;
        Ok(Self {
            runtime,
            context,
            handles,
            shared,
        })
    }
}

impl Shared {
    /// Whether the call has used its processor time; asked by the interpreter every now and then.
    fn is_over(&self) -> bool {
        let Some(most) = self.cpu.get() else {
            return false;
        };
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let used = Duration::try_from(used).unwrap_or_default();
        if used > most {
            self.is_out_of_cpu.set(true);
        }
        used > most
    }
}
