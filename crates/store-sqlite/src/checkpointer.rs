//! Moves committed pages from the write-ahead log into the database file, beside the writer.
//!
//! SQLite would do it inside a commit, and some submitter would wait for all of it. So the bulk
//! moves on a thread of its own while the writer goes on; then the writer, between two groups,
//! moves the little that came since, which lets the log start again from its beginning.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::connection::{self, Schema, Use};
use crate::queue::Queue;
use crate::writer::Work;

/// From how many pages on the write-ahead log is moved: 32 MiB.
const WAL_PAGES_MAX: u32 = 4096;

/// The writer's handle to the checkpointing thread.
pub(crate) struct Checkpointer {
    nudges: Arc<Queue<()>>,
    under_way: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread; it reports to the writer's queue.
    pub(crate) fn start(
        path: PathBuf,
        schema: Schema,
        writer: Arc<Queue<Work>>,
    ) -> std::io::Result<Self> {
        let nudges = Arc::new(Queue::default());
        let (inbox, under_way) = (Arc::clone(&nudges), Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&under_way);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".into())
            .spawn(move || {
                let mut connection = None;
                while inbox.pop().is_some() {
                    match move_pages(&mut connection, &path, schema) {
                        Ok(()) => writer.push(Work::FinishCheckpoint),
                        Err(error) => {
                            tracing::warn!(%error, "the write-ahead log could not be moved");
                            flag.store(false, Ordering::Release);
                        }
                    }
                }
            })?;
        Ok(Self {
            nudges,
            under_way,
            thread: Some(thread),
        })
    }

    /// After a commit: asks for a checkpoint when the log has grown long and none is under way.
    pub(crate) fn nudge(&self, wal_pages: u32) {
        if wal_pages >= WAL_PAGES_MAX && !self.under_way.swap(true, Ordering::AcqRel) {
            self.nudges.push(());
        }
    }

    /// Moves what came since the bulk was moved; called by the writer between two groups.
    pub(crate) fn finish(&self, connection: &Connection) {
        if let Err(error) = passive(connection) {
            tracing::warn!(%error, "the write-ahead log could not be moved");
        }
        self.under_way.store(false, Ordering::Release);
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.nudges.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn move_pages(
    connection: &mut Option<Connection>,
    path: &std::path::Path,
    schema: Schema,
) -> Result<(), Box<dyn std::error::Error>> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connection::open(path, schema, Use::Checkpoint)?),
    };
    passive(connection)?;
    Ok(())
}

fn passive(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("pragma wal_checkpoint(passive)")?
        .query_row([], |_| Ok(()))
}
