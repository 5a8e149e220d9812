//! Our log asks our witness: both sides of `tlog-witness`, over a door instead of a network.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base::{Bus as _, Unavailable};
use parking_lot::Mutex;
use stamp::witness::Witness;
use stamp::witnesses::{Answer, WitnessClient, WitnessConfig, WitnessError, Witnesses};
use stamp::{Cosignature, ProofAnswer, TimestampId, Under};
use testkit::{Database, Dialect};
use tlog::{AddCheckpoint, CosigningKey, SignedNote, Trust, Verdict};

use super::log::{Log, verifier_keys};

/// Carries requests to a witness in the same process, as an HTTP server would.
struct Door {
    witness: Witness,
    statuses: Mutex<Vec<u16>>,
    /// What it answers instead, if anything.
    lie: Option<Answer>,
}

#[async_trait]
impl WitnessClient for Door {
    async fn add_checkpoint(&self, url: &str, body: String) -> Result<Answer, Unavailable> {
        assert_eq!(url, "https://witness.example/");
        if let Some(lie) = &self.lie {
            return Ok(lie.clone());
        }
        let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
        let judgement = self.witness.add_checkpoint(&request).await?;
        let status = judgement.verdict.status();
        self.statuses.lock().push(status);
        let body = match (judgement.cosignature, judgement.verdict) {
            (Some(line), _) => line,
            (None, Verdict::OldSizeDiffers { remembered }) => format!("{remembered}\n"),
            (None, verdict) => verdict.to_string(),
        };
        let body = body.into_bytes();
        Ok(Answer { status, body })
    }
}

fn key() -> CosigningKey {
    CosigningKey::from_seed("witness.example", &[9; 32]).unwrap()
}

async fn door(database: &Database, log: &Log, lie: Option<Answer>) -> Arc<Door> {
    let witness = Witness::new(
        database.open().await,
        Arc::clone(&log.clock) as _,
        key(),
        verifier_keys(),
    );
    Arc::new(Door {
        witness,
        statuses: Mutex::default(),
        lie,
    })
}

fn asking(log: &Log, door: &Arc<Door>) -> Witnesses {
    let config = WitnessConfig {
        url: "https://witness.example/".into(),
        key: key().public().clone(),
    };
    Witnesses::new(Arc::clone(&log.store), Arc::clone(door) as _, vec![config])
}

async fn ask(witnesses: &mut Witnesses) -> Result<Option<u64>, WitnessError> {
    let mut outcomes = witnesses.ask_all().await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0).1
}

#[tokio::test]
async fn a_witness_sees_the_log_grow() {
    let (database, far) = (
        Database::new(Dialect::Sqlite).await,
        Database::new(Dialect::Sqlite).await,
    );
    let log = Log::open(&database).await;
    let door = door(&far, &log, None).await;
    let mut witnesses = asking(&log, &door);
    assert_eq!(
        ask(&mut witnesses).await.unwrap(),
        None,
        "nothing to cosign"
    );
    let mut sealer = log.sealer();
    let mut stamp = log.submit("first").await;
    for size in 1..=5 {
        log.seal(&mut sealer).await;
        assert_eq!(ask(&mut witnesses).await.unwrap(), Some(size));
        assert_eq!(ask(&mut witnesses).await.unwrap(), None, "cosigned already");
        stamp = log.submit(&format!("{size}")).await;
    }
    // After a restart we do not know what it has seen: it tells us.
    log.seal(&mut sealer).await;
    let mut witnesses = asking(&log, &door);
    assert_eq!(ask(&mut witnesses).await.unwrap(), Some(6));
    assert_eq!(*door.statuses.lock(), [200, 200, 200, 200, 200, 409, 200]);

    // The cosignature travels in the checkpoint and in proof files.
    let checkpoint = log.ledger.checkpoint().await.unwrap().unwrap();
    let note = SignedNote::parse(checkpoint.cosigned_note().as_bytes()).unwrap();
    let line = note
        .signatures
        .iter()
        .find(|line| line.name == "witness.example");
    key().public().verify(line.unwrap(), &note.text).unwrap();
    assert_eq!(cosigned_under(&log, stamp.id, "5").await, Some(6));
}

/// The size of the cosigned head under which the proof file of a timestamp stands; `None` while no
/// witness has cosigned any.
async fn cosigned_under(log: &Log, id: TimestampId, text: &str) -> Option<u64> {
    let answer = log.ledger.proof_file(id, Under::Cosigned, Some(text));
    let file = match answer.await.unwrap() {
        ProofAnswer::File(file) => file,
        ProofAnswer::NotWitnessed(stamp) if stamp.id == id => return None,
        answer => panic!("{answer:?}"),
    };
    let witnesses = [key().public().clone()];
    let trust = Trust {
        logs: None,
        witnesses: &witnesses,
    };
    let verified = file.verify(None, trust).unwrap();
    assert_eq!(verified.cosignatures.len(), 1);
    Some(verified.checkpoint.size)
}

