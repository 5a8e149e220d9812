//! Where features hand in their words.

use std::sync::Arc;

use base::{Clock, Entropy, Unavailable, UnixMicros};
use jobs::Jobs;

use crate::courier::Deliver;
use crate::letters::{House, Letter};
use crate::notice::KEPT_FOR;
use crate::{Address, Message, NewNotice, NoticeId, State, Store, Transports};

/// The way words begin: written down, and owed from then on.
#[derive(Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
    jobs: Arc<Jobs>,
    transports: Transports,
    house: Arc<House>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Outbox {
    /// Over a store. `transports` are only asked whether they are set; `house` signs the letters.
    pub fn new(
        store: Arc<dyn Store>,
        jobs: Arc<Jobs>,
        transports: Transports,
        house: House,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            store,
            jobs,
            transports,
            house: Arc::new(house),
            clock,
            entropy,
        }
    }

    /// Sends a letter by mail. After `expires` it is not delivered any more.
    pub async fn mail(
        &self,
        to: Address,
        letter: &impl Letter,
        expires: UnixMicros,
    ) -> Result<NoticeId, Unavailable> {
        self.send(letter.to(to, &self.house, expires)).await
    }

    /// Sends words: they are owed once this returns, and a job delivers them. Where no transport is
    /// set for their channel, they are kept to be read.
    pub async fn send(&self, mut message: Message) -> Result<NoticeId, Unavailable> {
        let now = self.clock.now();
        message.expires = message.expires.min(now.plus(KEPT_FOR));
        // Postgres' text cannot hold it, and nobody means it.
        for text in [&mut message.subject, &mut message.text] {
            text.retain(|c| c != '\0');
        }
        if let Some(html) = &mut message.html {
            html.retain(|c| c != '\0');
        }
        let mut key = [0; 16];
        self.entropy.fill(&mut key);
        let state = match self.transports.of(message.to.channel()) {
            Some(_) => State::Waiting,
            None => State::Kept,
        };
        let notice = NewNotice {
            message,
            key,
            state,
            created: now,
        };
        let id = self.store.insert_notice(notice).await?;
        if state == State::Waiting {
            // Another file, so not one transaction: what is lost here is found by the sweep.
            self.jobs.enqueue(Deliver::job(id)).await?;
        }
        Ok(id)
    }
}
