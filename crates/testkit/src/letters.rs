//! An outbox that keeps what it is given.

use accounts::{Email, Letter, Outbox};
use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use parking_lot::Mutex;

/// Keeps every letter, in the order in which they came.
#[derive(Default)]
pub struct RecordingOutbox {
    letters: Mutex<Vec<(String, Letter)>>,
}

impl RecordingOutbox {
    /// What came since the last look: each address and its letter.
    pub fn take(&self) -> Vec<(String, Letter)> {
        std::mem::take(&mut *self.letters.lock())
    }
}

#[async_trait]
impl Outbox for RecordingOutbox {
    async fn send(
        &self,
        to: &Email,
        _: &str,
        letter: Letter,
        _: Option<UnixMicros>,
    ) -> Result<(), Unavailable> {
        self.letters.lock().push((to.as_str().to_owned(), letter));
        Ok(())
    }
}