// On a busy log the newest head is almost never the one that was cosigned. What somebody takes home
// must carry the witness all the same.
#[tokio::test]
async fn a_proof_keeps_its_witness_while_the_log_goes_on() {
    let (database, far) = (
        Database::new(Dialect::Sqlite).await,
        Database::new(Dialect::Sqlite).await,
    );
    let log = Log::open(&database).await;
    let door = door(&far, &log, None).await;
    let (mut witnesses, mut sealer) = (asking(&log, &door), log.sealer());
    assert_eq!(log.ledger.cosigned_checkpoint(0).await.unwrap(), None);
    let first = log.submit("first").await;
    log.seal(&mut sealer).await;
    assert_eq!(cosigned_under(&log, first.id, "first").await, None);
    assert_eq!(ask(&mut witnesses).await.unwrap(), Some(1));
    let second = log.submit("second").await;
    for _ in 0..3 {
        log.clock.advance(log.settings.heartbeat);
        log.seal(&mut sealer).await;
    }
    // Of four heads the oldest alone is cosigned, and covers the first interval only.
    let newest = log.ledger.checkpoint().await.unwrap().unwrap();
    assert_eq!((newest.size, newest.cosignatures.len()), (4, 0));
    assert_eq!(log.ledger.cosigned_size().await.unwrap(), 1);
    assert_eq!(cosigned_under(&log, first.id, "first").await, Some(1));
    assert_eq!(cosigned_under(&log, second.id, "second").await, None);
    // Whoever asks for no witness gets one where there is one, and else the newest head.
    for (stamp, size) in [(first, 1), (second, 4)] {
        let answer = log.ledger.proof_file(stamp.id, Under::Best, None);
        let ProofAnswer::File(file) = answer.await.unwrap() else {
            panic!("{stamp:?}");
        };
        let checkpoint = tlog::Checkpoint::parse(&file.checkpoint.text).unwrap();
        assert_eq!(checkpoint.size, size);
    }
    assert_eq!(ask(&mut witnesses).await.unwrap(), Some(4));
    assert_eq!(cosigned_under(&log, first.id, "first").await, Some(4));
    assert_eq!(cosigned_under(&log, second.id, "second").await, Some(4));
}

// Of two witnesses one is slow: the newest cosigned head then lacks it, an older one does not.
#[tokio::test]
async fn the_head_with_most_cosignatures_is_offered() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    let mut sealer = log.sealer();
    for _ in 0..12 {
        log.clock.advance(log.settings.heartbeat);
        log.seal(&mut sealer).await;
    }
    let cosign = async |size: u64, witness: &str| {
        let cosignature = Cosignature {
            witness: witness.to_owned(),
            line: format!("— {witness} AAAA"),
        };
        let added = log.store.add_cosignature(size, cosignature);
        added.await.unwrap();
    };
    let check = async |from: u64, expected: Option<u64>| {
        let best = log.ledger.cosigned_checkpoint(from).await.unwrap();
        assert_eq!(best.map(|best| best.size), expected, "from {from}");
    };
    for (size, witness) in [(1, "a"), (1, "b"), (2, "a"), (2, "b"), (3, "a")] {
        cosign(size, witness).await;
    }
    check(0, Some(2)).await;
    check(2, Some(2)).await;
    check(3, Some(3)).await;
    check(4, None).await;
    assert_eq!(log.ledger.cosigned_size().await.unwrap(), 3);
    // But it is not looked for in all of history.
    for size in 4..=12 {
        cosign(size, "a").await;
    }
    check(0, Some(12)).await;
}

// Somebody waits for a witnessed proof of what he just stamped: on a quiet log that must not take
// until the next round, and on a busy one a witness must not be asked about every head.
#[tokio::test]
async fn a_new_head_is_shown_to_witnesses_at_once_but_not_more_often_than_set() {
    let (database, far) = (
        Database::new(Dialect::Sqlite).await,
        Database::new(Dialect::Sqlite).await,
    );
    let log = Log::open(&database).await;
    let door = door(&far, &log, None).await;
    let mut sealer = log.sealer();
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    // Only an event can wake it before this test is given up.
    let every = Duration::from_hours(1);
    let running = tokio::spawn(asking(&log, &door).run(every, log.bus.subscribe(), async {
        let _ = stopping.await;
    }));
    log.seal(&mut sealer).await;
    let asked = tokio::time::timeout(Duration::from_secs(20), async {
        while log.ledger.cosigned_size().await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    asked.await.expect("the first head was shown at once");
    for _ in 0..3 {
        log.clock.advance(log.settings.heartbeat);
        log.seal(&mut sealer).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(*door.statuses.lock(), [200], "the next heads wait");
}

#[tokio::test]
async fn a_lying_witness_gets_nothing_stored() {
    let database = Database::new(Dialect::Sqlite).await;
    let log = Log::open(&database).await;
    log.seal(&mut log.sealer()).await;
    let answer = |status, body: &str| Answer {
        status,
        body: body.into(),
    };
    let check = async |lie: Answer, words: &str| {
        let door = door(&database, &log, Some(lie)).await;
        let error = ask(&mut asking(&log, &door)).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        let checkpoint = log.ledger.checkpoint().await.unwrap().unwrap();
        assert!(checkpoint.cosignatures.is_empty(), "{error}");
    };
    let wrong = key().cosign("something else\n", 1_700_000_000).to_string();
    check(answer(200, &wrong), "is wrong").await;
    check(answer(200, ""), "not its cosignature").await;
    check(
        answer(200, &wrong.replace("witness", "another")),
        "no line is by",
    )
    .await;
    check(answer(409, "7\n"), "has seen 7 intervals").await;
    check(answer(409, "0\n"), "status 409").await;
    check(answer(404, "who are you?"), "who are you?").await;
    check(answer(500, &"x".repeat(9000)), "status 500").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_never_cosigns_two_histories() {
    let far = Database::new(Dialect::Sqlite).await;
    let (one, other) = (
        Database::new(Dialect::Sqlite).await,
        Database::new(Dialect::Sqlite).await,
    );
    // Two logs with one key: a split view.
    let (one, other) = (Log::open(&one).await, Log::open(&other).await);
    other.submit("only here").await;
    let door = door(&far, &one, None).await;
    for log in [&one, &other] {
        log.seal(&mut log.sealer()).await;
    }
    let (mut asks_one, mut asks_other) = (asking(&one, &door), asking(&other, &door));
    let (a, b) = tokio::join!(ask(&mut asks_one), ask(&mut asks_other));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}
