//! Our log asks our witness: both sides of `tlog-witness`, over a door instead of a network.

use std::sync::Arc;

use async_trait::async_trait;
use base::Unavailable;
use parking_lot::Mutex;
use stamp::witness::Witness;
use stamp::witnesses::{Answer, WitnessClient, WitnessConfig, WitnessError, Witnesses};
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
    let answer = log.ledger.proof_file(stamp.id, Some("5")).await.unwrap();
    let stamp::ProofAnswer::File(file) = answer else {
        panic!("{answer:?}");
    };
    let witnesses = [key().public().clone()];
    let trust = Trust {
        logs: None,
        witnesses: &witnesses,
    };
    assert_eq!(file.verify(None, trust).unwrap().cosignatures.len(), 1);
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
