//! A small log, a proof from it, and everything that can be wrong with it.

use super::*;
use crate::key::{CosigningKey, SigningKey};
use crate::v1::interval_nucleus;
use crate::{Levels, Sha3};

const TEXTS: [&str; 5] = ["a", "b", "c", "d", "e"];

struct Log {
    key: SigningKey,
    witness: CosigningKey,
    /// Of interval 2 of a log of 7, timestamp 4 of 5.
    file: ProofFile,
    proof: TimestampProof,
}

fn stamped(text: &str) -> Data<'_> {
    Data::Text(text)
}

/// A log whose interval 2 holds [`TEXTS`], hashed as `data` says.
fn log(data: fn(&str) -> Data<'_>) -> Log {
    let key = SigningKey::from_seed("ts.example.org/log", &[1; 32]).unwrap();
    let witness = CosigningKey::from_seed("w", &[2; 32]).unwrap();
    let time = TimeText::of_micros(1_767_225_600_000_000);
    let hashes = TEXTS.map(|text| timestamp_hash(data(text), &time));
    let tree = Levels::<Sha3>::of_entries(&hashes);
    let nucleus = |index| interval_nucleus(index, &time, &tree.root());
    let leaves = (0..7).map(|index| Sha256::leaf(&nucleus(index)));
    let main = Levels::<Sha256>::of_leaf_hashes(leaves.collect());
    let (mut path, mut main_path) = (Vec::new(), Vec::new());
    let a = tree.path(3, &mut path);
    main.path(2, &mut main_path);
    let proof = TimestampProof {
        a,
        key: key.public().clone(),
        data: Some(data(TEXTS[3]).into()),
        path,
        nucleus: nucleus(2),
        time,
    };
    let mut checkpoint = Checkpoint::new(key.name(), 7, main.root()).sign(&key);
    checkpoint.put(witness.cosign(&checkpoint.text, 1_767_225_601));
    let file = ProofFile {
        extra: Some(proof.to_cbor()),
        index: 2,
        path: main_path,
        checkpoint,
    };
    Log {
        key,
        witness,
        file,
        proof,
    }
}

// A stranger with nothing but the file, and one who knows log and witness.
#[test]
fn a_proof_verifies_from_the_file_alone() {
    let log = log(stamped);
    let file = ProofFile::parse(log.file.to_string().as_bytes()).unwrap();
    let verified = file.verify(None, Trust::default()).unwrap();
    assert_eq!(verified.data, StampedData::Text("d".into()));
    assert_eq!((verified.trusted, verified.cosignatures.len()), (false, 0));
    assert_eq!((verified.interval.index, verified.checkpoint.size), (2, 7));
    let kinds: Vec<StepKind> = verified.steps.iter().map(|step| step.what).collect();
    let all = [
        StepKind::Extra,
        StepKind::TimestampHash,
        StepKind::IntervalRoot,
        StepKind::Nucleus,
        StepKind::Leaf,
        StepKind::Inclusion,
        StepKind::Signature,
        StepKind::Cosignatures,
        StepKind::Key,
    ];
    assert_eq!(kinds, all);

    let trust = Trust {
        logs: Some(&[log.key.public().clone()]),
        witnesses: &[log.witness.public().clone()],
    };
    let verified = file.verify(Some(Data::Text("d")), trust).unwrap();
    assert!(verified.trusted);
    assert_eq!(verified.cosignatures[0].unix_s, 1_767_225_601);
}

// The original hashes what comes by `?compact` as bytes; a verifier cannot know.
#[test]
fn given_data_is_tried_as_text_and_as_bytes() {
    let check = |log: &Log, given, data: StampedData| {
        assert_eq!(log.file.verify(given, Trust::default()).unwrap().data, data);
    };
    let (text, bytes) = (log(stamped), log(|text| Data::Bytes(text.as_bytes())));
    for given in [Some(Data::Text("d")), Some(Data::Bytes(b"d")), None] {
        check(&text, given, StampedData::Text("d".into()));
        check(&bytes, given, StampedData::Bytes(b"d".into()));
    }
}

impl Log {
    fn changed(&self, change: impl Fn(&mut ProofFile)) -> ProofFile {
        let mut file = self.file.clone();
        change(&mut file);
        file
    }

    /// The file with a change to the timestamp's part.
    fn with(&self, change: impl Fn(&mut TimestampProof)) -> ProofFile {
        let mut proof = self.proof.clone();
        change(&mut proof);
        self.changed(|file| file.extra = Some(proof.to_cbor()))
    }

    /// The file with a change to the checkpoint's note.
    fn note(&self, change: impl Fn(&mut crate::SignedNote)) -> ProofFile {
        self.changed(|file| change(&mut file.checkpoint))
    }

