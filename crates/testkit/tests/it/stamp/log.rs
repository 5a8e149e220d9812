//! One process's parts of the log, wired as the program wires them.

use std::sync::Arc;
use std::time::Duration;

use base::{Bus, InProcessBus};
use stamp::{
    Follower, Interval, Ledger, Notary, PackedTexts, Proof, Sealer, Settings, Signer, Store,
    Submission, Timestamp,
};
use testkit::{Database, SeededEntropy, SimClock};
use tlog::v1::{Data, leaf_of_path, root_of_path};
use tlog::{SigningKey, VerifierKey};

/// The origin of every log in these tests.
pub(crate) const ORIGIN: &str = "ts.example.org/log";

/// A log in one process; opening another over the same database is a restart, or a second process.
pub(crate) struct Log {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<InProcessBus>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) follower: Arc<Follower>,
    pub(crate) notary: Arc<Notary>,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
}

pub(crate) fn settings() -> Settings {
    Settings {
        authority: "ts.example.org".into(),
        wait_max: Duration::from_secs(20),
        // Nothing in these tests may depend on polling.
        poll: Duration::from_hours(1),
        ..Settings::default()
    }
}

pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer::new(signing_key(1), Vec::new()).unwrap()
}

pub(crate) fn verifier_keys() -> Vec<VerifierKey> {
    vec![signing_key(1).public().clone()]
}

impl Log {
    pub(crate) async fn open(database: &Database) -> Self {
        Self::over(database.open().await, &Arc::default(), settings()).await
    }

    pub(crate) async fn over(
        store: Arc<dyn Store>,
        clock: &Arc<SimClock>,
        settings: Settings,
    ) -> Self {
        let bus = Arc::new(InProcessBus::default());
        let follower = Follower::start(Arc::clone(&store), &*bus, &settings)
            .await
            .unwrap();
        let notary = Notary::start(
            Arc::clone(&store),
            Arc::clone(&follower),
            Arc::clone(clock) as _,
            Arc::new(SeededEntropy::new(11)),
            &settings,
        );
        Self {
            ledger: Ledger::new(Arc::clone(&store)),
            store,
            bus,
            clock: Arc::clone(clock),
            follower,
            notary,
            settings,
        }
    }

    /// A sealer of this process, with the key that all tests know.
    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(
            Arc::clone(&self.store),
            Arc::clone(&self.bus) as Arc<dyn Bus>,
            Arc::clone(&self.clock) as _,
            signer(),
            &self.settings,
        )
    }

    pub(crate) async fn submit(&self, text: &str) -> Timestamp {
        let submission = Submission {
            data: Data::Text(text),
            tag: None,
        };
        self.notary.submit(submission).await.unwrap()
    }

    pub(crate) async fn submit_many(&self, count: usize) -> Vec<Timestamp> {
        let mut texts = PackedTexts::default();
        for n in 0..count {
            texts.push(&format!("text {n}")).unwrap();
        }
        self.notary.submit_many(texts).await.unwrap()
    }

    /// Lets a second pass, so that what is sealed next is not of the same moment.
    pub(crate) async fn seal(&self, sealer: &mut Sealer) -> Interval {
        self.clock.advance(Duration::from_secs(1));
        sealer
            .seal_once()
            .await
            .unwrap()
            .expect("something was due")
    }
}

/// Checks that `proof` leads from the timestamp to its interval's root.
pub(crate) fn check_proof(timestamp: &Timestamp, proof: &Proof) {
    let leaf = leaf_of_path(&timestamp.hash);
    let root = root_of_path(&leaf, proof.a, &proof.path);
    assert_eq!(root, Some(proof.interval.ith), "{timestamp:?}");
    assert!(proof.interval.time >= timestamp.time);
}
