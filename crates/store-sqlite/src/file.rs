//! One database file: the thread that writes it, and the threads that read it.

use std::path::Path;
use std::sync::Arc;

use crate::OpenError;
use crate::checkpointer::Checkpointer;
use crate::connection::{self, Schema, Use};
use crate::queue::Queue;
use crate::read::Readers;
use crate::writer::Writer;

/// An open file. Dropping it works off what was asked for.
pub(crate) struct DatabaseFile {
    // Readers end first: the last connection to close tidies the write-ahead log away.
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
}

impl DatabaseFile {
    /// Opens `path`, making it when it is not there, with `readers` threads that read.
    pub(crate) fn open(path: &Path, schema: Schema, readers: usize) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder {
            path: path.to_owned(),
            source,
        };
        let connection = connection::open(path, schema, Use::Write)?;
        let queue = Arc::new(Queue::default());
        let checkpointer = Checkpointer::start(path.to_owned(), schema, Arc::clone(&queue));
        let checkpointer = checkpointer.map_err(unusable)?;
        let writer = Writer::start(connection, queue, checkpointer).map_err(unusable)?;
        Ok(Self {
            readers: Readers::start(path, schema, readers)?,
            writer,
        })
    }
}
