//! The right to seal: a lock on a file beside the database. The kernel gives it back when its
//! holder dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

/// A held lock; closing the file gives it back.
struct FileLease {
    file: File,
    path: PathBuf,
}

/// Takes the lock; `None` while another holds it.
pub(crate) fn try_lease(path: &Path) -> io::Result<Option<Box<dyn stamp::Lease>>> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Box::new(FileLease {
            file,
            path: path.to_owned(),
        }))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[async_trait]
impl stamp::Lease for FileLease {
    /// The kernel never takes a lock away, but somebody may remove the file: then another process
    /// could lock a new one of the same name.
    async fn is_held(&self) -> bool {
        let same = |ours: std::fs::Metadata, there: std::fs::Metadata| {
            (ours.dev(), ours.ino()) == (there.dev(), there.ino())
        };
        match (self.file.metadata(), std::fs::metadata(&self.path)) {
            (Ok(ours), Ok(there)) => same(ours, there),
            _ => false,
        }
    }
}
