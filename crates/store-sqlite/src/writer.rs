//! The one thread that writes, and its group commit.
//!
//! While one group is being made durable, the next gathers; so the more there is to do, the more
//! is done by each fsync. Each transaction runs in a savepoint of the group's: one that fails is
//! undone alone.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::JoinHandle;

use base::Unavailable;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::checkpointer::Checkpointer;
use crate::error::unavailable;
use crate::queue::Queue;

/// Most transactions in one group, so that the first of them need not wait for ever.
const GROUP_MAX: usize = 512;

thread_local! {
    /// Pages in the write-ahead log after this thread's last commit.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// What the writing thread does next.
pub(crate) enum Work {
    /// A transaction.
    Transaction(Box<dyn Transaction>),
    /// The checkpointer has moved the bulk of the write-ahead log; the rest is quick.
    FinishCheckpoint,
}

/// A transaction whose answer waits for the group's commit.
pub(crate) trait Transaction: Send {
    /// Does the work; `false` when it failed and must be undone.
    fn run(&mut self, connection: &Connection) -> bool;

    /// The group ended. `Err` says that nothing of it is known to be durable.
    fn answer(self: Box<Self>, commit: Result<(), &rusqlite::Error>);
}

struct Step<F, T> {
    work: Option<F>,
    done: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, Unavailable>>,
}

impl<F, T> Transaction for Step<F, T>
where
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let work = self.work.take().expect("a transaction runs once");
        self.done.insert(work(connection)).is_ok()
    }

    fn answer(self: Box<Self>, commit: Result<(), &rusqlite::Error>) {
        let answer = match (self.done, commit) {
            (Some(Err(error)), _) => Err(unavailable(error)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(unavailable(error.to_string())),
            (None, Ok(())) => unreachable!("every transaction of a committed group has run"),
        };
        // Nobody waits any more: the caller went away, the work stands.
        let _ = self.reply.send(answer);
    }
}

/// The handle to the writing thread. Dropping it works off what was queued, then ends the thread.
pub(crate) struct Writer {
    queue: Arc<Queue<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on its connection.
    pub(crate) fn start(
        connection: Connection,
        queue: Arc<Queue<Work>>,
        checkpointer: Checkpointer,
    ) -> std::io::Result<Self> {
        let work = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                let _closing = work.closing_on_panic();
                run(&connection, &work, &checkpointer);
            })?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Runs `work` in a transaction; durable when answered.
    pub(crate) async fn transaction<F, T>(&self, work: F) -> Result<T, Unavailable>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Work::Transaction(Box::new(Step {
            work: Some(work),
            done: None,
            reply,
        })));
        answer
            .await
            .unwrap_or_else(|_| Err(unavailable("the writing thread has ended")))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, queue: &Queue<Work>, checkpointer: &Checkpointer) {
    connection.wal_hook(Some(|_, pages| {
        WAL_PAGES.set(u32::try_from(pages).unwrap_or(0));
        Ok(())
    }));
    let mut taken = Vec::new();
    while queue.take(&mut taken, GROUP_MAX) {
        let mut group = Vec::with_capacity(taken.len());
        let mut finish_checkpoint = false;
        for work in taken.drain(..) {
            match work {
                Work::Transaction(transaction) => group.push(transaction),
                Work::FinishCheckpoint => finish_checkpoint = true,
            }
        }
        if !group.is_empty() {
            let committed = commit(connection, &mut group);
            if let Err(error) = &committed {
                tracing::error!(%error, transactions = group.len(), "a group was not committed");
            }
            for transaction in group {
                transaction.answer(committed.as_ref().copied());
            }
        }
        if finish_checkpoint {
            checkpointer.finish(connection);
        } else {
            checkpointer.nudge(WAL_PAGES.get());
        }
    }
}

fn commit(connection: &Connection, group: &mut [Box<dyn Transaction>]) -> rusqlite::Result<()> {
    connection.prepare_cached("begin immediate")?.execute([])?;
    let committed = run_group(connection, group)
        .and_then(|()| connection.prepare_cached("commit")?.execute([]).map(drop));
    if committed.is_err() && !connection.is_autocommit() {
        // Some errors have rolled back by themselves.
        connection.execute_batch("rollback")?;
    }
    committed
}

fn run_group(connection: &Connection, group: &mut [Box<dyn Transaction>]) -> rusqlite::Result<()> {
    for transaction in group {
        connection.prepare_cached("savepoint step")?.execute([])?;
        if !transaction.run(connection) {
            connection.prepare_cached("rollback to step")?.execute([])?;
        }
        connection.prepare_cached("release step")?.execute([])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{self, Use};

    #[tokio::test]
    async fn a_failing_transaction_of_a_group_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("indelible.db");
        let connection = connection::open(&path, connection::LASTING, Use::Write).unwrap();
        let queue = Arc::new(Queue::default());
        let checkpointer =
            Checkpointer::start(path, connection::LASTING, Arc::clone(&queue)).unwrap();
        let writer = Writer::start(connection, queue, checkpointer).unwrap();
        let add = |origin: &'static str, fails: bool| {
            writer.transaction(move |tx| {
                tx.execute(
                    "insert into witnessed (origin, size, root) values (?1, 1, x'00')",
                    [origin],
                )?;
                if fails {
                    return Err(rusqlite::Error::InvalidQuery);
                }
                Ok(())
            })
        };
        // Polled together, so that they meet in one group.
        let (a, b, c) = tokio::join!(add("a", false), add("b", true), add("c", false));
        assert!(a.is_ok() && b.is_err() && c.is_ok());
        let origins = writer.transaction(|tx| {
            tx.prepare("select origin from witnessed order by origin")?
                .query_map([], |row| row.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        assert_eq!(origins.await.unwrap(), ["a", "c"]);
    }

    #[tokio::test]
    async fn a_dead_thread_answers_that_it_is_dead() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("indelible.db");
        let connection = connection::open(&path, connection::LASTING, Use::Write).unwrap();
        let queue = Arc::new(Queue::default());
        let checkpointer =
            Checkpointer::start(path, connection::LASTING, Arc::clone(&queue)).unwrap();
        let writer = Writer::start(connection, queue, checkpointer).unwrap();
        let died = writer.transaction(|_| -> rusqlite::Result<()> { panic!("on purpose") });
        assert!(died.await.is_err());
        assert!(writer.transaction(|_| Ok(())).await.is_err());
    }
}