    /// Checks that one who knows log and witness refuses `file` at a step, for a reason.
    fn refuses(&self, file: &ProofFile, given: Option<Data<'_>>, failed: StepKind, reason: &str) {
        let trust = Trust {
            logs: Some(&[self.key.public().clone()]),
            witnesses: &[self.witness.public().clone()],
        };
        let error = file.verify(given, trust).unwrap_err();
        assert_eq!(error.failed, failed, "{error:?}");
        let found = error.reason.to_string();
        assert!(found.contains(reason), "{found}");
        assert!(error.passed.iter().all(|step| step.what < failed));
    }
}

// Forgeries: each is refused, at the step that catches it.
#[test]
fn a_changed_timestamp_is_refused() {
    let log = log(stamped);
    let check = |file: &ProofFile, step, reason| log.refuses(file, None, step, reason);

    let step = StepKind::Extra;
    let foreign = log.changed(|file| file.extra = None);
    check(&foreign, step, "proof of something else");
    check(
        &log.changed(|file| file.extra = Some(vec![0])),
        step,
        "malformed",
    );
    check(&log.with(|proof| proof.data = None), step, "was not given");

    let step = StepKind::IntervalRoot;
    check(&log.with(|proof| proof.a = 1 << 40), step, "do not fit");

    let step = StepKind::Nucleus;
    let reason = "is not what was stamped";
    log.refuses(&log.file, Some(Data::Text("e")), step, reason);
    log.refuses(&log.file, Some(Data::Bytes(b"\xff")), step, reason);
    check(
        &log.with(|proof| proof.data = Some(Data::Text("c").into())),
        step,
        reason,
    );
    check(
        &log.with(|proof| proof.time = TimeText::of_micros(0)),
        step,
        reason,
    );
    check(&log.with(|proof| proof.path[0][0] ^= 1), step, reason);
    check(&log.with(|proof| proof.a ^= 1), step, reason);
    let longer = log.with(|proof| proof.nucleus.push(0));
    check(&longer, step, "record is malformed");
    let elsewhere = log.changed(|file| file.index = 3);
    check(&elsewhere, step, "record is of interval 2");
}

#[test]
fn a_changed_log_is_refused() {
    let log = log(stamped);
    let check = |file: &ProofFile, step, reason| log.refuses(file, None, step, reason);

    let step = StepKind::Inclusion;
    let redated = log.with(|proof| {
        let record = parse_interval_nucleus(&proof.nucleus).unwrap();
        proof.nucleus = interval_nucleus(2, &TimeText::of_micros(0), &record.ith);
    });
    check(&redated, step, "another root");
    check(
        &log.changed(|file| file.path[0][0] ^= 1),
        step,
        "another root",
    );
    check(
        &log.changed(|file| file.path.truncate(1)),
        step,
        "number of nodes",
    );
    let text = |text: &str| log.note(|note| note.text = text.into());
    check(&text("ts.example.org/log\n7\n"), step, "lacks its root");
    let short = format!("ts.example.org/log\n2\n{}\n", base64(&[0; 32]));
    check(&text(&short), step, "speaks of index or size 2");

    let step = StepKind::Signature;
    let flipped =
        |line: usize, byte: usize| log.note(|note| note.signatures[line].bytes[byte] ^= 1);
    check(&flipped(0, 0), step, "is wrong");
    check(
        &log.note(|note| note.text.push_str("x\n")),
        step,
        "is wrong",
    );
    let unsigned = log.note(|note| {
        note.signatures.remove(0);
    });
    check(&unsigned, step, "no known key");

    check(&flipped(1, 9), StepKind::Cosignatures, "is wrong");
}

// An impostor may sign whatever they like with a key of their own, and say so in the file.
#[test]
fn a_key_of_its_own_is_not_trusted() {
    let log = log(stamped);
    let impostor = SigningKey::from_seed(log.key.name(), &[9; 32]).unwrap();
    let mut forged = log.file.clone();
    forged.checkpoint.signatures.clear();
    forged.checkpoint.sign(&impostor);
    let key = impostor.public().clone();
    forged.extra = Some(
        TimestampProof {
            key,
            ..log.proof.clone()
        }
        .to_cbor(),
    );
    let believed = forged.verify(None, Trust::default()).unwrap();
    assert!(!believed.trusted);
    let logs = [log.key.public().clone()];
    for logs in [&logs[..], &[]] {
        let trust = Trust {
            logs: Some(logs),
            witnesses: &[],
        };
        let error = forged.verify(None, trust).unwrap_err();
        assert_eq!(error.failed, StepKind::Key);
    }

    // The key in the file does not matter to those who know better.
    let mut file = log.file.clone();
    let key = impostor.public().clone();
    file.extra = Some(
        TimestampProof {
            key,
            ..log.proof.clone()
        }
        .to_cbor(),
    );
    let trust = Trust {
        logs: Some(&logs),
        witnesses: &[],
    };
    assert!(file.verify(None, trust).unwrap().trusted);
}
