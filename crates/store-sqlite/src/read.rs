//! The threads that read, each with a connection of its own.
//!
//! A read takes microseconds, so it is not worth a thread of the runtime's blocking pool each time:
//! a few threads of our own take them from one queue.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use base::Unavailable;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::OpenError;
use crate::connection::{self, Schema, Use};
use crate::error::unavailable;
use crate::queue::Queue;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The handle to the reading threads. Dropping it works off what was queued, then ends them.
pub(crate) struct Readers {
    queue: Arc<Queue<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Opens `count` connections to a database that exists already.
    pub(crate) fn start(path: &Path, schema: Schema, count: usize) -> Result<Self, OpenError> {
        let mut readers = Self {
            queue: Arc::new(Queue::default()),
            threads: Vec::with_capacity(count),
        };
        for _ in 0..count {
            let connection = connection::open(path, schema, Use::Read)?;
            let queue = Arc::clone(&readers.queue);
            let thread = std::thread::Builder::new()
                .name("sqlite-reader".into())
                .spawn(move || {
                    let _closing = queue.closing_on_panic();
                    while let Some(read) = queue.pop() {
                        read(&connection);
                    }
                })
                .map_err(|source| OpenError::Folder {
                    path: path.to_owned(),
                    source,
                })?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs `read` on one of the connections. What it reads is one consistent state only within one
    /// statement, unless it opens a transaction.
    pub(crate) async fn read<F, T>(&self, read: F) -> Result<T, Unavailable>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Box::new(move |connection| {
            // Nobody waits any more: the caller went away.
            let _ = reply.send(read(connection).map_err(unavailable));
        }));
        answer
            .await
            .unwrap_or_else(|_| Err(unavailable("the reading threads have ended")))
    }

    /// The same in one read transaction: all statements see the same state.
    pub(crate) async fn snapshot<F, T>(&self, read: F) -> Result<T, Unavailable>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let answer = read(&snapshot)?;
            snapshot.finish()?;
            Ok(answer)
        })
        .await
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
