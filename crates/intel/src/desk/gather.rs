//! Lets what is written at the same time share one transaction.

use std::future::Future;
use std::sync::Arc;

use base::Unavailable;
use tokio::sync::{mpsc, oneshot};

/// Most pieces in one transaction.
const TOGETHER_MAX: usize = 512;

type Reply<O> = oneshot::Sender<Result<O, Arc<Unavailable>>>;

/// Pieces that wait for the transaction that is being written. Not bounded here: each caller waits
/// for its answer.
pub(super) struct Gather<I, O> {
    waiting: mpsc::UnboundedSender<(I, Reply<O>)>,
}

impl<I: Send + 'static, O: Send + 'static> Gather<I, O> {
    /// Writes until it is dropped; what was handed in before is still written. `write` answers for
    /// each piece, in their order.
    pub(super) fn start<F>(write: impl Fn(Vec<I>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Vec<O>, Unavailable>> + Send,
    {
        let (waiting, mut pieces) = mpsc::unbounded_channel::<(I, Reply<O>)>();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while pieces.recv_many(&mut taken, TOGETHER_MAX).await > 0 {
                let (batch, replies): (Vec<I>, Vec<Reply<O>>) = taken.drain(..).unzip();
                match write(batch).await {
                    Ok(written) => {
                        for (reply, written) in replies.into_iter().zip(written) {
                            // Nobody waits any more: the caller went away, the row stands.
                            let _ = reply.send(Ok(written));
                        }
                    }
                    Err(error) => {
                        let shared = Arc::new(error);
                        for reply in replies {
                            let _ = reply.send(Err(Arc::clone(&shared)));
                        }
                    }
                }
            }
        });
        Self { waiting }
    }

    /// Durable when it returns.
    pub(super) async fn write(&self, piece: I) -> Result<O, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let gone = |error| Unavailable::new("the tables of lookups", error);
        if self.waiting.send((piece, reply)).is_err() {
            return Err(gone("nobody writes any more".into()));
        }
        match answer.await {
            Ok(Ok(written)) => Ok(written),
            Ok(Err(shared)) => Err(gone(
                Box::new(shared) as Box<dyn std::error::Error + Send + Sync>
            )),
            Err(error) => Err(gone(error.into())),
        }
    }
}
